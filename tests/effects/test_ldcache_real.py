"""Our ld.so.cache against the one that each release's own ldconfig writes: the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from effects.elves import odd_root
from effects.released import ldconfig, package, read, unpack, write
from seaslug.deb.effects.ldcache import PATH, ld_so_cache
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree, file

pytestmark = [pytest.mark.network, pytest.mark.slow]

LIBRARIES = ("libc6", "zlib1g", "libexpat1", "libuuid1", "libtinfo6", "libbz2-1.0", "liblzma5")
CASES = [
    *((suite, arch) for suite in ("bullseye", "bookworm") for arch in ("amd64", "i386")),
    ("bookworm", "s390x"),
    *(("trixie", a) for a in ("amd64", "i386", "arm64", "armhf", "s390x", "ppc64el", "riscv64")),
]


def ours(root: Path, arch: str) -> bytes:
    return ld_so_cache(read(root).without([PATH]), Platform.parse(arch))[0].read()


@pytest.mark.parametrize(("suite", "arch"), CASES)
def test_bytes_are_those_of_the_releases_own_ldconfig(
    suite: str, arch: str, tmp_path: Path
) -> None:
    plain, odd, tools = tmp_path / "plain", tmp_path / "odd", tmp_path / "tools"
    if suite == "trixie":  # the links are base-files' there
        write(Tree([file("usr/lib/.keep", b"")]), plain)
        (plain / "lib").symlink_to("usr/lib")
    for name in (*LIBRARIES, "libc-bin"):
        unpack(package(suite, arch, name), plain)
    want = ldconfig(suite, arch, plain, tools)
    assert want.count(b".so") > 20
    assert ours(plain, arch) == want

    libc = read(plain).resolve(f"lib/{Platform.parse(arch).names.triplet}/libc.so.6")
    assert libc is not None
    write(odd_root(Platform.parse(arch), libc.read()), odd)
    assert ours(odd, arch) == ldconfig(suite, arch, odd, tools)
