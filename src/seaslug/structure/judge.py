"""Verdicts on files, contents, licences, configuration and output: pure, from what was found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from seaslug.structure.model import (
    LONG,
    Both,
    CommandTest,
    FileTest,
    MetadataTest,
    Setting,
)
from seaslug.values.tree import Entry, Kind

FORBIDDEN = ("AGPL", "WTFPL")
ALLOWED_PACKAGES = ("libgnutls30",)
DOC, COPYRIGHT = "usr/share/doc", "copyright"
_VARIABLE = re.compile(r"\$(\{[^}]*\}|\{|[*#$@!?\-0-9]|[A-Za-z_][A-Za-z0-9_]*)")
_BITS = {"any": 0o111, "owner": 0o100, "group": 0o010, "other": 0o001}


def expand(text: str, env: Mapping[str, str]) -> str:
    """Return *text* with ``$NAME`` and ``${NAME}`` replaced; what *env* lacks is empty."""
    return _VARIABLE.sub(lambda found: env.get(found[1].strip("{}"), ""), text)


def permissions(entry: Entry) -> str:
    """Return the mode as Go prints it: ``-rw-r--r--``, ``dtrwxrwxrwx``, ``Lrwxrwxrwx``."""
    head = {Kind.DIR: "d", Kind.SYMLINK: "L"}.get(entry.kind, "")
    for bit, letter in ((0o4000, "u"), (0o2000, "g"), (0o1000, "t")):
        head += letter if entry.mode & bit else ""
    mode = 0o777 if entry.kind is Kind.SYMLINK else entry.mode  # as any system has it on disk
    rest = "".join(letter if mode & 0o400 >> at else "-" for at, letter in enumerate("rwxrwxrwx"))
    return (head or "-") + rest


def file(test: FileTest, entry: Entry | None) -> tuple[str, ...]:
    """Return what is wrong with the path of *test*, at which *entry* is; None for nothing."""
    if entry is None:
        return (f"{test.path} should be there, and is not",) if test.exists else ()
    if not test.exists:
        return (f"{test.path} is there, and should not be",)
    found = []
    if test.permissions and permissions(entry) != test.permissions:
        found.append(f"its permissions are {permissions(entry)}, not {test.permissions}")
    for name, wanted, actual in (("uid", test.uid, entry.uid), ("gid", test.gid, entry.gid)):
        if wanted not in (-1, actual):
            found.append(f"its {name} is {actual}, not {wanted}")
    if test.executable_by and not entry.mode & _BITS[test.executable_by]:
        found.append(f"{permissions(entry)} is not executable by {test.executable_by}")
    return tuple(found)


def text(both: Both, data: bytes, what: str) -> tuple[str, ...]:
    """Return which expressions are not met by *data*, called *what*."""
    found = data.decode("utf-8", "replace")
    missing = [f"{what} has no {p.text!r}" for p in both.expected if not p.found_in(found)]
    there = [f"{what} has {p.text!r}" for p in both.excluded if p.found_in(found)]
    return (*missing, *there)


def output(test: CommandTest, status: int, stdout: bytes, stderr: bytes) -> tuple[str, ...]:
    """Return what is wrong with how the program of *test* ended."""
    found = (*text(test.error, stderr, "stderr"), *text(test.output, stdout, "stdout"))
    if status != test.status:
        found = (*found, f"it ended with status {status}, not {test.status}")
    return found


def shown(data: bytes) -> str:
    """Return the beginning of what a program printed."""
    found = data[: LONG + 1].decode("utf-8", "replace")
    return found if len(data) <= LONG else found[:LONG] + " …"


def licence(path: str, data: bytes | None) -> tuple[str, ...]:
    """Return which words of forbidden licences are in the file at *path*; None: not there."""
    if data is None:
        return (f"{path} is not there, or no file",)
    words = data.decode("utf-8", "replace").upper()
    return tuple(f"{path} has {word}" for word in FORBIDDEN if word in words)


def metadata(test: MetadataTest, run: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is wrong with *run*, the ``config`` of an image's configuration."""
    env = variables(run)
    ports = [str(port) for port in run.get("ExposedPorts") or ()]
    ports += [port.partition("/")[0] for port in ports]
    volumes = [str(path) for path in run.get("Volumes") or ()]
    workdir, user = str(run.get("WorkingDir") or ""), str(run.get("User") or "")
    return (
        *_settings("variable", test.env, env),
        *(f"variable {key} is set" for key in test.unbound_env if key in env),
        *_settings("label", test.labels, run.get("Labels") or {}),
        *_members("port", "exposed", (test.ports, test.closed_ports), ports),
        *_members("volume", "declared", (test.volumes, test.unmounted), volumes),
        *_words("entrypoint", test.entrypoint, run.get("Entrypoint")),
        *_words("cmd", test.cmd, run.get("Cmd")),
        *_value("workdir", test.workdir, workdir),
        *_value("user", test.user, user),
    )


def variables(run: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that an image sets."""
    found: dict[str, str] = {}
    for item in run.get("Env") or ():
        key, _, value = str(item).partition("=")
        found[key] = value
    return found


def _settings(
    what: str, wanted: Sequence[Setting], there: Mapping[str, object]
) -> tuple[str, ...]:  # fmt: skip
    found = []
    for one in wanted:
        if one.key not in there:
            found.append(f"{what} {one.key} is not set")
            continue
        value = str(there[one.key])
        if one.pattern is not None and not one.pattern.found_in(value):
            found.append(f"{what} {one.key} is {value!r}, which {one.value!r} does not match")
        elif one.pattern is None and value != one.value:
            found.append(f"{what} {one.key} is {value!r}, not {one.value!r}")
    return tuple(found)


def _members(
    what: str, verb: str, wanted: tuple[Sequence[str], Sequence[str]], there: Sequence[str]
) -> tuple[str, ...]:
    missing = [f"{what} {one} is not {verb}" for one in wanted[0] if one not in there]
    return (*missing, *(f"{what} {one} is {verb}" for one in wanted[1] if one in there))


def _words(what: str, wanted: Sequence[str] | None, there: Sequence[str] | None) -> tuple[str, ...]:
    actual = list(there or ())
    if wanted is None or actual == list(wanted):
        return ()
    return (f"{what} is {actual}, not {list(wanted)}",)


def _value(what: str, wanted: str, actual: str) -> tuple[str, ...]:
    return () if wanted in ("", actual) else (f"{what} is {actual!r}, not {wanted!r}",)
