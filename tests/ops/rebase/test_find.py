"""Which layers are the base's, and what the rebased image says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from support import images
from support.bases import PATH, Bench, file
from support.registry import Registry

USAGE = 2
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
STANZA = "Package: libz\nVersion: {}\nArchitecture: amd64\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.base("old", file("etc/base", "old"), file("var/lib/dpkg/status", STANZA.format("1")))
    made.base("new", file("etc/base", "new"), file("var/lib/dpkg/status", STANZA.format("2")),
              config={"Env": [PATH, "NEW=1"]})  # fmt: skip
    made.app("app", "old", file("app/x", "mine"), Entrypoint=["/app/x"])
    return made


def again(bench: Bench, name: str, **changes: Any) -> None:
    """Let *name* be the application with another manifest or configuration."""
    store = bench.store
    manifest = json.loads(store.read(store.tags()["app:latest"].digest))
    config = json.loads(store.read(Digest(manifest["config"]["digest"])))
    manifest["annotations"] = changes.pop("annotations", {})
    config.update(changes)
    manifest["config"] = images.descriptor(store, json.dumps(config).encode(), images.CONFIG)
    stored = store.put([json.dumps(manifest).encode()])
    store.tag(name, Descriptor(images.MANIFEST, stored.digest, stored.size), "linux/amd64")


def test_the_files_are_the_new_base_s_under_the_application_s(bench: Bench) -> None:
    done = bench.rebase()
    assert done.status == 0, done.err
    assert bench.cli("cat", "app", "/etc/base").out == "new"
    assert bench.cli("cat", "app", "/app/x").out == "mine"
    assert bench.inspect("app")["digest"] == done.out.strip()
    assert "1 base layers replaced by 1 of new:latest, 1 application layers kept" in done.err
    assert "1 packages, 1 changed: libz 1 → 2" in done.err


def test_layers_are_taken_as_they_are(bench: Bench) -> None:
    app, new = bench.inspect("app"), bench.inspect("new")
    bench.rebase("-t", "result")
    made = bench.inspect("result")
    assert [x["digest"] for x in made["layers"]] == [
        new["layers"][0]["digest"], app["layers"][1]["digest"]
    ]  # fmt: skip
    assert made["config"]["rootfs"]["diff_ids"] == [
        new["layers"][0]["diff_id"], app["layers"][1]["diff_id"]
    ]  # fmt: skip
    assert made["config"]["config"]["Env"] == [PATH, "NEW=1"]
    assert bench.inspect("app") == app, "the old name was not asked for"


def test_it_says_what_it_stands_on_and_can_be_rebased_again_by_that(bench: Bench) -> None:
    bench.rebase()
    made = bench.inspect("app")
    assert made["annotations"][BASE_NAME] == "new:latest"
    assert made["annotations"][BASE_DIGEST] == bench.inspect("new")["digest"]
    back = bench.cli("rebase", "app", "--onto", "old", "-t", "back")
    assert back.status == 0, back.err
    assert bench.cli("cat", "back", "/etc/base").out == "old"
    assert bench.inspect("back")["annotations"][BASE_NAME] == "old:latest"


def test_nothing_tells_what_the_base_is(bench: Bench) -> None:
    done = bench.cli("rebase", "app", "--onto", "new")
    assert done.status == USAGE
    assert "nothing tells which layers are the base's" in done.err and "--from OLD_BASE" in done.err


def test_the_base_that_it_names_is_not_here(bench: Bench) -> None:
    again(bench, "told", annotations={BASE_NAME: "example.org/base:1"})
    done = bench.cli("rebase", "told", "--onto", "new")
    assert done.status == USAGE and "it says example.org/base:1, which is not in the store" in (
        done.err
    )


def test_a_name_that_means_another_image_now_is_not_believed(bench: Bench) -> None:
    again(bench, "told", annotations={BASE_NAME: "new"})
    assert bench.cli("rebase", "told", "--onto", "new").status == USAGE


def test_it_does_not_stand_on_what_is_named(bench: Bench) -> None:
    done = bench.rebase(old="new")
    assert done.status == USAGE and "of its 1 layers 0 are at the bottom here" in done.err


@pytest.mark.parametrize("args", [("nosuch", "--onto", "new"), ("app", "--onto", "nosuch"),
                                  ("app", "--from", "nosuch", "--onto", "new")])  # fmt: skip
def test_names_that_are_not_there(bench: Bench, args: tuple[str, ...]) -> None:
    done = bench.cli("rebase", *args)
    assert done.status == USAGE and "unknown image" in done.err


def test_a_base_by_its_digest(bench: Bench) -> None:
    digest = bench.inspect("new")["digest"]
    for onto in (digest, digest[7:19], f"example.org/base@{digest}"):
        assert bench.rebase("-t", "by", new=onto).out == bench.rebase("-t", "by", new=onto).out
        told = bench.inspect("by")["annotations"]
        assert told[BASE_DIGEST] == digest
        assert told[BASE_NAME] == ("example.org/base" if "@" in onto else "new:latest")


def test_an_image_by_its_digest_needs_a_name(bench: Bench) -> None:
    again(bench, "other", author="somebody")
    digest = bench.inspect("other")["digest"]
    assert bench.cli("rm", "other").status == 0
    done = bench.rebase(app=digest)
    assert done.status == USAGE and "-t NAME" in done.err
    assert bench.rebase("-t", "named", app=digest).status == 0


def test_the_history_is_the_new_base_s_and_the_application_s(bench: Bench) -> None:
    rows = [
        {"created_by": "base layer"}, {"created_by": "base env", "empty_layer": True},
        {"created_by": "own env", "empty_layer": True}, {"created_by": "own layer"},
    ]  # fmt: skip
    again(bench, "told", history=rows, created="2024-05-01T00:00:00Z", author="somebody")
    assert bench.rebase("-t", "result", app="told").status == 0
    config = bench.inspect("result")["config"]
    assert [row.get("created_by", "") for row in config["history"]] == [
        "", "base env", "own env", "own layer"
    ]  # fmt: skip
    assert (config["created"], config["author"]) == ("2024-05-01T00:00:00Z", "somebody")


def test_a_recipe_that_somebody_spoiled(bench: Bench) -> None:
    spoiled = file("usr/share/seaslug/recipe.json", '{"seaslug-recipe": 1, "levels": 3}')
    bench.base("old", spoiled)
    bench.app("app", "old", file("app/x"), Labels={"dev.seaslug.recipe": "x"})
    rows = [{"created_by": "seaslug: a + configuration"}, {"created_by": "seaslug: application"}]
    again(bench, "told", history=rows)
    done = bench.cli("rebase", "told", "--onto", "new")
    assert done.status == 3 and "tells of its recipe is malformed" in done.err


def test_a_configuration_without_its_layers(bench: Bench) -> None:
    again(bench, "broken", rootfs={"type": "layers", "diff_ids": []})
    done = bench.rebase(app="broken")
    assert done.status == 9 and "diff ids for 0" in done.err


def test_platforms_that_both_have(bench: Bench) -> None:
    other = Bench(bench.cli.home.parent)
    for name in ("old", "new", "app"):
        _index(other, name, "amd64", *(() if name == "new" else ("arm64",)))
    done = other.rebase("--json", "-t", "some", app="apps", old="olds", new="news")
    assert done.status == 0, done.err
    assert done.json["left"] == ["linux/arm64"]
    assert "linux/arm64  left out: the new base has no image for it" in done.err
    _index(other, "new", "amd64", "arm64")
    done = other.rebase("-t", "both", app="apps", old="olds", new="news")
    assert done.status == 0, done.err
    assert "apps  linux/amd64" in done.err and "apps  linux/arm64" in done.err
    for platform in ("linux/amd64", "linux/arm64"):
        assert other.cli("cat", "both", "/etc/base", "--platform", platform).out == "new"
    only = other.rebase("-t", "one", "--platform", "arm64", app="apps", old="olds", new="news")
    assert only.status == 0 and "amd64" not in only.err


def _index(bench: Bench, name: str, *arches: str) -> None:
    """Name an index of *name*'s layers, for each of *arches*, as *name* with an s."""
    store, rows = bench.store, []
    found = json.loads(store.read(store.tags()[f"{name}:latest"].digest))
    config = json.loads(store.read(Digest(found["config"]["digest"])))
    for arch in arches:
        raw = json.dumps({**config, "architecture": arch}).encode()
        manifest = {**found, "config": images.descriptor(store, raw, images.CONFIG)}
        row = images.descriptor(store, json.dumps(manifest).encode(), images.MANIFEST)
        rows.append({**row, "platform": {"os": "linux", "architecture": arch}})
    kind = "application/vnd.oci.image.index.v1+json"
    raw = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": rows}).encode()
    stored = store.put([raw])
    store.tag(f"{name}s", Descriptor(kind, stored.digest, stored.size))


