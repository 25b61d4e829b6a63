"""What XML and HTML cannot carry."""

from __future__ import annotations

import re

_NEVER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escaped(text: str) -> str:
    """Return *text* with the letters that XML forbids as escapes; markup is left as it is."""
    return _NEVER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
