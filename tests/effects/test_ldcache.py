"""/etc/ld.so.cache: which libraries are found, under which names, and the bytes of it.

The digests are those of what each release's own ``ldconfig -X -r`` wrote for the same
tree, written to a disk. test_ldcache_real.py asks the real ones again.
"""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effects.elves import banner, odd_root, put, shared
from seaslug.deb.effects.ldcache import PATH, ld_so_cache
from seaslug.deb.effects.ldformat import Lib, Libc, cache, compare
from seaslug.values.platform import TABLE, Platform
from seaslug.values.tree import Entry, Tree, symlink

AMD64 = Platform.parse("amd64")


def libc(platform: Platform, version: str = "2.41", package: str = "1") -> bytes:
    return shared(platform, "libc.so.6", (), more=banner(version, package))


def root(*entries: Entry, platform: Platform = AMD64, version: str = "2.41") -> Tree:
    """Return a root with a C library and *entries*."""
    path = f"usr/lib/{platform.names.triplet}/libc.so.6"
    return Tree((symlink("lib", "usr/lib"), *entries, put(path, libc(platform, version))))


def rows(tree: Tree, platform: Platform = AMD64) -> list[tuple[str, str, int]]:
    """Return name, path and flags of every entry, read as the loader reads them."""
    (entry,) = ld_so_cache(tree, platform)
    data, order = entry.read(), "<" if platform.names.little else ">"
    (count,) = struct.unpack_from(order + "I", data, 20)
    found = []
    for at in range(48, 48 + 24 * count, 24):
        flags, key, value = struct.unpack_from(order + "iII", data, at)
        name, path = (data[p : data.index(0, p)].decode() for p in (key, value))
        found.append((name, path, flags))
    return found


def paths(tree: Tree, platform: Platform = AMD64) -> list[str]:
    return [path for _, path, _ in rows(tree, platform) if "libc.so" not in path]


@pytest.mark.parametrize(
    ("arch", "version", "package", "digest"),
    [
        ("amd64", "2.31", "1", "cf83df8f16e334a194d66fd4f13fd8df"),
        ("i386", "2.31", "1", "28f4639d3f43e07192ed4f0ef42904e7"),
        ("amd64", "2.36", "9+deb12u14", "79409bf6d33865916898ef9c91450565"),
        ("i386", "2.36", "9+deb12u14", "594d07b0ec21806deb57ca117e73f816"),
        ("s390x", "2.36", "9+deb12u14", "ab753e365d90c4e1563dc2c3dcaa220b"),
        ("amd64", "2.41", "12+deb13u5", "77d32ef5aa9c84051b91e05651ab932c"),
        ("armhf", "2.41", "12+deb13u4", "ffc38ce5d98baa10cb0e9795b518fe6c"),
        ("riscv64", "2.41", "12+deb13u4", "0237cf3004babb5b668437102caabedf"),
        ("s390x", "2.41", "12+deb13u4", "b983a754d44310768612308034abeb3d"),
    ],
)
def test_an_odd_root_gives_the_bytes_of_the_real_ldconfig(
    arch: str, version: str, package: str, digest: str
) -> None:
    platform = Platform.parse(arch)
    tree = odd_root(platform, libc(platform, version, package))
    (entry,) = ld_so_cache(tree, platform)
    assert hashlib.sha256(entry.read()).hexdigest()[:32] == digest


