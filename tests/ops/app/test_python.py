"""Python applications with a played uv: layers, what is remembered, what is asked of the tool."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from seaslug.apps.model import Made
from seaslug.apps.project import Project
from seaslug.errors import ProjectError, ToolError
from seaslug.ops.app import installers, python
from seaslug.values.platform import Platform
from support.pythons import (
    AMD64,
    ARM,
    ARM64,
    HASH,
    PlayedUv,
    project,
    uv_lock,
    uv_package,
    wheel_files,
)
from support.tools_source import PlayedTools, workbench

PACKAGES = "usr/local/lib/python3.13/dist-packages"
APP = "from fastapi import FastAPI\napp = FastAPI()\n"
INDEX = {
    "fastapi": wheel_files("fastapi"),
    "uvicorn": wheel_files("uvicorn", scripts={"uvicorn": "uvicorn.main:main"}),
    "psycopg": wheel_files("psycopg"),
    "thing": wheel_files("thing", scripts={"thing": "thing.cli:main"}),
    "libone": wheel_files("libone"),
}
PYPROJECT = '[project]\nname = "thing"\nversion = "1"\ndependencies = ["fastapi", "uvicorn"]\n'
BACKEND = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
LOCKED = {
    "pyproject.toml": PYPROJECT,
    "uv.lock": uv_lock([uv_package("fastapi"), uv_package("uvicorn")], ["fastapi", "uvicorn"]),
    "main.py": APP,
    "data/x.json": "{}",
}


class Shop:
    """One store, one uv; several builds."""

    def __init__(self, home: Path, index: Mapping[str, Mapping[str, bytes]] = INDEX) -> None:
        self.home, self.uv = home, PlayedUv(index)
        self.runs: list[tuple[str, ...]] = []
        self.envs: list[dict[str, str]] = []

    def make(self, one: Project, platform: Platform = AMD64) -> Made:
        pip = f"{sys.executable}"
        with PlayedTools({"uv": self.uv, pip: self._pip}) as tools:
            try:
                return python.make(one, platform, workbench(tools, self.home))
            finally:
                self.runs, self.envs = tools.runs, tools.envs

    def _pip(self, argv: object, cwd: Path, env: Mapping[str, str]) -> str:
        assert isinstance(argv, list)
        assert argv[1:3] == ["-m", "pip"]
        return self.uv(argv[2:], cwd, env)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "store")


def paths(made: Made, layer: int) -> list[str]:
    return [entry.path for entry in made.layers[layer].entries]


def test_a_locked_project(shop: Shop) -> None:
    made = shop.make(project(LOCKED))
    assert (made.base, made.distribution, made.packages) == ("python3", "debian13", ())
    assert [layer.name for layer in made.layers] == ["Python packages", "application"]
    assert paths(made, 0)[0] == "usr/local/bin/uvicorn"
    assert all(p.startswith((PACKAGES, "usr/local/bin")) for p in paths(made, 0))
    assert paths(made, 1) == ["app", "app/data/x.json", "app/main.py", "app/pyproject.toml"]
    start = made.start
    assert start.entrypoint == ("/usr/bin/python3.13", "-m", "uvicorn", "main:app")
    assert (start.ports, start.workdir) == ((8000,), "/app")
    assert ("2 packages, locked with hashes", "uv.lock") in [
        (row.what, row.where) for row in made.evidence
    ]


def test_what_uv_is_asked(shop: Shop) -> None:
    shop.make(project(LOCKED), ARM64)
    (argv,) = shop.runs
    words = " ".join(argv)
    for said in (
        "--python-platform aarch64-manylinux_2_40", "--python-version 3.13.5", "--no-deps",
        "--require-hashes", "--only-binary :all:", "--no-python-downloads",
    ):  # fmt: skip
        assert said in words
    assert shop.uv.requirements == [
        f"fastapi==1.0 --hash={HASH}\nuvicorn==1.0 --hash={HASH}\n"
    ]  # fmt: skip


def test_a_second_time_no_tool_is_run(shop: Shop) -> None:
    first = shop.make(project(LOCKED))
    again = shop.make(project(LOCKED))
    assert shop.runs == [] and again.tree() == first.tree()
    changed = shop.make(project({**LOCKED, "main.py": APP + "x = 1\n"}))
    assert shop.runs == []
    assert changed.layers[0].entries == first.layers[0].entries
    assert changed.layers[1].entries != first.layers[1].entries
    shop.make(project(LOCKED), ARM64)
    assert len(shop.runs) == 1


def test_the_base_may_be_chosen(shop: Shop) -> None:
    made = shop.make(project(LOCKED, 'base = "python3-debian12"\n'))
    assert made.distribution == "debian12"
    assert made.start.entrypoint[0] == "/usr/bin/python3.11"
    assert paths(made, 0)[-1].startswith("usr/local/lib/python3.11/dist-packages/")
    assert "x86_64-manylinux_2_36" in shop.runs[0]


def test_a_package_is_built_and_installed(shop: Shop) -> None:
    files = {**LOCKED, "pyproject.toml": PYPROJECT + BACKEND, "src/thing/__init__.py": "",
             "src/thing/main.py": APP, "README.md": ""}  # fmt: skip
    del files["main.py"]
    shop.uv.index = {**INDEX, "thing": {**INDEX["thing"], "thing/main.py": APP.encode()}}
    made = shop.make(project(files))
    assert "usr/local/bin/thing" in paths(made, 1) and "app" in paths(made, 1)
    assert f"{PACKAGES}/thing/main.py" in paths(made, 1)
    assert not [p for p in paths(made, 1) if p.startswith("app/")]
    assert made.start.entrypoint[-1] == "thing.main:app" and made.start.workdir == "/app"
    assert [run[1] for run in shop.runs] == ["pip", "build", "pip"]


def test_a_start_outside_of_the_package_brings_the_files_too(shop: Shop) -> None:
    files = {**LOCKED, "pyproject.toml": PYPROJECT + BACKEND, "src/thing/__init__.py": ""}
    made = shop.make(project(files))
    assert f"{PACKAGES}/thing/__init__.py" in paths(made, 1)
    assert "app/main.py" in paths(made, 1) and "app/src/thing/__init__.py" not in paths(made, 1)


def test_console_scripts_of_the_project(shop: Shop) -> None:
    files = {"pyproject.toml": '[project]\nname = "thing"\n[project.scripts]\n'
                               'thing = "thing.cli:main"\n' + BACKEND,
             "thing/__init__.py": "", "thing/cli.py": ""}  # fmt: skip
    made = shop.make(project(files))
    assert made.start.entrypoint == ("/usr/local/bin/thing",)
    assert made.layers[0].entries == () and "usr/local/bin/thing" in paths(made, 1)


def test_native_code_of_the_project_has_to_fit(shop: Shop) -> None:
    files = {**LOCKED, "pyproject.toml": PYPROJECT + BACKEND, "src/thing/__init__.py": ""}
    shop.uv.wheel = "thing-1.0-cp311-cp311-linux_x86_64.whl"
    with pytest.raises(ProjectError, match=r"gave a wheel for something else: thing-1\.0-cp311"):
        shop.make(project(files))


def test_versions_from_version_control(shop: Shop) -> None:
    text = (
        '[project]\nname = "thing"\ndynamic = ["version"]\n[build-system]\n'
        'requires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n'
    )
    made = shop.make(project({"pyproject.toml": text, "thing/__init__.py": "",
                              "thing/__main__.py": ""}))  # fmt: skip
    assert shop.envs[0]["SETUPTOOLS_SCM_PRETEND_VERSION"] == "0"
    assert "version is 0" in made.notes[0]


def test_folders_of_the_project_are_built_too(shop: Shop) -> None:
    files = {
        "requirements.txt": f"-e ./libs/libone\nuvicorn==1.0 --hash={HASH}\n",
        "libs/libone/pyproject.toml": '[project]\nname = "libone"\n',
        "main.py": APP,
    }
    shop.uv.wheel = "libone-1.0-py3-none-any.whl"
    shop.uv.index = {**INDEX, "thing": INDEX["libone"]}
    made = shop.make(project(files))
    assert [path.rpartition("/source/")[2] for path in shop.uv.built] == ["libs/libone"]
    assert f"{PACKAGES}/libone/__init__.py" in paths(made, 1)


def test_another_architecture_is_for_pip(shop: Shop) -> None:
    made = shop.make(project(LOCKED), ARM)
    (argv,) = shop.runs
    words = " ".join(argv)
    assert argv[:3] == (sys.executable, "-m", "pip")
    for said in ("--platform manylinux_2_41_armv7l", "--platform manylinux2014_armv7l",
                 "--python-version 3.13.5", "--abi cp313", "--implementation cp"):  # fmt: skip
        assert said in words
    assert made.notes == ()
    loose = shop.make(project({"requirements.txt": "uvicorn\n", "main.py": APP}), ARM)
    assert any("environment markers" in note for note in loose.notes)


def test_neither_uv_nor_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installers, "find_spec", lambda name: None)
    with PlayedTools({}) as tools, pytest.raises(ToolError) as caught:
        python.make(project(LOCKED), AMD64, workbench(tools, tmp_path))
    assert "seaslug[python]" in caught.value.hint


def test_a_package_without_a_wheel_is_named(shop: Shop) -> None:
    files = {"requirements.txt": "nowheel\nuvicorn\n", "main.py": APP}
    with pytest.raises(ToolError) as caught:
        shop.make(project(files))
    assert caught.value.what.startswith("nowheel has no wheel for CPython 3.13 on linux/amd64")
    assert "source = true" in caught.value.hint and caught.value.where == "requirements.txt"


def test_a_locked_package_without_a_wheel_costs_no_run(shop: Shop) -> None:
    lock = uv_lock([uv_package("fastapi", tags="cp39-cp39-win_amd64"), uv_package("uvicorn")],
                   ["fastapi", "uvicorn"])  # fmt: skip
    with pytest.raises(ProjectError, match="its wheels are for Windows"):
        shop.make(project({**LOCKED, "uv.lock": lock}))
    assert shop.runs == []


def test_a_missing_server_costs_no_run_where_a_lock_tells(shop: Shop) -> None:
    lock = uv_lock([uv_package("fastapi")], ["fastapi"])
    text = PYPROJECT.replace(', "uvicorn"', "")
    with pytest.raises(ProjectError, match="no server for production"):
        shop.make(project({**LOCKED, "pyproject.toml": text, "uv.lock": lock}))
    assert shop.runs == []


def test_what_nothing_starts_may_have_an_entrypoint_of_its_own(shop: Shop) -> None:
    files = {"requirements.txt": f"uvicorn==1.0 --hash={HASH}\n", "a.py": "", "b.py": ""}
    with pytest.raises(ProjectError, match="nothing was found"):
        shop.make(project(files))
    made = shop.make(project(files, 'entrypoint = ["/usr/bin/python3.13", "a.py"]\n'))
    assert made.start.entrypoint == () and "app/a.py" in paths(made, 1)


def test_source_where_it_is_allowed(shop: Shop) -> None:
    lock = uv_lock([uv_package("fastapi", tags=""), uv_package("uvicorn")],
                   ["fastapi", "uvicorn"])  # fmt: skip
    shop.make(project({**LOCKED, "uv.lock": lock}, "[python]\nsource = true\n"))
    words = " ".join(shop.runs[0])
    assert "--no-binary fastapi" in words and "--only-binary" not in words


def test_libraries_that_packages_load_by_name(shop: Shop) -> None:
    files = {"requirements.txt": f"psycopg==1.0 --hash={HASH}\n", "main.py": ""}
    assert shop.make(project(files)).packages == ("libpq5",)


def test_secrets_and_locks_are_not_copied(shop: Shop) -> None:
    files = {
        **LOCKED,
        "requirements.txt": "",
        "requirements/dev.txt": "",
        ".python-version": "3.13",
    }
    assert paths(shop.make(project(files)), 1) == [
        "app", "app/data/x.json", "app/main.py", "app/pyproject.toml",
    ]  # fmt: skip