def test_images_in_other_places(bench: Bench, tmp_path: Path) -> None:
    """A base is named by its digest as it is there; an application needs a name here."""
    for name in ("app", "old", "new"):
        done = bench.cli("export", name, "-o", f"oci:{tmp_path}/out:{name}")
        assert done.status == 0, done.err
    place = f"oci:{tmp_path}/out"
    elsewhere = Bench(tmp_path / "elsewhere")
    args = ("rebase", f"{place}:app", "--from", f"{place}:old", "--onto", f"{place}:new")
    done = elsewhere.cli(*args)
    assert done.status == USAGE and "-t NAME" in done.err
    done = elsewhere.cli(*args, "-t", "app:2")
    assert done.status == 0, done.err
    assert elsewhere.cli("cat", "app:2", "/etc/base").out == "new"
    told = elsewhere.inspect("app:2")["annotations"]
    assert told == {BASE_DIGEST: bench.inspect("new")["digest"]}
    assert set(elsewhere.store.tags()) == {"app:2"}


def test_images_in_a_registry(bench: Bench, tmp_path: Path) -> None:
    with Registry() as registry:
        for name in ("app", "old", "new"):
            done = bench.cli("push", name, "-t", f"{registry.host}/me/{name}:1")
            assert done.status == 0, done.err
        place = f"docker://{registry.host}/me"
        elsewhere = Bench(tmp_path / "elsewhere")
        done = elsewhere.cli("rebase", f"{place}/app:1", "--from", f"{place}/old:1",
                             "--onto", f"{place}/new:1", "-t", "app:2")  # fmt: skip
        assert done.status == 0, done.err
        told = elsewhere.inspect("app:2")["annotations"]
        assert told[BASE_NAME] == f"{registry.host}/me/new:1"
        assert told[BASE_DIGEST] == bench.inspect("new")["digest"]
