"""For each rule an image that passes and one that fails; a test holds that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable

from rules.broken import DOCTOR
from rules.judging import JUDGING
from seaslug.rules.specimen import Specimen

Example = tuple[Callable[[], Specimen], Callable[[], Specimen]]
"""Makes an image that the rule is content with, and one in which it finds something."""

EXAMPLES: dict[str, Example] = {**DOCTOR, **JUDGING}
