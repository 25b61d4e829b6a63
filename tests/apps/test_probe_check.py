"""Health checks as values: command lines, Docker, Kubernetes, configuration, mistakes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.apps.probe.check import (
    HealthCheck,
    argv,
    completed,
    docker,
    kubernetes,
    mistakes,
    probe_path,
)
from seaslug.errors import UsageError
from seaslug.oci.config import Healthcheck
from support.probes import Probe, answering, installed, native, serving

HTTP = HealthCheck("http", port=8080)
EVERYTHING = HealthCheck(
    "http", 80, "/x?y", method="POST", host="example.com", headers=(("A", "b"), ("C", "")),
    status=(200, 204), body="well", timeout=10,
)  # fmt: skip
PROBE = "/usr/libexec/seaslug/probe"

LINES: list[tuple[HealthCheck, str]] = [
    (HTTP, "http -t 2.7 http://localhost:8080/"),
    (HealthCheck("http", 8080, status=(204, 204)), "http -t 2.7 -s 204 http://localhost:8080/"),
    (HealthCheck("http", socket="/s"), "http -t 2.7 -u /s http://localhost/"),
    (HealthCheck("http", 1, timeout=0.002), "http -t 0.002 http://localhost:1/"),
    (HealthCheck("http", 1, timeout=3600), "http -t 3240 http://localhost:1/"),
    (
        EVERYTHING,
        "http -t 9 -m POST -H Host:_example.com -H A:_b -H C:_ -s 200-204 -b well "
        "http://localhost:80/x?y",
    ),
    (HealthCheck("tcp", 6379, timeout=1), "tcp -t 0.9 localhost:6379"),
    (HealthCheck("tcp", socket="@s"), "tcp -t 2.7 unix:@s"),
    (HealthCheck("grpc", 50051), "grpc -t 2.7 localhost:50051"),
    (HealthCheck("grpc", 50051, service="a.B"), "grpc -t 2.7 -n a.B localhost:50051"),
    (HealthCheck("grpc", socket="/s"), "grpc -t 2.7 unix:/s"),
    (HealthCheck("file", path="/tmp/beat"), "file /tmp/beat"),
    (HealthCheck("file", path="/tmp/beat", max_age=30), "file -a 30 /tmp/beat"),
    (HealthCheck("file", path="/tmp/beat", max_age=0.5), "file -a 1 /tmp/beat"),
]


@pytest.mark.parametrize("check, line", LINES, ids=range(len(LINES)))
def test_command_lines(check: HealthCheck, line: str) -> None:
    wanted = (PROBE, *(word.replace("_", " ") for word in line.split()))
    assert argv(check) == wanted
    assert docker(check).test == ("CMD", *wanted)
    assert probe_path(check) == PROBE[1:]


@pytest.mark.parametrize("kind", ["exec", "own"])
def test_commands_of_the_image(kind: str) -> None:
    check = HealthCheck(kind, command=("/app", "--health check"))
    assert argv(check) == ("/app", "--health check")
    assert kubernetes(check)["exec"] == {"command": ["/app", "--health check"]}
    assert probe_path(check) == ""


def test_docker_says_the_times() -> None:
    check = HealthCheck("exec", command=("/a",), interval=10, timeout=1.5, start_period=0)
    assert docker(check) == Healthcheck(("CMD", "/a"), 10, 1.5, 0, 3)
    assert docker(HTTP) == Healthcheck(("CMD", *argv(HTTP)), 30, 3, 5, 3)


TIMES = {
    "initialDelaySeconds": 5,
    "periodSeconds": 30,
    "timeoutSeconds": 3,
    "failureThreshold": 3,
}
NATIVE: list[tuple[HealthCheck, dict[str, Any]]] = [
    (HTTP, {"httpGet": {"path": "/", "port": 8080}}),
    (
        HealthCheck("http", 8443, "/x", scheme="https", host="a", headers=(("B", "c"),)),
        {
            "httpGet": {
                "path": "/x",
                "port": 8443,
                "scheme": "HTTPS",
                "httpHeaders": [{"name": "Host", "value": "a"}, {"name": "B", "value": "c"}],
            }
        },
    ),
    (HealthCheck("tcp", 1), {"tcpSocket": {"port": 1}}),
    (HealthCheck("grpc", 1), {"grpc": {"port": 1}}),
    (HealthCheck("grpc", 1, service="a"), {"grpc": {"port": 1, "service": "a"}}),
]
BY_PROBE = [
    HealthCheck("http", 1, method="HEAD"),
    HealthCheck("http", 1, status=(200, 200)),
    HealthCheck("http", 1, body="x"),
    HealthCheck("http", socket="/s"),
    HealthCheck("tcp", socket="/s"),
    HealthCheck("grpc", socket="/s"),
    HealthCheck("file", path="/x"),
]


@pytest.mark.parametrize("check, wanted", NATIVE, ids=range(len(NATIVE)))
def test_what_kubernetes_can_do_itself(check: HealthCheck, wanted: dict[str, Any]) -> None:
    assert kubernetes(check) == {**wanted, **TIMES}


@pytest.mark.parametrize("check", BY_PROBE, ids=range(len(BY_PROBE)))
def test_what_the_probe_does_in_kubernetes(check: HealthCheck) -> None:
    assert kubernetes(check) == {"exec": {"command": list(argv(check))}, **TIMES}


def test_kubernetes_counts_whole_seconds() -> None:
    check = HealthCheck("tcp", 1, interval=0.2, timeout=1.1, start_period=0, retries=1)
    assert kubernetes(check) == {
        "tcpSocket": {"port": 1}, "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 1,
    }  # fmt: skip


def test_what_the_application_knows() -> None:
    own = HealthCheck("own")
    assert argv(completed(own, entrypoint=("/app", "x"))) == ("/app", "x", "--health-check")
    assert argv(completed(own, entrypoint=("/app",), own="--ping")) == ("/app", "--ping")
    said = HealthCheck("own", command=("--live",))
    assert argv(completed(said, entrypoint=("/app",), own="--ping")) == ("/app", "--live")
    assert completed(HealthCheck("http"), 80).port == 80
    assert completed(HTTP, 80).port == 8080
    for check in (HealthCheck("http"), HealthCheck("tcp"), HealthCheck("grpc")):
        with pytest.raises(UsageError, match="port is not known"):
            docker(check)
        with pytest.raises(UsageError, match="port is not known"):
            kubernetes(check)


TABLES: list[tuple[dict[str, Any], HealthCheck]] = [
    ({"http": "/live"}, HealthCheck("http", path="/live")),
    ({"https": "/live", "port": 1}, HealthCheck("http", 1, "/live", scheme="https")),
    ({"tcp": True, "retries": 1}, HealthCheck("tcp", retries=1)),
    ({"grpc": True}, HealthCheck("grpc")),
    ({"grpc": "a.B", "socket": "/s"}, HealthCheck("grpc", service="a.B", socket="/s")),
    ({"file": "/beat", "max-age": 1.5}, HealthCheck("file", path="/beat", max_age=1.5)),
    ({"exec": ["/a", "b"]}, HealthCheck("exec", command=("/a", "b"))),
    ({"own": True}, HealthCheck("own")),
    ({"own": "--live"}, HealthCheck("own", command=("--live",))),
    ({"http": "/", "status": "204"}, HealthCheck("http", status=(204, 204))),
    (
        {
            "http": "/", "method": "HEAD", "host": "a", "headers": {"B": "c"}, "status": "200-299",
            "interval": 1, "timeout": 0.5, "start-period": 2,
        },
        HealthCheck(
            "http", method="HEAD", host="a", headers=(("B", "c"),), status=(200, 299), interval=1,
            timeout=0.5, start_period=2,
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("table, check", TABLES, ids=range(len(TABLES)))
def test_tables(table: dict[str, Any], check: HealthCheck) -> None:
    assert mistakes(table) == []
    assert HealthCheck.from_table(table) == check


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["http"]),
    ({"tcp": False}, ["tcp"]),
    ({"http": "live", "port": 65536, "retries": 0}, ["retries", "port", "http"]),
    ({"https": "/a b"}, ["https"]),
    ({"http": "/ä"}, ["http"]),
    ({"http": "/#a"}, ["http"]),
    ({"http": "/", "method": "GET /"}, ["method"]),
    ({"http": "/", "host": "a b"}, ["host"]),
    ({"http": "/", "headers": {"a b": "c"}}, ["headers"]),
    ({"http": "/", "headers": {"a": "c\r\nd: e"}}, ["headers"]),
    ({"http": "/", "headers": {f"a{n}": "" for n in range(32)}}, ["headers"]),
    ({"http": "/", "status": "300-200"}, ["status"]),
    ({"http": "/", "status": "099"}, ["status"]),
    ({"http": "/", "socket": "relative"}, ["socket"]),
    ({"tcp": True, "socket": "/" + "x" * 107}, ["socket"]),
    ({"grpc": "x" * 1001}, ["grpc"]),
    ({"grpc": "a\0"}, ["grpc"]),
    ({"file": "beat"}, ["file"]),
    ({"file": "/beat", "max-age": -1}, ["max-age"]),
    ({"file": "/beat", "max-age": float("nan")}, ["max-age"]),
    ({"exec": []}, ["exec"]),
    ({"exec": ["a\0"]}, ["exec"]),
    ({"own": "a\0"}, ["own"]),
    ({"http": "/", "body": "a\0"}, ["body"]),
    ({"tcp": True, "interval": 0, "timeout": float("inf"), "start-period": -1},
     ["interval", "timeout", "start-period"]),
]  # fmt: skip


@pytest.mark.parametrize("table, keys", WRONG, ids=range(len(WRONG)))
def test_every_mistake_at_once(table: dict[str, Any], keys: list[str]) -> None:
    assert [key for key, _ in mistakes(table)] == keys
    with pytest.raises(UsageError) as caught:
        HealthCheck.from_table(table)
    for _, text in mistakes(table):
        assert text in caught.value.what


CLOSED = 1  # tcpmux: nobody listens there
LETTERS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return installed(tmp_path_factory.mktemp("probe"), native())


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["http", "http", "tcp", "grpc", "file"]),
    path=LETTERS.map("/{}".format),
    method=st.just("GET") | LETTERS,
    host=LETTERS,
    headers=st.lists(st.tuples(LETTERS, LETTERS), max_size=3).map(tuple),
    body=LETTERS,
    service=LETTERS,
    socket=st.just("") | LETTERS.map("/none/{}".format),
)
def test_what_is_valid_here_is_valid_for_the_probe(probe: Probe, **values: Any) -> None:
    """It may find nobody there, but it never says that it was misused."""
    try:
        check = HealthCheck(port=CLOSED, timeout=0.1, **values)
    except UsageError:
        return
    said = probe(*argv(check)[1:])
    assert said.status in (0, 1), said


def test_a_real_check(probe: Probe) -> None:
    heard: list[bytes] = []
    with serving(answering(b"HTTP/1.1 204 Fine\r\n\r\nall is well", heard)) as port:
        said = probe(*argv(completed(EVERYTHING, port))[1:-1], f"http://localhost:{port}/x?y")
    assert (said.status, said.stdout) == (0, "status 204\n")
    assert heard[0].startswith(b"POST /x?y HTTP/1.1\r\n")
