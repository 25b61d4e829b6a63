"""What is to be installed: from the best lock there is, else from what the manifest asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seaslug.apps.model import Evidence
from seaslug.apps.project import Project, said
from seaslug.apps.python import requirements
from seaslug.apps.python.locks import pipfile, poetry, pylock, uv
from seaslug.apps.python.locks.model import Pin, Wanted, agree
from seaslug.apps.python.manifest import Manifest, document, table
from seaslug.apps.python.marker import normal
from seaslug.apps.python.target import Target
from seaslug.errors import ProjectError

LOCKS = ("uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock")
"""Locks in the order in which they are preferred."""

Reader = Callable[[Mapping[str, Any], str, Wanted], tuple[Pin, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the installer is given.

    ``lines`` are of a requirements file, ``constraints`` likewise, and ``options``, that say
    where packages are found; ``pins`` are there for locks. ``folders`` of the project are
    built and installed beside, ``files`` are wheels of the project that lines name. With
    ``complete`` nothing but the lines is installed, with ``hashed`` every line has a hash.
    ``names`` are packages that are known to be there.
    """

    where: str
    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    complete: bool = False
    hashed: bool = False
    names: frozenset[str] = frozenset()
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = field(default=())


def lock_file(project: Project) -> str:
    """Return the lock of *project*, empty if it has none. Raises ProjectError."""
    named = project.config.of("python").get("lock", "")
    if named and not project.has(str(named)):
        raise ProjectError(
            f"there is no {named}", where="python.lock", hint="name a file of the project"
        )
    if project.config.of("python").get("requirements"):
        return str(named)
    return str(named) or project.has(*LOCKS)


def requirements_file(project: Project, manifest: Manifest) -> str:
    """Return the requirements file of *project*, empty if it has none."""
    named = project.config.of("python").get("requirements", "")
    if named:
        return str(named)
    dynamic = table(manifest.data, "tool", "setuptools", "dynamic", "dependencies").get("file")
    listed = dynamic if isinstance(dynamic, list) else [dynamic]
    if listed and isinstance(listed[0], str) and "dependencies" in manifest.dynamic:
        return listed[0]
    usual = project.has("requirements.txt", "requirements/prod.txt", "requirements/production.txt",
                        "requirements/base.txt")  # fmt: skip
    return "" if usual and manifest.dependencies and not _says_more(project, usual) else usual


_MORE = re.compile(r"==|--hash|^(?:-[ercf]|--[a-z]|\.{1,2}/|\.$)", re.MULTILINE)


def _says_more(project: Project, path: str) -> bool:
    """Tell whether the file is more than a copy of the manifest's names: pins, files, paths."""
    return _MORE.search(project.text(path, 1 << 20) or "") is not None


def plan(project: Project, manifest: Manifest, target: Target) -> Plan:
    """Return what goes into the image beside the project itself. Raises ProjectError."""
    options = project.config.of("python")
    wanted = Wanted(manifest, target, tuple(options.get("extras", ())),
                    tuple(options.get("groups", ())))  # fmt: skip
    lock = lock_file(project)
    if lock:
        return _locked(project, lock, wanted)
    path = requirements_file(project, manifest)
    if path:
        return _listed(project, path, wanted)
    return _loose(wanted)


def _locked(project: Project, path: str, wanted: Wanted) -> Plan:
    name = path.rpartition("/")[2]
    readers: dict[str, tuple[Reader, str]] = {
        "uv.lock": (uv.read, uv.RENEW),
        "poetry.lock": (poetry.read, poetry.RENEW),
        "Pipfile.lock": (pipfile.read, pipfile.RENEW),
    }
    reader, renew = readers.get(name, (pylock.read, pylock.RENEW))
    data = _json(project, path) if name == "Pipfile.lock" else document(project, path)
    pins = reader(data, path, wanted)
    agree(path, wanted, pins, renew)
    _hashes(path, pins, renew)
    folders, files = _places(project, path, pins)
    remote = [pin for pin in pins if not pin.folder]
    lines = [pin.line for pin in remote] + [f"./{name}" for name in files]
    return Plan(
        path, tuple(lines), pins=pins, folders=folders, files=files,
        options=_more(wanted.manifest), complete=True,
        hashed=not files and all(pin.hashes for pin in remote),
        names=frozenset(pin.name for pin in pins),
        evidence=(said(f"{len(pins)} packages, locked with hashes", path),),
    )  # fmt: skip


def _more(manifest: Manifest) -> tuple[str, ...]:
    return tuple(f"--extra-index-url {url}" for url in manifest.indexes)


