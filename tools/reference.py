"""Write docs/reference from the code: commands, configuration, recipes, family, rules, errors.

python tools/reference.py            write the pages
python tools/reference.py --check    exit 1 if a page is not what the code says
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def commands() -> str:
    """Return the page of commands: every command's own help."""
    from seaslug.cli.main import GROUPS
    from seaslug.cli.options import ENVIRONMENT, parser_for

    os.environ["COLUMNS"] = "100"
    rows = ["# Commands", ""]
    for title, group in GROUPS:
        rows += [f"## {title}", ""]
        for name, _ in group:
            parser = parser_for(name, import_module(f"seaslug.cli.{name}"))
            rows += [f"### seaslug {name}", "", "```text", parser.format_help().rstrip(), "```", ""]
    rows += ["## Environment", "", "| variable | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {meaning} |" for name, meaning in ENVIRONMENT.items()]
    rows.append("")
    return "\n".join(rows)


def family() -> str:
    """Return the page of family members and what is in each."""
    from seaslug.recipe import catalog, expand

    rows = ["# The family", ""]
    for member in catalog.members().values():
        recipe = expand.family(member.name)
        rows += [
            f"## {member.name}",
            "",
            f"{recipe.description[0].upper()}{recipe.description[1:]}.",
            "",
        ]
        rows.append("- Distributions: " + ", ".join(member.distributions))
        chain = " > ".join(level.name for level in recipe.levels)
        rows.append(f"- Levels: {chain}")
        for level in recipe.levels[-1:]:
            rows.append(
                "- Asks for: " + (", ".join(f"`{p}`" for p in level.packages) or "nothing more")
            )
        entry = " ".join(recipe.settings.entrypoint) or "none"
        rows += [f"- Entrypoint: `{entry}`", ""]
    rows += ["## Distributions", "", "| name | codename | platforms |", "|---|---|---|"]
    for release in catalog.distributions().values():
        rows.append(
            f"| {release.name} | {release.codename} | {', '.join(map(str, release.platforms))} |"
        )
    return "\n".join([*rows, ""])


def switches() -> str:
    """Return the page of what is left out by default."""
    from seaslug.recipe import catalog

    rows = [
        "# What is left out by default",
        "",
        'A recipe takes one back in with `keep = ["NAME"]`.',
        "",
    ]
    for switch in catalog.switches().values():
        rows += [f"## {switch.name}", "", f"{switch.about[0].upper()}{switch.about[1:]}.", ""]
        rows += [f"- `{pattern}`" for pattern in switch.drop]
        if switch.keep:
            rows += ["", "Kept all the same:", "", *(f"- `{pattern}`" for pattern in switch.keep)]
        rows.append("")
    return "\n".join(rows)


def recipes() -> str:
    """Return the page of recipe files: keys, checks, effects, words."""
    from seaslug.recipe import about

    def table(head: str, rows: dict[str, str]) -> list[str]:
        return [
            f"| {head} | meaning |",
            "|---|---|",
            *(f"| `{k}` | {v} |" for k, v in rows.items()),
        ]

    rows = [
        "# Recipes",
        "",
        "A recipe is a TOML file. See [how to build from one](../how-to/own-recipe.md).",
        "",
        *table("key", about.RECIPE),
        "",
        "In patterns `*` and `?` stay within a part of the path, `**` crosses parts, `{a,b}` is",
        "either; paths have no leading slash and are those of the package.",
        "",
        "## Checks",
        "",
        "Each `[[prove]]` table is one start of the image.",
        "",
        *table("key", about.CHECK),
        "",
        "## Effects",
        "",
        *table("effect", about.EFFECTS),
        "",
        "## Words",
        "",
        "In braces, filled in per platform; members of the family have more, such as `{python}`.",
        "",
        *table("word", about.WORDS),
        "",
    ]
    return "\n".join(rows)


