"""Images through Debian's registry, to and from the clients that people have."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.certificates import CertificateAuthority
from support.clients import Engine, Image, Seaslug, run
from support.distribution import PASSWORD, USER, Distribution
from support.real import need

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.judge]
PLATFORMS = "linux/amd64,linux/arm64"


@pytest.fixture(scope="module")
def static(seaslug: Seaslug) -> Image:
    return seaslug.image("static:nonroot")


@pytest.fixture(scope="module")
def several(seaslug: Seaslug, tmp_path_factory: pytest.TempPathFactory) -> Image:
    layout = tmp_path_factory.mktemp("several") / "oci"
    name = f"localhost/seaslug-test-{secrets.token_hex(4)}:several"
    wanted = ["--platform", PLATFORMS, "-t", name, "-o", f"oci:{layout}:it"]
    digest = seaslug("build", "static", "--allow-expired", *wanted).out.strip()
    return Image(name, digest, layout, layout)


@pytest.fixture
def name(distribution: Distribution) -> str:
    return f"{distribution.host}/test-{secrets.token_hex(4)}/app"


@pytest.fixture
def pulled(docker: Engine, name: str) -> Iterator[str]:
    """The name that Docker may pull under: it trusts the loopback by its address."""
    yield docker.own(f"{name}:1")


def pinned(text: str) -> str:
    return text.strip().rpartition("@")[2]


@pytest.mark.engine
def test_docker_pulls_and_runs_what_was_pushed(
    seaslug: Seaslug, docker: Engine, pulled: str
) -> None:
    image = seaslug.image("python3:nonroot")
    said = seaslug("push", image.name, "-t", pulled).out
    assert said.strip() == f"{pulled.rpartition(':')[0]}@{image.digest}"
    told = run("docker", "pull", pulled).out
    assert image.digest in told
    assert docker.run(pulled, "-c", "print(6 * 7)") == "42\n"


def test_skopeo_copies_what_was_pushed(
    seaslug: Seaslug, static: Image, name: str, tmp_path: Path
) -> None:
    seaslug("push", static.name, "-t", f"{name}:1")
    plain = ["--src-tls-verify=false"]
    run("skopeo", "copy", *plain, f"docker://{name}:1", f"oci:{tmp_path / 'out'}:it")
    index = json.loads((tmp_path / "out/index.json").read_text())
    assert index["manifests"][0]["digest"] == static.digest


def test_crane_finds_nothing_wrong(seaslug: Seaslug, several: Image, name: str) -> None:
    seaslug("push", several.name, "-t", f"{name}:1")
    for platform in PLATFORMS.split(","):
        told = run("crane", "validate", "--remote", f"{name}:1", "--platform", platform)
        assert "PASS" in told.out + told.err
    assert run("crane", "digest", f"{name}:1").out.strip() == several.digest


def test_an_image_of_several_platforms_is_pulled_by_digest_and_platform(
    seaslug: Seaslug, several: Image, name: str
) -> None:
    said = seaslug("push", several.name, "-t", f"{name}:1").out.strip()
    for platform in PLATFORMS.split(","):
        tag = f"{name}:{platform.replace('/', '-')}"
        digest = seaslug("pull", said, "--platform", platform, "-t", tag).out.strip()
        assert run("crane", "digest", f"{name}:1", "--platform", platform).out.strip() == digest
        assert seaslug("inspect", tag, "--json").json["platform"] == platform
    refused = seaslug("pull", said, "--platform", "linux/s390x", status=2)
    assert "linux/arm64" in refused.err
    assert "Traceback" not in refused.err


def test_oras_sees_what_refers_to_an_image_and_so_do_we(
    seaslug: Seaslug, static: Image, name: str, tmp_path: Path
) -> None:
    seaslug("push", static.name, "-t", f"{name}:1")
    (tmp_path / "sbom.json").write_text("{}")
    attach = [
        "oras",
        "attach",
        "--plain-http",
        "--artifact-type",
        "application/x.sbom",
        f"{name}:1",
    ]
    subprocess.run([*attach, "sbom.json"], cwd=tmp_path, check=True, capture_output=True)
    other = f"{name}-copy:1"
    copied = ["copy", f"docker://{name}:1", f"docker://{other}", "--include-referrers", "--json"]
    assert seaslug(*copied).json["referrers"] == 1
    told = run("oras", "discover", "--plain-http", "--format", "json", other).json
    assert "application/x.sbom" in json.dumps(told)
    layout = tmp_path / "layout"
    seaslug("copy", f"docker://{name}:1", f"oci:{layout}:it", "--include-referrers")
    told = run("oras", "discover", "--oci-layout", f"{layout}:it", "--format", "json").json
    assert "application/x.sbom" in json.dumps(told)


@pytest.mark.engine
def test_what_docker_pushed_is_pulled_and_runs(
    seaslug: Seaslug, docker: Engine, name: str, tmp_path: Path
) -> None:
    """Docker writes its schema 2."""
    image = seaslug.image("python3:nonroot")
    docker.load(image)
    run("docker", "tag", image.name, docker.own(f"{name}:docker"))
    run("docker", "push", f"{name}:docker")
    digest = seaslug("pull", f"{name}:docker", "-t", f"{name}:ours").out.strip()
    assert run("crane", "digest", f"{name}:docker").out.strip() == digest
    raw = json.loads((seaslug.home / "blobs/sha256" / digest[7:]).read_text())
    assert raw["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    layers = seaslug("inspect", f"{name}:ours", "--json").json["layers"]
    assert len(layers) == len(image.manifest()["layers"])
    seaslug("copy", f"{name}:ours", f"docker-daemon:{docker.own(f'{name}:back')}")
    assert docker.run(f"{name}:back", "-c", "print('there and back')") == "there and back\n"


@pytest.mark.parametrize("kind", ["oci", "v2s2"])
def test_what_skopeo_pushed_is_pulled(
    seaslug: Seaslug, several: Image, name: str, kind: str
) -> None:
    plain = ["--all", "--dest-tls-verify=false", "--format", kind]
    run("skopeo", "copy", *plain, several.oci, f"docker://{name}:{kind}")
    digest = seaslug("pull", f"{name}:{kind}", "--all").out.strip()
    assert run("crane", "digest", f"{name}:{kind}").out.strip() == digest
    rows = [r for r in seaslug("images", "--json").json["images"] if r["name"] == f"{name}:{kind}"]
    assert sorted(row["platform"] for row in rows) == sorted(PLATFORMS.split(","))


def test_what_crane_and_oras_pushed_is_pulled(
    seaslug: Seaslug, static: Image, name: str, tmp_path: Path
) -> None:
    run("crane", "push", static.tar, f"{name}:crane")
    assert seaslug("pull", f"{name}:crane").out.strip().startswith("sha256:")
    run("oras", "cp", "--from-oci-layout", f"{static.layout}:it", "--to-plain-http", f"{name}:oras")
    assert seaslug("pull", f"{name}:oras").out.strip() == static.digest


def test_a_registry_with_tls_and_an_authority_of_its_own(
    seaslug: Seaslug,
    static: Image,
    distribution_tls: Distribution,
    authority: CertificateAuthority,
    tmp_path: Path,
) -> None:
    place = f"{distribution_tls.host}/tls/app:1"
    refused = seaslug("push", static.name, "-t", place, status=14)
    assert "speaks HTTPS" in refused.err
    assert "--ca" in refused.err
    other = authority.file.with_name("other.pem")
    CertificateAuthority(tmp_path / "other").file.rename(other)
    refused = seaslug("push", static.name, "-t", place, "--ca", other, status=14)
    assert "certificate is not trusted" in refused.err
    seaslug("push", static.name, "-t", place, "--ca", authority.file)
    run("skopeo", "inspect", f"docker://{place}", env={"SSL_CERT_FILE": str(authority.file)})
    assert seaslug("pull", place, "--ca", authority.file).out.strip() == static.digest


def test_a_registry_that_wants_a_login(
    seaslug: Seaslug, static: Image, distribution_login: Distribution, tmp_path: Path
) -> None:
    host, env = distribution_login.host, {"DOCKER_CONFIG": str(tmp_path)}
    refused = seaslug("push", static.name, "-t", f"{host}/me/app:1", env=env, status=14)
    assert f"seaslug login {host}" in refused.err
    login = [sys.executable, "-c", "from seaslug.cli.main import script; script()", "login", host,
             "-u", USER, "--password-stdin"]  # fmt: skip
    done = subprocess.run(
        login, input=PASSWORD, env={**os.environ, **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    pushed = seaslug("push", static.name, "-t", f"{host}/me/app:1", env=env)
    assert pinned(pushed.out) == static.digest
    assert PASSWORD not in done.stdout + done.stderr + pushed.err
    told = run("crane", "digest", f"{host}/me/app:1", env=env)
    assert told.out.strip() == static.digest
    seaslug("logout", host, env=env)
    seaslug("tags", f"{host}/me/app", env=env, status=14)


def test_two_pushes_at_once_of_images_that_share_layers(seaslug: Seaslug, name: str) -> None:
    images = [seaslug.image(subject) for subject in ("static", "static:nonroot")]
    argv = [sys.executable, "-c", "from seaslug.cli.main import script; script()", "push", "-q"]
    env = {**os.environ, "SEASLUG_HOME": str(seaslug.home)}
    running = [
        subprocess.Popen([*argv, image.name, "-t", f"{name}:{n}"], env=env, stdout=subprocess.PIPE)
        for n, image in enumerate(images)
    ]
    for n, (image, process) in enumerate(zip(images, running, strict=True)):
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert pinned(out.decode()) == image.digest
        assert "PASS" in run("crane", "validate", "--remote", f"{name}:{n}").out


def test_a_layer_of_two_gigabytes_needs_little_memory(
    seaslug: Seaslug, name: str, tmp_path: Path
) -> None:
    """Pushed and pulled under 100 MB of resident memory."""
    layout = tmp_path / "large"
    large_image(layout, 2 << 30)
    peak, _ = measured(tmp_path, "copy", f"oci:{layout}:it", f"docker://{name}:1")
    assert peak < 100e6
    peak, out = measured(tmp_path, "pull", f"{name}:1")
    assert peak < 100e6
    assert out.strip().startswith("sha256:")


_MEASURED = """
import sys
from seaslug.cli.main import main
status = main(sys.argv[1:])
with open("/proc/self/status") as file:
    peak = next(line.split()[1] for line in file if line.startswith("VmHWM:"))
