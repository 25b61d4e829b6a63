"""Locked packages without a wheel for the image are named, with what to do."""

from __future__ import annotations

import pytest

from seaslug.apps.python import system, wheels
from seaslug.apps.python.locks.model import Pin
from seaslug.errors import ProjectError
from support.pythons import AMD64, ARM64, target


def pin(name: str, *tags: str, sdist: bool = True) -> Pin:
    files = [f"{name}-1-{tag}.whl" for tag in tags] + ([f"{name}-1.tar.gz"] if sdist else [])
    return Pin(name, "1", ("sha256:00",), tuple(files))


PURE = pin("pure", "py3-none-any")


def refused(*pins: Pin, distribution: str = "debian13", platform: object = AMD64) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        wheels.check(pins, "uv.lock", target(distribution, platform), source=False)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ((), "it comes as source only"),
        (("cp313-cp313-macosx_11_0_arm64", "cp313-cp313-win_amd64"),
         "its wheels are for Windows, macOS"),
        (("cp313-cp313-musllinux_1_2_x86_64",), "its wheels are for musl Linux"),
        (("cp311-cp311-manylinux_2_17_x86_64", "cp310-cp310-manylinux_2_17_x86_64"),
         "its wheels for linux/amd64 are for Python 3.10, 3.11"),
        (("cp313-cp313-manylinux_2_17_aarch64",), "its wheels are for Linux aarch64"),
    ],
)  # fmt: skip
def test_why(tags: tuple[str, ...], why: str) -> None:
    wrong = refused(PURE, pin("native", *tags))
    assert f"native 1: {why}" in wrong.what and "pure" not in wrong.what
    assert "no wheel for CPython 3.13 on linux/amd64 (glibc 2.41)" in wrong.what
    assert wrong.where == "uv.lock"


@pytest.mark.parametrize(
    ("name", "tags", "hint"),
    [
        ("n", ("cp311-cp311-manylinux_2_17_x86_64",), 'base = "python3-debian12"'),
        ("n", ("cp39-cp39-manylinux_2_17_x86_64",), 'base = "python3-debian11"'),
        ("n", (), "source = true"),
        ("psycopg2", (), "instead of psycopg2: psycopg2-binary"),
    ],
)
def test_what_to_do(name: str, tags: tuple[str, ...], hint: str) -> None:
    assert hint in refused(PURE, pin(name, *tags)).hint


def test_without_sources_the_lock_has_to_change() -> None:
    wrong = refused(pin("n", "cp313-cp313-win_amd64", sdist=False))
    assert "lock a version that has one" in wrong.hint


def test_a_newer_glibc_than_the_release_has() -> None:
    new = pin("n", "cp39-abi3-manylinux_2_38_x86_64")
    assert wheels.check([new], "x", target(), source=False) == ()
    assert "python3-debian13" in refused(new, distribution="debian12").hint


def test_version_control_needs_source() -> None:
    git = Pin("g", "1", url="git+https://x.test/g@abc")
    assert "it comes from version control" in refused(git).what
    assert wheels.check([git], "x", target(), source=True) == ("g",)


def test_source_where_it_is_allowed() -> None:
    only = pin("only")
    assert wheels.check([PURE, only], "x", target(), source=True) == ("only",)
    with pytest.raises(ProjectError):
        wheels.check([pin("n", "cp313-cp313-win_amd64", sdist=False)], "x", target(), source=True)


def test_packages_whose_files_are_not_known_pass() -> None:
    pins = [Pin("a", "1", ("sha256:0",)), Pin("own", folder="libs/own")]
    assert wheels.check(pins, "Pipfile.lock", target(platform=ARM64), source=False) == ()


@pytest.mark.parametrize(
    ("names", "distribution", "want"),
    [
        ("psycopg flask", "debian13", ["libpq5"]),
        ("psycopg psycopg-binary", "debian13", []),
        ("python-magic", "debian13", ["libmagic1t64"]),
        ("python-magic", "debian12", ["libmagic1"]),
        ("flask", "debian13", []),
    ],
)
def test_libraries_that_are_loaded_by_name(names: str, distribution: str, want: list[str]) -> None:
    found = system.packages(frozenset(names.split()), distribution)
    assert [package for package, _ in found] == want
