"""Trees with sums, rows that are opened and shut, and search in their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.making import Files, Folder, Link, facts_of, layer
from seaslug.explore.changes import Pile
from seaslug.explore.finder import Finder
from seaslug.explore.forest import BY_NAME, BY_SIZE, Forest, Outline

FILES: Files = {
    "usr": Folder(), "usr/lib/deep/er/big": "x" * 500, "usr/lib/small": "x" * 5,
    "usr/bin": Folder(), "etc/a": "x" * 50, "etc/b": "x" * 60, "bin": Link("usr/bin"),
}  # fmt: skip


def forest(*layers: Files) -> Forest:
    pile = Pile()
    for one in layers or (FILES,):
        pile.lay(facts_of(layer(one)))
    return Forest(pile.merged)


def rows(outline: Outline) -> list[str]:
    return [f"{'  ' * line.depth}{line.path.rpartition('/')[2]}" for line in outline.lines]


def test_folders_know_what_lies_in_them() -> None:
    made = forest()
    folders = ("", "usr", "usr/lib", "etc")
    assert {path: (made.size(path), made.count(path)) for path in folders} == {
        "": (615, 5), "usr": (505, 2), "usr/lib": (505, 2), "etc": (110, 2),
    }  # fmt: skip
    assert made.kids("", BY_SIZE) == ["usr", "etc", "bin"]
    assert made.kids("", BY_NAME) == ["bin", "etc", "usr"]
    assert made.kids("usr/lib/deep") == ["usr/lib/deep/er"], "nobody named that folder"
    assert not made.is_folder("bin") and made.is_folder("usr/bin")


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), max_size=20))
def test_sums_are_those_of_all_files_however_deep(paths: list[list[str]]) -> None:
    files: dict[str, str] = {}
    for path in map("/".join, paths):
        inside = any(
            other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in files
        )
        if not inside:
            files[path] = "x" * len(path)
    made = forest(files)
    assert made.size("") == sum(map(len, files))
    assert made.count("") == len(files)
    outline = Outline(made)
    outline.open_all()
    shown = [line.path for line in outline.lines]
    assert len(set(shown)) == len(shown)
    assert {path for path in shown if path in files} == set(files)


def test_rows_are_made_when_a_folder_is_opened() -> None:
    outline = Outline(forest())
    assert rows(outline) == ["usr", "etc", "bin"]
    outline.open(1)
    assert rows(outline) == ["usr", "etc", "  b", "  a", "bin"]
    outline.open(0)
    outline.open(1)
    assert rows(outline)[:4] == ["usr", "  lib", "    deep", "    small"]
    outline.shut(0)
    assert rows(outline) == ["usr", "etc", "  b", "  a", "bin"]
    outline.sort(BY_NAME)
    assert rows(outline) == ["bin", "etc", "  a", "  b", "usr"]
    at = outline.reveal("usr/lib/deep/er/big")
    assert outline.lines[at].path == "usr/lib/deep/er/big"
    outline.shut_all()
    assert rows(outline) == ["bin", "etc", "usr"]
    assert outline.at("usr/lib/small") == 2, "the nearest folder that is to be seen"


def test_what_is_open_stays_so_while_the_tree_grows() -> None:
    outline = Outline(forest({"etc/a": "1"}))
    outline.open(0)
    grown = Outline(forest({"etc/a": "1"}, {"etc/b": "22", "new/c": "3"}), BY_NAME, outline.opened)
    assert rows(grown) == ["etc", "  a", "  b", "new"]


def test_search_goes_around_in_the_order_of_the_tree() -> None:
    made = forest({"z/lib": "x" * 9, "a/lib": "x" * 5, "a/liberty/x": "1", "lib": "1", "b": "2"})
    found = Finder(made, "LIB", BY_SIZE)
    assert len(found) == 3
    way = [found.step("", here=True)]
    for _ in range(3):
        way.append(found.step(str(way[-1])))
    assert way == ["z/lib", "a/lib", "lib", "z/lib"]
    assert found.step("z/lib", back=True) == "lib"
    assert found.step("a/lib", here=True) == "a/lib" and found.place("a/lib") == 2
    assert Finder(made, "a/li", BY_SIZE).step("") == "a/lib"
    assert Finder(made, "nothing", BY_SIZE).step("") is None
