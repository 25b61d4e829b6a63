"""Whose each file is: which package, and what brought that package in.

In an image that seaslug built, what lies between a package's stanza and its ``.md5sums`` in
the tar is the package's; elsewhere the lists of dpkg, status.d, apk and rpm tell.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from seaslug.anatomy import libraries, rpm
from seaslug.anatomy.facts import LayerFacts, Record
from seaslug.anatomy.libraries import Told
from seaslug.anatomy.records import APK, DPKG, RECORD, RPM, is_list
from seaslug.anatomy.rootfs import Rootfs
from seaslug.deb import relation
from seaslug.errors import UsageError
from seaslug.oci.files import NO_STANZA, STATUS
from seaslug.values.tree import Kind

LOCK = "usr/share/seaslug/lock.json"
_RPM = (*rpm.DATABASES, *(f"{at}{name}" for at in RPM for name in ("Packages", "Packages.db")))


@dataclass(frozen=True, slots=True)
class Package:
    """A package of an image. ``kind`` is ``deb``, ``apk``, ``rpm`` or ``npm``.

    ``depends`` are clauses of names of which one must be there; ``level`` is the part of the
    recipe that it belongs to, known of images that seaslug built.
    """

    name: str
    version: str
    arch: str
    source: str
    kind: str
    depends: tuple[tuple[str, ...], ...] = ()
    provides: tuple[str, ...] = ()
    level: str = ""


@dataclass(frozen=True)
class Owners:
    """The *packages* by name, and the *owner*'s name by path; a path nobody claims is not there.

    ``libraries`` are packages of languages. A file that no package of the distribution claims
    may be one's: then its owner is the library's label.
    """

    packages: Mapping[str, Package]
    owner: Mapping[str, str]
    database: str
    libraries: tuple[Told, ...] = ()

    def version(self, name: str) -> str:
        """Return the version of a package, or the versions of a library by its label."""
        package = self.packages.get(name)
        return package.version if package else self._versions.get(name, "")

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every name that may own a file: packages, then libraries."""
        return (*self.packages, *self._versions)

    @cached_property
    def _versions(self) -> dict[str, str]:
        found: dict[str, dict[str, None]] = {}
        for told in self.libraries:
            found.setdefault(told.label, {}).setdefault(told.library.version or "?")
        return {label: ", ".join(versions) for label, versions in found.items()}

    def chain(self, name: str) -> tuple[str, ...]:
        """Return the shortest way to *name* from a package that no other one depends on."""
        steps = [name]
        while (asker := self._askers.get(steps[-1], "")) and asker not in steps:
            steps.append(asker)
        return tuple(reversed(steps))

    @cached_property
    def _edges(self) -> dict[str, tuple[str, ...]]:
        """The packages that each package depends on, as far as they are there.

        What a lower level has did not come in because of an upper one.
        """
        given = {name: name for name in self.packages}
        for package in self.packages.values():
            given.update((virtual, package.name) for virtual in package.provides
                         if virtual not in given)  # fmt: skip
        return {
            package.name: tuple(dict.fromkeys(
                found for clause in package.depends
                if (found := next((given[n] for n in clause if n in given), ""))
                and self.packages[found].level == package.level
            ))
            for package in self.packages.values()
        }  # fmt: skip

    @cached_property
    def _askers(self) -> dict[str, str]:
        """Who asks for each package, nearest to the top; empty for those on top.

        Of packages that only ask for each other, the one that most ask for is taken as the top.
        """
        asked: dict[str, int] = dict.fromkeys(self.packages, 0)
        for name, wanted in self._edges.items():
            for other in wanted:
                asked[other] += other != name
        found: dict[str, str] = {}
        for top in sorted(asked, key=lambda name: (asked[name] > 0, -asked[name], name)):
            if top not in found:
                found[top] = ""
                self._spread(top, found)
        return found

    def _spread(self, top: str, found: dict[str, str]) -> None:
        todo = deque([top])
        while todo:
            asker = todo.popleft()
            for name in self._edges[asker]:
                if name not in found:
                    found[name] = asker
                    todo.append(name)


def owners(root: Rootfs, *, ours: bool) -> Owners:
    """Return whose the files of *root* are; *ours* says that seaslug built the image."""
    rows = tuple(row for row in _records(root) if not row[0].endswith(RECORD))
    packages = {
        record.name: _package(record, path) for path, record in rows if not is_list(path)
    }  # fmt: skip
    packages = _with_lock(packages, root) if ours else packages
    claims = _by_order(root, packages) if ours else _by_lists(root, rows)
    told = libraries.libraries(root)
    of_libraries = libraries.claims(root, told, claims)
    return Owners(packages, {**claims, **of_libraries}, _database(root, rows), told)


