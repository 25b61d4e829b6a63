"""What a deep slice leaves out beside."""

from __future__ import annotations

import pytest

from seaslug.apps.slicing import deep
from seaslug.apps.slicing.modules import Modules
from seaslug.values.tree import Tree, file

LIB, SITE = "usr/lib/python3.13", "usr/local/lib/python3.13/dist-packages"


def modules(files: dict[str, str]) -> tuple[Modules, Tree]:
    tree = Tree(file(path, text.encode()) for path, text in files.items())
    return Modules(tree, (LIB, SITE, "app")), tree


def test_modules_that_nothing_reaches_go() -> None:
    found, tree = modules({
        f"{SITE}/web/__init__.py": "", f"{SITE}/web/app.py": "", f"{SITE}/web/mypy.py": "",
        f"{SITE}/web/fast.abi3.so": "", f"{SITE}/web/pages/__init__.py": "",
        f"{SITE}/web/pages/deep/index.html": "", f"{SITE}/web/tests/__init__.py": "",
        f"{SITE}/web/0001_first.py": "",
    })  # fmt: skip
    layer = tree.select(lambda entry: entry.path.startswith(SITE))
    gone = {path.removeprefix(SITE + "/") for path in
            deep.of_packages(found, found.reach(["web.app"]), layer)}  # fmt: skip
    # A package that holds data stays one, and a file that is no module is nobody's.
    assert gone == {"web/mypy.py", "web/fast.abi3.so", "web/tests/__init__.py"}


def test_sources_go_for_bytecode_or_because_they_are_frozen() -> None:
    found, tree = modules({
        f"{LIB}/os.py": "", f"{LIB}/abc.py": "", f"{LIB}/json/__init__.py": "",
        f"{LIB}/json/__pycache__/__init__.cpython-313.pyc": "", f"{LIB}/difflib.py": "",
        f"{LIB}/html/entities.py": "", f"{SITE}/web.py": "",
    })  # fmt: skip
    compiled, frozen = deep.sources(found.modules.values(), LIB, tree)
    assert compiled == {f"{LIB}/json/__init__.py", f"{LIB}/difflib.py"}
    assert frozen == {f"{LIB}/abc.py"}


def test_what_developers_read_goes() -> None:
    paths = ("web/__init__.pyi", "web/py.typed", "web/.agents/skill.md", "web/data.txt")
    layer = Tree(file(f"{SITE}/{path}", b"") for path in paths)
    hidden = {f"{SITE}/web/.agents/skill.md"}
    stubs = {f"{SITE}/web/__init__.pyi", f"{SITE}/web/py.typed"}
    assert deep.for_developers(layer, stubs=False) == hidden | stubs
    assert deep.for_developers(layer, stubs=True) == hidden


@pytest.mark.parametrize(
    ("path", "source", "wanted"),
    [
        (f"{SITE}/pydantic/types.py", "import zoneinfo", False),
        (f"{SITE}/calendars/__init__.py", "from zoneinfo import ZoneInfo", True),
        (f"{SITE}/calendars/__init__.py", "ZONES = ['Europe/Berlin']", False),
        ("app/main.py", "ZONE = 'Europe/Berlin'", True),
        ("app/main.py", "import dateutil.tz", True),
        ("app/main.py", "import datetime", False),
        (f"{LIB}/mail.py", "import zoneinfo", False),
    ],
)
def test_time_zones_stay_for_who_may_ask_for_one(path: str, source: str, wanted: bool) -> None:
    found, _ = modules({path: source})
    own = [path] if path.startswith("app/") else []
    assert deep.wants_zones(found, found.modules, own) is wanted


def test_documentation_stays_where_it_is_read() -> None:
    assert deep.undocumented([f"{SITE}/web/app.py"])
    assert not deep.undocumented([f"{SITE}/web/app.py", f"{SITE}/ply/yacc.py"])


def test_notes_and_what_nobody_configures_go() -> None:
    providers = "usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so"
    notes = f"{LIB}/email/architecture.rst"
    tree = Tree([file(providers, b""), file(notes, b""), file(f"{LIB}/os.py", b"")])
    assert deep.unread(tree, LIB) == {providers, notes}
    assert deep.unread(Tree([*tree, file("etc/ssl/openssl.cnf", b"")]), LIB) == {notes}
