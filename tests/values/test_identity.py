"""A digest that stands for files: what changes it, and what is read for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seaslug.values import identity as module
from seaslug.values.content import FileSlice, Inline
from seaslug.values.identity import identity
from seaslug.values.tree import Entry, Kind


def slice_of(path: Path) -> Entry:
    content = FileSlice(str(path), 0, path.stat().st_size)
    return Entry("x", Kind.FILE, 0o644, content=content)


def test_contents_count_and_not_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    inline = Entry("x", Kind.FILE, 0o644, content=Inline(b"text"))
    assert identity([slice_of(tmp_path / "a")]) == identity([inline])


def test_a_file_is_read_again_once_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"text")
    entry = slice_of(path)
    first = identity([entry])
    reads: list[str] = []
    real = FileSlice.read

    def read(self: FileSlice, offset: int = 0, size: int = -1) -> bytes:
        reads.append(self.path)
        return real(self, offset, size)

    monkeypatch.setattr(FileSlice, "read", read)
    assert identity([entry]) == first and reads == []
    path.write_bytes(b"next")
    os.utime(path, ns=(1, 1))
    assert identity([entry]) != first and reads == [str(path)]


def test_what_is_remembered_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", 3)
    monkeypatch.setattr(module, "_known", {})
    for n in range(10):
        (tmp_path / str(n)).write_text(str(n))
        identity([slice_of(tmp_path / str(n))])
    assert len(module._known) <= 3
