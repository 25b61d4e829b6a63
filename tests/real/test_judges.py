"""What independent readers of images say about ours."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.clients import Image, Seaslug, run

pytestmark = [pytest.mark.judge, pytest.mark.network]

PYTHON = "python3:nonroot"
SUBJECTS = ("static", PYTHON, "base:debug-nonroot")


@pytest.fixture(params=SUBJECTS)
def image(request: pytest.FixtureRequest, seaslug: Seaslug) -> Image:
    return seaslug.image(request.param)


def packages(seaslug: Seaslug, image: Image) -> set[tuple[str, str]]:
    """Return name and version of every package, from the lock that lies in the image."""
    lock = json.loads(seaslug("cat", image.name, "/usr/share/seaslug/lock.json").out)
    (platform,) = lock["platforms"]
    found = {(row["name"], row["version"]) for row in platform["packages"]}
    told = seaslug("inspect", image.name, "--json").json["packages"]
    assert {(row["name"], row["version"]) for row in told} == found
    return found


def test_skopeo_reads_the_layout(image: Image) -> None:
    seen = run("skopeo", "inspect", image.oci).json
    config = image.config()
    assert seen["Digest"] == image.digest
    assert seen["Layers"] == [layer["digest"] for layer in image.manifest()["layers"]]
    assert seen["Labels"] == config["config"]["Labels"]
    assert (seen["Created"], seen["Os"]) == (config["created"], "linux")


@pytest.mark.parametrize("where", ["dir:{}/copy", "docker-archive:{}/copy.tar:x:y"])
def test_skopeo_copies_every_blob(image: Image, tmp_path: Path, where: str) -> None:
    """It checks each digest on its way."""
    target = where.format(tmp_path)
    run("skopeo", "copy", "--insecure-policy", image.oci, target)
    copied = run("skopeo", "inspect", "--config", target.removesuffix(":x:y")).json
    assert copied["rootfs"] == image.config()["rootfs"]


def test_skopeo_reads_the_docker_archive(image: Image) -> None:
    seen = run("skopeo", "inspect", "--config", f"docker-archive:{image.tar}").json
    assert seen == image.config()
    seen = run("skopeo", "inspect", f"oci-archive:{image.tar}").json
    assert seen["Digest"] == image.digest


def test_crane_validates_the_docker_archive(image: Image) -> None:
    run("crane", "validate", "--tarball", image.tar)


def test_umoci_unpacks_the_tree_that_export_writes(
    seaslug: Seaslug, image: Image, tmp_path: Path
) -> None:
    root = os.geteuid() == 0
    rootless = [] if root else ["--rootless"]
    theirs, ours = tmp_path / "umoci", tmp_path / "ours"
    run("umoci", "unpack", *rootless, "--image", f"{image.layout}:it", theirs)
    seaslug("export", image.name, "-o", f"root:{ours}")
    expected = listing(theirs / "rootfs", owners=root)
    assert len(expected) > 500
    assert listing(ours, owners=root) == expected


def listing(root: Path, *, owners: bool) -> dict[str, tuple[object, ...]]:
    """Return what can be seen of each path below *root*."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, names in os.walk(root):
        for name in (".", *folders, *names):
            path = os.path.join(folder, name)
            seen = os.lstat(path)
            owner = (seen.st_uid, seen.st_gid) if owners else ()
            content = ""
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            # Writing into a folder changes its time; the tar's own comes last, and holds.
            told = (oct(seen.st_mode), int(seen.st_mtime), owner, content)
            found[os.path.relpath(path, root)] = told
    return found


@pytest.mark.slow
def test_syft_finds_exactly_the_packages(seaslug: Seaslug, image: Image) -> None:
    env = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
    told = run("syft", "scan", "-q", f"docker-archive:{image.tar}", "-o", "syft-json", env=env).json
    debs = [row for row in told["artifacts"] if row["type"] == "deb"]
    assert {(row["name"], row["version"]) for row in debs} == packages(seaslug, image)
    assert len(debs) == len({row["name"] for row in debs})
    assert (told["distro"]["id"], told["distro"]["versionID"]) == ("debian", "13")
    assert all("distro=debian-13" in row["purl"] for row in debs)


@pytest.mark.slow
def test_trivy_finds_exactly_the_packages(seaslug: Seaslug, image: Image, tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    # It insists on a database. It makes an empty one itself if this says that it is recent.
    fresh = {
        "Version": 2,
        "NextUpdate": "2099-01-01T00:00:00Z",
        "UpdatedAt": "2026-01-01T00:00:00Z",
    }
    (tmp_path / "db" / "metadata.json").write_text(json.dumps(fresh))
    offline = [
        "--skip-db-update",
        "--skip-policy-update",
        "--skip-java-db-update",
        "--offline-scan",
    ]
    asked = ["--scanners", "vuln", "--list-all-pkgs", "--format", "json", "--input", image.tar]
    told = run("trivy", "-q", "image", "--cache-dir", tmp_path, *offline, *asked).json
    system = told["Metadata"]["OS"]
    assert system["Family"] == "debian" and system["Name"].split(".")[0] == "13"
    (debian,) = [row for row in told["Results"] if row["Class"] == "os-pkgs"]
    assert {(row["Name"], full(row)) for row in debian["Packages"]} == packages(seaslug, image)


def full(row: dict[str, Any]) -> str:
    """Return the version that trivy has taken apart."""
    epoch = f"{row['Epoch']}:" if row.get("Epoch") else ""
    revision = f"-{row['Release']}" if row.get("Release") else ""
    return f"{epoch}{row['Version']}{revision}"


def test_dive_finds_nothing_wasted(image: Image) -> None:
    rules = ["--highestWastedBytes", "64KB", "--lowestEfficiency", "0.995"]
    rules += ["--highestUserWastedPercent", "0.005"]
    told = run("dive", f"docker-archive://{image.tar}", *rules, env={"CI": "true"}).out
    assert "[Total:3] [Passed:3]" in told


def test_gnu_tar_lists_every_layer(image: Image) -> None:
    for layer in image.manifest()["layers"]:
        done = run("tar", "--gzip", "--numeric-owner", "-tvf", image.path(layer["digest"]))
        assert done.err == ""
        assert done.out
