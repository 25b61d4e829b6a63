"""The real archive's index of contents, and the table of common libraries beside it."""

from __future__ import annotations

import fnmatch

import pytest

from seaslug.adapters.contents import Contents
from seaslug.apps.native import table
from seaslug.recipe import catalog
from seaslug.values.platform import TABLE, Platform
from support.mirror import debian

pytestmark = pytest.mark.network
AMD64 = Platform("linux", "amd64")


def contents(factory: pytest.TempPathFactory, distribution: str) -> Contents:
    return Contents(
        debian(factory.getbasetemp()), catalog.distributions()[distribution].suites, AMD64
    )


@pytest.mark.parametrize("distribution", list(catalog.distributions()))
def test_common_questions(distribution: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Also where the mirror's index lags behind its release and names have to do."""
    asked = contents(tmp_path_factory, distribution)
    new = distribution in ("debian13", "testing")
    assert asked.providers("libc.so.6") == ("libc6",)
    assert asked.providers("libcurl.so.4") == ("libcurl4t64" if new else "libcurl4",)
    assert asked.providers("libpq.so.5") == ("libpq5",)
    assert asked.providers("libX11.so.6") == ("libx11-6",)
    assert asked.providers("libthis-is-nowhere.so.1") == ()
    if asked.complete:
        assert ("libblas3", "usr/lib/x86_64-linux-gnu/blas") in asked.elsewhere("libblas.so.3")
        assert asked.programs("perl")[:1] == ("perl-base",)
        assert (asked.programs("tini"), asked.programs("git")[:1]) == (("tini",), ("git",))


@pytest.mark.parametrize("distribution", list(catalog.distributions()))
def test_the_table_says_what_the_archive_says(
    distribution: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked = contents(tmp_path_factory, distribution)
    loaders = {names.loader.rpartition("/")[2] for names in TABLE.values()}
    for pattern, package in table.rows(distribution).items():
        if any(fnmatch.fnmatchcase(name, pattern) for name in loaders - {"ld-linux-x86-64.so.2"}):
            continue
        if asked.complete:
            assert asked.providers(pattern)[:1] == (package,), pattern
        else:
            found = asked.providers(pattern)
            assert found in ((), (package,)), pattern
