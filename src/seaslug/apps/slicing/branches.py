"""Branches of Python code that never run in an image: for type checkers, for other systems."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

_FACTS = {"sys.platform": "linux", "os.name": "posix"}
_MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop)
_FOR_CHECKERS = frozenset({"TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"})


def live(tree: ast.AST, *, checkers: bool = False) -> Iterator[ast.AST]:
    """Yield all nodes of *tree* that may run, but for operators; with *checkers*, theirs too."""
    todo = deque([tree])
    while todo:
        node = todo.popleft()
        yield node
        if isinstance(node, ast.If) and (value := _value(node.test, checkers)) is not None:
            todo.extend(node.body if value else node.orelse)
            continue
        for name in node._fields:
            part = getattr(node, name, None)
            if isinstance(part, list):
                todo.extend(one for one in part if isinstance(one, ast.AST))
            elif isinstance(part, ast.AST) and not isinstance(part, _MARKS):
                todo.append(part)


def _value(test: ast.expr, checkers: bool) -> bool | None:
    """Return what *test* is in an image, None if that cannot be told."""
    if _dotted(test) in _FOR_CHECKERS:
        return None if checkers else False
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        value = _value(test.operand, checkers)
        return None if value is None else not value
    if isinstance(test, ast.BoolOp):
        values = [_value(one, checkers) for one in test.values]
        decides = isinstance(test.op, ast.Or)
        if decides in values:
            return decides
        return None if None in values else not decides
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test.left, test.ops[0], test.comparators[0])
    if isinstance(test, ast.Call) and len(test.args) == 1:
        return _begins(test)
    return None


def _compared(left: ast.expr, how: ast.cmpop, right: ast.expr) -> bool | None:
    fact = _FACTS.get(_dotted(left))
    try:
        said = ast.literal_eval(right)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if fact is None:
        return None
    if isinstance(how, ast.Eq | ast.NotEq) and isinstance(said, str):
        return (fact == said) is isinstance(how, ast.Eq)
    if isinstance(how, ast.In | ast.NotIn) and isinstance(said, tuple | list | set):
        return (fact in said) is isinstance(how, ast.In)
    return None


def _begins(call: ast.Call) -> bool | None:
    """Return what ``sys.platform.startswith("win")`` is, None for another call."""
    function, said = call.func, call.args[0]
    if not isinstance(function, ast.Attribute) or function.attr != "startswith":
        return None
    fact = _FACTS.get(_dotted(function.value))
    if fact is None or not (isinstance(said, ast.Constant) and isinstance(said.value, str)):
        return None
    return fact.startswith(said.value)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""
