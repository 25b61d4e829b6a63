"""Parsers: one per command, made when the command is called; and the options that many share."""

from __future__ import annotations

import argparse
import os
from types import ModuleType

ENVIRONMENT = {
    "SEASLUG_HOME": "the store (default: seaslug in the user's cache folder)",
    "SEASLUG_MIRROR": "Debian mirrors, with spaces between them",
    "SEASLUG_SECURITY_MIRROR": "mirrors of the security archive (default: next to the main ones)",
    "SEASLUG_NPM_REGISTRY": "the npm registry for official Node.js binaries (default: npm's own)",
    "SEASLUG_ALLOW_EXPIRED": "1: take releases whose Valid-Until is over",
    "SEASLUG_TIMEOUT": "seconds to wait for a silent mirror (default: 30)",
    "DOCKER_CONFIG": "the folder of Docker's config.json, for logins (default: ~/.docker)",
    "REGISTRY_AUTH_FILE": "the file of logins that comes first, as podman takes it",
    "CONTAINERS_REGISTRIES_CONF": "podman's registries.conf (default: its usual places)",
    "SSL_CERT_FILE": "the certificates that are trusted instead of the system's",
    "DOCKER_HOST": "where Docker listens: unix://, tcp:// or ssh:// (default: what the docker "
    "context says, else its usual socket)",
    "DOCKER_CONTEXT, DOCKER_CONFIG": "the docker context to use, and the folder with contexts",
    "DOCKER_TLS_VERIFY, DOCKER_TLS, DOCKER_CERT_PATH": "TLS to Docker, as its own command takes it",
    "CONTAINER_HOST": "where podman listens (default: its usual socket, else its command)",
    "CONTAINERD_ADDRESS, CONTAINERD_NAMESPACE": "as ctr and nerdctl take them",
    "KIND_CLUSTER_NAME, MINIKUBE_PROFILE": "the cluster to load into where none is named",
    "http_proxy, https_proxy, no_proxy": "proxies, as other programs take them",
}
"""The environment variables that are read, for the reference."""


def parser_for(name: str, module: ModuleType) -> argparse.ArgumentParser:
    """Return the parser of the command *name*, with its examples and the shared options."""
    parser = argparse.ArgumentParser(
        prog=f"seaslug {name}",
        description=module.HELP,
        epilog=f"examples:\n{module.EXAMPLES}\n{getattr(module, 'NOTES', '')}".rstrip(),
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    module.arguments(parser)
    common = parser.add_argument_group("general")
    common.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    common.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    common.add_argument("--store", metavar="DIR", help="the store to use (default: $SEASLUG_HOME)")
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Return a formatter that knows its width: argparse would import shutil, lzma and bz2 for it.

    It makes one for every argument that is added, so every command would pay for that.
    """
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (ValueError, OSError):
        columns = 80
    return argparse.RawDescriptionHelpFormatter(prog, width=max(columns, 40) - 2)


def add_subject(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add the SUBJECT argument: a family reference, a recipe file, or a project.

    Where it is *optional*, it is the project in the current folder.
    """
    base = "NAME[-debianN][:variant], or a recipe file (.toml)"
    if optional:
        parser.add_argument(
            "subject", metavar="SUBJECT", nargs="?", default=".",
            help=f"a project folder, a program or a jar (default: this folder); {base}",
        )  # fmt: skip
    else:
        parser.add_argument("subject", metavar="SUBJECT", help=base)
    parser.add_argument(
        "--with", dest="extra", metavar="PKG[,PKG]", action="append", default=[],
        help="more packages, with all that they need; !PKG keeps one out",
    )  # fmt: skip
    parser.add_argument("--variant", metavar="NAME", help="latest, nonroot, debug or debug-nonroot")


def add_pyc(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add --no-pyc."""
    parser.add_argument(
        "--no-pyc",
        action="store_true",
        help="leave Python uncompiled: smaller, slower to start; a lock remembers it",
    )


def add_platform(parser: argparse.ArgumentParser) -> None:
    """Add --platform: one or more, with commas."""
    parser.add_argument(
        "--platform", metavar="P[,P]", action="append", default=[],
        help="linux/amd64, linux/arm64, linux/arm/v7, linux/386, linux/ppc64le, linux/riscv64, "
        "linux/s390x, or all (default: this machine's)",
    )  # fmt: skip


def add_archive(parser: argparse.ArgumentParser) -> None:
    """Add the options about mirrors and trust."""
    group = parser.add_argument_group("archive")
    group.add_argument(
        "--mirror", metavar="URL", action="append", default=[],
        help="a Debian mirror (default: $SEASLUG_MIRROR, the configuration, apt's own sources)",
    )  # fmt: skip
    group.add_argument("--security-mirror", metavar="URL", action="append", default=[])
    group.add_argument(
        "--refresh", action="store_true", help="ask the mirror even if its word is fresh"
    )
    group.add_argument("--offline", action="store_true", help="touch no network")
    group.add_argument(
        "--allow-expired",
        action="store_true",
        help="take a release whose Valid-Until is over (or SEASLUG_ALLOW_EXPIRED=1)",
    )
    group.add_argument(
        "--allow-downgrade", action="store_true", help="take a release older than one seen before"
    )
    group.add_argument("--keyring", metavar="DIR", help="more OpenPGP certificates to trust")


def add_image(parser: argparse.ArgumentParser) -> None:
    """Add the IMAGE argument, --platform, and how registries are reached."""
    from seaslug.cli.deliver import add_registry

    parser.add_argument(
        "image", metavar="IMAGE",
        help="a name, or the beginning of a digest (see: seaslug images); or a place: "
        "docker://HOST/PATH, oci:DIR, docker-archive:FILE, docker-daemon:NAME (see: seaslug copy)",
    )  # fmt: skip
    parser.add_argument("--platform", metavar="P", help="which one of an index, e.g. linux/arm64")
    add_registry(parser)
