"""The probe against the real kernel and, for other architectures, against qemu and readelf."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from seaslug.ops import probe
from seaslug.values.platform import TABLE, Platform
from support.real import missing


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_it_tells_what_it_is_like_where_it_runs(platform: Platform, tmp_path: Path) -> None:
    binary = tmp_path / "probe"
    binary.write_bytes(probe.program(platform))
    binary.chmod(0o755)
    uid = 65534 if os.geteuid() == 0 else os.getuid()
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:  # pytest's own folders; one more below a worker
        if parent.stat().st_uid == os.getuid() and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    as_user = {"user": uid, "group": uid, "extra_groups": []} if os.geteuid() == 0 else {}
    made = Path("/tmp/.seaslug-probe")
    try:
        done = subprocess.run([*_emulator(platform), binary], capture_output=True, **as_user)
        answers = probe.read(done.stdout, platform)
    finally:
        made.unlink(missing_ok=True)
    assert done.returncode == 0, done
    assert answers is not None
    assert (answers.uid, answers.gid) == (uid, uid)
    assert answers.create_in_root == -13  # EACCES: this machine's own root is writable to root
    assert answers.create_in_tmp >= 3
    assert answers.no_new_privileges == 0


def _emulator(platform: Platform) -> list[str]:
    here = os.uname().machine
    if platform.names.uname == here or (here == "x86_64" and platform.arch == "386"):
        return []
    program = shutil.which(f"qemu-{platform.names.qemu}-static")
    if program is None:
        missing(f"qemu for {platform} is not installed")
    return [str(program)]


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_the_holder_waits_until_a_signal_comes(platform: Platform, tmp_path: Path) -> None:
    binary = tmp_path / "holder"
    binary.write_bytes(probe.holder(platform))
    binary.chmod(0o755)
    with subprocess.Popen([*_emulator(platform), binary]) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.terminate()
        assert process.wait(10) == -15


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_readelf_finds_nothing_odd(platform: Platform, tmp_path: Path) -> None:
    if shutil.which("readelf") is None:
        missing("readelf is not installed")
    binary = tmp_path / "probe"
    binary.write_bytes(probe.program(platform))
    done = subprocess.run(
        ["readelf", "-hl", binary], capture_output=True, text=True, env={"LC_ALL": "C"}
    )
    assert done.stderr == ""
    assert "EXEC (Executable file)" in done.stdout
    assert f"ELF{platform.names.bits}" in done.stdout
    assert binary.stat().st_size < 1024


def test_output_of_something_else_is_not_taken_for_answers() -> None:
    assert probe.read(b"hello\n", Platform("linux", "amd64")) is None
    assert probe.read(b"", Platform("linux", "s390x")) is None
