"""A project of 100,000 files: built in bounded memory, and told that it is large."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.clients import Seaslug
from support.real import need

pytestmark = [pytest.mark.network, pytest.mark.slow]

FOLDERS, EACH = 400, 250
MEMORY = 1 << 30


@pytest.fixture
def large(tmp_path: Path) -> Path:
    for number in range(FOLDERS):
        folder = tmp_path / "large" / f"{number % 20}" / f"{number}"
        folder.mkdir(parents=True)
        (folder / "0.txt").write_text(f"{number}\n")
        for n in range(1, EACH):
            (folder / f"{n}.txt").hardlink_to(folder / "0.txt")  # sooner made than a file
    (tmp_path / "large" / "main.py").write_text("print('hello')\n")
    return tmp_path / "large"


def test_it_is_built_in_bounded_memory(seaslug: Seaslug, large: Path) -> None:
    limited = (need("prlimit"), f"--as={MEMORY}")
    done = seaslug("build", large, "--allow-expired", "--whole", under=limited)
    # 420 folders, and the program.
    assert "read the project: 100,421 files" in done.err
    assert "note     the project has 100,421 files: what it does not need" in done.err
    listed = seaslug("ls", done.out.strip(), under=limited)
    assert sum("app/" in line and ".txt" in line for line in listed.out.splitlines()) == 100_000
