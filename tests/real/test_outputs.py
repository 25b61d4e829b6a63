"""Every place that an image can be put to, read back by those who live there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from support.clients import Engine, Seaslug, run

pytestmark = [pytest.mark.judge, pytest.mark.network]

# Small, and there is something to start.
SUBJECT = "base:debug"
SAY = ("-c", "echo from $(busybox | head -1 | cut -d' ' -f2)")
SAID = "from v1.37"
TWO = "linux/amd64,linux/arm64"
engine = pytest.mark.engine


def build(seaslug: Seaslug, *options: object) -> str:
    """Build and return the digest."""
    return seaslug("build", SUBJECT, "--allow-expired", *options).out.strip()


def digest(reference: str) -> str:
    return str(run("skopeo", "inspect", reference).json["Digest"])


def test_an_oci_layout_holds_more_than_one_image(seaslug: Seaslug, tmp_path: Path) -> None:
    place = f"oci:{tmp_path}/new/layout"
    first = build(seaslug, "-o", f"{place}:one")
    second = build(seaslug, "-o", f"{place}:two", "--layers", "single")
    assert (digest(f"{place}:one"), digest(f"{place}:two")) == (first, second)
    build(seaslug, "-o", f"{place}:one", "--layers", "single")
    assert digest(f"{place}:one") == second, "the tag moves"
    build(seaslug, "-o", place)
    assert digest(f"{place}:{SUBJECT}") == first, "named as in the store"


def test_an_oci_archive(seaslug: Seaslug, tmp_path: Path) -> None:
    file = tmp_path / "image.tar"
    made = build(seaslug, "-o", f"oci-archive:{file}", "-t", "some/name:1")
    assert digest(f"oci-archive:{file}:some/name:1") == made


@pytest.mark.parametrize("name", ["oci", "oci-archive"])
def test_an_index_holds_both_platforms(seaslug: Seaslug, tmp_path: Path, name: str) -> None:
    place = f"{name}:{tmp_path}/it:two"
    made = build(seaslug, "-o", place, "--platform", TWO)
    raw = run("skopeo", "inspect", "--raw", place)
    rows = [row["platform"] for row in raw.json["manifests"]]
    assert [(row["os"], row["architecture"]) for row in rows] == [
        ("linux", "amd64"), ("linux", "arm64"),
    ]  # fmt: skip
    assert rows[1].get("variant") in (None, "v8")
    for arch in ("amd64", "arm64"):
        seen = run("skopeo", "--override-arch", arch, "inspect", place).json
        assert seen["Architecture"] == arch
    copy = tmp_path / "copy"
    run("skopeo", "copy", "--all", "--insecure-policy", place, f"dir:{copy}")
    assert run("sha256sum", copy / "manifest.json").out.split()[0] == made.removeprefix("sha256:")


@pytest.mark.parametrize(
    "place", ["docker-archive:{}/x.tar", "docker-daemon:localhost/x:1", "podman:localhost/x:1"]
)
def test_what_holds_one_platform_refuses_two(seaslug: Seaslug, tmp_path: Path, place: str) -> None:
    args = ("build", SUBJECT, "--allow-expired", "--platform", TWO, "-o", place.format(tmp_path))
    said = seaslug(*args, status=2).err
    assert "holds one platform, and this image has 2" in said
    assert "--platform linux/amd64|linux/arm64" in said
    assert os.listdir(tmp_path) == []


SHAPES = {
    "as it comes": (), "uncompressed": ("--compression", "none"), "single": ("--layers", "single"),
    "per package": ("--layers", "per-package"),
}  # fmt: skip


@engine
@pytest.mark.parametrize("shape", SHAPES)
def test_docker_runs_every_shape_from_an_archive(
    seaslug: Seaslug, docker: Engine, shape: str
) -> None:
    image = seaslug.image(SUBJECT, *SHAPES[shape])
    layers = image.manifest()["layers"]
    assert {
        "as it comes": 2 <= len(layers) <= 8,
        "single": len(layers) == 1,
        "per package": len(layers) > 8,
        "uncompressed": all(row["mediaType"].endswith(".tar") for row in layers),
    }[shape]
    name = docker.load(image)
    assert docker.run(name, *SAY).startswith(SAID)
    told = run("docker", "image", "inspect", name).json
    assert told[0]["RootFS"]["Layers"] == image.config()["rootfs"]["diff_ids"]


def test_export_names_an_image_as_it_was_asked_for(seaslug: Seaslug, tmp_path: Path) -> None:
    build(seaslug, "-t", "some/where:1", "-t", "some/where:latest")
    both = build(seaslug, "-t", "some/where:2", "--platform", TWO)
    arm = seaslug("inspect", both, "--platform", "linux/arm64", "--json")
    cases = {"some/where:1": ["some/where:1"], "some/where": ["some/where:latest"]}
    for asked, names in {**cases, arm.json["digest"]: None}.items():
        file = tmp_path / "image.tar"
        seaslug("export", asked, "-o", f"docker-archive:{file}")
        (row,) = run("tar", "-xOf", file, "manifest.json").json
        assert row["RepoTags"] == names


def test_the_same_files_in_every_shape(seaslug: Seaslug) -> None:
    """The tree does not depend on how it is cut and packed.

    Only the time of a folder does: it is that of the newest thing in its layer.
    """
    options = [*SHAPES.values(), ("--compression", "zstd")]
    trees = set()
    for shape in options:
        rows = seaslug("ls", seaslug.image(SUBJECT, *shape).name, "--json").json["files"]
        for row in rows:
            del row["layer"]
            row["mtime"] = 0 if row["kind"] == "dir" else row["mtime"]
        trees.add(json.dumps(rows))
    assert len(trees) == 1


@engine
def test_straight_into_docker(seaslug: Seaslug, docker: Engine) -> None:
    name = docker.own("localhost/seaslug-test-daemon:1")
    build(seaslug, "-o", f"docker-daemon:{name}")
    assert docker.run(name, *SAY).startswith(SAID)


@engine
def test_load_gives_every_name_to_the_engine_that_is_there(
    seaslug: Seaslug, docker: Engine
) -> None:
    names = [docker.own(f"localhost/seaslug-test-load-{i}:1") for i in (1, 2)]
    done = seaslug("build", SUBJECT, "--allow-expired", "--load", "-t", names[0], "-t", names[1])
    assert f"docker-daemon:{names[0]}, {names[1]}" in done.err
    for name in names:
        assert docker.run(name, *SAY).startswith(SAID)


@engine
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_straight_into_podman(seaslug: Seaslug, podman: Engine, compression: str) -> None:
    name = podman.own(f"localhost/seaslug-test-podman:{compression}")
    build(seaslug, "-o", f"podman:{name}", "--compression", compression)
    assert podman.run(name, *SAY).startswith(SAID)


@engine
def test_podman_loads_an_oci_archive_in_zstd(
    seaslug: Seaslug, podman: Engine, tmp_path: Path
) -> None:
    name = podman.own("localhost/seaslug-test-oci:zstd")
    file = tmp_path / "image.tar"
    build(seaslug, "-o", f"oci-archive:{file}", "-t", name, "--compression", "zstd")
    run("podman", "load", "-i", file)
    assert podman.run(name, *SAY).startswith(SAID)


def test_an_archive_for_docker_is_given_no_zstd(seaslug: Seaslug, tmp_path: Path) -> None:
    args = ("build", SUBJECT, "--allow-expired", "--compression", "zstd")
    said = seaslug(*args, "-o", f"docker-archive:{tmp_path}/x.tar", status=2).err
    assert "docker load takes no zstd layers before version 23" in said
    assert "--compression gzip" in said
    assert os.listdir(tmp_path) == []


@engine
def test_an_old_docker_is_given_zstd_unpacked(seaslug: Seaslug, docker: Engine) -> None:
    name = docker.own("localhost/seaslug-test-daemon:zstd")
    build(seaslug, "--compression", "zstd", "-o", f"docker-daemon:{name}")
    assert docker.run(name, *SAY).startswith(SAID)


def test_a_docker_that_is_not_there(seaslug: Seaslug, tmp_path: Path) -> None:
    nobody = {"DOCKER_HOST": f"unix://{tmp_path}/none"}
    args = ("build", SUBJECT, "--allow-expired", "-o", "docker-daemon:localhost/x:1")
    assert "Docker does not answer at unix:///" in seaslug(*args, status=11, env=nobody).err
