"""Structure tests, judged on an image: files and configuration from its layers, programs by runs.

No engine is needed for anything but commands. Each of these gets a container of its own,
writable as container-structure-test's are. What a test's ``setup`` left is there for its command:
all of them run in one container, which a program of ours holds open.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from seaslug.errors import EngineError, RunTimeoutError, UsageError
from seaslug.oci import files
from seaslug.oci.files import Placed
from seaslug.oci.runnable import read_image
from seaslug.ops import probe
from seaslug.ops.look import View
from seaslug.ops.prove import host_file
from seaslug.ports import BlobStore, Runner, RunResult, RunSpec
from seaslug.structure import judge
from seaslug.structure.model import CommandTest, LicenseTest, Pairs, RunOptions, Suite, Verdict
from seaslug.values.tree import Entry, Kind, directory

MAX_CONTENT = 64 << 20
_HOLD = "/.seaslug-hold"
_UNSTARTED = (126, 127)


@dataclass(frozen=True, slots=True)
class Way:
    """How commands are started: by what ``runner`` gives, each for ``timeout`` seconds at most.

    ``environ`` are the variables of this machine that a file may ask for. With ``read_only``,
    commands without a setup find a read-only root, and ``/tmp`` in memory.
    """

    store: BlobStore
    runner: Callable[[], Runner]
    environ: Mapping[str, str]
    timeout: float = 120.0
    read_only: bool = False


def judged(view: View, suites: Sequence[Suite], way: Way) -> Iterator[Verdict]:
    """Yield the verdict on each test of *suites*, as they come.

    Raises EngineError where there are commands and nothing can start them, HostileError.
    """
    run = view.config.get("config") or {}
    root = _Root(view)
    for suite in suites:
        env = judge.variables(run)
        env.update((key, judge.expand(value, env)) for key, value in suite.env)
        for test in suite.commands:
            yield _command(view, suite, test, (way, env))
        yield from _files(root, suite, env)
        yield from _licenses(root, suite)
        if suite.metadata is not None:
            errors = judge.metadata(suite.metadata, run)
            yield Verdict("metadata", "the configuration", suite.file, errors)


class _Root:
    """The files of an image, listed when first asked for."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._found: dict[str, Placed] | None = None

    def entry(self, path: str) -> Entry | None:
        """Return what is at *path*: links to its folder are followed, a link itself is not."""
        head, _, name = path.rstrip("/").rpartition("/")
        parent = files.tree(self._view.files).realpath(head)
        if parent is None or name in (".", ".."):
            return None
        place = f"{parent}/{name}".strip("/")
        item = self._placed.get(place)
        return directory("") if not place else item.entry if item is not None else None

    def licensed(self) -> Iterator[str]:
        """Yield the folders below /usr/share/doc."""
        for path, item in self._placed.items():
            head, _, name = path.rpartition("/")
            if head == judge.DOC and item.entry.kind is Kind.DIR:
                yield name

    def read(self, paths: Sequence[str]) -> dict[str, bytes | None]:
        """Return the content of each of *paths*, links followed, in one pass; None for no file."""
        tree = files.tree(self._view.files)
        wanted: dict[tuple[int, str], list[str]] = {}
        for path in paths:
            item = self._placed.get(tree.realpath(path) or "")
            if item is not None and item.entry.kind in (Kind.FILE, Kind.HARDLINK):
                wanted.setdefault(item.origin, []).append(path)
        found: dict[str, bytes | None] = dict.fromkeys(paths)
        for at in sorted({layer for layer, _ in wanted}):
            for inner, content in self._view.contents(at):
                for path in wanted.get((at, inner), ())[:1]:
                    data = _whole(path, content)
                    found.update(dict.fromkeys(wanted[at, inner], data))
        return found

    @property
    def _placed(self) -> dict[str, Placed]:
        if self._found is None:
            self._found = {item.entry.path: item for item in self._view.files}
        return self._found


def _whole(path: str, content: Iterator[memoryview]) -> bytes:
    data = bytearray()
    for piece in content:
        data += piece
        if len(data) > MAX_CONTENT:
            raise UsageError(f"more than {MAX_CONTENT >> 20} MiB are not searched", where=path)
    return bytes(data)


def _files(root: _Root, suite: Suite, env: Mapping[str, str]) -> Iterator[Verdict]:
    for test in suite.files:
        entry = root.entry(judge.expand(test.path, env))
        yield Verdict("file existence", test.name, suite.file, judge.file(test, entry))
    paths = [judge.expand(test.path, env) for test in suite.contents]
    texts = root.read(paths) if paths else {}
    for path, content in zip(paths, suite.contents, strict=True):
        data = texts[path]
        errors = (
            (f"{path} is not there, or no file",) if data is None
            else judge.text(content.contents, data, path)
        )  # fmt: skip
        yield Verdict("file content", content.name, suite.file, errors)


