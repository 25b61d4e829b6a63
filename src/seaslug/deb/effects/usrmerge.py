"""The links of a merged /usr."""

from __future__ import annotations

from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, symlink

_LIB64 = ("amd64", "ppc64le")


def links(platform: Platform, mtime: int = 0) -> tuple[Entry, ...]:
    """Return /bin, /sbin, /lib and, where the architecture has it, /lib64 as links into /usr."""
    names = ["bin", "lib", "sbin"]
    if platform.arch in _LIB64:
        names.append("lib64")
    return tuple(symlink(name, f"usr/{name}", mtime=mtime) for name in sorted(names))
