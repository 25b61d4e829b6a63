"""The documentation as tests see it: its pages, their commands, the files that they show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
)
_FENCE = re.compile(r"^```(\w+)?(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """What a page shows: *files* by name, *commands* in order."""

    files: dict[str, str]
    commands: tuple[str, ...]


def shown(page: str) -> Shown:
    """Return the ``console`` commands of *page*, and the files whose fence has a name."""
    text = (ROOT / page).read_text(encoding="utf-8")
    files: dict[str, str] = {}
    commands: list[str] = []
    for language, name, body in _FENCE.findall(text):
        if name:
            files[name] = body
        if language == "console":
            commands += [line[2:] for line in body.splitlines() if line.startswith("$ ")]
    return Shown(files, tuple(commands))
