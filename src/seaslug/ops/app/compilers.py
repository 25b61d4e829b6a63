"""C compilers for other platforms than this machine's, as cgo and Rust's linker need them."""

from __future__ import annotations

from seaslug.errors import ToolError
from seaslug.ops.app.workbench import Workbench
from seaslug.values.platform import Platform


def c_compiler(platform: Platform, bench: Workbench, who: str) -> dict[str, str]:
    """Return CC and CXX for *platform*. Raises ToolError if there is no such compiler here."""
    return {"CC": gcc(platform, bench, who), "CXX": _prefix(platform) + "g++"}


def gcc(platform: Platform, bench: Workbench, who: str) -> str:
    """Return the cross compiler of Debian for *platform*. Raises ToolError."""
    name = _prefix(platform) + "gcc"
    found = bench.tools.find(name)
    if not found:
        package = "gcc-" + _prefix(platform).rstrip("-").replace("_", "-")
        raise ToolError(
            f"{who} needs a C compiler for {platform}, and {name} is not here",
            hint=f"install {package}, or build on a machine for {platform}",
        )
    return found


def _prefix(platform: Platform) -> str:
    triplet = platform.names.triplet
    return triplet.replace("i386", "i686") + "-"
