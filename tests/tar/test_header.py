"""Headers: what we write is read back equal by tarfile, by GNU tar and by our own reader."""

from __future__ import annotations

import hashlib
import io
import itertools
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.tar.reader import members
from seaslug.tar.writer import BLOCK, END, fragment, header
from seaslug.values.content import FileSlice, Inline
from seaslug.values.tree import Entry, Kind, Tree, directory, file, symlink
from support.real import need

LONG = "a" * 60
names = st.text(st.sampled_from("ab é\n=世"), min_size=1, max_size=70).map(lambda text: "n" + text)
paths = st.lists(names, min_size=1, max_size=6).map("/".join)
numbers = st.integers(0, 3) | st.sampled_from([65534, 0o7777777, 0o10000000, 2**31, 2**32 - 2])
times = st.integers(0, 3) | st.sampled_from([1_700_000_000, 2**31, 0o77777777777, 2**34])
owned = {"mode": st.integers(0, 0o7777), "uid": numbers, "gid": numbers, "mtime": times}
xattrs = st.dictionaries(
    st.sampled_from(["security.capability", "user.a", "user.é"]), st.binary(max_size=9), max_size=2
).map(lambda found: tuple(sorted(found.items())))
files = st.builds(
    Entry, paths, st.just(Kind.FILE), target=st.just(""),
    content=st.binary(max_size=1100).map(Inline), xattrs=xattrs, **owned,
)  # fmt: skip
folders = st.builds(Entry, paths, st.just(Kind.DIR), target=st.just(""), xattrs=xattrs, **owned)
links = st.builds(
    Entry, paths, st.sampled_from([Kind.SYMLINK, Kind.HARDLINK]), target=paths, **owned
)
entries = st.lists(files | folders | links, max_size=5)

TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.DIR: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARDLINK: tarfile.LNKTYPE,
}


def written(found: list[Entry] | Tree) -> bytes:
    return b"".join(fragment(found)) + END


@settings(deadline=None)
@given(entries)
def test_tarfile_reads_what_we_write(found: list[Entry]) -> None:
    raw = written(found)
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        infos = archive.getmembers()
        contents = [_content(raw, info) for info in infos]
    assert [
        (i.name, i.type, i.mode, i.uid, i.gid, i.mtime, i.linkname, c)
        for i, c in zip(infos, contents, strict=True)
    ] == [(e.path, TYPES[e.kind], e.mode, e.uid, e.gid, e.mtime, e.target, e.read()) for e in found]
    shown = [
        {
            key.removeprefix("SCHILY.xattr."): value.encode("utf-8", "surrogateescape")
            for key, value in info.pax_headers.items()
            if key.startswith("SCHILY.xattr.")
        }
        for info in infos
    ]
    assert shown == [dict(entry.xattrs) for entry in found]


def _content(raw: bytes, info: tarfile.TarInfo) -> bytes:
    return raw[info.offset_data : info.offset_data + info.size]


@settings(deadline=None)
@given(entries)
def test_our_reader_reads_what_we_write(found: list[Entry]) -> None:
    back = [
        Entry(
            m.path, m.kind, m.mode, m.uid, m.gid, m.mtime, m.target,
            Inline(b"".join(map(bytes, m.content))) if m.kind is Kind.FILE else None, m.xattrs,
        )
        for m in members([written(found)])
    ]  # fmt: skip
    assert back == found


@settings(deadline=None)
@given(entries, st.randoms())
def test_bytes_do_not_depend_on_the_order_of_making(found: list[Entry], shuffled: object) -> None:
    unique = list({entry.path: entry for entry in found}.values())
    mixed = list(unique)
    shuffled.shuffle(mixed)  # type: ignore[attr-defined]
    assert written(Tree(unique)) == written(Tree(mixed))


@settings(deadline=None)
@given(entries, st.lists(st.integers(0, 5), max_size=3))
def test_fragments_may_be_joined(found: list[Entry], cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(found)) for cut in cuts), len(found)]
    parts = [found[a:b] for a, b in itertools.pairwise(bounds)]
    assert b"".join(b"".join(fragment(p)) for p in parts) == b"".join(fragment(found))


@pytest.mark.parametrize(
    ("path", "blocks"),
    [
        ("a", 1),
        ("a" * 100, 1),
        ("a" * 101, 3),
        (f"{LONG}/{LONG}", 1),
        (f"{'a' * 155}/{'b' * 100}", 1),
        (f"{'a' * 156}/{'b' * 100}", 3),
        (f"{'a' * 155}/{'b' * 101}", 3),
        ("é", 3),
    ],
)
def test_pax_headers_are_there_only_where_they_are_needed(path: str, blocks: int) -> None:
    assert len(header(file(path, b""))) == blocks * BLOCK


@pytest.mark.parametrize("size", range(60, 130))
def test_records_of_every_length(size: int) -> None:
    """The length of a PAX record counts its own digits."""
    path = "é" + "a" * size
    (found,) = members([header(file(path, b""))])
    assert found.path == path


