"""Which files of a package are taken, and where they go."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from seaslug.errors import UsageError
from seaslug.values.digest import Digest

MERGED = ("bin", "sbin", "lib", "lib64", "lib32", "libx32", "libo32")
_SHELLS = (
    rb"(?:ba|da|a|k|z|c|tc|mk|pdk|fi)?sh|perl[0-9.]*|tclsh[0-9.]*|wish|awk|gawk|mawk|sed|expect"
    rb"|ruby[0-9.]*|lua[0-9.]*"
)
_SCRIPT = re.compile(
    rb"#![ \t]*(?:/usr)?(?:/local)?(?:/bin/|/sbin/)(?:env[ \t]+(?:-S[ \t]+)?)?(?:%s)(?:[ \t\r\n]|$)"
    % _SHELLS
)

Globs = tuple[str, ...]


@dataclass(frozen=True)
class Selection:
    """What of a package goes into an image.

    Patterns are paths without a leading slash; ``*`` and ``?`` stay within a part,
    ``**`` crosses parts, ``{a,b}`` is either. ``keep`` wins over ``drop``, and ``cuts`` over
    both; ``only``, if given, is all that is looked at; ``moves`` are (path, new path) pairs, a
    path that ends in ``/`` moves what is below it. ``scripts`` false leaves out executables whose
    ``#!`` names an interpreter that no such image has (shells, perl ...). ``usrmerge`` maps
    /bin, /sbin and /lib* into /usr. All patterns see the paths as the package has them.
    """

    drop: Globs = ()
    keep: Globs = ()
    only: Globs = ()
    moves: tuple[tuple[str, str], ...] = ()
    scripts: bool = True
    usrmerge: bool = False
    cuts: Globs = ()

    @cached_property
    def digest(self) -> str:
        """The digest of everything that decides what is taken, for keys of actions."""
        parts = [self.drop, self.keep, self.only, self.moves, self.scripts, self.usrmerge]
        parts += [self.cuts] if self.cuts else []
        return Digest.of(json.dumps(parts).encode()).text

    def takes(self, path: str) -> bool:
        """Tell whether the file or link at *path* is taken."""
        if self.cuts and self._cuts.match(path):
            return False
        if self.only:
            return bool(self._only.match(path))
        return not self._drop.match(path) or bool(self._keep.match(path))

    def place(self, path: str) -> str:
        """Return where *path* goes in the image."""
        for old, new in self.moves:
            if path == old or (old.endswith("/") and path.startswith(old)):
                path = new + path[len(old) :]
                break
        return merged(path) if self.usrmerge else path

    def refuses_script(self, mode: int, first: bytes) -> bool:
        """Tell whether a file with this mode and these first bytes is a script to leave out."""
        return not self.scripts and bool(mode & 0o111) and bool(_SCRIPT.match(first))

    @cached_property
    def _drop(self) -> re.Pattern[str]:
        return _compile(self.drop)

    @cached_property
    def _keep(self) -> re.Pattern[str]:
        return _compile(self.keep)

    @cached_property
    def _cuts(self) -> re.Pattern[str]:
        return _compile(self.cuts)

    @cached_property
    def _only(self) -> re.Pattern[str]:
        return _compile(self.only)


def merged(path: str) -> str:
    """Return *path* below /usr if its first part is an aliased directory."""
    head, slash, _ = path.partition("/")
    return f"usr/{path}" if head in MERGED and (slash or path == head) else path


def merged_link(path: str, target: str) -> str:
    """Return the text that the link at *path* needs once both ends were moved below /usr.

    A relative target that climbs out of an aliased directory would land one level too
    deep; it is written anew, relative to the new place.
    """
    if target.startswith("/") or merged(path) == path:
        return target
    parts = path.split("/")[:-1]
    for piece in target.split("/"):
        if piece == "..":
            if parts:
                parts.pop()
        elif piece not in ("", "."):
            parts.append(piece)
    here, there = merged(path).split("/")[:-1], merged("/".join(parts)).split("/")
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:]) or "."


def _compile(globs: Sequence[str]) -> re.Pattern[str]:
    if not globs:
        return re.compile(r"(?!)")
    return re.compile("|".join(f"(?:{_pattern(glob)})" for glob in globs), re.DOTALL)


def _pattern(glob: str) -> str:
    out, at, depth = "", 0, 0
    while at < len(glob):
        char = glob[at]
        if glob.startswith("**", at):
            out, at = out + ".*", at + 2
            continue
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "{":
            out, depth = out + "(?:", depth + 1
        elif char == "}" and depth:
            out, depth = out + ")", depth - 1
        elif char == "," and depth:
            out += "|"
        else:
            out += re.escape(char)
        at += 1
    if depth:
        raise UsageError(f"a brace that is not closed: {glob!r}")
    return out + r"\Z"
