"""A file of structure tests as values, and the verdict on each test."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.structure.automaton import Automaton

Pairs = tuple[tuple[str, str], ...]
LONG = 1000


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression: as it was written, and ready."""

    text: str
    ready: Automaton

    def found_in(self, text: str) -> bool:
        """Tell whether it matches anywhere in *text*."""
        return self.ready.search(text)


@dataclass(frozen=True, slots=True)
class Both:
    """What a text must have, and what it must not have."""

    expected: tuple[Pattern, ...] = ()
    excluded: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandTest:
    """A program that is started; ``setup`` and ``teardown`` are programs before and after it."""

    name: str
    argv: tuple[str, ...]
    setup: tuple[tuple[str, ...], ...] = ()
    teardown: tuple[tuple[str, ...], ...] = ()
    env: Pairs = ()
    output: Both = Both()
    error: Both = Both()
    status: int = 0


@dataclass(frozen=True, slots=True)
class FileTest:
    """A path that is there or not. ``permissions`` reads as Go prints a mode, ``dtrwxrwxrwx``.

    ``uid`` and ``gid`` are -1 where they do not matter; ``executable_by`` is ``owner``,
    ``group``, ``other``, ``any`` or empty.
    """

    name: str
    path: str
    exists: bool = True
    permissions: str = ""
    uid: int = -1
    gid: int = -1
    executable_by: str = ""


@dataclass(frozen=True, slots=True)
class ContentTest:
    """What a file holds."""

    name: str
    path: str
    contents: Both = Both()


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable or label: its value, or the expression that its value must match."""

    key: str
    value: str
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True)
class MetadataTest:
    """What the configuration says; None, empty text and empty tuples are not asked."""

    env: tuple[Setting, ...] = ()
    unbound_env: tuple[str, ...] = ()
    labels: tuple[Setting, ...] = ()
    ports: tuple[str, ...] = ()
    closed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    unmounted: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    workdir: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class LicenseTest:
    """Licences: those of Debian's packages, and those of single files."""

    debian: bool
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How commands are run: as whom, with which variables of this machine, with which mounts."""

    user: str = ""
    env_names: tuple[str, ...] = ()
    env_file: str = ""
    mounts: Pairs = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """All tests of one file; ``notes`` say what of it is not done."""

    file: str
    commands: tuple[CommandTest, ...] = ()
    files: tuple[FileTest, ...] = ()
    contents: tuple[ContentTest, ...] = ()
    metadata: MetadataTest | None = None
    licenses: tuple[LicenseTest, ...] = ()
    env: Pairs = ()
    options: RunOptions = RunOptions()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        asked = (self.commands, self.files, self.contents, self.licenses)
        return sum(map(len, asked)) + (self.metadata is not None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one test; it held if there are no ``errors``. ``seconds`` is how long it took.

    ``stdout`` and ``stderr`` are the beginning of what its program printed.
    """

    kind: str
    name: str
    file: str
    errors: tuple[str, ...] = ()
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the test held."""
        return not self.errors

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-ready data."""
        return {
            "kind": self.kind, "name": self.name, "file": self.file, "ok": self.ok,
            "errors": list(self.errors), "stdout": self.stdout, "stderr": self.stderr,
            "seconds": round(self.seconds, 3),
        }  # fmt: skip
