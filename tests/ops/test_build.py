"""Builds on a simulated archive: what is reused, what gives the same digest, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seaslug.api import Result, Workspace
from seaslug.errors import LockError, RecipeError, UsageError
from seaslug.lock.codec import decode, encode
from seaslug.oci import images
from seaslug.oci.read import IndexManifest, parse
from seaslug.values.platform import Platform
from support.cli import harm
from support.debs import deb
from support.shop import Shop, hello

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        yield made


def build(
    shop: Shop, home: str = "home", *, platforms: Any = (AMD64,), choice: Any = None,
    subject: str = "", **options: Any,
) -> Result:  # fmt: skip
    with shop.workspace(home, **(choice or {})) as seaslug:
        return seaslug.build(seaslug.recipe(subject or str(shop.recipe)), platforms, **options)


def tally(result: Result) -> tuple[int, int]:
    return result.builder.tally.made, result.builder.tally.reused


def debs(shop: Shop) -> list[str]:
    return [path.rpartition("/")[2] for path in shop.server.paths() if path.endswith(".deb")]


def test_a_changed_package_is_all_that_is_made_again(shop: Shop) -> None:
    first = build(shop)
    assert tally(first) == (4, 0), "three packages, and base-files once more for os-release"
    assert not first.images[0].reused
    shop.server.requests.clear()
    shop.replace("hello", hello("1.0-2", "changed"))
    second = build(shop, choice={"refresh": True})
    assert tally(second) == (1, 3)
    assert debs(shop) == ["hello_1.0-2_amd64.deb"]
    assert second.descriptor != first.descriptor
    again = build(shop)
    assert again.images[0].reused and tally(again) == (0, 0)
    assert again.descriptor == second.descriptor


def test_a_variant_shares_pieces_and_lock(shop: Shop) -> None:
    first = build(shop)
    with shop.workspace() as seaslug:
        recipe = seaslug.recipe(f"{shop.recipe}:nonroot")
        second = seaslug.build(recipe, [AMD64], lock=first.lock)
    assert tally(second) == (0, 4)
    one, two = (manifest(shop, result) for result in (first, second))
    assert one.layers == two.layers and one.config != two.config


def manifest(shop: Shop, result: Result) -> Any:
    return parse(shop.store.read(result.images[0].manifest.digest))


def test_the_same_everywhere_from_one_lock(shop: Shop) -> None:
    """Another store, later, another version in the archive: the lock decides."""
    first = build(shop, platforms=(AMD64, ARM64))
    text = encode(first.lock)
    shop.archive.add(hello("2.0"), hello("2.0", arch="arm64"))
    shop.archive.date += 60
    shop.archive.publish()
    again = build(shop, "other", platforms=(AMD64, ARM64), lock=decode(text))
    assert again.descriptor == first.descriptor
    fresh = build(shop, "third", platforms=(AMD64, ARM64))
    assert fresh.descriptor != first.descriptor


def test_the_order_of_work_does_not_show(shop: Shop) -> None:
    """Built one by one or at once, from warm or cold caches, slowly: one digest."""
    first = build(shop, "a", platforms=(AMD64, ARM64))
    build(shop, "b", platforms=(ARM64,))
    second = build(shop, "b", platforms=(AMD64, ARM64))
    shop.server.fail("*hello*.deb", "slow", 400)
    third = build(shop, "c", platforms=(ARM64, AMD64))
    assert first.descriptor == second.descriptor == third.descriptor


def test_offline_once_everything_is_here(shop: Shop) -> None:
    first = build(shop)
    shop.server.down()
    again = build(shop, choice={"offline": True})
    assert again.descriptor == first.descriptor
    by_lock = build(shop, choice={"offline": True}, lock=first.lock, layers="single")
    assert tally(by_lock) == (0, 4)


def test_several_platforms_are_one_index(shop: Shop) -> None:
    result = build(shop, platforms=(ARM64, AMD64))
    index = parse(shop.store.read(result.descriptor.digest))
    assert isinstance(index, IndexManifest)
    assert [entry.platform for entry in index.entries] == ["linux/amd64", "linux/arm64"]
    assert {e.descriptor for e in index.entries} == {i.manifest for i in result.images}
    assert build(shop).descriptor == next(
        i.manifest for i in result.images if i.platform == AMD64
    ), "one platform alone is the same image"
    assert len(list(images.blobs(shop.store, result.descriptor))) == 2 * 4 + 1


def test_a_damaged_store_is_mended(shop: Shop) -> None:
    first = build(shop)
    for path in sorted(shop.cli.home.glob("blobs/sha256/*")):
        path.unlink()
        assert build(shop).descriptor == first.descriptor
        for blob in images.blobs(shop.store, first.descriptor):
            assert shop.store.find(blob.digest) is not None, f"without {path.name}"
    assert harm(shop.cli.home) == []


def test_the_configuration_is_the_recipes(shop: Shop) -> None:
    result = build(shop, subject=f"{shop.recipe}:nonroot")
    config = json.loads(shop.store.read(manifest(shop, result).config.digest))
    assert config["architecture"] == "amd64"
    assert config["created"] == "2023-11-14T22:13:20Z", "the newest file of any package"
    run = config["config"]
    assert (run["User"], run["WorkingDir"]) == ("65532", "/home/nonroot")
    assert run["Entrypoint"] == ["/usr/bin/hello"]
    labels = run["Labels"]
    assert labels["org.opencontainers.image.version"] == "1.0-1"
    assert labels["dev.seaslug.recipe"] == result.recipe.digest.text
    assert manifest(shop, result).annotations == tuple(sorted(labels.items()))


@pytest.mark.parametrize("kind", ["recipe", "format", "platform", "package"])
def test_a_lock_that_does_not_fit_is_refused(shop: Shop, kind: str) -> None:
    lock = build(shop).lock
    platforms, said = (AMD64,), ""
    if kind == "recipe":
        shop.recipe.write_text(shop.recipe.read_text().replace("hi {arch}", "hi you"))
        said = "the recipe has changed"
    elif kind == "format":
        lock, said = replace(lock, format_version=99), "the lock is for format 99"
    elif kind == "platform":
        platforms, said = (ARM64,), "has nothing for linux/arm64"
    else:
        only = replace(lock.platforms[0], packages=lock.platforms[0].packages[1:])
        lock, said = replace(lock, platforms=(only,)), "base-files"
    with pytest.raises((LockError, RecipeError)) as caught:
        build(shop, platforms=platforms, lock=lock)
    assert said in str(caught.value)


def test_a_lock_whose_package_is_another_now(shop: Shop) -> None:
    from seaslug.errors import ArchiveError

    lock = build(shop).lock
    shop.replace("hello", hello(text="other bytes, same name"))
    with pytest.raises(ArchiveError) as caught:
        build(shop, "other", lock=lock)
    assert "hello_1.0-1_amd64.deb" in str(caught.value)


def with_python(shop: Shop) -> None:
    """Add a Python module to the recipe, and the effect that precompiles it."""
    shop.archive.add(deb("snake", files={"usr/lib/python3/dist-packages/a.py": "1"}, arch="all"))
    shop.archive.publish()
    text = shop.recipe.read_text().replace('packages = ["hello"]', 'packages = ["hello", "snake"]')
    shop.recipe.write_text(text.replace('effects = ["users"', 'effects = ["pyc", "users"'))


def test_python_is_left_uncompiled_on_request(shop: Shop) -> None:
    """Asked with and without, the remembered locks do not get mixed up."""
    with_python(shop)
    with shop.workspace() as seaslug:
        recipe = seaslug.recipe(str(shop.recipe))
        before = seaslug.lock(recipe, [AMD64])
        plain = seaslug.lock(recipe, [AMD64], pyc=False)
        assert seaslug.lock(recipe, [AMD64]) == before
    assert not plain.platforms[0].pyc and not plain.tools
    image = build(shop, lock=plain).images[0]
    assert image.platform == AMD64


def test_pyc_without_an_interpreter_for_this_machine(shop: Shop) -> None:
    """The lock promises precompiled Python; whoever cannot keep that is told."""
    with_python(shop)
    with shop.workspace() as seaslug:
        recipe = seaslug.recipe(str(shop.recipe))
        lock = seaslug.lock(recipe, [ARM64])
    if not lock.platforms[0].pyc or not lock.tools:
        pytest.skip("an interpreter for arm64 would run here, or none at all")
    with pytest.raises(LockError, match="no interpreter that runs on"):
        build(shop, platforms=(ARM64,), lock=replace(lock, tools=()))


@pytest.mark.parametrize("effect", ["ca", "licences", "java-keystore"])
def test_an_effect_without_its_package_says_so(shop: Shop, effect: str) -> None:
    shop.recipe.write_text(
        f'name = "bare"\ndistribution = "debian13"\npackages = ["tracer"]\neffects = ["{effect}"]\n'
    )
    with pytest.raises(RecipeError, match=f"effect {effect} reads"):
        build(shop)


def test_more_packages_for_a_recipe_without_base_files(shop: Shop) -> None:
    shop.recipe.write_text('name = "bare"\ndistribution = "debian13"\npackages = ["tracer"]\n')
    with shop.workspace() as seaslug:
        recipe = seaslug.recipe(str(shop.recipe), extra=["libgreet"])
        assert seaslug.build(recipe, [AMD64]).images[0].packages == 2


@pytest.mark.parametrize("options", [{"compression": "bzip2"}, {"level": 99}, {"level": 0}])
def test_options_that_do_not_exist(shop: Shop, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        build(shop, **options)


def test_a_workspace_is_usable_again_after_closing(shop: Shop) -> None:
    seaslug: Workspace = shop.workspace()
    with seaslug:
        first = seaslug.build(seaslug.recipe(str(shop.recipe)), [AMD64])
    with seaslug:
        again = seaslug.build(seaslug.recipe(str(shop.recipe)), [AMD64], layers="single")
    assert first.lock == again.lock