def _records(root: Rootfs) -> Iterator[tuple[str, Record]]:
    """Yield what each database that is still there says."""
    for path, item in root.placed.items():
        at, origin = item.origin
        if item.entry.kind is Kind.FILE and at < len(root.layers):
            for record in root.layers[at].records.get(origin, ()):
                yield path, record


def _package(record: Record, path: str) -> Package:
    kind = "apk" if path in APK else "rpm" if path in rpm.DATABASES else "deb"
    read = _debian_clauses if kind == "deb" else _alpine_clauses
    provides = tuple(name for clause in read(record.provides) for name in clause)
    return Package(
        record.name, record.version, record.arch, record.source, kind,
        read(record.depends), provides,
    )  # fmt: skip


def _debian_clauses(text: str) -> tuple[tuple[str, ...], ...]:
    try:
        return tuple(tuple(part.name for part in clause) for clause in relation.parse(text))
    except UsageError:
        return ()


def _alpine_clauses(text: str) -> tuple[tuple[str, ...], ...]:
    """Return a clause per word: ``so:libc.musl-x86_64.so.1``, ``busybox>=1.36``, ``!conflict``."""
    names = []
    for word in text.split():
        end = min((at for mark in "<>=~" if (at := word.find(mark)) > 0), default=len(word))
        if not word.startswith("!"):
            names.append((word[:end],))
    return tuple(names)


def _with_lock(packages: dict[str, Package], root: Rootfs) -> dict[str, Package]:
    """Add what the image's own lock knows: levels, and packages that have no stanza."""
    from dataclasses import replace

    found = dict(packages)
    for row in _locked(root):
        name, level = str(row.get("name", "")), str(row.get("level", ""))
        if name in found:
            found[name] = replace(found[name], level=level)
        elif row.get("archive") == "npm":
            found[name] = Package(
                name, str(row.get("version", "")), str(row.get("arch", "")), name, "npm",
                level=level,
            )  # fmt: skip
    return found


def _locked(root: Rootfs) -> list[dict[str, object]]:
    try:
        data = json.loads(root.text(LOCK) or "{}")
        return [row for p in data.get("platforms", ()) for row in p["packages"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _by_order(root: Rootfs, packages: Mapping[str, Package]) -> dict[str, str]:
    """Return owners by where a file stands in its layer's tar."""
    other = next((p.name for p in packages.values() if p.kind == "npm"), "")
    layers = [_order(layer) for layer in root.layers]
    found = {}
    for path, item in root.placed.items():
        at, origin = item.origin
        name = layers[at].get(origin, "") if at < len(layers) else ""
        name = other if name == NO_STANZA else name
        if name and item.entry.kind is not Kind.DIR:
            found[path] = name
    compiled = {path: found.get(_source(path), "") for path in root.placed if path not in found}
    return {**found, **{path: name for path, name in compiled.items() if name}}


def _source(path: str) -> str:
    """Return the Python source that a compiled file is made from; empty for any other file."""
    head, _, name = path.rpartition("/__pycache__/")
    return f"{head}/{name.partition('.')[0]}.py" if head else ""


def _order(layer: LayerFacts) -> dict[str, str]:
    found, owner = {}, ""
    for row in layer.rows:
        if row.path.startswith(STATUS) and row.kind is not Kind.DIR:
            owner = row.path.removeprefix(STATUS).removesuffix(".md5sums")
        found[row.path] = owner
        if row.path.startswith(STATUS) and is_list(row.path):
            owner = NO_STANZA
    return found


def _by_lists(root: Rootfs, rows: tuple[tuple[str, Record], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    folders: dict[str, str | None] = {}
    for database, record in rows:
        if database.startswith(STATUS) and database in root.placed:
            found[database] = record.name
        inner = {path.rpartition("/")[0] for path in record.paths}
        for path in record.paths:
            if path in inner:
                continue  # a folder, though it may have become a link
            head, _, name = path.rpartition("/")
            if head not in folders:
                folders[head] = root.tree.realpath(head)
            real = f"{folders[head]}/{name}".lstrip("/") if folders[head] else name
            item = root.placed.get(path) or (root.placed.get(real) if folders[head] else None)
            if item is not None and item.entry.kind is not Kind.DIR:
                found.setdefault(item.entry.path, record.name)
    return found


def _database(root: Rootfs, rows: tuple[tuple[str, Record], ...]) -> str:
    """Return what kind of database there is, as people call it; empty if there is none."""
    paths = {path for path, _ in rows}
    read = bool(paths & set(rpm.DATABASES))
    kinds = (
        ("dpkg status", DPKG in paths),
        ("dpkg status.d", any(path.startswith(STATUS) for path in paths)),
        ("apk", bool(paths & set(APK))),
        ("rpm", read),
        ("rpm, not read", not read and any(path in root.placed for path in _RPM)),
    )  # fmt: skip
    return " + ".join(name for name, there in kinds if there)
