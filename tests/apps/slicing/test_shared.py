"""Which shared libraries and converters nothing in an image can load."""

from __future__ import annotations

import pytest

from seaslug.apps.slicing import shared
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree, file

AMD64 = Platform("linux", "amd64")
LIB = "usr/lib/x86_64-linux-gnu"
GLIBC = ("libc.so.6", "libpthread.so.0", "librt.so.1", "libresolv.so.2", "libnss_compat.so.2",
         "libnss_files.so.2", "libnss_db.so.2")  # fmt: skip


def unused(threads: int, services: str = "") -> set[str]:
    entries = [file(f"{LIB}/{name}", b"x" * threads) for name in GLIBC]
    entries += [file("etc/nsswitch.conf", services.encode())] if services else []
    found = shared.unused(Tree(entries), (), AMD64, ())
    return {path.rpartition("/")[2].partition(".")[0] for path in found}


def test_where_glibc_is_in_one_library_its_stubs_are_for_who_names_them() -> None:
    assert unused(14_000) == {"libpthread", "librt", "libresolv", "libnss_files"}
    assert unused(150_000) == set()


@pytest.mark.parametrize(
    ("services", "gone"),
    [("passwd: files", {"libnss_compat", "libnss_db"}), ("passwd: compat", {"libnss_db"})],
)
def test_name_services_are_those_of_the_configuration(services: str, gone: set[str]) -> None:
    assert unused(150_000, services) == gone


def test_converters_stay_for_a_program_that_converts() -> None:
    path = f"{LIB}/gconv/UTF-7.so"
    tree = Tree([
        file(path, b"\0iconv_open\0"), file(f"{LIB}/libc.so.6", b"\0iconv_open\0"),
        file("usr/bin/plain", b"\0open\0"), file("usr/bin/convert", b"\0iconv_open\0"),
    ])  # fmt: skip
    programs = [path, f"{LIB}/libc.so.6", "usr/bin/plain"]
    assert shared.converters(tree, programs, AMD64) == {path}
    assert shared.converters(tree, [*programs, "usr/bin/convert"], AMD64) == set()
