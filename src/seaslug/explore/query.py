"""What to show of a tree: patterns, kinds, packages and sizes, all of which must fit.

::

    *.so*            a pattern: of the name, or with a slash of the whole path
    ssl              a part of the path, in any case of letters
    is:elf           a kind, see KINDS
    pkg:libc6        what a package brought; patterns too
    layer:2          what the layer 2 shows
    >1M  <10k        larger or smaller; k, M and G are powers of 1000
    !is:link         not that
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from seaslug.errors import UnknownNameError, UsageError
from seaslug.explore.changes import Item, Mark
from seaslug.explore.whole import Whole
from seaslug.values.tree import Kind

Test = Callable[[Item], bool]
_SIZE = re.compile(r"([<>])=?([0-9]+(?:\.[0-9]+)?)([kKmMgG]?)[bB]?\Z")
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_TEXTS = (
    ".txt", ".md", ".rst", ".conf", ".cfg", ".ini", ".toml", ".json", ".jsonl", ".yaml", ".yml",
    ".xml", ".html", ".css", ".csv", ".sh", ".py", ".pyi", ".js", ".mjs", ".cjs", ".ts", ".rb",
    ".pl", ".pm", ".go", ".rs", ".c", ".h", ".java", ".properties", ".service", ".list", ".pem",
    ".crt", ".env", ".md5sums", ".sql", ".log",
)  # fmt: skip

KINDS: Mapping[str, tuple[str, Callable[[Whole, Item], bool]]] = {
    "elf": ("programs and libraries", lambda whole, item: whole.facts(item) is not None),
    "script": ("files that begin with #!", lambda whole, item: bool(whole.script(item))),
    "text": ("texts, by their names", lambda whole, item: _file(item) and (
        item.path.lower().endswith(_TEXTS) or bool(whole.script(item)))),
    "exec": ("files that may be executed", lambda _, item: _file(item) and bool(
        item.row.mode & 0o111)),
    "link": ("symbolic and hard links", lambda _, item: item.row.kind in (
        Kind.SYMLINK, Kind.HARDLINK)),
    "setuid": ("files that are setuid or setgid", lambda _, item: _file(item) and bool(
        item.row.mode & 0o6000)),
    "writable": ("what anybody may write to", lambda _, item: _writable(item)),
    "finding": ("files with findings", lambda whole, item: bool(whole.findings(item.path))),
    "wasted": ("hidden by upper layers, or there twice", lambda whole, item: whole.wasted(item)),
    "unowned": ("files of no package", lambda whole, item: item.row.kind is not Kind.DIR
                and whole.judged is not None and not whole.owner(item)),
    "added": ("new in its layer", lambda _, item: item.mark is Mark.ADDED),
    "changed": ("replaced by its layer", lambda _, item: item.mark is Mark.CHANGED),
    "same": ("there again, as it was", lambda _, item: item.mark is Mark.SAME),
    "removed": ("removed by its layer", lambda _, item: item.mark is Mark.REMOVED),
}  # fmt: skip
"""What ``is:`` takes, with what it means."""


def test_of(text: str, whole: Whole) -> Test:
    """Return what tells whether an item fits all words of *text*.

    Raises UsageError for what is no filter.
    """
    tests = [_word(word, whole) for word in text.split()]
    return lambda item: all(test(item) for test in tests)


def _word(word: str, whole: Whole) -> Test:
    if word.startswith("!") and len(word) > 1:
        inner = _word(word[1:], whole)
        return lambda item: not inner(item)
    key, colon, value = word.partition(":")
    if colon and key in ("is", "pkg", "package", "layer"):
        return _named(key, value, whole)
    size = _SIZE.match(word)
    if size:
        return _sized(size[1], int(float(size[2]) * _UNITS[size[3].lower()]))
    return _path(word)


def _named(key: str, value: str, whole: Whole) -> Test:
    if key == "is":
        if value not in KINDS:
            raise UnknownNameError("kind", value, tuple(KINDS))
        test = KINDS[value][1]
        return lambda item: test(whole, item)
    if key == "layer":
        if not (value.isascii() and value.isdigit()):
            raise UsageError(f"not a layer's number: {value!r}", hint="layer:0 is the lowest")
        return lambda item: item.layer == int(value)
    return lambda item: fnmatchcase(whole.owner(item), value)


def _sized(side: str, limit: int) -> Test:
    if side == ">":
        return lambda item: item.row.size >= limit and item.row.kind is Kind.FILE
    return lambda item: item.row.size <= limit and item.row.kind is Kind.FILE


def _path(word: str) -> Test:
    low = word.lower().lstrip("/") if word.count("/") else word.lower()
    if not any(mark in word for mark in "*?["):
        return lambda item: low in item.path.lower()
    if "/" in word:
        return lambda item: fnmatchcase(item.path.lower(), low)
    return lambda item: fnmatchcase(item.path.rpartition("/")[2].lower(), low)


def _file(item: Item) -> bool:
    return item.row.kind is Kind.FILE


def _writable(item: Item) -> bool:
    """A sticky folder, as /tmp is, lets nobody remove what another one made."""
    if item.row.kind is Kind.DIR:
        return item.row.mode & 0o1002 == 0o002
    return _file(item) and bool(item.row.mode & 0o002)
