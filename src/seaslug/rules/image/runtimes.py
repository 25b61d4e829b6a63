"""Which interpreters an image has, by their files and what it says of itself."""

from __future__ import annotations

import re

from seaslug.apps.native.loading import is_musl
from seaslug.apps.node.release import MODULES
from seaslug.rules.image import advice
from seaslug.rules.image.launch import main
from seaslug.rules.specimen import Specimen
from seaslug.values.tree import Kind

_PYTHON = re.compile(r"(?:usr/(?:local/)?|opt/[^/]+/)bin/python(3\.\d+)\Z")
_JAVA = re.compile(r"(.+)/bin/java\Z")
_MODULES = {12: 72, 14: 83, 16: 93, 18: 108, **MODULES}


def pythons(specimen: Specimen) -> frozenset[str]:
    """Return the versions (``3.11``) of the Pythons that are there."""
    tree = specimen.root.tree
    found = (_PYTHON.match(entry.path) for entry in tree)
    return frozenset(m[1] for m in found if m and tree.resolve(m[0]) is not None)


def python_of_musl(specimen: Specimen) -> bool:
    """Tell whether the Pythons are for musl: as they say, else as the image has its loader."""
    root = specimen.root
    real = (root.tree.realpath(e.path) for e in root.tree if _PYTHON.match(e.path))
    facts = (root.facts(path) for path in real if path)
    loaders = {one.binary.elf.interpreter for one in facts if one is not None} - {""}
    return all(map(is_musl, loaders)) if loaders else advice.musl(specimen)


def node(specimen: Specimen) -> int:
    """Return the major version of the image's Node.js, 0 if it is unknown or there is none."""
    labels = specimen.run.get("Labels")
    told = str((labels if isinstance(labels, dict) else {}).get("dev.seaslug.runtime", ""))
    version = specimen.env.get("NODE_VERSION", "")
    packages = specimen.root.packages()
    told = told.removeprefix("node") if told.startswith("node") else ""
    for text in (told, version, packages.get("nodejs", "")):
        found = re.match(r"v?(\d+)", text)
        if found:
            return int(found[1])
    return 0


def modules_of(major: int) -> int:
    """Return NODE_MODULE_VERSION of a major version of Node.js, 0 if it is unknown."""
    return _MODULES.get(major, 0)


def java_homes(specimen: Specimen) -> tuple[str, ...]:
    """Return the folders (tree paths) of Java runtimes."""
    found = (
        _JAVA.match(entry.path) for entry in specimen.root.tree
        if entry.kind in (Kind.FILE, Kind.HARDLINK)
    )  # fmt: skip
    return tuple(m[1] for m in found if m and m[1] not in ("usr", "usr/local"))


def language(specimen: Specimen) -> str:
    """Return ``python``, ``node``, ``java``, ``native``, or ``''`` if nothing starts."""
    program = main(specimen).program
    name = program.rpartition("/")[2]
    for word in ("python", "node", "java"):
        if name.startswith(word):
            return word
    return "native" if program else ""
