"""Every member of the family, started: as root and as nonroot, here and under emulation."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from support.clients import Seaslug
from support.real import missing

pytestmark = [pytest.mark.network, pytest.mark.slow]

NATIVE = [
    "static", "base-nossl-debian12", "base", "cc", "cc-debian11", "java-base",
    "python3-debian11", "python3-debian12", "python3", "python3-testing",
    "java11", "java17", "java21", "java25", "nodejs20", "nodejs22", "nodejs24", "nodejs26",
]  # fmt: skip
NONROOT = [
    "static", "cc-debian11", "python3-debian11", "python3-debian12", "python3", "java11",
    "java17-debian12", "java21", "java25", "nodejs20", "nodejs22", "nodejs24", "nodejs26",
]  # fmt: skip
DEBUG = ["static:debug", "cc-debian11:debug", "java21:debug-nonroot", "python3:debug"]
# Python takes two minutes under emulation; it is proved on riscv64, and by an application on arm64.
ARM64 = ["static", "cc", "java21", "nodejs24"]
OTHERS = [
    ("cc-debian12", "linux/s390x"), ("python3-testing", "linux/riscv64"),
    ("cc-testing", "linux/386"), ("cc-testing", "linux/arm/v7"), ("cc-testing", "linux/ppc64le"),
]  # fmt: skip


def proved(seaslug: Seaslug, subject: str, *options: str) -> None:
    done = seaslug("prove", subject, "--json", "--allow-expired", *options)
    checks = [check for report in done.json["reports"] for check in report["checks"]]
    assert done.json["ok"] and len(checks) >= 4


@pytest.mark.engine
@pytest.mark.parametrize("subject", NATIVE)
def test_members_run_in_docker_as_their_own_user(seaslug: Seaslug, subject: str) -> None:
    proved(seaslug, subject, "--runner", "docker")


@pytest.mark.parametrize("subject", NONROOT)
def test_members_run_as_nonroot_without_an_engine(seaslug: Seaslug, subject: str) -> None:
    proved(seaslug, f"{subject}:nonroot", "--runner", "unshare")


@pytest.mark.parametrize("subject", ["static", "python3"])
def test_members_run_as_any_user(seaslug: Seaslug, subject: str) -> None:
    """OpenShift gives a container a user that no image has heard of."""
    proved(seaslug, subject, "--runner", "unshare", "--user", "1000650000:0")


@pytest.mark.engine
@pytest.mark.parametrize("subject", DEBUG)
def test_debug_variants_have_a_shell_below_busybox_only(seaslug: Seaslug, subject: str) -> None:
    proved(seaslug, subject, "--runner", "docker")


@pytest.mark.engine
def test_members_run_in_podman(seaslug: Seaslug) -> None:
    proved(seaslug, "base:nonroot", "--runner", "podman")


def emulated(arch: str) -> None:
    if platform.machine() != "x86_64":
        missing("the emulation is tried from amd64")
    handlers = Path("/proc/sys/fs/binfmt_misc")
    if not (handlers / f"qemu-{arch}").exists() or not os.access(handlers, os.R_OK):
        missing(f"the kernel starts no {arch} programs (qemu-user-static)")


@pytest.mark.parametrize("subject", ARM64)
def test_members_run_on_arm64(seaslug: Seaslug, subject: str) -> None:
    emulated("aarch64")
    proved(seaslug, subject, "--platform", "linux/arm64", "--runner", "unshare")


@pytest.mark.parametrize(("subject", "target"), OTHERS)
def test_members_run_on_rarer_platforms(seaslug: Seaslug, subject: str, target: str) -> None:
    arch = {"386": "", "v7": "arm", "ppc64le": "ppc64le"}.get(target.rpartition("/")[2], target[6:])
    if arch:
        emulated(arch)
    proved(seaslug, subject, "--platform", target, "--runner", "unshare")
