"""The pages: what is generated is current, what is linked is there, what is listed is complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from seaslug.recipe import about, catalog
from seaslug.recipe.document import check_recipe
from support.docs import PAGES, ROOT

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")


def test_the_reference_is_what_the_code_says() -> None:
    tool = ROOT / "tools" / "reference.py"
    done = subprocess.run(
        [sys.executable, tool, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: str) -> None:
    path = ROOT / page
    for target, _ in _LINK.findall(path.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (path.parent / target).exists(), f"{page}: {target}"


def test_every_page_is_reachable_from_the_readme() -> None:
    todo, seen = [ROOT / "README.md"], set[Path]()
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        links = _LINK.findall(page.read_text(encoding="utf-8"))
        todo += [(page.parent / t).resolve() for t, _ in links if "://" not in t]
    assert {ROOT / page for page in PAGES} <= seen


def known(data: dict[str, object]) -> set[str]:
    """Return the keys that the error about an unknown one names."""
    problems = [said for _, said in check_recipe(data, (), ()) if said.startswith("unknown key")]
    return set(problems[0].partition("known: ")[2].split(", "))


def test_every_key_of_a_recipe_is_described() -> None:
    assert known({"name": "x", "@": 1}) == set(about.RECIPE)
    assert known({"name": "x", "prove": [{"name": "y", "@": 1}]}) == set(about.CHECK)


def test_every_effect_is_described() -> None:
    assert set(catalog.EFFECTS) == set(about.EFFECTS)
