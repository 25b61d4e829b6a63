"""The built probes: what kind of files they are, that every one works, and their source."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seaslug.apps.probe.program import PATH, name, program
from seaslug.deb.elf import read
from seaslug.errors import UnknownNameError
from seaslug.values.content import Inline
from seaslug.values.platform import TABLE, Platform
from support.probes import Probe, answering, installed, native, refused_port, serving, silent

ROOT = Path(__file__).resolve().parents[2]
KIB = 1024
# Bytes of these two machines are not as dense.
LIMITS = {"ppc64le": 20 * KIB, "s390x": 18 * KIB}


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_a_small_static_program(platform: Platform) -> None:
    data = program(platform)
    elf = read(Inline(data))
    assert elf is not None
    names = platform.names
    assert (elf.machine, elf.bits, elf.little) == (names.machine, names.bits, names.little)
    assert (elf.kind, elf.needed, elf.interpreter, elf.runpath) == (2, (), "", ())
    assert len(data) <= LIMITS.get(platform.arch, 16 * KIB)


def segments(data: bytes) -> list[tuple[int, int]]:
    """Return (type, flags) of every segment."""
    order = "<" if data[5] == 1 else ">"
    if data[4] == 2:
        (at,) = struct.unpack_from(order + "Q", data, 32)
        size, count = struct.unpack_from(order + "HH", data, 54)
        form = order + "II"
    else:
        (at,) = struct.unpack_from(order + "I", data, 28)
        size, count = struct.unpack_from(order + "HH", data, 42)
        form = order + "I20xI"
    return [struct.unpack_from(form, data, at + row * size) for row in range(count)]


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_no_memory_is_both_writable_and_executable(platform: Platform) -> None:
    found = segments(program(platform))
    assert [flags for kind, flags in found if kind == 0x6474E551] == [6], "a stack that runs"
    assert all(flags & 3 != 3 for kind, flags in found if kind == 1)


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_nothing_of_the_machine_that_built_it(platform: Platform) -> None:
    data = program(platform)
    for trace in (b"/home", b"/root", b"/tmp", b"/work", b".c\0", b"zig-cache"):
        assert trace not in data


def test_one_file_per_platform_and_no_other() -> None:
    folder = ROOT / "src" / "seaslug" / "apps" / "probe" / "bin"
    assert {path.name for path in folder.iterdir()} == {
        name(platform, tls=tls) for platform in TABLE for tls in (False, True)
    }
    assert PATH == "usr/libexec/seaslug/probe"
    with pytest.raises(UnknownNameError, match="linux/mips"):
        program(Platform("linux", "mips"))


def health(connection: socket.socket) -> None:
    """Answer one call of the gRPC health protocol: SERVING."""

    def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
        head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
        return head + stream.to_bytes(4, "big") + payload

    connection.recv(65536)
    connection.sendall(
        frame(4, 0, 0)
        + frame(1, 4, 1, b"\x88")
        + frame(0, 0, 1, b"\0\0\0\0\x02\x08\x01")
        + frame(1, 5, 1, b"\x00\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f\x01\x30")
    )
    silent(connection)


OTHERS = [platform for platform in TABLE if str(platform) != "linux/amd64"]


@pytest.mark.judge
@pytest.mark.parametrize("platform", OTHERS, ids=str)
def test_every_platform(platform: Platform, tmp_path: Path) -> None:
    """Everything once on each machine: numbers, byte order and structures differ."""
    probe = installed(tmp_path, platform)
    _http(probe, tmp_path)
    _others(probe, tmp_path)
    _files(probe, tmp_path)


def test_here(tmp_path: Path) -> None:
    """The same on this machine, where no qemu is between the probe and the kernel."""
    probe = installed(tmp_path, native())
    _http(probe, tmp_path)
    _others(probe, tmp_path)
    _files(probe, tmp_path)


def _http(probe: Probe, folder: Path) -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n2\r\nll\r\n0\r\n\r\n"
    heard: list[bytes] = []
    with serving(answering(chunks, heard), ("::1", 0), socket.AF_INET6) as port:
        for host in ("localhost", "[::1]"):
            said = probe("http", "-b", "well", "-H", "X: y", f"http://{host}:{port}/a")
            assert (said.status, said.stdout) == (0, "status 200\n"), said
    assert heard[0].startswith(b"GET /a HTTP/1.1\r\nHost: localhost:%d\r\n" % port)
    assert b"\r\nX: y\r\n" in heard[0]
    with serving(answering(b"HTTP/1.1 503 No\r\n\r\n"), str(folder / "s"), socket.AF_UNIX):
        said = probe("http", "-u", folder / "s", "http://localhost/")
    assert (said.status, said.stdout) == (1, "status 503, wanted 200-399\n")
    with serving(silent) as port:
        said = probe("http", "-t", "0.25", f"http://127.0.0.1:{port}/")
    assert (said.status, said.stdout) == (1, "no answer: timed out\n")
    assert 0.25 <= said.seconds < 2


def _others(probe: Probe, folder: Path) -> None:
    with serving(health) as port:
        said = probe("grpc", "-n", "some.Service", f"localhost:{port}")
        assert (said.status, said.stdout) == (0, "SERVING\n"), said
    with serving(silent) as port:
        assert probe("tcp", f"127.0.0.1:{port}").stdout == "connected\n"
        assert probe("grpc", "-t", ".2", f":{port}").status == 2
    port = refused_port()
    said = probe("tcp", f"localhost:{port}")
    assert (said.status, said.stdout) == (1, f"localhost:{port}: connection refused\n")
    said = probe("tcp")
    assert (said.status, said.stdout, said.stderr.count("\n")) == (2, "", 1)


def _files(probe: Probe, folder: Path) -> None:
    beat = folder / "beat"
    said = probe("file", beat)
    assert (said.status, said.stdout) == (1, f"{beat}: no such file or directory\n")
    beat.touch()
    assert probe("file", "-a", "100", beat).status == 0
    os.utime(beat, (0, time.time() - 1000))
    assert probe("file", "-a", "100", beat).status == 1
    assert probe("file", "-a", "1100", beat).status == 0


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("options", [("--tls", "none"), ("--tls", "only", "linux/arm/v7")], ids=str)
def test_the_source_gives_the_same_bytes(options: tuple[str, ...]) -> None:
    """Built again by the pinned compiler, which is installed if it is not here.

    With TLS it takes a minute for each platform, so that only one is built: 32 bits, and not
    what the repository is built on.
    """
    argv = [sys.executable, ROOT / "tools" / "probe.py", "--check", *options]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
