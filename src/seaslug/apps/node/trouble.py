"""Several mistakes of one project, told at once."""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.errors import ProjectError


def fail(problems: Sequence[ProjectError]) -> None:
    """Raise *problems* as one error; nothing happens if there are none."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        rows = [f"{p.where}: {p.what}" if p.where else p.what for p in problems]
        hints = dict.fromkeys(p.hint for p in problems if p.hint)
        raise ProjectError(
            "\n  ".join((f"{len(problems)} mistakes in the project", *rows)),
            hint="\n  ".join(hints),
        )