def configuration() -> str:
    """Return the page of an application's configuration, from the same rules as its schema."""
    from seaslug.apps.document import schema

    rows = [
        "# Configuration of applications",
        "",
        "`seaslug.toml` beside the project, or `[tool.seaslug]` in its pyproject.toml. All of it",
        "is optional. Editors check it with the [JSON schema](seaslug.schema.json). See",
        "[how to build an application](../how-to/applications.md).",
        "",
    ]
    tables: list[tuple[str, dict[str, Any]]] = [("", schema())]
    while tables:
        name, table = tables.pop(0)
        if name:
            rows += ["", f"## {name}", ""]
        rows += ["| key | type | meaning |", "|---|---|---|"]
        for key, value in table["properties"].items():
            rows.append(f"| `{key}` | {_type(value)} | {value.get('description', '')} |")
            inner = _record(value)
            if inner is not None and key != "variants":
                tables.append((f"[[{key}]]" if "items" in value else f"[{key}]", inner))
    return "\n".join([*rows, ""])


def _record(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the table that *value* is, holds, or may be."""
    if "properties" in value:
        return value
    for other in (value.get("items"), *value.get("anyOf", ())):
        found = _record(other) if isinstance(other, dict) else None
        if found is not None:
            return found
    return None


def _type(value: dict[str, Any]) -> str:
    """Return what kind of value that is, in words."""
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_type(one) for one in value["anyOf"]))
    if "enum" in value:
        return " or ".join(f"`{one}`" for one in value["enum"])
    kinds = {
        "string": "text", "integer": "number", "number": "number", "boolean": "true or false",
        "array": "list", "object": "table",
    }  # fmt: skip
    return kinds[value["type"]]


def json_schema() -> str:
    """Return the JSON schema of an application's configuration."""
    from seaslug.apps.document import schema

    return json.dumps(schema(), indent=2) + "\n"


def errors() -> str:
    """Return the page of errors and exit statuses."""
    import seaslug.errors as module

    rows = ["# Errors and exit statuses", "", "| status | code | meaning |", "|---|---|---|"]
    kinds = [
        c
        for _, c in inspect.getmembers(module, inspect.isclass)
        if issubclass(c, module.SeaslugError)
    ]
    for kind in sorted(kinds, key=lambda k: (k.exit_status, k.__name__)):
        said = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
        rows.append(f"| {kind.exit_status} | `{kind.code}` | {said} |")
    rows += [
        "",
        f"{module.JUDGED} is no error: an image was judged, and has findings at or above what was",
        "to fail (`--fail-on`).",
        "",
        "130 means that it was stopped by Ctrl-C. With `--json` an error is on stdout as",
        '`{"error": {"code", "what", "where", "hint"}}`.',
        "",
    ]
    return "\n".join(rows)


def rules() -> str:
    """Return the page of rules: what each finds, how bad it is by profile, and what to do."""
    from seaslug.rules import catalog

    rows = [
        "# Rules",
        "",
        "By these [`seaslug check`](commands.md#seaslug-check) and `seaslug doctor` judge images.",
        "`seaslug explain RULE` prints the same. Findings are ignored, each with a reason, in the",
        "[configuration](configuration.md).",
        "",
        "| profile | what it is |",
        "|---|---|",
        *(f"| `{one.name}` | {one.about} |" for one in catalog.PROFILES.values()),
        "",
        "| rule | finds | default | strict | cis |",
        "|---|---|---|---|---|",
    ]
    for one in catalog.RULES:
        words = [
            profile.severities.get(one.id, one.severity).word
            + (f" ({clause})" if (clause := profile.clauses.get(one.id)) else "")
            if one in profile.rules() else ""
            for profile in catalog.PROFILES.values()
        ]  # fmt: skip
        title = f"[{one.id}](#{one.id.lower()})"
        rows.append(f"| {title} | {one.title} | {' | '.join(words)} |")
    for one in catalog.RULES:
        rows += ["", f"## {one.id}", "", f"**{one.title}** ({one.severity.word})", "", one.page]
    return "\n".join([*rows, ""])


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "family.md": family,
    "configuration.md": configuration,
    "seaslug.schema.json": json_schema,
    "recipe.md": recipes,
    "switches.md": switches,
    "errors.md": errors,
    "rules.md": rules,
}


def main(argv: list[str]) -> int:
    """Write the pages, or check them."""
    stale = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        text, path = page(), FOLDER / name
        if "--check" in argv:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        sys.stderr.write(f"docs/reference/{name} is not what the code says; run: make docs\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
