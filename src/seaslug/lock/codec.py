"""Locks as text: JSON in a stable order, one line per package, so that a diff can be read.

Reading is strict: an unknown version, a missing field or a field of the wrong
type is a LockError that names it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from seaslug.errors import LockError, SeaslugError
from seaslug.lock.model import LOCK_VERSION, Lock, Locked, PlatformLock, SliceLock
from seaslug.ports import ArchiveState
from seaslug.values.debian import Package
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

MAX_BYTES = 16 << 20


def encode(lock: Lock) -> str:
    """Return the text of *lock*, ending in a newline."""
    rows = [
        f'"seaslug-lock": {LOCK_VERSION}',
        f'"format": {lock.format_version}',
        f'"subject": {_json(lock.subject)}',
        f'"recipe": {_json(lock.recipe.text)}',
        '"archives": ' + _rows([_archive(a) for a in lock.archives]),
        '"platforms": ' + _platforms(lock.platforms),
    ]
    if lock.tools:
        rows.append('"tools": ' + _platforms(lock.tools))
    if lock.slice is not None:
        rows.append('"slice": ' + _slice(lock.slice))
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _slice(found: SliceLock) -> str:
    cuts = _rows([[name, list(paths)] for name, paths in found.cuts], "    ")
    more = ""
    if found.bytecode:
        more += f',\n  "bytecode": {_rows(list(found.bytecode), "    ")}'
    if found.own:
        own = [[platform, list(paths)] for platform, paths in found.own]
        more += f',\n  "own": {_rows(own, "    ")}'
    return (
        f'{{"key": {_json(found.key.text)}, "how": {_json(found.how)},\n'
        f'  "omits": {_json(list(found.omits))},\n  "cuts": {cuts}{more}}}'
    )


def decode(text: str, where: str = "lock") -> Lock:
    """Return the lock that *text* holds. Raises LockError for anything else."""
    if len(text) > MAX_BYTES:
        raise LockError(f"larger than {MAX_BYTES >> 20} MiB", where=where)
    try:
        data = json.loads(text)
    except ValueError as error:
        raise LockError(f"not JSON: {error}", where=where, hint=_AGAIN) from None
    version = data.get("seaslug-lock") if isinstance(data, dict) else None
    if version != LOCK_VERSION:
        raise LockError(
            f"lock version {version!r}, this seaslug reads {LOCK_VERSION}", where=where, hint=_AGAIN
        )
    try:
        return _lock(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LockError(f"malformed: {_reason(error)}", where=where, hint=_AGAIN) from None
    except SeaslugError as error:
        raise LockError(error.what, where=where, hint=_AGAIN) from None


_AGAIN = "make a new one with: seaslug lock SUBJECT -o FILE"


def platform_digest(locked: PlatformLock) -> Digest:
    """Return the digest of what is locked for one platform, archives and dates left out."""
    rows = [_package(p) for p in locked.packages]
    text = json.dumps([str(locked.platform), locked.pyc, rows], sort_keys=True)
    return Digest.of(text.encode())


def embedded(lock: Lock, platform: Platform) -> str:
    """Return the text that an image carries of its own lock: its platform, without dates.

    The archives' states are left out because they change every day while the
    packages do not; the digests of the packages are what a rebuild needs.
    """
    one = lock.on(platform)
    return encode(Lock(lock.subject, lock.recipe, (), (one,), (), lock.format_version))


def _archive(state: ArchiveState) -> dict[str, Any]:
    return {
        "name": state.name, "component": state.component, "root": state.root,
        "release": state.release.text, "key": state.key, "date": state.date,
        "snapshot": state.snapshot,
    }  # fmt: skip


def _package(locked: Locked) -> dict[str, Any]:
    package = locked.package
    return {
        "name": package.name, "version": package.version, "arch": package.arch,
        "level": locked.level, "archive": package.archive, "path": package.path,
        "size": package.size, "sha256": package.digest.hex, "source": package.source,
        "installed": package.installed_size,
    }  # fmt: skip


def _platforms(platforms: tuple[PlatformLock, ...]) -> str:
    rows = []
    for locked in platforms:
        packages = _rows([_package(p) for p in locked.packages], "    ")
        skipped = _rows([list(s) for s in locked.skipped], "    ")
        rows.append(
            f'  {{"platform": {_json(str(locked.platform))}, "pyc": {_json(locked.pyc)},\n'
            f'   "packages": {packages},\n   "skipped": {skipped}}}'
        )
    return "[\n" + ",\n".join(rows) + "\n]" if rows else "[]"


def _rows(items: list[Any], indent: str = "  ") -> str:
    if not items:
        return "[]"
    return "[\n" + ",\n".join(indent + _json(item) for item in items) + f"\n{indent[2:]}]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lock(data: Mapping[str, Any]) -> Lock:
    return Lock(
        subject=_typed(data, "subject", str),
        recipe=Digest(_typed(data, "recipe", str)),
        archives=tuple(_read_archive(item) for item in data["archives"]),
        platforms=tuple(_read_platform(item) for item in data["platforms"]),
        tools=tuple(_read_platform(item) for item in data.get("tools", [])),
        format_version=_typed(data, "format", int),
        slice=_read_slice(data["slice"]) if "slice" in data else None,
    )


def _read_slice(data: Mapping[str, Any]) -> SliceLock:
    omits = tuple(map(str, _typed(data, "omits", list)))
    return SliceLock(
        Digest(_typed(data, "key", str)), _cuts(data["cuts"]), omits, _typed(data, "how", str),
        tuple(map(str, data.get("bytecode", []))), _cuts(data.get("own", [])),
    )  # fmt: skip


def _cuts(rows: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((str(name), tuple(map(str, paths))) for name, paths in rows)


def _read_archive(data: Mapping[str, Any]) -> ArchiveState:
    text: Callable[[str], str] = lambda key: _typed(data, key, str)  # noqa: E731
    return ArchiveState(
        text("name"), text("component"), text("root"), Digest(text("release")),
        text("key"), text("date"), text("snapshot"),
    )  # fmt: skip


def _read_platform(data: Mapping[str, Any]) -> PlatformLock:
    return PlatformLock(
        platform=Platform.parse(_typed(data, "platform", str)),
        packages=tuple(_read_package(item) for item in data["packages"]),
        pyc=_typed(data, "pyc", bool),
        skipped=tuple((str(a), str(b)) for a, b in data["skipped"]),
    )


def _read_package(data: Mapping[str, Any]) -> Locked:
    path = _typed(data, "path", str)
    if path.startswith("/") or ".." in path.split("/") or "\\" in path or ":" in path:
        raise LockError(f"unsafe pool path {path!r}")
    package = Package(
        name=_typed(data, "name", str), version=_typed(data, "version", str),
        arch=_typed(data, "arch", str), archive=_typed(data, "archive", str), path=path,
        size=_typed(data, "size", int), digest=Digest.from_hex(_typed(data, "sha256", str)),
        source=_typed(data, "source", str), installed_size=_typed(data, "installed", int),
    )  # fmt: skip
    return Locked(package, _typed(data, "level", str))


def _typed(data: Mapping[str, Any], key: str, kind: type) -> Any:
    value = data[key]
    if type(value) is not kind:
        raise TypeError(f"{key} must be {kind.__name__}, is {type(value).__name__}")
    return value


def _reason(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
