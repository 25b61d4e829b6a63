"""The tar reader: agrees with tarfile on what is sound, refuses all the rest."""

from __future__ import annotations

import contextlib
import tarfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.errors import HostileError
from seaslug.tar.reader import Limits, members
from support.debs import Item, folder, hard, link, tar

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "hard",
}

Seen = dict[str, Any]


def seen(raw: bytes, sizes: tuple[int, ...] = (), limits: Limits | None = None) -> list[Seen]:
    """Read *raw*, cut into chunks of *sizes* in turn, and return all that the members say."""
    found = []
    for member in members(_cut(raw, sizes), limits):
        found.append(
            {
                "path": member.path, "kind": member.kind.value, "mode": member.mode,
                "uid": member.uid, "gid": member.gid, "mtime": member.mtime,
                "target": member.target, "xattrs": member.xattrs,
                "data": b"".join(bytes(piece) for piece in member.content),
            }
        )  # fmt: skip
    return found


def _cut(raw: bytes, sizes: tuple[int, ...]) -> list[bytes]:
    pieces, at, turn = [], 0, 0
    while at < len(raw):
        size = sizes[turn % len(sizes)] if sizes else len(raw)
        pieces.append(raw[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


def expected(item: Item) -> Seen:
    """Return what *item* must be read as: what was given to tarfile."""
    kind = KINDS[item.kind]
    return {
        "path": item.path.strip("/").removeprefix("./"), "kind": kind, "mode": item.mode,
        "uid": item.uid, "gid": item.gid, "mtime": item.mtime,
        "target": item.target, "data": item.data,
        "xattrs": tuple(sorted(
            (key.removeprefix("SCHILY.xattr."), value.encode("utf-8", "surrogateescape"))
            for key, value in item.pax.items()
        )),
    }  # fmt: skip


def part(size: int) -> st.SearchStrategy[str]:
    letters = st.sampled_from("ab é\n=\\世") if size > 4 else st.sampled_from("ab")
    return st.text(letters, min_size=1, max_size=size).map(lambda text: "p" + text)


def items(fmt: str) -> st.SearchStrategy[Item]:
    plain = fmt == "ustar"
    long = st.lists(part(3 if plain else 60), min_size=1, max_size=3 if plain else 7)
    paths = long.map("/".join)
    numbers = st.integers(0, 0o7777777 if plain else 2**31)
    times = st.integers(0, 0o77777777777 if plain else 2**34)
    shared = {"mode": st.integers(0, 0o7777), "uid": numbers, "gid": numbers, "mtime": times}
    pax = st.just({})
    if fmt == "pax":
        pax = st.dictionaries(
            st.sampled_from(["security.capability", "user.é", "user.a b"]).map(
                lambda name: f"SCHILY.xattr.{name}"
            ),
            st.text(st.sampled_from("ab=\n é"), max_size=9),
            max_size=2,
        )
    return st.one_of(
        st.builds(Item, paths, st.binary(max_size=1200), pax=pax, **shared),
        st.builds(Item, paths.map(lambda p: p + "/"), kind=st.just(tarfile.DIRTYPE), **shared),
        st.builds(
            Item, paths, kind=st.just(tarfile.SYMTYPE),
            target=st.sampled_from(["../", "/", ""]).flatmap(lambda up: paths.map(up.__add__)),
            **shared,
        ),
        st.builds(Item, paths, kind=st.just(tarfile.LNKTYPE), target=paths, **shared),
    )  # fmt: skip


@pytest.mark.parametrize("fmt", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_tarfile_writes_is_read(fmt: str, data: st.DataObject) -> None:
    found = data.draw(st.lists(items(fmt), max_size=6))
    sizes = data.draw(st.lists(st.integers(1, 1500), max_size=3))
    raw = tar(found, fmt=FORMATS[fmt])
    assert seen(raw, tuple(sizes)) == [expected(item) for item in found]


@pytest.mark.parametrize("fmt", FORMATS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_changed_bytes_are_read_or_refused(fmt: str, data: st.DataObject) -> None:
    """The checksum is put right again, so that what is behind it gets to see the change."""
    raw = bytearray(tar(data.draw(st.lists(items(fmt), min_size=1, max_size=3)), fmt=FORMATS[fmt]))
    for _ in range(data.draw(st.integers(1, 3))):
        block = data.draw(st.integers(0, min(len(raw) // 512 - 1, 8))) * 512
        at = block + data.draw(st.integers(0, 511))
        raw[at] = data.draw(st.sampled_from([0, 0x20, 0x2D, 0x2F, 0x39, 0x78, 0x80, 0xFF]))
        if data.draw(st.booleans()):
            raw[block : block + 512] = summed(bytes(raw[block : block + 512]))
    with contextlib.suppress(HostileError):
        seen(bytes(raw))


@settings(deadline=None)
@given(st.binary(max_size=1600))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(HostileError):
        seen(raw)


def summed(block: bytes) -> bytes:
    """Return the header *block* with the checksum that it needs."""
    blank = block[:148] + b" " * 8 + block[156:]
    return block[:148] + b"%06o\0 " % sum(blank) + block[156:]


def changed(raw: bytes, at: int, new: bytes) -> bytes:
    """Return *raw* with its first header changed at *at*, the checksum put right."""
    return summed(raw[:at] + new + raw[at + len(new) : 512]) + raw[512:]


def pax(fields: dict[str, str], path: str = "f") -> bytes:
    return tar([Item(path, b"x", pax=fields)], fmt=tarfile.PAX_FORMAT)


ONE = tar([Item("f", b"content")])
HOSTILE = {
    "a parent": tar([Item("../f")]),
    "a parent inside": tar([Item("a/../../f")]),
    "a parent that stays inside": tar([Item("a/b/../f")]),
    "a parent at the end": tar([folder("a/..")]),
    "an absolute path": tar([Item("/etc/passwd")]),
    "a parent in a long name": tar([Item("a/" * 60 + "../" * 70 + "f")]),
    "a parent in a pax path": pax({"path": "../f"}),
    "an absolute pax path": pax({"path": "/f"}),
    "a path with a zero byte": pax({"path": "a\0b"}),
    "a path that is too long": pax({"path": "a/" * 3000}),
    "a hard link to a parent": tar([hard("f", "../g")]),
    "a hard link to an absolute path": tar([hard("f", "/etc/shadow")]),
    "a hard link to a parent in pax": tar(
        [Item("f", kind=tarfile.LNKTYPE, pax={"linkpath": "../../g"})], fmt=tarfile.PAX_FORMAT
    ),
    "a link to nothing": tar([link("f", "")]),
    "a link with a zero byte": tar(
        [Item("f", kind=tarfile.SYMTYPE, pax={"linkpath": "a\0b"})], fmt=tarfile.PAX_FORMAT
    ),
    "a link that is too long": tar([link("f", "a/" * 3000)]),
    "a character device": tar([Item("f", kind=tarfile.CHRTYPE)]),
    "a block device": tar([Item("f", kind=tarfile.BLKTYPE)]),
    "a FIFO": tar([Item("f", kind=tarfile.FIFOTYPE)]),
    "a GNU sparse file": changed(ONE, 156, b"S"),
    "a pax sparse file": pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}),
    "a volume": changed(ONE, 156, b"V"),
    "an unknown type": changed(ONE, 156, b"?"),
    "a wrong checksum": ONE[:148] + b"000000\0 " + ONE[156:],
    "a checksum that is no number": ONE[:148] + b"sixteen " + ONE[156:],
    "a changed name": b"g" + ONE[1:],
    "a size that is no number": changed(ONE, 124, b"12345abc9012"),
    "a negative size": changed(ONE, 124, b"-0000000001\0"),
    "a negative binary size": changed(ONE, 124, b"\xff" * 12),
    "a huge binary size": changed(ONE, 124, b"\x80" + b"\xff" * 11),
    "a size beyond the end": changed(ONE, 124, b"77777777777\0"),
    "a negative pax size": pax({"size": "-1"}),
    "a pax size that is no number": pax({"size": "1e3"}),
    "a pax size of other digits": pax({"size": "١"}),
    "a huge pax size": pax({"size": "9" * 18}),
    "a huge pax uid": pax({"uid": "9" * 40}),
    "a pax time that is no number": pax({"mtime": "soon"}),
    "a pax time that is not a number": pax({"mtime": "nan"}),
    "an infinite pax time": pax({"mtime": "inf"}),
    "an endless pax time": pax({"mtime": "1e400"}),
    "a huge pax time": pax({"mtime": "1e300"}),
    "a pax header that is none": changed(ONE, 156, b"x"),
    "a pax header that is too long": changed(ONE, 124, b"%011o\0x" % (2 << 20))[:156]
    + changed(changed(ONE, 124, b"%011o\0" % (2 << 20)), 156, b"x")[156:],
    "not a tar at all": b"PK\3\4" + bytes(600),
    "half a header": ONE[:100],
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_streams_are_refused(raw: bytes) -> None:
    with pytest.raises(HostileError):
        seen(raw)


@pytest.mark.parametrize("at", [1, 511, 512, 515, 519, 520, 1023])
def test_a_stream_that_is_cut_short(at: int) -> None:
    with pytest.raises(HostileError):
        seen(ONE[:at] if at != 512 else ONE[:512])


@pytest.mark.parametrize("raw", [b"", ONE[:1024], ONE[:1536], ONE + b"rubbish after the end"])
def test_ends_that_are_sound(raw: bytes) -> None:
    """Fragments have no end of archive; what stands behind one is nobody's."""
    assert [m["path"] for m in seen(raw)] == (["f"] if raw else [])


@pytest.mark.parametrize(
    ("name", "path"),
    [("./", ""), (".", ""), ("./a", "a"), ("a//b", "a/b"), ("./a/./b/", "a/b"), ("..a", "..a")],
)
def test_paths_are_made_plain(name: str, path: str) -> None:
    assert [m["path"] for m in seen(tar([folder(name)]))] == [path]


@pytest.mark.parametrize(("typeflag", "kind"), [(b"\0", "file"), (b"7", "file")])
def test_old_types(typeflag: bytes, kind: str) -> None:
    (found,) = seen(changed(ONE, 156, typeflag))
    assert (found["kind"], found["data"]) == (kind, b"content")


def test_names_that_are_not_utf8_survive() -> None:
    (found,) = seen(changed(ONE, 0, b"\xff\xfe"))
    assert found["path"].encode("utf-8", "surrogateescape") == b"\xff\xfe"


def test_a_global_header_holds_for_all_and_is_overruled() -> None:
    raw = b"".join(
        (
            tarfile.TarInfo.create_pax_global_header({"uid": "77"}),
            tar([Item("a")])[:512],
            pax({"uid": "78"}, "b")[: 512 * 4],
            tar([Item("c")]),
        )
    )
    assert [(m["path"], m["uid"]) for m in seen(raw)] == [("a", 77), ("b", 78), ("c", 77)]


def test_the_fraction_of_a_time_is_dropped() -> None:
    assert seen(pax({"mtime": "1700000000.999999999"}))[0]["mtime"] == 1700000000


@pytest.mark.parametrize(
    "limits",
    [Limits(members=9), Limits(total=9 * 7), Limits(path=3)],
    ids=["members", "total", "path"],
)
def test_limits(limits: Limits) -> None:
    raw = tar([Item(f"file{n}", b"content") for n in range(10)])
    assert len(seen(raw)) == 10
    with pytest.raises(HostileError):
        seen(raw, limits=limits)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L"])
def test_headers_without_a_member_count_too(kind: bytes) -> None:
    """Else a stream of nothing but extended headers would be read for ever."""
    if kind == b"L":
        one = changed(tar([Item("f", b"longname\0")])[:1024], 156, kind)
    else:
        one = changed(tar([Item("f", b"11 key=abc\n")])[:1024], 156, kind)
    assert len(seen(one * 5 + ONE)) == 1
    with pytest.raises(HostileError, match="more than 100 members"):
        seen(one * 101 + ONE, limits=Limits(members=100))


def test_headers_that_wait_for_a_member_are_bounded() -> None:
    one = pax({"comment": "x" * 400_000})
    header = one[: one.rindex(b"\0ustar") // 512 * 512]
    assert len(seen(header * 2 + ONE)) == 1
    with pytest.raises(HostileError, match="extended headers of"):
        seen(header * 3 + ONE)
    # A member ends the wait.
    assert len(seen((header + ONE[:1024]) * 5)) == 5


def test_content_that_nobody_reads_is_skipped() -> None:
    raw = tar([Item("a", b"x" * 1500), Item("b", b"y")])
    assert [m.path for m in members(_cut(raw, (700,)))] == ["a", "b"]


@pytest.mark.parametrize(
    ("typeflag", "what"),
    [(b"3", "a character device"), (b"4", "a block device"), (b"6", "a FIFO")],
)
def test_devices_and_fifos_may_be_told_instead(typeflag: bytes, what: str) -> None:
    told: list[tuple[str, str]] = []
    raw = changed(tar([Item("odd")])[:512], 156, typeflag) + tar([Item("after", b"x")])
    found = [m.path for m in members([raw], odd=lambda *one: told.append(one))]
    assert (found, told) == (["after"], [("odd", what)])
    with pytest.raises(HostileError):
        list(members([raw]))
