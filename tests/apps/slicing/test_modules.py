"""Which modules can be reached from where an application starts."""

from __future__ import annotations

import pytest

from seaslug.apps.slicing.modules import Modules
from seaslug.values.tree import Tree, file

LIB, SITE = "usr/lib/python3.13", "usr/local/lib/python3.13/dist-packages"
FILES = {
    f"{LIB}/json/__init__.py": "from .decoder import Decoder",
    f"{LIB}/json/decoder.py": "import re\ntry: from _json import scan\nexcept ImportError: ...",
    f"{LIB}/json/tool.py": "import argparse",
    f"{LIB}/re/__init__.py": "from . import _compiler",
    f"{LIB}/re/_compiler.py": "",
    f"{LIB}/argparse.py": "import gettext",
    f"{LIB}/gettext.py": "",
    f"{LIB}/csv.py": "",
    f"{LIB}/sqlite3/__init__.py": "from sqlite3.dbapi2 import *",
    f"{LIB}/sqlite3/dbapi2.py": "from _sqlite3 import *",
    f"{LIB}/lib-dynload/_json.cpython-313-x86_64-linux-gnu.so": "\0decimal\0",
    f"{LIB}/lib-dynload/_sqlite3.cpython-313-x86_64-linux-gnu.so": "",
    f"{LIB}/decimal.py": "",
    f"{SITE}/web/__init__.py": "from web import app",
    f"{SITE}/web/app.py": "import json",
    f"{SITE}/web/plugins/__init__.py": "",
    f"{SITE}/web/plugins/table.py": "import csv",
    f"{SITE}/web/fast.abi3.so": "\0gettext\0",
    "app/main.py": "from web import app, fast",
    "app/lazy.py": "PLUGIN = 'web.plugins.table:Table'",
    "app/data.txt": "import nothing",
}


@pytest.fixture(scope="module")
def modules() -> Modules:
    tree = Tree(file(path, text.encode()) for path, text in FILES.items())
    return Modules(tree, (LIB, SITE, "app"))


REACHED = [
    ("re", {"re", "re._compiler"}),
    ("json.decoder", {"json", "json.decoder", "re", "re._compiler", "_json", "decimal"}),
    ("argparse", {"argparse", "gettext"}),
    ("sqlite3", {"sqlite3", "sqlite3.dbapi2", "_sqlite3"}),
    ("web.fast", {"web", "web.app", "web.fast", "gettext", "json", "json.decoder", "re",
                  "re._compiler", "_json", "decimal"}),
    ("lazy", {"lazy", "web", "web.app", "web.plugins", "web.plugins.table", "csv", "json",
              "json.decoder", "re", "re._compiler", "_json", "decimal"}),
    ("nowhere.to.be.found", set()),
]  # fmt: skip


@pytest.mark.parametrize(("start", "names"), REACHED)
def test_reach(modules: Modules, start: str, names: set[str]) -> None:
    assert modules.reach([start]) == names


def test_a_name_from_a_module_is_a_module_only_if_there_is_one(modules: Modules) -> None:
    found = modules.reach(["main"])
    assert {"web.app", "web.fast"} <= found
    assert not found & {"argparse", "csv", "sqlite3"}


def test_the_first_root_wins() -> None:
    tree = Tree([file("a/x.py", b"import y"), file("b/x.py", b"import z"), file("b/z.py", b"")])
    assert Modules(tree, ("a", "b")).reach(["x"]) == {"x"}


def reach(files: dict[str, str], start: str) -> set[str]:
    tree = Tree(file(path, text.encode()) for path, text in files.items())
    return Modules(tree, (LIB, SITE, "app")).reach([start])


def test_what_a_package_loads_by_a_table_is_reached() -> None:
    files = {
        f"{SITE}/web/__init__.py": "T = {'App': '.app', 'x': 'y'}\ndef __getattr__(n): ...",
        f"{SITE}/web/app.py": "import_module(f'web.backends.{name}')",
        f"{SITE}/web/mypy.py": "",
        f"{SITE}/web/backends/__init__.py": "",
        f"{SITE}/web/backends/one.py": "",
    }
    assert reach(files, "web") == {"web", "web.app", "web.backends", "web.backends.one"}


def test_what_needs_a_package_that_is_not_there_is_not_followed() -> None:
    files = {
        f"{SITE}/web/__init__.py": "try:\n    from web import loop\nexcept ImportError: ...",
        f"{SITE}/web/loop.py": "import uvloop\nimport csv",
        f"{LIB}/csv.py": "",
        "app/own.py": "import nowhere\nimport csv",
    }
    assert reach(files, "web") == {"web"}
    # The application's own code may have other ways to be found, and files of paths too.
    assert reach(files, "own") == {"own", "csv"}
    assert "csv" in reach({**files, f"{SITE}/more.pth": "/somewhere"}, "web")


@pytest.mark.parametrize(
    ("text", "kept"),
    [("logs.Handler", True), ("logs.LEVEL", True), ("logs.helper", True), ("logs.star", False),
     ("logs.word.duration", False), ("logs", False)],
)  # fmt: skip
def test_a_name_in_a_text_is_a_module_if_that_defines_the_rest(text: str, kept: bool) -> None:
    source = "from os import (\n  helper,\n)\nclass Handler: ...\nLEVEL: int = 1\n# a word here"
    files = {f"{LIB}/logs.py": source, "app/main.py": f"NAME = '{text}'"}
    assert ("logs" in reach(files, "main")) is kept


def test_edges_are_followed_for_who_says_the_word() -> None:
    files = {f"{LIB}/uuid.py": "import _uuid", f"{LIB}/_uuid.py": "", "app/a.py": "import uuid",
             "app/b.py": "from uuid import uuid1\nuuid1()"}  # fmt: skip
    assert reach(files, "a") == {"a", "uuid"}
    assert reach(files, "b") == {"b", "uuid", "_uuid"}
