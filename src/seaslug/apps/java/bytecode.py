"""Which Java the classes of a jar need, by the version of their class files.

Source: the Java Virtual Machine Specification, 4.1: magic, minor, major; major 52 is
Java 8 and each release adds one; a minor version of 65535 depends on preview features of
just that release. Classes below META-INF/versions/N are for Java N and newer, and are not
needed to run at all; nor is module-info.class on the class path.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seaslug.apps.java.archive import Archive
from seaslug.errors import HostileError, ProjectError

_MAGIC = 0xCAFEBABE
_FIRST = 44
_PREVIEW = 0xFFFF
_MAX_NESTED = 5_000


@dataclass(frozen=True, slots=True, order=True)
class Level:
    """*java* is the release that is needed (8, 17 ...), 0 if there is no class; *where* the class.

    With *preview*, only that release will do.
    """

    java: int = 0
    preview: bool = False
    where: str = ""


def level(archives: Iterable[Archive]) -> Level:
    """Return the highest version over all classes of *archives* and of the jars in them."""
    best = Level()
    for archive in archives:
        for name in archive.names():
            if name.endswith(".class") and _counts(name):
                java, preview = _read(archive.head(name, 8))
                if (java, preview) > (best.java, best.preview):
                    best = Level(java, preview, f"{archive.where}: {name}")
    return best


def nested(archive: Archive) -> Iterator[Archive]:
    """Yield the jars of an executable jar's or war's library folders, one level deep.

    Raises HostileError for too many; what is no jar in spite of its name is passed over.
    """
    folders = ("BOOT-INF/lib/", "WEB-INF/lib/", "WEB-INF/lib-provided/")
    names = [n for n in archive.names() if n.startswith(folders) and n.endswith(".jar")]
    if len(names) > _MAX_NESTED:
        raise HostileError(f"more than {_MAX_NESTED} jars in it", where=archive.where)
    for name in names:
        content = archive.content_of(name)
        try:
            yield Archive(content, name)
        except ProjectError:
            continue


def _counts(name: str) -> bool:
    return not name.startswith("META-INF/versions/") and not name.endswith("module-info.class")


def _read(head: bytes) -> tuple[int, bool]:
    if len(head) < 8:
        return 0, False
    magic, minor, major = struct.unpack(">IHH", head)
    if magic != _MAGIC or major <= _FIRST:
        return 0, False
    return major - _FIRST, minor == _PREVIEW
