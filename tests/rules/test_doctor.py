"""The doctor's rules: one finding for one trouble, what is printed, what to type."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from rules.broken import (
    ADMIN,
    DOCTOR,
    DYNAMIC,
    GLIBC,
    LOW_PORTS,
    RUN,
    SERVING,
    STATIC,
    capable,
)
from rules.making import File, Files, Folder, Hard, Link, Odd, specimen
from seaslug.ops.doctor import RULES, Way, diagnose, started, status
from seaslug.rules.model import Severity
from seaslug.values.platform import Platform
from support.binaries import elf

FATAL = [rule.id for rule in RULES if rule.severity is Severity.FATAL]


@pytest.mark.parametrize("name", DOCTOR)
def test_a_rule_passes_what_is_good_and_finds_what_is_not(name: str) -> None:
    rule = next(rule for rule in RULES if rule.id == name)
    passing, failing = DOCTOR[name]
    assert list(rule.check(passing())) == []
    found = list(rule.check(failing()))
    assert found and all(one.rule == name and one.fix for one in found)


@pytest.mark.parametrize("name", FATAL)
def test_one_trouble_is_told_once(name: str) -> None:
    found = diagnose(DOCTOR[name][1]())
    assert [one.rule for one in found.findings if one.severity is Severity.FATAL] == [name]
    assert found.verdict.startswith("does not start: ") and found.bad
    good = diagnose(DOCTOR[name][0]())
    assert not [one for one in good.findings if one.severity is Severity.FATAL]


APP: Files = {"app": STATIC}
FIXES: dict[str, tuple[Files, Mapping[str, Any], str, str]] = {
    "elsewhere": (
        {"opt/bin/app": STATIC}, {"Cmd": ["/app", "-v"]}, "IMG001", 'CMD ["/opt/bin/app", "-v"]',
    ),
    "a name in another directory": (
        {"opt/app": STATIC}, {"Entrypoint": ["app"]}, "IMG002", 'ENTRYPOINT ["/opt/app"]',
    ),
    "a shell": (APP, {"Cmd": ["/bin/sh", "-c", "exec /app 'a b'"]}, "IMG017",
                'CMD ["/app", "a b"]'),
    "a file in a directory": ({"app": Folder(), "app/run": STATIC}, RUN, "IMG012",
                              'ENTRYPOINT ["/app/run"]'),
    "a check": (APP, {**RUN, "Healthcheck": {"Test": ["CMD-SHELL", "/app -c || exit 1"]}},
                "IMG018", 'HEALTHCHECK CMD ["/app", "-c"]'),
    "a user": (APP, {**RUN, "User": "app"}, "IMG020", "USER 65532"),
    "no loader": ({"app": DYNAMIC}, RUN, "IMG004", "seaslug build base-nossl-debian12"),
    "C++": (
        {"app": File(DYNAMIC.data.replace(b"libc.so.6", b"libz.so.1"), 0o755), **GLIBC},  # type: ignore[union-attr,arg-type]
        RUN, "IMG008", "seaslug build base-nossl-debian12 --with zlib1g",
    ),
    "nothing to start": (APP, {}, "IMG001", 'ENTRYPOINT ["/app"]'),
    "nothing to start, one program of the system's": (
        {"usr/bin/app": STATIC}, {}, "IMG001", 'ENTRYPOINT ["/path/of/the/program"]',
    ),
    "links in a circle": ({"app": Link("b"), "b": Link("app")}, RUN, "IMG003", "COPY app /app  "),
    "a link to nowhere": ({"opt/app": Link("../srv/app")}, {"Cmd": ["/opt/app"]}, "IMG003",
                          "COPY --from=build /srv/app /srv/app"),
    "no Python": ({"x": STATIC}, {"Cmd": ["python3", "x.py"]}, "IMG002",
                  "seaslug build python3-debian12; or COPY python3 /usr/local/bin/python3"),
    "a shell's text": (
        APP, {"Cmd": ["/bin/sh", "-c", "cd /srv && A=b exec /app $HOME/x >log"],
              "Env": ["HOME=/root"]}, "IMG017",
        'WORKDIR /srv\nENV A=b\nCMD ["/app", "/root/x"]   # the shell\'s own work in ',
    ),
    "no shebang": ({"app": File("x\n", 0o755), "hello": STATIC}, RUN, "IMG015",
                   "RUN sed -i '1i#!/hello' /app   # in the stage that builds"),
    "no shebang, of a language": (
        {"a.py": File("x\n", 0o755), "usr/bin/python3": STATIC, "b": STATIC}, {"Cmd": ["/a.py"]},
        "IMG015", "RUN sed -i '1i#!/usr/bin/python3' /a.py",
    ),
    "an empty directory": ({"app": Folder()}, RUN, "IMG012",
                           'COPY app /app/app\nENTRYPOINT ["/app/app"]'),
    "a name with a blank": ({"a b": File(STATIC.data)}, {"Cmd": ["/a b"]}, "IMG011",
                            'COPY --chmod=755 ["a b", "/a b"]'),
    "a check that is not there": (APP, {**RUN, "Healthcheck": {"Test": ["CMD", "curl", "x"]}},
                                  "IMG018", 'HEALTHCHECK CMD ["/app", "--health-check"]   # '),
    "a check elsewhere": (
        {**APP, "opt/check": STATIC}, {**RUN, "Healthcheck": {"Test": ["CMD", "/check", "-v"]}},
        "IMG018", 'HEALTHCHECK CMD ["/opt/check", "-v"]',
    ),
    "a zone": (
        {**APP, "usr/share/zoneinfo/Europe/Berlin": b"TZif", "usr/share/zoneinfo/UTC": b"TZif"},
        {**RUN, "Env": ["TZ=Europe/Brelin"]}, "IMG024", "ENV TZ=Europe/Berlin",
    ),
    "another machine": (
        {"app": File(elf(Platform("linux", "arm64"), kind=2), 0o755)}, RUN, "IMG006",
        "docker build --platform linux/amd64 .; or GOARCH=amd64 CGO_ENABLED=0 go build -o app .",
    ),
    "a number": (
        {"usr/share/app": STATIC}, {"Cmd": ["/usr/share/app"], "User": "7"}, "IMG021",
        "/etc/passwd   # in the stage that builds\nCOPY --from=build /etc/passwd /etc/passwd; or ",
    ),
    "a script of Python": (
        {"app": File("#!/usr/bin/env python3\n", 0o755), "usr/bin/python3": STATIC}, RUN,
        "IMG014", 'ENTRYPOINT ["/usr/bin/python3", "/app"]',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FIXES)
def test_what_to_type(case: str) -> None:
    files, config, rule, fix = FIXES[case]
    found = [one for one in diagnose(specimen(files, config)).findings if one.rule == rule]
    assert found and fix in found[0].fix


def test_capabilities_of_the_program() -> None:
    image = capable(LOW_PORTS, SERVING)()
    assert "IMG027" not in {one.rule for one in diagnose(image).findings}
    held = diagnose(started(image, Way(dropped=("all",))))
    first = held.findings[0]
    assert (first.rule, first.symptom) == ("IMG039", "exec /app: operation not permitted")
    assert first.fix.startswith(
        "docker run --cap-drop all --cap-add net_bind_service IMAGE; or RUN"
    )
    assert "cap_net_bind_service=ep" in first.message and status(first) == 1
    assert "IMG027" in {one.rule for one in held.findings}
    other = diagnose(started(image, Way(dropped=("NET_RAW",))))
    assert not other.bad
    root = specimen(APP, {**RUN, "ExposedPorts": {"80/tcp": {}}})
    assert not [one for one in diagnose(root).findings if one.rule == "IMG027"]
    bare = diagnose(started(root, Way(dropped=("cap_net_bind_service",))))
    assert [one.rule for one in bare.findings if one.rule == "IMG027"]
    # Only permitted: the program starts, and has to ask for it itself.
    assert not diagnose(capable("\0" + ADMIN[1:])()).bad


def test_another_way_to_start() -> None:
    image = specimen({"app": File(STATIC.data, 0o700)}, RUN)
    assert not diagnose(image).bad
    found = diagnose(started(image, Way(user="65532")))
    assert found.findings[0].rule == "IMG011"
    assert found.findings[0].symptom == "exec /app: permission denied"
    held = diagnose(started(image, Way(read_only=True)))
    assert "IMG028" in {one.rule for one in held.findings}
    owned = specimen({"app": File(STATIC.data, 0o700, uid=1)}, RUN)
    assert not diagnose(owned).bad
    assert diagnose(started(owned, Way(dropped=("all",)))).bad
    doubled = started(specimen({**GLIBC, "usr/bin/python3": DYNAMIC}, {
        "Entrypoint": ["/usr/bin/python3"]}), Way(args=("python3", "x.py")))  # fmt: skip
    assert diagnose(doubled).findings[0].rule == "IMG036"


def test_links_are_followed_inside_the_image() -> None:
    files = {"app": Link("/run/../../../srv/app"), "srv": Link("/opt"), "opt/app": STATIC}
    assert not diagnose(specimen(files, RUN)).bad
    looped = diagnose(specimen({"app": Link("b"), "b": Link("app")}, RUN)).findings[0]
    assert (looped.rule, "too many levels" in looped.symptom) == ("IMG003", True)


def test_a_base_and_odd_configurations() -> None:
    assert diagnose(specimen({})).verdict.startswith("starts nothing by itself: it is a base")
    for config in ({"Entrypoint": 3, "Volumes": [], "Healthcheck": "x"}, {"Env": ["A"], "User": 0}):
        diagnose(specimen({"app": STATIC}, config))
    assert diagnose(specimen(APP, RUN, platform="plan9/mips")).findings


ODD: dict[str, tuple[Files, Mapping[str, Any], str]] = {
    "a hard link to nothing": ({"app": Hard("none")}, RUN, "IMG001"),
    "a pipe": ({"app": Odd()}, RUN, "IMG001"),
    "a folder in a circle": ({"bin": Link("bin")}, {"Entrypoint": ["bin/x"]}, "IMG003"),
    "#! alone": ({"app": File("#!", 0o755)}, RUN, "IMG015"),
    "#! and blanks": ({"app": File("#! \r\n", 0o755)}, RUN, "IMG015"),
    "its own interpreter": ({"app": File("#!/app\n", 0o755)}, RUN, "IMG015"),
    "bytes": ({"app": File(b"#!\xff\xfe/x\n", 0o755)}, RUN, "IMG014"),
    "ELF's mark, and no more": ({"app": File(b"\x7fELF" + b"\xff" * 90, 0o755)}, RUN, "IMG016"),
    "the root": ({"app": STATIC}, {"Entrypoint": ["/"]}, "IMG012"),
    "a number that is none": (APP, {**RUN, "User": "99999999999999"}, "IMG020"),
    "a file that is no passwd": ({**APP, "etc/passwd": "::::\nroot\n\0"}, {**RUN, "User": "root"},
                                 "IMG020"),
    "a venv in a circle": ({"v/pyvenv.cfg": "home =\n", "v/bin/python": Link("python")},
                           {"Entrypoint": ["/v/bin/python"]}, "IMG030"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_odd_images(case: str) -> None:
    files, config, rule = ODD[case]
    assert diagnose(specimen(files, config)).findings[0].rule == rule


SEASLUG = {"history": [{"created_by": "seaslug: static"}, {"created_by": "seaslug: application"}]}
SETTINGS: dict[str, tuple[Files, Mapping[str, Any], str]] = {
    'entrypoint = ["/opt/app"]': ({"opt/app": STATIC}, RUN, "IMG001"),
    'cmd = ["/app", "x"]': (APP, {"Cmd": ["/bin/sh", "-c", "/app x"]}, "IMG017"),
    'workdir = "/srv"   # in seaslug.toml\ncmd = ["/app"]': (
        APP, {"Cmd": ["/bin/sh", "-c", "cd /srv; /app"]}, "IMG017",
    ),
    'env = { A = "b c" }   # in seaslug.toml\ncmd = ["/app"]': (
        APP, {"Cmd": ["/bin/sh", "-c", "A='b c' exec /app"]}, "IMG017",
    ),
    'health = { exec = ["/app", "-c"] }': (
        APP, {**RUN, "Healthcheck": {"Test": ["CMD-SHELL", "/app -c || exit 1"]}}, "IMG018",
    ),
    'user = "65532"': (APP, {**RUN, "User": "app"}, "IMG020"),
    'directories = [{ path = "/data", owner = "65532:0" }]': (
        APP, {**RUN, "User": "65532", "Volumes": {"/data": {}}}, "IMG022",
    ),
    'timezones = "full"': (APP, {**RUN, "Env": ["TZ=Europe/Berlin"]}, "IMG024"),
    'env = { LANG = "C.UTF-8" }': (APP, {**RUN, "Env": ["LANG=de_DE.UTF-8"]}, "IMG026"),
    'ports = ["8080"]': (APP, SERVING, "IMG027"),
}  # fmt: skip


@pytest.mark.parametrize("line", SETTINGS)
def test_settings_of_an_image_that_seaslug_built(line: str) -> None:
    files, config, rule = SETTINGS[line]
    found = diagnose(specimen(files, config, ({},), blob=SEASLUG))
    (fix,) = [one.fix for one in found.findings if one.rule == rule]
    way = fix.split("; or ")[-1]
    assert way == f"{line}   # in seaslug.toml"
    tomllib.loads(way)
    theirs = diagnose(specimen(files, config))
    assert way not in [one.fix.split("; or ")[-1] for one in theirs.findings]


def test_packages_of_an_image_that_seaslug_built() -> None:
    needy = File(DYNAMIC.data.replace(b"libc.so.6", b"libz.so.1"), 0o755)  # type: ignore[union-attr,arg-type]
    first = diagnose(specimen({"app": needy, **GLIBC}, RUN, ({},), blob=SEASLUG)).findings[0]
    assert first.rule == "IMG008" and first.fix.startswith('packages = ["zlib1g"]; or COPY')
