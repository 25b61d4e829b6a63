"""Precompiled Python: which files, unchecked hashes, and the same bytes wherever it is made."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from types import CodeType

import pytest

from seaslug.deb.effects import pyc, pycworker
from seaslug.values.tree import Entry, Kind, Tree, file, symlink

VERSION = "{}.{}".format(*sys.version_info)
LIBRARY = f"usr/lib/python{VERSION}"
# Constants that marshal writes in an order or with marks that may depend on the process.
SOURCE = b'''"""A module."""
WORDS = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}
FAST = frozenset({"one", "two", "three", 4, 5.0, b"six"})
def has(word, x="alpha beta", /, *, name=("alpha", "beta")):
    return word in {"alpha", "beta", "gamma", "delta", 1, 2.5, None}
class Thing:
    __slots__ = ("alpha", "has", "name")
    def has(self): return [lambda: (x, self) for x in (1, 2, 3)]
'''
SOURCES = {
    f"{LIBRARY}/thing.py": SOURCE,
    f"{LIBRARY}/pack/__init__.py": b"from . import b\n",
    f"{LIBRARY}/pack/b.py": b"x = 1 + 1\n",
    f"{LIBRARY}/bad.py": b"def (:\n",
    "usr/lib/python3/dist-packages/caf\u00e9.py": "# -*- coding: utf-8 -*-\ny = 'é'\n".encode(),
    "usr/local/lib/python3/latin.py": b"# -*- coding: latin-1 -*-\ny = '\xe9'\n",
}


def tree() -> Tree:
    return Tree(file(path, data, mtime=7) for path, data in SOURCES.items())


def run(folder: Path, seed: str, names: list[str]) -> dict[str, bytes]:
    """Compile *names* as the adapter does, with this interpreter, in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, *pycworker.OPTIONS],
        input=b"".join(pycworker.asked(name, SOURCES[name]) for name in names),
        check=True, stdout=subprocess.PIPE, cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": seed, "TMPDIR": str(folder)},
    )  # fmt: skip
    made = zip(names, pycworker.answered(done.stdout), strict=True)
    return {name: data for name, data in made if data}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return run(tmp_path_factory.mktemp("one"), "0", list(SOURCES))


def test_what_cannot_be_compiled_is_left_out(made: dict[str, bytes]) -> None:
    assert set(SOURCES) - set(made) == {f"{LIBRARY}/bad.py"}


def test_headers_are_unchecked_hashes_of_the_source(made: dict[str, bytes]) -> None:
    for path, data in made.items():
        assert data[:4] == MAGIC_NUMBER
        assert data[4:8] == b"\1\0\0\0"  # by hash, and never looked at again
        assert data[8:16] == source_hash(SOURCES[path])


def test_code_names_the_path_in_the_image(made: dict[str, bytes]) -> None:
    for path, data in made.items():
        todo: list[CodeType] = [marshal.loads(data[16:])]
        while todo:
            code = todo.pop()
            assert code.co_filename == f"/{path}"
            todo += [c for c in code.co_consts if isinstance(c, CodeType)]


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_bytes_depend_on_no_seed_no_place_no_order(
    seed: str, made: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "a rather longer place to work in"
    assert run(folder, seed, list(reversed(SOURCES))) == made
    alone = run(tmp_path / "alone", seed, [f"{LIBRARY}/thing.py"])
    assert alone.items() <= made.items()


def test_the_interpreter_takes_them_without_a_look_at_the_source(tmp_path: Path) -> None:
    data = run(tmp_path / "work", "0", [f"{LIBRARY}/pack/b.py"])[f"{LIBRARY}/pack/b.py"]
    entry = pyc.compiled(file("lib/b.py", b""), data, VERSION)
    path = tmp_path / entry.path
    path.parent.mkdir(parents=True)
    path.write_bytes(entry.read())
    (tmp_path / "lib/b.py").write_text("x = 'changed'\n")
    command = [sys.executable, "-S", "-c", "import b; print(b.x, b.__cached__)"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "lib"), "PYTHONPYCACHEPREFIX": ""}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", str(path)]


