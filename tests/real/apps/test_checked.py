"""A slice is proved by the application's own health check, run inside the image."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.clients import Seaslug

pytestmark = [pytest.mark.network, pytest.mark.slow]

WORKER = """
import importlib, pathlib, sys, time
if "--check" in sys.argv:
    # Put together at run time: no look at the code finds it.
    importlib.import_module("th" + "is")
    sys.exit(0 if pathlib.Path("/tmp/alive").exists() else 1)
time.sleep(0.5)
pathlib.Path("/tmp/alive").write_text("x")
while True: time.sleep(1)
"""
CHECKS = {
    "exec": ('exec = ["/usr/bin/python3", "/app/main.py", "--check"]', "main.py --check"),
    "file": ('file = "/tmp/alive"\nmax-age = 600', "/tmp/alive is there, and fresh"),
}


@pytest.mark.parametrize("kind", CHECKS)
def test_a_worker_is_proved_by_its_check(seaslug: Seaslug, tmp_path: Path, kind: str) -> None:
    said, how = CHECKS[kind]
    (tmp_path / "main.py").write_text(WORKER)
    (tmp_path / "seaslug.toml").write_text(f"name = 'worker'\n[health]\n{said}\n")
    done = seaslug("build", tmp_path, "--allow-expired")
    line = next(x for x in done.err.splitlines() if x.startswith("  slice    "))
    assert "left out; proved on" in line and line.endswith(how)
    # Only the check itself told that it needs one more module.
    root = tmp_path / "root"
    seaslug("export", done.out.strip(), "-o", f"root:{root}")
    kept = {path.name for path in (root / "usr/lib").rglob("*.py")}
    assert ("this.py" in kept) is (kind == "exec") and "antigravity.py" not in kept


def test_a_check_that_fails_keeps_the_whole_runtime(seaslug: Seaslug, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print('over at once')\n")
    (tmp_path / "seaslug.toml").write_text("name = 'worker'\n[health]\nfile = '/tmp/never'\n")
    done = seaslug("build", tmp_path, "--allow-expired")
    assert "the whole runtime is in" in done.err and "it ended with status 0" in done.err
