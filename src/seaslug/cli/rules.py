"""seaslug rules: by what check and doctor judge an image."""

from __future__ import annotations

import argparse

from seaslug.cli.context import Context

HELP = "List the rules by which check and doctor judge an image."
EXAMPLES = """\
  seaslug rules
  seaslug rules --profile cis       the rules of a profile, and how bad it takes them
  seaslug rules --json              with what each is about
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--profile", choices=("default", "strict", "cis"), default="default", help="of this profile"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the rules."""
    from seaslug.report.table import table
    from seaslug.rules.catalog import profile

    found = profile(args.profile)
    rows = [(one, found.severities.get(one.id, one.severity)) for one in found.rules()]
    if args.json:
        context.json_out({
            "profile": found.name,
            "rules": [
                {"id": one.id, "severity": severity.word, "title": one.title, "about": one.page,
                 "clause": found.clauses.get(one.id, "")}
                for one, severity in rows
            ],
        })  # fmt: skip
        return 0
    headers = ("RULE", "SEVERITY", "WHAT IT FINDS")
    clauses = ("CLAUSE",) if found.clauses else ()
    context.out(
        table(
            (*headers, *clauses),
            [
                (one.id, severity.word, one.title, *((found.clauses[one.id],) if clauses else ()))
                for one, severity in rows
            ],
        )
    )
    context.err(f"profile {found.name}: {found.about}. seaslug explain RULE tells more.")
    return 0
