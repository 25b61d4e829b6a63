"""Checks against images made for it, on the runner that needs no engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.runners import make
from seaslug.errors import ProofError
from seaslug.oci.runnable import read_image
from seaslug.ops.prove import Report, Subject, prove, require
from seaslug.ops.shells import scan
from seaslug.ports import Runner, Silent
from seaslug.recipe.check import Check
from seaslug.values.digest import Digest
from support.images import BlobDir, folder, image, layer, link, member
from support.real import missing, need

PASSWD = b"root:x:0:0:r:/root:/no\nnonroot:x:65532:65532:n:/home/nonroot:/no\n"
BASE = (folder("etc"), member("etc/passwd", PASSWD), folder("tmp", 0o1777))
ELF = b"\x7fELF" + bytes(64)


@pytest.fixture
def store(tmp_path: Path) -> BlobDir:
    return BlobDir(tmp_path / "blobs")


@pytest.fixture
def runner(store: BlobDir) -> Iterator[Runner]:
    made = make(store, "unshare")  # type: ignore[arg-type]
    if reason := made.why_not():
        missing(f"no user namespaces: {reason}")
    yield made
    made.close()


def busybox() -> bytes:
    return Path(need("busybox")).resolve().read_bytes()


def proved(
    store: BlobDir, runner: Runner, manifest: Digest, *checks: Check, user: str = ""
) -> Report:
    subject = Subject(store, read_image(store, manifest), user)  # type: ignore[arg-type]
    return prove(subject, checks, runner, Silent())


def failures(report: Report) -> dict[str, str]:
    return {outcome.name: outcome.reason for outcome in report.outcomes if not outcome.ok}


@pytest.mark.parametrize("user", ["65532", "0", "nonroot"])
def test_an_image_without_any_program_is_proved(store: BlobDir, runner: Runner, user: str) -> None:
    report = proved(store, runner, image(store, [layer(*BASE)], {"User": user}))
    assert failures(report) == {}
    assert len(report.outcomes) == 4
    require(report, "the image")


def test_a_shell_is_found_and_started(store: BlobDir, runner: Runner) -> None:
    manifest = image(store, [layer(*BASE, folder("bin"), member("bin/sh", busybox(), mode=0o755))])
    report = proved(store, runner, manifest)
    assert failures(report) == {
        "no shell in it": "shells: /bin/sh",
        "/bin/sh cannot be started": "/bin/sh was started; stdout: a shell",
    }
    with pytest.raises(ProofError, match="2 of 4 checks failed on unshare") as caught:
        require(report, "the image")
    assert caught.value.exit_status == 12


def test_a_debug_image_may_have_its_shell_in_one_place(store: BlobDir, runner: Runner) -> None:
    shell = (folder("busybox"), member("busybox/busybox", busybox(), mode=0o755))
    manifest = image(store, [layer(*BASE, *shell, link("busybox/sh", "busybox"))])
    report = proved(store, runner, manifest)
    assert failures(report) == {}
    assert "the debug shell starts" in {outcome.name for outcome in report.outcomes}


def test_another_user_than_the_image_s(store: BlobDir, runner: Runner) -> None:
    manifest = image(store, [layer(*BASE)], {"User": "65532"})
    report = proved(store, runner, manifest, user="1234:50")
    assert failures(report) == {}
    assert "runs as 1234:50, without privileges" in {o.name for o in report.outcomes}


SHELL = ("/busybox", "sh", "-c")
HTTPD = ("/busybox", "httpd", "-f", "-p", "81")
CHECKS = {
    "status": (Check("c", (*SHELL, "exit 3"), status=3), ""),
    "wrong status": (Check("c", (*SHELL, "echo why >&2; exit 3")), "status 3, not 0; stderr: why"),
    "stdout": (Check("c", (*SHELL, "echo a; echo b"), stdout="^b$"), ""),
    "no stdout": (Check("c", (*SHELL, "echo a"), stdout="^b$"), "stdout has no '.b.'; stdout: a"),
    "stderr": (Check("c", (*SHELL, "echo e >&2"), stderr="e"), ""),
    "stdin": (Check("c", ("/busybox", "cat"), stdin="given", stdout="^given$"), ""),
    "env": (Check("c", (*SHELL, "echo $A"), env=(("A", "1"),), stdout="^1$"), ""),
    "files": (
        Check("c", ("/busybox", "cat", "/new/f"), files=(("/new/f", "text"),), stdout="text"),
        "",
    ),
    "args": (Check("c", args=("echo", "from args"), stdout="from args"), ""),
    "user": (Check("c", ("/busybox", "id", "-u"), user="7", stdout="^7$"), ""),
    "refused": (Check("c", ("/no/such",), refused=True), ""),
    "not refused": (Check("c", ("/busybox", "true"), refused=True), "it was started"),
    "missing": (Check("c", ("/no/such",)), "status 127, not 0; stderr: /no/such: not found.*"),
    "late": (
        Check("c", (*SHELL, "echo begun; sleep 60"), timeout=0.5),
        "not over after 0.5 s; it was ended; stdout: begun",
    ),
    "server": (
        Check("c", (*HTTPD, "-h", "/etc"), port=81, path="/passwd", body="^root:"),
        "",
    ),
    "server without that page": (
        Check("c", HTTPD, port=81, path="/no", timeout=0.5),
        "/no on port 81: status 404.*",
    ),
    "no server": (
        Check("c", (*SHELL, "echo oops >&2; exit 1"), port=81, timeout=0.5),
        "/ on port 81: .*; stderr: oops",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHECKS)
def test_checks(case: str, store: BlobDir, runner: Runner) -> None:
    check, expected = CHECKS[case]
    tool = member("busybox", busybox(), mode=0o755)
    manifest = image(store, [layer(*BASE, tool)], {"Entrypoint": ["/busybox"]})
    outcome = proved(store, runner, manifest, check).outcomes[-1]
    assert re.fullmatch(expected, outcome.reason, re.DOTALL), outcome.reason
    assert outcome.ok == (not expected)


SCANS = {
    "nothing": ([layer(*BASE)], ()),
    "by name": ([layer(member("opt/dash", b"x", mode=0o755))], ("/opt/dash",)),
    "not executable": ([layer(member("opt/dash", b"x"))], ()),
    "a directory of that name": ([layer(folder("etc/bash"))], ()),
    "by content": (
        [layer(member("bin/helper", ELF + b"BusyBox v1.37", mode=0o755))], ("/bin/helper",),
    ),
    "a library that says so": (
        [layer(member("lib/libx.so.1", ELF + b"BusyBox v1.37", mode=0o755))], (),
    ),
    "a mark across two pieces": (
        [layer(member("h", ELF.ljust((1 << 20) - 516, b"x") + b"GNU bash, version", mode=0o755))],
        ("/h",),
    ),
    "a link with another name": (
        [layer(member("x/ash", b"x", mode=0o755), link("bin/run", "/x/ash"))],
        ("/bin/run", "/x/ash"),
    ),
    "a link of that name to something else": (
        [layer(member("bin/tool", b"x", mode=0o755), link("bin/sh", "tool"))], ("/bin/sh",),
    ),
    "a dangling link": ([layer(link("bin/sh", "dash"))], ()),
    "removed by a later layer": (
        [layer(member("bin/sh", b"x", mode=0o755)), layer(member("bin/.wh.sh"))], (),
    ),
    "replaced by a later layer": (
        [layer(member("h", ELF + b"BusyBox v", mode=0o755)), layer(member("h", ELF, mode=0o755))],
        (),
    ),
    "hidden by an opaque directory": (
        [layer(member("bin/sh", b"x", mode=0o755)), layer(member("bin/.wh..wh..opq"))], (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SCANS)
def test_scan(case: str, store: BlobDir) -> None:
    layers, expected = SCANS[case]
    found = scan(store, read_image(store, image(store, layers)))  # type: ignore[arg-type]
    assert found.found == expected


def test_a_link_into_the_allowed_directory_counts_as_inside(store: BlobDir) -> None:
    shell = member("busybox/busybox", b"x", mode=0o755)
    made = image(store, [layer(shell, link("bin/sh", "/busybox/busybox"))])
    found = scan(store, read_image(store, made))  # type: ignore[arg-type]
    assert found.outside("/busybox") == ()
    assert found.outside("") == ("/bin/sh", "/busybox/busybox")
