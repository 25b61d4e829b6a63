"""A deep slice: its size, that it serves, what it says of itself, and when it is not taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.apps import EXAMPLES, Apps
from support.clients import Seaslug

pytestmark = [pytest.mark.engine, pytest.mark.network, pytest.mark.slow]

PACKAGES = "usr/local/lib/python3.13/dist-packages"
READS_ITSELF = """\
import inspect
import urllib.parse

print(len(inspect.getsource(urllib.parse)) > 0)
"""


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deep") / "api"
    folder.mkdir()
    for path in sorted((EXAMPLES / "fastapi").iterdir()):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "seaslug.toml").write_text('slice = "deep"\n')
    return folder


def size(seaslug: Seaslug, folder: Path, *options: str) -> int:
    done = seaslug("build", folder, "--allow-expired", "--json", *options)
    return int(done.json["images"][0]["size"])


def test_the_example_is_at_most_three_fifths_of_the_whole(apps: Apps, deep: Path) -> None:
    whole = size(apps.seaslug, deep, "--whole")
    assert size(apps.seaslug, deep) <= 0.60 * whole
    assert size(apps.seaslug, EXAMPLES / "fastapi") <= 0.75 * whole


def test_it_serves(apps: Apps, deep: Path) -> None:
    app = apps.build(deep)
    assert "sources where there is bytecode" in app.said
    with apps.started(app, port=8000) as running:
        assert running.json("/hello?name=you") == {"text": "Hello, you!", "length": 11}
        assert b"/hello" in running.get("/openapi.json")
        running.healthy()
        running.stops()


def test_records_and_the_lock_say_what_is_there(apps: Apps, deep: Path, tmp_path: Path) -> None:
    lock, root = tmp_path / "app.lock", tmp_path / "root"
    build = ("build", deep, "--allow-expired", "--lock", lock)
    first = apps.seaslug(*build).out
    apps.seaslug("export", "api", "-o", f"root:{root}")
    for record in (root / PACKAGES).glob("*.dist-info/RECORD"):
        for row in record.read_text().splitlines():
            assert (root / PACKAGES / row.partition(",")[0]).is_file(), row
    assert (root / PACKAGES / "fastapi/routing.pyc").is_file()
    assert not list((root / PACKAGES).rglob("*.py"))
    assert not list((root / PACKAGES / "pydantic").glob("mypy.*"))
    told = json.loads(lock.read_text())["slice"]
    assert told["bytecode"] and f"{PACKAGES}/pydantic/mypy.py" in told["own"][0][1]
    again = Seaslug(tmp_path / "home", tmp_path)(*build, "--locked")
    assert again.out == first and "prove the slice" not in again.err


def test_what_reads_its_own_sources_is_sliced_as_is_safe(apps: Apps, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(READS_ITSELF)
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "seaslug.toml").write_text(
        'name = "reader"\nslice = "deep"\nentrypoint = ["/usr/bin/python3.13", "main.py"]\n'
    )
    said = apps.seaslug("build", tmp_path, "--allow-expired").err
    assert "slice    not deep: " in said and "could not get source code" in said
    assert "left out; proved on" in said
