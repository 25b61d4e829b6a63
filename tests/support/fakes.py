"""Commands that the tests make: they note how they were called and keep what they were given."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_NOTE = """\
#!{python}
import json, shutil, sys
folder, answers = {folder!r}, {answers!r}
words = sys.argv[1:]
with open(folder + "/calls", "a") as file:
    file.write(json.dumps(words) + "\\n")
for word in words:
    if word.endswith(".tar"):
        shutil.copy(word, folder + "/given.tar")
if "-" in words[1:]:
    with open(folder + "/given.tar", "wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
status, said = 0, ""
for begun, answer in answers.items():
    if " ".join(words).startswith(begun):
        status, said = answer
(sys.stderr if status else sys.stdout).write(said)
sys.exit(status)
"""


class Fake:
    """The command *name* in *folder*; *answers* maps how a call begins to (status, output)."""

    def __init__(self, folder: Path, name: str, answers: dict[str, tuple[int, str]]) -> None:
        self.folder = folder / f"{name}-called"
        self.folder.mkdir()
        self.program = folder / name
        self.program.write_text(
            _NOTE.format(python=sys.executable, folder=str(self.folder), answers=answers)
        )
        self.program.chmod(0o755)

    @property
    def given(self) -> Path:
        """The last archive that it was given."""
        return self.folder / "given.tar"

    def calls(self) -> list[list[str]]:
        """Return the words of each call."""
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]


def first_in_path(folder: Path) -> str:
    """Return a PATH where *folder* comes first."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
