"""What layers do to each other, told path by path; all of it agrees with how rules see them."""

from __future__ import annotations

import pytest

from explore.made import LOWER, UPPER
from rules.making import Files, Folder, Hard, Link, facts_of, layer
from seaslug.anatomy.rootfs import rootfs
from seaslug.explore.changes import Item, Mark, Pile, after, beside

F = Folder()
CASES: dict[str, tuple[tuple[Files, ...], dict[str, str]]] = {
    "added": (({"a": "1"}, {"b": "2"}), {"b": "+"}),
    "changed": (({"a": "1"}, {"a": "2"}), {"a": "~"}),
    "the same": (({"a": "1"}, {"a": "1"}), {"a": "="}),
    "removed": (({"a": "1"}, {".wh.a": ""}), {"a": "-"}),
    "a folder removed": (({"d": F, "d/a": "1", "d/e/f": "2"}, {".wh.d": ""}),
                         {"d": "-", "d/a": "-", "d/e/f": "-"}),
    "a folder that none names removed": (({"d/a": "1"}, {".wh.d": ""}), {"d/a": "-"}),
    "opaque": (({"d/a": "1", "d/b": "2"}, {"d/.wh..wh..opq": "", "d/b": "3"}),
               {"d/a": "-", "d/b": "~"}),
    "opaque after": (({"d/a": "1"}, {"d/b": "3", "d/.wh..wh..opq": ""}), {"d/a": "-", "d/b": "+"}),
    "opaque root": (({"a": "1"}, {".wh..wh..opq": "", "b": "2"}), {"a": "-", "b": "+"}),
    "a file for a folder": (({"d/a": "1", "d/b": "2"}, {"d": "x"}),
                            {"d": "+", "d/a": "-", "d/b": "-"}),
    "a link for a folder": (({"d": F, "d/a": "1", "e": F}, {"d": Link("e")}),
                            {"d": "~", "d/a": "-"}),
    "through a link": (({"usr/bin/x": "1", "bin": Link("usr/bin")}, {"bin/x": "2", "bin/y": "3"}),
                       {"usr/bin/x": "~", "usr/bin/y": "+"}),
    "removed through a link": (({"usr/bin/x": "1", "bin": Link("usr/bin")}, {"bin/.wh.x": ""}),
                               {"usr/bin/x": "-"}),
    "a hard link to below": (({"a": "1"}, {"b": Hard("a")}), {"b": "+"}),
    "removed and put back": (({"a": "1"}, {".wh.a": "", "a": "1"}), {"a": "="}),
    "nothing there to remove": (({"a": "1"}, {".wh.b": ""}), {}),
    "twice in one layer": (({"a": "1"}, {"b": "2", "b/": F}), {"b": "+"}),
}  # fmt: skip


def marks(items: tuple[Item, ...]) -> dict[str, str]:
    return {item.path: item.mark.value for item in items}


@pytest.mark.parametrize(("layers", "expected"), CASES.values(), ids=CASES)
def test_the_uppermost_layer_does(layers: tuple[Files, ...], expected: dict[str, str]) -> None:
    facts = [facts_of(layer(files)) for files in layers]
    pile = Pile()
    done = [pile.lay(one) for one in facts]
    assert marks(done[-1]) == expected
    placed = rootfs(facts).placed
    assert set(pile.merged) == {path for path in placed if path}
    assert after(done) == pile.merged
    assert {p: i.origin for p, i in pile.merged.items()} == {
        p: placed[p].origin for p in pile.merged
    }


def test_three_layers_and_what_the_last_one_leaves() -> None:
    pile = Pile()
    for files in ({"a": "1", "b": "2"}, {".wh.a": "", "c": "3"}, {"a": "4", "c": "3"}):
        pile.lay(facts_of(layer(files)))
    assert marks(pile.changes[2]) == {"a": "+", "c": "="}
    shown = beside(pile.changes)
    assert {path: item.mark for path, item in shown.items()} == {
        "a": Mark.ADDED, "b": Mark.BELOW, "c": Mark.SAME,
    }  # fmt: skip


def test_a_layer_that_is_passed_over_keeps_its_number() -> None:
    pile = Pile()
    pile.lay(facts_of(LOWER))
    pile.pass_over()
    pile.lay(facts_of(UPPER))
    assert pile.merged["app/more"].layer == 2
    assert pile.changes[1] == ()
