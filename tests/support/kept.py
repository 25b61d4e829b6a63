"""What makes tests quick and nothing else, kept between runs beside the judges."""

from __future__ import annotations

import os
from pathlib import Path

_TOOLS = os.environ.get("SEASLUG_TOOLS") or Path(__file__).resolve().parents[2] / ".tools"


def kept(name: str) -> Path:
    """Return the folder of a cache that can be lost at any time."""
    return Path(_TOOLS) / "caches" / name
