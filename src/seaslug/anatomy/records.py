"""What an image's own databases say of its packages: Debian's in its two shapes, and Alpine's.

::

    var/lib/dpkg/status                 stanzas of a whole Debian
    var/lib/dpkg/info/NAME[:ARCH].list  the paths of one package, folders among them
    var/lib/dpkg/status.d/NAME          one stanza, as distroless images have it
    var/lib/dpkg/status.d/NAME.md5sums  the regular files of one package
    lib/apk/db/installed                stanzas with paths
    *.dist-info/RECORD                  the files of one package of Python's

Nothing here raises: what cannot be read is not said.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from seaslug.anatomy.facts import Record
from seaslug.oci.files import STATUS

DPKG = "var/lib/dpkg/status"
APK = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
RPM = ("var/lib/rpm/", "usr/lib/sysimage/rpm/")
RECORD = ".dist-info/RECORD"
_LONGEST = 10_000
_INFO, _LIST, _SUMS = "var/lib/dpkg/info/", ".list", ".md5sums"


def is_record(path: str) -> bool:
    """Tell whether the file at *path* is such a database, or a part of one."""
    return (
        path in (DPKG, *APK)
        or path.startswith(STATUS)
        or (path.startswith(_INFO) and path.endswith(_LIST))
        or path.endswith(RECORD)
    )


def is_list(path: str) -> bool:
    """Tell whether the file at *path* names a package's paths, and no more."""
    return path.endswith((_LIST, _SUMS, RECORD))


def records(path: str, text: str) -> tuple[Record, ...]:
    """Return what the database *text* at *path* says."""
    if path in APK:
        return tuple(filter(None, map(_alpine, text.split("\n\n"))))
    if path.endswith(RECORD):
        return (Record("", paths=tuple(_rows(text))),)
    name = path.rpartition("/")[2]
    if path.startswith(_INFO):
        own = name.removesuffix(_LIST).partition(":")[0]
        return (Record(own, paths=tuple(_listed(text))),)
    if path.startswith(STATUS) and name.endswith(_SUMS):
        return (Record(name.removesuffix(_SUMS), paths=tuple(_summed(text))),)
    return tuple(filter(None, map(_debian, text.split("\n\n"))))


def _listed(text: str) -> Iterator[str]:
    return (line.strip("/") for line in text.splitlines() if line not in ("", "/."))


def _rows(text: str) -> Iterator[str]:
    """Yield the first field of each row; some names are quoted."""
    for line in text.splitlines():
        if line.startswith('"') and len(line) < _LONGEST:
            yield from next(csv.reader([line]), [""])[:1]
        elif line:
            yield line.partition(",")[0]


def _summed(text: str) -> Iterator[str]:
    return (line.partition("  ")[2] for line in text.splitlines() if "  " in line)


def _debian(stanza: str) -> Record | None:
    """Return the package of a stanza; None if it is none, or removed but for its settings."""
    fields = dict(
        line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " "
    )
    name = fields.get("Package", "")
    if not name or not fields.get("Status", "installed").endswith("installed"):
        return None
    if fields.get("Status", "").endswith("not-installed"):
        return None
    depends = ", ".join(
        fields[key] for key in ("Pre-Depends", "Depends") if fields.get(key)
    )  # fmt: skip
    return Record(
        name, fields.get("Version", ""), fields.get("Architecture", ""),
        fields.get("Source", "").partition(" ")[0] or name, depends, fields.get("Provides", ""),
    )  # fmt: skip


def _alpine(stanza: str) -> Record | None:
    fields: dict[str, str] = {}
    paths, folder = [], ""
    for line in stanza.splitlines():
        key, _, value = line.partition(":")
        if key == "F":
            folder = value
        elif key == "R":
            paths.append(f"{folder}/{value}".lstrip("/"))
        else:
            fields.setdefault(key, value)
    if "P" not in fields:
        return None
    return Record(
        fields["P"], fields.get("V", ""), fields.get("A", ""), fields.get("o", fields["P"]),
        fields.get("D", ""), fields.get("p", ""), tuple(paths),
    )  # fmt: skip
