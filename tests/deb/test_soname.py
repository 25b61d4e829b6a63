"""Names of library packages: Debian's rule, and which of several is taken."""

from __future__ import annotations

import pytest

from seaslug.deb.soname import for_building, package_name, preferred


@pytest.mark.parametrize(
    ("soname", "package"),
    [
        ("libpq.so.5", "libpq5"),
        ("libsqlite3.so.0", "libsqlite3-0"),
        ("libstdc++.so.6", "libstdc++6"),
        ("libbz2.so.1.0", "libbz2-1.0"),
        ("libX11.so.6", "libx11-6"),
        ("libgcc_s.so.1", "libgcc-s1"),
        ("libdb-5.3.so", "libdb5.3"),
        ("libSDL2-2.0.so.0", "libsdl2-2.0-0"),
        ("libopcodes-2.40-system.so", ""),
        ("libfoo.so", ""),
        ("", ""),
        ("ld-linux-x86-64.so.2", "ld-linux-x86-64-2"),
    ],
)
def test_the_rule(soname: str, package: str) -> None:
    assert package_name(soname) == package


@pytest.mark.parametrize(
    ("soname", "packages", "order"),
    [
        ("libcurl.so.4", ("libcurl4t64", "libcurl4"), ("libcurl4", "libcurl4t64")),
        ("libssl.so.3", ("libssl-something", "libssl3t64"), ("libssl3t64", "libssl-something")),
        ("libz.so.1", ("zlib1g", "lib-with-z"), ("zlib1g", "lib-with-z")),
        ("libpq.so.5", ("libpq5", "libpq5-dbg", "libpq-dev", "libpq5-arm64-cross"), ("libpq5",)),
        ("libq.so.1", ("b", "a", "a"), ("a", "b")),
        ("libq.so.1", (), ()),
    ],
)
def test_which_is_taken(soname: str, packages: tuple[str, ...], order: tuple[str, ...]) -> None:
    assert preferred(soname, packages) == order


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("libc6-dev", True), ("libc6-dbg", True), ("libc6-udeb", True), ("libc6-dev-i386", True),
        ("libc6-arm64-cross", True), ("libfoo-dbgsym", True), ("libc6", False),
        ("libdevmapper1.02.1", False), ("libudev1", False), ("libdevel-thing", False),
    ],
)  # fmt: skip
def test_what_is_for_building(package: str, expected: bool) -> None:
    assert for_building(package) == expected
