"""The shape of a recipe file: every mistake in it is found at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from seaslug.recipe.shape import (
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    Problem,
    Rule,
    choice,
    list_of,
    map_of,
    record,
    records,
    text,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_PACKAGE = re.compile(
    r"[a-z0-9{][a-z0-9+.{}_-]*(?::[a-z0-9]+)?(@[a-z]+)?( *\([<>=]+ *[^() ]+\)|=[0-9][^ =]*)?\Z"
)
_USER = re.compile(r"[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?\Z")

NAME = text(_NAME, "a name (lower case letters, digits, . _ -)")
PACKAGES = list_of(
    text(_PACKAGE, "a package (name, name@suite, name (>= version) or name=version)")
)
USER = text(_USER, "a user (name or number, with :group if need be)")
LINKS = records({"path": TEXT, "target": TEXT}, ("path", "target"))
CHECKS = records(
    {
        "name": TEXT, "argv": TEXTS, "args": TEXTS, "user": TEXT, "env": map_of(TEXT),
        "stdin": TEXT, "files": map_of(TEXT), "status": WHOLE, "stdout": TEXT, "stderr": TEXT,
        "port": WHOLE, "path": TEXT, "http_status": WHOLE, "body": TEXT, "refused": FLAG,
        "timeout": NUMBER, "variants": TEXTS, "distributions": TEXTS,
    },
    ("name",),
)  # fmt: skip


def _level(effects: Sequence[str], switches: Sequence[str]) -> dict[str, Rule]:
    effect = list_of(choice(effects, "effect"))
    return {
        "packages": PACKAGES,
        "exclude": list_of(text(_PACKAGE, "a package name")),
        "keep": list_of(choice(switches, "switch")),
        "drop": TEXTS,
        "only": map_of(TEXTS),
        "moves": map_of(map_of(TEXT)),
        "effects": effect,
        "last": effect,
        "links": LINKS,
        "env": map_of(TEXT),
        "labels": map_of(TEXT),
        "user": USER,
        "workdir": TEXT,
        "entrypoint": TEXTS,
        "cmd": TEXTS,
    }


def check_recipe(
    data: Mapping[str, Any], effects: Sequence[str], switches: Sequence[str]
) -> list[Problem]:
    """Return every mistake in the shape of a recipe's data, as (path of keys, text)."""
    level = _level(effects, switches)
    variant = {**level, "from": TEXTS, "shell": record({"entrypoint": TEXTS})}
    fields: dict[str, Rule] = {
        **level,
        "name": NAME,
        "description": TEXT,
        "from": TEXT,
        "distribution": TEXT,
        "version-from": TEXT,
        "packages-for": map_of(PACKAGES),
        "npm": record(
            {"package": TEXT, "version": TEXT, "moves": map_of(TEXT)}, ("package", "version")
        ),
        "variants": map_of(record(variant)),
        "prove": CHECKS,
    }
    return record(fields, ("name",))(dict(data), ())
