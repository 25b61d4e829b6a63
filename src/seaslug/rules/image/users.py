"""Accounts and groups as the image's own files have them."""

from __future__ import annotations

from seaslug.rules.specimen import Specimen

PASSWD, GROUP = "etc/passwd", "etc/group"
_FIELDS = {PASSWD: 7, GROUP: 4}


def rows(image: Specimen, path: str) -> list[list[str]]:
    """Return the lines of *path* as fields; those that are no entry are left out."""
    found = [line.split(":") for line in image.root.text(path).splitlines()]
    return [row for row in found if len(row) == _FIELDS[path] and row[0] and row[2].isdigit()]


def runs_as_root(image: Specimen) -> bool:
    """Tell whether the image's user is root: by default, by number, by a name of uid 0."""
    user = image.user.partition(":")[0].strip()
    if user.isdigit():
        return int(user) == 0
    named = [row for row in rows(image, PASSWD) if row[0] == user]
    return user in ("", "root") or any(int(row[2]) == 0 for row in named)
