"""Which wheels the image takes: packaging's own tags are the oracle."""

from __future__ import annotations

import itertools

import pytest
from packaging import tags as oracle

from seaslug.apps.python import tags
from seaslug.apps.python.target import Target
from support.pythons import AMD64, ARM, ARM64, target

PYTHONS = ["py3", "py2.py3", "py2", "py313", "py310", "py314", "cp313", "cp311", "cp39", "cp314",
           "cp32", "pp310"]  # fmt: skip
ABIS = ["none", "cp313", "cp313t", "cp311", "abi3", "cp39", "cp27mu"]
PLATFORMS = ["any", "manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_39_aarch64",
             "manylinux_2_38_x86_64", "manylinux2014_aarch64", "manylinux1_x86_64",
             "manylinux1_aarch64", "musllinux_1_2_x86_64", "macosx_11_0_arm64", "win_amd64",
             "manylinux_2_31_armv7l", "linux_armv7l", "linux_x86_64",
             "manylinux_2_43_x86_64"]  # fmt: skip


def theirs(aim: Target) -> set[oracle.Tag]:
    numbers = tuple(map(int, aim.python.split(".")))
    platforms = list(tags.accepted(aim))
    return {
        *oracle.cpython_tags(numbers, platforms=platforms),
        *oracle.compatible_tags(numbers, f"cp{numbers[0]}{numbers[1]}", platforms),
    }


@pytest.mark.parametrize("distribution", ["debian11", "debian12", "debian13"])
@pytest.mark.parametrize("platform", [AMD64, ARM64, ARM], ids=str)
def test_every_combination(distribution: str, platform: object) -> None:
    aim = target(distribution, platform)  # type: ignore[arg-type]
    known = theirs(aim)
    for python, abi, place in itertools.product(PYTHONS, ABIS, PLATFORMS):
        name = f"x-1-{python}-{abi}-{place}.whl"
        found = tags.wheel(name)
        assert found is not None
        names = oracle.parse_tag(f"{python}-{abi}-{place}")
        assert tags.fits(found, aim) == (not known.isdisjoint(names)), name


@pytest.mark.parametrize(
    "name", ["x-1.tar.gz", "x.whl", "x-1-py3-none.whl", "", "a-b-c-d-e-f-g.whl"]
)
def test_what_is_no_wheel(name: str) -> None:
    assert tags.wheel(name) is None


def test_platforms_in_words() -> None:
    names = [f"x-1-cp313-cp313-{p}.whl" for p in PLATFORMS]
    assert tags.platforms_of(names) == (
        "Linux aarch64", "Linux armv7l", "Linux x86_64", "Windows", "any platform", "macOS",
        "musl Linux",
    )  # fmt: skip


def test_pythons_in_words() -> None:
    names = ["x-1-cp39-cp39-any.whl", "x-1-cp310-abi3-any.whl", "x-1-py3-none-any.whl"]
    assert tags.pythons_of(names) == ("3.9", "3.10")
