"""What the doctor foretells, seen in Docker: message, status, and a start when put right."""

from __future__ import annotations

import io
import os
import platform
import secrets
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rules.making import File, Files, facts_of, layer, specimen
from seaslug.adapters.store import Store
from seaslug.anatomy.rootfs import rootfs
from seaslug.oci import images
from seaslug.ops.doctor import Way, diagnose, explain, started, status
from seaslug.ops.look import View
from seaslug.ops.specimen import specimen as of_store
from seaslug.rules.model import Severity
from support.binaries import elf
from support.cli import Cli
from support.clients import Engine, Seaslug, run
from support.curing import read
from support.failing import RUN, Case, Made, archive, cases, compiled
from support.real import need
from support.ward import Ward

pytestmark = [
    pytest.mark.engine, pytest.mark.slow,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="its programs are for x86_64"),
]  # fmt: skip

STAYS = """
#include <stdio.h>
#include <unistd.h>
int main(void) {
    if (!fopen("/state", "w")) perror("/state");
    for (;;) pause();
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    return cases(compiled(tmp_path_factory.mktemp("programs")))


@pytest.fixture(scope="module")
def sick(ward: Ward, made: Mapping[str, Case]) -> Mapping[str, str]:
    """The name in Docker of each case's image."""
    names = ward.admit([Made(case.stack, case.config) for case in made.values()])
    return dict(zip(made, names, strict=True))


