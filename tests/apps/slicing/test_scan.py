"""What a Python file may import: statements anywhere, calls, and names in strings."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.apps.slicing.scan import Scan, by_lines, in_binary, scan

ROWS = [
    (b"import os", {"os"}),
    (b"import os.path as p, json", {"os.path", "json"}),
    (b"def f():\n    import decimal", {"decimal"}),
    (b"try:\n    import ssl\nexcept ImportError:\n    ssl = None", {"ssl"}),
    (b"if 0: import lzma", {"lzma"}),
    (b"from email.mime import text", {"email.mime"}),
    (b"from a.b import (\n    c,\n    d,\n)", {"a.b"}),
    (b"x = 1; import zlib", {"zlib"}),
]


@pytest.mark.parametrize(("source", "modules"), ROWS)
@pytest.mark.parametrize("way", [scan, by_lines])
def test_imports(source: bytes, modules: set[str], way: object) -> None:
    assert callable(way)
    found: Scan = way(source)
    assert modules <= {name for _, name, _ in found.imports}


def test_relative_imports_keep_their_level_and_names() -> None:
    found = scan(b"from . import one\nfrom ..two import three, four as f")
    assert found.imports == ((1, "", ("one",)), (2, "two", ("three", "four")))


@pytest.mark.parametrize(
    "source",
    [
        b"importlib.import_module('csv')", b"__import__('csv')", b"find_spec('csv')",
        b"import_module('csv' if x else 'y')",
    ],
)  # fmt: skip
def test_names_given_to_what_imports(source: bytes) -> None:
    assert "csv" in scan(source).loaded


@pytest.mark.parametrize(
    "call", [b"find_library('pq')", b"ctypes.CDLL('pq')", b"x.LoadLibrary('pq')"]
)
def test_names_given_to_what_opens_libraries(call: bytes) -> None:
    found = scan(call)
    assert (found.libraries, found.loaded) == (("pq",), ())


def test_dotted_names_in_strings() -> None:
    found = scan(b"APPS = ['django.contrib.admin', 'app.views:main', 'not a module', 'plain']")
    assert set(found.texts) == {"django.contrib.admin", "app.views:main"}


def test_newer_syntax_is_searched_by_lines() -> None:
    source = b"type X = int\nimport csv\nfrom json import (loads,\n  dumps)\ny = f'{'a'}'\nz = 1 2"
    found = scan(source)
    assert {"csv", "json"} <= {name for _, name, _ in found.imports}


@pytest.mark.parametrize(
    "name", ["asyncio/base_events", "http/server", "ctypes/util", "logging/config"]
)
def test_lines_find_all_that_parsing_finds(name: str) -> None:
    source = Path(sysconfig.get_path("stdlib"), f"{name}.py").read_bytes()
    parsed = {n for level, n, _ in scan(source).imports if not level}
    assert parsed <= {n for level, n, _ in by_lines(source).imports if not level}


@given(st.binary(max_size=300))
def test_any_bytes_are_borne(source: bytes) -> None:
    scan(source)
    in_binary(source)


def test_texts_of_a_compiled_module() -> None:
    data = b"\x7fELF\0datetime\0json.decoder\0x y\0\1bad\0_socket\0"
    assert in_binary(data) == ("_socket", "datetime", "json.decoder")


LAZY = b"""
TABLE = {"Thing": ".things", "Other": "others"}
def __getattr__(name):
    return import_module(TABLE[name], __package__)
"""


def test_a_file_that_puts_names_together_may_mean_any_word_of_its_package() -> None:
    assert {".things", "others", "Thing"} <= set(scan(LAZY).beside)
    assert not scan(b"TABLE = {'Thing': '.things'}").beside


@pytest.mark.parametrize(
    ("source", "pattern"),
    [
        (b"import_module(f'web.backends._{name}')", "web.backends._*"),
        (b"import_module('%s.management.commands.%s' % (app, name))", "*.management.commands.*"),
        (b"import_module('plugins.' + name)", "plugins.*"),
        (b"name = '{}.models'.format(app)\nimport_module(name)", "*.models"),
        (b"for found in iter_modules(__path__): ...", ".*"),
    ],
)  # fmt: skip
def test_texts_with_gaps_are_patterns(source: bytes, pattern: str) -> None:
    assert pattern in scan(source).patterns


@pytest.mark.parametrize("source", [b"f'web.{x}'", b"import_module(name)", b"import_module('a.b')"])
def test_what_names_no_module_is_no_pattern(source: bytes) -> None:
    assert not scan(source).patterns


def test_what_only_type_checkers_see_is_no_import() -> None:
    source = b"if TYPE_CHECKING:\n    import decimal\nimport json"
    assert [name for _, name, _ in scan(source).imports] == ["json"]
    # A table of what to load may be read from just there.
    lazy = source + b"\ndef __getattr__(name): ..."
    assert {name for _, name, _ in scan(lazy).imports} == {"decimal", "json"}


def test_what_a_file_cannot_be_imported_without() -> None:
    source = b"import trio.lowlevel\nfrom . import x\ntry:\n  import uvloop\nexcept E: pass\n"
    assert scan(source).needs == ("trio",)
