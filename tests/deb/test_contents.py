"""The index of contents: what is kept of it, and what it answers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.deb import contents
from seaslug.deb.contents import HEAD, Libraries, Place, build, merge
from seaslug.errors import HostileError

TRIPLET = "x86_64-linux-gnu"
LIB = f"usr/lib/{TRIPLET}"
TEXT = f"""\
bin/true                                    utils/coreutils
usr/bin/perl                                perl/perl-base,perl/perl-other
usr/bin/deep/er                             misc/odd
opt/bin/perl                                misc/odd
usr/bin/pg                                  database/pg-tools-dev,database/pg,database/pg-base
etc/libz.so.1                               misc/odd
lib64/ld-linux-x86-64.so.2                  libs/libc6
{LIB}/libpq.so.5.16                         libs/libpq5
{LIB}/libpq.so.5                            libs/libpq5
{LIB}/libpq.so                              libdevel/libpq-dev
{LIB}/libtwo.so.1\tcontrib/libs/libtwo1,non-free/libs/libtwo1-fast,debug/libtwo1-dbg
{LIB}/debug/libpq.so.5                      debug/libpq5-dbg,libs/strange
{LIB}/blas/libblas.so.3                     libs/libblas3
{LIB}/libpq.so.d/readme                     libs/libpq5
{LIB}/with space/libw.so.1                  libs/libw1
{LIB}/libpq.so.5-gdb.py                     libs/libpq5
usr/lib/libplain.so.2                       libs/libplain2
usr/lib32/libpq.so.5                        libs/lib32pq5
usr/share/doc/libpq.so.5                    doc/libpq-doc
usr/aarch64-linux-gnu/lib/libpq.so.5        libs/libpq5-arm64-cross
""".encode()


def libraries(text: bytes = TEXT) -> Libraries:
    return Libraries(build([text]), TRIPLET)


@pytest.mark.parametrize(
    ("soname", "packages"),
    [
        ("libpq.so.5", ("libpq5",)),
        ("libpq.so.5.16", ("libpq5",)),
        ("libpq.so", ()),
        ("libtwo.so.1", ("libtwo1", "libtwo1-fast")),
        ("libblas.so.3", ()),
        ("libplain.so.2", ("libplain2",)),
        ("ld-linux-x86-64.so.2", ("libc6",)),
        ("libz.so.1", ()),
        ("libw.so.1", ()),
        ("libpq.so.5-gdb.py", ()),
        ("pq.so.5", ()),
        ("libpq", ()),
        ("", ()),
        ("libpq.so.5 libpq5", ()),
        ("x\nlibpq.so.5", ()),
    ],
)
def test_who_has_a_library(soname: str, packages: tuple[str, ...]) -> None:
    assert libraries().providers(soname) == packages


def test_what_lies_in_a_directory_of_its_own() -> None:
    assert libraries().elsewhere("libblas.so.3") == (Place("libblas3", f"{LIB}/blas"),)
    assert libraries().elsewhere("libpq.so.5") == ()


def test_other_architectures_directories_are_not_searched() -> None:
    assert Libraries(build([TEXT]), "aarch64-linux-gnu").providers("libpq.so.5") == ()


@given(st.lists(st.integers(0, len(TEXT)), max_size=8).map(sorted))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    edges = [0, *cuts, len(TEXT)]
    pieces = [TEXT[a:b] for a, b in itertools.pairwise(edges)]
    assert build(pieces) == build([TEXT])


def test_the_last_line_may_lack_its_end() -> None:
    assert build([TEXT.rstrip(b"\n")]) == build([TEXT])


def test_suites_are_merged() -> None:
    newer = build([f"{LIB}/libnew.so.1 libs/libnew1\n".encode()])
    both = Libraries(merge([build([TEXT]), newer, HEAD, build([TEXT])]), TRIPLET)
    assert both.places("libnew.so.1") == (Place("libnew1", LIB),)
    assert both.places("libpq.so.5") == libraries().places("libpq.so.5")
    assert both.providers("libnew.so.1") == ("libnew1",)
    assert both.providers("libpq.so.5") == ("libpq5",)


def test_an_empty_suite() -> None:
    """Debian's security suites have an index with nothing in it."""
    assert build([]) == build([b""]) == HEAD
    assert Libraries(HEAD, TRIPLET).providers("libc.so.6") == ()


@pytest.mark.parametrize("raw", [b"", b"seaslug-contents 9\n", HEAD + b"cut", b"x" + HEAD])
def test_an_index_that_is_none(raw: bytes) -> None:
    with pytest.raises(HostileError):
        Libraries(raw, TRIPLET)


def test_a_line_without_end() -> None:
    with pytest.raises(HostileError, match="does not end"):
        build([b"x" * (1 << 20)] * 3)


def test_too_many_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_ROWS", 3)
    with pytest.raises(HostileError, match="more libraries"):
        build([TEXT])


@given(st.lists(st.sampled_from([b"usr/lib/", b"lib", b"a.so.1", b" ", b"\t", b"libs/p", b",",
                                 b"\n", b"\xff", b"/", b".so"]), max_size=40))  # fmt: skip
def test_any_text_gives_an_index_that_can_be_asked(parts: list[bytes]) -> None:
    found = Libraries(build([b"".join(parts)]), TRIPLET)
    for package in found.providers("a.so.1"):
        assert package and not set(package) & set(" ,/\n")


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        ("true", ("coreutils",)),
        ("perl", ("perl-base", "perl-other")),
        ("pg", ("pg-base", "pg")),
        ("er", ()),
        ("libpq.so.5", ()),
        ("", ()),
    ],
)
def test_programs(name: str, packages: tuple[str, ...]) -> None:
    assert libraries().programs(name) == packages
    assert libraries().providers(name) == (("libpq5",) if name.startswith("lib") else ())
