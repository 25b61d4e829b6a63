"""Which base and packages a program gets, and what is said of one that will not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from seaslug.apps.native import table
from seaslug.apps.native.choose import Choice, choose
from seaslug.apps.native.needs import closure
from seaslug.errors import ResolveError
from seaslug.recipe import catalog
from seaslug.values.platform import TABLE, Platform
from seaslug.values.tree import Entry, Tree, file
from support.binaries import AMD64, LOADER, PIE, elf


@dataclass
class Known:
    """An index of contents with a few libraries; it notes what it was asked."""

    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    complete: bool = True
    asked: list[str] = field(default_factory=list)

    def providers(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        return self.rows.get(name, ())

    def elsewhere(self, name: str) -> tuple[tuple[str, str], ...]:
        return self.own.get(name, ())


def chosen(
    *entries: Entry, distribution: str = "debian13", platform: Platform = AMD64,
    contents: Known | None = None,
) -> Choice:  # fmt: skip
    needs = closure(Tree(entries), [e.path for e in entries if e.mode == 0o755], platform)
    return choose(needs, platform, distribution, contents or Known())


def program(needed: Sequence[str] = (), platform: Platform = AMD64, **what: object) -> Entry:
    interpreter = platform.names.loader if needed else ""
    raw = elf(platform, **{"kind": 2, "interpreter": interpreter, "needed": needed, **what})
    return file("app/x", raw, 0o755)


LIBC, GCC, CXX = "libc.so.6", "libgcc_s.so.1", "libstdc++.so.6"
SSL, CRYPTO, Z, ZSTD = "libssl.so.3", "libcrypto.so.3", "libz.so.1", "libzstd.so.1"
OMP = "libgomp.so.1"

BASES = [
    ("debian13", (), "static", ()),
    ("debian13", (LIBC,), "base-nossl", ()),
    ("debian13", (LIBC, "libm.so.6", "libpthread.so.0", "libdl.so.2"), "base-nossl", ()),
    ("debian13", (LIBC, GCC), "base-nossl", ()),
    ("debian13", (LIBC, CXX, GCC), "base-nossl", ("libstdc++6",)),
    ("debian13", (LIBC, Z), "base-nossl", ("zlib1g",)),
    ("debian13", (LIBC, SSL), "base", ()),
    ("debian13", (LIBC, SSL, CRYPTO, Z), "base", ()),
    ("debian13", (LIBC, SSL, CXX), "base", ("libstdc++6",)),
    ("debian13", (LIBC, SSL, CXX, OMP), "cc", ()),
    ("debian13", (LIBC, CXX, OMP), "base-nossl", ("libgomp1", "libstdc++6")),
    ("debian12", (LIBC, SSL), "base-nossl", ("libssl3",)),
    ("debian12", (LIBC, SSL, Z, ZSTD), "base", ()),
    ("debian12", (LIBC, SSL, Z, ZSTD, CXX, OMP, "libuuid.so.1"), "cc", ("libuuid1",)),
    ("debian11", (LIBC, "libssl.so.1.1"), "base-nossl", ("libssl1.1",)),
    ("debian11", (LIBC, "libcrypt.so.1"), "base-nossl", ()),
    ("debian13", (LIBC, "libcrypt.so.1"), "base-nossl", ("libcrypt1",)),
    ("debian13", (LIBC, "libsqlite3.so.0"), "base-nossl", ("libsqlite3-0",)),
]


@pytest.mark.parametrize(("distribution", "needed", "base", "packages"), BASES)
def test_the_smallest_that_will_do(
    distribution: str, needed: tuple[str, ...], base: str, packages: tuple[str, ...]
) -> None:
    contents = Known()
    choice = chosen(program(needed), distribution=distribution, contents=contents)
    assert (choice.base, choice.packages, choice.troubles) == (base, packages, ())
    assert choice.sure() is choice
    assert contents.asked == []  # the index of contents, 12 MB, is for other libraries only


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_every_platform(platform: Platform) -> None:
    loader = platform.names.loader.rpartition("/")[2]
    choice = chosen(program((LIBC, loader), platform), platform=platform)
    assert (choice.base, choice.packages, choice.troubles) == ("base-nossl", (), ())


@pytest.mark.parametrize("what", [{}, {"kind": 3, "flags_1": PIE}])
def test_a_static_program(what: dict[str, int]) -> None:
    choice = chosen(program(**what))
    assert choice.base == "static" and "needs no library" in choice.reasons[0].what


def test_reasons_read_well() -> None:
    raw = program((LIBC, "libm.so.6", "libsqlite3.so.0"), needs=((LIBC, "GLIBC_2.38"),))
    said = [f"{r.what} ({r.where})" for r in chosen(raw).reasons]
    assert said == [
        f"interpreter {LOADER}: glibc (app/x)",
        "needs GLIBC_2.38: debian13 or newer (app/x)",
        "needs libc.so.6, libm.so.6 → libc6 (app/x)",
        "needs libsqlite3.so.0 → libsqlite3-0 (app/x)",
    ]


def test_other_libraries_come_from_the_index_of_contents() -> None:
    contents = Known({"libpq.so.5": ("libpq5", "libpq5-other")})
    choice = chosen(program((LIBC, "libpq.so.5")), contents=contents)
    assert choice.packages == ("libpq5",) and contents.asked == ["libpq.so.5"]


def test_a_library_in_a_directory_of_its_own() -> None:
    """As libblas3 has it: a maintainer script would make the link."""
    own = {"libblas.so.3": (("libatlas3-base", "usr/lib/atlas"), ("libblas3", "usr/lib/blas"))}
    choice = chosen(program((LIBC, "libblas.so.3")), contents=Known({}, own))
    assert choice.packages == ("libblas3",) and choice.libraries == ("/usr/lib/blas",)
    assert not choice.troubles


def test_libraries_that_the_application_brings_need_no_package() -> None:
    shipped = file("app/lib/libq.so.1", elf(soname="libq.so.1", needed=(LIBC, Z)))
    choice = chosen(program((LIBC, "libq.so.1"), rpath="$ORIGIN/lib"), shipped)
    assert choice.packages == ("zlib1g",)
    assert [r.where for r in choice.reasons if "libz" in r.what] == ["app/lib/libq.so.1"]


MUSL = "/lib/ld-musl-x86_64.so.1"


@pytest.mark.parametrize("libc", ["libc.so", "libc.musl-x86_64.so.1"])
def test_musl(libc: str) -> None:
    choice = chosen(program((libc,), interpreter=MUSL))
    assert (choice.base, choice.packages, choice.troubles) == ("static", ("musl",), ())
    assert any("statically" in reason.what for reason in choice.reasons)


def test_musl_with_libraries_that_debian_does_not_have_for_it() -> None:
    choice = chosen(program(("libc.so", CXX), interpreter=MUSL))
    assert [t.what for t in choice.troubles] == [
        "needs libstdc++.so.6, and Debian has no libraries for musl but its own"
    ]


TROUBLES = {
    "too new": (
        program((LIBC,), needs=((LIBC, "GLIBC_2.38"), (LIBC, "GLIBC_2.4"))), "debian12",
        "needs GLIBC_2.38, debian12 is too old: glibc has GLIBC_2.36",
        'base = "base-nossl-debian13"',
    ),
    "newer than everything": (
        program((LIBC,), needs=((LIBC, "GLIBC_9.9"),)), "debian13", "GLIBC_9.9", "older system",
    ),
    "private": (
        program((LIBC,), needs=((LIBC, "GLIBC_PRIVATE"),)), "debian13", "one exact build", "static",
    ),
    "old OpenSSL": (
        program((LIBC, "libssl.so.1.1")), "debian13", "no package of debian13 has",
        'base = "base-nossl-debian11"',
    ),
    "a library of nobody": (
        program((LIBC, "libme.so.7")), "debian13", "needs libme.so.7", "$ORIGIN",
    ),
    "another architecture": (
        program((LIBC,), Platform("linux", "arm64")), "debian13",
        "is for linux/arm64, not for linux/amd64", "--platform linux/arm64",
    ),
    "a static one of another": (
        program((), Platform("linux", "s390x")), "debian13", "is for linux/s390x", "--platform",
    ),
    "no program": (file("app/x", b"#!/bin/sh\n", 0o755), "debian13", "no ELF program", "build"),
    "an object file": (program(kind=1), "debian13", "is an object file", "link it"),
    "Nix": (
        program((LIBC,), interpreter="/nix/store/abc-glibc/lib/ld-linux-x86-64.so.2"), "debian13",
        "(Nix or Guix)", f"patchelf --set-interpreter {LOADER} app/x",
    ),
    "Android": (
        program((LIBC,), interpreter="/system/bin/linker64"), "debian13", "(Android)", "statically",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLES)
def test_what_will_not_run_is_told(name: str) -> None:
    entry, distribution, said, hint = TROUBLES[name]
    with pytest.raises(ResolveError) as caught:
        chosen(entry, distribution=distribution).sure()
    assert said in caught.value.what and hint in caught.value.hint
    assert "app/x" in caught.value.what


def test_a_program_that_was_cut_short() -> None:
    whole = program((LIBC,))
    cut = file("app/x", whole.read()[:-20], 0o755)
    with pytest.raises(ResolveError, match="ends 20 bytes too early"):
        chosen(cut).sure()


def test_all_troubles_are_told_at_once() -> None:
    entry = program((LIBC, "libme.so.7", "libyou.so.8"), needs=((LIBC, "GLIBC_2.43"),))
    with pytest.raises(ResolveError) as caught:
        chosen(entry).sure()
    assert all(word in caught.value.what for word in ("libme.so.7", "libyou.so.8", "GLIBC_2.43"))
    assert "base-nossl-testing" in caught.value.hint


def test_an_index_that_is_not_complete_is_not_taken_for_a_no() -> None:
    (trouble,) = chosen(program((LIBC, "libicuuc.so.76")), contents=Known(complete=False)).troubles
    assert "is called after it" in trouble.what and "--with PACKAGE" in trouble.hint


def test_a_library_of_another_build_that_lacks_a_version() -> None:
    shipped = file("app/libq.so.1", elf(soname="libq.so.1", defines=("Q_1",)))
    entry = program((LIBC, "libq.so.1"), rpath="$ORIGIN", needs=(("libq.so.1", "Q_2"),))
    (trouble,) = chosen(entry, shipped).troubles
    assert "needs Q_2, of libq.so.1, which the one found lacks" in str(trouble)


@pytest.mark.parametrize("distribution", list(catalog.distributions()))
def test_the_table_knows_what_the_family_ships(distribution: str) -> None:
    assert table.known("libc.so.6", distribution) == "libc6"
    words = dict(catalog.distributions()[distribution].names)
    old = distribution == "debian11"
    assert table.known("libssl.so.1.1" if old else "libssl.so.3", distribution) == words["libssl"]
