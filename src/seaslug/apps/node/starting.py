"""What a start script starts: its words in terms of Node.js and files, without a shell.

``npm run``, ``npx``, ``cross-env`` and the like are followed; a program of a dependency is
the file that its package.json names for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from seaslug.apps.node.command import NeedsShellError, Pairs, Simple, parse
from seaslug.apps.node.files import exists, normal, resolve
from seaslug.apps.node.manifest import Manifest
from seaslug.apps.node.modules import FOLDER, read
from seaslug.values.tree import Kind, Tree

_DEPTH = 8
_VALUES = (
    "-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "-C",
    "--conditions", "--title", "--env-file-if-exists", "--experimental-config-file",
)  # fmt: skip
_NO_FILE = ("-e", "--eval", "-p", "--print", "-i", "--interactive", "-c", "--check", "--test")
_WATCH = re.compile(r"--watch(-path)?(=.*)?\Z|--inspect(-brk|-wait|-port)?(=.*)?\Z")
_BUILDS = ("tsc", "tsup", "esbuild", "webpack", "rollup", "swc", "vite", "ncc", "rimraf", "babel")
_MANAGERS = ("npm", "yarn", "pnpm", "bun", "corepack")
_RUNNERS = ("npx", "pnpx", "bunx")
_PREFIXES = ("exec", "cross-env", "env", "dumb-init", "tini", "cross-env-shell", "--")


class NotHereError(ValueError):
    """A start script starts a program, or a file, that is not there; its text says which."""


class MissingFileError(NotHereError):
    """A start script starts a file of the project that is not there."""


@dataclass(frozen=True, slots=True)
class Run:
    """``node`` with *options*, a *file* of the application, *args*; *folder* is where it starts.

    Paths are relative to the application's root. ``notes`` are for people.
    """

    file: str
    options: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Pairs = ()
    folder: str = ""
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class World:
    """The application's *tree* with node_modules, its manifest, whether it has been built."""

    tree: Tree
    manifest: Manifest
    built: bool = False


def translate(line: str, world: World, depth: int = 0) -> Run:
    """Return what the command line *line* of a script starts.

    Raises NeedsShellError, NotHereError, whose texts say why it cannot be told.
    """
    folder = ""
    commands = parse(line)
    for command in commands[:-1]:
        if command.words[0] == "cd" and len(command.words) == 2 and not command.env:
            folder = normal(folder, command.words[1])
        elif not (world.built and _is_build(command.words)):
            raise NeedsShellError(f"it runs {' '.join(command.words[:3])} first (&&)")
    return _command(commands[-1], _At(world, folder, depth))


@dataclass(frozen=True, slots=True)
class _At:
    world: World
    folder: str
    depth: int


def _is_build(words: tuple[str, ...]) -> bool:
    """Tell whether a command before ``&&`` only builds, which has been done already."""
    if words[0] in _MANAGERS:
        return any(word == "build" or word.startswith("build:") for word in words[1:3])
    return words[0] in _BUILDS


def _command(command: Simple, at: _At) -> Run:
    env, words = list(command.env), list(command.words)
    while words and words[0] in _PREFIXES:
        kind = words.pop(0)
        while kind in ("env", "cross-env", "cross-env-shell") and words and "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            env.append((name, value))
    if not words:
        raise NeedsShellError("it starts nothing")
    found = _words(words, at)
    return replace(found, env=tuple({**dict(env), **dict(found.env)}.items()))


def _words(words: list[str], at: _At) -> Run:
    name, rest = words[0], words[1:]
    if name in ("node", "nodejs"):
        return _node(rest, at)
    if name in _MANAGERS:
        return _manager(name, rest, at)
    if name in _RUNNERS:
        return _words(_unflagged(rest) or [name], at) if rest else _gone(name)
    if name == "nest" and rest[:1] == ["start"]:
        return _nest(at)
    if "/" in name:
        return _file(name, rest, at)
    return _program(name, rest, at)


def _unflagged(words: list[str]) -> list[str]:
    at = next((n for n, word in enumerate(words) if not word.startswith("-")), len(words))
    return words[at:]


def _gone(name: str) -> Run:
    raise NotHereError(f"{name} is told no program to run")


