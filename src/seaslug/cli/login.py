"""seaslug login: let a registry know who pushes and pulls."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seaslug.cli.context import Context

if TYPE_CHECKING:
    from seaslug.adapters.registry.authfile import Credentials

HELP = """\
Log in to a registry. The registry is asked first; then the login is written where Docker
and podman look for it too, or given to the credential helper that is set up there."""
EXAMPLES = """\
  seaslug login registry.example                              asks for user and password
  seaslug login registry.example -u me --password-stdin < password.txt
  seaslug login docker.io
  seaslug login --list
"""
_LIMIT = 64 << 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("hosts", metavar="HOST", nargs="*", help="the registry, HOST[:PORT]")
    parser.add_argument("-u", "--username", metavar="USER", help="who logs in")
    parser.add_argument(
        "--password-stdin", action="store_true",
        help="read the password, or an access token that is used as one, from stdin",
    )  # fmt: skip
    parser.add_argument(
        "--token-stdin", action="store_true", help="read an identity (refresh) token from stdin"
    )
    parser.add_argument("--list", action="store_true", help="show which logins are kept, and where")
    add_authfile(parser)
    parser.add_argument(
        "--insecure", metavar="HOST", action="append", default=[],
        help="speak plain HTTP, or TLS that nobody vouches for, with this host",
    )  # fmt: skip
    parser.add_argument(
        "--ca", metavar="FILE", action="append", default=[], help="a certificate to trust as well"
    )
    parser.add_argument("-p", "--password", "--token", action=_Spoken, help=argparse.SUPPRESS)


def add_authfile(parser: argparse.ArgumentParser) -> None:
    """Add --authfile, as login and logout mean it."""
    parser.add_argument(
        "--authfile", metavar="FILE", default="",
        help="the file to keep logins in (default: $REGISTRY_AUTH_FILE, "
        "else config.json of $DOCKER_CONFIG or ~/.docker)",
    )  # fmt: skip


class _Spoken(argparse.Action):
    """A password on the command line: refused, and not repeated."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        parser.error(
            "a password on the command line is read by everybody on this machine, and kept in "
            "the shell's history; write --password-stdin, or let seaslug ask"
        )


def run(args: argparse.Namespace, context: Context) -> int:
    """Ask the registry, then keep the login; or show what is kept."""
    from seaslug.errors import UsageError

    if args.list:
        return _list(args, context)
    if len(args.hosts) != 1:
        # What is too much may be a password: it is not repeated.
        what = "more than one registry" if args.hosts else "which registry?"
        raise UsageError(what, hint="seaslug login HOST, e.g. seaslug login docker.io")
    host = host_of(args.hosts[0])
    return _login(host, _given(args, host), args, context)


def host_of(text: str) -> str:
    """Return the registry that *text* names, by an address too. Raises UsageError."""
    from seaslug.adapters.registry.authfile import plain_key
    from seaslug.errors import UsageError
    from seaslug.values.reference import Reference

    host, _, path = plain_key(text).partition("/")
    if path:
        raise UsageError(
            "a login is for a whole registry, not for a path in it", hint=f"seaslug login {host}"
        )
    try:
        Reference.parse(f"{host}/x" if "." in host or ":" in host else f"{host}:443/x")
    except UsageError:
        raise UsageError("not a registry", hint="write HOST[:PORT]") from None
    return host


def _login(host: str, given: Credentials, args: argparse.Namespace, context: Context) -> int:
    from seaslug.adapters.registry import authfile, login
    from seaslug.adapters.registry.machine import Machine
    from seaslug.adapters.registry.settings import RegistryOptions

    options = RegistryOptions(tuple(args.insecure), tuple(args.ca))
    asked = login.check(host, given, options, context.listener)
    kept = login.keep(host, given, authfile.target(args.authfile, Machine.here()))
    where = f"docker-credential-{kept.helper}" if kept.helper else kept.path
    if args.json:
        context.json_out({"host": host, "user": kept.user, "kept": where, "checked": asked})
    else:
        context.out(host)
    if not asked:
        context.err(f"{host} did not ask who calls: whether it takes this login is not known")
    context.err(f"{kept.user} is logged in to {host}; kept in {where}")
    if not kept.helper:
        context.err(
            "whoever reads that file has the password; a helper keeps it better: install one "
            '(docker-credential-pass, -secretservice) and write {"credsStore": "pass"} there'
        )
    return 0


def _given(args: argparse.Namespace, host: str) -> Credentials:
    from seaslug.adapters.registry.authfile import Credentials
    from seaslug.errors import UsageError

    if args.password_stdin and args.token_stdin:
        raise UsageError("--password-stdin and --token-stdin contradict each other")
    if args.token_stdin:
        return Credentials(args.username or "", identity_token=_from_stdin("token"))
    piped, terminal = args.password_stdin, sys.stdin is not None and sys.stdin.isatty()
    if (piped and not args.username) or not (piped or terminal):
        what = "no user is named" if piped else "there is no terminal to ask for the password"
        raise UsageError(what, hint=f"seaslug login {host} -u USER --password-stdin < FILE")
    user = args.username or _asked("user")
    if not user or ":" in user or not user.isprintable():
        raise UsageError("not the name of a user", hint="it has no colon and no control characters")
    return Credentials(user, _from_stdin("password") if piped else _password(host, user))


def _from_stdin(what: str) -> str:
    from seaslug.errors import UsageError

    data = sys.stdin.buffer.read(_LIMIT + 1)
    try:
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError(f"the {what} on stdin is no UTF-8") from None
    if not text or len(data) > _LIMIT:
        raise UsageError(f"there is no {what} on stdin" if not text else f"no {what} is that long")
    return text


def _asked(what: str) -> str:
    sys.stderr.write(f"{what}: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _password(host: str, user: str) -> str:
    from getpass import getpass

    from seaslug.errors import UsageError

    found = getpass(f"password of {user} at {host}: ")
    if not found:
        raise UsageError("no password was given")
    return found


def _list(args: argparse.Namespace, context: Context) -> int:
    from seaslug.adapters.registry import login
    from seaslug.adapters.registry.machine import Machine
    from seaslug.adapters.registry.settings import RegistryOptions
    from seaslug.report.table import table

    found = login.kept(RegistryOptions(authfile=args.authfile), Machine.here())
    rows = [
        (one.host, one.user, f"docker-credential-{one.helper}" if one.helper else one.path)
        for one in found
    ]
    if args.json:
        keys = ("host", "user", "kept")
        context.json_out({"logins": [dict(zip(keys, row, strict=True)) for row in rows]})
    elif rows:
        context.out(table(("HOST", "USER", "KEPT IN"), rows))
    else:
        context.err("no login is kept; log in with: seaslug login HOST")
    return 0
