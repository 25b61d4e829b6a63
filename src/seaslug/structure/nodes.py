"""YAML and JSON as nodes that know their line, so that a mistake can be found again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seaslug.errors import UsageError

MAX_NODES = 100_000
MAX_DEPTH = 50
_STRING = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")


@dataclass(frozen=True, slots=True)
class Node:
    """A value at a line, counted from 1; ``text`` is a scalar as it stands there.

    Exactly one of the others is used: ``items`` of a list, ``fields`` of a mapping, ``scalar``.
    """

    line: int
    text: str = ""
    scalar: object = None
    items: tuple[Node, ...] | None = None
    fields: Mapping[str, Node] | None = field(default=None)


def parse(text: str, name: str) -> Node:
    """Read *text*, JSON if *name* ends so, else YAML. Raises UsageError with the line."""
    if name.endswith(".json"):
        return _Json(text, name).whole()
    return _yaml(text, name)


class _Json:
    """A reader of JSON that keeps lines; what is no JSON is told by the standard library."""

    def __init__(self, text: str, name: str) -> None:
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            raise UsageError(f"no JSON: {error.msg}", where=f"{name}:{error.lineno}") from None
        except (ValueError, RecursionError) as error:
            raise UsageError(f"no JSON: {error}", where=name) from None
        self._text = text
        self._name = name
        self._count = 0
        self._line, self._counted = 1, 0

    def whole(self) -> Node:
        node, _ = self._value(0, 0)
        return node

    def _value(self, at: int, depth: int) -> tuple[Node, int]:
        at = self._skip(at)
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise UsageError("far larger than a file of tests may be", where=self._name)
        self._line += self._text.count("\n", self._counted, at)
        self._counted, line = at, self._line
        char = self._text[at]
        if char == "{":
            return self._mapping(at, line, depth)
        if char == "[":
            return self._list(at, line, depth)
        if char == '"':
            text, end = _STRING(self._text, at)
            return Node(line, text, text), end
        found = _SCALAR.match(self._text, at)
        assert found is not None
        return Node(line, found[0], json.loads(found[0])), found.end()

    def _mapping(self, at: int, line: int, depth: int) -> tuple[Node, int]:
        fields: dict[str, Node] = {}
        at = self._skip(at + 1)
        while self._text[at] != "}":
            key, at = _STRING(self._text, at)
            fields[key], at = self._value(self._skip(at) + 1, depth + 1)
            at = self._after(at)
        return Node(line, fields=fields), at + 1

    def _list(self, at: int, line: int, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        at = self._skip(at + 1)
        while self._text[at] != "]":
            item, at = self._value(at, depth + 1)
            items.append(item)
            at = self._after(at)
        return Node(line, items=tuple(items)), at + 1

    def _after(self, at: int) -> int:
        at = self._skip(at)
        return self._skip(at + 1) if self._text[at] == "," else at

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at


def _yaml(text: str, name: str) -> Node:
    try:
        import yaml
    except ImportError:
        raise UsageError(
            "reading YAML needs PyYAML", where=name,
            hint="pip install 'seaslug[yaml]'; or write the tests as JSON",
        ) from None  # fmt: skip
    loader = yaml.SafeLoader(text)
    try:
        top = loader.get_single_node()
        return _Yaml(yaml, loader, name).node(top, 0) if top is not None else Node(1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{name}:{mark.line + 1}" if mark is not None else name
        raise UsageError(f"no YAML: {error.problem}", where=where) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"no YAML: {str(error).splitlines()[0]}", where=name) from None
    finally:
        loader.dispose()


class _Yaml:
    """From PyYAML's nodes to ours: every use of an anchor counts, so that none explodes."""

    def __init__(self, yaml: Any, loader: Any, name: str) -> None:
        self._yaml = yaml
        self._loader = loader
        self._name = name
        self._count = 0

    def node(self, found: Any, depth: int) -> Node:
        """Return *found* with all below it."""
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise UsageError("far larger than a file of tests may be", where=self._name)
        line = found.start_mark.line + 1
        if isinstance(found, self._yaml.MappingNode):
            self._loader.flatten_mapping(found)
            return Node(line, fields=self._fields(found, depth))
        if isinstance(found, self._yaml.SequenceNode):
            return Node(line, items=tuple(self.node(item, depth + 1) for item in found.value))
        return Node(line, str(found.value), self._loader.construct_object(found))

    def _fields(self, found: Any, depth: int) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        for key, value in found.value:
            if not isinstance(key, self._yaml.ScalarNode):
                raise UsageError(
                    "a key must be a word", where=f"{self._name}:{key.start_mark.line + 1}"
                )
            fields[str(key.value)] = self.node(value, depth + 1)
        return fields
