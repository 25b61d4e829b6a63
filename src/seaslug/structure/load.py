"""From the text of a file of tests to a suite: schema 1.0.0 and 2.0.0."""

from __future__ import annotations

from seaslug.errors import UsageError
from seaslug.structure.fields import Fields, Problems
from seaslug.structure.model import (
    CommandTest,
    ContentTest,
    FileTest,
    LicenseTest,
    MetadataTest,
    Pairs,
    RunOptions,
    Setting,
    Suite,
)
from seaslug.structure.nodes import parse

VERSIONS = ("1.0.0", "2.0.0")
SOMEONE = ("owner", "group", "other", "any")
# Nobody who tests an image has to trust it; what this tool does not give away is told.
_REFUSED = {
    "privileged": "commands are run without privileges",
    "capabilities": "commands are run without capabilities",
    "allocateTty": "commands have no terminal",
}


def load(text: str, file: str) -> Suite:
    """Return the tests in *text*. Raises UsageError with every mistake, its line and its field."""
    problems = Problems(file)
    fields = Fields(parse(text, file), "", problems)
    version = fields.text("schemaVersion", needed=True)
    if version and version not in VERSIONS:
        fields.wrong("schemaVersion", f"{version!r} is none of {', '.join(VERSIONS)}")
    suite = _suite(fields, file, first=version == "1.0.0")
    fields.done()
    if problems.lines:
        count = len(problems.lines)
        raise UsageError(
            "\n  ".join((f"{count} mistake{'s' if count > 1 else ''} in the tests:",
                         *problems.lines)), where=file,
        )  # fmt: skip
    return suite


def _suite(fields: Fields, file: str, *, first: bool) -> Suite:
    options, notes = _options(fields.inner("containerRunOptions"))
    return Suite(
        file,
        tuple(_command(test, first=first) for test in fields.groups("commandTests")),
        tuple(_file(test) for test in fields.groups("fileExistenceTests")),
        tuple(_content(test) for test in fields.groups("fileContentTests")),
        None if first else _metadata(fields.inner("metadataTest")),
        tuple(_license(test) for test in fields.groups("licenseTests")),
        _pairs(fields, "globalEnvVars"),
        options,
        tuple(f"{file}: containerRunOptions.{name}: {why}" for name, why in notes),
    )


def _command(test: Fields, *, first: bool) -> CommandTest:
    name = test.text("name", needed=True)
    if first:
        argv = test.texts("command")
        if not argv:
            test.wrong("command", "names no program; in schema 1.0.0 it is a list")
    else:
        argv = (test.text("command", needed=True), *test.texts("args"))
    return CommandTest(
        name, argv, _commands(test, "setup"), _commands(test, "teardown"),
        _pairs(test, "envVars"), test.both("expectedOutput", "excludedOutput"),
        test.both("expectedError", "excludedError"), test.number("exitCode", 0),
    )  # fmt: skip


def _commands(test: Fields, name: str) -> tuple[tuple[str, ...], ...]:
    found = []
    for place, item in test.each(name):
        words = tuple(word.text for word in item.items or () if word.text)
        if not words or len(words) != len(item.items or ()):
            test.wrong(place, "must be a list of words, the program first", item.line)
        else:
            found.append(words)
    return tuple(found)


def _file(test: Fields) -> FileTest:
    return FileTest(
        test.text("name", needed=True), test.text("path", needed=True),
        test.flag("shouldExist", True), test.text("permissions"), test.number("uid", -1),
        test.number("gid", -1), test.choice("isExecutableBy", SOMEONE),
    )  # fmt: skip


def _content(test: Fields) -> ContentTest:
    return ContentTest(
        test.text("name", needed=True), test.text("path", needed=True),
        test.both("expectedContents", "excludedContents"),
    )  # fmt: skip


def _metadata(test: Fields | None) -> MetadataTest | None:
    if test is None:
        return None
    made = MetadataTest(
        # Older files say env.
        _settings(test, "envVars") + _settings(test, "env"),
        tuple(key for key, _ in _pairs(test, "unboundEnvVars")),
        _settings(test, "labels"),
        test.texts("exposedPorts"), test.texts("unexposedPorts"),
        test.texts("volumes"), test.texts("unmountedVolumes"),
        _words(test, "entrypoint"), _words(test, "cmd"), test.text("workdir"), test.text("user"),
    )  # fmt: skip
    test.done()
    return made


def _words(test: Fields, name: str) -> tuple[str, ...] | None:
    """Return a list that may be empty; None if it is not there."""
    node = test.take(name)
    if node is None:
        return None
    if node.items is None:
        test.wrong(name, "must be a list", node.line)
        return None
    return tuple(item.text for item in node.items)


def _settings(test: Fields, name: str) -> tuple[Setting, ...]:
    found = []
    for item in test.groups(name):
        key, value = item.text("key", needed=True), item.text("value")
        regex = item.flag("isRegex", False)
        pattern = item.pattern("value", value, item.line) if regex else None
        found.append(Setting(key, value, pattern))
    return tuple(found)


def _license(test: Fields) -> LicenseTest:
    return LicenseTest(test.flag("debian", False), test.texts("files"))


def _pairs(test: Fields, name: str) -> Pairs:
    found = []
    for item in test.groups(name):
        found.append((item.text("key", needed=True), item.text("value")))
        item.flag("isRegex", False)
    return tuple(found)


def _options(test: Fields | None) -> tuple[RunOptions, list[tuple[str, str]]]:
    if test is None:
        return RunOptions(), []
    notes = [(name, why) for name, why in _REFUSED.items() if _wanted(test, name)]
    mounts = []
    for text in test.texts("bindMounts"):
        source, _, rest = text.partition(":")
        target, _, flags = rest.partition(":")
        if not source.startswith("/") or not target.startswith("/"):
            test.wrong("bindMounts", f"{text!r} is not /HERE:/INSIDE")
            continue
        if "ro" not in flags.split(","):
            notes.append(("bindMounts", f"{target} is mounted read-only"))
        mounts.append((source, target))
    options = RunOptions(
        test.text("user"), test.texts("envVars"), test.text("envFile"), tuple(mounts)
    )
    test.done()
    return options, notes


def _wanted(test: Fields, name: str) -> bool:
    node = test.take(name)
    return node is not None and (node.scalar is True or bool(node.items))
