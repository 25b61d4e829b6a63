"""The configuration of an application: ``seaslug.toml``, or ``[tool.seaslug]`` in pyproject.toml.

All of it is optional. Every mistake is reported at once, with file, line and key. The
same table of fields gives the JSON schema (:mod:`seaslug.apps.schema`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seaslug.apps.probe.check import HealthCheck
from seaslug.errors import UsageError

Pairs = tuple[tuple[str, str], ...]
Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FileRule:
    """A file or folder of the project, ``source``, that is put to ``target`` in the image.

    ``mode`` is the permission bits, -1 for 0644, or 0755 where it is executable.
    """

    source: str
    target: str
    mode: int = -1
    owner: tuple[int, int] = (0, 0)

    @property
    def path(self) -> str:
        """The source as the project's tree has it, empty for all of it."""
        return plain(self.source)


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory that the application writes to; ``owner`` is (uid, gid), None for its user."""

    path: str
    mode: int = 0o755
    owner: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """How ``seaslug check`` judges the image: empty texts leave the decision to it.

    ``ignore`` are (rule, reason, path) of findings to live with.
    """

    profile: str = ""
    fail_on: str = ""
    ignore: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AppConfig:
    """What the configuration says. Empty values, and None, leave the decision to seaslug.

    ``health`` is None for the default check and False for none. ``timezones`` is ``full``,
    ``none`` or names of zones. ``options`` holds the tables of the kinds (``python`` ...).
    """

    where: str = ""
    name: str = ""
    kind: str = ""
    base: str = ""
    platforms: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    env: Pairs = ()
    labels: Pairs = ()
    ports: tuple[str, ...] = ()
    user: str = "65532"
    workdir: str = ""
    files: tuple[FileRule, ...] = ()
    directories: tuple[Directory, ...] = ()
    volumes: tuple[str, ...] = ()
    timezones: tuple[str, ...] = ("full",)
    certificates: tuple[str, ...] = ()
    health: HealthCheck | bool | None = None
    stop_signal: str = ""
    slice: str = "safe"
    smoke: tuple[str, ...] = ()
    init: bool = False
    exclude: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    output: str = ""
    variants: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    options: tuple[tuple[str, Options], ...] = field(default=())
    check: CheckConfig = CheckConfig()

    def of(self, kind: str) -> dict[str, Any]:
        """Return the table of *kind*, e.g. ``config.of("python").get("extras", [])``."""
        return dict(dict(self.options).get(kind, ()))

    def named(self) -> tuple[str, ...]:
        """Return the paths of files and folders that are asked for by name, in any variant."""
        every = (self, *(over(self, table) for _, table in self.variants))
        files = [rule.path for one in every for rule in one.files]
        files += [plain(path) for one in every for path in one.certificates]
        return tuple(dict.fromkeys(filter(None, files)))

    def with_variant(self, name: str) -> AppConfig:
        """Return what holds for the variant *name*: its own table laid over the rest."""
        table = dict(self.variants).get(name)
        return over(self, table) if table else self


def over(config: AppConfig, table: Mapping[str, Any]) -> AppConfig:
    """Return *config* with the (checked) keys of *table*: tables add, everything else replaces."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if key in ("env", "labels"):
            found[name] = tuple({**dict(getattr(config, name)), **value}.items())
        elif key in _CONVERT:
            found[name] = _CONVERT[key](value)
        elif key in KINDS:
            known = dict(found.get("options", config.options))
            known[key] = tuple({**dict(known.get(key, ())), **value}.items())
            found["options"] = tuple(known.items())
        elif isinstance(value, list):
            found[name] = tuple(map(str, value))
        else:
            found[name] = value
    return replace(config, **found)


def plain(path: str) -> str:
    """Return a path of the configuration as the project's tree has it, empty for all of it."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/".join(parts)


KINDS = ("python", "node", "java", "go", "rust", "native")
"""Tables for one kind of project."""


def _files(rows: list[dict[str, Any]]) -> tuple[FileRule, ...]:
    return tuple(
        FileRule(
            row["source"], row["target"], _mode(row.get("mode"), -1), owner(row.get("owner", "0"))
        )
        for row in rows
    )


def _directories(rows: list[Any]) -> tuple[Directory, ...]:
    made = []
    for item in rows:
        row = {"path": item} if isinstance(item, str) else item
        who = owner(row["owner"]) if "owner" in row else None
        made.append(Directory(row["path"], _mode(row.get("mode"), 0o755), who))
    return tuple(made)


def _check(table: Mapping[str, Any]) -> CheckConfig:
    rows = table.get("ignore", ())
    ignore = tuple((row["rule"].upper(), row["reason"], row.get("path", "")) for row in rows)
    return CheckConfig(table.get("profile", ""), table.get("fail-on", ""), ignore)


def _mode(text: str | None, default: int) -> int:
    return int(text, 8) if text is not None else default


def owner(text: str) -> tuple[int, int]:
    """Return (uid, gid) of ``uid`` or ``uid:gid``; the group is the user's number if not given."""
    uid, _, gid = text.partition(":")
    if not (uid.isdigit() and (gid.isdigit() or not gid)):
        raise UsageError(f"not an owner: {text!r}", hint="uid or uid:gid, as numbers")
    return int(uid), int(gid or uid)


def _health(value: Any) -> HealthCheck | bool | None:
    if isinstance(value, bool):
        return None if value else False
    return HealthCheck.from_table(value)


_CONVERT: dict[str, Any] = {
    "check": _check,
    "files": _files,
    "directories": _directories,
    "health": _health,
    "variants": lambda table: tuple(table.items()),
    "timezones": lambda value: (value,) if isinstance(value, str) else tuple(value),
    "ports": lambda ports: tuple(port if "/" in str(port) else f"{port}/tcp" for port in ports),
}
