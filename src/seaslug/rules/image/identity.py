"""Who the process is, and what files let it do."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.rules.specimen import Specimen
from seaslug.values.tree import Entry, Kind, parents

READ, WRITE, EXECUTE = 4, 2, 1
PASSWD, GROUP = "etc/passwd", "etc/group"


@dataclass(frozen=True, slots=True)
class Identity:
    """The process: its ids, its ``home`` (``/`` if nothing says another one).

    ``unknown`` is the name that is in no file, ``kind`` whether it is a ``user`` or a
    ``group``; ``listed`` tells whether /etc/passwd has the user. ``almighty``: rights of
    files do not hold for it.
    """

    uid: int
    gids: frozenset[int]
    home: str
    listed: bool
    unknown: str = ""
    kind: str = ""
    almighty: bool = False


def identity(specimen: Specimen) -> Identity:
    """Return who the image's process is, as engines find it in the image's own files."""
    user, _, group = specimen.user.partition(":")
    row = _row(specimen, PASSWD, user or "0")
    uid = _number(row[2]) if row else _number(user or "0")
    gid = _number(row[3]) if row else 0
    unknown, kind = ("", "") if uid >= 0 else (user, "user")
    if group:
        found = _row(specimen, GROUP, group)
        gid = _number(found[2] if found else group)
        unknown, kind = (group, "group") if gid < 0 and not unknown else (unknown, kind)
    gids = frozenset((gid, *(() if group or not row else _more(specimen, row[0]))))
    dropped = specimen.held.dropped & {"ALL", "DAC_OVERRIDE"}
    home = specimen.env.get("HOME") or (row[5] if row and row[5] else "/")
    return Identity(uid, gids, home, bool(row), unknown, kind, uid == 0 and not dropped)


def may(who: Identity, entry: Entry, bit: int) -> bool:
    """Tell whether *who* may READ, WRITE or EXECUTE (of a folder: enter) the file *entry*."""
    if who.almighty:
        return bit != EXECUTE or entry.kind is Kind.DIR or bool(entry.mode & 0o111)
    shift = 6 if entry.uid == who.uid else 3 if entry.gid in who.gids else 0
    return bool(entry.mode >> shift & bit)


def closed(specimen: Specimen, who: Identity, path: str) -> str:
    """Return the first folder above *path* (a real one) that *who* may not enter, or ''."""
    for folder in parents(path):
        entry = specimen.root.tree.get(folder)
        if entry is not None and entry.kind is Kind.DIR and not may(who, entry, EXECUTE):
            return folder
    return ""


def there(specimen: Specimen, path: str) -> bool:
    """Tell whether *path* leads to anything, if only to a folder that no tar has an entry of."""
    real = specimen.root.tree.realpath(path)
    tree = specimen.root.tree
    return real == "" or (real is not None and bool(tree.resolve(real) or tree.under(real)))


def size(specimen: Specimen, path: str) -> int:
    """Return the size in bytes of the file at the tree path *path*; the tree knows contents not."""
    item = specimen.root.placed.get(path)
    return item.entry.size if item is not None else 0


def writable(specimen: Specimen, who: Identity, path: str) -> bool:
    """Tell whether *who* may make files in the folder *path*."""
    entry = specimen.root.tree.resolve(path)
    if entry is None:
        # Of some folders a tar has no entry: engines make them root's, 0755.
        return who.almighty and there(specimen, path)
    folder = entry.kind is Kind.DIR
    return folder and may(who, entry, WRITE) and not closed(specimen, who, entry.path)


def _row(specimen: Specimen, path: str, wanted: str) -> list[str] | None:
    """Return the line of passwd or group whose name, or else number, is *wanted*."""
    rows = [line.split(":") for line in specimen.root.text(path).splitlines()]
    full = [row for row in rows if len(row) >= (7 if path == PASSWD else 4)]
    named = (row for row in full if row[0] == wanted)
    return next(named, None) or next((row for row in full if row[2] == wanted), None)


def _more(specimen: Specimen, name: str) -> list[int]:
    rows = (line.split(":") for line in specimen.root.text(GROUP).splitlines())
    return [_number(row[2]) for row in rows if len(row) > 3 and name in row[3].split(",")]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 11 else -1
