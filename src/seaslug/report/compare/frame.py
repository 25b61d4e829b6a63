"""What the pages of compare and diff have around them: no network, no script, one style."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import NamedTuple

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Frame(NamedTuple):
    """Where who reads by keyboard may jump: an *anchor*, and what it is called; who made it."""

    anchor: str
    label: str
    command: str


def whole(head: str, title: str, body: str, frame: Frame) -> str:
    """Return the page with *body*, which is HTML, below *head* and *title*, which are text."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#{frame.anchor}">{escape(frame.label)}</a>
<header><h1>{escape(head)}</h1>
<p>{escape(title)}</p></header>
<main>
{body}
</main>
<footer>Made by seaslug {frame.command}.</footer>
</body>
</html>"""
