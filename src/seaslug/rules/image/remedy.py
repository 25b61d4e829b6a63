"""The lines of a fix, as :class:`seaslug.rules.model.Finding` says what they are."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence

BUILDS = "   # in the stage that builds"
_WORK = re.compile(r"\s*(?:\|\||&&|[|;&\n<>])")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_SETTINGS = (
    (re.compile(r"ENTRYPOINT (\[.*\])"), "entrypoint = {0}"),
    (re.compile(r"CMD (\[.*\])"), "cmd = {0}"),
    (re.compile(r"HEALTHCHECK CMD (\[.*\])"), "health = {{ exec = {0} }}"),
    (re.compile(r"USER (\S+)"), 'user = "{0}"'),
    (re.compile(r"WORKDIR (/\S*)"), 'workdir = "{0}"'),
    (re.compile(r"EXPOSE (\d+)"), 'ports = ["{0}"]'),
    (re.compile(r"COPY --chown=(\d+:\d+) empty/ (/\S+?)/"),
     'directories = [{{ path = "{1}", owner = "{0}" }}]'),
    (re.compile(r"COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo"),
     'timezones = "full"'),
)  # fmt: skip
_ENV = re.compile(r"ENV (\w+)=(.*)")
_SIGNS = "|&;<>()$`*?~\n"


def either(*ways: str) -> str:
    """Return the *ways* that are none empty, the first one first."""
    return "; or ".join(dict.fromkeys(filter(None, ways)))


def words(name: str, argv: Sequence[str]) -> str:
    """Return the instruction *name* with a list of words."""
    return f"{name} {json.dumps(list(argv), ensure_ascii=False)}"


def copied(path: str, source: str = "") -> str:
    """Return how *path* comes from the stage that builds, where it is *source*."""
    path = f"/{path.lstrip('/')}"
    return _copy("COPY --from=build", source or path, path)


def brought(path: str, flags: str = "") -> str:
    """Return how *path* comes from the folder that the image is built in."""
    path = f"/{path.lstrip('/')}"
    return _copy(f"COPY {flags}".rstrip(), path.rpartition("/")[2], path)


def _copy(head: str, source: str, target: str) -> str:
    if re.search(r"\s", source + target):
        return words(head, (source, target))
    return f"{head} {source} {target}"


def changed(command: str, path: str) -> str:
    """Return *command*, which changes *path* where the image is built, and how it comes along."""
    return f"RUN {command}{BUILDS}\n{copied(path)}"


def quoted(path: str) -> str:
    """Return *path* as a word of a shell."""
    return shlex.quote(f"/{path.lstrip('/')}")


def plain_words(text: str, env: Mapping[str, str], name: str = "CMD") -> str:
    """Return the instructions for what a shell was to do in *text*: lists of words need none.

    Variables that the image sets are written out, ``cd`` and assignments become instructions.
    What only a shell can do is left out, and a remark says so.
    """
    rows, rest = [], _VARIABLE.sub(lambda m: env.get(m[1] or m[2], m[0]), text).strip()
    while moved := re.match(r"cd\s+([^\s&|;]+)\s*(?:&&|;)\s*", rest):
        rows.append(f"WORKDIR {moved[1]}")
        rest = rest[moved.end() :]
    kept = _WORK.split(rest)[0]
    try:
        argv = shlex.split(kept)
    except ValueError:
        argv = kept.split()
    while argv and (found := _ASSIGNED.fullmatch(argv[0])):
        rows.append(f"ENV {found[1]}={shlex.quote(found[2])}")
        argv = argv[1:]
    argv = argv[1:] if argv[:1] == ["exec"] else argv
    left = kept != rest or any(sign in kept for sign in _SIGNS)
    more = f"   # the shell's own work in {text!r} goes elsewhere" if left else ""
    return "\n".join((*rows, words(name, argv) + more))


def settings(fix: str) -> str:
    """Return the lines of seaslug.toml that do what the first way of *fix* does; or nothing."""
    rows = [row.partition("   # ")[0] for row in fix.partition("; or ")[0].split("\n")]
    found = [_setting(row) for row in rows]
    return "\n".join(f"{row}   # in seaslug.toml" for row in found) if all(found) else ""


def _setting(row: str) -> str:
    if env := _ENV.fullmatch(row):
        value = " ".join(shlex.split(env[2]))
        return f"env = {{ {env[1]} = {json.dumps(value, ensure_ascii=False)} }}"
    for pattern, text in _SETTINGS:
        if told := pattern.fullmatch(row):
            return text.format(*told.groups())
    return ""
