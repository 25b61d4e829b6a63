"""rpm's database: headers made here, real ones by rpm, and databases that mean harm."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.making import specimen
from seaslug.anatomy import rpm
from seaslug.anatomy.owners import owners
from support.clients import run

FOLDERS = ["/usr/", "/usr/bin/"]


def header(**values: object) -> bytes:
    """Return a header blob; keywords are names of tags as rpm.py has them, without the bar."""
    table, data = b"", b""
    for name, value in values.items():
        tag = getattr(rpm, f"_{name}")
        if isinstance(value, str):
            row, kind, count = value.encode() + b"\0", 6, 1
        elif isinstance(value, int):
            data += bytes(-len(data) % 4)
            row, kind, count = struct.pack(">I", value), 4, 1
        else:
            rows = list(value)  # type: ignore[call-overload]
            numbers = bool(rows) and isinstance(rows[0], int)
            data += bytes(-len(data) % 4)
            row = b"".join(
                struct.pack(">I", one) if numbers else one.encode() + b"\0" for one in rows
            )
            kind, count = (4 if numbers else 8), len(rows)
        table += struct.pack(">IIII", tag, kind, len(data), count)
        data += row
    return struct.pack(">II", len(table) // 16, len(data)) + table + data


BASH = header(
    NAME="bash", VERSION="5", RELEASE="1.el9", EPOCH=3, ARCH="x86_64", SOURCE="bash-5-1.src.rpm",
    REQUIRES=["libc.so.6()(64bit)", "(a if b)", "/x"], PROVIDES=["bash"],
    INDEXES=[0, 1], BASES=["bin", "bash"], FOLDERS=FOLDERS,
)  # fmt: skip


def database(
    *blobs: bytes, script: str = "CREATE TABLE Packages (hnum INTEGER, blob BLOB)"
) -> bytes:
    made = sqlite3.connect(":memory:")
    made.executescript(script)
    made.executemany("INSERT INTO Packages VALUES (1, ?)", [(blob,) for blob in blobs])
    made.commit()
    return bytes(made.serialize())


def test_a_package() -> None:
    key = header(NAME="gpg-pubkey", VERSION="a", RELEASE="b")
    (found,) = rpm.records(database(BASH, key, b"damaged", header(NAME="x")))
    assert found[:4] == ("bash", "3:5-1.el9", "x86_64", "bash")
    assert (found.depends, found.provides) == ("libc.so.6()(64bit) /x", "bash")
    assert found.paths == ("usr/bin", "usr/bin/bash")


def test_its_files_are_the_package_s() -> None:
    made = specimen({rpm.DATABASES[0]: database(BASH), "usr/bin/bash": "x", "etc/mine": "y"})
    found = owners(made.root, ours=False)
    assert found.database == "rpm" and found.packages["bash"].kind == "rpm"
    assert found.owner == {"usr/bin/bash": "bash"}


VIEW = """\
CREATE VIEW Packages AS WITH RECURSIVE n(hnum, blob) AS (
  SELECT 1, randomblob(100) UNION ALL SELECT hnum + 1, blob FROM n) SELECT hnum, blob FROM n
"""


def test_a_view_that_never_ends_is_not_asked() -> None:
    made = sqlite3.connect(":memory:")
    made.executescript(VIEW)
    assert rpm.records(bytes(made.serialize())) == ()


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_of_any_kind_says_nothing_or_something(data: st.DataObject) -> None:
    good = bytearray(database(BASH))
    for _ in range(data.draw(st.integers(1, 20))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(good)))
    assert len(rpm.records(bytes(good))) <= 1 and len(rpm.records(bytes(good[:end]))) <= 1


@given(st.binary(max_size=200))
def test_any_bytes_as_a_header(blob: bytes) -> None:
    rpm.records(database(blob))


SPEC = """\
Name: {name}
Version: 1.5
Release: 3
Summary: made by a test
License: MIT
BuildArch: noarch
{more}
%description
Made by a test.
%install
mkdir -p %{{buildroot}}/opt/{name}
echo a > %{{buildroot}}/opt/{name}/file
%files
/opt/{name}
"""


def installed(folder: Path) -> bytes:
    """Return the database that rpm makes of two packages that rpmbuild built."""
    for name, more in (("hello", "Epoch: 2\nRequires: world"), ("world", "")):
        (folder / f"{name}.spec").write_text(SPEC.format(name=name, more=more))
        run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}/top",
            folder / f"{name}.spec")  # fmt: skip
    root = folder / "root"
    root.mkdir()
    how = ["--root", root, "--define", "_dbpath /var/lib/rpm", "--define", "_db_backend sqlite"]
    run("rpm", *how, "--initdb")
    run("rpm", *how, "-i", "--justdb", "--nodeps", *(folder / "top").rglob("*.rpm"))
    return (root / rpm.DATABASES[0]).read_bytes()


@pytest.mark.judge
def test_what_rpm_itself_wrote(tmp_path: Path) -> None:
    found = {record.name: record for record in rpm.records(installed(tmp_path))}
    assert {name: record.version for name, record in found.items()} == {
        "hello": "2:1.5-3", "world": "1.5-3"
    }  # fmt: skip
    assert found["hello"].paths == ("opt/hello", "opt/hello/file")
    assert "world" in found["hello"].depends.split()
