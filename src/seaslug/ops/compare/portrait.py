"""From a specimen to its portrait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from seaslug.anatomy import programs, waste
from seaslug.anatomy.owners import Owners, owners
from seaslug.anatomy.portrait import Portrait, Share, Weight
from seaslug.anatomy.rootfs import Rootfs
from seaslug.ops.look import RECIPE_LABEL
from seaslug.rules.specimen import Specimen
from seaslug.values.descriptor import Descriptor
from seaslug.values.tree import Kind

_BUNDLES = (
    "etc/ssl/certs/ca-certificates.crt", "etc/ssl/cert.pem", "etc/pki/tls/certs/ca-bundle.crt",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "etc/ssl/ca-bundle.pem",
)  # fmt: skip
_ZONES = "usr/share/zoneinfo/"
_NO_ZONES = (".tab", ".list", ".zi", "leapseconds", "+VERSION", "SECURITY")


def ours(specimen: Specimen) -> bool:
    """Tell whether seaslug built the image."""
    labels = specimen.run.get("Labels")
    return isinstance(labels, dict) and RECIPE_LABEL in labels


def portrait(specimen: Specimen, layers: Sequence[Descriptor], history: Sequence[str]) -> Portrait:
    """Return the figures of an image of these *layers*, made by what *history* says."""
    root = specimen.root
    owned = owners(root, ours=ours(specimen))
    found = programs.programs(root, specimen.env["PATH"])
    inside = programs.disguised(root)
    files = [item.entry for item in root.placed.values() if item.entry.kind is not Kind.DIR]
    return Portrait(
        name=specimen.name, platform=specimen.platform,
        layers=_weights(specimen, layers, history),
        files=len(files), unpacked=sum(entry.size for entry in files),
        executables=sum(1 for _ in programs.executables(root)), code=_code(root),
        shares=shares(root, owned), packages=len(owned.packages), database=owned.database,
        setuid=tuple(sorted(f"/{e.path}" for e in files if e.mode & 0o6000
                            and e.kind is Kind.FILE)),
        shells=_shells(found, inside),
        managers=_managers(root, found, inside),
        languages=programs.some(found, programs.LANGUAGES),
        interpreters=programs.some(found, programs.INTERPRETERS),
        listeners=programs.some(found, programs.LISTENERS),
        fetchers=programs.some(found, programs.FETCHERS),
        tools=programs.some(found, programs.TOOLS),
        explorers=programs.some(found, programs.EXPLORERS),
        user_tools=programs.some(found, programs.USER_TOOLS),
        bundle=_bundle(root), zones=_zones(root),
        accounts=len([line for line in root.text("etc/passwd").splitlines() if ":" in line]),
        user=specimen.user, ours=ours(specimen),
        waste=waste.waste(root),
        libraries=tuple(sorted(owned.libraries, key=lambda told: (told.library, told.path))),
    )  # fmt: skip


def with_dive(image: Portrait, specimen: Specimen) -> Portrait:
    """Return *image* with what dive says of its waste."""
    return replace(image, dive=waste.as_dive(specimen.root.layers))


def shares(root: Rootfs, owned: Owners) -> tuple[Share, ...]:
    """Return what each package brings, largest first; nobody's files are the share without name."""
    sizes: dict[str, list[int]] = {name: [] for name in owned.packages}
    for path, item in root.placed.items():
        if item.entry.kind is not Kind.DIR:
            sizes.setdefault(owned.owner.get(path, ""), []).append(item.entry.size)
    rows = [Share(name, owned.version(name), sum(s), len(s)) for name, s in sizes.items()]
    return tuple(sorted(rows, key=lambda share: (-share.size, share.name)))


def _weights(
    specimen: Specimen, layers: Sequence[Descriptor], history: Sequence[str]
) -> tuple[Weight, ...]:
    facts = specimen.root.layers
    made: Iterable[str] = (*history, *[""] * len(layers))
    told: Iterable[str] = specimen.diff_ids or [""] * len(layers)
    return tuple(
        Weight(layer.digest.text, layer.size, one.unpacked, by, diff_id)
        for layer, one, by, diff_id in zip(layers, facts, made, told, strict=False)
    )


def _shells(found: Mapping[str, str], inside: Mapping[str, str]) -> tuple[str, ...]:
    """Return the paths of shells, by name or, under another name, by content."""
    named = [found[name] for name in programs.some(found, programs.SHELLS)]
    hidden = [
        path for path, name in inside.items()
        if name in programs.SHELLS or (name in ("busybox", "toybox") and not named)
    ]  # fmt: skip
    return tuple(f"/{path}" for path in dict.fromkeys((*named, *sorted(hidden))))


def _managers(root: Rootfs, found: Mapping[str, str], inside: Mapping[str, str]) -> tuple[str, ...]:
    """Return package managers; busybox's applets of that name manage nothing."""
    named = (
        name for name in programs.some(found, programs.MANAGERS)
        if root.program(root.tree.realpath(found[name]) or "") != "busybox"
    )  # fmt: skip
    return tuple(sorted({*named, *(programs.MANAGERS & set(inside.values()))}))


def _code(root: Rootfs) -> int:
    """Return the bytes of all ELF files that are mapped as code, each file once."""
    total = 0
    for path, item in root.placed.items():
        facts = root.facts(path) if item.entry.kind is Kind.FILE else None
        total += facts.binary.executable if facts else 0
    return total


def _bundle(root: Rootfs) -> str:
    for path in _BUNDLES:
        real = root.tree.realpath(path)
        item = root.placed.get(real) if real else None
        if item is not None and item.entry.size:
            return f"/{path}"
    return ""


def _zones(root: Rootfs) -> int:
    return sum(
        path.startswith(_ZONES) and item.entry.kind is not Kind.DIR and not path.endswith(_NO_ZONES)
        for path, item in root.placed.items()
    )
