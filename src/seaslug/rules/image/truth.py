"""Whether what the image says of itself is so: packages' lists, authorities, the debug variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from seaslug.anatomy.certificates import BUNDLES
from seaslug.anatomy.facts import Record
from seaslug.oci.files import STATUS
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import listed, many

_APK = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_MONTH = 30 * 86400


def debug_variant(image: Specimen) -> Iterator[Finding]:
    """It is a debug variant: made to be looked into, with a shell on board.

    Deploy the variant without; files and configuration are the same. To look into a running
    container, no debug image is needed: `seaslug cp CONTAINER:/path .`
    """
    title = image.labels.get("org.opencontainers.image.title", "")
    base = image.labels.get("org.opencontainers.image.base.name", "")
    for where, said in (("title", title), ("base.name", base)):
        tag = said.rpartition("/")[2].partition("@")[0].rpartition(":")[2]
        if tag in ("debug", "debug-nonroot") or tag.endswith("-debug"):
            yield Finding(
                "IMG085", Severity.WARN, f"label org.opencontainers.image.{where}",
                f"a debug variant: {said}",
                f"take {said.replace('debug-nonroot', 'nonroot').replace(':debug', '')}",
            )  # fmt: skip
            return


def missing_files(image: Specimen) -> Iterator[Finding]:
    """A package's list names files that are not in the image.

    Scanners of vulnerabilities believe these lists: they report holes in files that were cut
    out, or trust a package that was half removed. Remove a package with its manager, or cut
    the list to what is there, as seaslug does when it slices.
    """

    def gone(at: int, name: str) -> bool:
        return image.root.tree.get(name) is None and image.root.tree.resolve(name) is None

    for path, record, absent in _listed(image, gone):
        yield Finding(
            "IMG086", Severity.WARN, f"/{path}",
            f"{record.name} lists {many(len(absent), 'file')} of {len(record.paths)} that "
            f"are not there: {listed(absent)}",
            "cut the list to what is there, or leave the package out with its manager",
        )  # fmt: skip


def changed_files(image: Specimen) -> Iterator[Finding]:
    """A later layer changes files of a package: they are no longer what its list vouches for.

    Debian's updates of the package will not change the copy, and scanners think the file is
    the package's own. Put your file elsewhere, or install the package that has the change.
    Settings below /etc may be changed and do not count.
    """

    def other(at: int, name: str) -> bool:
        item, own, row = image.root.placed.get(name), image.rows.get((at, name)), image.row(name)
        if item is None or own is None or row is None or name.startswith("etc/"):
            return False
        return item.origin[0] > at and row.digest != own.digest

    for path, record, changed in _listed(image, other):
        yield Finding(
            "IMG087", Severity.WARN, f"/{path}",
            f"{many(len(changed), 'file')} of {record.name} changed by a later layer: "
            f"{listed(changed)}",
            "put your files to other paths, or install another version of the package",
        )  # fmt: skip


def expired_authorities(image: Specimen) -> Iterator[Finding]:
    """Certificates of the bundle of trusted authorities have expired, or will within a month.

    If all have, no server is trusted any more; if some have, servers that stand on them are
    not. Build again with a fresh ca-certificates: `seaslug build --refresh`.
    """
    for bundle in BUNDLES:
        found = _certificates(image, bundle)
        over = [name for when, name in found if image.now and when < image.now]
        soon = [name for when, name in found if 0 <= when - image.now < _MONTH and image.now]
        if over:
            yield Finding(
                "IMG088", _how_bad(len(over), len(found)),
                f"/{bundle}", f"{len(over)} of {len(found)} have expired: {listed(over)}",
                "build again with a fresh ca-certificates: seaslug build --refresh",
            )  # fmt: skip
        elif soon:
            day = datetime.fromtimestamp(min(w for w, _ in found), UTC).date()
            yield Finding(
                "IMG088", Severity.INFO, f"/{bundle}",
                f"{len(soon)} of {len(found)} expire within a month, the first on {day}: "
                f"{listed(soon)}",
                "build again with a fresh ca-certificates: seaslug build --refresh",
            )  # fmt: skip


def _how_bad(over: int, count: int) -> Severity:
    """Return how bad it is; one or two old ones lie in every distribution's bundle."""
    if over == count:
        return Severity.ERROR
    return Severity.WARN if over * 10 > count else Severity.INFO


def _certificates(image: Specimen, path: str) -> tuple[tuple[int, str], ...]:
    item = image.root.placed.get(path)
    if item is None:
        return ()
    at, origin = item.origin
    return image.root.layers[at].certificates.get(origin, ())


def _listed(
    image: Specimen, wrong: Callable[[int, str], bool]
) -> Iterator[tuple[str, Record, list[str]]]:
    """Yield (path of the list, package, its paths that are *wrong* in the list's layer)."""
    for path, at, record in _records(image):
        found = [f"/{name}" for name in record.paths if wrong(at, name)]
        if found:
            yield path, record, found


def _records(image: Specimen) -> Iterator[tuple[str, int, Record]]:
    """Yield (path of the list, its layer, package) where the list is one of regular files only.

    The lists of a whole Debian name manuals and more that its images leave out on purpose.
    """
    for path, item in image.root.placed.items():
        if path in _APK or (path.startswith(STATUS) and path.endswith(".md5sums")):
            at, origin = item.origin
            for record in image.root.layers[at].records.get(origin, ()):
                yield path, at, record


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG085", "Debug variant", Severity.WARN, debug_variant),
    Rule("IMG086", "Package lists files that are not there", Severity.WARN, missing_files),
    Rule("IMG087", "Files of a package were changed", Severity.WARN, changed_files),
    Rule("IMG088", "Authorities that expired", Severity.ERROR, expired_authorities),
)
