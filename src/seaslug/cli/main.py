"""The entry point: finds the command, runs it, turns errors into text and an exit status.

Only this module and the commands print or exit. A command is a module with
``HELP``, ``EXAMPLES``, perhaps ``NOTES``, ``arguments(parser)`` and ``run(args, context)``; it is
imported when it is called, so that ``--version`` costs no more than Python does. What
stands after ``--`` goes untouched to the argument that a module names by ``REST``.
"""

from __future__ import annotations

import gc
import os
import sys
import time

GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Make images",
        (
            ("families", "what can be built: members, variants, distributions, platforms"),
            ("build", "build an application, a member of the family, or a recipe of your own"),
            ("run", "build an application and start it, with the safe options"),
            ("choose", "what an application would be built on, and why"),
            ("lock", "resolve now, and write down what was resolved"),
            ("why", "the chain of dependencies that brings a package in"),
            ("prove", "start an image and see that it does what it should"),
        ),
    ),
    (
        "Look into the store",
        (
            ("images", "what is in the store"),
            ("inspect", "configuration, layers and packages of an image"),
            ("ls", "files, with the layer and the package they come from"),
            ("cat", "the content of a file"),
            ("export", "an image's root, or the image in another form"),
            ("rm", "forget images"),
            ("gc", "free what nothing refers to"),
        ),
    ),
    (
        "Deliver",
        (
            ("push", "an image of the store to a registry"),
            ("pull", "an image of a registry into the store"),
            ("copy", "from anywhere to anywhere: registries, archives, engines, clusters"),
            ("tags", "the tags of a repository"),
            ("login", "let a registry know who you are"),
            ("logout", "forget that"),
            ("rebase", "new base layers under an application, if it still fits"),
        ),
    ),
    (
        "Judge",
        (
            ("doctor", "why an image does not start, or would fail later, and what to do"),
            ("check", "what is bad in an image, by rules, and what to do about it"),
            ("test", "structure tests, as container-structure-test has them"),
            ("compare", "images beside each other: size, security, debugging, what they share"),
            ("diff", "what tells two images apart: packages, files, configuration, layers"),
            ("explore", "an image in a terminal browser: layers, files, packages, findings"),
            ("cp", "files out of an image or a container, without a shell in it"),
            ("rules", "by what an image is judged"),
            ("explain", "why a rule is there, and what to do"),
        ),
    ),
    ("Set up", (("completion", "completion for your shell"),)),
)
COMMANDS = tuple(name for _, group in GROUPS for name, _ in group)


def script() -> None:
    """Run the command line and exit; the console script's entry."""
    # An image has up to millions of names and nearly no circles: to look for them takes longer
    # than all else.
    gc.set_threshold(200_000, 20, 20)
    status = main(sys.argv[1:])
    if "argparse" in sys.modules:
        sys.exit(status)
    # So little was imported that taking it down would take longer than what was done.
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError:
        sys.exit(status)
    os._exit(status)


def main(argv: list[str]) -> int:
    """Run one command and return its exit status."""
    if argv in (["--version"], ["-V"]):
        from seaslug import __version__

        print(f"seaslug {__version__}")
        return 0
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    try:
        return _run(argv)
    except KeyboardInterrupt:
        print(
            "\nseaslug: stopped; the store is whole, the next run goes on from here",
            file=sys.stderr,
        )
        return 130
    except BrokenPipeError:
        # The reader of our output left: nothing more to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def overview() -> str:
    """Return what seaslug can do, grouped: what a bare ``seaslug`` prints."""
    rows = [
        "seaslug makes shell-less container images from Debian packages, without Docker or root.",
        "",
    ]
    for title, commands in GROUPS:
        rows.append(f"{title}:")
        rows += [f"  {name:<11} {text}" for name, text in commands]
        rows.append("")
    rows += [
        "Try:",
        "  seaslug build                            the project in this folder, as an image",
        "  seaslug build python3:nonroot --load     an image, and into the Docker that is there",
        "  seaslug ls python3:nonroot               what is in it, and why",
        "",
        "seaslug COMMAND --help has the details and examples. seaslug --version tells the version.",
    ]
    return "\n".join(rows)


def _run(argv: list[str]) -> int:
    name = argv[0]
    if name == "build":
        from seaslug.cli.again import replay

        if replay(argv, time.monotonic()):
            return 0
    if name not in COMMANDS:
        from seaslug.errors import UnknownNameError

        kind = "option" if name.startswith("-") else "command"
        return _fail(UnknownNameError(kind, name, COMMANDS, hint=""), "--json" in argv)
    from importlib import import_module

    from seaslug.cli.context import Context
    from seaslug.cli.options import parser_for
    from seaslug.errors import SeaslugError

    module = import_module(f"seaslug.cli.{name}")
    words, rest = argv[1:], []
    if hasattr(module, "REST") and "--" in words:
        at = words.index("--")
        words, rest = words[:at], words[at + 1 :]
    args = parser_for(name, module).parse_intermixed_args(words)
    if rest:
        setattr(args, module.REST, rest)
    context = Context(args, argv)
    try:
        return int(module.run(args, context) or 0)
    except SeaslugError as error:
        return _fail(error, args.json)
    finally:
        context.close()


def _fail(error: Exception, as_json: bool) -> int:
    from seaslug.errors import SeaslugError

    assert isinstance(error, SeaslugError)
    if as_json:
        import json

        print(json.dumps({"error": error.as_dict()}, indent=2))
    print(f"seaslug: {error}", file=sys.stderr)
    return error.exit_status
