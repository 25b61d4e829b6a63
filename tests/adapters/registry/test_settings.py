"""How registries are reached: what options, configuration and the machine's folders say."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from seaslug.adapters.registry.machine import Machine
from seaslug.adapters.registry.message import Request
from seaslug.adapters.registry.settings import Endpoint, RegistryOptions, endpoints, is_loopback
from seaslug.adapters.registry.transport import Patience, Transport
from seaslug.errors import RegistryError, UnreachableError, UsageError
from seaslug.ports import Silent
from support.certificates import CertificateAuthority, Issued
from support.server import closed_port
from support.tokens import Door

NONE = RegistryOptions()
R = "r.example"


class Desk:
    """A machine whose files a test writes, by their path below its root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.machine = Machine({"HOME": str(self.home)}, root)

    def write(self, path: str, text: str = "") -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def configure(self, text: str) -> Path:
        return self.write("home/.config/seaslug/config.toml", text)

    def all(
        self, host: str, repository: str = "", options: RegistryOptions = NONE
    ) -> tuple[Endpoint, ...]:
        return endpoints(host, options, repository, self.machine)

    def own(self, host: str, repository: str = "", options: RegistryOptions = NONE) -> Endpoint:
        return self.all(host, repository, options)[-1]

    def urls(self, host: str, repository: str) -> list[str]:
        """Return where *repository* is looked for."""
        found = self.all(host, repository)
        return [f"{one.address}/v2/{one.named(repository)}" for one in found]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def issued(authority: CertificateAuthority) -> Issued:
    return authority.issue("server")


