"""The health probe on this machine: HTTP, TCP, files and its command line."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from support.probes import (
    Probe,
    answering,
    installed,
    native,
    refused_port,
    request,
    reset,
    serving,
    silent,
)

OK = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return installed(tmp_path_factory.mktemp("probe"), native())


def chunked(*pieces: bytes, extension: bytes = b"") -> bytes:
    body = b"".join(b"%X%b\r\n%b\r\n" % (len(p), extension, p) for p in pieces)
    return (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n" + body + b"0\r\nx: y\r\n\r\n"
    )


ANSWERS: list[tuple[bytes, list[str], int, str]] = [
    (OK, [], 0, "status 200"),
    (b"HTTP/1.0 204\r\n\r\n", [], 0, "status 204"),
    (b"HTTP/1.1 200\n\n", [], 0, "status 200"),
    (b"HTTP/1.1 200 \n\n", [], 0, "status 200"),
    (b"HTTP/1.1 399 Odd\r\n\r\n", [], 0, "status 399"),
    (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n", [], 0, "status 302"),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", ["-s", "101"], 0, "status 101"),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", [], 1, "status 101, wanted 200-399"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", [], 1, "status 400, wanted 200-399"),
    (b"HTTP/1.1 503 Service Unavailable\r\n\r\nno", [], 1, "status 503, wanted 200-399"),
    (b"HTTP/1.1 503 Service Unavailable\r\n\r\nno", ["-s", "200,500-599"], 0, "status 503"),
    (b"HTTP/1.1 999 \r\n\r\n", ["-s999"], 0, "status 999"),
    (b"HTTP/1.1 204 \r\n\r\n", ["-s", "200,205-299"], 1, "status 204, wanted 200,205-299"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, [], 0, "status 200"),
    (b"HTTP/1.1 103 Early Hints\r\nLink: a\r\nLink: b\r\n\r\n" * 3 + OK, [], 0, "status 200"),
    (b"HTTP/1.1 103\n\nHTTP/1.1 500\n\n", [], 1, "status 500, wanted 200-399"),
    (b"HTTP/1.1 100 Continue\r\n\r\n", [], 1, "no answer: connection closed"),
    (b"HTTP/1.1 103 x\r\n" + b"a: b\r\n" * 50_000 + b"\r\n" + OK, [], 1, "headers: too long"),
    (b"HTTP/1.1 200 " + b"x" * 300_000, [], 1, "status line: too long"),
    (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300_000, [], 0, "status 200"),
    (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300_000, ["-b", "x"], 1, "headers: too long"),
    (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\nup", ["-b", "up"], 0, "status 200"),
    (b"HTTP/1.1 2000 OK\r\n\r\n", [], 1, "the answer has no HTTP status"),
    (b"HTTP/1.1 20 OK\r\n\r\n", [], 1, "the answer has no HTTP status"),
    (b"HTTP/1.1 099 OK\r\n\r\n", [], 1, "the answer has no HTTP status"),
    (b"HTTP/1.1200 OK\r\n\r\n", [], 1, "the answer has no HTTP status"),
    (b"HTTP/1.1\n", [], 1, "the answer has no HTTP status"),
    (b"HTTP/2 200\r\n\r\n", [], 1, "the answer is not HTTP/1"),
    (b"SSH-2.0-OpenSSH_9.9\r\n", [], 1, "the answer is not HTTP/1"),
    (b"\0\xff" * 5000, [], 1, "the answer is not HTTP/1"),
    (b"", [], 1, "no answer: connection closed"),
    (b"HTTP", [], 1, "no answer: connection closed"),
    (b"HTTP/1.1 200 OK", [], 1, "status line: connection closed"),
    (OK + b"all is well", ["-b", "is well"], 0, "status 200"),
    (OK + b"all is well", ["-b", "all is well"], 0, "status 200"),
    (OK + b"all is ill", ["-b", "well"], 1, "status 200, but its body does not hold: well"),
    (OK, ["-b", "x"], 1, "status 200, but its body does not hold: x"),
    (b"HTTP/1.1 200 well\r\nx: well\r\n\r\n", ["-b", "well"], 1,
     "status 200, but its body does not hold: well"),
    (b"HTTP/1.1 500 x\r\n\r\nwell", ["-b", "well"], 1, "status 500, wanted 200-399"),
    (b"HTTP/1.1 200 OK\r\nx", ["-b", "well"], 1, "headers: connection closed"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell", ["-b", "well"], 0, "status 200"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nwell", ["-b", "well"], 1,
     "status 200, but its body does not hold: well"),
    (OK + b"x" * 1_048_573 + b"well", ["-b", "well"], 1,
     "status 200, but its body does not hold: well"),
    (OK + b"x" * 1_048_572 + b"well", ["-b", "well"], 0, "status 200"),
    (chunked(b"all is w", b"e", b"ll"), ["-b", "is well"], 0, "status 200"),
    (chunked(b"all is well" * 30, extension=b";a=0b"), ["-b", "wellall"], 0, "status 200"),
    (chunked(b"all is w"), ["-b", "well"], 1, "status 200, but its body does not hold: well"),
    (chunked(b"all"), ["-b", "0"], 1, "status 200, but its body does not hold: 0"),
    (chunked(b"x" * 2_000_000), ["-b", "well"], 1, "status 200, but its body does not hold: well"),
]  # fmt: skip


@pytest.mark.parametrize("answer, options, status, line", ANSWERS, ids=range(len(ANSWERS)))
def test_answers(probe: Probe, answer: bytes, options: list[str], status: int, line: str) -> None:
    with serving(answering(answer)) as port:
        said = probe("http", *options, f"http://127.0.0.1:{port}/")
    assert (said.status, said.stdout, said.stderr) == (status, line + "\n", "")
    assert said.seconds < 2


@pytest.mark.parametrize(
    "answer, options, status",
    [
        (b"HTTP/1.1 103 x\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\nx: y\r\n\r\nwell", ["-b", "well"], 0),
        (b"HTTP/1.1 404 Gone\r\n\r\n", [], 1),
        (chunked(b"we", b"ll"), ["-b", "well"], 0),
        (chunked(b"we", b"l"), ["-b", "well"], 1),
    ],
)
def test_byte_by_byte(probe: Probe, answer: bytes, options: list[str], status: int) -> None:
    def talk(connection: socket.socket) -> None:
        request(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in answer:
            connection.sendall(bytes([byte]))
            time.sleep(0.0005)

    with serving(talk) as port:
        said = probe("http", *options, f"http://127.0.0.1:{port}")
    assert said.status == status, said


HEAD = "Host: localhost:{port}\r\nUser-Agent: seaslug-probe\r\nAccept: */*\r\n"
REQUESTS: list[tuple[list[str], str, str]] = [
    ([], "", "GET / HTTP/1.1\r\n" + HEAD + "Connection: close\r\n\r\n"),
    ([], "/a/b?c=%20&d", "GET /a/b?c=%20&d HTTP/1.1\r\n" + HEAD + "Connection: close\r\n\r\n"),
    ([], "?c", "GET /?c HTTP/1.1\r\n" + HEAD + "Connection: close\r\n\r\n"),
    (["-m", "HEAD"], "/", "HEAD / HTTP/1.1\r\n" + HEAD + "Connection: close\r\n\r\n"),
    (["-mPOST"], "/",
     "POST / HTTP/1.1\r\n" + HEAD + "Connection: close\r\nContent-Length: 0\r\n\r\n"),
    (["-H", "HOST: example.com", "-H", "X-Key: ä b\tc", "-H", "User-Agent:"], "/",
     "GET / HTTP/1.1\r\nAccept: */*\r\nConnection: close\r\n"
     "HOST: example.com\r\nX-Key: ä b\tc\r\nUser-Agent:\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("options, path, wanted", REQUESTS, ids=range(len(REQUESTS)))
def test_requests(probe: Probe, options: list[str], path: str, wanted: str) -> None:
    heard: list[bytes] = []
    with serving(answering(OK, heard)) as port:
        said = probe("http", *options, f"http://localhost:{port}{path}")
    assert said.status == 0, said
    got = heard[0].decode().replace("\r\n", "\n")
    assert got == wanted.format(port=port).replace("\r\n", "\n")


def test_the_longest_request(probe: Probe) -> None:
    heard: list[bytes] = []
    with serving(answering(OK, heard)) as port:
        url = f"http://127.0.0.1:{port}/"
        assert probe("http", "-H", "a: " + "x" * 16_000, url).status == 0
        said = probe("http", "-H", "a: " + "x" * 16_384, url)
    assert (said.status, len(said.stderr.splitlines())) == (2, 1)
    assert len(heard[0]) > 16_000


@pytest.mark.parametrize("name", ["socket", "@seaslug-test-{pid}"])
def test_unix_sockets(probe: Probe, name: str, tmp_path: Path) -> None:
    path = name.format(pid=os.getpid()) if name[0] == "@" else str(tmp_path / name)
    heard: list[bytes] = []
    address = path.replace("@", "\0") if name[0] == "@" else path
    with serving(answering(OK, heard), address, socket.AF_UNIX):
        assert probe("http", "-u", path, "http://example.com/x").status == 0
        assert probe("tcp", f"unix:{path}").stdout == "connected\n"
    assert b"\r\nHost: example.com\r\n" in heard[0]
    assert probe("http", "-u", tmp_path / "none", "http://localhost/").stdout == (
        f"{tmp_path}/none: no such file or directory\n"
    )


def test_a_unix_socket_whose_queue_is_full(probe: Probe, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(path)
        said = probe("tcp", "-t", "0.1", f"unix:{path}")
        assert (said.status, said.stdout) == (1, f"{path}: timed out\n")
        threading.Timer(0.1, lambda: [listener.accept(), listener.accept()]).start()
        assert probe("tcp", "-t", "5", f"unix:{path}").status == 0


@pytest.mark.parametrize(
    "host, listen, family",
    [
        ("localhost", "127.0.0.1", socket.AF_INET),
        ("LOCALHOST", "::1", socket.AF_INET6),
        ("localhost", "::1", socket.AF_INET6),
        ("[::1]", "::1", socket.AF_INET6),
        ("[0:0:0:0:0:0:0:1]", "::1", socket.AF_INET6),
        ("[::ffff:127.0.0.1]", "127.0.0.1", socket.AF_INET),
        ("[::FFFF:7f00:1]", "127.0.0.1", socket.AF_INET),
        ("[0::0:0.0.0.1]", "::1", socket.AF_INET6),
        ("127.0.0.2", "127.0.0.2", socket.AF_INET),
        ("0.0.0.0", "127.0.0.1", socket.AF_INET),
    ],
)
def test_hosts(probe: Probe, host: str, listen: str, family: int) -> None:
    with serving(answering(OK), (listen, 0), family) as port:
        said = probe("http", f"http://{host}:{port}/")
        assert (said.status, said.stdout) == (0, "status 200\n")
        assert probe("tcp", f"{host}:{port}").status == 0


def test_nobody_listens(probe: Probe) -> None:
    port = refused_port()
    for host in ("localhost", "127.0.0.1", "[::1]", ""):
        said = probe("tcp", f"{host}:{port}")
        assert (said.status, said.stdout) == (1, f"{host}:{port}: connection refused\n")
    said = probe("http", f"http://localhost:{port}/x")
    assert (said.status, said.stdout) == (1, f"http://localhost:{port}/x: connection refused\n")


@pytest.mark.parametrize("options", [["-t", "0.2"], ["-t0.25"], ["-t", ".2"]])
def test_time_is_up(probe: Probe, options: list[str]) -> None:
    with serving(silent) as port:
        said = probe("http", *options, f"http://127.0.0.1:{port}/")
    if options[-1] == ".2":
        assert (said.status, said.stdout) == (2, "")
        return
    assert (said.status, said.stdout) == (1, "no answer: timed out\n")
    assert 0.2 <= said.seconds < 1


def test_the_deadline_is_for_everything(probe: Probe) -> None:
    """A server that always says a little more does not keep the probe."""

    def talk(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.01)

    with serving(talk) as port:
        said = probe("http", "-t", "0.3", "-b", "y", f"http://127.0.0.1:{port}/")
    assert (said.status, said.stdout) == (1, "headers: timed out\n")
    assert 0.3 <= said.seconds < 1


def test_a_stream_that_never_ends_is_healthy(probe: Probe) -> None:
    def talk(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(OK)
        silent(connection)

    with serving(talk) as port:
        said = probe("http", f"http://127.0.0.1:{port}/")
    assert (said.status, said.stdout) == (0, "status 200\n")
    assert said.seconds < 1


def test_the_server_may_say_all_of_it(probe: Probe) -> None:
    """No connection reset in its log, for a body in parts after the status."""
    whole: list[bool] = []

    def talk(connection: socket.socket) -> None:
        request(connection)
        for part in (OK, b"a" * 9000, b"b" * 9000):
            connection.sendall(part)
            time.sleep(0.005)
        connection.shutdown(socket.SHUT_WR)
        whole.append(connection.recv(1) == b"")

    with serving(talk) as port:
        assert probe("http", f"http://127.0.0.1:{port}/").status == 0
    assert whole == [True]


def test_connections_that_are_reset(probe: Probe) -> None:
    with serving(reset) as port:
        said = probe("http", f"http://127.0.0.1:{port}/")
    assert said.status == 1
    assert said.stdout.endswith(": connection reset\n") or said.stdout == (
        "sending: connection closed\n"
    )


def test_files(probe: Probe, tmp_path: Path) -> None:
    beat = tmp_path / "beat\x1b"
    assert probe("file", beat).stdout == f"{tmp_path}/beat?: no such file or directory\n"
    beat.touch()
    assert (probe("file", beat).status, probe("file", beat).stdout) == (0, "there\n")
    assert probe("file", "-a", "60", beat).status == 0
    old = time.time() - 100
    os.utime(beat, (time.time(), old))
    said = probe("file", "-a", "60", beat)
    assert said.status == 1
    assert said.stdout in [
        f"{tmp_path}/beat?: last changed {age} s ago, allowed are 60\n" for age in (100, 101)
    ]
    assert probe("file", "-a", "200", beat).status == 0
    os.utime(beat, (0, 0))
    assert probe("file", "-a", "200000000", beat).status == 1
    os.utime(beat, (0, time.time() + 1000))
    assert probe("file", "-a", "0", beat).stdout == "changed 0 s ago\n"
    assert probe("file", "-a", "60", tmp_path).status == 0
    assert probe("file", beat / "x").stdout.endswith("not a directory\n")


URL = "http://localhost/"
MISUSES = [
    [], [""], ["help"], ["http"], ["http", URL, URL], ["http", "-t"], ["http", "-t", "3"],
    ["http", "-x", "3", URL], ["tcp", "-m", "GET", ":1"], ["file", "-t", "3", "/x"],
    ["http", "-t", "0", URL], ["http", "-t", "3s", URL], ["http", "-t", "-1", URL],
    ["http", "-t", "3.", URL], ["http", "-t", "3601", URL], ["http", "-t", "99999999999", URL],
    ["http", "-t", "0.0009", URL], ["http", "-m", "", URL], ["http", "-m", "GET /", URL],
    ["http", "-H", "no colon", URL], ["http", "-H", "a b: c", URL], ["http", "-H", ": c", URL],
    ["http", "-H", "a: b\r\nc: d", URL], ["http", "-H", "", URL],
    ["http", *["-H", "a: b"] * 33, URL], ["http", "-b", "", URL], ["http", "-s", "", URL],
    ["http", "-s", "200-", URL], ["http", "-s", "99", URL], ["http", "-s", "300-200", URL],
    ["http", "-s", "200,", URL], ["http", "-s", "200 ", URL], ["http", "-s", "2000", URL],
    ["http", "https://localhost/"], ["http", "localhost:80"], ["http", "ftp://localhost/"],
    ["http", "http://"], ["http", "http:///x"], ["http", "http://localhost:0/"],
    ["http", "http://localhost:65536/"], ["http", "http://localhost:/"],
    ["http", "http://localhost:80x/"], ["http", "http://example.com/"],
    ["http", "http://localhost/a b"], ["http", "http://localhost/\r\nx: y"],
    ["http", "http://localhost/ä"], ["http", "http://localhost/#x"],
    ["http", "http://user@localhost/"], ["http", "http://256.0.0.1/"], ["http", "http://1.2.3/"],
    ["http", "http://127.0.0.01/"], ["http", "http://1.2.3.4.5/"], ["http", "http://1.2.3.4./"],
    ["http", "http://::1/"], ["http", "http://[::1/"], ["http", "http://[]/"],
    ["http", "http://[1::2::3]/"], ["http", "http://[1:2:3:4:5:6:7]/"],
    ["http", "http://[1:2:3:4:5:6:7:8:9]/"], ["http", "http://[12345::]/"],
    ["http", "http://[:1]/"], ["http", "http://[1:]/"], ["http", "http://[fe80::1%eth0]/"],
    ["http", "http://[::1.2.3]/"], ["http", "http://[1:2:3:4:5:6:7::8]/"],
    ["http", "-u", "", URL], ["http", "-u", "/" + "x" * 107, URL],
    ["tcp", "localhost"], ["tcp", "localhost:"], ["tcp", "localhost:0"], ["tcp", "localhost:1/"],
    ["tcp", "example.com:80"], ["tcp", "unix:"], ["tcp", "unix:/" + "x" * 107],
    ["tcp", "localhost:" + "0" * 100 + "80"], ["grpc", "-n", "x" * 1001, ":80"],
    ["file", "-a", "x", "/x"], ["file", "-a", "200000001", "/x"], ["file", "-a", "1.5", "/x"],
    ["file", "-a", "", "/x"],
]  # fmt: skip


@pytest.mark.parametrize("args", MISUSES, ids=range(len(MISUSES)))
def test_misuses(probe: Probe, args: list[str]) -> None:
    said = probe(*args)
    assert (said.status, said.stdout) == (2, "")
    assert said.stderr.count("\n") == 1
    assert said.stderr.endswith("\n")
    assert said.stderr.strip().isprintable()
    assert len(said.stderr) <= 401


def test_values_may_look_like_options(probe: Probe, tmp_path: Path) -> None:
    with serving(answering(OK + b"-x")) as port:
        assert probe("http", "-b", "-x", "--", f"http://127.0.0.1:{port}/").status == 0
    assert probe("file", "--", "-x").stdout == "-x: no such file or directory\n"
