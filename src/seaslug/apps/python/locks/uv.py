"""``uv.lock``: a graph of packages for every platform, walked for one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seaslug.apps.python.locks.model import Pin, Wanted, basename, rows, stale, tables, texts
from seaslug.apps.python.manifest import table
from seaslug.apps.python.marker import Requirement, holds, normal
from seaslug.apps.python.version import ANY, Specifier
from seaslug.errors import ProjectError

RENEW = "uv lock"
_LOCAL = ("virtual", "editable", "directory")

Package = dict[str, Any]


def read(data: Mapping[str, Any], where: str, wanted: Wanted) -> tuple[Pin, ...]:
    """Return the packages for the interpreter of *wanted*. Raises ProjectError."""
    if data.get("version") != 1:
        raise ProjectError(f"format {data.get('version')!r} is not known", where=where, hint=RENEW)
    packages = rows(data, "package", where)
    root = _root(packages, wanted, where)
    _check(data, root, where, wanted)
    active = _active(root, wanted)
    known: dict[str, list[Package]] = {}
    for package in packages:
        known.setdefault(normal(str(package.get("name", ""))), []).append(package)
    walk = _Walk(known, wanted, active, where)
    return walk.run(root)


def _root(packages: list[Package], wanted: Wanted, where: str) -> Package:
    local = [p for p in packages if _folder(p) == "."]
    named = [p for p in local if normal(str(p.get("name", ""))) == wanted.manifest.name]
    if not (named or local):
        raise stale(where, "it is not of this project (no package lies at .)", RENEW)
    return (named or local)[0]


def _folder(package: Mapping[str, Any]) -> str:
    row = table(package, "source")
    return next((str(row[key]) for key in _LOCAL if key in row), "")


def _active(root: Package, wanted: Wanted) -> frozenset[str]:
    """Return the words by which markers of conflicting extras and groups name those asked for."""
    name = normal(str(root.get("name", "")))
    words = [f"extra-{len(name)}-{name}-{normal(extra)}" for extra in wanted.extras]
    words += [f"group-{len(name)}-{name}-{normal(group)}" for group in wanted.groups]
    return frozenset((*words, f"project-{len(name)}-{name}"))


def _check(data: Mapping[str, Any], root: Package, where: str, wanted: Wanted) -> None:
    bounds = Specifier.parse(str(data.get("requires-python", "")))
    if bounds is not None and not bounds.contains(wanted.target.full):
        raise stale(where, f"it is for Python {bounds}, not {wanted.target.full}", RENEW)
    manifest = wanted.manifest
    if not manifest.declared or "dependencies" in manifest.dynamic:
        return
    metadata = table(root, "metadata")
    groups = table(metadata, "requires-dev")
    wrong = _differences(manifest.dependencies, _declared(metadata.get("requires-dist"), ""))
    for extra in wanted.extras:
        locked = _declared(metadata.get("requires-dist"), normal(extra))
        wrong += _differences(manifest.extras.get(normal(extra), ()), locked)
    for group in wanted.groups:
        locked = _declared(groups.get(group) or groups.get(normal(group)), "")
        wrong += _differences(manifest.groups.get(normal(group), ()), locked)
    if wrong:
        raise stale(where, ", ".join(dict.fromkeys(wrong)), RENEW)


def _declared(items: Any, extra: str) -> list[Requirement]:
    """Return what the lock says that the project asked for, of its *extra* or of none."""
    found = []
    for row in tables(items):
        marker = str(row.get("marker", ""))
        mine = f"extra == '{extra}'" in marker if extra else "extra ==" not in marker
        specifier = Specifier.parse(str(row.get("specifier", "")))
        if mine:
            source = any(key in row for key in ("git", "url", "path", *_LOCAL))
            found.append(
                Requirement(
                    normal(str(row.get("name", ""))),
                    frozenset(map(normal, map(str, row.get("extras", ())))),
                    specifier or ANY,
                    "elsewhere" if source or specifier is None else "",
                )
            )
    return found


def _differences(asked: tuple[Requirement, ...], locked: list[Requirement]) -> list[str]:
    wrong = []
    have: dict[str, list[Requirement]] = {}
    for one in locked:
        have.setdefault(one.name, []).append(one)
    for one in asked:
        same = have.get(one.name)
        if same is None:
            wrong.append(f"{one.name} is not in it")
        elif not any(
            (one.url or other.url or other.specifier.same_as(one.specifier))
            and other.extras == one.extras
            for other in same
        ):
            wrong.append(f"{one.name} was asked for as {same[0]}, now as {one}")
    gone = set(have) - {one.name for one in asked}
    return wrong + [f"{name} is no longer asked for" for name in sorted(gone)]


class _Walk:
    """From the project along the edges that hold for the target."""

    def __init__(
        self,
        known: Mapping[str, list[Package]],
        wanted: Wanted,
        active: frozenset[str],
        where: str,
    ) -> None:
        self.known, self.wanted, self.active, self.where = known, wanted, active, where
        self.seen: dict[int, tuple[Package, set[str]]] = {}

    def run(self, root: Package) -> tuple[Pin, ...]:
        extras = set(map(normal, self.wanted.extras))
        todo: list[tuple[Package, set[str]]] = [(root, extras)]
        groups = table(root, "dev-dependencies")
        for group in self.wanted.groups:
            todo += self._edges(groups.get(group) or groups.get(normal(group)), extras)
        while todo:
            package, extras = todo.pop()
            first = id(package) not in self.seen
            _, done = self.seen.setdefault(id(package), (package, set()))
            fresh = extras - done
            done |= fresh
            optional = table(package, "optional-dependencies")
            edges = [package.get("dependencies")] if first else []
            for items in (*edges, *(optional.get(extra) for extra in sorted(fresh))):
                todo += self._edges(items, done)
        pins = (_pin(package) for package, _ in self.seen.values() if package is not root)
        return tuple(sorted(pins, key=lambda pin: pin.name))

    def _edges(self, items: Any, extras: set[str]) -> list[tuple[Package, set[str]]]:
        environment = self.wanted.environment(frozenset(extras) | self.active)
        return [
            (self._package(row), set(map(normal, map(str, row.get("extra", ())))))
            for row in tables(items)
            if holds(str(row.get("marker", "")), environment)
        ]

    def _package(self, edge: Mapping[str, Any]) -> Package:
        name = normal(str(edge.get("name", "")))
        found = self.known.get(name, [])
        for key in ("version", "source"):
            if key in edge:
                found = [p for p in found if p.get(key) == edge[key]]
        if len(found) > 1:
            environment = self.wanted.environment(self.active)
            markers = [p.get("resolution-markers") or [""] for p in found]
            found = [p for p, any_of in zip(found, markers, strict=True)
                     if any(holds(str(m), environment) for m in any_of)] or found  # fmt: skip
        if not found:
            raise ProjectError(f"{name} is asked for and not there", where=self.where, hint=RENEW)
        return found[0]


def _pin(package: Package) -> Pin:
    name, source = normal(str(package.get("name", ""))), table(package, "source")
    folder = _folder(package)
    version = str(package.get("version", ""))
    files = [*tables(package.get("wheels")), table(package, "sdist")]
    hashes = texts(row.get("hash") for row in files)
    if folder or "git" in source:
        return Pin(name, version, folder=folder, url="" if folder else _git(str(source["git"])))
    url = str(source.get("url", ""))
    if "path" in source:
        return Pin(name, version, hashes, folder=str(source["path"]))
    names = texts(basename(row.get("url") or row.get("path")) for row in files if row)
    return Pin(name, version, hashes, names, url=url)


def _git(address: str) -> str:
    """Return uv's ``https://host/x.git?rev=main#<commit>`` as pip writes it."""
    place, _, commit = address.partition("#")
    return f"git+{place.partition('?')[0]}@{commit}" if commit else f"git+{place}"
