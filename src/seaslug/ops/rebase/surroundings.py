"""What else of a base an application counts on: interpreters, users, programs, files.

And what it lays over the base: there a newer file of the base is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seaslug.anatomy.rootfs import Rootfs, rootfs
from seaslug.oci.files import Placed
from seaslug.oci.runnable import PATH
from seaslug.ops.app import starts
from seaslug.ops.rebase.proof import Pair, Problem, shown
from seaslug.ops.rebase.stack import Stack
from seaslug.values.tree import Kind, Tree

_PYTHON = re.compile(r"usr/(?:local/)?bin/python(\d+\.\d+)\Z")
_JAVA = re.compile(r"(?:usr/lib/jvm|opt/java)/(?:java-|jdk-)?(\d+)[^/]*/bin/java\Z")
_LIBNODE = re.compile(r"libnode\.so\.(\d+)\Z")
_NODE = re.compile(r"v?(\d+)")
_ENV = {"NODE_VERSION": "Node.js", "JAVA_VERSION": "Java"}
_MAJOR = re.compile(r"(?:jdk-?)?(\d+)")


def runtimes(root: Rootfs, image: Stack) -> dict[str, set[str]]:
    """Return the interpreters of an image with the part of their versions that makes their ABI.

    Of Python major and minor, of Node.js and Java the major version.
    """
    found: dict[str, set[str]] = {}
    for path in root.placed:
        for name, pattern in (("Python", _PYTHON), ("Java", _JAVA), ("libnode", _LIBNODE)):
            if match := pattern.search(path):
                found.setdefault(name, set()).add(match[1])
    told = image.labels.get("dev.seaslug.runtime", "")
    if told.startswith("node") and (match := _NODE.match(told[4:])):
        found.setdefault("Node.js", set()).add(match[1])
    for text in image.run.get("Env") or ():
        key, _, value = text.partition("=")
        if key in _ENV and (match := _MAJOR.match(value)):
            found.setdefault(_ENV[key], set()).add(match[1])
    return found


def same_runtimes(
    before: Mapping[str, set[str]], after: Mapping[str, set[str]]
) -> Iterator[Problem]:
    """Yield a problem for each interpreter that is not there in the same version."""
    for name, versions in before.items():
        lost = sorted(versions - after.get(name, set()))
        if lost:
            now = ", ".join(sorted(after.get(name, ()))) or "none"
            yield Problem(
                f"was built for {name} {', '.join(lost)}; the new base has {now}", "the base",
                f"choose a base with {name} {lost[0]}, or build the application again",
            )  # fmt: skip


def fitting(pair: Pair, run: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the configuration *run* names and the new base does not have any more."""
    yield from _user(pair, str(run.get("User") or ""))
    argv = [*(run.get("Entrypoint") or ()), *(run.get("Cmd") or ())]
    path, workdir = path_of(run), str(run.get("WorkingDir") or "/")
    if argv:
        had, has = (starts.found(r.tree, argv[0], path, workdir) for r in (pair.before, pair.after))
        if had and not has:
            yield Problem(
                f"what starts is not there: {argv[0]}", "the configuration",
                "choose a base that has it, or build the application again",
            )  # fmt: skip
    yield from _scripts(pair, path)
    yield from _links(pair)


def path_of(run: Mapping[str, Any]) -> str:
    """Return PATH as the configuration sets it, or what engines take without that."""
    env = dict(text.partition("=")[::2] for text in run.get("Env") or ())
    return env.get("PATH") or PATH


def _user(pair: Pair, text: str) -> Iterator[Problem]:
    for name, path in zip(text.split(":"), ("etc/passwd", "etc/group"), strict=False):
        if name and _knows(pair.before, path, name) and not _knows(pair.after, path, name):
            yield Problem(
                f"{name} is not in /{path}, as it was before", "User of the configuration",
                "choose a base that has it: a nonroot variant",
            )  # fmt: skip


def _knows(root: Rootfs, path: str, name: str) -> bool:
    rows = (line.split(":") for line in root.text(path).splitlines())
    return any(name in (row[0], row[2] if len(row) > 2 else "") for row in rows)


def _scripts(pair: Pair, path: str) -> Iterator[Problem]:
    """Yield the interpreters that scripts of the application name and that are gone."""
    by: dict[str, list[str]] = {}
    for name, item in pair.after.placed.items():
        words = pair.after.script(name).split() if item.layer >= pair.after.base else []
        if words and words[0].endswith("/env") and len(words) > 1:
            words = [words[0], *(w for w in words[1:] if not w.startswith("-") and "=" not in w)]
        for program in words[: 2 if words and words[0].endswith("/env") else 1]:
            had, has = (starts.found(r.tree, program, path, "/") for r in (pair.before, pair.after))
            if had and not has:
                by.setdefault(program, []).append(name)
    for program, names in by.items():
        yield Problem(f"scripts start with {program}, which is not there", shown(names),
                      "choose a base that has it, or build the application again")  # fmt: skip


def _links(pair: Pair) -> Iterator[Problem]:
    """Yield the links of the application that lead nowhere any more."""
    for name, item in pair.after.placed.items():
        if item.entry.kind is Kind.SYMLINK and item.layer >= pair.after.base:
            had, has = (_leads(root.tree, name) for root in (pair.before, pair.after))
            if had and not has:
                yield Problem(f"a link to {item.entry.target}, which is not there", "/" + name,
                              "choose a base that has it, or build it again")  # fmt: skip


def _leads(tree: Tree, path: str) -> bool:
    return tree.resolve(path) is not None


def overlays(after: Rootfs) -> Iterator[str]:
    """Yield a note for what the application lays over the base, libraries beside the base's too."""
    base = rootfs(after.layers[: after.base], after.base)
    own = [item for item in after.placed.values() if item.layer >= after.base]
    hidden = [
        item.entry.path for item in own
        if item.entry.kind is not Kind.DIR and _file(base.placed.get(item.entry.path))
    ]  # fmt: skip
    if hidden:
        yield f"the application's files hide the base's: {shown(hidden)}"
    theirs = {name for path in base.placed if (name := _soname(base, path))}
    mine = {path: name for item in own if (name := _soname(after, path := item.entry.path))}
    twice = [path for path, name in mine.items() if name in theirs and path not in hidden]
    if twice:
        yield f"the application brings libraries that the base has too: {shown(sorted(twice))}"


def _file(item: Placed | None) -> bool:
    return item is not None and item.entry.kind is not Kind.DIR


def _soname(root: Rootfs, path: str) -> str:
    facts = root.facts(path)
    return facts.binary.elf.soname if facts is not None else ""


def changes(before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line per package that changed: ``tzdata 2026a → 2026b``, ``+ x 1``, ``- y``."""
    was, now = dict(before), dict(after)
    found = []
    for name in sorted({*was, *now}):
        old, new = was.get(name), now.get(name)
        if old is None:
            found.append(f"+ {name} {new}")
        elif new is None:
            found.append(f"- {name} {old}")
        elif old != new:
            found.append(f"{name} {old} → {new}")
    return found
