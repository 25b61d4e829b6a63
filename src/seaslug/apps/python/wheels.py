"""Whether every locked package has a wheel for the image, and what to do where one has none."""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.apps.python import tags
from seaslug.apps.python.locks.model import Pin
from seaslug.apps.python.target import Target, targets
from seaslug.errors import ProjectError

INSTEAD = {
    "psycopg2": "psycopg2-binary, or psycopg with libpq5 from Debian",
    "mysqlclient": "pymysql",
    "uwsgi": "gunicorn or granian",
    "pycrypto": "pycryptodome",
    "python-ldap": "ldap3",
    "pymssql": "python-tds",
}
"""What people use in place of packages that come as C sources only."""


def fits(pin: Pin, target: Target) -> bool:
    """Tell whether one of its files is a wheel that the image takes; unknown files may be."""
    if not pin.files:
        return True
    found = (tags.wheel(name) for name in pin.files)
    return any(one is not None and tags.fits(one, target) for one in found)


def check(pins: Sequence[Pin], where: str, target: Target, *, source: bool) -> tuple[str, ...]:
    """Return the names that have to be built from source. Raises ProjectError for the others.

    With *source*, packages that come as source only are allowed, and a build tells whether
    they are pure Python.
    """
    remote = [pin for pin in pins if not pin.folder]
    lacking = [pin for pin in remote if not fits(pin, target)]
    lacking += [pin for pin in remote if pin.url.startswith(("git+", "hg+", "svn+", "bzr+"))]
    built = [pin for pin in lacking if source and _has_source(pin)]
    refused = [pin for pin in lacking if pin not in built]
    if refused:
        rows = "\n  ".join(f"{pin.name} {pin.version}: {why(pin, target)}" for pin in refused)
        raise ProjectError(
            f"no wheel for CPython {target.python} on {target.platform}"
            f" (glibc {'.'.join(map(str, target.glibc))}):\n  {rows}",
            where=where,
            hint=_advice(refused, remote, target),
        )
    return tuple(pin.name for pin in built)


def _has_source(pin: Pin) -> bool:
    return bool(pin.url) or any(not name.endswith(".whl") for name in pin.files)


def why(pin: Pin, target: Target) -> str:
    """Return in a few words what there is of the package instead."""
    if pin.url.startswith(("git+", "hg+", "svn+", "bzr+")):
        return "it comes from version control, as source"
    if not any(name.endswith(".whl") for name in pin.files):
        return "it comes as source only"
    mine = [n for n in pin.files if (w := tags.wheel(n)) and _same_platform(w, target)]
    if mine:
        versions = ", ".join(tags.pythons_of(mine)) or "other interpreters"
        return f"its wheels for {target.platform} are for Python {versions}"
    return "its wheels are for " + ", ".join(tags.platforms_of(pin.files))


def _same_platform(wheel: tags.Wheel, target: Target) -> bool:
    arch = tags.architecture(target)
    return any(t == "any" or (t.endswith("_" + arch) and "linux" in t and "musl" not in t)
               for t in wheel.platforms)  # fmt: skip


def _advice(refused: Sequence[Pin], pins: Sequence[Pin], target: Target) -> str:
    rows = []
    for name, other in targets(target.platform).items():
        if name not in ("testing", target.distribution) and all(fits(p, other) for p in pins) \
                and not any(p.url for p in refused):  # fmt: skip
            rows.append(f'base = "python3-{name}" (Python {other.python}) has wheels for all')
            break
    sources = [pin for pin in refused if _has_source(pin)]
    rows += [f"instead of {p.name}: {INSTEAD[p.name]}" for p in refused if p.name in INSTEAD]
    if sources and not rows:
        names = ", ".join(pin.name for pin in sources)
        rows.append(f"if {names} is pure Python: source = true in [tool.seaslug.python]; "
                    "else lock another version, or put a wheel into the project")  # fmt: skip
    return "\n  ".join(rows) or "lock a version that has one, or put a wheel into the project"
