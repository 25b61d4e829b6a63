"""Which release has which symbol versions: the facts, and the facts beside the packages."""

from __future__ import annotations

import itertools

import pytest

from seaslug.apps.native.glibc import fits, newest_of, oldest_fitting, runtimes
from seaslug.apps.native.needs import Wanted
from seaslug.recipe import catalog


def wanted(*versions: str) -> tuple[Wanted, ...]:
    return tuple(Wanted("app/x", "libc.so.6", version) for version in versions)


def test_every_release_has_its_facts() -> None:
    assert set(runtimes()) == set(catalog.distributions())


@pytest.mark.parametrize(
    ("versions", "oldest"),
    [
        ((), "debian11"),
        (("GLIBC_2.2.5",), "debian11"),
        (("GLIBC_2.31",), "debian11"),
        (("GLIBC_2.4", "GLIBC_2.32"), "debian12"),
        (("GLIBC_2.36",), "debian12"),
        (("GLIBC_2.38",), "debian13"),
        (("GLIBC_2.41",), "debian13"),
        (("GLIBC_2.42",), "testing"),
        (("GLIBC_9.1",), ""),
        (("GLIBC_ABI_DT_RELR",), "debian12"),
        (("GLIBC_ABI_GNU2_TLS",), "debian13"),
        (("GLIBC_ABI_SOMETHING_NEW",), ""),
        (("GLIBC_PRIVATE",), ""),
        (("GLIBCXX_3.4.28", "CXXABI_1.3.12", "CXXABI_FLOAT128", "CXXABI_TM_1"), "debian11"),
        (("GLIBCXX_3.4.29",), "debian12"),
        (("GLIBCXX_3.4.31",), "debian13"),
        (("CXXABI_1.3.15",), "debian13"),
        (("GCC_3.0", "GCC_4.2.0"), "debian11"),
        (("GCC_12.0.0",), "debian12"),
        (("GCC_13.0.0",), "debian13"),
        (("OPENSSL_3.0.0", "ZLIB_1.2.9"), "debian11"),
    ],
)
def test_the_oldest_release_that_has_them_all(versions: tuple[str, ...], oldest: str) -> None:
    assert oldest_fitting(wanted(*versions)) == oldest


def test_what_does_not_fit_is_told_with_what_is_there() -> None:
    (one,) = fits(wanted("GLIBC_2.34", "GLIBC_2.38"), "debian12")
    assert (one.by, one.version, one.has) == ("app/x", "GLIBC_2.38", "glibc has GLIBC_2.36")


def test_a_newer_release_has_all_that_an_older_one_has() -> None:
    names = list(runtimes())
    for older, newer in itertools.pairwise(names):
        versions = [f"{kind}_{version}" for kind, version in runtimes()[older].newest]
        assert not fits(wanted(*versions, *runtimes()[older].names), newer)


def test_the_highest_of_each_kind() -> None:
    """As numbers: 2.10 is above 2.9."""
    found = newest_of(wanted("GLIBC_2.9", "GLIBC_2.10", "GCC_3.0", "GLIBCXX_3.4", "ZLIB_1"))
    assert [one.version for one in found] == ["GLIBC_2.10", "GLIBCXX_3.4", "GCC_3.0"]


@pytest.mark.network
@pytest.mark.parametrize("distribution", list(runtimes()))
def test_the_facts_beside_the_packages(
    distribution: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each version up to the newest is defined by the packages, and none above it.

    Testing moves on: there the packages may have more.
    """
    from support.mirror import debian, libraries

    suite = catalog.distributions()[distribution].codename
    packages = ("libc6", "libstdc++6", "libgcc-s1")
    read = libraries(debian(tmp_path_factory.getbasetemp()), suite, "amd64", packages)
    found = {name for one in read for name in one.defines}
    for kind, newest in runtimes()[distribution].newest:
        there = max(filter(None, (number(kind, name) for name in found)))
        known = number(kind, f"{kind}_{newest}")
        if distribution == "testing":
            assert there >= known or kind == "GCC", kind
        else:
            assert there <= known if kind == "GCC" else there == known, kind
    bare = {name for name in found if name.startswith("GLIBC_ABI_")}
    known_bare = runtimes()[distribution].names
    # This one is i386's alone.
    assert known_bare - {"GLIBC_ABI_GNU_TLS"} <= bare
    assert distribution == "testing" or bare <= known_bare


def number(kind: str, name: str) -> tuple[int, ...]:
    """Return the number of a version of this *kind*, nothing if it is of another or has none."""
    head, _, text = name.partition("_")
    digits = text.split(".")
    return tuple(map(int, digits)) if head == kind and all(map(str.isdigit, digits)) else ()
