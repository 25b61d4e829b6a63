"""The shape of an application's configuration, and reading it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seaslug.apps.config import KINDS, AppConfig, over
from seaslug.apps.probe.check import mistakes
from seaslug.errors import RecipeError
from seaslug.recipe.document import NAME, PACKAGES, USER
from seaslug.recipe.shape import (
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    Path,
    Problem,
    Rule,
    choice,
    either,
    fail,
    list_of,
    map_of,
    parse,
    record,
    records,
    text,
)

FILE = "seaslug.toml"
_TABLE = ("tool", "seaslug")

MODE = text(re.compile(r"[0-7]{3,4}\Z"), "a mode (three or four octal digits)")
OWNER = text(re.compile(r"[0-9]{1,9}(:[0-9]{1,9})?\Z"), "an owner (uid or uid:gid, as numbers)")
INSIDE = text(re.compile(r"/[^\0]*\Z"), "an absolute path in the image")
PORT = either("a port (8080 or 8080/udp)", WHOLE, text(re.compile(r"[0-9]{1,5}(/(tcp|udp))?\Z")))
SIGNAL = text(re.compile(r"SIG[A-Z0-9+]+\Z|[0-9]{1,2}\Z"), "a signal (SIGTERM)")
ZONES = either(
    "full, none or names of time zones", choice(("full", "none"), "choice of time zones"), TEXTS
)

_FILES = records(
    {
        "source": TEXT.about("a file or folder of the project, even if it is ignored"),
        "target": INSIDE.about("its path in the image"),
        "mode": MODE.about("permission bits, e.g. 0644"),
        "owner": OWNER.about("uid or uid:gid; root if not said"),
    },
    ("source", "target"),
)
_DIRECTORY = {
    "path": INSIDE.about("its path in the image"),
    "mode": MODE.about("permission bits; 0755 if not said"),
    "owner": OWNER.about("uid or uid:gid; the application's user if not said"),
}
_WAYS = ("http", "https", "tcp", "grpc", "file", "exec", "own")
_HEALTH_FIELDS = record(
    {
        "http": TEXT.about("ask this path by HTTP, and be content with a status of 200 to 399"),
        "https": TEXT.about("the same by HTTPS"),
        "tcp": FLAG.about("be content when the port takes a connection"),
        "grpc": either("true, or a service's name", FLAG, TEXT).about("the gRPC health protocol"),
        "file": TEXT.about("this file must be younger than max-age seconds"),
        "max-age": NUMBER.about("seconds"),
        "exec": TEXTS.about("run this; status 0 means healthy"),
        "own": either("true, or an option", FLAG, TEXT).about(
            "the application checks itself: its entrypoint with this option (--health-check)"
        ),
        "port": WHOLE.about("the port to ask; the first of ports if not said"),
        "method": TEXT.about("GET if not said"),
        "host": TEXT.about("the Host header; localhost if not said"),
        "headers": map_of(TEXT).about("more headers"),
        "status": text(re.compile(r"[1-5][0-9]{2}(-[1-5][0-9]{2})?\Z")).about(
            "e.g. 200 or 200-399"
        ),
        "verify": FLAG.about("whether the certificate of https must be right; true"),
        "body": TEXT.about("a text that the answer must hold"),
        "socket": TEXT.about("a unix socket to ask instead of a port"),
        "interval": NUMBER.about("seconds between two checks; 30"),
        "timeout": NUMBER.about("seconds that a check may take; 3"),
        "start-period": NUMBER.about("seconds in which failures do not count; 5"),
        "retries": WHOLE.about("failures in a row that make it unhealthy; 3"),
    }
)
_HEALTH = Rule(
    _HEALTH_FIELDS.check,
    {**_HEALTH_FIELDS.schema, "oneOf": [{"required": [way]} for way in _WAYS]},
)

_PYTHON = {
    "extras": TEXTS.about("extras of the project to install"),
    "groups": TEXTS.about("dependency groups to install; none if not said"),
    "requirements": TEXT.about("the requirements file; found if not said"),
    "lock": TEXT.about("the lock file; found if not said"),
    "app": TEXT.about("module:attribute of the ASGI or WSGI application, or a module to run"),
    "source": FLAG.about("allow source distributions without native code; false"),
}
_NODE = {
    "scripts": FLAG.about("run install scripts of dependencies; false"),
    "entry": TEXT.about("the file to start"),
    "build": FLAG.about("run the project's build script; true if it has one"),
}
_JAVA = {
    "jlink": FLAG.about("a runtime of only the modules that are needed"),
    "modules": TEXTS.about("modules to keep beside those that jdeps finds"),
    "main": TEXT.about("the main class"),
    "cds": FLAG.about("a class data sharing archive: quicker start, larger image"),
    "options": TEXTS.about("options of the virtual machine"),
}
_GO = {
    "package": TEXT.about("the package to build, e.g. ./cmd/server"),
    "tags": TEXTS.about("build tags"),
    "ldflags": TEXT.about("-s -w if not said"),
    "cgo": FLAG.about("build with cgo; only where it is needed if not said"),
}
_RUST = {
    "package": TEXT.about("the package of the workspace"),
    "bin": TEXT.about("the binary to build"),
    "features": TEXTS.about("features"),
    "target": TEXT.about("the target triple; the platform's own if not said"),
}
_NATIVE = {"libraries": TEXTS.about("folders of the project with shared libraries")}

_RULE = text(re.compile(r"[A-Za-z]{3}[0-9]{3}\Z"), "a rule's id (IMG050)")
_REASON = text(re.compile(r"[\s\S]*\S"), "a reason (it must say something)")
_CHECK = {
    "profile": choice(("default", "strict", "cis"), "profile").about("how strict; default"),
    "fail-on": choice(("info", "warn", "error", "fatal", "never"), "severity").about(
        "how bad a finding must be to fail; error"
    ),
    "ignore": records(
        {
            "rule": _RULE.about("the rule's id, e.g. IMG050"),
            "reason": _REASON.about("why the finding may stay; it is shown in reports"),
            "path": TEXT.about("where: a path or field, * for any letters; everywhere if not said"),
        },
        ("rule", "reason"),
    ).about("findings to live with"),
}

SETTINGS: dict[str, Rule] = {
    "base": TEXT.about("the member of the family to stand on; chosen if not said"),
    "packages": PACKAGES.about("Debian packages, with all that they need"),
    "entrypoint": TEXTS.about("what starts, in exec form; found if not said"),
    "cmd": TEXTS.about("its arguments"),
    "env": map_of(TEXT).about("environment variables"),
    "labels": map_of(TEXT).about("labels and annotations"),
    "ports": list_of(PORT).about("ports that it listens on"),
    "user": USER.about("who runs it; 65532 if not said"),
    "workdir": INSIDE.about("where it starts; /app if not said"),
    "files": _FILES.about("more files"),
    "directories": list_of(
        either("a path, or a table with path", INSIDE, record(_DIRECTORY, ("path",)))
    ).about("directories that it writes to"),
    "volumes": list_of(INSIDE).about("volumes"),
    "timezones": ZONES.about("time zone data: full, none, or names"),
    "certificates": TEXTS.about("PEM files of certificate authorities to trust as well"),
    "health": either("a table, true or false", _HEALTH, FLAG).about("the health check"),
    "stop-signal": SIGNAL.about("what ends it; SIGTERM if not said"),
    "slice": choice(("safe", "deep", "off"), "way to slice").about(
        "safe: leave out what of the runtime is not used, and prove it by running; deep: modules"
        " of packages, Python's sources and more too; off: keep all"
    ),
    "smoke": TEXTS.about("a command that proves the image: it must end with status 0"),
    "init": FLAG.about("put a small init (tini) before the application"),
    "python": record(_PYTHON).about("for Python projects"),
    "node": record(_NODE).about("for Node.js projects"),
    "java": record(_JAVA).about("for Java projects and jars"),
    "go": record(_GO).about("for Go projects"),
    "rust": record(_RUST).about("for Rust projects"),
    "native": record(_NATIVE).about("for binaries"),
}
"""The keys that a variant may override."""

FIELDS: dict[str, Rule] = {
    "name": NAME.about("the application's name; the project's own if not said"),
    "kind": TEXT.about("what kind of project it is; found if not said"),
    "platforms": TEXTS.about("platforms to build for when --platform does not say"),
    "exclude": TEXTS.about("patterns of files to leave out, as in a .dockerignore"),
    "build": TEXTS.about("a command that builds the project, in exec form"),
    "output": TEXT.about("what that command makes: a binary, a jar, or a folder"),
    **SETTINGS,
    "check": record(_CHECK).about("how seaslug check judges the image"),
    "variants": map_of(record(SETTINGS)).about("what is different in a variant, e.g. debug"),
}
"""Every key of the configuration."""

DOCUMENT = record(FIELDS)


def check(data: Mapping[str, Any]) -> list[Problem]:
    """Return every mistake in the configuration's data, as (path of keys, text)."""
    found = DOCUMENT(dict(data), ())
    for prefix, table in ((), data), *_variants(data.get("variants")):
        rows = _ports(table)
        if isinstance(table.get("health"), dict) and not any(
            p[:1] == ("health",) for p, _ in found
        ):
            rows += _health(table["health"])
        found += [((*prefix, *path), said) for path, said in rows]
    return found


