"""seaslug check on real images: the family's, one made by Docker, one in the shape of Alpine's."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.judging import GITHUB, key
from rules.making import File, Files, Folder, Link, layer
from seaslug.adapters.store import Store
from seaslug.values.descriptor import Descriptor
from support import images
from support.cli import Cli
from support.clients import Seaslug, run
from support.real import missing, need

pytestmark = [pytest.mark.slow]


def found(data: Any, *at_least: str) -> set[str]:
    return {row["rule"] for row in data["findings"] if row["severity"] in at_least}


def package(name: str, folder: Path) -> Path:
    """Return a folder with the files of Debian's package *name*."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        [need("apt-get"), "download", name], cwd=folder, capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        missing(f"{name} cannot be fetched: {done.stderr.strip()[-200:]}")
    (deb,) = folder.glob("*.deb")
    run("dpkg-deb", "-x", deb, folder / "root")
    return folder / "root"


@pytest.mark.network
def test_the_family_s_python_is_good(seaslug: Seaslug) -> None:
    image = seaslug.image("python3:nonroot")
    data = seaslug("check", f"oci:{image.layout}:it", "--json").json
    assert found(data, "error", "fatal", "warn") == set(), data["findings"]
    cis = seaslug("check", f"docker-archive:{image.tar}", "--profile", "cis", "--json").json
    assert cis["failed"] is False


@pytest.mark.network
def test_the_debug_variant_is_told(seaslug: Seaslug) -> None:
    image = seaslug.image("static:debug")
    data = seaslug("check", f"oci:{image.layout}:it", "--json").json
    assert {"IMG050", "IMG056", "IMG085"} <= found(data, "warn")
    (shell,) = [row for row in data["findings"] if row["rule"] == "IMG056"]
    assert "busybox" in shell["message"]


@pytest.mark.network
def test_an_image_in_the_shape_of_alpine_s(tmp_path: Path) -> None:
    musl, busybox = package("musl", tmp_path / "m"), package("busybox-static", tmp_path / "b")
    loader = next(path for path in musl.rglob("libc.so") if not path.is_symlink())
    program = (busybox / "bin/busybox").read_bytes()
    files: Files = {
        "lib": Folder(), "lib/ld-musl-x86_64.so.1": File(loader.read_bytes(), 0o755),
        "bin": Folder(), "bin/busybox": File(program, 0o755),
        **{f"bin/{name}": Link("/bin/busybox") for name in ("sh", "ash", "wget", "vi")},
        "sbin/apk": File("#!/bin/sh\n", 0o755), "opt/harmless": File(program, 0o755),
        "etc/passwd": "root::0:0:root:/root:/bin/ash\n", "tmp": Folder(0o1777),
        "etc/shadow": "root:::0:::::\n", "var/cache/apk/APKINDEX.1.tar.gz": "x" * 5000,
    }  # fmt: skip
    store = Store(tmp_path / "home")
    digest = images.image(store, (layer(files),), {"Cmd": ["/bin/sh"]})
    store.tag("alpine", Descriptor(images.MANIFEST, digest, store.get(digest).size))
    data = Cli(tmp_path / "home")("check", "alpine", "--json").json
    assert {"IMG050", "IMG056", "IMG057"} <= found(data, "warn")
    assert "IMG059" in found(data, "error") and "IMG082" in found(data, "info")
    shells = {row["where"] for row in data["findings"] if row["rule"] == "IMG056"}
    assert shells == {"/bin/busybox", "/opt/harmless"}, "under any name, and each once"


DOCKERFILE = """\
FROM scratch
COPY rootfs /
ARG NPM_TOKEN
ENV AWS_SECRET_ACCESS_KEY={token}
RUN ["/bin/busybox", "chmod", "4755", "/opt/tool"]
RUN ["/bin/busybox", "rm", "/app/id_rsa"]
ADD more.tar /app/
COPY big /app/big
COPY other /app/big
EXPOSE 80
USER 0:0
HEALTHCHECK NONE
CMD echo hello
"""


@pytest.fixture
def built(tmp_path: Path) -> Iterator[str]:
    """An image that Docker built, with most that can be wrong."""
    context, tag = tmp_path / "context", f"seaslug-check:{secrets.token_hex(4)}"
    root = context / "rootfs"
    for folder in ("bin", "opt", "app"):
        (root / folder).mkdir(parents=True)
    program = Path(need("busybox")).read_bytes()
    for path in ("bin/busybox", "opt/tool"):
        (root / path).write_bytes(program)
        (root / path).chmod(0o755)
    (root / "bin/sh").symlink_to("busybox")
    (root / "app/id_rsa").write_text(key("OPENSSH "))
    (context / "big").write_bytes(b"x" * 3_000_000)
    (context / "other").write_bytes(b"y" * 2_000_000)
    run("tar", "-cf", context / "more.tar", "-C", root, "app/id_rsa")
    (context / "Dockerfile").write_text(DOCKERFILE.format(token=GITHUB))
    run("docker", "build", "--quiet", "-t", tag, context, env={"DOCKER_BUILDKIT": "0"})
    try:
        yield tag
    finally:
        run("docker", "rmi", "-f", tag)


@pytest.mark.engine
def test_an_image_that_docker_built(built: str, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    done = cli("check", f"docker-daemon:{built}", "--json")
    assert done.status == 15, done.err
    data = done.json
    assert {"IMG070", "IMG075", "IMG076"} <= found(data, "error")
    assert {"IMG050", "IMG052", "IMG056", "IMG080", "IMG101"} <= found(data, "warn")
    assert {"IMG100", "IMG111"} <= found(data, "info")
    keys = {row["where"]: row["message"] for row in data["findings"] if row["rule"] == "IMG070"}
    assert "yet layer 0 still has it" in keys["/app/id_rsa"]
    assert GITHUB not in done.out
    cis = cli("check", f"docker-daemon:{built}", "--profile", "cis", "--json").json
    clauses = {row["clause"] for row in cis["findings"] if row["severity"] == "error"}
    assert {"4.1", "4.8", "4.10"} <= clauses
