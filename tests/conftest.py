"""Registries that are started once for all tests of a session: Debian's docker-registry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.certificates import CertificateAuthority
from support.distribution import Distribution


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """A certificate authority that nobody trusts yet."""
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distribution]:
    """A registry that is open to all."""
    made = Distribution.start(tmp_path_factory.mktemp("distribution"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def distribution_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distribution]:
    """A registry that wants a user and a password, distribution.USER and PASSWORD."""
    made = Distribution.start(tmp_path_factory.mktemp("distribution-login"), login=True)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def distribution_tls(
    tmp_path_factory: pytest.TempPathFactory, authority: CertificateAuthority
) -> Iterator[Distribution]:
    """A registry over HTTPS, with a certificate of *authority*."""
    folder = tmp_path_factory.mktemp("distribution-tls")
    made = Distribution.start(folder, certificate=authority.issue("registry"))
    yield made
    made.stop()
