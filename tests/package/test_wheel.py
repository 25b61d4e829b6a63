"""What people install: the wheel, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*argv: object, **env: str) -> str:
    done = subprocess.run(
        list(map(str, argv)), capture_output=True, text=True, check=False, cwd="/",
        env={**os.environ, **env},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT)
    return next(out.glob("*.whl"))


def test_it_holds_the_code_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    inside = [name for name in names if ".dist-info/" not in name and ".data/" not in name]
    assert all(name.startswith("seaslug/") for name in inside)
    assert not [name for name in inside if "__pycache__" in name]
    there = {str(p.relative_to(ROOT / "src")) for p in (ROOT / "src").rglob("*") if p.is_file()}
    assert set(inside) == {name for name in there if "__pycache__" not in name}
    assert any(name.endswith(".data/scripts/seaslug") for name in names)
    assert any(name.endswith("LICENSE") for name in names)


@pytest.mark.slow
def test_it_works_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "env"
    run(sys.executable, "-m", "venv", home)
    pip = (home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index")
    run(*pip, wheel)
    # Its dependencies come from here, the code does not: .pth files in PYTHONPATH do nothing.
    env = {"PYTHONPATH": sysconfig.get_path("purelib"), "SEASLUG_HOME": str(tmp_path / "store")}
    script = home / "bin" / "seaslug"
    assert run(script, "--version", **env).startswith("seaslug ")
    families = json.loads(run(script, "families", "--json", **env))["families"]
    assert {"static", "python3", "java", "nodejs"} <= {row["name"] for row in families}
    where = run(home / "bin" / "python", "-c", "import seaslug; print(seaslug.__file__)", **env)
    assert str(home) in where
