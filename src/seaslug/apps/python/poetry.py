"""Poetry's own way to write dependencies: tables, carets and tildes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seaslug.apps.python.marker import Requirement, normal
from seaslug.apps.python.version import ANY, Specifier, version


def constraint(text: str) -> tuple[Specifier, ...]:
    """Return the alternatives of a constraint such as ``^3.11`` or ``~1.2 || >=2``.

    Nothing at all, ``()``, means any version; what cannot be read does so as well.
    """
    found = []
    for part in text.replace("||", "|").split("|"):
        clauses: list[str] = []
        for piece in part.replace(" ,", ",").replace(", ", ",").replace(" ", ",").split(","):
            clauses += _clauses(piece.strip(), clauses)
        one = Specifier.parse(",".join(clauses))
        if one is None or not one.clauses:
            return ()
        found.append(one)
    return tuple(found)


def _clauses(piece: str, before: list[str]) -> list[str]:
    if not piece or piece == "*":
        return []
    if before and before[-1] in ("<", ">", "<=", ">=", "==", "!=", "~="):
        return [before.pop() + piece]
    if piece[0] == "^":
        return _between(piece[1:], caret=True)
    if piece[0] == "~" and piece[1:2] != "=":
        return _between(piece[1:], caret=False)
    if piece[0] == "=" and piece[1:2] != "=":
        return ["==" + piece[1:]]
    return [piece if piece[0] in "<>=!~" else "==" + piece]


def _between(text: str, *, caret: bool) -> list[str]:
    found = version(text)
    if found is None:
        return [">=" + text]
    release = list(found.release)
    if caret:
        at = next((i for i, number in enumerate(release) if number), len(release) - 1)
    else:
        at = min(1, len(release) - 1)
    upper = [*release[:at], release[at] + 1]
    return [">=" + text, "<" + ".".join(map(str, upper))]


def entries(data: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Return the requirements in a table of dependencies (Poetry's, or a Pipfile's)."""
    found: list[Requirement] = []
    for name, value in data.items():
        if name == "python":
            continue
        for item in value if isinstance(value, list) else [value]:
            found += _alternatives(name, item if isinstance(item, Mapping) else {"version": item})
    return tuple(found)


def _alternatives(name: str, row: Mapping[str, Any]) -> list[Requirement]:
    extras = frozenset(normal(str(extra)) for extra in row.get("extras", ()))
    url = next((str(row[key]) for key in ("git", "url", "path", "file") if key in row), "")
    bounds = constraint(str(row.get("version", "*")))
    # Two alternatives are no specifier of PEP 440; the lock has decided between them.
    specifier = bounds[0] if len(bounds) == 1 else ANY
    return [Requirement(normal(name), extras, specifier, url, _marker(row))]


def _marker(row: Mapping[str, Any]) -> str:
    parts = []
    if row.get("markers"):
        parts.append(f"({row['markers']})")
    pythons = constraint(str(row.get("python", "*")))
    if pythons:
        either = (
            " and ".join(f"python_full_version {op} '{text}'" for op, text in one.clauses)
            for one in pythons
        )
        parts.append("(" + " or ".join(f"({one})" for one in either) + ")")
    if row.get("platform"):
        parts.append(f"sys_platform == '{row['platform']}'")
    return " and ".join(parts)


def optional(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of dependencies that only an extra brings."""
    return frozenset(
        normal(name)
        for name, value in data.items()
        if isinstance(value, Mapping) and value.get("optional") is True
    )


def dependencies(poetry: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Return what ``[tool.poetry.dependencies]`` always wants."""
    data = _table(poetry, "dependencies")
    left = optional(data)
    return tuple(one for one in entries(data) if one.name not in left)


def extras(poetry: Mapping[str, Any]) -> dict[str, tuple[Requirement, ...]]:
    """Return what ``[tool.poetry.extras]`` adds, by name."""
    known = {one.name: one for one in entries(_table(poetry, "dependencies"))}
    return {
        normal(name): tuple(known[normal(str(n))] for n in names if normal(str(n)) in known)
        for name, names in _table(poetry, "extras").items()
        if isinstance(names, list)
    }


def groups(poetry: Mapping[str, Any]) -> dict[str, tuple[Requirement, ...]]:
    """Return Poetry's groups, with its older table of development dependencies as ``dev``."""
    found = {
        normal(name): entries(_table(value, "dependencies"))
        for name, value in _table(poetry, "group").items()
        if isinstance(value, Mapping)
    }
    if "dev-dependencies" in poetry:
        found.setdefault("dev", entries(_table(poetry, "dev-dependencies")))
    return found


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}
