"""What was found in an image, for people and for programs: one module per format."""

from __future__ import annotations

from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Severity

FORMATS = ("text", "json", "sarif", "junit", "markdown", "html")


def written(judgement: Judgement, form: str, limit: Severity | None) -> str:
    """Return *judgement* in the format *form*; *limit* is how bad fails, None if nothing does."""
    from importlib import import_module

    module = import_module(f"seaslug.report.findings.{form}")
    text: str = module.write(judgement, limit)
    return text


def summary(judgement: Judgement) -> str:
    """Return one line: how many findings of each kind, by how many rules, what was ignored."""
    words = {Severity.FATAL: "fatal", Severity.ERROR: "error", Severity.WARN: "warning",
             Severity.INFO: "note"}  # fmt: skip
    counted = [
        _many(judgement.count(one), word)
        for one, word in words.items() if judgement.count(one)
    ]  # fmt: skip
    asked = f"{_many(len(judgement.asked), 'rule')} of the profile {judgement.profile.name}"
    said = f"{', '.join(counted)}; {asked}" if counted else f"clean: {asked} found nothing"
    ignored = len(judgement.ignored)
    return f"{said}; {ignored} ignored, with reasons" if ignored else said


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 or word == "fatal" else f"{count} {word}s"
