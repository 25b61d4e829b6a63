"""What the doctor prints as a cure, applied as it stands: a Dockerfile that goes on from the image.

``seaslug.rules.model.Finding`` says which lines a fix has. The case brings what a build has at
hand, good files, and never the cure itself.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.making import File, Files, Folder, Item, layer

_REMARK = re.compile(r"\s{3}# .*\Z")
_INSTRUCTION = re.compile(r"(ENTRYPOINT|CMD|HEALTHCHECK|ENV|USER|WORKDIR|EXPOSE|VOLUME|COPY) ")
_TYPED = re.compile(
    r"(?:[A-Z][A-Z0-9_]*=\S+ )*"
    r"(?:docker build|go build|npm|pip install|cc|setcap|FROM \S+ AS build)\b"
)
_PATH = re.compile(r"(?:(?<=\s)|(?<=>))/[^\s'\";]+")
SHELL = 'SHELL ["/busybox/sh", "-c"]'
_CONTEXT, _STAGE, _OWN = "context", "stage", "own"


class VagueError(Exception):
    """A line of a fix that nobody could paste."""


@dataclass(frozen=True)
class Cure:
    """The first way of a fix.

    ``lines`` stand in the last stage, ``runs`` are commands of the stage that builds; ``base``
    are the arguments of ``seaslug build``, ``flags`` those of ``docker run``. ``rebuilt``: a
    command makes the program anew.
    """

    lines: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    rebuilt: bool = False


def read(fix: str, way: int = 0) -> Cure:
    """Return what *way* of *fix* tells to do. Raises VagueError."""
    lines: list[str] = []
    runs: list[str] = []
    found: dict[str, Any] = {}
    for row in fix.split("; or ")[way].splitlines():
        line = _REMARK.sub("", row).strip()
        if _INSTRUCTION.match(line):
            lines.append(line)
        elif line.startswith("RUN ") and not _TYPED.match(line[4:]):
            runs.append(line)
        elif line.startswith("seaslug build "):
            found["base"] = tuple(shlex.split(line)[2:])
        elif line.startswith("docker run "):
            words = shlex.split(line)[2:]
            found["flags"] = tuple(word for word in words if word not in ("…", "IMAGE"))
        elif line.startswith("packages = "):
            found["packages"] = tuple(json.loads(line.partition(" = ")[2]))
        elif _TYPED.match(line.removeprefix("RUN ")):
            found["rebuilt"] = True
        else:
            raise VagueError(row)
    return Cure(tuple(lines), tuple(runs), **found)


@dataclass(frozen=True)
class Build:
    """What a build has at hand.

    ``own`` are the application's files as they are in the image, ``good`` those that a build
    makes; ``config`` is how the image is run. ``tools`` names the image that commands run in.
    ``anew``: what is printed stands instead of the instruction that brought the own files.
    """

    own: Files
    good: Files
    config: Mapping[str, Any]
    tools: str = ""
    anew: bool = False

    def dockerfile(self, cure: Cure, base: str, moved: bool) -> str:
        """Return the Dockerfile for *cure*; *base* is the image, another one if it was *moved*."""
        stage = [f"FROM {self.tools if cure.runs else 'scratch'} AS build", f"COPY {_STAGE}/ /"]
        if cure.runs:
            stage = [stage[0], "USER 0", SHELL, stage[1], *cure.runs]
        body = ["FROM scratch" if self.anew else f"FROM {base}"]
        if moved or self.anew:
            body += [] if self.anew else [f"COPY {_OWN}/ /"]
            body += instructions(self.config)
        if cure.rebuilt:
            body += [f"COPY {_STAGE}/ /"]
        body += [_copied(line) for line in cure.lines]
        body += [f"COPY --from=build {path} {path}" for path in map(_changed, cure.runs)]
        if cure.lines and "COPY" in {line.split()[0] for line in cure.lines}:
            body += ["USER " + self.config["User"]] if "User" in self.config else []
        return "\n".join([*stage, *body, ""])

    def context(self, text: str, cure: Cure) -> bytes:
        """Return the context of the Dockerfile *text*."""
        here = {**self.own, **self.good}
        files: dict[str, Item] = {"Dockerfile": text, f"{_CONTEXT}/empty": Folder()}
        files |= {f"{_OWN}": Folder(), f"{_STAGE}": Folder()}
        files |= {f"{_OWN}/{path}": item for path, item in here.items()}
        files |= {f"{_STAGE}/{path}": item for path, item in here.items()}
        names = {path.rpartition("/")[2]: item for path, item in here.items()}
        modes = _modes(cure.lines)
        for name, item in (here | names).items():
            mode = next((m for path, m in modes.items() if f"{name}/".startswith(f"{path}/")), None)
            files[f"{_CONTEXT}/{name}"] = _with(item, mode)
        return layer(files)


def instructions(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the instructions that *config* comes from; what a base had before is reset."""
    yield f"ENTRYPOINT {json.dumps(config.get('Entrypoint') or [])}"
    yield f"CMD {json.dumps(config.get('Cmd') or [])}"
    for name, key in (("USER", "User"), ("WORKDIR", "WorkingDir")):
        if config.get(key):
            yield f"{name} {config[key]}"
    yield from (f"ENV {row}" for row in config.get("Env") or ())


def _copied(line: str) -> str:
    """Return *line* as the old builder takes it: modes are those of the context, see _with."""
    if not line.startswith("COPY ") or "--from=" in line:
        return line
    words = [word for word in line.split()[1:] if not word.startswith("--chmod=")]
    flags = [word for word in words if word.startswith("--")]
    *sources, place = words[len(flags) :]
    return " ".join(["COPY", *flags, *(f"{_CONTEXT}/{one}" for one in sources), place])


def _modes(lines: Sequence[str]) -> dict[str, int]:
    found = {}
    for line in lines:
        if mode := re.match(r"COPY .*--chmod=(\d+) (?:--\S+ )*(\S+) ", line):
            found[mode[2].strip("/")] = int(mode[1], 8)
    return found


def _with(item: Item, mode: int | None) -> Item:
    if mode is None:
        return item
    if isinstance(item, Folder):
        return Folder(mode, item.uid, item.gid)
    data = item.data if isinstance(item, File) else item
    assert isinstance(data, (bytes, str))
    return File(data, mode)


def _changed(command: str) -> str:
    """Return the path that *command* works on: the last one in it."""
    return _PATH.findall(command)[-1]
