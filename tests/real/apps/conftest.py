"""Applications on the Docker engine."""

from __future__ import annotations

import pytest

from support.apps import Apps
from support.clients import Engine, Seaslug


@pytest.fixture(scope="session")
def apps(seaslug: Seaslug, docker: Engine) -> Apps:
    return Apps(seaslug, docker)