def test_every_byte_of_a_new_cache() -> None:
    tree = root(put("usr/lib/x86_64-linux-gnu/libz.so.1", shared(AMD64, "libz.so.1")))
    (entry,) = ld_so_cache(tree, AMD64, mtime=7)
    z, c = b"/lib/x86_64-linux-gnu/libz.so.1\0", b"/lib/x86_64-linux-gnu/libc.so.6\0"
    generator = b"ldconfig (Debian GLIBC 2.41-1) stable release version 2.41"
    assert (entry.path, entry.mode, entry.uid, entry.mtime) == (PATH, 0o644, 0, 7)
    assert entry.read() == b"".join((
        b"glibc-ld.so.cache1.1", struct.pack("<IIB3xI12x", 2, 64, 2, 160),
        # the name is the tail of the path; libc's strings are first, read backwards
        struct.pack("<iIIIQ", 0x303, 96 + 32 + 22, 96 + 32, 0, 0),
        struct.pack("<iIIIQ", 0x303, 96 + 22, 96, 0, 0),
        c, z,
        struct.pack("<II", 0xEAA42174, 1), struct.pack("<IIII", 0, 0, 184, len(generator)),
        generator,
    ))  # fmt: skip


def test_every_byte_of_a_cache_before_2_33() -> None:
    tree = root(
        put("usr/lib/s390x-linux-gnu/libz.so.1", shared(Platform.parse("s390x"), "libz.so.1")),
        platform=Platform.parse("s390x"), version="2.31",
    )  # fmt: skip
    (entry,) = ld_so_cache(tree, Platform.parse("s390x"))
    strings = (
        b"libz.so.1\0/lib/s390x-linux-gnu/libz.so.1\0libc.so.6\0/lib/s390x-linux-gnu/libc.so.6\0"
    )
    assert entry.read() == b"".join((
        b"glibc-ld.so.cache1.1", struct.pack(">IIB3xI12x", 2, len(strings), 3, 0),
        struct.pack(">iIIIQ", 0x403, 96, 106, 0, 0), struct.pack(">iIIIQ", 0x403, 137, 147, 0, 0),
        strings,
    ))  # fmt: skip


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_every_platform_has_its_cache(platform: Platform) -> None:
    names = [name for name, _, _ in rows(odd_root(platform, libc(platform)), platform)]
    assert {"libc.so.6", "libz.so.1", "libz.so", "libplain.so"} <= set(names)
    assert not {"libscript.so", "libgone.so.1", "libstatic.so.1", "xlib.so.1"} & set(names)


def test_no_libc_no_cache() -> None:
    assert ld_so_cache(Tree([put("usr/lib/libz.so.1", shared(AMD64))]), AMD64) == ()


def test_libraries_of_other_architectures_are_passed_over() -> None:
    others = [p for p in TABLE if p != AMD64]
    files = [put(f"usr/lib/libother{i}.so", shared(p)) for i, p in enumerate(others)]
    assert paths(root(*files)) == []


def test_a_link_leads_to_the_newest_file_of_its_soname() -> None:
    lib = "usr/lib/x86_64-linux-gnu"
    found = rows(root(
        put(f"{lib}/libz.so.1.2", shared(AMD64, "libz.so.1")),
        put(f"{lib}/libz.so.1.10", shared(AMD64, "libz.so.1")),
        symlink(f"{lib}/libz.so.1", "libz.so.1.10"),
        symlink(f"{lib}/libz.so", "libz.so.1"),
    ))  # fmt: skip
    assert [(name, path) for name, path, _ in found][:2] == [
        ("libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"),
        ("libz.so", "/lib/x86_64-linux-gnu/libz.so"),
    ]


def test_a_directory_counts_once_by_its_first_name() -> None:
    z = put("usr/lib/x86_64-linux-gnu/libz.so.1", shared(AMD64, "libz.so.1"))
    merged = root(z)
    assert paths(merged) == ["/lib/x86_64-linux-gnu/libz.so.1"]
    assert paths(merged.without(["lib"])) == ["/usr/lib/x86_64-linux-gnu/libz.so.1"]


