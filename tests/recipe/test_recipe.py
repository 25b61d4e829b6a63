"""Recipes: the family as data, inheritance, variants, and mistakes reported all at once."""

from __future__ import annotations

import pytest

from seaslug.errors import RecipeError, UnknownNameError, UsageError
from seaslug.recipe import catalog, expand
from seaslug.recipe.locate import line_of
from seaslug.values.platform import Platform

MEMBERS = [(m.name, d) for m in catalog.members().values() for d in m.distributions]


@pytest.mark.parametrize(("name", "distribution"), MEMBERS)
@pytest.mark.parametrize("variant", list(catalog.variants()))
def test_every_member_expands_on_every_distribution(
    name: str, distribution: str, variant: str
) -> None:
    recipe = expand.family(f"{name}-{distribution}:{variant}")
    assert recipe.levels[0].name == "static"
    assert recipe.settings.user == ("65532" if "nonroot" in variant else "0")
    assert ("busybox" in recipe.levels[-1].effects) == ("debug" in variant)
    text = repr(recipe.levels)
    assert "{python}" not in text and "{java}" not in text and "{libssl}" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python3", ("python3", "", "")),
        ("python3:debug-nonroot", ("python3", "", "debug-nonroot")),
        ("python3-debian12:nonroot", ("python3", "debian12", "nonroot")),
        ("static-debian11:debug", ("static", "debian11", "debug")),
        ("base-nossl", ("base-nossl", "", "")),
        ("base-nossl-debian12", ("base-nossl", "debian12", "")),
        ("cc-testing", ("cc", "testing", "")),
    ],
)
def test_references(text: str, expected: tuple[str, str, str]) -> None:
    found = catalog.parse_reference(text)
    assert (found.name, found.distribution, found.variant) == expected


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("pyton3", "python3"),
        ("python3:nonrot", "nonroot"),
        ("python3-debian14", "debian13"),
        ("nodejs25", "nodejs"),
    ],
)
def test_unknown_names_come_with_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        catalog.parse_reference(text)
    assert nearest in caught.value.hint


@pytest.mark.parametrize("text", ["", "Python3", "python3::x", "python3:a:b", "-x", "a b"])
def test_malformed_references_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        catalog.parse_reference(text)


def test_a_member_that_a_release_does_not_have_names_those_that_do() -> None:
    with pytest.raises(UsageError) as caught:
        expand.family("java11-debian13")
    assert "debian11" in caught.value.hint


def test_nonroot_differs_in_settings_only_and_shares_the_lock() -> None:
    plain, nonroot = expand.family("python3"), expand.family("python3:nonroot")
    assert plain.levels == nonroot.levels
    assert plain.digest == nonroot.digest
    assert plain.settings != nonroot.settings
    assert expand.family("python3:debug").digest != plain.digest


def test_debug_has_a_shell_for_an_entrypoint_only_below_the_runtimes() -> None:
    assert expand.family("cc:debug").settings.entrypoint == ("/busybox/sh",)
    assert expand.family("python3:debug").settings.entrypoint == ("/usr/bin/python3.13",)
    assert dict(expand.family("cc:debug").settings.env)["PATH"].endswith(":/busybox")


def test_java_debug_carries_the_tools_of_its_own_jdk() -> None:
    packages = expand.family("java21:debug").levels[-1].packages
    assert "openjdk-21-jdk-headless" in packages


RECIPE = """\
name = "tools"
description = "what our team uses"
from = "python3-debian12"
packages = ["git", "libpq5 (>= 15)"]
exclude = ["perl"]
user = "1000:1000"

[env]
MODE = "production"

[[links]]
path = "usr/local/bin/python"
target = "/usr/bin/python3"
"""


def test_a_recipe_of_ones_own_adds_a_level() -> None:
    recipe = expand.from_text(RECIPE, "tools.toml")
    assert recipe.title == "tools-debian12"
    assert [level.name for level in recipe.levels][-2:] == ["python3", "tools"]
    assert recipe.settings.user == "1000:1000"
    assert dict(recipe.settings.env)["MODE"] == "production"
    assert dict(recipe.settings.env)["LANG"] == "C.UTF-8"
    assert "perl" in recipe.excluded
    assert recipe.settings.entrypoint == ("/usr/bin/python3.11",)


def test_extra_packages_are_one_more_level() -> None:
    recipe = expand.with_packages(expand.family("base"), ["git", "!perl", "curl@trixie"])
    assert recipe.levels[-1].packages == ("curl@trixie", "git")
    assert "perl" in recipe.excluded
    assert expand.with_packages(recipe, []) is recipe


def test_asking_for_an_excluded_package_lets_it_in() -> None:
    recipe = expand.with_packages(expand.family("base"), ["openssl"])
    assert "openssl" not in recipe.excluded
    assert "debconf" in recipe.excluded


@pytest.mark.parametrize("extra", ["Git", "git;rm", "a b", "../x", "git=="])
def test_extra_packages_must_be_package_names(extra: str) -> None:
    with pytest.raises(RecipeError):
        expand.with_packages(expand.family("base"), [extra])


def test_all_mistakes_are_reported_at_once_with_line_and_key() -> None:
    text = (
        'name = "Bad Name"\nfrom = "pyton3"\npackages = ["git", 7]\nusr = "x"\n'
        '[env]\nA = 1\n[[links]]\npath = "a"\nextra = "b"\n'
    )
    with pytest.raises(RecipeError) as caught:
        expand.from_text(text, "my.toml")
    found = caught.value.problems
    starts = [problem.split(": ")[0:2] for problem in found]
    assert ["my.toml:1", "name"] in starts
    assert ["my.toml:2", "from"] in starts
    assert ["my.toml:3", "packages"] in starts
    assert ["my.toml:4", "usr"] in starts
    assert ["my.toml:6", "env.A"] in starts
    assert ["my.toml:9", "links.0.extra"] in starts
    assert any("did you mean user" in problem for problem in found)
    assert any("did you mean python3" in problem for problem in found)


def test_a_syntax_error_has_its_line() -> None:
    with pytest.raises(RecipeError) as caught:
        expand.from_text('name = "x"\npackages = [\n', "my.toml")
    assert caught.value.problems[0].startswith("my.toml:2")


def test_an_unknown_word_in_braces_names_the_known_ones() -> None:
    with pytest.raises(RecipeError) as caught:
        expand.from_text('name = "x"\nfrom = "base"\npackages = ["lib{pyhton}"]\n', "my.toml")
    assert "python" in caught.value.problems[0]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 1),
        (("env", "MODE"), 9),
        (("links", 0, "target"), 13),
        (("links", 0), 11),
        (("nowhere",), 1),
    ],
)
def test_lines_of_keys(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(RECIPE, path) == line


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("aarch64", "linux/arm64"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("armhf", "linux/arm/v7"),
        ("arm/v7", "linux/arm/v7"),
        ("i386", "linux/386"),
        ("ppc64el", "linux/ppc64le"),
        ("LINUX/S390X", "linux/s390x"),
    ],
)
def test_platform_spellings(text: str, platform: str) -> None:
    assert str(Platform.parse(text)) == platform


def test_an_unknown_platform_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError) as caught:
        Platform.parse("linux/amd46")
    assert "linux/amd64" in caught.value.hint
