"""One layer made anew, with an image of our own: the bytes, the note, and when it is left alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from seaslug.adapters.quickcompile import Interpreter
from seaslug.adapters.store import Store
from seaslug.apps.edits import Plan, decode
from seaslug.cli import again, edit
from seaslug.oci import media
from seaslug.oci.config import ImageConfig
from seaslug.oci.image import Image, Layer
from seaslug.tar.compress import Compression
from seaslug.tar.writer import END, fragment
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree, directory, file

FILES = {"main.py": b"import json\n", "page.html": b"<p>one</p>", "notes.txt": b"notes\n"}
NAME = "thing:latest"
AMD64 = Platform("linux", "amd64")


@dataclass
class Shelf:
    """A project, its image in a store, and the note that a build would have left."""

    folder: Path
    store: Store
    argv: tuple[str, ...]
    image: Image
    lines: list[str]

    def edit(self, *names: str) -> list[str] | None:
        """Do as a command does when its note says that these files have changed."""
        changed = [str(self.folder / name) for name in names]
        try:
            plan = decode(self.lines)
            assert plan is not None
            with Interpreter(plan.home, plan.command) as interpreter:
                return edit.edited(self.argv, self.lines, changed, plan, interpreter)
        except (OSError, ValueError):
            return None

    def write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def top(self) -> Digest:
        return self.store.tags()[NAME].digest


def layer(store: Store, name: str, files: Mapping[str, bytes]) -> Layer:
    entries = (file(f"app/{path}", content) for path, content in files.items())
    data = b"".join(fragment(Tree([directory("app"), *entries])))
    gzip = Compression("gzip", 6)
    blob = store.put([gzip.one(data), gzip.one(END)])
    descriptor = Descriptor(media.layer_type("gzip"), blob.digest, blob.size)
    return Layer(descriptor, Digest.of(data + END), f"seaslug: {name}")


def made(store: Store, files: Mapping[str, bytes]) -> Image:
    layers = (layer(store, "base", {"base": b"base"}), layer(store, "application", files))
    return Image(AMD64, ImageConfig(AMD64, user="65532"), layers, (("title", "thing"),))


def put(store: Store, image: Image) -> tuple[str, int]:
    store.put([image.config_bytes()])
    stored = store.put([image.manifest_bytes()])
    descriptor = Descriptor(media.MANIFEST, stored.digest, stored.size)
    store.tag(NAME, descriptor, "linux/amd64")
    return stored.digest.text, stored.size


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    folder = tmp_path / "thing"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    monkeypatch.setenv("SEASLUG_HOME", str(tmp_path / "home"))
    store = Store(tmp_path / "home")
    argv = ("build", str(folder))
    image = made(store, FILES)
    place = put(store, image)
    config, top = image.config_bytes(), image.layers[1]
    plan = Plan(
        "python", (store.row(NAME), "thing  ", " in 2 layers; ", top.diff_id.text),
        (place, (Digest.of(config).text, len(config)),
         (top.descriptor.digest.text, top.descriptor.size)),
        (6, sum(x.descriptor.size for x in image.layers)),
        [(f"app/{name}", str(folder / name)) for name in FILES],
    )  # fmt: skip
    files = [str(store.get(Digest(digest)).path) for digest, _ in (plan.image, plan.layer)]
    rows = [again.state(str(folder / name)) for name in FILES]
    rows += [again.state(str(folder)), *again.index(str(store.root / "index.json"), [plan.row])]
    rows += [*plan.encode(), f"out {place[0]}", f"err {plan.line('as built before')}"]
    again.note(argv, float("inf"), files, [*rows, "err   {seconds} s"])
    found = again.recall(argv)
    assert found is not None and found[1] == []
    return Shelf(folder, store, argv, image, found[0])


@pytest.mark.parametrize(
    "change",
    [
        {"main.py": b"import json  # said\n"}, {"main.py": b"import json\nx = 1\n"},
        {"page.html": b""}, {"page.html": b"x" * 70_000},
        {"main.py": b"\n\nimport json\n", "page.html": b"<p>two</p>"},
    ],
)  # fmt: skip
def test_the_bytes_are_those_of_an_image_made_whole(shelf: Shelf, change: dict[str, bytes]) -> None:
    for name, data in change.items():
        shelf.write(name, data)
    found = again.recall(shelf.argv)
    assert found is not None and sorted(found[1]) == [str(shelf.folder / n) for n in sorted(change)]
    lines, settled = shelf.edit(*change), again.settled(shelf.argv)
    wanted = made(shelf.store, {**FILES, **change})
    digest = Digest.of(wanted.manifest_bytes())
    assert lines is not None and f"out {digest}" in lines
    assert shelf.top() == digest
    assert shelf.store.read(digest) == wanted.manifest_bytes()
    assert shelf.store.find(Digest.of(wanted.config_bytes())) is not None
    size = sum(x.descriptor.size for x in wanted.layers)
    assert f"err thing  {size / 1e6:.2f} MB in 2 layers; one layer made anew" in lines
    assert settled is not None and f"out {digest}" in settled
    assert not list((shelf.store.root / "staging").iterdir())


def test_edits_follow_each_other(shelf: Shelf) -> None:
    text = FILES["main.py"]
    for number in range(5):
        text = b"# %d\n" % number + text
        shelf.write("main.py", text)
        assert again.settled(shelf.argv) is not None
    assert shelf.top() == Digest.of(made(shelf.store, {**FILES, "main.py": text}).manifest_bytes())


def test_a_file_that_was_only_touched_changes_nothing(shelf: Shelf) -> None:
    os.utime(shelf.folder / "main.py")
    before = shelf.top()
    lines = again.settled(shelf.argv)
    assert lines is not None and any("as built before" in line for line in lines)
    assert shelf.top() == before


def test_what_another_build_named_stays(shelf: Shelf) -> None:
    other = Descriptor(media.MANIFEST, shelf.top(), len(shelf.image.manifest_bytes()))
    shelf.store.tag("other:1", other, "linux/amd64")
    shelf.write("page.html", b"two")
    assert again.settled(shelf.argv) is not None
    tags = shelf.store.tags()
    assert tags["other:1"].digest != tags[NAME].digest


def damaged(shelf: Shelf, digest: Digest) -> None:
    path = Path(shelf.store.get(digest).path)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def tagged(shelf: Shelf) -> None:
    shelf.store.untag(NAME)


def linked(shelf: Shelf) -> None:
    (shelf.folder / "page.html").unlink()
    (shelf.folder / "page.html").symlink_to("notes.txt")


def piped(shelf: Shelf) -> None:
    (shelf.folder / "page.html").unlink()
    os.mkfifo(shelf.folder / "page.html")


def cut(shelf: Shelf) -> None:
    shelf.lines = [line for line in shelf.lines if not line.startswith("edit level")]


REFUSED: dict[str, Callable[[Shelf], object]] = {
    "an import": lambda s: s.write("page.html", b"x") or s.write("main.py", b"import csv\n"),
    "no Python": lambda s: s.write("main.py", b"import json(\n"),
    "what is read otherwise": lambda s: s.write("notes.txt", b"other"),
    "a program": lambda s: s.write("page.html", b"\x7fELF"),
    "a damaged layer": lambda s: damaged(s, s.image.layers[1].descriptor.digest),
    "a damaged manifest": lambda s: damaged(s, s.top()),
    "a damaged config": lambda s: damaged(s, Digest.of(s.image.config_bytes())),
    "no config": lambda s: os.unlink(s.store.get(Digest.of(s.image.config_bytes())).path),
    "another name": tagged,
    "a link": linked,
    "a pipe": piped,
    "a note cut off": cut,
    "a file that is gone": lambda s: (s.folder / "page.html").unlink(),
    "far too large": lambda s: s.write("page.html", bytes(17 << 20)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_certain_is_left_to_a_full_build(shelf: Shelf, name: str) -> None:
    shelf.write("page.html", b"two")
    REFUSED[name](shelf)
    before = shelf.store.tags()
    assert shelf.edit("main.py", "page.html", "notes.txt") is None
    assert shelf.store.tags() == before
    assert not list((shelf.store.root / "staging").iterdir())


def test_a_collector_is_not_disturbed(shelf: Shelf) -> None:
    shelf.write("page.html", b"two")
    with open(shelf.store.root / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert shelf.edit("page.html") is None
    assert shelf.edit("page.html") is not None


def test_a_layer_that_is_there_twice_is_left_alone(shelf: Shelf) -> None:
    twice = replace(shelf.image, layers=(shelf.image.layers[1], shelf.image.layers[1]))
    put(shelf.store, twice)
    shelf.write("page.html", b"two")
    assert shelf.edit("page.html") is None


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (lambda f: (f / "more").write_text(""), False),
        (lambda f: (f / "notes.txt").unlink(), False),
        (lambda f: (f / "page.html").chmod(0o755), False),
        (lambda f: [(f / "x").write_bytes(b""), (f / "x").rename(f / "main.py")], True),
        (lambda f: os.utime(f, ns=(1, 1)), True),
    ],
)  # fmt: skip
def test_what_a_note_bears(shelf: Shelf, change: Callable[[Path], object], kept: bool) -> None:
    change(shelf.folder)
    assert (again.recall(shelf.argv) is not None) is kept


@pytest.mark.parametrize(
    ("argv", "plain"),
    [
        ("build . -o oci:x", "build ."), ("build . --output oci:x -q", "build . -q"),
        ("build . --output=oci:x --load --push --watch", "build ."), ("build . -o", "build ."),
        ("build . -t a:1", "build . -t a:1"), ("build . -qo oci:x", "build . -qo oci:x"),
    ],
)  # fmt: skip
def test_the_same_command_that_puts_nothing_out(argv: str, plain: str) -> None:
    assert again.plain(argv.split()) == tuple(plain.split())
