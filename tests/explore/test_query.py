"""Filters, details and pages of an image that has a bit of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from explore.made import source, whole
from seaslug.errors import UnknownNameError, UsageError
from seaslug.explore import pages, tables
from seaslug.explore.changes import Item, Mark
from seaslug.explore.details import details
from seaslug.explore.forest import Forest
from seaslug.explore.query import test_of as fitting
from seaslug.explore.source import Head, Subject
from seaslug.explore.whole import Whole
from seaslug.explore.words import short
from seaslug.ops.explore import Reader


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return source(tmp_path_factory.mktemp("explore"))


@pytest.fixture(scope="module")
def made(reader: Reader) -> tuple[Whole, Forest]:
    return whole(reader)


FILTERS = {
    "is:elf": {"usr/bin/app"},
    "is:link": {"bin", "loop", "loop2", "a/way"},
    "is:wasted": {"dup1", "dup2", "usr/bin/su"},
    "is:finding": {"usr/bin/su", "usr/bin/app", "app/bad\udcff"},
    ">6k": {"dup1", "dup2", "usr/bin/su"},
    ">6k !dup": {"usr/bin/su"},
    "<1 is:exec": set(),
    "dup*": {"dup1", "dup2"},
    "/USR/bin/*": {"usr/bin/su", "usr/bin/app"},
    "LOOP !is:elf": {"loop", "loop2"},
    "layer:1 !is:same": {"app/more", "usr/bin/su"},
    "is:text": set(),
    "is:unowned >1 su": {"usr/bin/su"},
    "pkg:libc*": set(),
}


@pytest.mark.parametrize(("text", "expected"), FILTERS.items(), ids=FILTERS)
def test_filters(made: tuple[Whole, Forest], text: str, expected: set[str]) -> None:
    test = fitting(text, made[0])
    assert {p for p, item in made[0].merged.items() if test(item)} == expected


def test_what_is_no_filter_is_told(made: tuple[Whole, Forest]) -> None:
    with pytest.raises(UnknownNameError, match="did you mean elf"):
        fitting("is:efl", made[0])
    with pytest.raises(UsageError, match="not a layer's number"):
        fitting("layer:x", made[0])


def item(whole: Whole, path: str, layer: int = -1) -> Item:
    items = whole.changes[layer] if layer >= 0 else whole.merged.values()
    return next(one for one in items if one.path == path)


def told(found: tuple[Whole, Forest], path: str, subject: Subject) -> str:
    return "\n".join(f"{d.label}: {d.text}" for d in details(path, found[1], found[0], subject))


def test_details_tell_all_of_a_path(made: tuple[Whole, Forest], reader: Reader) -> None:
    su = told(made, "usr/bin/su", reader.subject)
    assert "size: 6,000 bytes (6.0 kB)" in su
    assert "layers: 0  added, 5,000 bytes" in su and "1  replaced, 6,000 bytes" in su
    assert "wasted: 5,000 bytes (5.0 kB) in lower layers, hidden" in su
    assert "owner: 0:0  root" in su and "mode: -rwxr-xr-x  0755" in su
    assert "again at: /dup2" in told(made, "dup1", reader.subject)
    assert "leads to: /usr/bin/su" in told(made, "a/way", reader.subject)
    assert "leads to: nowhere" in told(made, "loop", reader.subject)
    assert "holds: 2 files" in told(made, "usr/bin", reader.subject)
    secret = told(made, "app/bad\udcff", reader.subject)
    assert "path: /app/bad\\xff" in secret and "error: IMG071  a GitHub token" in secret
    assert "fix: " in secret
    for path in made[1].items:
        assert all(d.text.isprintable() for d in details(path, made[1], made[0], reader.subject))


def test_pages_are_lines_without_control_characters(
    made: tuple[Whole, Forest], reader: Reader
) -> None:
    text = reader.head((0, "app/[red]x"), 100, lambda count: None)
    assert pages.text(text) == ("hi\\x1b[31mred", "    tab")
    odd = reader.head((0, "app/new\nline\x1b[2J"), 100, lambda count: None)
    assert not pages.is_text(odd.data)
    assert pages.hexdump(odd)[0].startswith("00000000  00 01 02") and len(pages.hexdump(odd)) == 1
    cut = reader.head((1, "dup1"), 10, lambda count: None)
    assert cut.data == b"d" * 10 and cut.cut
    assert pages.text(Head(cut.data, 7000))[-1] == "… the first 10 bytes of 7,000 bytes (7.0 kB)"
    assert pages.text(Head(b"", 0)) == ()


def test_an_elf_file_and_where_links_lead(made: tuple[Whole, Forest]) -> None:
    whole = made[0]
    page = "\n".join(pages.elf(item(whole, "usr/bin/app"), whole))
    assert "machine       x86_64 (linux/amd64)" in page
    assert "ld-linux-x86-64.so.2   NOT in the image" in page
    assert "libc.so.6   NOT found" in page
    assert pages.elf(item(whole, "dup1"), whole)[0].startswith("not an ELF file")
    assert pages.walk(item(whole, "a/way"), whole) == (
        "/a/way  ->  ../../bin/su", "/bin  ->  usr/bin",
        "/usr/bin/su  a file of layer 1, 6,000 bytes (6.0 kB)",
    )  # fmt: skip
    assert "in a circle" in pages.walk(item(whole, "loop"), whole)[-1]


def test_tables(made: tuple[Whole, Forest], reader: Reader) -> None:
    whole = made[0]
    rows = {entry.cells[1:]: entry for entry in tables.waste(whole)}
    assert rows["/old/b/c", "of layer 0; removed above"].path == ""
    assert rows["/usr/bin/su", "of layer 0; replaced above"].path == "usr/bin/su"
    assert rows["/dup1", "the same at /dup2"].cells[0] == "7.0 k"
    assert tables.wasted(whole) == 3000 + 9000 + 5000 + 7000 + 7000 + len_of(whole, "app/key.pem")
    found = {entry.cells[2]: entry for entry in tables.findings(whole)}
    assert found["/app/bad\\xff"].path == "app/bad\udcff"
    assert found["User"].path == "" and "fix: " in found["User"].more
    assert [entry.cells[0] for entry in tables.history(reader.subject)] == ["0", "1"]
    assert tables.packages(whole)[0].filter == "is:unowned"
    assert '"User": "0:0",' in "".join(tables.config(reader.subject))
    every = (*tables.waste(whole), *tables.findings(whole), *tables.packages(whole))
    assert all(cell.isprintable() for entry in every for cell in entry.cells)


def len_of(whole: Whole, path: str) -> int:
    return item(whole, path, 0).row.size


def test_what_is_removed_is_told_with_who_had_it(
    made: tuple[Whole, Forest], reader: Reader
) -> None:
    whole = made[0]
    forest = Forest({one.path: one for one in whole.changes[1]})
    assert forest.size("old") == 12_000 and forest.items["old"].mark is Mark.REMOVED
    assert forest.size("") == 6000 + 7000 + 1, "what is removed is no part of the layer"
    text = told((whole, forest), "old/a", reader.subject)
    assert "kind: file, removed here" in text and "1  removed, 3,000 bytes" in text


def test_a_file_is_saved_whole_and_nothing_is_written_over(reader: Reader, tmp_path: Path) -> None:
    target = tmp_path / "su"
    assert reader.save((0, "usr/bin/su"), str(target), lambda count: None) == 5000
    assert target.read_bytes() == b"x" * 5000
    with pytest.raises(UsageError, match="is there already"):
        reader.save((1, "bin/su"), str(target), lambda count: None)
    with pytest.raises(UsageError, match="cannot be written"):
        reader.save((1, "bin/su"), str(tmp_path / "no" / "su"), lambda count: None)
    assert [path.name for path in tmp_path.iterdir()] == ["su"]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (999, "999"), (1000, "1.0 k"), (999_949, "999.9 k"), (999_950, "1.0 M"),
     (2 * 10**9, "2.0 G"), (7 * 10**12, "7000.0 G")],
)  # fmt: skip
def test_sizes_are_short(size: int, text: str) -> None:
    assert short(size) == text
