"""What the doctor foretells of an image that starts: seen in Docker, and put right as printed."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping

import pytest

from rules.making import specimen
from seaslug.ops.doctor import Way, diagnose, explain, started
from seaslug.rules.specimen import Specimen
from support.certificates import CertificateAuthority
from support.clients import Seaslug
from support.curing import Build, read
from support.failing import Base, Made
from support.failing_later import Later, Programs, cases, compiled
from support.ward import Ward, known, on, over, tls

pytestmark = [
    pytest.mark.engine, pytest.mark.slow, pytest.mark.network,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="its programs are for x86_64"),
]  # fmt: skip


@pytest.fixture(scope="module")
def programs(
    authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Programs]:
    """The programs, and a server that they may not trust yet."""
    with tls(authority.issue("doctor").server()) as port:
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


@pytest.mark.parametrize("name", ["a low port"])
def test_docker_itself_lets_everybody_take_low_ports(
    name: str, sick: Mapping[str, str], ward: Ward
) -> None:
    assert ward.start(sick[name]) == (0, "hello\n")
