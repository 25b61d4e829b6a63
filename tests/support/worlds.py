"""Small archives written as text, one line per package, for the solver.

A line is ``name version; Field: value; Field: value``; ``Architecture`` is amd64 unless
it says otherwise::

    app 1.0; Depends: lib (>= 2) | other
    lib 2.1; Provides: old-lib (= 1)
"""

from __future__ import annotations

import hashlib

from seaslug.deb.index import Index, build
from seaslug.deb.relation import parse_want
from seaslug.deb.solve import Resolution, solve
from seaslug.deb.universe import Universe


def stanza(line: str) -> str:
    """Return the Packages stanza that *line* stands for."""
    head, *rest = (part.strip() for part in line.split(";"))
    name, version = head.split()
    fields = {
        "Package": name, "Version": version, "Architecture": "amd64",
        "Filename": f"pool/main/{name}/{name}_{version}.deb", "Size": "10",
        "SHA256": hashlib.sha256(head.encode()).hexdigest(),
    }  # fmt: skip
    fields |= dict(part.split(": ", 1) for part in rest if part)
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def world(
    text: str = "", *, home: tuple[str, ...] = (), arch: str = "amd64", **more: str
) -> Universe:
    """Return the universe of the archive ``trixie`` and of *more* archives.

    An underscore in an archive's name stands for its dash. Everything is home unless *home*
    says what is.
    """
    indices = []
    for archive, lines in {"trixie": text, **more}.items():
        rows = [stanza(line) for line in lines.strip().splitlines() if line.strip()]
        raw = "\n".join(rows).encode()
        indices.append((archive.replace("_", "-"), Index(build(raw), raw)))
    return Universe(arch, indices, frozenset(home or (name for name, _ in indices)))


def pick(universe: Universe, *wants: str, exclude: tuple[str, ...] = ()) -> Resolution:
    """Resolve *wants*, all of them of the level ``base``."""
    return solve(universe, [parse_want(text, "base") for text in wants], frozenset(exclude))


def shown(resolution: Resolution) -> str:
    """Return the packages as ``name=version`` in a row."""
    return " ".join(f"{p.name}={p.version}" for p in resolution.packages)
