"""Bytes that nobody sees, and bytes that are there twice; dive's numbers beside ours."""

from __future__ import annotations

import pytest

from rules.making import File, Files, Folder, Hard, specimen
from seaslug.anatomy.waste import DiveWaste, Waste, as_dive, waste

A, B = "a" * 100, "b" * 30

CASES: dict[str, tuple[list[Files], Waste, DiveWaste]] = {
    "nothing": ([{"a": A}, {"b": B}], Waste(0, 0), DiveWaste(0, 1.0)),
    "replaced": ([{"a": A}, {"a": B}], Waste(100, 0), DiveWaste(130, 30 / 130)),
    "touched": ([{"a": A}, {"a": File(A, 0o600)}], Waste(100, 0), DiveWaste(200, 0.5)),
    "removed": ([{"a": A}, {".wh.a": ""}], Waste(100, 0), DiveWaste(100, 0.0)),
    "folder removed": (
        [{"d": Folder(), "d/a": A, "d/b": B}, {".wh.d": ""}], Waste(130, 0), DiveWaste(0, 1.0)
    ),
    "emptied": (
        [{"d": Folder(), "d/a": A}, {"d": Folder(), "d/.wh..wh..opq": ""}],
        Waste(100, 0), DiveWaste(0, 1.0),
    ),
    "twice": ([{"a": A, "b": A}], Waste(0, 100), DiveWaste(0, 1.0)),
    "thrice": ([{"a": A}, {"b": A, "c": A}], Waste(0, 200), DiveWaste(0, 1.0)),
    "hard link": ([{"a": A, "b": Hard("a")}], Waste(0, 0), DiveWaste(0, 1.0)),
    "hard link outlives": (
        [{"a": A, "b": Hard("a")}, {".wh.a": ""}], Waste(0, 0), DiveWaste(100, 0.0)
    ),
    "a whiteout of nothing": ([{"a": A}, {".wh.b": "", "a": B}], Waste(100, 0), DiveWaste(0, 0.99)),
    "empty image": ([{}], Waste(0, 0), DiveWaste(0, 1.0)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_waste(case: str) -> None:
    layers, ours, dives = CASES[case]
    root = specimen(layers[0], layers=layers[1:]).root
    assert waste(root) == ours
    assert waste(root).total == ours.hidden + ours.repeated
    found = as_dive(root.layers)
    assert found.efficiency == pytest.approx(dives.efficiency)
    assert found.inefficient == dives.inefficient
