"""One package cut into one fragment: what is in it, and what its record says of it."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb.member import STATUS, MemberRecord, cut
from seaslug.deb.package import Deb
from seaslug.deb.select import Selection
from seaslug.errors import HostileError
from seaslug.tar.reader import members
from seaslug.values.tree import Tree
from support.debs import MTIME, Item, deb, folder, hard, link, tar

SHELL = b"#!/bin/sh\necho\n"
MERGED = Selection(usrmerge=True)
ITEMS = [
    folder("./"),
    folder("./bin/"),
    Item("./bin/tool", b"\x7fELF tool", mode=0o4755, mtime=MTIME + 9),
    folder("./usr/"),
    folder("./usr/bin/"),
    Item("./usr/bin/script", SHELL, mode=0o755),
    Item("./usr/bin/notes", SHELL, mode=0o644),
    link("./usr/bin/t", "../../bin/tool"),
    Item("./usr/share/doc/tool/changelog.gz", b"new"),
    Item("./usr/share/doc/tool/copyright", b"free"),
    Item("./var/lib/tool", b"", uid=7, gid=8),
]


class Pieces:
    """A package whose tar stream comes in chunks of given sizes."""

    def __init__(self, inner: Deb, sizes: list[int]) -> None:
        self.control, self.control_text = inner.control, inner.control_text
        self.md5sums = inner.md5sums
        self._raw = b"".join(bytes(chunk) for chunk in inner.data())
        self._sizes = sizes

    def data(self, map: object = map) -> list[memoryview]:
        found, at = [], 0
        for size in [*self._sizes, len(self._raw)] * 2000:
            if at >= len(self._raw):
                break
            found.append(memoryview(self._raw)[at : at + size])
            at += size
        return found


def package(items: list[Item], **more: object) -> Deb:
    return Deb(memoryview(deb("tool", items=items, **more).raw))


def fragment(source: object, selection: Selection, **more: bool) -> tuple[bytes, MemberRecord]:
    cutting = cut(source, selection, **more)
    raw = b"".join(bytes(chunk) for chunk in cutting.chunks())
    return raw, cutting.record


def lines(items: list[Item], selection: Selection, tmp: Path, **more: object) -> list[str]:
    """Return the tree that is cut from *items*, the same from the record and from the bytes."""
    raw, record = fragment(package(items, **more), selection)
    (tmp / "blob").write_bytes(raw)
    tree = Tree(record.tree(str(tmp / "blob")))
    assert [m.path for m in members([raw])] == [row[0] for row in record.entries]
    for member in members([raw]):
        entry = tree.get(member.path)
        assert entry is not None
        assert b"".join(map(bytes, member.content)) == entry.read()
        assert (member.kind, member.mode, member.mtime) == (entry.kind, entry.mode, entry.mtime)
    return [line for line in tree.lines() if not line.startswith(f"/{STATUS}")]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def listing(raw: bytes) -> list[str]:
    """Return the paths of the md5sums in a fragment."""
    found = {m.path: b"".join(map(bytes, m.content)) for m in members([raw])}
    return [row[34:] for row in found[f"{STATUS}/tool.md5sums"].decode().splitlines()]


def test_everything(tmp_path: Path) -> None:
    assert lines(ITEMS, Selection(), tmp_path) == [
        f"/bin/tool: file 4755 0:0 {sha(ITEMS[2].data)}",
        f"/usr/bin/notes: file 0644 0:0 {sha(SHELL)}",
        f"/usr/bin/script: file 0755 0:0 {sha(SHELL)}",
        "/usr/bin/t: link 0777 0:0 -> ../../bin/tool",
        f"/usr/share/doc/tool/changelog.gz: file 0644 0:0 {sha(b'new')}",
        f"/usr/share/doc/tool/copyright: file 0644 0:0 {sha(b'free')}",
        f"/var/lib/tool: file 0644 7:8 {sha(b'')}",
    ]


def test_a_selection(tmp_path: Path) -> None:
    selection = Selection(
        drop=("usr/share/doc/**", "var/**"), keep=("usr/share/doc/*/copyright",),
        moves=(("bin/tool", "bin/other"),), scripts=False, usrmerge=True,
    )  # fmt: skip
    assert lines(ITEMS, selection, tmp_path) == [
        f"/usr/bin/notes: file 0644 0:0 {sha(SHELL)}",
        f"/usr/bin/other: file 4755 0:0 {sha(ITEMS[2].data)}",
        "/usr/bin/t: link 0777 0:0 -> ../../bin/tool",
        f"/usr/share/doc/tool/copyright: file 0644 0:0 {sha(b'free')}",
    ]


def test_the_record() -> None:
    _, record = fragment(package(ITEMS), MERGED)
    assert (record.package, record.version, record.arch) == ("tool", "1.0-1", "amd64")
    assert record.mtime == MTIME + 9
    assert [row[0] for row in record.directories] == ["usr/bin", "usr", "usr/bin"]
    assert list(record.paths)[-1] == f"{STATUS}/tool.md5sums"


def test_the_record_survives_json() -> None:
    pax = {"SCHILY.xattr.security.capability": "\x01é"}
    items = [folder("./"), Item("./a", b"x", pax=pax), Item("./b")]
    data_tar = tar(items, fmt=tarfile.PAX_FORMAT)
    raw, record = fragment(package([], data_tar=data_tar), Selection())
    back = MemberRecord.from_dict(json.loads(json.dumps(record.to_dict())))
    assert back == record
    assert back.directory_entries() == record.directory_entries()
    (first,) = [e for e in back.tree("nowhere") if e.path == "a"]
    assert first.xattrs == (("security.capability", "\x01é".encode()),)
    assert [m.xattrs for m in members([raw]) if m.path == "a"] == [first.xattrs]


def test_status_says_what_is_there() -> None:
    """What was left out is in no list, so scanners neither miss nor invent."""
    source = package(ITEMS, fields={"Source": "tools"})
    raw, _ = fragment(source, Selection(drop=("usr/share/**",), scripts=False, usrmerge=True))
    found = {m.path: b"".join(map(bytes, m.content)) for m in members([raw])}
    assert found[f"{STATUS}/tool"].decode() == source.control_text
    assert "Source: tools" in source.control_text
    assert listing(raw) == ["usr/bin/notes", "usr/bin/tool", "var/lib/tool"]


def test_sums_are_computed_where_the_package_has_none() -> None:
    with_sums, _ = fragment(package(ITEMS), MERGED)
    without, _ = fragment(package(ITEMS, md5sums=False), MERGED)
    assert with_sums == without


def test_no_status() -> None:
    raw, record = fragment(package(ITEMS), Selection(only=("bin/tool",)), status=False)
    assert [row[0] for row in record.entries] == ["bin/tool"]
    assert [m.path for m in members([raw])] == ["bin/tool"]


@pytest.mark.parametrize("items", [[], [folder("./")]])
def test_a_package_without_files_is_still_listed(items: list[Item]) -> None:
    raw, record = fragment(package(items), Selection())
    assert list(record.paths) == [f"{STATUS}/tool", f"{STATUS}/tool.md5sums"]
    assert listing(raw) == []


@pytest.mark.parametrize("name", ["", "../../../etc/cron.d/x", "a/b", ".", "a b", "tool\nx"])
def test_a_package_whose_name_would_escape(name: str) -> None:
    source = Pieces(package(ITEMS), [])
    source.control = {**source.control, "Package": name}
    with pytest.raises(HostileError, match="a package called"):
        fragment(source, Selection())


HARD = [folder("./"), Item("./a", b"content", mode=0o755), hard("./b", "./a"), hard("./c", "./a")]
SCRIPTS = [folder("./"), Item("./a", SHELL, mode=0o755)]


@pytest.mark.parametrize(
    ("drop", "expected"),
    [
        ((), ["/a: file CONTENT", "/b: hard -> a", "/c: hard -> a"]),
        (("b",), ["/a: file CONTENT", "/c: hard -> a"]),
        # The first link that is left becomes the file.
        (("a",), ["/b: file CONTENT", "/c: hard -> b"]),
        (("a", "b"), ["/c: file CONTENT"]),
        (("a", "b", "c"), []),
    ],
)
def test_hard_links(drop: tuple[str, ...], expected: list[str], tmp_path: Path) -> None:
    found = lines(HARD, Selection(drop=drop), tmp_path)
    plain = [line.replace(" 0755 0:0", "").replace(" 0644 0:0", "") for line in found]
    assert [line.replace(sha(b"content"), "CONTENT") for line in plain] == expected


def test_hard_links_follow_moves(tmp_path: Path) -> None:
    items = [folder("./"), Item("./bin/a", b"x"), hard("./bin/b", "./bin/a")]
    found = lines(items, Selection(moves=(("bin/a", "opt/a"),), usrmerge=True), tmp_path)
    assert found == [f"/opt/a: file 0644 0:0 {sha(b'x')}", "/usr/bin/b: hard 0644 0:0 -> opt/a"]


def test_hard_links_of_scripts_go_with_them(tmp_path: Path) -> None:
    items = [
        *SCRIPTS,
        *(Item(f"./{n}", kind=tarfile.LNKTYPE, mode=0o755, target="./a") for n in "bc"),
    ]
    assert lines(items, Selection(scripts=False), tmp_path) == []


@pytest.mark.parametrize(
    "items",
    [
        [hard("./b", "./nowhere")],
        [hard("./b", "./b")],
        [hard("./b", "./a"), Item("./a", b"x")],
        [Item("./", b"x")],
        [link("./", "x")],
        [Item("../x", b"x")],
        [Item("./dev", kind=tarfile.CHRTYPE)],
    ],
    ids=["nowhere", "itself", "later", "root", "root link", "escape", "device"],
)
def test_hostile_packages(items: list[Item]) -> None:
    with pytest.raises(HostileError):
        fragment(Pieces(package(items), []), Selection())


def test_a_move_onto_the_root() -> None:
    with pytest.raises(HostileError, match="root"):
        fragment(package([Item("./a", b"x")]), Selection(moves=(("a", ""),)))


WHOLE = package([*ITEMS, *HARD[1:], Item("./big", b"0123456789" * 400)])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=6))
def test_bytes_do_not_depend_on_the_chunks(sizes: list[int]) -> None:
    selection = Selection(drop=("a", "usr/share/**"), scripts=False, usrmerge=True)
    assert fragment(Pieces(WHOLE, sizes), selection) == fragment(WHOLE, selection)


def test_a_script_is_known_even_if_its_first_line_comes_in_pieces() -> None:
    items = [Item("./usr/bin/s", SHELL + b"#" * 2000, mode=0o755)]
    _, record = fragment(Pieces(package(items), [512, 3, 2, 1]), Selection(scripts=False))
    assert "usr/bin/s" not in record.paths


@pytest.mark.parametrize("kind", ["", ".gz", ".xz", ".zst"])
def test_bytes_do_not_depend_on_the_package_compression(kind: str) -> None:
    assert fragment(package(ITEMS, data=kind), MERGED) == fragment(package(ITEMS), MERGED)