def _licenses(root: _Root, suite: Suite) -> Iterator[Verdict]:
    for test in suite.licenses:
        texts = root.read(_license_files(root, test))
        errors = [line for path, data in texts.items() for line in judge.licence(path, data)]
        yield Verdict("license", "the licences", suite.file, tuple(errors))


def _license_files(root: _Root, test: LicenseTest) -> list[str]:
    names = [name for name in root.licensed() if test.debian and name not in judge.ALLOWED_PACKAGES]
    return [f"/{judge.DOC}/{name}/{judge.COPYRIGHT}" for name in names] + list(test.files)


def _command(
    view: View, suite: Suite, test: CommandTest, around: tuple[Way, Mapping[str, str]]
) -> Verdict:
    way, env = around
    begun = time.monotonic()
    stdout, stderr = b"", b""
    try:
        spec = _spec(suite, test, way, env)
        result, notes = _run(view, test, spec, way)
        stdout, stderr = result.stdout, result.stderr
        errors = judge.output(test, result.status, stdout, stderr)
        errors = (*errors, *notes) if errors else ()
    except RunTimeoutError as late:
        errors, stdout, stderr = (late.what,), late.stdout, late.stderr
    except _UnpreparedError as failed:
        errors = (str(failed),)
    return Verdict(
        "command", test.name, suite.file, errors, judge.shown(stdout), judge.shown(stderr),
        time.monotonic() - begun,
    )  # fmt: skip


class _UnpreparedError(Exception):
    """What stands before a command could not be done."""


def _spec(suite: Suite, test: CommandTest, way: Way, env: Mapping[str, str]) -> RunSpec:
    own = [(key, judge.expand(value, env)) for key, value in test.env]
    given = {key: env[key] for key, _ in suite.env}
    asked = _asked(suite.options, way.environ)
    read_only = way.read_only and not test.setup
    return RunSpec(
        argv=tuple(judge.expand(word, env) for word in test.argv),
        user=suite.options.user,
        env=tuple({**dict(asked), **given, **dict(own)}.items()),
        read_only=read_only,
        network=True,
        tmpfs=("/tmp",) if read_only else (),
        mounts=suite.options.mounts,
        timeout=way.timeout,
    )


def _asked(options: RunOptions, environ: Mapping[str, str]) -> Pairs:
    """Return the variables that the options take from this machine."""
    found = [(name, environ[name]) for name in options.env_names if name in environ]
    if not options.env_file:
        return tuple(found)
    try:
        with open(options.env_file, encoding="utf-8") as file:
            lines = [line.strip() for line in file.read(1 << 20).splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=options.env_file) from None
    pairs = [line.partition("=") for line in lines if "=" in line and not line.startswith("#")]
    return (*((key, value) for key, _, value in pairs), *found)


def _run(
    view: View, test: CommandTest, spec: RunSpec, way: Way
) -> tuple[RunResult, tuple[str, ...]]:
    """Run the command between its setup and teardown; return how it ended, and notes on these."""
    manifest = view.found.descriptor.digest
    runner = way.runner()
    if not test.setup and not test.teardown:
        try:
            return runner.run(manifest, spec), ()
        except RunTimeoutError:
            raise
        except EngineError as error:
            raise _UnpreparedError(str(error)) from None
    with ExitStack() as stack:
        program = probe.holder(read_image(way.store, manifest).platform)
        held = stack.enter_context(host_file(program, 0o755))
        mounts = (*spec.mounts, (held, _HOLD))
        try:
            running = runner.start(manifest, replace(spec, argv=(_HOLD,), mounts=mounts))
            stack.callback(running.stop, 0)
            notes = tuple(_prepared(running.exec(w, spec.timeout), w) for w in test.setup)
            result = running.exec(spec.argv, spec.timeout)
            for words in test.teardown:
                running.exec(words, spec.timeout)
        except RunTimeoutError:
            raise
        except EngineError as error:
            raise _UnpreparedError(str(error)) from None
        return result, tuple(filter(None, notes))


def _prepared(result: RunResult, words: Sequence[str]) -> str:
    """Return what to say of a setup if the test fails. Raises if it was not even started."""
    said = result.stderr.decode("utf-8", "replace").strip()[-200:]
    if result.status in _UNSTARTED:
        raise _UnpreparedError(f"setup {' '.join(words)} cannot be started: {said}")
    return f"setup {' '.join(words)} ended with {result.status}: {said}" if result.status else ""
