"""Resolving on a simulated archive: levels, exclusions, tools, what a lock holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.api import Workspace
from seaslug.errors import LockError, ResolveError, UnknownNameError, UsageError
from seaslug.lock.codec import decode, encode
from seaslug.ops.resolve import Resolver
from seaslug.ports import Silent
from seaslug.values.platform import Platform
from support.debs import deb
from support.shop import Shop, hello

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        yield made


@pytest.fixture
def seaslug(shop: Shop) -> Iterator[Workspace]:
    with shop.workspace() as made:
        yield made


def test_a_lock_says_what_was_chosen_and_from_where(shop: Shop, seaslug: Workspace) -> None:
    lock = seaslug.lock(seaslug.recipe(str(shop.recipe)), [ARM64, AMD64])
    assert [p.platform for p in lock.platforms] == [AMD64, ARM64]
    found = lock.on(AMD64)
    assert [(x.package.name, x.package.version) for x in found.packages] == [
        ("base-files", "13.8"), ("hello", "1.0-1"), ("libgreet", "2.1-3"),
    ]  # fmt: skip
    assert {x.level for x in found.packages} == {"tiny"}
    assert found.skipped == (("hello", "docs-viewer"),), "what an exclusion left unmet"
    assert [a.name for a in lock.archives] == ["trixie", "trixie-security", "trixie-updates"]
    assert all(a.key == shop.archive.key.fingerprint for a in lock.archives)
    text = encode(lock)
    assert decode(text) == lock
    assert "127.0.0.1" not in text and "http" not in text, "a lock names no host"


def test_excluded_packages_are_in_when_asked_for(shop: Shop, seaslug: Workspace) -> None:
    recipe = seaslug.recipe(str(shop.recipe), extra=["docs-viewer"])
    found = seaslug.lock(recipe, [AMD64]).on(AMD64)
    assert found.package("docs-viewer") is not None and found.skipped == ()


def test_a_package_belongs_to_the_first_level_that_needs_it(shop: Shop, seaslug: Workspace) -> None:
    recipe = seaslug.recipe(str(shop.recipe), extra=["tracer", "libgreet", "!busybox-static"])
    levels = {x.package.name: x.level for x in seaslug.lock(recipe, [AMD64]).on(AMD64).packages}
    assert levels["libgreet"] == "tiny" and levels["tracer"] == "with"


def test_a_package_that_depends_on_what_was_taken_away(shop: Shop, seaslug: Workspace) -> None:
    recipe = seaslug.recipe(str(shop.recipe), extra=["!libgreet"])
    found = seaslug.lock(recipe, [AMD64]).on(AMD64)
    assert found.package("libgreet") is None
    assert ("hello", "libgreet") in found.skipped


def test_security_fixes_win(shop: Shop, seaslug: Workspace) -> None:
    shop.archive.add(hello("1.0-1+deb13u1"), suite="trixie-security")
    shop.archive.publish()
    found = seaslug.lock(seaslug.recipe(str(shop.recipe)), [AMD64]).on(AMD64).package("hello")
    assert found is not None
    assert (found.version, found.archive) == ("1.0-1+deb13u1", "trixie-security")


@pytest.mark.parametrize(
    ("extra", "error", "said"),
    [
        ("nothing-like-it", UsageError, "nothing-like-it"),
        ("proud", ResolveError, "libgreet"),
        ("hello@trixy", UnknownNameError, "did you mean trixie"),
    ],
)
def test_what_cannot_be_resolved(
    shop: Shop, seaslug: Workspace, extra: str, error: type[Exception], said: str
) -> None:
    shop.archive.add(deb("proud", fields={"Depends": "libgreet (>= 9)"}))
    shop.archive.publish()
    with pytest.raises(error) as caught:
        seaslug.lock(seaslug.recipe(str(shop.recipe), extra=[extra]), [AMD64])
    assert said in str(caught.value)


def test_a_platform_that_the_distribution_has_not(shop: Shop, seaslug: Workspace) -> None:
    shop.recipe.write_text(shop.recipe.read_text().replace("debian13", "debian12"))
    with pytest.raises(UsageError, match="debian12 has no riscv64 packages") as caught:
        seaslug.lock(seaslug.recipe(str(shop.recipe)), [AMD64, Platform("linux", "riscv64")])
    assert "linux/amd64" in caught.value.hint
    assert shop.server.paths() == []


def test_an_unchanged_archive_is_not_solved_twice(shop: Shop, seaslug: Workspace) -> None:
    recipe = seaslug.recipe(str(shop.recipe))
    first = seaslug.lock(recipe, [AMD64])
    shop.server.requests.clear()
    with shop.workspace() as other:
        assert other.lock(other.recipe(str(shop.recipe)), [AMD64]) == first
    with shop.workspace(offline=True) as other:
        assert other.lock(recipe, [AMD64]) == first
    assert shop.server.paths() == []
    shop.replace("hello", hello("1.0-2"))
    with shop.workspace(refresh=True) as other:
        found = other.lock(recipe, [AMD64]).on(AMD64).package("hello")
    assert found is not None and found.version == "1.0-2"


# Precompiled Python needs an interpreter that runs on this machine.


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def resolver(seaslug: Workspace, host: Platform | None) -> tuple[Resolver, Heard]:
    heard = Heard()
    return Resolver(seaslug.source, lambda: seaslug.source.npm, heard, host), heard


@pytest.mark.parametrize(
    ("host", "platforms", "pyc", "tools"),
    [
        (AMD64, [AMD64], True, []),
        (AMD64, [ARM64, AMD64], True, []),
        (AMD64, [ARM64], True, [AMD64]),
        (None, [ARM64], False, []),
        (Platform("linux", "loong64"), [ARM64], False, []),
    ],
)
def test_tools_are_locked_where_the_image_is_for_elsewhere(
    shop: Shop, seaslug: Workspace, host: Platform | None, platforms: list[Platform], pyc: bool,
    tools: list[Platform],
) -> None:  # fmt: skip
    text = shop.recipe.read_text().replace('effects = ["users"', 'effects = ["pyc", "users"')
    shop.recipe.write_text(text)
    made, heard = resolver(seaslug, host)
    lock = made.lock(seaslug.recipe(str(shop.recipe)), platforms)
    assert [p.pyc for p in lock.platforms] == [pyc] * len(platforms)
    assert [p.platform for p in lock.tools] == tools
    assert bool(heard.said) == (not pyc)
    assert decode(encode(lock)) == lock


def test_recipes_without_python_need_no_tools(shop: Shop, seaslug: Workspace) -> None:
    made, heard = resolver(seaslug, None)
    lock = made.lock(seaslug.recipe(str(shop.recipe)), [ARM64])
    assert (lock.platforms[0].pyc, lock.tools, heard.said) == (False, (), [])


def test_a_lock_for_other_platforms_says_how_to_add_one(shop: Shop, seaslug: Workspace) -> None:
    lock = seaslug.lock(seaslug.recipe(str(shop.recipe)), [AMD64])
    with pytest.raises(LockError) as caught:
        lock.on(ARM64)
    assert "--platform linux/amd64,linux/arm64" in caught.value.hint
