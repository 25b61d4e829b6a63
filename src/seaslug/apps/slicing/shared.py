"""Shared libraries that nothing in an image can load, and so may be left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from seaslug.apps.native.needs import closure
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

_SONAME = re.compile(rb"lib[A-Za-z0-9_+-]{1,40}\.so(?:\.[0-9]{1,3}){0,3}")
_LIBRARY = re.compile(r"(?P<stem>lib[\w+.-]+?)\.so(?:\.[\w.]+)?\Z")
MAX_SEARCHED = 256 << 20

# glibc loads these by itself: name services, thread cancellation.
_ALWAYS = re.compile(r"ld-|ld\d*\.so|libc\.so|libgcc_s")
_SERVICE = re.compile(r"libnss_(?P<name>\w+)\.so")
_STUBS = re.compile(r"libresolv|libpthread|libdl|librt|libnss_(?:files|dns)")
_STUB = 20000


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
    glibc = _glibc(tree, candidates)
    kept = [p for p in candidates if glibc(_name(p)) or _stem(_name(p)) in wanted]
    needs = closure(tree, [*starts, *sorted(kept)], platform)
    reached = {found.path for found in needs.found} | {tree.realpath(p) or p for p in kept}
    reached |= {root.path for root in needs.roots}
    return {path for path in candidates if (tree.realpath(path) or path) not in reached}


def _glibc(tree: Tree, candidates: Iterable[str]) -> Callable[[str], bool]:
    """Return what tells whether glibc may load the library of a name by itself.

    Since 2.34 it is all in one library, and the others, some kilobytes that only old programs
    ask for, are for these. A name service is loaded if the configuration says it.
    """
    threads = (tree.resolve(p) for p in candidates if _name(p).startswith("libpthread"))
    whole = any(entry is not None and entry.size < _STUB for entry in threads)
    configured = tree.resolve("etc/nsswitch.conf")
    services = set(configured.read().decode("utf-8", "replace").split()) if configured else None

    def loads(name: str) -> bool:
        if _ALWAYS.match(name):
            return True
        if _STUBS.match(name):
            return not whole
        found = _SERVICE.match(name)
        return found is not None and (services is None or found["name"] in services)

    return loads


def converters(tree: Tree, programs: Iterable[str], platform: Platform) -> set[str]:
    """Return the paths of glibc's character set converters, if none of *programs* converts.

    What glibc itself needs for the locales that there are, it has built in: UTF-8.
    """
    folder = f"usr/lib/{platform.names.triplet}/gconv"
    found = {entry.path for entry in tree.under(folder) if entry.kind is not Kind.DIR}
    others = (p for p in programs if p not in found and not _name(p).startswith("libc."))
    return set() if not found or any(_converts(tree.get(path)) for path in others) else found


def _converts(entry: Entry | None) -> bool:
    return entry is not None and (entry.size > MAX_SEARCHED or b"\0iconv_open\0" in entry.read())


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
