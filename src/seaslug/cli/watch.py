"""Building again whenever the project changes: what ``seaslug build --watch`` does."""

from __future__ import annotations

import time
from collections.abc import Callable

from seaslug.cli.context import Context
from seaslug.errors import SeaslugError

PAUSE = 0.25


def watch(build: Callable[[], object], state: Callable[[], int], context: Context) -> int:
    """Call *build* now and after each change of *state*; a failure is told, and waited out.

    Ends with Ctrl-C, which is the way to end it: status 0.
    """
    try:
        while True:
            before = state()
            try:
                build()
            except SeaslugError as error:
                context.err(f"seaslug: {error}")
            context.close()
            context.err("watching for changes; Ctrl-C ends it")
            while _settled(state) == before:
                time.sleep(PAUSE)
    except KeyboardInterrupt:
        context.err("")
        return 0


def _settled(state: Callable[[], int]) -> int:
    """Return the state once it is the same twice: editors write in several steps."""
    now = state()
    while True:
        time.sleep(0.05)
        again = state()
        if again == now:
            return now
        now = again
