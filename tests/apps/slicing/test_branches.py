"""Which branches of Python code can run in an image."""

from __future__ import annotations

import ast

import pytest

from seaslug.apps.slicing.branches import live

ROWS = [
    ("if TYPE_CHECKING: a\nelse: b", {"b"}),
    ("if typing.TYPE_CHECKING: a", set()),
    ("if not TYPE_CHECKING: a\nelse: b", {"a"}),
    ("if TYPE_CHECKING or f(): a\nelse: b", {"a", "b"}),
    ("if TYPE_CHECKING and f(): a\nelse: b", {"b"}),
    ('if sys.platform == "win32": a\nelif sys.platform == "linux": b\nelse: c', {"b"}),
    ('if sys.platform != "win32": a\nelse: b', {"a"}),
    ('if sys.platform in ("darwin", "win32"): a\nelse: b', {"b"}),
    ('if sys.platform not in ["darwin"]: a', {"a"}),
    ('if sys.platform.startswith("win"): a\nelse: b', {"b"}),
    ('if os.name == "nt": a\nelse: b', {"b"}),
    ('if os.name == name(): a\nelse: b', {"a", "b"}),
    ("if x == 'win32': a\nelse: b", {"a", "b"}),
    ("if 0: a", {"a"}),
    ("def f():\n  if TYPE_CHECKING: a\n  else:\n    try: b\n    finally: c", {"b", "c"}),
]  # fmt: skip


def names(source: str, *, checkers: bool = False) -> set[str]:
    nodes = live(ast.parse(source), checkers=checkers)
    return {node.id for node in nodes if isinstance(node, ast.Name)} & {"a", "b", "c"}


@pytest.mark.parametrize(("source", "expected"), ROWS)
def test_branches(source: str, expected: set[str]) -> None:
    assert names(source) == expected


def test_what_is_for_type_checkers_runs_where_that_is_asked() -> None:
    assert names("if TYPE_CHECKING: a\nelse: b", checkers=True) == {"a", "b"}