def _variants(value: Any) -> list[tuple[Path, dict[str, Any]]]:
    tables = value.items() if isinstance(value, dict) else ()
    return [(("variants", name), table) for name, table in tables if isinstance(table, dict)]


def _ports(table: Mapping[str, Any]) -> list[Problem]:
    ports = table.get("ports")
    numbers = [str(p).partition("/")[0] for p in ports] if isinstance(ports, list) else []
    wrong = [n for n in numbers if n.isdigit() and not 0 < int(n) < 65536]
    return [(("ports",), f"{n} is not a port: 1 to 65535") for n in wrong]


def _health(table: Mapping[str, Any]) -> list[Problem]:
    ways = [way for way in _WAYS if way in table]
    if len(ways) == 1:
        return [(("health", key), said) for key, said in mistakes(table)]
    said = "only one of them can be" if ways else f"one of {', '.join(_WAYS)}"
    return [(("health",), f"{', '.join(ways)}: {said}" if ways else f"must have {said}")]


def from_text(document: str, where: str) -> AppConfig:
    """Return the configuration in a TOML text: a whole ``seaslug.toml``, or ``[tool.seaslug]``.

    A ``pyproject.toml`` without that table is an empty configuration. Raises RecipeError.
    """
    data = parse(document, where)
    prefix: tuple[str, ...] = ()
    if where.rpartition("/")[2] == "pyproject.toml":
        prefix = _TABLE
        for key in prefix:
            data = data.get(key, {})
            if not isinstance(data, dict):
                raise RecipeError([f"{where}: {'.'.join(prefix)}: must be a table"])
    problems = [((*prefix, *path), said) for path, said in check(data)]
    fail(document, where, problems)
    return over(AppConfig(where=where), data)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://seaslug.dev/schema/seaslug.json",
        "title": "seaslug.toml",
        "description": "How seaslug builds an application; also [tool.seaslug] in pyproject.toml.",
        **DOCUMENT.schema,
    }


__all__ = ["FIELDS", "FILE", "KINDS", "SETTINGS", "check", "from_text", "schema"]