def test_headers_are_plain_posix() -> None:
    block = header(file("etc/passwd", b"root", 0o644, mtime=1, uid=7))
    assert block[257:265] == b"ustar\x0000"
    assert block[265:329] == bytes(64), "owner names depend on no machine"
    assert block[100:136] == b"0000644\x000000007\x000000007\x0000000000004\x00"


def test_the_golden_header() -> None:
    """Frozen by the format version: a change here changes every digest there is."""
    tree = Tree([
        directory("etc", mtime=1_700_000_000),
        file("etc/passwd", b"root:x:0:0::/root:/sbin/nologin\n", mtime=1_700_000_000),
        symlink("bin", "usr/bin", mtime=1_700_000_000),
        file(f"usr/{LONG}/{LONG}/é", b"", 0o4755, mtime=1_700_000_000, uid=65532),
    ])  # fmt: skip
    assert (
        hashlib.sha256(written(tree)).hexdigest()
        == "f4d5d69f66813096ee7b9915b73d53d25e6a72e84c33161aea9014e03cecffb0"
    )


def test_what_tar_cannot_hold_is_made_to_fit() -> None:
    """Times before 1970 become 1970; file type bits are no permissions."""
    (found,) = members([header(Entry("a", Kind.FILE, 0o100644, mtime=-5))])
    assert (found.mode, found.mtime) == (0o644, 0)


@pytest.mark.parametrize("mtime", [0o77777777777, 0o77777777777 + 1, 2**40, 10**17])
def test_times_far_ahead(mtime: int) -> None:
    raw = header(Entry("a", Kind.DIR, 0o755, mtime=mtime))
    assert len(raw) % BLOCK == 0
    assert [m.mtime for m in members([raw])] == [mtime]


def test_a_file_that_is_huge() -> None:
    raw = header(Entry("a", Kind.FILE, 0o644, content=FileSlice("nowhere", 0, 0o100000000000)))
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        info = archive.next()
    assert info is not None
    assert info.size == 0o100000000000


def test_names_that_are_not_utf8() -> None:
    raw_name, key = b"\xff\xfe".decode("utf-8", "surrogateescape"), "user.\udcff"
    entry = Entry(raw_name, Kind.SYMLINK, 0o777, target=raw_name, xattrs=((key, b"\xff"),))
    (found,) = members([header(entry)])
    assert (found.path, found.target, found.xattrs) == (raw_name, raw_name, ((key, b"\xff"),))


def test_content_is_read_in_pieces_from_files(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"..." + b"x" * 1000 + b"...")
    entry = Entry("a", Kind.FILE, 0o644, content=FileSlice(str(tmp_path / "blob"), 3, 1000))
    assert b"".join(fragment([entry])) == b"".join(fragment([file("a", b"x" * 1000)]))


def test_gnu_tar_reads_what_we_write(tmp_path: Path) -> None:
    program = need("tar")
    deep = f"usr/{LONG}/{LONG}/{LONG}"
    tree = Tree([
        directory("etc", 0o755, mtime=1_700_000_000),
        file("etc/motd", b"hello\n", 0o640, mtime=1_700_000_000, uid=65532),
        file("usr/bin/sudo", b"\x7fELF", 0o4755, mtime=1_700_000_000),
        symlink("etc/link", f"../{deep}/target", mtime=1_700_000_000),
        Entry("usr/bin/su", Kind.HARDLINK, 0o4755, mtime=1_700_000_000, target="usr/bin/sudo"),
        file(f"{deep}/é b", b"x" * 513, mtime=1_700_000_000, uid=3_000_000_000),
    ])  # fmt: skip
    path = tmp_path / "x.tar"
    path.write_bytes(written(tree))
    done = subprocess.run(
        [program, "-tvf", str(path), "--numeric-owner", "--full-time", "--quoting-style=literal"],
        capture_output=True, check=True, env={"TZ": "UTC", "LC_ALL": "C"},
    )  # fmt: skip
    assert done.stderr == b""
    assert [" ".join(line.split()) for line in done.stdout.decode().splitlines()] == [
        "drwxr-xr-x 0/0 0 2023-11-14 22:13:20 etc/",
        f"lrwxrwxrwx 0/0 0 2023-11-14 22:13:20 etc/link -> ../{deep}/target",
        "-rw-r----- 65532/65532 6 2023-11-14 22:13:20 etc/motd",
        f"-rw-r--r-- 3000000000/3000000000 513 2023-11-14 22:13:20 {deep}/é b",
        "hrwsr-xr-x 0/0 0 2023-11-14 22:13:20 usr/bin/su link to usr/bin/sudo",
        "-rwsr-xr-x 0/0 4 2023-11-14 22:13:20 usr/bin/sudo",
    ]
    got = subprocess.run(
        [program, "-xOf", str(path), f"{deep}/é b"], capture_output=True, check=True
    )
    assert got.stdout == b"x" * 513
