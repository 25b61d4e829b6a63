"""What a command gets: the store, the workspace, and the two streams."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seaslug.adapters.store import Store
    from seaslug.ports import Listener


class Context:
    """Made once per command. stdout carries results only; stderr everything for people."""

    def __init__(self, args: argparse.Namespace, argv: Sequence[str] = ()) -> None:
        self.args = args
        self.argv = tuple(argv)
        self._listener: Any = None

    @cached_property
    def store(self) -> Store:
        """The store, opened when first asked for."""
        from pathlib import Path

        from seaslug.adapters.store import Store, default_root

        return Store(Path(self.args.store).expanduser() if self.args.store else default_root())

    @property
    def listener(self) -> Listener:
        """Progress: live bars on a terminal, plain lines elsewhere, nothing when quiet."""
        if self._listener is None:
            from seaslug.report.progress import listener

            self._listener = listener(sys.stderr, quiet=self.args.quiet)
        found: Listener = self._listener
        return found

    def out(self, text: str) -> None:
        """Print a result. Names of files that are not UTF-8 go out as the bytes that they are."""
        try:
            print(text)
        except UnicodeEncodeError:
            sys.stdout.flush()
            sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "surrogateescape"))

    def err(self, text: str) -> None:
        """Print a line for people, unless they asked for quiet."""
        if not self.args.quiet:
            print(text, file=sys.stderr)

    def json_out(self, value: Any) -> None:
        """Print a result as JSON."""
        print(json_text(value))

    def close(self) -> None:
        """Put the terminal back in order."""
        if self._listener is not None and hasattr(self._listener, "close"):
            self._listener.close()


def json_text(value: Any) -> str:
    """Return *value* as JSON for people and programs; what is no text is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=2)
    return text
