"""The built probes: static programs, package data made by ``tools/probe.py``.

There are two for every platform: one of some fifteen kB, and one of some four hundred
that also knows TLS.
"""

from __future__ import annotations

from seaslug.errors import UnknownNameError
from seaslug.values.platform import TABLE, Platform

PATH = "usr/libexec/seaslug/probe"
TLS_PATH = "usr/libexec/seaslug/probe-tls"


def program(platform: Platform, *, tls: bool = False) -> bytes:
    """Return the probe for *platform*, an ELF executable that needs nothing but the kernel.

    Raises UnknownNameError for a platform that is not in the table.
    """
    if platform not in TABLE:
        raise UnknownNameError("platform", str(platform), [str(known) for known in TABLE])
    # importlib.resources would take longer to import than the rest of an application's build.
    folder = __file__.rpartition("/")[0]
    with open(f"{folder}/bin/{name(platform, tls=tls)}", "rb") as file:
        return file.read()


def name(platform: Platform, *, tls: bool = False) -> str:
    """Return the file's name in ``bin``: ``probe-amd64``, ``probe-tls-arm-v7``."""
    return "-".join(filter(None, ("probe", "tls" * tls, platform.arch, platform.variant)))
