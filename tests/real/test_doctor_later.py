"""What the doctor foretells of an image that starts: seen in Docker, and put right as printed."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from real import test_doctor
from rules.making import File, Files, layer, specimen
from seaslug.ops.doctor import Way, diagnose, explain, started
from seaslug.rules import catalog
from seaslug.rules.specimen import Specimen
from support import failing
from support.certificates import CertificateAuthority
from support.cli import Cli
from support.clients import Seaslug
from support.curing import SHELL, Build, read
from support.failing import LIB, LOADER, Base, Made
from support.failing_later import NOBODY, PYTHON, Later, Programs, cases, compiled
from support.real import need
from support.ward import Ward, known, nobody, on, over, tls

pytestmark = [
    pytest.mark.engine, pytest.mark.slow, pytest.mark.network,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="its programs are for x86_64"),
]  # fmt: skip


@pytest.fixture(scope="module")
def programs(
    authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Programs]:
    """The programs, and a server that they may not trust yet."""
    with nobody(NOBODY), tls(authority.issue("doctor").server()) as port:
        yield compiled(tmp_path_factory.mktemp("later"), authority, port)


@pytest.fixture(scope="module")
def made(programs: Programs) -> Mapping[str, Later]:
    return cases(programs)


@pytest.fixture(scope="module")
def bases(ward: Ward, seaslug: Seaslug, made: Mapping[str, Later]) -> Mapping[str, Specimen]:
    """What rules see of each base; none is an empty image."""
    names = {case.base for case in made.values() if case.base}
    return {"": specimen({}), **{one: known(seaslug.home, ward.base(one)) for one in names}}


@pytest.fixture(scope="module")
def sick(
    ward: Ward, made: Mapping[str, Later], bases: Mapping[str, Specimen]
) -> Mapping[str, str]:  # fmt: skip
    """The name in Docker of each case's image."""
    images = [
        Made([case.files] if case.files else [], over(bases[case.base], [], case.how).run,
             on(ward.base(case.base)) if case.base else Base())
        for case in made.values()
    ]  # fmt: skip
    return dict(zip(made, ward.admit(images), strict=True))


@pytest.mark.parametrize("name", cases())
def test_it_fails_later_as_foretold_and_goes_on_when_what_is_printed_is_done(
    name: str, made: Mapping[str, Later], bases: Mapping[str, Specimen],
    sick: Mapping[str, str], ward: Ward,
) -> None:  # fmt: skip
    case = made[name]
    image = over(bases[case.base], [case.files], case.how)
    found = diagnose(started(image, Way(read_only="--read-only" in case.flags)))
    mine = [one for one in found.findings if one.rule == case.rule]
    code, said = ward.start(sick[name], flags=case.flags)
    assert code == case.status, said
    assert mine, said
    first = next(one for one in mine if one.symptom.lower() in said.lower() and one.symptom)
    told = explain(said, found)
    assert first in [cause.finding for one in told for cause in one.causes]

    cure = read(first.fix, case.way)
    build = Build(case.files, case.good, image.run, tools=case.tools)
    cured = ward.cured(sick[name], build, cure)
    assert ward.start(cured, flags=(*case.flags, *cure.flags)) == (0, "hello\n")


