"""What remains of a layer once modules and sources are left out, and what RECORD says then."""

from __future__ import annotations

from seaslug.apps.slicing.left import left
from seaslug.values.tree import Tree, file

TOP = "usr/local/lib/python3.13/dist-packages"
PYC = b"MAGC\1\0\0\0" + b"hash...." + b"code"
RECORD = 'web/__init__.py,sha256=a,1\nweb/odd.py,sha256=b,2\n"web/a,b.py",sha256=c,3\nweb/data,,\n'
FILES = {
    f"{TOP}/web/__init__.py": b"x", f"{TOP}/web/odd.py": b"y", f"{TOP}/web/a,b.py": b"z",
    f"{TOP}/web/__pycache__/__init__.cpython-313.pyc": PYC,
    f"{TOP}/web/__pycache__/odd.cpython-313.pyc": PYC,
    f"{TOP}/web/data": b"", f"{TOP}/web-1.dist-info/RECORD": RECORD.encode(),
}  # fmt: skip


def after(*cuts: str, bytecode: bool = False) -> dict[str, bytes]:
    entries = Tree(file(path, data) for path, data in FILES.items())
    found = left(entries, [f"{TOP}/{path}" for path in cuts], bytecode=bytecode)
    return {entry.path.removeprefix(TOP + "/"): entry.read() for entry in found}


def test_a_module_goes_with_its_bytecode() -> None:
    found = after("web/odd.py")
    assert set(found) == {
        "web/__init__.py", "web/__pycache__/__init__.cpython-313.pyc", "web/a,b.py", "web/data",
        "web-1.dist-info/RECORD",
    }  # fmt: skip
    record = b'"web/a,b.py",sha256=c,3\nweb/__init__.py,sha256=a,1\nweb/data,,\n'
    assert found["web-1.dist-info/RECORD"] == record


def test_bytecode_stands_in_the_place_of_its_source() -> None:
    found = after("web/odd.py", bytecode=True)
    assert set(found) == {"web/__init__.pyc", "web/a,b.py", "web/data", "web-1.dist-info/RECORD"}
    assert found["web/__init__.pyc"] == b"MAGC\1\0\0\0" + bytes(8) + b"code"
    record = b'"web/a,b.py",sha256=c,3\nweb/__init__.pyc,,\nweb/data,,\n'
    assert found["web-1.dist-info/RECORD"] == record


def test_nothing_asked_nothing_changed() -> None:
    rows = "".join(sorted(RECORD.splitlines(keepends=True)))
    expected = {path.removeprefix(TOP + "/"): data for path, data in FILES.items()}
    assert after() == {**expected, "web-1.dist-info/RECORD": rows.encode()}
