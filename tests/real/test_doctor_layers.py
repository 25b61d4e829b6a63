"""File capabilities, and files that a later layer overwrote: foretold, seen, put right."""

from __future__ import annotations

import platform
from collections.abc import Mapping

import pytest

from rules.broken import ADMIN, LOW_PORTS
from rules.making import File, Files, Folder, Item, specimen
from seaslug.ops.doctor import Way, diagnose, explain, started, status
from support.curing import Build, read
from support.failing import LIB, RUN, Made, Programs, compiled
from support.ward import Ward

pytestmark = [
    pytest.mark.engine, pytest.mark.slow,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="its programs are for x86_64"),
]  # fmt: skip

GREET = f"{LIB}/libgreet.so.1"
ASKED = "\0" + LOW_PORTS[1:]
"""Only permitted: the program would have to ask for it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return compiled(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def capable(made: Programs, ward: Ward) -> Mapping[str, tuple[Files, str]]:
    """The files and the name in Docker of an image whose program has these capabilities."""
    rows: list[Files] = [
        {"app": File(made.static, 0o755, xattrs={"security.capability": value})}
        for value in (LOW_PORTS, ADMIN, ASKED)
    ]
    names = ward.admit([Made([files], RUN) for files in rows])
    return dict(zip((LOW_PORTS, ADMIN, ASKED), zip(rows, names, strict=True), strict=True))


@pytest.mark.parametrize(
    ("value", "dropped", "user", "starts"),
    [
        (LOW_PORTS, (), "65532", True),
        (LOW_PORTS, ("net_bind_service",), "65532", False),
        (LOW_PORTS, ("all",), "", False),
        (ADMIN, (), "", False),
        (ASKED, ("all",), "65532", True),
    ],
)
def test_capabilities_that_the_container_may_not_have(
    value: str,
    dropped: tuple[str, ...],
    user: str,
    starts: bool,
    capable: Mapping[str, tuple[Files, str]],
    ward: Ward,
) -> None:
    files, name = capable[value]
    found = diagnose(started(specimen(files, RUN), Way(user, dropped=dropped)))
    flags = [word for one in dropped for word in ("--cap-drop", one)]
    who = ["--user", user] if user else []
    code, said = ward.start(name, flags=[*flags, *who])
    assert (code, found.bad) == ((0, False) if starts else (1, True)), said
    if not starts:
        first = found.findings[0]
        assert (first.rule, status(first)) == ("IMG039", code) and first.symptom in said
        told = explain(said, found)[0].causes[0]
        assert (told.finding, told.sure) == (first, "certain")
        assert ward.start(name, flags=[*read(first.fix).flags, *who]) == (0, "hello\n")


def test_without_new_privileges_it_starts_without_them(
    capable: Mapping[str, tuple[Files, str]], ward: Ward
) -> None:
    flags = ["--security-opt", "no-new-privileges", "--user", "65532"]
    assert ward.start(capable[LOW_PORTS][1], flags=flags) == (0, "hello\n")


def items(made: Programs) -> dict[str, Item]:
    return {
        "file too short": "",
        "invalid ELF header": "x" * 80,
        "cannot read file data": Folder(),
        "cannot open shared object file": made.library[:18] + b"\xb7\0" + made.library[20:],
    }


@pytest.fixture(scope="module")
def overwritten(made: Programs, ward: Ward) -> Mapping[str, tuple[list[Files], str]]:
    """The layers and the name in Docker of an image that puts this in the library's place."""
    below: Files = {"app": File(made.greeting, 0o755), **made.glibc, GREET: made.library}
    rows = {said: [below, {GREET: item}] for said, item in items(made).items()}
    names = ward.admit([Made(layers, RUN) for layers in rows.values()])
    return dict(zip(rows, zip(rows.values(), names, strict=True), strict=True))


@pytest.mark.network
@pytest.mark.parametrize("said", items(Programs(library=bytes(64))))
def test_a_library_that_a_later_layer_overwrote(
    said: str, overwritten: Mapping[str, tuple[list[Files], str]], made: Programs, ward: Ward
) -> None:  # fmt: skip
    (below, above), name = overwritten[said]
    found = diagnose(specimen(below, RUN, [above]))
    code, printed = ward.start(name)
    first = found.findings[0]
    assert (first.rule, status(first)) == ("IMG008", code)
    assert said in first.symptom and first.symptom in printed
    causes = explain(printed, found)[0].causes
    assert causes[0].sure == "certain" and "IMG038" in {one.finding.rule for one in causes}

    layer = next(one for one in found.findings if one.rule == "IMG038")
    assert layer.message.startswith("layer 1 puts ") and layer.message.endswith(", of layer 0")
    if said == "cannot read file data":
        return  # COPY of a file onto a folder goes into it
    build = Build(below, {GREET: made.library}, RUN)
    assert ward.start(ward.cured(name, build, read(layer.fix))) == (0, "hello\n")