@pytest.mark.parametrize(
    ("name", "options"),
    [("letters", ()), ("a service of names", ("--cap-drop", "all")),
     ("a thread that is cancelled", ("--read-only",))],
)  # fmt: skip
def test_a_trial_confirms_it(
    name: str, options: tuple[str, ...], made: Mapping[str, Later], sick: Mapping[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    cli = Cli(tmp_path / "home", "-q")
    place = f"docker-daemon:{sick[name]}"
    done = cli("doctor", place, "--run", "--runner", "docker", *options, "--json")
    rows = [one for one in done.json["findings"] if one["rule"] == made[name].rule]
    assert done.status == 15 and "confirmed" in [one["seen"] for one in rows], done.out
    assert not done.json["run"]["wants_network"]


def test_docker_itself_lets_everybody_take_low_ports(sick: Mapping[str, str], ward: Ward) -> None:
    assert ward.start(sick["a low port"]) == (0, "hello\n")


def test_todays_glibc_finds_names_without_a_switch(programs: Programs, ward: Ward) -> None:
    files = {"app": File(programs.looks_up, 0o755), **programs.glibc}
    config = {"Entrypoint": ["/app"]}
    found = diagnose(specimen(files, config)).findings
    assert [one.symptom for one in found if one.rule == "IMG025"] == [""]
    assert ward.start(ward.admit([Made([files], config)])[0]) == (0, "hello\n")


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_stage_without_a_shell_runs_nothing(shell: str, ward: Ward) -> None:
    base = ward.base("static-debian12").name
    lines = (f"FROM {base}", f'SHELL ["{shell}", "-c"]', "RUN echo hello", "")
    said = ward.build(layer({"Dockerfile": "\n".join(lines)}), status=1)
    told = explain(said, None)
    assert [one.seen.pattern.name for one in told] == ["build-step"]
    assert shell in told[0].seen.means

    tools = f"FROM {ward.base('base-debian12:debug').name} AS build\n{SHELL}\n"
    there = "RUN echo hello > /made\n" + f"FROM {base}\nCOPY --from=build /made /made\n"
    assert ward.build(layer({"Dockerfile": tools + there}))


def test_python_without_compiled_modules_writes_them_at_each_start(
    bases: Mapping[str, Specimen], ward: Ward
) -> None:
    site = "usr/lib/python3/dist-packages"
    bare: Files = {f"{site}/fast/it{number}.py": "ready = True\n" for number in range(60)}
    image = over(bases[PYTHON], [bare], {"Cmd": ["-v", "-c", "import fast.it1"]})
    mine = next(one for one in diagnose(image).findings if one.rule == "IMG035")
    assert mine.where == f"/{site}"

    name = ward.admit([Made([bare], image.run, on(ward.base(PYTHON)))])[0]
    assert ward.written(name, f"/{site}/fast/__pycache__")
    status, said = ward.start(name, flags=("--read-only",))
    assert status == 0 and f"# could not create '/{site}/fast/__pycache__" in said

    build = Build(bare, {}, image.run, tools=f"{PYTHON}:debug")
    cured = ward.cured(name, build, read(mine.fix))
    assert not ward.written(cured, f"/{site}/fast/__pycache__")
    status, said = ward.start(cured, flags=("--read-only",))
    assert status == 0 and f"could not create '/{site}" not in said


def test_java_that_cannot_see_itself_finds_no_library(tmp_path: Path, ward: Ward) -> None:
    home = Path(need("java")).resolve().parents[1]
    names = [home / "bin/java", home / "lib/libjli.so", Path(LOADER)]
    names += [Path("/", LIB, one) for one in ("libc.so.6", "libz.so.1")]
    files: Files = {str(path)[1:]: File(path.read_bytes(), 0o755) for path in names}
    for path, item in files.items():
        assert isinstance(item, File) and isinstance(item.data, bytes)
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(item.data)
        (tmp_path / path).chmod(0o755)
    argv = [need("unshare"), "--map-root-user", need("chroot"), str(tmp_path), str(names[0])]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    told = explain(done.stderr, None)
    assert done.returncode == 127 and [one.seen.pattern.name for one in told] == ["libjli"]

    # What is advised, /proc: an engine mounts it always.
    assert "/proc" in told[0].seen.pattern.look
    name = ward.admit([Made([files], {"Entrypoint": [str(names[0])]})])[0]
    assert "libjli" not in ward.start(name)[1]


def test_setuid_makes_anybody_root(programs: Programs, ward: Ward) -> None:
    files: Files = {"app": File(programs.tells, 0o4755), **programs.glibc}
    image = specimen(files, {"Entrypoint": ["/app"], "User": "65532"})
    assert [one.where for one in catalog.rule("IMG052").check(image)] == ["/app"]
    assert ward.start(ward.admit([Made([files], image.run)])[0]) == (0, "0\n")
    files = {**files, "app": File(programs.tells, 0o755)}
    assert list(catalog.rule("IMG052").check(specimen(files, image.run))) == []
    assert ward.start(ward.admit([Made([files], image.run)])[0]) == (0, "65532\n")


ELSEWHERE = {
    18: "test_a_health_check_is_asked",
    19: "test_a_stage_without_a_shell_runs_nothing",
    34: "test_setuid_makes_anybody_root",
    35: "test_python_without_compiled_modules_writes_them_at_each_start",
    37: "test_java_that_cannot_see_itself_finds_no_library",
}


def test_every_diagnosis_is_seen_in_an_engine() -> None:
    told = [one.rule for one in (*cases().values(), *failing.cases().values())]
    named = {int(rule.removeprefix("IMG")) for rule in told}
    here = {*globals(), *vars(test_doctor)}
    assert all(name in here for name in ELSEWHERE.values())
    assert named | set(ELSEWHERE) == set(range(1, 39))
