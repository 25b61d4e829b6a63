"""What an effect sees, and which effect is which: recipe names to pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from seaslug.deb.effects import (
    busybox,
    ca,
    identity,
    jks,
    ldcache,
    ldprint,
    locale,
    usrmerge,
)
from seaslug.recipe.model import Level, Recipe
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

Globs = tuple[str, ...]

INPUTS: Mapping[str, tuple[str, Globs]] = {
    "ca": ("ca-certificates", ("usr/share/ca-certificates/**",)),
    "java-keystore": ("ca-certificates", ("usr/share/ca-certificates/**",)),
    "os-release": ("base-files", ("usr/lib/os-release", "etc/os-release")),
    "licences": ("base-files", ("usr/share/common-licenses/**",)),
}
"""Effects that read files which are not in the image: the package, and which of its files."""

_LICENCE = re.compile(rb"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Scene:
    """*tree* is everything up to and with this level, *own* what the level itself brings.

    ``inputs`` gives the files named in INPUTS by effect; ``pyc`` compiles the Python of a
    level, given the tree so far and the level's own.
    """

    recipe: Recipe
    level: Level
    platform: Platform
    tree: Tree
    own: Tree
    mtime: int
    inputs: Callable[[str], Tree]
    pyc: Callable[[Tree, Tree], tuple[Entry, ...]]


Effect = Callable[[Scene], tuple[Entry, ...]]


def licences(scene: Scene) -> tuple[Entry, ...]:
    """Return the common licences that copyright files of this level name and no lower one did."""
    texts = [e.read() for e in scene.own if e.path.startswith("usr/share/doc/")]
    named = {m.decode() for text in texts for m in _LICENCE.findall(text)}
    shelf = scene.inputs("licences")
    found: dict[str, Entry] = {}
    for name in sorted(named):
        path = f"usr/share/common-licenses/{name}"
        while (entry := shelf.get(path)) is not None and path not in scene.tree:
            found[path] = entry
            if entry.kind is not Kind.SYMLINK:
                break
            path = f"usr/share/common-licenses/{entry.target}"
    return tuple(found.values())


EFFECTS: Mapping[str, Effect] = {
    "users": lambda s: identity.users(mtime=s.mtime),
    "directories": lambda s: identity.directories(mtime=s.mtime),
    "nsswitch": lambda s: identity.nsswitch(mtime=s.mtime),
    "os-release": lambda s: identity.os_release(s.inputs("os-release"), mtime=s.mtime),
    "localtime": lambda s: identity.localtime(mtime=s.mtime),
    "ca": lambda s: ca.ca_bundle(s.inputs("ca"), mtime=s.mtime),
    "java-keystore": lambda s: jks.java_keystore(s.inputs("java-keystore"), mtime=s.mtime),
    "usrmerge": lambda s: (
        usrmerge.links(s.platform, mtime=s.mtime) if s.recipe.distribution.usrmerge else ()
    ),
    "locale": lambda s: locale.c_utf8(s.tree, mtime=s.mtime),
    "ld-cache": lambda s: ldcache.ld_so_cache(s.tree, s.platform, mtime=s.mtime),
    "ld-print": lambda s: tuple(
        ldprint.reader(s.tree, usrmerge=s.recipe.distribution.usrmerge, mtime=s.mtime)
    ),
    "busybox": lambda s: busybox.applets(s.tree, mtime=s.mtime),
    "licences": licences,
    "pyc": lambda s: s.pyc(s.tree, s.own),
}
