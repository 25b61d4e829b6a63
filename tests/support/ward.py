"""Images that fail, in Docker: loaded all at once, started, put right, gone at the end."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rules.making import Files, facts_of, layer
from seaslug.adapters.store import Store
from seaslug.anatomy.rootfs import rootfs
from seaslug.oci import images
from seaslug.ops.look import View
from seaslug.ops.specimen import specimen
from seaslug.rules.specimen import Specimen
from support.clients import Image, Seaslug, run
from support.curing import Build, Cure
from support.failing import Base, Made, archives
from support.real import missing, need

_DOCKERS_OWN = re.compile(r"^WARNING: Localhost DNS .*\n", re.MULTILINE)


class Ward:
    """*seaslug* is asked for when a base of the family is needed."""

    def __init__(self, seaslug: Callable[[], Seaslug]) -> None:
        self._seaslug = seaslug
        self._docker = need("docker")
        self._names: set[str] = set()
        self._bases: dict[tuple[str, ...], Image] = {}

    def base(self, *options: str) -> Image:
        """Return what ``seaslug build`` makes with *options*, as Docker has it from now on."""
        if options not in self._bases:
            made = self._seaslug().image(*options)
            run(self._docker, "load", "-i", made.tar)
            self._names.add(made.name)
            self._bases[options] = made
        return self._bases[options]

    def admit(self, made: Sequence[Made]) -> list[str]:
        """Load the images and return their names."""
        names = [self.name() for _ in made]
        data = archives(dict(zip(names, made, strict=True)))
        argv = [self._docker, "load", "-q"]
        loaded = subprocess.run(argv, input=data, capture_output=True, timeout=120)
        assert loaded.returncode == 0, loaded.stderr.decode()
        return names

    def name(self) -> str:
        """Return a new name, which goes when the ward is closed."""
        self._names.add(name := f"seaslug-test-doctor:{secrets.token_hex(6)}")
        return name

    def start(self, name: str, *args: str, flags: Sequence[str] = ()) -> tuple[int, str]:
        """Return status and output of ``docker run``, without a network unless *flags* name it."""
        net = () if any(one.startswith("--network") for one in flags) else ("--network=none",)
        argv = [self._docker, "run", "--rm", *net, *flags, name, *args]
        done = subprocess.run(argv, capture_output=True, timeout=60)
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        return done.returncode, _DOCKERS_OWN.sub("", said)

    def written(self, name: str, below: str) -> bool:
        """Tell whether the container of *name* writes below the folder *below*."""
        box = f"seaslug-test-doctor-{secrets.token_hex(6)}"
        argv = [self._docker, "run", "--name", box, "--network=none", name]
        try:
            subprocess.run(argv, check=True, capture_output=True, timeout=60)
            return f"A {below}/" in run(self._docker, "diff", box).out
        finally:
            subprocess.run([self._docker, "rm", "-f", box], capture_output=True, timeout=60)

    def cured(self, name: str, build: Build, cure: Cure) -> str:
        """Return the name of the image that *cure* makes of *name*."""
        options = cure.base
        if cure.packages:
            raise AssertionError("packages of a seaslug.toml: the case is no application")
        base = self.base(*options).name if options else name
        if cure.runs:
            build = replace(build, tools=self.base(build.tools or "base-debian12:debug").name)
        return self.build(build.context(build.dockerfile(cure, base, bool(options)), cure))

    def build(self, context: bytes, *, status: int = 0) -> str:
        """Build *context* with Docker's own builder; return the name, or of a failure the words."""
        name = self.name()
        # Of two builds that share steps, the one that is removed takes the other's away.
        done = subprocess.run(
            [self._docker, "build", "-q", "--no-cache", "-t", name, "-"], input=context,
            capture_output=True, timeout=120, env={**os.environ, "DOCKER_BUILDKIT": "0"},
        )  # fmt: skip
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert (done.returncode != 0) == (status != 0), said
        return said if status else name

    def close(self) -> None:
        """Take everything away again."""
        if self._names:
            argv = [self._docker, "rmi", "-f", *self._names]
            subprocess.run(argv, capture_output=True, timeout=120)


@contextlib.contextmanager
def tls(context: ssl.SSLContext) -> Iterator[int]:
    """Answer TLS on the loopback, and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer, args=(listener, context), daemon=True).start()
        yield listener.getsockname()[1]


def _answer(listener: socket.socket, context: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            # Clients that do not trust us hang up in the middle.
            with contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as it:
                it.recv(1)


@contextlib.contextmanager
def nobody(address: str) -> Iterator[None]:
    """Answer questions for names at *address* with "no such name"."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        # Another worker may do the same at the same time.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            server.bind((address, 53))
        except OSError as error:
            missing(f"nobody may be a name server here: {error.strerror}")
        threading.Thread(target=_deny, args=(server,), daemon=True).start()
        yield


def _deny(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            asked, client = server.recvfrom(512)
            # An answer, with recursion, and the code of "no such name" (RFC 1035, 4.1.1).
            server.sendto(asked[:2] + b"\x81\x83" + asked[4:], client)


def known(home: Any, image: Image) -> Specimen:
    """Return what rules see of *image*."""
    store = Store(home)
    return specimen(View(store, images.image(store, image.digest)))


def on(base: Image) -> Base:
    """Return *base* as one to lay images on."""
    return Base(tuple(base.config()["rootfs"]["diff_ids"]))


def over(base: Specimen, layers: Sequence[Files], how: Mapping[str, Any]) -> Specimen:
    """Return *base* with *layers* laid over it, run as *how* says beside what it says itself."""
    facts = [facts_of(layer(files)) for files in layers]
    rows = (*(base.run.get("Env") or ()), *how.get("Env", ()))
    env = list({row.partition("=")[0]: row for row in rows}.values())
    config = {**base.config, "config": {**base.run, **how, "Env": env}}
    return replace(base, root=rootfs((*base.root.layers, *facts)), config=config)
