"""Applications on new bases, started on Docker; and one that its old base's release cannot run."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from support.apps import EXAMPLES, App, Apps
from support.clients import run
from support.real import need

pytestmark = [pytest.mark.engine, pytest.mark.network, pytest.mark.slow]
PROOF = 12
SOURCE = """
#include <stdio.h>
#include <time.h>
int main() { time_t now = 0; printf("%s", asctime(gmtime(&now))); }
"""
NEWER = """
unsigned long strlcpy(char *, const char *, unsigned long);
void _exit(int);
__attribute__((force_align_arg_pointer)) void _start() {
    char b[9];
    _exit(strlcpy(b, "ok", 9) != 2);
}
"""


def rebased(apps: Apps, app: App, *args: object) -> App:
    """Return *app* on a new base, in Docker."""
    name = f"localhost/seaslug-app-{secrets.token_hex(4)}:2"
    done = apps.seaslug("rebase", app.name, "-t", name, "--allow-expired", *args)
    apps.docker.own(name)
    apps.seaslug("export", name, "-o", f"docker-daemon:{name}")
    config = run("docker", "image", "inspect", name).json[0]["Config"]
    return App(name, done.out.strip(), done.err, config)


def newer(folder: Path) -> Path:
    """Return a program that needs strlcpy of glibc 2.38, whatever glibc this machine has."""
    (folder / "b.c").write_text(NEWER)
    (folder / "stub.c").write_text("void strlcpy() {}\nvoid _exit() {}\n")
    (folder / "stub.map").write_text("GLIBC_2.2.5 { _exit; };\nGLIBC_2.38 { strlcpy; };\n")
    stub, gcc = folder / "stub.so", need("gcc")
    run(gcc, "-shared", "-nostdlib", "-fno-builtin", "-Wl,-soname,libc.so.6",
        f"-Wl,--version-script={folder}/stub.map", folder / "stub.c", "-o", stub)  # fmt: skip
    run(gcc, "-fno-builtin", "-nostdlib", folder / "b.c", stub, "-o", folder / "prog")
    return folder / "prog"


def test_a_program_moves_to_the_next_release_and_runs_there(apps: Apps, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(SOURCE)
    run(need("gcc"), tmp_path / "a.c", "-o", tmp_path / "prog")
    (tmp_path / "own.toml").write_text('base = "base-nossl-debian12:nonroot"\n')
    app = apps.build(tmp_path / "prog", "--config", str(tmp_path / "own.toml"))
    moved = rebased(apps, app, "--onto", "base-nossl-debian13:nonroot", "--prove")
    assert "libc6 2.36" in moved.said and "→ 2.41" in moved.said
    assert "it ran to its end" in moved.said
    assert apps.once(moved) == apps.once(app) == "Thu Jan  1 00:00:00 1970\n"
    before, after = (apps.seaslug("inspect", x.name, "--json").json for x in (app, moved))
    assert before["layers"][-1] == after["layers"][-1]
    assert moved.config["User"] == "65532"


def test_a_program_that_needs_a_newer_libc_is_not_moved_back(apps: Apps, tmp_path: Path) -> None:
    target = newer(tmp_path)
    app = apps.build(target)
    done = apps.seaslug(
        "rebase", app.name, "--onto", "base-nossl-debian12:nonroot", "--allow-expired",
        status=PROOF,
    )  # fmt: skip
    assert done.out == ""
    assert "/app/prog: needs GLIBC_2.38 of libc.so.6" in done.err
    assert "take a base of debian13 or newer" in done.err


@pytest.fixture(scope="module")
def service(apps: Apps) -> App:
    return apps.build(EXAMPLES / "fastapi")


def test_a_sliced_service_is_the_same_as_built(apps: Apps, service: App) -> None:
    app = service
    moved = rebased(apps, app)
    assert moved.digest == app.digest
    assert "Python 3.13 as before" in moved.said
    refused = apps.seaslug(
        "rebase", app.name, "--onto", "python3-debian12:nonroot", "--allow-expired", "--json",
        status=PROOF,
    )  # fmt: skip
    said = [row["what"] for row in refused.json["images"][0]["problems"]]
    assert "was built for Python 3.13; the new base has 3.11" in said


def test_a_service_on_a_whole_base_of_the_store(apps: Apps, service: App) -> None:
    app = service
    name = f"localhost/seaslug-base-{secrets.token_hex(4)}:1"
    apps.seaslug("build", "python3:nonroot", "--allow-expired", "-t", name)
    moved = rebased(apps, app, "--onto", name, "--prove")
    assert "proved: linux/amd64 on " in moved.said and "seaslug/probe http" in moved.said
    assert moved.digest != app.digest and "laid under whole" in moved.said
    with apps.started(moved, port=8000) as running:
        assert running.get("/health")
        running.healthy()
        running.stops()


def test_an_image_that_docker_built(apps: Apps, tmp_path: Path) -> None:
    """It is read from the engine, moved from one base to the next, and put back."""
    old, new, built = (f"localhost/seaslug-app-{secrets.token_hex(4)}:1" for _ in range(3))
    for name, member in ((old, "base-nossl-debian12"), (new, "base-nossl-debian13")):
        apps.seaslug("build", member, "--allow-expired", "-o", f"docker-daemon:{name}")
        apps.docker.own(name)
    (tmp_path / "a.c").write_text(SOURCE)
    run(need("gcc"), tmp_path / "a.c", "-o", tmp_path / "prog")
    lines = f'FROM {old}\nENV A=1\nCOPY prog /app/prog\nENTRYPOINT ["/app/prog"]\n'
    (tmp_path / "Dockerfile").write_text(lines)
    run("docker", "build", "-q", "-t", built, tmp_path, env={"DOCKER_BUILDKIT": "0"})
    apps.docker.own(built)
    app = App(f"docker-daemon:{built}", "", "")
    places = ("--from", f"docker-daemon:{old}", "--onto", f"docker-daemon:{new}")
    moved = rebased(apps, app, *places)
    assert "A=1" in moved.config["Env"] and moved.config["Entrypoint"] == ["/app/prog"]
    assert moved.config["Labels"]["org.opencontainers.image.base.name"] == new
    assert apps.once(moved) == "Thu Jan  1 00:00:00 1970\n"
    # The base is a member of the family: now the image tells by itself where it ends.
    again = apps.seaslug("rebase", moved.name, "--allow-expired", "--dry-run")
    assert "1 application layers kept" in again.err and "all as before" in again.err
