"""Programs known by their content: a shell is a shell under any name."""

from __future__ import annotations

from typing import Protocol

from seaslug.deb.binary import Binary


class Searched(Protocol):
    """Bytes that can be searched: a mapped file."""

    def find(self, wanted: bytes, /) -> int:
        """Return where *wanted* is, -1 if nowhere."""


# Of each, what programs that only know about shells (completion scripts, scanners) do not have.
_MARKS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("busybox", (b"BusyBox v", b"multi-call binary")),
    ("toybox", (b"toybox ", b"Unknown command %s", b"toys")),
    ("bash", (b"GNU bash, version",)),
    ("zsh", (b"ZSH_EVAL_CONTEXT", b"ZSH_SUBSHELL")),
    ("ksh", (b"MIRBSD KSH",)),
    ("ksh", (b"KSH_VERSION", b"AT&T")),
    ("fish", ("__fish_config_dir".encode("utf-32-le"),)),
    ("fish", (b"__fish_config_dir", b"fish_history")),
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
