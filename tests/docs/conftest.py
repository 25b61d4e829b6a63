"""What pages need: a store for all that one worker runs, and the registry that they name."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.distribution import Distribution

REGISTRY_PORT = 5000


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store: another worker's gc must not find it in use."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def registry_of_the_docs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distribution]:
    """The registry that pages call localhost:5000; one worker at a time has it."""
    shared = tmp_path_factory.getbasetemp().parent / "registry-of-the-docs.lock"
    with open(shared, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Distribution.start(tmp_path_factory.mktemp("registry"), port=REGISTRY_PORT)
        yield made
        made.stop()
