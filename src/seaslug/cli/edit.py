"""A project's edit: one layer made anew, and all else of the image as its note remembers it.

It gives the bytes that a full build gives, or nothing: whatever is not as the plan of the
last build has it (see :mod:`seaslug.apps.edits`) is left to a full build. What costs time to
import is imported while the interpreter compiles.
"""

from __future__ import annotations

import os
import stat

from seaslug.adapters import shelf
from seaslug.apps import edits
from seaslug.cli import again
from seaslug.oci import splice as splice_image
from seaslug.tar import member, splice
from seaslug.tar.header import END

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seaslug.adapters.quickcompile import Interpreter

    Row = str
    Read = dict[str, tuple[bytes, Row]]

_MANY = 50
_HOW = "one layer made anew"
_BEFORE = "as built before"


def edited(
    argv: Sequence[str], lines: Sequence[str], changed: Sequence[str], plan: edits.Plan,
    interpreter: Interpreter,
) -> list[str] | None:  # fmt: skip
    """Return the note of the image with the files *changed*, which is then in the store.

    None, OSError or ValueError if it takes a full build. *lines* are the note of the last one.
    """
    root = again.home(argv)
    if len(changed) > _MANY:
        return None
    with shelf.Held(root, "lock"):
        read = {path: _read(path) for path in changed}
        made = _layer(plan, root, {path: data for path, (data, _) in read.items()}, interpreter)
        rows = _named(plan, root, made, lines, read) if made is not None else None
    if rows is not None:
        again.keep(argv, rows[0])
    return rows[1] if rows is not None else None


def _named(
    plan: edits.Plan, root: str, made: tuple[bytes, str], lines: Sequence[str], read: Read
) -> tuple[list[str], list[str]] | None:  # fmt: skip
    """Give the image with the layer *made* its name; return its note, and what to say now."""
    after = _image(plan, root, *made)
    if after is None:
        return None
    rows = list(_noted(lines, plan, after, {path: row for path, (_, row) in read.items()}, root))
    how = _BEFORE if after.image == plan.image else _HOW
    return rows, [row.replace(after.line(_BEFORE), after.line(how)) for row in rows]


def _read(path: str) -> tuple[bytes, Row]:
    """Return what the file holds, and its row. Raises OSError, ValueError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        seen = os.fstat(handle)
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > edits.MAX_LAYER:
            raise ValueError("not a file to edit")
        data = file.read(edits.MAX_LAYER)
        now = os.fstat(handle)
    if (now.st_mtime_ns, now.st_size) != (seen.st_mtime_ns, len(data)):
        raise ValueError("changed while it was read")
    return data, again.own(path, seen)


def _layer(
    plan: edits.Plan, root: str, read: Mapping[str, bytes], interpreter: Interpreter
) -> tuple[bytes, str] | None:  # fmt: skip
    """Return the layer with what was *read*, compressed, and its diff id; None for a full build."""
    packed = shelf.raw(root, plan.layer)
    data = member.plain(packed, edits.MAX_LAYER + len(END))
    places = splice.files(data)
    paths = dict(plan.sources())
    if any(paths.get(source) not in places for source in read):
        return None
    old = {source: splice.content(data, places[paths[source]]) for source in read}
    new = {source: text for source, text in read.items() if text != old[source]}
    fresh = {paths[source]: text for source, text in new.items()}
    code = {path: edits.compiled(path, places) for path in fresh if path.endswith(".py")}
    if any(bool(place) is not bool(plan.home) for place in code.values()):
        return None
    compiled = list(code) if plan.home else []
    if compiled:
        interpreter.give({path: fresh[path] for path in compiled})
    if shelf.named(packed) != plan.layer[0]:
        raise ValueError("a damaged layer")
    if not all(edits.harmless(plan.kind, s, old[s], text) for s, text in new.items()):
        return None
    end = member.gzip(END, plan.level)
    bytecode = interpreter.result(len(compiled)) if compiled else []
    if bytecode is None:
        return None
    fresh |= {code[path]: made for path, made in zip(compiled, bytecode, strict=True)}
    plain = splice.exchanged(data, places, fresh)
    if len(plain) > edits.MAX_LAYER + len(END):
        return None
    return member.gzip(plain[: -len(END)], plan.level) + end, shelf.named(plain)


def _image(plan: edits.Plan, root: str, layer: bytes, diff_id: str) -> edits.Plan | None:
    """Put the image with the new *layer* under its name; None if it is not as the plan has it."""
    config = splice_image.renamed(shelf.read(root, plan.config), plan.diff_id, diff_id)
    manifest: bytes | None = shelf.read(root, plan.image)
    if config is None or manifest is None:
        return None
    layers, settings = shelf.put(root, layer), shelf.put(root, config)
    for old, new in ((plan.layer, layers), (plan.config, settings)):
        manifest = splice_image.described(manifest, old, new) if manifest is not None else None
    if manifest is None:
        return None
    image = shelf.put(root, manifest)
    shelf.settle(root)
    row = splice_image.described(plan.row.encode(), plan.image, image)
    if row is None or not shelf.exchange(root, plan.row.encode(), row):
        return None
    return plan.after(image, settings, layers, diff_id, row.decode())


def _noted(
    lines: Sequence[str], plan: edits.Plan, after: edits.Plan, read: Mapping[str, Row], root: str
) -> Iterator[str]:  # fmt: skip
    """Yield the note of the new image: that of the old one, with what is other."""
    blobs = {
        shelf.path(root, old[0]): shelf.path(root, new[0])
        for old, new in ((plan.image, after.image), (plan.config, after.config),
                         (plan.layer, after.layer))
    }  # fmt: skip
    for line in lines:
        kind, _, rest = line.partition(" ")
        where = rest.rpartition(" ")[2] if kind in ("file", "index") else rest
        if kind == "file" and where in blobs:
            yield again.seen("file", blobs[where])
        elif kind == "own":
            yield read.get(rest.split(" ", 3)[3], line)
        elif kind == "folder":
            yield _folder(line, *rest.split(" ", 2))
        elif kind == "index":
            yield from again.index(rest.split(" ", 2)[2], [after.row])
        elif line == f"out {plan.image[0]}":
            yield f"out {after.image[0]}"
        elif line == f"err {plan.line(_BEFORE)}":
            yield f"err {after.line(_BEFORE)}"
        elif kind not in ("row", "edit", "end"):
            yield line
    yield from (*after.encode(), "end")


def _folder(line: Row, mtime: str, names: str, path: str) -> Row:
    """Return the row of a folder as it is now, the old one if it has other names by now."""
    fresh = again.state(path)
    return fresh if fresh.split(" ")[2] == names else line