def _node(words: list[str], at: _At) -> Run:
    options: list[str] = []
    notes: list[str] = []
    left = list(words)
    while left and left[0].startswith("-") and left[0] != "-":
        word = left.pop(0)
        if word == "--":
            break
        if word.partition("=")[0] in _NO_FILE:
            raise NotHereError(f"node is started with {word}, not with a file")
        taken = [word]
        if word in _VALUES and left:
            taken.append(left.pop(0))
        if _WATCH.match(word):
            notes.append(f"{word} is left out: it is for development")
        elif word.partition("=")[0] == "--env-file":
            notes.append(f"{' '.join(taken)} is left out: give the variables with env, or -e")
        else:
            options += taken
    if not left:
        raise NotHereError("node is started without a file")
    run = _file(left[0], left[1:], at)
    return replace(run, options=tuple(options), notes=tuple(notes))


def _file(name: str, args: list[str], at: _At) -> Run:
    path = normal(at.folder, name)
    if name.startswith("/") or path.startswith("../"):
        raise MissingFileError(f"{name} is not a file of the project")
    found = resolve(at.world.tree, path, at.world.manifest.main)
    if not found:
        raise MissingFileError(f"{path or name} is not there")
    return Run(found, args=tuple(args), folder=at.folder)


def _manager(name: str, words: list[str], at: _At) -> Run:
    rest = _unflagged(words)
    if name == "corepack" and rest:
        return _words(rest, at)
    if rest[:1] in (["run"], ["run-script"]):
        rest = _unflagged(rest[1:])
    elif rest[:1] in (["exec"], ["dlx"], ["x"]):
        rest = _unflagged(rest[1:])
        return _words(rest, at) if rest else _gone(name)
    if not rest:
        return _gone(name)
    line = at.world.manifest.script(rest[0])
    if line:
        if at.depth >= _DEPTH:
            raise NeedsShellError("its scripts call each other in a circle")
        found = translate(line, at.world, at.depth + 1)
        more = rest[2:] if rest[1:2] == ["--"] else rest[1:]
        return replace(found, args=(*found.args, *more))
    if name in ("npm",):
        raise NotHereError(f"package.json has no script {rest[0]}")
    return _words(rest, at)


def _nest(at: _At) -> Run:
    settings = read(at.world.tree.get("nest-cli.json"))
    named = str(settings.get("entryFile") or "main").removesuffix(".js")
    for folder in ("dist", "dist/src"):
        if exists(at.world.tree, f"{folder}/{named}.js"):
            return Run(f"{folder}/{named}.js", folder=at.folder)
    raise MissingFileError(f"dist/{named}.js, which nest start runs, is not there")


def _program(name: str, args: list[str], at: _At) -> Run:
    """Return the run of a command that a dependency brings (``next``, ``fastify`` ...)."""
    manifest, tree = at.world.manifest, at.world.tree
    known = [name, *dict((*manifest.dependencies, *manifest.optional))]
    for package in known:
        bins = read(tree.get(f"{FOLDER}/{package}/package.json")).get("bin")
        if isinstance(bins, str) and package.rpartition("/")[2] == name:
            bins = {name: bins}
        path = bins.get(name) if isinstance(bins, dict) else None
        if isinstance(path, str):
            found = resolve(tree, normal(f"{FOLDER}/{package}", path), "")
            if found and runs_on_node(tree, found):
                return Run(found, args=tuple(args), folder=at.folder)
            raise NotHereError(f"{name} is no program that Node.js runs")
    dev = "; it is for development" if _develops(name, manifest) else ""
    raise NotHereError(f"{name} is not a program of a dependency that the image holds{dev}")


def _develops(name: str, manifest: Manifest) -> bool:
    return name in dict(manifest.dev)


def runs_on_node(tree: Tree, path: str) -> bool:
    """Tell whether the file at *path* is JavaScript: by its name, or a ``#!`` line with node."""
    if re.search(r"\.[cm]?js\Z", path):
        return True
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE or entry.content is None:
        return False
    first = entry.content.read(0, 256).split(b"\n")[0]
    return not first.startswith(b"#!") or b"node" in first
