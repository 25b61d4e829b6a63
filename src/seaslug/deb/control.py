"""Control stanzas: ``Field: value`` lines with continuations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seaslug.errors import HostileError

MAX_STANZA = 4 << 20


def parse(data: bytes | memoryview, where: str = "control") -> dict[str, str]:
    """Return the fields of one stanza in order; continuation lines are kept with their newline.

    Raises HostileError, naming the line, for anything that is no field.
    """
    if len(data) > MAX_STANZA:
        raise HostileError(f"a stanza of {len(data)} bytes", where=where)
    fields: dict[str, str] = {}
    name = ""
    for number, line in enumerate(bytes(data).decode("utf-8", "replace").split("\n"), 1):
        if not line.strip():
            if fields:
                break
            continue
        if line[0] in " \t":
            if not name:
                raise HostileError("a continuation of nothing", where=f"{where}:{number}")
            fields[name] += "\n" + line.rstrip("\r")
            continue
        name, colon, value = line.partition(":")
        if not colon or not name or " " in name:
            raise HostileError(f"not a field: {line[:60]!r}", where=f"{where}:{number}")
        if name in fields:
            raise HostileError(f"the field {name} stands twice", where=f"{where}:{number}")
        fields[name] = value.strip()
    return fields


def stanzas(data: bytes | memoryview) -> Iterator[dict[str, str]]:
    """Yield every stanza of *data*."""
    for block in bytes(data).split(b"\n\n"):
        if block.strip():
            yield parse(block.strip(b"\n") + b"\n")


def dump(fields: Mapping[str, str]) -> str:
    """Return *fields* as a stanza."""
    return "".join(f"{name}: {value}".rstrip(" ") + "\n" for name, value in fields.items())
