"""Credential helpers made by tests: programs that keep what they get in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_WORKING = """\
#!{python}
import json, pathlib, sys
shelf = pathlib.Path({shelf!r})
kept = json.loads(shelf.read_text()) if shelf.exists() else {{}}
word, text = sys.argv[1], sys.stdin.read().strip()
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
if word == "get":
    if text not in kept:
        print("credentials not found in native keychain")
        sys.exit(1)
    print(json.dumps(dict(kept[text], ServerURL=text)))
elif word == "store":
    row = json.loads(text)
    kept[row.pop("ServerURL")] = row
elif word == "erase":
    kept.pop(text, None)
elif word == "list":
    print(json.dumps({{server: row["Username"] for server, row in kept.items()}}))
shelf.write_text(json.dumps(kept))
"""


class Helper:
    """The program ``docker-credential-NAME`` in *folder*, which must be in PATH."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / f"docker-credential-{name}"
        self.shelf = folder / f"{name}.json"
        self.log = folder / f"{name}.log"
        self._write(
            _WORKING.format(python=sys.executable, shelf=str(self.shelf), log=str(self.log))
        )

    @property
    def kept(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads(self.shelf.read_text())
        return found

    @property
    def arguments(self) -> list[Any]:
        """The arguments of every start so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def keep(self, server: str, user: str, secret: str) -> None:
        kept = self.kept if self.shelf.exists() else {}
        kept[server] = {"Username": user, "Secret": secret}
        self.shelf.write_text(json.dumps(kept))

    def behave(self, body: str) -> None:
        """Do *body*, in Python, instead of anything sensible."""
        self._write(f"#!{sys.executable}\nimport sys, time\n{body}\n")

    def _write(self, text: str) -> None:
        self.path.write_text(text)
        self.path.chmod(0o755)
