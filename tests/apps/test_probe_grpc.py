"""The health probe against gRPC servers that are written here, frame by frame (RFC 9113, 7541)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from support.probes import Probe, Said, answering, installed, native, reset, serving, silent

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return installed(tmp_path_factory.mktemp("probe"), native())


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream.to_bytes(4, "big") + payload


def literal(name: bytes, value: bytes, first: int = 0) -> bytes:
    """Return a header without the table: *first* 0 plain, 0x10 never indexed, 0x40 indexed."""
    return bytes((first, len(name))) + name + bytes((len(value),)) + value


def message(body: bytes, length: int | None = None, compressed: int = 0) -> bytes:
    return struct.pack(">BI", compressed, len(body) if length is None else length) + body


STATUS_200 = b"\x88"
TYPE = b"\x0f\x10\x10application/grpc"
TRAILER_OK = literal(b"grpc-status", b"0")
# The same as Huffman codes, as grpc-go sends the name.
PACKED = b"\x00\x88" + bytes.fromhex("9acac8b21234da8f")
SERVING = message(b"\x08\x01")


def whole(data: bytes = SERVING, trailer: bytes = TRAILER_OK) -> bytes:
    """Return an ordinary answer: headers, a message, a trailer."""
    return (
        frame(HEADERS, 4, 1, STATUS_200 + TYPE)
        + frame(DATA, 0, 1, data)
        + frame(HEADERS, 5, 1, trailer)
    )


def only(trailer: bytes, status: bytes = STATUS_200) -> bytes:
    """Return an answer of headers alone, as it is sent for errors."""
    return frame(HEADERS, 5, 1, status + TYPE + trailer)


@dataclass
class Heard:
    """What a server was told: frames as (kind, flags, stream, payload)."""

    preface: bytes = b""
    frames: list[tuple[int, int, int, bytes]] = field(default_factory=list)


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


def receive(connection: socket.socket, heard: Heard) -> bool:
    head = exactly(connection, 9)
    if len(head) < 9:
        return False
    payload = exactly(connection, int.from_bytes(head[:3], "big"))
    heard.frames.append((head[3], head[4], int.from_bytes(head[5:], "big"), payload))
    return True


def server(
    answer: bytes, heard: Heard | None = None, pause: bool = False
) -> Callable[[socket.socket], None]:
    """Return a talk that hears the whole call, says *answer*, and listens until the end."""
    heard = heard if heard is not None else Heard()

    def talk(connection: socket.socket) -> None:
        heard.preface = exactly(connection, 24)
        while receive(connection, heard) and not heard.frames[-1][1] & 1:
            pass
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in [bytes([byte]) for byte in answer] if pause else [answer]:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        while receive(connection, heard):
            pass

    return talk


def ask(probe: Probe, answer: bytes, *options: str, pause: bool = False) -> Said:
    with serving(server(frame(SETTINGS, 0, 0) + answer, pause=pause)) as port:
        return probe("grpc", *options, f"127.0.0.1:{port}")


HEALTHY = {
    "plain": whole(),
    "never indexed": whole(trailer=literal(b"grpc-status", b"0", 0x10)),
    "indexed": whole(trailer=b"\xbe" + literal(b"grpc-status", b"0", 0x40)),
    "packed": whole(trailer=PACKED + b"\x01\x30"),
    "packed value": whole(trailer=PACKED + b"\x81\x07"),
    "table sizes": whole(trailer=b"\x20\x3f\xe1\x1f" + TRAILER_OK),
    "literal status": frame(HEADERS, 4, 1, literal(b":status", b"200"))
    + frame(DATA, 0, 1, SERVING) + frame(HEADERS, 5, 1, TRAILER_OK),
    "packed status": frame(HEADERS, 4, 1, b"\x00\x85\xb8\x84\x8d\x36\xa3\x82\x10\x01")
    + frame(DATA, 0, 1, SERVING) + frame(HEADERS, 5, 1, TRAILER_OK),
    "named status": frame(HEADERS, 4, 1, b"\x48\x03200") + frame(DATA, 0, 1, SERVING)
    + frame(HEADERS, 5, 1, TRAILER_OK),
    "early hints": frame(HEADERS, 4, 1, b"\x08\x03103") + whole(),
    "padded": frame(HEADERS, 4 | 8 | 32, 1, b"\x02\x80\0\0\0\x05" + STATUS_200 + TYPE + b"\0\0")
    + frame(DATA, 8, 1, b"\x03" + SERVING + b"\0\0\0") + frame(HEADERS, 5, 1, TRAILER_OK),
    "continued": frame(HEADERS, 0, 1, STATUS_200) + frame(CONTINUATION, 0, 1)
    + frame(CONTINUATION, 4, 1, TYPE) + frame(DATA, 0, 1, SERVING)
    + frame(HEADERS, 1, 1, TRAILER_OK[:3]) + frame(CONTINUATION, 4, 1, TRAILER_OK[3:]),
    "in parts": frame(HEADERS, 4, 1, STATUS_200) + frame(DATA, 0, 1, SERVING[:1])
    + frame(DATA, 0, 1) + frame(DATA, 0, 1, SERVING[1:6]) + frame(DATA, 0, 1, SERVING[6:])
    + frame(HEADERS, 5, 1, TRAILER_OK),
    "other frames": frame(SETTINGS, 1, 0) + frame(PING, 0, 0, b"12345678")
    + frame(WINDOW, 0, 0, b"\0\0\0\1") + frame(PRIORITY, 0, 1, b"\0\0\0\0\1")
    + frame(0xAB, 0xFF, 1, b"x" * 100) + frame(SETTINGS, 0, 0, b"\0\3\0\0\0\x64")
    + frame(DATA, 1, 3, b"other") + frame(GOAWAY, 0, 0, struct.pack(">II", 1, 0)) + whole(),
    "unknown fields": whole(message(
        b"\x12\x03abc" + b"\x19" + b"8" * 8 + b"\x25" + b"4" * 4 + b"\x28\x96\x01"
        + b"\x08\x01" + b"\xf8\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
    "the last counts": whole(message(b"\x08\x02\x08\x01")),
    "the largest frame": frame(HEADERS, 4, 1, STATUS_200 + literal(b"x", b"y" * 100) * 150)
    + whole(),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("pause", [False, True], ids=["whole", "bytes"])
def test_healthy(probe: Probe, name: str, pause: bool) -> None:
    said = ask(probe, HEALTHY[name], pause=pause)
    assert (said.status, said.stdout, said.stderr) == (0, "SERVING\n", "")


def status(text: bytes) -> bytes:
    return literal(b"grpc-status", text)


NO_STATUS = "the answer is not a health status"
DAMAGED = "the answer is damaged HTTP/2"
DAMAGED_HEADERS = "the answer has damaged headers"
SICK: list[tuple[bytes, str]] = [
    (whole(message(b"\x08\x02")), "NOT_SERVING"),
    (whole(message(b"\x08\x00")), "UNKNOWN"),
    (whole(message(b"")), "UNKNOWN"),
    (whole(message(b"\x08\x03")), "SERVICE_UNKNOWN"),
    (whole(message(b"\x08\x04")), "UNKNOWN"),
    (whole(message(b"\x08\x81\x80\x80\x80\x01")), "UNKNOWN"),
    (whole(message(b"\x08\x01\x08\x02")), "NOT_SERVING"),
    (whole(message(b"\x10\x01")), "UNKNOWN"),
    (whole(b""), NO_STATUS),
    (whole(SERVING[:6]), NO_STATUS),
    (whole(SERVING + b"x"), NO_STATUS),
    (whole(message(b"\x08\x01", compressed=1)), NO_STATUS),
    (whole(message(b"\x08\x01", length=1)), NO_STATUS),
    (whole(message(b"\x08\x01", length=0xFFFFFFFF)), NO_STATUS),
    (whole(message(b"\x08")), NO_STATUS),
    (whole(message(b"\x08\x81")), NO_STATUS),
    (whole(message(b"\x12\x7f\x08\x01")), NO_STATUS),
    (whole(message(b"\x12\xff\xff\xff\xff\x0f\x08\x01")), NO_STATUS),
    (whole(message(b"\x0b\x08\x01")), NO_STATUS),
    (whole(message(b"\x19\x01")), NO_STATUS),
    (whole(message(b"\xff" * 20)), NO_STATUS),
    (whole(message(b"\x12\xa0\x1f" + b"x" * 4000) * 2), "the answer is too long"),
    (only(status(b"5")), "grpc-status 5 NOT_FOUND, it knows no such service"),
    (only(status(b"12")), "grpc-status 12 UNIMPLEMENTED, it has no health service"),
    (only(PACKED + b"\x82\x08\xbf"), "grpc-status 12 UNIMPLEMENTED, it has no health service"),
    (only(PACKED + b"\x81\x6f"), "grpc-status 5 NOT_FOUND, it knows no such service"),
    (only(status(b"16")), "grpc-status 16 UNAUTHENTICATED"),
    (only(status(b"9999")), "grpc-status 9999 "),
    (only(status(b"5x")), "the answer has no grpc-status"),
    (only(status(b"")), "the answer has no grpc-status"),
    (only(status(b"00000")), "the answer has no grpc-status"),
    (only(PACKED + b"\x81\xff"), "the answer has no grpc-status"),
    (only(PACKED + b"\x82\x07\xfe"), "the answer has no grpc-status"),
    (only(b""), "the answer has no grpc-status"),
    (frame(HEADERS, 4, 1, STATUS_200) + frame(DATA, 1, 1, SERVING),
     "the answer has no grpc-status"),
    (whole(trailer=status(b"13")), "grpc-status 13 INTERNAL"),
    (only(b"", status=b"\x8d"), "HTTP status 404: not a gRPC server"),
    (only(b"", status=b"\x08\x03415"), "HTTP status 415: not a gRPC server"),
    (only(b"", status=b"\x08\x83\x6c\x45\x1f"), "HTTP status missing: not a gRPC server"),
    (only(b"", status=b""), "HTTP status missing: not a gRPC server"),
    (frame(DATA, 1, 1, SERVING), "the answer has no grpc-status"),
    (frame(RESET, 0, 1, b"\0\0\0\7"), "the call was reset: HTTP/2 error 7"),
    (frame(RESET, 0, 1), "the call was reset: HTTP/2 error unknown"),
    (frame(GOAWAY, 0, 0, struct.pack(">II", 0, 11)), "the server takes no calls: HTTP/2 error 11"),
    (b"", "no answer: connection closed"),
    (whole()[:-1], "no answer: connection closed"),
    (whole()[:12], "no answer: connection closed"),
    (frame(PUSH, 4, 1, b"\0\0\0\2" + STATUS_200), DAMAGED),
    (frame(CONTINUATION, 4, 1, STATUS_200), DAMAGED),
    (frame(HEADERS, 0, 1, STATUS_200) + frame(DATA, 0, 1), DAMAGED),
    (frame(HEADERS, 0, 1, STATUS_200) + frame(CONTINUATION, 4, 3), DAMAGED),
    (frame(HEADERS, 0, 1, STATUS_200) + frame(PING, 0, 0, bytes(8)), DAMAGED),
    (frame(HEADERS, 12, 1), DAMAGED),
    (frame(HEADERS, 12, 1, b"\x02\x88"), DAMAGED),
    (frame(HEADERS, 36, 1, b"\0\0\0\0"), DAMAGED),
    (frame(DATA, 8, 1, b"\xff" + SERVING), DAMAGED),
    (frame(HEADERS, 4, 1, STATUS_200) * 2 + frame(DATA, 8, 1), DAMAGED),
    (frame(HEADERS, 5, 1, b"\x00"), DAMAGED_HEADERS),
    (frame(HEADERS, 5, 1, b"\x00\x7fabc"), DAMAGED_HEADERS),
    (frame(HEADERS, 5, 1, b"\x00\x01a"), DAMAGED_HEADERS),
    (frame(HEADERS, 5, 1, b"\x00\x01a\xff\xff"), DAMAGED_HEADERS),
    (frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff\x7f"), DAMAGED_HEADERS),
    (frame(HEADERS, 5, 1, b"\x0f"), DAMAGED_HEADERS),
    (frame(HEADERS, 0, 1, b"\x88") + frame(CONTINUATION, 0, 1, b"\x88" * 16000) * 5,
     "the answer is too long"),
    (b"\x00\x40\x01" + bytes(6), "the answer is not HTTP/2"),
]  # fmt: skip


@pytest.mark.parametrize("answer, line", SICK, ids=range(len(SICK)))
def test_sick(probe: Probe, answer: bytes, line: str) -> None:
    said = ask(probe, answer)
    assert (said.status, said.stdout, said.stderr) == (1, line + "\n", "")


@pytest.mark.parametrize(
    "first, line",
    [
        (frame(PING, 0, 0, bytes(8)), "the answer is not HTTP/2"),
        (frame(SETTINGS, 1, 0), "the answer is not HTTP/2"),
        (frame(SETTINGS, 0, 1), "the answer is not HTTP/2"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "the answer is not HTTP/2"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the server speaks HTTP/1, not HTTP/2"),
        (b"HTTP/1.1\n", "the server speaks HTTP/1, not HTTP/2"),
        (b"HTTP", "no answer: connection closed"),
    ],
)
def test_what_comes_first(probe: Probe, first: bytes, line: str) -> None:
    with serving(server(first)) as port:
        said = probe("grpc", f"127.0.0.1:{port}")
    assert (said.status, said.stdout) == (1, line + "\n")


def fields(block: bytes) -> dict[str, str]:
    """Return the headers of a block that uses no table and no Huffman codes."""
    static = {4: ":path", 1: ":authority", 31: "content-type", 58: "user-agent"}
    found: dict[str, str] = {}
    while block:
        first, block = block[0], block[1:]
        if first & 0x80:
            found |= {0x83: {":method": "POST"}, 0x86: {":scheme": "http"}}[first]
            continue
        if first == 15:
            first, block = 15 + block[0], block[1:]
        name = static.get(first)
        if name is None:
            name, block = block[1 : 1 + block[0]].decode(), block[1 + block[0] :]
        found[name], block = block[1 : 1 + block[0]].decode(), block[1 + block[0] :]
    return found


@pytest.mark.parametrize(
    "service, wanted",
    [
        ("", b""),
        ("a.B", b"\x0a\x03a.B"),
        ("x" * 127, b"\x0a\x7f" + b"x" * 127),
        ("x" * 128, b"\x0a\x80\x01" + b"x" * 128),
        ("x" * 1000, b"\x0a\xe8\x07" + b"x" * 1000),
    ],
    ids=[0, 3, 127, 128, 1000],
)
def test_the_call(probe: Probe, service: str, wanted: bytes) -> None:
    heard = Heard()
    answer = frame(SETTINGS, 0, 0) + frame(PING, 0, 0, b"12345678") + frame(PING, 1, 0, bytes(8))
    with serving(server(answer + whole(), heard)) as port:
        options = ("-n", service) if service else ()
        assert probe("grpc", "-t", "2.5", *options, f"localhost:{port}").status == 0
    assert heard.preface == PREFACE
    settings, headers, data, ack, pong, bye = heard.frames
    assert settings == (SETTINGS, 0, 0, b"\0\2\0\0\0\0")
    assert headers[:3] == (HEADERS, 4, 1)
    assert fields(headers[3]) == {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        ":authority": f"localhost:{port}",
        "te": "trailers",
        "grpc-timeout": "2500m",
        "content-type": "application/grpc",
        "user-agent": "seaslug-probe",
    }
    assert data == (DATA, 1, 1, message(wanted))
    assert ack == (SETTINGS, 1, 0, b"")
    assert pong == (PING, 1, 0, b"12345678")
    assert bye == (GOAWAY, 0, 0, bytes(8))


def test_a_server_that_says_nothing(probe: Probe) -> None:
    with serving(silent) as port:
        said = probe("grpc", "-t", "0.2", f"127.0.0.1:{port}")
    assert (said.status, said.stdout) == (1, "no answer: timed out\n")
    assert 0.2 <= said.seconds < 1


def test_a_server_that_never_comes_to_the_point(probe: Probe) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(frame(SETTINGS, 0, 0))
        while True:
            connection.sendall(frame(PING, 0, 0, bytes(8)))
            connection.recv(65536)

    with serving(talk) as port:
        said = probe("grpc", "-t", "0.2", f"127.0.0.1:{port}")
    assert said.status == 1
    assert "timed out" in said.stdout
    assert 0.2 <= said.seconds < 1


def test_other_servers(probe: Probe) -> None:
    with serving(reset) as port:
        assert probe("grpc", f"127.0.0.1:{port}").status == 1
    with serving(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert probe("grpc", f"127.0.0.1:{port}").status == 1
