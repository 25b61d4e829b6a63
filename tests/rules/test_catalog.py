"""The catalogue: every rule is told apart, explained, and shown by what passes and what fails."""

from __future__ import annotations

import re

import pytest

from rules.examples import EXAMPLES
from seaslug.errors import UnknownNameError
from seaslug.rules import catalog
from seaslug.rules.model import Rule, Severity
from seaslug.rules.specimen import Specimen


def test_ids_are_unique_and_sorted() -> None:
    ids = [rule.id for rule in catalog.RULES]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"IMG[0-9]{3}", name) for name in ids)


def test_every_rule_has_examples() -> None:
    assert set(EXAMPLES) == {rule.id for rule in catalog.RULES}


@pytest.mark.parametrize("rule", catalog.RULES, ids=lambda rule: rule.id)
def test_a_rule_passes_what_is_good_and_finds_what_is_not(rule: Rule[Specimen]) -> None:
    passing, failing = EXAMPLES[rule.id]
    assert list(rule.check(passing())) == []
    found = list(rule.check(failing()))
    assert found
    for one in found:
        assert one.rule == rule.id and one.severity <= rule.severity
        assert one.where and one.message and one.fix


@pytest.mark.parametrize("rule", catalog.RULES, ids=lambda rule: rule.id)
def test_a_rule_explains_itself(rule: Rule[Specimen]) -> None:
    assert rule.title and not rule.title.endswith(".") and len(rule.title) <= 60
    assert len(rule.page.split()) >= 15, "why it matters, and what to do"


def test_rules_by_name() -> None:
    for one in catalog.RULES:
        assert catalog.rule(one.id.lower()) is one
    with pytest.raises(UnknownNameError, match="seaslug rules"):
        catalog.rule("IMG999")


def test_severities_have_words() -> None:
    assert [severity.word for severity in Severity] == ["info", "warn", "error", "fatal"]
