"""Edits: which leave all that was decided about an application as it is, and what is remembered."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.apps.edits import Plan, compiled, decode, harmless, may
from seaslug.apps.python.sources import told
from seaslug.apps.slicing.scan import scan

SOURCE = '''\
"""A service."""
import json
from fastapi import FastAPI

app = FastAPI()
TEXT = """
# not a comment
"""

@app.get("/health")
def health():
    return {"status": "fine", "size": 3}

def later():
    import decimal
    return decimal.Decimal(json.dumps(1))

if __name__ == "__main__":
    import uvicorn
    uvicorn.run(app, port=8000)
'''

HARMLESS = {
    "a comment": ("import json\n", "import json  # for later\n"),
    "a comment line": ("import json\n", "# one line\nimport json\n"),
    "blank lines": ("\n\n@app", "\n\n\n\n@app"),
    "layout": ("import json\n", "import    json\n"),
    "a text": ('"fine"', '"well"'),
    "a docstring": ("A service.", "The service of the house."),
    "a text of lines": ("# not a comment", "# nor this one"),
    "a number": ('"size": 3', '"size": 4'),
    "a statement": ("    import decimal\n", "    import decimal\n    print('now')\n"),
    "a function": ("def later", "def sooner():\n    return 1\n\ndef later"),
    "nothing": ("", ""),
}
TOLD = {
    "a new import": ("import json\n", "import json\nimport csv\n"),
    "an import less": ("import json\n", "\n"),
    "a lazy import": ("import decimal", "import fractions"),
    "a name imported": ("import FastAPI", "import FastAPI, Depends"),
    "a module by name": ('"fine"', '__import__("csv")'),
    "a dotted text": ('"fine"', '"xml.sax"'),
    "a word that brings an edge in": ("# not a comment", "# breakpoint() here"),
    "the application's name": ("app = FastAPI()", "api = FastAPI()"),
    "another application": ("app = FastAPI()", "app = FastAPI()\nb = FastAPI()"),
    "the health route": ('"/health"', '"/alive"'),
    "the port": ("port=8000", "port=9000"),
    "the guard": ('"__main__"', '"other"'),
    "what is no Python": ("def later():", "def later(:"),
    "another encoding": ('"""A service."""', "# coding: latin-1"),
    "Django's settings": ("import json\n", "import json\nDJANGO_SETTINGS_MODULE = 1\n"),
}


def edited(change: tuple[str, str]) -> bytes:
    assert SOURCE.count(change[0]) == 1 or change == ("", "")
    return SOURCE.replace(*change).encode()


@pytest.mark.parametrize("change", HARMLESS.values(), ids=list(HARMLESS))
def test_edits_that_nobody_else_reads(change: tuple[str, str]) -> None:
    assert harmless("python", "/p/main.py", SOURCE.encode(), edited(change))


@pytest.mark.parametrize("change", TOLD.values(), ids=list(TOLD))
def test_edits_that_decide_something(change: tuple[str, str]) -> None:
    assert not harmless("python", "/p/main.py", SOURCE.encode(), edited(change))
    assert not harmless("python", "/p/main.py", edited(change), SOURCE.encode())


@pytest.mark.parametrize("seed", range(40))
def test_a_harmless_edit_reads_the_same_to_all_who_read(seed: int) -> None:
    """Whatever lines are dropped, doubled or exchanged."""
    chance = random.Random(seed)
    lines = SOURCE.splitlines(keepends=True)
    for _ in range(chance.randint(1, 3)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[at] = chance.choice(["", lines[at] * 2, lines[other], "# said\n"])
    old, new = SOURCE.encode(), "".join(lines).encode()
    if harmless("python", "main.py", old, new):
        assert (scan(old), told(old)) == (scan(new), told(new))


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\0", b"(" * 5000, b"x = '\\d'\n"])
def test_odd_sources_do_no_harm(text: bytes) -> None:
    assert harmless("python", "a.py", text, text + b"# x") is (text == b"x = '\\d'\n")


JS = """\
const app = require('./app');
app.get('/health', ok);
app.listen(process.env.PORT || 3000);
"""


@pytest.mark.parametrize(
    ("new", "same"),
    [
        (JS + "// said\n", True),
        (JS.replace("ok)", "(a, b) => b.send('x'))"), True),
        (JS.replace("3000", "4000"), False),
        (JS.replace("./app", "./api"), False),
        (JS.replace("/health", "/livez"), False),
        (JS.replace("process.env.PORT ||", ""), False),
        ("#!/usr/bin/env node\n" + JS, False),
        (JS.replace("3000", "3000, '0.0.0.0'"), False),
    ],
)
def test_scripts(new: str, same: bool) -> None:
    assert harmless("node", "/p/server.js", JS.encode(), new.encode()) is same


@pytest.mark.parametrize(
    ("kind", "path", "can"),
    [
        ("python", "/p/page.html", True), ("python", "/p/a/style.css", True),
        ("python", "/p/static/app.js", True), ("node", "/p/src/app.mjs", True),
        ("python", "/p/requirements.txt", False), ("python", "/p/pyproject.toml", False),
        ("python", "/p/uv.lock", False), ("python", "/p/setup.py", False),
        ("python", "/p/manage.py", False), ("python", "/p/package.json", False),
        ("node", "/p/package.json", False), ("node", "/p/next.config.js", False),
        ("node", "/p/.eslintrc.js", False), ("node", "/p/a.ts", False), ("node", "/p/a.py", False),
        ("go", "/p/main.go", False), ("java", "/p/A.java", False), ("binary", "/p/server", False),
        ("python", "/p/libx.so", False), ("python", "/p/Procfile", False),
    ],
)  # fmt: skip
def test_which_files_may_be_edited(kind: str, path: str, can: bool) -> None:
    assert may(kind, path) is can
    assert harmless(kind, path, b"a", b"a\n") is can


def test_a_file_that_turns_into_a_program_decides() -> None:
    assert not harmless("python", "a.png", b"a", b"\x7fELF\2")
    assert not harmless("python", "a.png", b"\x7fELF\2", b"a")


@pytest.mark.parametrize(
    ("path", "present", "found"),
    [
        ("app/a.py", ["app/__pycache__/a.cpython-313.pyc"], True),
        ("app/a.py", ["app/__pycache__/a.b.cpython-313.pyc"], False),
        ("app/a.py", ["app/__pycache__/ab.cpython-313.pyc"], False),
        ("app/a.py", ["app/b/__pycache__/a.cpython-313.pyc"], False),
        ("a.py", ["__pycache__/a.cpython-313.pyc"], True),
        ("app/a.py", ["app/__pycache__/a.x.pyc", "app/__pycache__/a.y.pyc"], False),
    ],
)
def test_the_bytecode_of_a_file(path: str, present: list[str], found: bool) -> None:
    assert bool(compiled(path, present)) is found


# What is remembered.

PLACE = st.tuples(st.binary(min_size=32, max_size=32).map(lambda b: f"sha256:{b.hex()}"),
                  st.integers(0, 2**40))  # fmt: skip
WORD = st.text(st.characters(exclude_characters="\n\t", codec="utf-8"), max_size=9)
PLANS = st.builds(
    Plan, st.sampled_from(["python", "node"]), st.tuples(WORD, WORD, WORD, WORD),
    st.tuples(PLACE, PLACE, PLACE), st.tuples(st.integers(1, 12), st.integers(0, 2**40)),
    st.lists(st.tuples(WORD, WORD), max_size=3), st.tuples(WORD, st.lists(WORD, max_size=3)),
)  # fmt: skip


@settings(deadline=None)
@given(PLANS)
def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    found = decode(["until 3", *plan.encode(), "end"])
    assert found is not None
    for name in Plan.__slots__:
        assert getattr(found, name) == getattr(plan, name), name
    assert decode(["until 3", "end"]) is None


@settings(deadline=None)
@given(
    PLANS, st.integers(0, 30), st.sampled_from(["", "edit ", "edit size x", "edit image sha256:"])
)
def test_a_damaged_plan_is_refused_or_whole(plan: Plan, at: int, text: str) -> None:
    rows = plan.encode()
    rows[at % len(rows)] = text
    try:
        found = decode(rows)
    except ValueError:
        return
    assert found is None or len(found.layer[0]) == 71


def test_the_plan_after_an_edit_has_the_new_layer_s_size() -> None:
    digest = "sha256:" + "0" * 64
    plan = Plan("python", ("row", "me  ", " in 2 layers; ", "old"),
                ((digest, 9), (digest, 8), (digest, 1_000_000)), (6, 3_000_000), ())  # fmt: skip
    after = plan.after((digest, 9), (digest, 8), (digest, 2_000_000), "new", "other")
    assert after.line("as built before") == "me  4.00 MB in 2 layers; as built before"
    assert (after.diff_id, after.row, after.kind) == ("new", "other", "python")


def test_deciding_imports_little() -> None:
    """A comment is decided about without what costs more than all else."""
    import subprocess

    code = (
        "import sys\nfrom seaslug.apps.edits import harmless\n"
        "assert harmless('python', 'a.py', b'x = 1\\n', b'x = 1  # one\\n')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"re", "dataclasses", "typing", "json", "ast", "enum"} & set(done.stdout.split())
