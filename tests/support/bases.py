"""Bases and applications on them, made by hand in a store, to be rebased on the command line.

::

    bench = Bench(folder)
    bench.base("old", libc(), file("etc/passwd", "root:x:0:0::/:\\n"))
    bench.app("app", "old", program())
    bench.rebase("app", "new")
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seaslug.adapters.store import Store
from seaslug.values.descriptor import Descriptor
from support import images
from support.binaries import LOADER, elf
from support.cli import Cli, Done
from support.images import link, member

LIBRARIES = "usr/lib/x86_64-linux-gnu"
PATH = "PATH=/usr/bin"


def file(path: str, data: bytes | str = b"", mode: int = 0o644) -> Any:
    return member(path, data.encode() if isinstance(data, str) else data, mode=mode)


def binary(path: str, **what: Any) -> Any:
    """Return an ELF file at *path*; see support.binaries."""
    return member(path, elf(**what), mode=0o755)


def library(name: str, **what: Any) -> Any:
    """Return a shared library where the loader looks."""
    return binary(f"{LIBRARIES}/{name}", soname=name, **what)


def libc(*versions: str) -> tuple[Any, ...]:
    """Return a C library with these symbol versions, and the loader."""
    return (
        library("libc.so.6", defines=versions or ("GLIBC_2.2.5", "GLIBC_2.34")),
        library("ld-linux-x86-64.so.2"),
        link(LOADER.lstrip("/"), f"/{LIBRARIES}/ld-linux-x86-64.so.2"),
    )


def program(path: str = "app/prog", *versions: str, **what: Any) -> Any:
    """Return a program that needs the C library, with these symbol versions."""
    needed = ("libc.so.6", *what.pop("needed", ()))
    needs = [("libc.so.6", version) for version in versions or ("GLIBC_2.34",)]
    needs += what.pop("needs", [])
    return binary(path, kind=3, interpreter=LOADER, needed=needed, needs=needs, **what)


class Bench:
    """A store with images that were made here, and the command line on it."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "home")
        self.cli = Cli(folder / "home")
        self._layers: dict[str, list[bytes]] = {}

    def base(self, name: str, *members: Any, config: Mapping[str, Any] | None = None) -> None:
        """Make a base of one layer with these members."""
        self._put(name, [images.layer(*members)], config or {"Env": [PATH]})

    def app(self, name: str, base: str, *members: Any, **config: Any) -> None:
        """Make an application of one layer over *base*."""
        config.setdefault("Entrypoint", ["/app/prog"])
        config.setdefault("Env", [PATH])
        self._put(name, [*self._layers[base], images.layer(*members)], config)

    def _put(self, name: str, layers: list[bytes], config: Mapping[str, Any]) -> None:
        digest = images.image(self.store, layers, config)
        size = self.store.get(digest).size
        self.store.tag(f"{name}:latest", Descriptor(images.MANIFEST, digest, size), "linux/amd64")
        self._layers[name] = layers

    def rebase(self, *args: object, app: str = "app", old: str = "old", new: str = "new") -> Done:
        """Put *app* from *old* onto *new*."""
        return self.cli("rebase", app, "--from", old, "--onto", new, *args)

    def inspect(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cli("inspect", name, "--json").json
        return found
