"""What tells two images apart."""

from __future__ import annotations

from typing import Any

import pytest

from anatomy.made import OURS, SLIM, STATUS, ours, slim
from ops.compare.test_tables import layers
from rules.making import File, Folder, Hard, Item, Link, specimen
from seaslug.anatomy.difference import Difference
from seaslug.ops.attribution import attributed, by_layer, by_package
from seaslug.ops.compare.diff import Side, difference
from seaslug.report.compare import diff as report
from seaslug.rules.specimen import Specimen


def between(old: Specimen, new: Specimen) -> Difference:
    return difference(Side(old, layers(1)), Side(new, layers(1)))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a", "a", []),
        ("a", "b", [("~", ("content",))]),
        ("a", File("a", 0o600), [("~", ("mode 0644 → 0600",))]),
        ("a", File("a", uid=5, gid=7), [("~", ("owner 0:0 → 5:7",))]),
        ("a", File("b", 0o755, 1), [("~", ("content", "mode 0644 → 0755", "owner 0:0 → 1:0"))]),
        ("a", Link("b"), [("~", ("file → link",))]),
        (Link("a"), Link("b"), [("~", ("a → b",))]),
        ("same", Hard("twin"), []),
        ("other", Hard("twin"), [("~", ("content",))]),
        (Folder(0o755), Folder(0o1777), [("~", ("mode 0755 → 1777",))]),
        ("a", File("a", xattrs={"user.x": "1"}), [("~", ("extended attributes",))]),
        (None, "a", [("+", ())]),
        ("a", None, [("-", ())]),
    ],
)
def test_files(before: Item | None, after: Item | None, expected: list[Any]) -> None:
    def made(item: Item | None) -> Specimen:
        return specimen({"twin": "same", **({"x": item} if item is not None else {})})

    found = between(made(before), made(after))
    assert [(change.sign, change.how) for change in found.files] == expected
    assert found.same == (not expected)


def test_times_do_not_count_nor_does_how_it_is_cut_into_layers() -> None:
    one = specimen({"a": "1", "b": "2"})
    two = specimen({"b": "2"}, layers=[{"c": "3", "a": "1"}, {".wh.c": ""}])
    found = difference(Side(one, layers(10)), Side(two, layers(20, 30, 10)))
    assert found.same
    assert (found.shared, found.layers, found.fetch, found.size) == (1, (1, 3), 50, (10, 60))


def test_what_is_fetched_and_what_is_stored() -> None:
    def made(names: str, *sizes: int) -> Side:
        told = {"rootfs": {"diff_ids": [f"sha256:{name}" for name in names]}}
        rest = [{name: name * 100} for name in names]
        return Side(specimen(rest[0], layers=rest[1:], blob=told), layers(*sizes))

    found = difference(made("abc", 5, 7, 9), made("abdc", 5, 8, 2, 9))
    assert (found.shared, found.alike, found.fetch, found.stored) == (2, 1, 10, 200)
    assert "2 of 4 shared, 1 more compressed otherwise; who has example fetches 10 B, " in (
        report.text(found)
    )
    assert difference(made("ab", 1, 2), made("ab", 3, 4)).stored == 0
    assert difference(made("ab", 1, 2), made("a", 1)).stored == 0


def test_packages_and_their_files() -> None:
    newer = STATUS.replace("5.2.15-2", "5.2.15-9").replace("gone", "come")
    newer = newer.replace("deinstall ok config-files", "install ok installed")
    new = specimen({**SLIM, "var/lib/dpkg/status": newer, "usr/bin/bash": File("new", 0o755)})
    found = between(slim(), new)
    assert [(p.sign, p.name, p.before, p.after) for p in found.packages] == [
        ("~", "bash", "5.2.15-2", "5.2.15-9"), ("+", "come", "", "1"),
    ]  # fmt: skip
    assert list(found.by_package()) == ["bash", ""], "nobody's files come last"
    assert found.as_dict()["files"][0] == {
        "path": "/usr/bin/bash", "package": "bash", "change": "changed",
        "before": len(SLIM["usr/bin/bash"].data), "after": 3, "how": ["content"],  # type: ignore[union-attr]
    }  # fmt: skip


def test_the_configuration_field_by_field() -> None:
    old = specimen({}, {"Env": ["A=1", "B=2"], "User": "0", "Labels": {"x": "1", "y": "2"}})
    new = specimen(
        {}, {"Env": ["B=2", "A=3", "C="], "Cmd": ["run"], "Labels": {"x": "1", "z": ""},
             "ExposedPorts": {"80/tcp": {}}}, blob={"created": "2027-01-01T00:00:00Z"},
    )  # fmt: skip
    found = between(old, new)
    assert [(c.sign, c.name, c.before, c.after) for c in found.config] == [
        ("+", "Cmd", "", '["run"]'), ("~", "Env.A", "1", "3"), ("+", "Env.C", "", '""'),
        ("+", "ExposedPorts.80/tcp", "", "{}"), ("-", "Labels.y", "2", ""),
        ("+", "Labels.z", "", '""'), ("-", "User", "0", ""),
        ("+", "created", "", "2027-01-01T00:00:00Z"),
    ]  # fmt: skip


def test_the_text_shows_the_heaviest_files_of_a_package() -> None:
    new = specimen({f"f{n:02}": "x" * n for n in range(1, 30)})
    found = between(specimen({}), new)
    text = report.text(found)
    assert "of no package: 29 paths, +435 B" in text
    assert "/f29" in text and "/f19" not in text and "… and 19 more" in text
    assert "/f01" in report.text(found, 0) and "more" not in report.text(found, 0)
    assert "29 added, 0 removed, 0 changed" in text


def test_markdown_cannot_be_broken_by_names() -> None:
    found = between(specimen({}), specimen({"a|b`<b>_x_\n# y": "1"}, {"Labels": {"|": "]("}}))
    text = report.markdown(found)
    assert "a\\|b\\`\\<b\\>\\_x\\_\N{REPLACEMENT CHARACTER}# y" in text
    assert "| Labels.\\| |" in text and "\n# y" not in text


def test_sums_by_package_and_by_layer() -> None:
    files, owned = attributed(ours())
    history = ["base layer", "app layer", "settings"]
    found = {one.name: one for one in by_package(files, owned, history)}
    assert found["greeter"].why == ("level app", "hello", "greeter")
    assert found["libgreet"].why == ("level base", "libgreet")
    assert (found[""].why, found[""].layers) == (("settings",), (2,))
    total = sum(one.size for one in found.values())
    assert total == sum(item.entry.size for item in files)
    rows = by_layer(files, layers(1, 2, 3), history)
    assert [(one.name, one.why) for one in rows] == [
        ("0", ("base layer",)), ("1", ("app layer",)), ("2", ("settings",)),
    ]  # fmt: skip
    assert sum(one.size for one in rows) == total
    assert len(rows[0].files) == len([p for p in OURS[0] if "." in p or "/" in p])
