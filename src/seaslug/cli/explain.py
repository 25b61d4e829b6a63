"""seaslug explain: why a rule is there, and what to do when it finds something."""

from __future__ import annotations

import argparse

from seaslug.cli.context import Context

HELP = "Explain a rule: why what it finds matters, and what to do."
EXAMPLES = """\
  seaslug explain IMG050
  seaslug explain IMG070 --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("rule", metavar="RULE", help="its id (see: seaslug rules)")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the rule's page."""
    from seaslug.rules.catalog import PROFILES, rule

    found = rule(args.rule)
    severities = {
        name: profile.severities.get(found.id, found.severity).word
        for name, profile in PROFILES.items() if found in profile.rules()
    }  # fmt: skip
    if args.json:
        context.json_out({
            "id": found.id, "title": found.title, "severity": found.severity.word,
            "profiles": severities, "about": found.page,
        })  # fmt: skip
        return 0
    profiles = ", ".join(f"{name}: {word}" for name, word in severities.items())
    context.out(
        f"{found.id}  {found.title}\n{profiles}\n\n{found.page}\n\nTo live with it, in "
        f'seaslug.toml:\n  [check]\n  ignore = [{{rule = "{found.id}", reason = "…"}}]'
    )
    return 0
