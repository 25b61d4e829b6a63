"""Platforms: one table of the names that OCI, Debian, ELF, Go, Python and npm use.

Sources: the OCI image specification (``GOOS``/``GOARCH``), dpkg's cputable and
tupletable, ``elf.h``, PEP 600 platform tags and Node's ``process.arch``.
"""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Names:
    """What one platform is called elsewhere.

    ``triplet`` is Debian's multi-arch directory; ``machine``, ``bits`` and
    ``little`` are ELF's e_machine, word size and byte order; ``loader`` is the
    dynamic loader's absolute path; ``uname`` is ``platform.machine()``;
    ``qemu`` is the suffix of the qemu-user program; ``npm`` is Node's name, empty
    where there is none.
    """

    debian: str
    triplet: str
    machine: int
    bits: int
    little: bool
    loader: str
    uname: str
    qemu: str
    npm: str


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """An OCI platform: ``linux/amd64``, ``linux/arm/v7``."""

    os: str
    arch: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.arch, self.variant)))

    @property
    def names(self) -> Names:
        """What this platform is called elsewhere."""
        return TABLE[self]

    @property
    def debian(self) -> str:
        """The Debian architecture, e.g. ``armhf``."""
        return TABLE[self].debian

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read ``linux/arm/v7``, ``arm64``, ``linux/arm64/v8``, ``armhf`` or ``x86_64``.

        Raises UnknownNameError, with the nearest names, for what is not in the table.
        """
        low = text.strip().lower()
        found = _SPELLINGS.get(low) or _SPELLINGS.get(low.removeprefix("linux/"))
        if found is None:
            raise UnknownNameError("platform", text, [str(p) for p in TABLE])
        return found


TABLE: dict[Platform, Names] = {
    Platform("linux", "amd64"): Names(
        "amd64", "x86_64-linux-gnu", 62, 64, True,
        "/lib64/ld-linux-x86-64.so.2", "x86_64", "x86_64", "x64",
    ),
    Platform("linux", "arm64"): Names(
        "arm64", "aarch64-linux-gnu", 183, 64, True,
        "/lib/ld-linux-aarch64.so.1", "aarch64", "aarch64", "arm64",
    ),
    Platform("linux", "arm", "v7"): Names(
        "armhf", "arm-linux-gnueabihf", 40, 32, True,
        "/lib/ld-linux-armhf.so.3", "armv7l", "arm", "armv7l",
    ),
    Platform("linux", "386"): Names(
        "i386", "i386-linux-gnu", 3, 32, True, "/lib/ld-linux.so.2", "i686", "i386", "",
    ),
    Platform("linux", "ppc64le"): Names(
        "ppc64el", "powerpc64le-linux-gnu", 21, 64, True,
        "/lib64/ld64.so.2", "ppc64le", "ppc64le", "ppc64le",
    ),
    Platform("linux", "riscv64"): Names(
        "riscv64", "riscv64-linux-gnu", 243, 64, True,
        "/lib/ld-linux-riscv64-lp64d.so.1", "riscv64", "riscv64", "",
    ),
    Platform("linux", "s390x"): Names(
        "s390x", "s390x-linux-gnu", 22, 64, False, "/lib/ld64.so.1", "s390x", "s390x", "s390x",
    ),
}  # fmt: skip

_SPELLINGS: dict[str, Platform] = {}
for _platform, _names in TABLE.items():
    for _spelling in (str(_platform), _platform.arch, _names.debian, _names.uname):
        _SPELLINGS.setdefault(_spelling, _platform)
    if _platform.variant:
        _SPELLINGS[f"{_platform.arch}/{_platform.variant}"] = _platform
_SPELLINGS["arm64/v8"] = Platform("linux", "arm64")
_SPELLINGS["i386"] = _SPELLINGS["x86"] = Platform("linux", "386")