def _json(project: Project, path: str) -> dict[str, Any]:
    try:
        data = json.loads(project.text(path) or "")
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"not JSON: {error}", where=path, hint="make it anew") from None
    return data if isinstance(data, dict) else {}


def _hashes(path: str, pins: tuple[Pin, ...], renew: str) -> None:
    bare = [p.name for p in pins if not (p.hashes or p.folder or p.url.startswith("git+"))]
    if bare:
        raise ProjectError(
            "no hashes for " + ", ".join(bare), where=path, hint=f"a lock needs them: {renew}"
        )


def _places(
    project: Project, where: str, pins: tuple[Pin, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the folders and the wheels of the project among *pins*. Raises ProjectError."""
    folders, files, wrong = [], [], []
    for pin in pins:
        if not pin.folder:
            continue
        path = requirements.inside(pin.folder)
        if path and path.endswith(".whl") and project.has(path):
            files.append(path)
        elif path is not None and (path == "" or project.tree.under(path)):
            folders.append(path or ".")
        else:
            wrong.append(f"{pin.name} at {pin.folder}")
    if wrong:
        raise ProjectError(
            "not in the project: " + ", ".join(wrong), where=where,
            hint="build from the folder that holds them all, or publish them",
        )  # fmt: skip
    return tuple(f for f in folders if f != "."), tuple(files)


def _listed(project: Project, path: str, wanted: Wanted) -> Plan:
    found = requirements.read(project, path, wanted.target)
    lines = [line.text for line in found.lines]
    names = {line.requirement.name for line in found.lines if line.requirement}
    if "." in found.folders and not wanted.manifest.dynamic:
        more = [one for one in wanted.roots() if one.name not in names]
        lines += [str(one) for one in more]
        names |= {one.name for one in more}
    for folder in found.folders:
        # An installer would ask them for what they need; here they are built without it.
        lines += [text for text in _asked_by(project, folder) if folder != "."]
    notes = [] if found.hashed else [_unhashed(path, pinned=found.pinned)]
    kind = "with hashes" if found.hashed else ("pinned" if found.pinned else "not pinned")
    return Plan(
        path, tuple(lines), tuple(line.text for line in found.constraints),
        folders=tuple(dict.fromkeys(f for f in found.folders if f != ".")),
        files=tuple(dict.fromkeys(found.files)),
        options=(*_more(wanted.manifest), *found.options),
        complete=found.hashed, hashed=found.hashed,
        names=frozenset(names | _brought(line.requirement for line in found.lines)),
        evidence=(said(f"{len(found.lines)} requirements, {kind}", path),),
        notes=tuple(notes),
    )  # fmt: skip


def _asked_by(project: Project, folder: str) -> list[str]:
    asked = table(document(project, f"{folder}/pyproject.toml"), "project").get("dependencies", [])
    return [item for item in asked if isinstance(item, str)] if isinstance(asked, list) else []


def _unhashed(path: str, *, pinned: bool) -> str:
    what = "what its packages need in turn" if pinned else "its versions"
    return (f"{path} does not fix {what}: another machine may get other ones; "
            f"uv pip compile --generate-hashes {path} makes a lock")  # fmt: skip


def _loose(wanted: Wanted) -> Plan:
    manifest = wanted.manifest
    if "dependencies" in manifest.dynamic or (manifest.found == ("setup.py",)):
        where = "setup.py" if "setup.py" in manifest.found else "pyproject.toml"
        raise ProjectError(
            "only a build would tell the dependencies", where=where,
            hint="make a lock (uv lock), or list them in requirements.txt",
        )  # fmt: skip
    roots = wanted.roots()
    where = "Pipfile" if manifest.pipfile and not manifest.declared else "pyproject.toml"
    notes = ("there is no lock: another machine may get other versions; uv lock makes one",)
    return Plan(
        where, tuple(str(one) for one in roots), options=_more(manifest),
        names=frozenset({one.name for one in roots} | _brought(iter(roots))),
        evidence=(said(f"{len(roots)} dependencies, not locked", where),) if roots else (),
        notes=notes if roots else (),
    )  # fmt: skip


_EXTRAS = {("fastapi", "standard"): "uvicorn", ("fastapi", "all"): "uvicorn"}


def _brought(asked: Any) -> set[str]:
    """Return the servers that come with extras, before anything is resolved."""
    return {_EXTRAS[one.name, normal(extra)] for one in asked if one is not None
            for extra in one.extras if (one.name, normal(extra)) in _EXTRAS}  # fmt: skip