print(peak, file=sys.stderr)
sys.exit(status)
"""


def measured(tmp_path: Path, *args: str) -> tuple[int, str]:
    """Run seaslug on a store of its own; return its peak of resident memory, in bytes.

    It says so itself: what wait4 says is at least what the tests themselves take.
    """
    env = {**os.environ, "SEASLUG_HOME": str(tmp_path / "store")}
    argv = [sys.executable, "-c", _MEASURED, *args, "-q"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1]) * 1024, done.stdout


def large_image(layout: Path, size: int) -> None:
    """Write an OCI layout with one layer of *size* bytes: a tar with one file of zeros."""
    import hashlib
    import tarfile

    def blob(data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (layout / "blobs/sha256" / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    (layout / "blobs/sha256").mkdir(parents=True)
    info = tarfile.TarInfo("large")
    info.size = size - 1536
    hasher, piece = hashlib.sha256(info.tobuf()), bytes(1 << 20)
    with open(layout / "layer", "wb") as file:
        file.write(info.tobuf())
        file.truncate(size)
    for at in range(512, size, len(piece)):
        hasher.update(piece[: size - at])
    digest = hasher.hexdigest()
    os.rename(layout / "layer", layout / "blobs/sha256" / digest)
    config = json.dumps({
        "os": "linux", "architecture": "amd64", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    })  # fmt: skip
    kind = "application/vnd.oci.image"
    layer = {"mediaType": f"{kind}.layer.v1.tar", "digest": f"sha256:{digest}", "size": size}
    manifest = {
        "schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
        "config": {"mediaType": f"{kind}.config.v1+json", **blob(config.encode())},
        "layers": [layer],
    }  # fmt: skip
    top = {
        "mediaType": f"{kind}.manifest.v1+json", **blob(json.dumps(manifest).encode()),
        "annotations": {"org.opencontainers.image.ref.name": "it"},
    }  # fmt: skip
    index = {"schemaVersion": 2, "manifests": [top]}
    (layout / "index.json").write_text(json.dumps(index))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def test_the_programs_are_there() -> None:
    for program in ("crane", "oras", "skopeo"):
        need(program)
