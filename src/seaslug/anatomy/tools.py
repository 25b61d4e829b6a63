"""Programs known by their content: a shell is a shell under any name."""

from __future__ import annotations

from typing import Protocol

from seaslug.deb.binary import Binary


class Searched(Protocol):
    """Bytes that can be searched: a mapped file."""

    def find(self, wanted: bytes, /) -> int:
        """Return where *wanted* is, -1 if nowhere."""


_MARKS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("busybox", (b"BusyBox v",)),
    ("toybox", (b"toybox ", b"Unknown command %s", b"toys")),
    ("bash", (b"GNU bash, version",)),
    ("zsh", (b"ZSH_VERSION", b"zsh/")),
    ("ksh", (b"KSH_VERSION",)),
    ("fish", (b"fish, version",)),
    ("dash", (b"PS4=+ ", b"MAILPATH")),
    ("dpkg", (b"Type dpkg --help",)),
)
_NEEDS = (
    ("libapt-pkg.so", "apt"), ("libapk.so", "apk"), ("librpm.so", "rpm"), ("libdnf.so", "dnf"),
    ("libdnf5.so", "dnf"), ("libalpm.so", "pacman"), ("libzypp.so", "zypper"),
)  # fmt: skip


def recognise(binary: Binary, content: Searched) -> str:
    """Return which shell or package manager a program is; empty if it is none of those known."""
    if not binary.program:
        return ""
    for library in binary.elf.needed:
        for prefix, name in _NEEDS:
            if library.startswith(prefix):
                return name
    for name, marks in _MARKS:
        if all(content.find(mark) >= 0 for mark in marks):
            return name
    return ""
