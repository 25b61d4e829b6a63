"""Tokens and logins, over HTTP against a token server and a door that takes its tokens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from seaslug.adapters.registry import tokens
from seaslug.adapters.registry.auth import Authority, Scope
from seaslug.adapters.registry.authfile import Credentials
from seaslug.adapters.registry.message import Request, Response
from seaslug.adapters.registry.settings import Endpoint
from seaslug.adapters.registry.transport import Patience, Transport
from seaslug.errors import LoginError, RegistryError
from seaslug.ports import Silent
from support.tokens import Door, TokenServer, basic

ME = Credentials("me", "s3cret-Passw0rd", origin="/home/me/.docker/config.json")
PULL, PUSH = ("pull",), ("pull", "push")
QUICK = Patience(attempts=2, pause=0.001, timeout=5)


class Caller:
    """Asks a door as the registry client does, and counts."""

    def __init__(self, door: Door, known: Credentials | None = None) -> None:
        endpoint = Endpoint(door.host, door.url)
        self.transport = Transport(endpoint, Silent(), QUICK)
        self.sent: list[Request] = []
        self.authority = Authority(door.host, endpoint, self.send, known)
        self.door = door

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        return self.transport.send(request)

    def __call__(self, *scopes: Scope) -> int:
        """Return the status of one request for *scopes*; a refusal comes as LoginError."""
        name, actions = (scopes[0].repository, scopes[0].actions) if scopes else ("", ())
        method = "POST" if "push" in actions else "GET"
        url = f"{self.door.url}/v2/{name}/x" if name else f"{self.door.url}/v2/"
        header = self.authority.header(scopes)
        while True:
            headers = {"Authorization": header} if header else {}
            with self.transport.send(Request(method, url, headers)) as answer:
                if answer.status != 401:
                    return answer.status
                challenges = answer.headers.get_all("WWW-Authenticate") or []
            header = self.authority.challenged(challenges, scopes, header)


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer({"me": ME.password}) as made:
        yield made


@pytest.fixture
def door(server: TokenServer) -> Iterator[Door]:
    with Door.of(server) as made:
        yield made


def refused(call: Callable[[], object], *silent: str) -> RegistryError:
    """Return the error of *call*; nothing of it, nor of what it came from, shows a secret."""
    with pytest.raises(RegistryError) as caught:
        call()
    told = ""
    error: BaseException | None = caught.value
    while error is not None:
        told += f"{error} {error!r} {vars(error)} "
        error = error.__context__
    for secret in (ME.password, tokens.basic("me", ME.password)[6:], *silent):
        assert secret not in told
    return caught.value


def test_strangers_get_a_token_and_keep_it(server: TokenServer, door: Door) -> None:
    call = Caller(door)
    assert [call(Scope("a", PULL)) for _ in range(3)] == [200] * 3
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.authorization) == ("GET", "/token", "")
    assert asked.fields == {"service": ["registry.test"], "scope": ["repository:a:pull"]}
    assert len(door.asked) == 4


def test_a_password_is_told_to_the_token_server_only(server: TokenServer, door: Door) -> None:
    assert Caller(door, ME)(Scope("a", PUSH)) == 200
    (asked,) = server.asked
    assert basic(asked.authorization) == f"me:{ME.password}"
    assert asked.fields["scope"] == ["repository:a:pull,push"]
    assert not any(a.authorization.startswith("Basic") for a in door.asked)


def test_an_identity_token_goes_in_a_form(server: TokenServer, door: Door) -> None:
    server.identities = {"lasting-secret": "me"}
    assert Caller(door, Credentials(identity_token="lasting-secret"))(Scope("a", PUSH)) == 200
    (asked,) = server.asked
    assert asked.method == "POST"
    assert asked.fields["grant_type"] == ["refresh_token"]
    assert asked.fields["refresh_token"] == ["lasting-secret"]


def test_an_identity_token_that_is_replaced(server: TokenServer, door: Door) -> None:
    server.identities, server.rotates = {"first-secret": "me"}, True
    call = Caller(door, Credentials(identity_token="first-secret"))
    assert [call(Scope(name, PULL)) for name in "abc"] == [200] * 3


def test_a_registry_token_is_shown_at_once() -> None:
    with Door(lambda *_: "", lambda header, _: header == "Bearer given") as door:
        assert Caller(door, Credentials(registry_token="given"))(Scope("a", PULL)) == 200
        assert len(door.asked) == 1
        error = refused(lambda: Caller(door, Credentials(registry_token="old"))(Scope("a", PULL)))
        assert "does not take the token" in error.what


def test_after_the_first_challenge_no_request_is_wasted(server: TokenServer, door: Door) -> None:
    call = Caller(door)
    for name in "abc":
        assert call(Scope(name, PULL)) == 200
    assert len(door.asked) == 4
    assert len(server.asked) == 3


def test_who_may_push_may_pull(server: TokenServer, door: Door) -> None:
    call = Caller(door, ME)
    assert call(Scope("a", PUSH)) == call(Scope("a", PULL)) == 200
    assert len(server.asked) == 1


def test_a_mount_asks_for_both_repositories_at_once(server: TokenServer, door: Door) -> None:
    call = Caller(door, ME)
    assert call(Scope("a", PUSH), Scope("b", PULL)) == 200
    assert server.asked[0].fields["scope"] == ["repository:a:pull,push", "repository:b:pull"]
    assert call(Scope("b", PULL)) == 200
    assert len(server.asked) == 1


def test_scopes_of_the_challenge_are_asked_for_too(server: TokenServer) -> None:
    def challenge(*_: str) -> str:
        return server.challenge("repository:a:push,pull", "registry:catalog:*")

    with Door(challenge, server.allows) as door:
        assert Caller(door, ME)(Scope("a", PULL)) == 200
    assert server.asked[0].fields["scope"] == ["repository:a:pull,push", "registry:catalog:*"]


def test_a_token_that_ended_early_is_replaced(server: TokenServer, door: Door) -> None:
    call = Caller(door, ME)
    for _ in range(3):
        assert call(Scope("a", PULL)) == 200
        server.expire()
    assert len(server.asked) == 3


@pytest.mark.parametrize("said", [0, 1, 59, None, "soon", -5, True, float("nan")])
def test_a_token_holds_a_minute_whatever_is_said(
    server: TokenServer, door: Door, said: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.expires_in = said
    call = Caller(door)
    now = time.monotonic()
    assert call(Scope("a", PULL)) == call(Scope("a", PULL)) == 200
    assert len(server.asked) == 1
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now + 55)
    assert call(Scope("a", PULL)) == 200
    assert len(server.asked) == 2, "it is renewed before it ends"
    assert len(door.asked) == 4, "and without a refusal"


def test_many_threads_make_one_token_request(server: TokenServer, door: Door) -> None:
    server.fail("slow", 100)
    call = Caller(door)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: call(Scope("a", PULL)), range(8))) == [200] * 8
    assert len(server.asked) == 1


def test_different_scopes_do_not_wait_for_each_other(server: TokenServer, door: Door) -> None:
    both = threading.Barrier(2, timeout=20)
    given = server._token

    def together(*args: object) -> object:
        both.wait()
        return given(*args)  # type: ignore[arg-type]

    server._token = together  # type: ignore[method-assign,assignment]
    call = Caller(door)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda n: call(Scope(n, PULL)), "ab")) == [200, 200]


def test_no_login_at_all(server: TokenServer, door: Door) -> None:
    server.only[""] = {}
    error = refused(lambda: Caller(door)(Scope("a", PULL)))
    assert isinstance(error, LoginError)
    assert error.what == f"{door.host} wants a login for this"
    assert error.hint == f"seaslug login {door.host}"


def test_a_wrong_password(door: Door) -> None:
    known = Credentials("me", "wr0ng-Password", origin="/home/me/.docker/config.json")
    error = refused(lambda: Caller(door, known)(Scope("a", PULL)), "wr0ng-Password")
    assert error.what.startswith(f"{door.host} does not take the login of me, from /home/me")
    assert f"seaslug login {door.host}" in error.hint


def test_who_may_not_push_is_told_so(server: TokenServer, door: Door) -> None:
    server.only["me"] = {"a": ["pull"]}
    call = Caller(door, ME)
    assert call(Scope("a", PULL)) == 200
    error = refused(lambda: call(Scope("a", PUSH)), *server.secrets)
    assert error.what == f"{door.host} does not let me push to a"


def test_tokens_that_no_door_takes_end_it(server: TokenServer, door: Door) -> None:
    server.fail("dead")
    error = refused(lambda: Caller(door, ME)(Scope("a", PULL)), *server.secrets)
    assert "does not let me pull from a" in error.what
    assert len(server.asked) == 1


def test_a_dead_token_among_good_ones_is_replaced(server: TokenServer, door: Door) -> None:
    call = Caller(door, ME)
    assert call(Scope("a", PULL)) == 200
    server.expire()
    server.fail("dead", times=1)
    assert "pull from a" in refused(lambda: call(Scope("a", PULL))).what
    assert call(Scope("a", PULL)) == 200


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (("body", 0, "{}"), "without a token"),
        (("body", 0, '{"token": 7}'), "without a token"),
        (("body", 0, '{"token": "a\\r\\nX-Evil: 1"}'), "without a token"),
        (("body", 0, '{"token": ""}'), "without a token"),
        (("body", 0, "[]"), "no JSON object"),
        (("body", 0, "[" * 100_000), "no JSON object"),
        (("body", 0, "oops"), "no JSON object"),
        (("endless",), "more than 1048576 bytes"),
        (("status", 500), "answers 500"),
        (("status", 400), "answers 400"),
        (("status", 404), "answers 404"),
        (("away", 0, "ftp://x/"), "not HTTP"),
    ],
)
def test_a_token_server_that_misbehaves(
    server: TokenServer, door: Door, fault: tuple[str, int, str], said: str
) -> None:
    server.fail(*fault)
    assert said in str(refused(lambda: Caller(door, ME)(Scope("a", PULL))))


def test_a_token_server_that_moved_hears_no_password(server: TokenServer, door: Door) -> None:
    with TokenServer({"me": ME.password}) as other:
        server.fail("away", text=f"{other.url}/token?scope=repository:a:pull")
        refused(lambda: Caller(door, ME)(Scope("a", PULL)))
        assert [asked.authorization for asked in other.asked] == [""]


def test_a_token_server_that_moved_hears_no_identity_token(server: TokenServer, door: Door) -> None:
    with TokenServer() as other:
        other.identities = {"lasting-secret": "me"}
        server.fail("away", text=other.realm)
        known = Credentials(identity_token="lasting-secret")
        error = refused(lambda: Caller(door, known)(Scope("a", PULL)), "lasting-secret")
        assert "another host" in error.what
        assert other.asked == []


def test_an_identity_token_that_is_not_taken(server: TokenServer, door: Door) -> None:
    known = Credentials(identity_token="old-secret")
    error = refused(lambda: Caller(door, known)(Scope("a", PULL)), "old-secret")
    assert "does not take the token that is kept for it" in error.what
    server.fail("status", 405)
    error = refused(lambda: Caller(door, known)(Scope("a", PULL)), "old-secret")
    assert "takes no identity tokens" in error.what


@pytest.mark.parametrize(
    ("address", "realm", "fine"),
    [
        ("https://r.example", "https://auth.example/t", True),
        ("https://r.example", "http://auth.example/t", False),
        ("https://r.example", "http://r.example/t", False),
        ("https://127.0.0.1:1", "http://127.0.0.1:2/t", False),
        ("http://127.0.0.1:1", "http://127.0.0.1:2/t", True),
        ("http://127.0.0.1:1", "http://auth.example/t", False),
        ("http://127.0.0.1:1", "https://auth.example/t", True),
        ("http://r.example", "http://auth.example/t", True),
        ("https://r.example", "", False),
        ("https://r.example", "/token", False),
        ("https://r.example", "https://", False),
        ("https://r.example", "https://u:p@auth.example/t", False),
        ("https://r.example", "https://auth.example/t#x", False),
        ("https://r.example", "https://auth.example/a b", False),
        ("https://r.example", "file:///etc/passwd", False),
        ("https://r.example", "https://[", False),
        ("https://r.example", "https://auth.example:port/t", False),
    ],
)
def test_where_a_login_may_be_sent(address: str, realm: str, fine: bool) -> None:
    sent: list[str] = []

    def send(request: Request) -> Response:
        sent.append(request.url)
        raise RegistryError("sent")

    host = urlsplit(address).netloc
    authority = Authority(host, Endpoint(host, address), send, ME)
    error = refused(lambda: authority.challenged([f'Bearer realm="{realm}"'], (), None))
    assert bool(sent) == fine == (error.what == "sent")


def door_calls(door: Door, known: Credentials | None, scopes: Sequence[Scope] = ()) -> int:
    with door:
        return Caller(door, known)(*scopes)


def test_basic_authentication_is_sent_once_it_is_asked_for() -> None:
    with Door.basic("me", ME.password) as door:
        call = Caller(door, ME)
        assert [call(Scope("a", PUSH)) for _ in range(3)] == [200] * 3
        assert [bool(asked.authorization) for asked in door.asked] == [False, True, True, True]


@pytest.mark.parametrize("name", ["mé", "colon-in:password"])
def test_basic_authentication_in_letters_of_any_kind(name: str) -> None:
    assert door_calls(Door.basic("me", name), Credentials("me", name)) == 200


def test_basic_authentication_refused() -> None:
    error = refused(lambda: door_calls(Door.basic("me", "another"), ME))
    assert "does not take the login of me" in error.what
    error = refused(lambda: door_calls(Door.basic("me", "another"), None))
    assert "wants a login" in error.what
    known = Credentials(identity_token="lasting-secret")
    error = refused(lambda: door_calls(Door.basic("me", "x"), known), "lasting-secret")
    assert "not a token" in error.what


@pytest.mark.parametrize(
    ("challenge", "said"), [("Negotiate", "not known: negotiate"), ("", "does not take the login")]
)
def test_a_door_that_asks_for_something_else(challenge: str, said: str) -> None:
    door = Door(lambda *_: challenge, lambda *_: False)
    assert said in refused(lambda: door_calls(door, ME)).what


def test_a_token_is_taken_before_a_password_where_both_do(server: TokenServer) -> None:
    both = Door(lambda *a: f"Basic realm=x, {server.challenge(*a)}", server.allows)
    assert door_calls(both, ME, [Scope("a", PULL)]) == 200


def test_no_secret_is_in_a_repr() -> None:
    known = Credentials("me", "p-secret", "i-secret", "r-secret", "file")
    token = tokens.Token("t-secret", 0.0, "f-secret")
    assert "secret" not in f"{known!r} {known} {token!r} {[known]}"
