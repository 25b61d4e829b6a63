"""Registries and clients for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.settings import RegistryOptions
from seaslug.adapters.registry.transport import Patience
from support.listening import Heard
from support.pushing import described, noise
from support.registry import Registry

DATA = noise(400_000)
BLOB = described(DATA)
QUICK = Patience(attempts=4, pause=0.001, longest=2, timeout=5)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whom no file knows anything of."""
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as made:
        yield made


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def clients(heard: Heard, alone: None) -> Iterator[Callable[..., Client]]:
    """Makes clients that lose patience soon."""
    made: list[Client] = []

    def make(host: str, patience: Patience = QUICK, **options: object) -> Client:
        wanted = RegistryOptions(**options)  # type: ignore[arg-type]
        made.append(Client(host, wanted, heard, patience))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(registry: Registry, clients: Callable[..., Client]) -> Client:
    """A client of *registry*, which has BLOB in its repository ``a``."""
    registry.add_blob("a", DATA)
    return clients(registry.host)
