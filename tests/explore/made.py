"""Images for the browser, and a source that reads them, as the command makes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rules.judging import GITHUB, key
from seaslug.adapters.store import Store
from seaslug.explore.changes import Pile
from seaslug.explore.forest import Forest
from seaslug.explore.whole import Whole
from seaslug.oci.images import image_at
from seaslug.ops.explore import Reader
from seaslug.ops.look import View
from support import images
from support.binaries import LOADER, elf
from support.images import folder, layer, link, member

LOWER = layer(
    folder("usr"), folder("usr/bin"), link("bin", "usr/bin"),
    member("usr/bin/su", b"x" * 5000, mode=0o4755),
    member("usr/bin/app", elf(kind=2, interpreter=LOADER, needed=["libc.so.6"]), mode=0o755),
    folder("old"), member("old/a", b"a" * 3000), member("old/b/c", b"c" * 9000),
    member("app/key.pem", key().encode()), member("app/bad\udcff", GITHUB.encode()),
    member("app/[red]x", b"hi\x1b[31mred\n\ttab\n"), member("app/new\nline\x1b[2J", b"\0\1\2"),
    link("loop", "loop2"), link("loop2", "loop"), link("a/way", "../../bin/su"),
    member("dup1", b"d" * 7000), member("dup2", b"d" * 7000),
    member("etc/passwd", b"root:x:0:0::/:/bin/sh\n"),
)  # fmt: skip
UPPER = layer(
    member("app/.wh.key.pem"), member("bin/su", b"y" * 6000, mode=0o755), member(".wh.old"),
    member("dup1", b"d" * 7000), member("app/more", b"1"),
)  # fmt: skip


def source(root: Path, layers: Sequence[bytes] = (LOWER, UPPER), **more: Any) -> Reader:
    """Return what reads an image of *layers*."""
    store = Store(root / "home")
    digest = images.image(store, layers, {"User": "0:0", "Env": ["A=b"]}, **more)
    return Reader(View(store, image_at(store, digest, "made")))


def whole(reader: Reader) -> tuple[Whole, Forest]:
    """Return all that is known of an image."""
    pile, layers = Pile(), []
    for at in range(len(reader.subject.layers)):
        layers.append(reader.layer(at, lambda count: None))
        pile.lay(layers[-1])
    found = Whole(tuple(layers), tuple(pile.changes), pile.merged, reader.judged(layers))
    return found, Forest(pile.merged)
