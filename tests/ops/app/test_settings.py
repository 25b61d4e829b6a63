"""How an application starts: what was found, and what the configuration says over it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from seaslug.apps.config import AppConfig, over
from seaslug.apps.model import Detection, Start
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.ops.app import settings, starts
from seaslug.recipe import expand
from seaslug.values.tree import Tree, file, symlink

PYTHON = expand.family("python3")
START = Start(("/usr/bin/python3.13", "app.py"), ("--x",), (("A", "1"),), ports=(8000,))


def applied(start: Start = START, **said: Any) -> Any:
    config = over(AppConfig(), {key.replace("_", "-"): value for key, value in said.items()})
    check = settings.health(config, start)
    return settings.applied(PYTHON, "shop", config, start, check)


def test_what_was_found_stands_on_the_base() -> None:
    recipe = applied()
    found = recipe.settings
    assert (recipe.name, recipe.base, recipe.title) == ("shop", "python3-debian13", "shop")
    assert found.entrypoint == START.entrypoint and found.cmd == ("--x",)
    assert (found.user, found.workdir, found.ports) == ("65532", "/app", ("8000/tcp",))
    assert dict(found.env)["A"] == "1" and "PATH" in dict(found.env)


def test_the_configuration_has_the_last_word() -> None:
    found = applied(
        entrypoint=["/app/x"], cmd=[], env={"A": "2"}, ports=[9000], user="7", workdir="/w",
        stop_signal="SIGINT", volumes=["/v"], labels={"l": "1"},
    ).settings  # fmt: skip
    assert (found.entrypoint, found.cmd) == (("/app/x",), ())
    assert dict(found.env)["A"] == "2" and found.ports == ("9000/tcp",)
    assert (found.user, found.workdir, found.stop_signal) == ("7", "/w", "SIGINT")
    assert found.volumes == ("/v",) and ("l", "1") in found.labels


def test_an_init_stands_before_all() -> None:
    found = applied(init=True)
    assert found.settings.entrypoint[:2] == settings.INIT
    assert settings.program(found.settings) == "/usr/bin/python3.13"
    level = settings.with_init(PYTHON, AppConfig(init=True)).levels[-1]
    assert level.packages == ("tini",) and "libc6" in level.exclude


CHECKS = [
    (START, {}, ("tcp", 8000, "/")),
    (replace(START, health_path="/health"), {}, ("http", 8000, "/health")),
    (replace(START, health_path="/health"), {"ports": [9000]}, ("http", 9000, "/health")),
    (START, {"health": {"http": "/ready"}}, ("http", 8000, "/ready")),
    (START, {"health": {"grpc": True, "port": 50051}}, ("grpc", 50051, "/")),
]


@pytest.mark.parametrize(("start", "said", "expected"), CHECKS)
def test_the_health_check(start: Start, said: dict[str, Any], expected: object) -> None:
    found = settings.health(over(AppConfig(), said), start)
    assert found is not None and (found.kind, found.port, found.path) == expected


@pytest.mark.parametrize("said", [{"health": False}, {"ports": ["53/udp"]}])
def test_no_health_check(said: dict[str, Any]) -> None:
    start = replace(START, ports=())
    assert settings.health(over(AppConfig(), said), start) is None
    assert applied(start, **said).settings.healthcheck is None


def test_an_application_s_own_check_is_its_entrypoint_with_the_option() -> None:
    found = applied(replace(START, own_check="--health-check", health_path="/health")).settings
    assert found.healthcheck is not None
    assert found.healthcheck.test == ("CMD", *START.entrypoint, "--health-check")


def test_nothing_to_start_is_said() -> None:
    static = expand.family("static")
    with pytest.raises(ProjectError, match="nothing says what starts"):
        settings.applied(static, "x", AppConfig(), Start(), None)


@pytest.mark.parametrize(
    ("found", "folder", "name"),
    [
        ("", "My Shop", "my-shop"), ("@me/web.app", "x", "web-app"), ("shop", "x", "shop"),
        ("", "server.jar", "server"), ("", "___", "app"),
    ],
)  # fmt: skip
def test_names_for_images(found: str, folder: str, name: str) -> None:
    project = Project(f"/src/{folder}", Tree())
    assert settings.name_of(project, Detection("x", "X", (), found)) == name


# What starts.

TREE = Tree([
    file("app/server", b"", 0o755), file("usr/bin/python3.13", b"", 0o755),
    symlink("usr/bin/python3", "python3.13"), symlink("bin", "usr/bin"),
    symlink("usr/bin/broken", "nowhere"),
])  # fmt: skip


@pytest.mark.parametrize(
    ("program", "there"),
    [
        ("/app/server", True), ("server", False), ("./server", True), ("python3", True),
        ("/bin/python3", True), ("/usr/bin/broken", False), ("/app", False), ("/app/x", False),
    ],
)  # fmt: skip
def test_what_starts_is_looked_for_as_the_kernel_does(program: str, there: bool) -> None:
    assert starts.found(TREE, program, "/usr/bin:/bin", "/app") is there


def test_the_nearest_program_is_named() -> None:
    assert starts.hint(TREE, "/app/serve") == "did you mean /app/server?"
    assert "entrypoint" in starts.hint(Tree(), "/app/serve")
