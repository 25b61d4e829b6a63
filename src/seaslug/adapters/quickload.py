"""An image made anew into the Docker that has the one before: the top layers, and no more.

For a rebuild of one layer, which has no time to import what :mod:`seaslug.adapters.engines`
needs. It does the plain case only: a socket on this machine, an image that seaslug built,
and lower layers that the image of the same name has there already. Docker checks every
layer against the config; whatever else comes is for the caller, who takes the long way.
"""

from __future__ import annotations

import os

from seaslug.adapters import shelf
from seaslug.tar.header import BLOCK, END, header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Blob = tuple[str, int]

_SOCKET = "/var/run/docker.sock"
_PATIENCE = 120.0
_MAX_ANSWER = 4 << 20
_MAX_SENT = 16 << 20
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:")
# Those that keep layers as they are; an image store of containerd wants blobs instead.
_DRIVERS = (b'"Name":"overlay2"', b'"Name":"aufs"', b'"Name":"vfs"')


def loaded(root: str, image: Blob, config: Blob, name: str) -> bool:
    """Load the store's *image* as *name*; False if it takes the long way.

    *root* is the store's folder; *image* and *config* are (digest, size in bytes).
    """
    socket = _socket()
    if not socket or not name or not set(name) <= _PLAIN or name.startswith(("/", ":")):
        return False
    name = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    try:
        return _loaded(socket, shelf.read(root, image), config, (root, name))
    except (OSError, ValueError):
        return False


def _loaded(socket: str, manifest: bytes, config: Blob, spot: tuple[str, str]) -> bool:
    root, name = spot
    if _ask(socket, "GET", f"/images/{config[0]}/json")[0] == 200:
        repository, _, tag = name.rpartition(":")
        path = f"/images/{config[0]}/tag?repo={repository}&tag={tag}"
        return _ask(socket, "POST", path)[0] == 201
    settings = shelf.read(root, config)
    layers = _digests(manifest, b'"layers":[', b'"digest":"')
    wanted = _listed(settings, b'"diff_ids":["')
    status, known = _ask(socket, "GET", f"/images/{name}/json")
    has = _common(wanted, _listed(known, b'"Layers":["')) if status == 200 else 0
    kept = any(driver in known for driver in _DRIVERS)
    if not (has and kept) or len(layers) != len(wanted) or b"zstd" in manifest:
        return False
    body = _archive(root, (config[0], settings), layers, (has, name))
    status, said = _ask(socket, "POST", "/images/load?quiet=1", body)
    if status != 200 or b'"error"' in said:
        return False
    return _ask(socket, "GET", f"/images/{config[0]}/json")[0] == 200


def _archive(
    root: str, config: tuple[str, bytes], layers: list[str], what: tuple[int, str]
) -> bytes:
    """Return what Docker loads: its table, the config, the layers beyond those it *has*."""
    has, name = what
    places = ",".join(f'"{_place(layer)}"' for layer in layers)
    table = f'[{{"Config":"{_place(config[0])}","Layers":[{places}],"RepoTags":["{name}"]}}]'
    parts = [_member("manifest.json", table.encode()), _member(_place(config[0]), config[1])]
    total = 0
    for layer in dict.fromkeys(layers[has:]):
        path = shelf.path(root, layer)
        size = os.stat(path).st_size
        total += size
        if total > _MAX_SENT:
            raise ValueError("too much to hold in memory")
        parts.append(_member(_place(layer), shelf.read(root, (layer, size))))
    return b"".join((*parts, END))


class _Kind:
    value = "file"


class _Entry:
    """What a header is made of."""

    kind = _Kind()
    mode, uid, gid, mtime = 0o644, 0, 0, 0
    target, xattrs = "", ()

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self.size = size


def _member(path: str, data: bytes) -> bytes:
    return header(_Entry(path, len(data))) + data + bytes(-len(data) % BLOCK)  # type: ignore[arg-type]


def _place(digest: str) -> str:
    return f"blobs/sha256/{digest[7:]}"


# A quote inside a JSON text is escaped, so these keys are found where they are keys only.


def _digests(data: bytes, begin: bytes, key: bytes) -> list[str]:
    """Return the digests behind *key* in the list that begins with *begin*."""
    _, found, rest = data.partition(begin)
    if not found:
        raise ValueError("no layers")
    return [_digest(part[:71]) for part in rest.partition(b"]")[0].split(key)[1:]]


def _listed(data: bytes, begin: bytes) -> list[str]:
    """Return the digests of the list of texts that begins with *begin*; [] if there is none."""
    _, found, rest = data.partition(begin)
    if not found:
        return []
    return [_digest(part) for part in rest.partition(b'"]')[0].split(b'","')]


def _digest(raw: bytes) -> str:
    text = raw.decode("ascii")
    if len(text) != 71 or not text.startswith("sha256:"):
        raise ValueError("no digest")
    int(text[7:], 16)
    return text


def _common(one: list[str], other: list[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _socket() -> str:
    """Return where Docker listens, if that takes no reading of contexts."""
    host = os.environ.get("DOCKER_HOST", "")
    if host:
        return host[7:] if host.startswith("unix://") else ""
    if os.environ.get("DOCKER_CONTEXT"):
        return ""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    try:
        with open(f"{folder}/config.json", "rb") as file:
            return "" if b'"currentContext"' in file.read(_MAX_ANSWER) else _SOCKET
    except FileNotFoundError:
        return _SOCKET
    except OSError:
        return ""


def _ask(socket: str, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Return status and answer. Raises OSError, ValueError.

    HTTP/1.0: no chunks, and the answer ends where the line does.
    """
    from _socket import AF_UNIX, SOCK_STREAM, socket as Socket  # noqa: I001, N812  socket itself takes 7 ms

    line = Socket(AF_UNIX, SOCK_STREAM)
    try:
        line.settimeout(_PATIENCE)
        line.connect(socket)
        head = f"{method} {path} HTTP/1.0\r\nHost: engine\r\nContent-Length: {len(body)}\r\n"
        kind = "Content-Type: application/x-tar\r\n" if body else ""
        line.sendall(f"{head}{kind}\r\n".encode() + body)
        answer = b"".join(_all(line))
    finally:
        line.close()
    first, _, rest = answer.partition(b"\r\n")
    words = first.split(b" ")
    if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        raise ValueError("no HTTP")
    return int(words[1]), rest.partition(b"\r\n\r\n")[2]


def _all(line: object) -> Iterator[bytes]:
    left = _MAX_ANSWER
    while data := line.recv(1 << 16):  # type: ignore[attr-defined]
        left -= len(data)
        if left < 0:
            raise ValueError("far too much")
        yield data
