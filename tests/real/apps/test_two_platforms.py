"""One application for two platforms: an index of both, and each of them runs."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.runners import make
from seaslug.adapters.store import Store
from seaslug.ports import Runner, RunSpec
from seaslug.values.digest import Digest
from support.apps import EXAMPLES
from support.clients import Done, Seaslug, run
from support.real import missing, need

pytestmark = [pytest.mark.network, pytest.mark.slow]

BOTH = "linux/amd64,linux/arm64"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@pytest.fixture(scope="module")
def unshare(seaslug: Seaslug) -> Iterator[Runner]:
    runner = make(Store(seaslug.home), "unshare")
    if reason := runner.why_not():
        missing(reason)
    qemu = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
    if platform.machine() != "x86_64" or not qemu.exists():
        missing("the kernel starts no arm64 programs (qemu-user-static)")
    yield runner
    runner.close()


def built(seaslug: Seaslug, project: Path, out: Path) -> tuple[Done, dict[str, Digest]]:
    """Build *project* for both; return what was said, and the manifests in both outputs."""
    archive = out / "app.tar"
    done = seaslug(
        "build", project, "--allow-expired", "--platform", BOTH, "-t", "app:1",
        "-o", f"oci:{out / 'app'}:1", "-o", f"oci-archive:{archive}:1",
    )  # fmt: skip
    found = []
    for place in (f"oci:{out / 'app'}:1", f"oci-archive:{archive}:1"):
        index = run("skopeo", "inspect", "--raw", place).out
        assert Digest.of(index.encode()).text == done.out.strip()
        rows = json.loads(index)["manifests"]
        found.append({r["platform"]["architecture"]: Digest(r["digest"]) for r in rows})
    assert found[0] == found[1] and set(found[0]) == set(MACHINES)
    return done, found[0]


def test_a_go_server(seaslug: Seaslug, unshare: Runner, tmp_path: Path) -> None:
    need("go")
    _, manifests = built(seaslug, EXAMPLES / "go", tmp_path)
    for arch, manifest in manifests.items():
        running = unshare.start(manifest, RunSpec())
        try:
            end = time.monotonic() + 60
            while (done := running.exec(("/app/hello", "--health-check"))).status:
                assert time.monotonic() < end and not running.ended(), (arch, done, running.logs())
                time.sleep(0.1)
        finally:
            assert running.stop().status in (0, 143)


def test_a_sliced_python_program(seaslug: Seaslug, unshare: Runner, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("import os\nprint(os.uname().machine, os.getuid())\n")
    done, manifests = built(seaslug, project, tmp_path)
    assert "standard modules" in done.err and "proved on" in done.err
    for arch, manifest in manifests.items():
        result = unshare.run(manifest, RunSpec(timeout=120))
        assert result.stdout.decode() == f"{MACHINES[arch]} 65532\n", result.stderr.decode()
