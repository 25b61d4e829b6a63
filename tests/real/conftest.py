"""Images that are built once for all tests of a session, and the engines that run them.

The store is in ``$SEASLUG_TEST_HOME`` if that is set, so that what one run fetched the next one
has; else it is new.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clients import Engine, Seaslug
from support.ward import Ward


@pytest.fixture(scope="session")
def seaslug(tmp_path_factory: pytest.TempPathFactory) -> Seaslug:
    out = tmp_path_factory.mktemp("built")
    home = Path(os.environ.get("SEASLUG_TEST_HOME") or out / "home")
    made = Seaslug(home, out)
    made.require_mirror()
    return made


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    engine = Engine("docker")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def podman() -> Iterator[Engine]:
    engine = Engine("podman")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def ward(request: pytest.FixtureRequest) -> Iterator[Ward]:
    opened = Ward(lambda: request.getfixturevalue("seaslug"))
    yield opened
    opened.close()
