"""Shared libraries that nothing in an image can load, and so may be left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from seaslug.apps.native.needs import closure
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

_SONAME = re.compile(rb"lib[A-Za-z0-9_+-]{1,40}\.so(?:\.[0-9]{1,3}){0,3}")
_LIBRARY = re.compile(r"(?P<stem>lib[\w+.-]+?)\.so(?:\.[\w.]+)?\Z")
MAX_SEARCHED = 256 << 20

# glibc loads these by itself: name services, character sets, thread cancellation.
_ALWAYS = re.compile(r"ld-|ld\d*\.so|libc\.so|libnss_|libresolv|libgcc_s|libpthread|libdl|librt")


def unused(tree: Tree, roots: Iterable[str], platform: Platform, named: Iterable[str]) -> set[str]:
    """Return the paths of the libraries that no root can load, links to them included.

    *roots* are programs and libraries that stay; *named* are texts of programs that may name
    libraries (``libfoo.so.1``, or ``foo`` as ctypes takes it). Only libraries in the directories
    that the loader looks in by itself are candidates.
    """
    starts = list(dict.fromkeys(roots))
    candidates = set(_candidates(tree, platform))
    wanted = {stem for text in named for stem in _stems(text)}
    for path in starts:
        wanted |= _mentioned(tree.resolve(path))
    kept = [p for p in candidates if _ALWAYS.match(_name(p)) or _stem(_name(p)) in wanted]
    needs = closure(tree, [*starts, *sorted(kept)], platform)
    reached = {found.path for found in needs.found} | {tree.realpath(p) or p for p in kept}
    reached |= {root.path for root in needs.roots}
    return {path for path in candidates if (tree.realpath(path) or path) not in reached}


def _candidates(tree: Tree, platform: Platform) -> Iterator[str]:
    triplet = platform.names.triplet
    folders = {
        tree.realpath(folder) or folder
        for folder in (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib", "lib", "usr/lib64")
    }
    for folder in sorted(folders):
        for entry in tree.under(folder):
            rest = entry.path[len(folder) + 1 :]
            if "/" not in rest and entry.kind is not Kind.DIR and _LIBRARY.match(rest):
                yield entry.path


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(name: str) -> str:
    found = _LIBRARY.match(name)
    return found["stem"] if found is not None else name


def _stems(text: str) -> Iterator[str]:
    """Yield the stem of the library that a program may mean by *text*."""
    if (found := _LIBRARY.match(text.rpartition("/")[2])) is not None:
        yield found["stem"]
    elif text.isascii() and 1 < len(text) < 40 and "." not in text and "/" not in text:
        yield f"lib{text}"


def _mentioned(entry: Entry | None) -> set[str]:
    if entry is None or entry.kind is not Kind.FILE or entry.size > MAX_SEARCHED:
        return set()
    return {_stem(found.decode()) for found in _SONAME.findall(entry.read())}