def test_configured_directories_come_first_and_in_their_order() -> None:
    z = shared(AMD64, "libz.so.1")
    folders = ("opt/b", "opt/a", "usr/local/lib", "usr/lib/x86_64-linux-gnu")
    tree = root(
        put("etc/ld.so.conf", "/opt/b\n# no\n\n include /etc/ld.so.conf.d/*.conf\n/opt/c"),
        put("etc/ld.so.conf.d/libc.conf", "/usr/local/lib/\n"),
        put("etc/ld.so.conf.d/a.conf", "/opt/a # here\n"),
        *(put(f"{folder}/libz.so.1", z) for folder in folders),
    )
    assert paths(tree) == [
        "/opt/b/libz.so.1", "/opt/a/libz.so.1", "/usr/local/lib/libz.so.1",
        "/lib/x86_64-linux-gnu/libz.so.1",
    ]  # fmt: skip


def test_configuration_that_includes_itself_ends() -> None:
    tree = root(
        put("etc/ld.so.conf", "include /etc/ld.so.conf\n/opt/a\n"),
        put("opt/a/libz.so", shared(AMD64)),
    )
    assert paths(tree) == ["/opt/a/libz.so"]


@pytest.mark.parametrize(
    ("flags", "want"), [(0x05000400, 0x0903), (0x05000200, 0x0B03), (0x05000000, 0x0003)]
)
def test_arm_libraries_say_how_they_float(flags: int, want: int) -> None:
    arm = Platform.parse("armhf")
    tree = root(put("usr/lib/libf.so", shared(arm, flags=flags)), platform=arm)
    assert ("libf.so", "/lib/libf.so", want) in rows(tree, arm)


@pytest.mark.parametrize(
    ("version", "needed", "want"),
    [("2.31", (), 1), ("2.31", ("libm.so.6",), 3), ("2.36", (), 1), ("2.41", (), 3)],
)
def test_i386_libraries_without_libc_were_another_kind_once(
    version: str, needed: tuple[str, ...], want: int
) -> None:
    i386 = Platform.parse("i386")
    tree = root(put("usr/lib/libf.so", shared(i386, "", needed)), platform=i386, version=version)
    assert ("libf.so", "/lib/libf.so", want) in rows(tree, i386)


def test_better_processors_come_first() -> None:
    lib, z = "usr/lib/x86_64-linux-gnu", shared(AMD64, "libz.so.1")
    places = ("", "glibc-hwcaps/x86-64-v3/", "glibc-hwcaps/x86-64-v2/")
    tree = root(*(put(f"{lib}/{place}libz.so.1", z) for place in places))
    assert paths(tree) == [
        f"/lib/x86_64-linux-gnu/{place}libz.so.1" for place in (places[2], places[1], "")
    ]
    assert paths(root(*tree, version="2.31")) == ["/lib/x86_64-linux-gnu/libz.so.1"]


NAMES = st.text(st.sampled_from("lib.so0129-é²"), max_size=12)


@given(NAMES, NAMES, st.booleans())
def test_comparing_is_antisymmetric(a: str, b: str, signed: bool) -> None:
    one, two = compare(a, b, signed), compare(b, a, signed)
    assert (one > 0) == (two < 0) and (one == 0) == (two == 0)


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_digits_compare_by_value(a: int, b: int) -> None:
    result = compare(f"lib{a}.so", f"lib{b}.so")
    assert (result > 0) == (a > b) and (result == 0) == (a == b)


def test_a_very_long_number_is_still_one() -> None:
    assert compare("lib" + "9" * 9000, "lib" + "0" * 99 + "8" * 9000) > 0


@given(st.lists(st.tuples(NAMES.filter(bool), NAMES.filter(bool)), max_size=8), st.booleans())
def test_shared_tails_lose_no_string(pairs: list[tuple[str, str]], little: bool) -> None:
    libs = [Lib(name, f"/{folder}/{name}", 3) for name, folder in pairs]
    data = cache(libs, ["unused"], Libc((2, 41), "test", little))
    order = "<" if little else ">"
    found = []
    for at in range(48, 48 + 24 * len(libs), 24):
        places = struct.unpack_from(order + "II", data, at + 4)
        found.append([data[p : data.index(0, p)].decode() for p in places])
    assert sorted(found) == sorted([lib.name, lib.path] for lib in libs)
