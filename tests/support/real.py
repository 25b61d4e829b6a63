"""Real things that tests need: a program, an engine, a mirror.

On a laptop their absence skips the test, with the reason. Where
``SEASLUG_REQUIRE_REAL=1`` is set, as in CI, it fails the test.
"""

from __future__ import annotations

import os
import shutil

import pytest


def missing(reason: str) -> None:
    """Skip the running test, or fail it where real things are required."""
    if os.environ.get("SEASLUG_REQUIRE_REAL") == "1":
        pytest.fail(f"required here, but {reason}")
    pytest.skip(reason)


def need(program: str) -> str:
    """Return the path of *program*; its absence skips or fails the running test."""
    found = shutil.which(program)
    if found is None:
        missing(f"{program} is not installed")
    assert found is not None
    return found
