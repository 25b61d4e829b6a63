"""Keys of actions: a digest over a step's name, its version and everything that it depends on."""

from __future__ import annotations

import json
from typing import Any

from seaslug.lock.model import FORMAT_VERSION
from seaslug.values.digest import Digest

# Each step's version: raised when its result for the same inputs changes.
BUILD_VERSION = 4
CUT_VERSION = 2
LEVEL_VERSION = 5
PYC_VERSION = 1


def action(step: str, version: int, *inputs: Any) -> Digest:
    """Return the key of one action; *inputs* are JSON-ready."""
    text = json.dumps([step, version, FORMAT_VERSION, *inputs], sort_keys=True, default=str)
    return Digest.of(text.encode())