def status(endpoint: Endpoint) -> int:
    """Return what a registry's ``/v2/`` answers by way of *endpoint*."""
    transport = Transport(endpoint, Silent(), Patience(attempts=1, timeout=5))
    try:
        with transport.send(Request("GET", f"{endpoint.address}/v2/")) as answer:
            return answer.status
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("localhost:5000", True), ("a.localhost:1", True), ("127.0.0.1", True),
        ("127.9.9.9:5000", True), ("[::1]:5000", True), ("[::1]", True), ("LOCALHOST", True),
        ("localhost.example", False), ("128.0.0.1", False), ("127.0.0.1.example", False),
        ("[::2]:1", False), ("docker.io", False), ("0.0.0.0:5000", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_the_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected


def test_without_a_word(desk: Desk) -> None:
    assert desk.all(R) == (Endpoint(R, f"https://{R}"),)
    assert desk.own("docker.io").address == "https://registry-1.docker.io"
    assert desk.own("docker.io").host == "docker.io"
    near = desk.own("localhost:5000")
    assert (near.address, near.verify) == ("http://localhost:5000", False)


def test_insecure_is_said_by_host(desk: Desk) -> None:
    options = RegistryOptions(insecure=("http://a.example", "https://b.example:1"))
    a, b, c = (desk.own(host, "", options) for host in ("a.example", "b.example:1", "c.example"))
    assert (a.address, a.verify) == ("http://a.example", False)
    assert (b.address, b.verify) == ("https://b.example:1", False)
    assert (c.address, c.verify) == ("https://c.example", True)


def test_which_of_two_is_spoken_is_asked(desk: Desk, issued: Issued) -> None:
    with Door() as plain, Door(context=issued.server()) as tls:
        for door in (plain, tls):
            endpoint = desk.own(door.host, "", RegistryOptions(insecure=(door.host,)))
            assert (endpoint.address, endpoint.verify) == (door.url, False)
            assert status(endpoint) == 200
        assert [asked.path for asked in plain.asked] == ["/v2/"]
    gone = f"127.0.0.1:{closed_port()}"
    assert desk.own(gone, "", RegistryOptions(insecure=(gone,))).address == f"http://{gone}"


def test_a_ca_of_ones_own(
    desk: Desk, authority: CertificateAuthority, issued: Issued, tmp_path: Path
) -> None:
    other = CertificateAuthority(tmp_path / "other")
    with Door(context=issued.server()) as door:
        good = desk.own(door.host, "", RegistryOptions(ca=(str(authority.file),)))
        assert (good.address, good.verify, status(good)) == (door.url, True, 200)
        wrong = desk.own(door.host, "", RegistryOptions(ca=(str(other.file),)))
        with pytest.raises(UnreachableError, match="not trusted") as caught:
            status(wrong)
        assert "certs.d" in caught.value.hint
        assert "--ca" in caught.value.hint


def test_the_systems_trust_can_be_another(
    authority: CertificateAuthority, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Door(context=issued.server()) as door:
        endpoint = Endpoint(door.host, door.url)
        with pytest.raises(UnreachableError, match="not trusted"):
            status(endpoint)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert status(endpoint) == 200


def test_a_client_certificate(desk: Desk, authority: CertificateAuthority, issued: Issued) -> None:
    client, context = authority.issue("client"), issued.server()
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    with Door(context=context) as door:
        folder = f"etc/docker/certs.d/{door.host}"
        desk.write(f"{folder}/ca.crt", authority.file.read_text())
        with pytest.raises(UnreachableError):
            status(desk.own(door.host))
        desk.write(f"{folder}/client.cert", client.file.read_text())
        with pytest.raises(UsageError, match=r"its key is missing: client\.key"):
            desk.own(door.host)
        desk.write(f"{folder}/client.key", client.key.read_text())
        found = desk.own(door.host)
        assert (found.address, found.verify, status(found)) == (door.url, True, 200)


def test_every_folder_of_certificates_counts(desk: Desk) -> None:
    bases = ("home/.config/containers", "home/.config/docker", "etc/containers", "etc/docker")
    for number, base in enumerate(bases):
        desk.write(f"{base}/certs.d/{R}:5000/{number}.crt")
        desk.write(f"{base}/certs.d/docker.io/hub{number}.crt")
    assert [Path(file).name for file in desk.own(f"{R}:5000").ca] == [f"{n}.crt" for n in range(4)]
    assert len(desk.own("docker.io").ca) == 4
    assert desk.own(R).ca == ()


def test_the_configuration_of_a_host(desk: Desk) -> None:
    table = f'[registries."{R}"]\nca = "a.pem"\ncertificate = "c.cert"\nkey = "c.key"\n'
    path = desk.configure(table)
    with pytest.raises(UsageError, match="no such file"):
        desk.own(R)
    for name in ("a.pem", "c.cert", "c.key"):
        (path.parent / name).write_text("")
    found = desk.own(R)
    assert found.ca == (str(path.parent / "a.pem"),)
    assert found.client == (str(path.parent / "c.cert"), str(path.parent / "c.key"))


def test_mirrors_of_the_configuration(desk: Desk) -> None:
    desk.configure(
        '[registries."docker.io"]\nmirrors = ["https://m.example/hub/", "n.example:1", '
        '"http://plain.example"]\n[registries."n.example:1"]\ninsecure = true\n'
    )
    m, n, plain, own = desk.all("docker.io", "library/nginx")
    assert (m.address, m.host, m.verify) == ("https://m.example", "m.example", True)
    assert m.named("library/nginx") == "hub/library/nginx"
    assert (n.address.partition("://")[2], n.verify) == ("n.example:1", False)
    assert (plain.address, plain.verify) == ("http://plain.example", False)
    assert (own.host, own.named("library/nginx")) == ("docker.io", "library/nginx")
    assert desk.all("docker.io", "a/b", RegistryOptions(mirrors=False)) == (own,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('registries = "x"', 'write [registries."HOST"]'),
        ('[registries]\n"r.example" = 1', 'registries."r.example" must be a table'),
        ('[registries."r.example"]\nmirror = []', "unknown key 'mirror'"),
        ('[registries."r.example"]\nmirrors = "x"', "mirrors must be a list of addresses"),
        ('[registries."r.example"]\nmirrors = [1]', "mirrors must be a list of addresses"),
        ('[registries."r.example"]\ninsecure = "yes"', "insecure must be true or false"),
        ('[registries."r.example"]\nca = true', "ca must be a file"),
        ('[registries."r.example"]\nkey = "x"', "certificate and key go together"),
        ('[registries."r.example"]\nmirrors = ["ftp://x"]', "not the address of a mirror"),
        ('[registries."r.example"]\nmirrors = ["https://u:p@x"]', "not the address of a mirror"),
        ('[registries."r.example"]\nmirrors = [""]', "not the address of a mirror"),
        ("x = 1\n[registries]]", "line 2"),
    ],
)
def test_configuration_that_is_wrong(desk: Desk, text: str, said: str) -> None:
    path = desk.configure(text)
    with pytest.raises(UsageError) as caught:
        desk.all(R)
    assert said in str(caught.value)
    assert caught.value.where == str(path)
    assert "u:p" not in str(caught.value)


def test_a_ca_that_is_not_there(desk: Desk) -> None:
    with pytest.raises(UsageError, match="no such file"):
        desk.own(R, "", RegistryOptions(ca=("/no/such.pem",)))


PODMAN = """
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "m.example:5000/hub"
[[registry.mirror]]
location = "n.example"
insecure = true
pull-from-mirror = "digest-only"

[[registry]]
prefix = "docker.io/library"
location = "inside.example/base"

[[registry]]
location = "bad.example"
blocked = true

[[registry]]
prefix = "*.corp.example"
insecure = true
[[registry.mirror]]
location = "cache.example"
"""


def test_registries_conf(desk: Desk) -> None:
    desk.write("etc/containers/registries.conf", PODMAN)
    assert desk.urls("docker.io", "me/app") == [
        "https://m.example:5000/v2/hub/me/app", "http://n.example/v2/me/app",
        "https://registry-1.docker.io/v2/me/app",
    ]  # fmt: skip
    assert desk.urls("docker.io", "library/nginx") == ["https://inside.example/v2/base/nginx"]
    assert desk.own("docker.io", "library/nginx").host == "inside.example"
    assert desk.urls("docker.io", "librarian/x")[-1].endswith("docker.io/v2/librarian/x")
    assert desk.urls("x.corp.example", "a/b") == [
        "https://cache.example/v2/a/b", "http://x.corp.example/v2/a/b"
    ]  # fmt: skip
    assert desk.urls("corp.example", "a") == ["https://corp.example/v2/a"]
    with pytest.raises(RegistryError, match="blocked"):
        desk.all("bad.example", "x")


def test_which_mirror_is_asked_for_what(desk: Desk) -> None:
    desk.write("etc/containers/registries.conf", PODMAN)
    m, n, own = desk.all("docker.io", "me/app")
    digest = f"sha256:{'0' * 64}"
    assert [one.serves("latest") for one in (m, n, own)] == [True, False, True]
    assert [one.serves(digest) for one in (m, n, own)] == [True, True, True]


def test_which_registries_conf_counts(desk: Desk) -> None:
    def conf(mirror: str) -> str:
        return f'[[registry]]\nlocation = "{R}"\n[[registry.mirror]]\nlocation = "{mirror}"\n'

    def asked() -> str:
        return desk.all(R, "x")[0].host

    for path in ("etc/containers/registries.conf", "home/.config/containers/registries.conf",
                 "etc/containers/registries.conf.d/1.conf",
                 "etc/containers/registries.conf.d/2.conf",
                 "home/.config/containers/registries.conf.d/0.conf"):  # fmt: skip
        host = f"{len(path)}.example"
        desk.write(path, conf(host))
        assert asked() == host
    said = desk.write("said.conf", conf("said.example"))
    desk.machine = Machine({**desk.machine.environ, "CONTAINERS_REGISTRIES_CONF": str(said)})
    assert asked() == "said.example"
    assert [one.host for one in desk.all("other.example", "x")] == ["other.example"]


def test_the_configuration_goes_before_registries_conf(desk: Desk) -> None:
    desk.write("etc/containers/registries.conf", PODMAN)
    desk.configure('[registries."docker.io"]\nmirrors = ["https://own.example"]\n')
    assert [one.host for one in desk.all("docker.io", "me/app")] == ["own.example", "docker.io"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[registry]]\nblocked = true", "without prefix and location"),
        ("[registry]\nlocation = 'x'", "must be written as"),
        (f"[[registry]]\nlocation = '{R}'\n[[registry.mirror]]\n", "a mirror's location reads"),
        (f"[[registry]]\nlocation = '{R}'\n[[registry.mirror]]\nlocation='https://a'", "reads"),
        ("[[registry]]\nlocation = 5", "location must be a text"),
        ("[[registry]\nx", "line 1"),
    ],
)
def test_a_registries_conf_that_is_wrong(desk: Desk, text: str, said: str) -> None:
    path = desk.write("etc/containers/registries.conf", text)
    with pytest.raises(UsageError) as caught:
        desk.all(R, "x")
    assert said in caught.value.what
    assert caught.value.where == str(path)


def test_registries_conf_as_debian_ships_it(desk: Desk) -> None:
    shipped = Path("/etc/containers/registries.conf")
    if not shipped.exists():
        pytest.skip("podman is not here")
    desk.write("etc/containers/registries.conf", shipped.read_text())
    assert desk.own("docker.io", "library/nginx").address == "https://registry-1.docker.io"