@pytest.fixture(scope="module")
def doctor(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(tmp_path_factory.mktemp("doctor") / "home", "-q")


@pytest.mark.network
@pytest.mark.parametrize("name", cases())
def test_it_fails_as_foretold_and_starts_when_what_is_printed_is_done(
    name: str, made: Mapping[str, Case], sick: Mapping[str, str], ward: Ward, doctor: Cli
) -> None:
    case = made[name]
    found = diagnose(specimen(case.stack[0], case.config, case.stack[1:]))
    first = found.findings[0]
    assert first.rule == case.rule
    code, said = ward.start(sick[name])
    assert code == case.status, said
    assert first.symptom.lower() in said.lower()
    if first.symptom:
        told = explain(said, found)
        assert (told[0].causes[0].finding.rule, told[0].causes[0].sure) == (case.rule, "certain")
    assert status(first) == code

    if name == "no command":
        # What to start is for people to say; the doctor writes where.
        assert first.fix.startswith("ENTRYPOINT [")
        assert ward.start(sick[name], "/app") == (0, "hello\n")
        return
    cured = ward.cured(sick[name], case.build, read(first.fix, case.way))
    assert ward.start(cured) == (0, "hello\n")
    after = doctor("doctor", f"docker-daemon:{cured}", "--json")
    assert after.status == 0, after.out


@pytest.mark.parametrize("runner", ["docker", "podman", "unshare"])
def test_what_is_found_is_confirmed_by_starting_it(
    runner: str, made: Mapping[str, Case], tmp_path: Path
) -> None:
    cli = Cli(tmp_path / "home", "-q")
    for name in ("a library", "an unknown user", "cut short", "absent"):
        case = made[name]
        (tmp_path / "image.tar").write_bytes(archive("x:1", case.stack, case.config))
        place = f"docker-archive:{tmp_path / 'image.tar'}"
        found = cli("doctor", place, "--run", "--runner", runner, "--json")
        assert found.status == 15, found.err
        assert (found.json["findings"][0]["rule"], found.json["findings"][0]["seen"]) == (
            case.rule, "confirmed",
        )  # fmt: skip
        assert found.json["run"]["not_found"] == (
            ["libz.so.1"] if name == "a library" else []
        )  # fmt: skip


def test_a_health_check_is_asked(made: Mapping[str, Case], tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home", "-q")
    stays = tmp_path / "stays"
    stays.with_suffix(".c").write_text(STAYS)
    argv = [need("musl-gcc"), "-static", "-s", stays.with_suffix(".c"), "-o", stays]
    subprocess.run(argv, check=True, timeout=60)
    files: Files = {
        "app": File(stays.read_bytes(), 0o755),
        "ok": made["a directory"].files["app/run"],
    }
    for test, word in ((["CMD", "/ok"], "refuted"), (["CMD-SHELL", "/ok || exit 1"], "confirmed")):
        config = {**RUN, "Healthcheck": {"Test": test}}
        (tmp_path / "image.tar").write_bytes(archive("x:1", [files], config))
        place = f"docker-archive:{tmp_path / 'image.tar'}"
        done = cli("doctor", place, "--run", "--read-only", "--json")
        assert done.status == (0 if word == "refuted" else 15), done.err
        run = done.json["run"]
        assert (run["status"], run["healthy"]) == (-1, word == "refuted")
        rows = [one for one in done.json["findings"] if one["rule"] == "IMG018"]
        if rows:
            assert (rows[0]["seen"], rows[0]["symptom"][-40:] in run["check"]) == (word, True)
            told = [one["causes"][0]["rule"] for one in run["messages"]]
            assert told == ["IMG028", "IMG018"]
        assert bool(rows) == (word == "confirmed")
        assert run["not_written"] == ["/state"]


@dataclass(frozen=True)
class Snippet:
    """Code that fails in the image *how* it is started, by *rule*; *cured* starts it right."""

    rule: str
    code: str
    how: Mapping[str, Any]
    flags: tuple[str, ...] = ()
    cured: tuple[str, ...] = ()


SNIPPETS = {
    "a user without a name": Snippet(
        "IMG021", "import getpass; getpass.getuser()", {"User": "1234"},
        ("--user", "1234"), ("--user", "1234", "-e", "USER=app"),
    ),
    "a volume": Snippet(
        "IMG022", "open('/data/x', 'w')", {"User": "65532", "Volumes": {"/data": {}}},
        ("--user", "65532", "-v", "/data"),
    ),
    "a time zone": Snippet(
        "IMG024", "import os, zoneinfo; zoneinfo.ZoneInfo(os.environ['TZ'])",
        {"Env": ["TZ=Mars/Base"]}, ("-e", "TZ=Mars/Base"), ("-e", "TZ=Europe/Berlin"),
    ),
    "a locale": Snippet(
        "IMG026", "import locale; locale.setlocale(locale.LC_ALL, '')",
        {"Env": ["LANG=de_DE.UTF-8"]}, ("-e", "LANG=de_DE.UTF-8"), ("-e", "LANG=C.UTF-8"),
    ),
    "nowhere to write": Snippet(
        "IMG028", "import tempfile; tempfile.TemporaryFile()", {},
        ("--read-only",), ("--read-only", "--tmpfs", "/tmp"),
    ),
    "a module": Snippet("IMG029", "import fast", {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def python(seaslug: Seaslug, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The name of Python's image in Docker with a few files more, and what it is for rules."""
    base = seaslug.image("python3-debian12")
    store = Store(seaslug.home)
    view = View(store, images.image(store, base.digest))
    lines = ["FROM seaslug-test-doctor:python", "ADD files.tar /"]
    extra: Files = {
        "usr/lib/python3/dist-packages/fast.cpython-312-x86_64-linux-gnu.so": elf(soname="fast"),
    }
    data, docker = layer(extra), need("docker")
    name = f"seaslug-test-doctor:{secrets.token_hex(6)}"
    run(docker, "load", "-i", base.tar)
    run(docker, "tag", base.name, "seaslug-test-doctor:python")
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for path, text in (("Dockerfile", "\n".join(lines).encode()), ("files.tar", data)):
            info = tarfile.TarInfo(path)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    subprocess.run(
        [docker, "build", "-q", "-t", name, "-"], input=context.getvalue(), check=True,
        capture_output=True, timeout=120, env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )  # fmt: skip
    found = of_store(view)
    root = rootfs((*found.root.layers, facts_of(data)))
    yield name, replace(found, root=root)
    run(docker, "rmi", "-f", name, "seaslug-test-doctor:python", base.name)


@pytest.mark.network
@pytest.mark.parametrize("what", SNIPPETS)
def test_what_fails_later_in_python(what: str, python: Any) -> None:
    name, image = python
    case = SNIPPETS[what]
    way = Way(args=("-c", case.code), read_only="--read-only" in case.flags)
    config = {**image.run, **case.how, "Env": [*image.run["Env"], *case.how.get("Env", ())]}
    found = diagnose(started(replace(image, config={**image.config, "config": config}), way))
    mine = [one for one in found.findings if one.rule == case.rule]
    assert mine and not [one for one in found.findings if one.severity is Severity.FATAL]

    def outcome(flags: tuple[str, ...]) -> tuple[int, str]:
        argv = [need("docker"), "run", "--rm", "--network=none", *flags, name, "-c", case.code]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    code, said = outcome(case.flags)
    assert code == 1 and any(one.symptom and one.symptom in said for one in mine), said
    told = explain(said, found)
    assert case.rule in [cause.finding.rule for one in told for cause in one.causes]
    if case.cured:
        assert outcome(case.cured) == (0, "")


@pytest.mark.network
def test_the_interpreter_named_twice(python: Any) -> None:
    name, image = python
    found = diagnose(started(image, Way(args=("python", "/x.py"))))
    first = found.findings[0]
    argv = [need("docker"), "run", "--rm", "--network=none", name, "python", "/x.py"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (first.rule, status(first)) == ("IMG036", done.returncode)
    assert first.symptom in done.stderr and first.fix == 'CMD ["/x.py"]'


ADDON = """
void node_module_register(void *);
static void start(void *exports, void *module, void *more) {}
static struct {
    int version; unsigned flags; void *handle; const char *file; void *old; void *start;
    const char *name; void *more; void *link;
} it = {108, 0, 0, "fast.c", 0, start, "fast", 0, 0};
void node_register_module_v108(void) {}
__attribute__((constructor)) static void first(void) { node_module_register(&it); }
"""


@pytest.mark.network
def test_an_addon_for_another_node(seaslug: Seaslug, docker: Engine, tmp_path: Path) -> None:
    base = seaslug.image("nodejs")
    (tmp_path / "fast.c").write_text(ADDON)
    (tmp_path / "fast").mkdir()
    made = tmp_path / "fast" / "fast.node"
    run(need("gcc"), "-shared", "-fPIC", tmp_path / "fast.c", "-o", made)
    store = Store(seaslug.home)
    image = of_store(View(store, images.image(store, base.digest)))
    added = facts_of(layer({"app/node_modules/fast/fast.node": made.read_bytes()}))
    found = diagnose(replace(image, root=rootfs((*image.root.layers, added))))
    first = found.findings[0]
    assert first.rule == "IMG031" and "NODE_MODULE_VERSION 108" in first.message
    name, code = docker.load(base), 'require("/app/node_modules/fast/fast.node")'
    argv = [need("docker"), "run", "--rm", "--network=none",
            "-v", f"{made.parent}:/app/node_modules/fast:ro", name, "-e", code]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and first.symptom in done.stderr
    told = explain(done.stderr, found)
    assert (told[0].causes[0].finding, told[0].causes[0].sure) == (first, "certain")


def test_the_words_of_podman(made: Mapping[str, Case], tmp_path: Path) -> None:
    """Another engine says it in other words; the same finding is behind them."""
    cli = Cli(tmp_path / "home", "-q")
    for name in ("not in PATH", "no right", "an unknown group", "no loader", "no shebang"):
        case = made[name]
        (tmp_path / "image.tar").write_bytes(archive("x:1", case.stack, case.config))
        place = f"docker-archive:{tmp_path / 'image.tar'}"
        run = cli("doctor", place, "--run", "--runner", "podman", "--json").json["run"]
        assert run["messages"], run["output"]
        assert run["messages"][0]["causes"][0]["rule"] == case.rule
