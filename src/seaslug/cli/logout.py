"""seaslug logout: forget who we are to a registry."""

from __future__ import annotations

import argparse

from seaslug.cli.context import Context
from seaslug.cli.login import add_authfile

HELP = "Forget logins: erase them from the file, or from the credential helper, that keeps them."
EXAMPLES = """\
  seaslug logout registry.example
  seaslug logout --all
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "hosts", metavar="HOST", nargs="*", help="registries as seaslug login --list has them"
    )
    parser.add_argument("--all", action="store_true", help="all that are kept")
    add_authfile(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Erase them."""
    from seaslug.adapters.registry import authfile, login
    from seaslug.adapters.registry.machine import Machine
    from seaslug.adapters.registry.settings import RegistryOptions
    from seaslug.errors import UsageError

    if bool(args.hosts) == args.all:
        raise UsageError("which registry?", hint="seaslug logout HOST, or seaslug logout --all")
    machine = Machine.here()
    path = authfile.target(args.authfile, machine)
    names = [authfile.plain_key(host) for host in args.hosts]
    if args.all:
        names = [one.host for one in login.kept(RegistryOptions(authfile=str(path)), machine)]
    for name in dict.fromkeys(names):
        login.forget(name, path)
        if not args.json:
            context.out(name)
        for other in () if args.authfile else login.elsewhere(name, path, machine):
            context.err(f"{other} has a login for {name} too: seaslug logout {name} "
                        f"--authfile {other}")  # fmt: skip
    if args.json:
        context.json_out({"forgotten": names})
    if not names:
        context.err("no login is kept")
    return 0
