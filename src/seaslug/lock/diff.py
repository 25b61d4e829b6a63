"""What changed between two locks, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.lock.model import Lock, PlatformLock


def lines(old: Lock, new: Lock) -> tuple[str, ...]:
    """Return one line per change: ``linux/amd64: tzdata 2026b -> 2026c``, ``+``, ``-``."""
    before = {p.platform: p for p in old.platforms}
    after = {p.platform: p for p in new.platforms}
    rows: list[str] = []
    for platform in sorted({*before, *after}):
        rows += _platform(str(platform), before.get(platform), after.get(platform))
    return tuple(rows)


def _platform(name: str, old: PlatformLock | None, new: PlatformLock | None) -> Iterator[str]:
    if new is None:
        yield f"{name}: - the whole platform"
        return
    was = {p.package.name: p.package for p in old.packages} if old else {}
    now = {p.package.name: p.package for p in new.packages}
    for package in sorted({*was, *now}):
        a, b = was.get(package), now.get(package)
        if a is None and b is not None:
            yield f"{name}: + {package} {b.version}"
        elif b is None and a is not None:
            yield f"{name}: - {package} {a.version}"
        elif a is not None and b is not None and a.version != b.version:
            yield f"{name}: {package} {a.version} -> {b.version}"
        elif a is not None and b is not None and a.digest != b.digest:
            yield f"{name}: {package} {b.version}: other bytes under the same version"
    if old is not None and old.pyc != new.pyc:
        yield f"{name}: precompiled Python {'added' if new.pyc else 'left out'}"
