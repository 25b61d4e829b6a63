"""The built probe: one static program per platform, package data made by ``tools/probe.py``."""

from __future__ import annotations

from importlib import resources

from seaslug.errors import UnknownNameError
from seaslug.values.platform import TABLE, Platform

PATH = "usr/libexec/seaslug/probe"


def program(platform: Platform) -> bytes:
    """Return the probe for *platform*, an ELF executable that needs nothing but the kernel.

    Raises UnknownNameError for a platform that is not in the table.
    """
    if platform not in TABLE:
        raise UnknownNameError("platform", str(platform), [str(known) for known in TABLE])
    return resources.files(__package__).joinpath("bin", name(platform)).read_bytes()


def name(platform: Platform) -> str:
    """Return the file's name in ``bin``: ``probe-amd64``, ``probe-arm-v7``."""
    return "-".join(filter(None, ("probe", platform.arch, platform.variant)))