def test_the_entry_lies_beside_its_source() -> None:
    source = file("usr/lib/python3/dist-packages/a/__init__.py", b"", 0o755, mtime=99)
    entry = pyc.compiled(source, b"code", "3.13")
    want = "usr/lib/python3/dist-packages/a/__pycache__/__init__.cpython-313.pyc"
    assert (entry.path, entry.mode, entry.mtime, entry.read()) == (want, 0o644, 99, b"code")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("usr/lib/python3.13/asyncio/base_events.py", True),
        ("usr/lib/python3.13/json/__init__.py", True),
        ("usr/lib/python3.13/encodings/utf_8.py", True),
        ("usr/lib/python3/dist-packages/requests/api.py", True),
        ("usr/local/lib/python3.13/site-packages/app.py", True),
        ("usr/lib/python3/dist-packages/this.py", True),
        ("usr/lib/python3.13/this.py", False),
        ("usr/lib/python3.13/unittest/case.py", False),
        ("usr/lib/python3.13/encodings/cp037.py", False),
        ("usr/lib/python3.13/LICENSE.txt", False),
        ("usr/share/doc/example.py", False),
        ("opt/app/main.py", False),
        ("app/main.py", True),
        ("app/tests/helpers.py", True),
        ("usr/local/lib/python3.13/dist-packages/flask/app.py", True),
        ("usr/local/lib/python3.13/dist-packages/this.py", True),
        ("usr/local/lib/python3.13/dist-packages/numpy/lib/tests/test_io.py", False),
        ("usr/local/lib/python3.13/dist-packages/tests/thing.py", True),
    ],
)
def test_what_is_worth_compiling(path: str, wanted: bool) -> None:
    entry = file(path, b"")
    assert pyc.plan(Tree([entry])) == ((entry,) if wanted else ())


def test_links_and_folders_are_not_compiled() -> None:
    link = symlink("usr/lib/python3/a.py", "b.py")
    folder = Entry("usr/lib/python3/b.py", Kind.DIR, 0o755)
    assert pyc.plan(Tree([link, folder])) == ()


DOCUMENTED = b'''"""A module."""
"""More of it."""
class Thing:
    """What it is."""
    def empty(self):
        """Nothing."""
    async def full(self):
        "Said."
        assert self, "kept"
        text = "not documentation"
        return text
if Thing:
    def inner():
        """Inside."""
        return __doc__
'''


def test_bare_bytecode_has_all_but_documentation(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, *pycworker.OPTIONS, *pycworker.BARE],
        input=pycworker.asked("app/thing.py", DOCUMENTED), check=True, capture_output=True,
        cwd=tmp_path,
    )  # fmt: skip
    (data,) = pycworker.answered(done.stdout)
    space: dict[str, object] = {"__doc__": None}
    exec(marshal.loads(data[16:]), space)
    thing, inner = space["Thing"], space["inner"]
    assert isinstance(thing, type) and callable(inner)
    assert (space.get("__doc__"), thing.__doc__, inner.__doc__) == (None, None, None)
    assert thing().empty() is None and vars(thing)["empty"].__doc__ is None  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="kept"):
        vars(thing)["full"](None).send(None)
    assert inner() is None


def test_rare_modules_are_compiled_where_sources_go() -> None:
    rare = Tree([file(f"{LIBRARY}/difflib.py", b""), file(f"{LIBRARY}/json/__init__.py", b"")])
    assert [e.path for e in pyc.plan(rare)] == [f"{LIBRARY}/json/__init__.py"]
    assert len(pyc.plan(rare, rare=True)) == 2


def test_bytecode_in_the_place_of_its_source() -> None:
    made = file("a/__pycache__/b.cpython-313.pyc", bytes(range(20)))
    (found,) = pyc.instead([made])
    assert found.path == "a/b.pyc"
    assert found.read() == bytes(range(8)) + bytes(8) + bytes(range(16, 20))
