"""Package files: read whatever their compression, refused wherever they are damaged."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seaslug.deb.ar import ar_members
from seaslug.deb.package import Deb
from seaslug.errors import HostileError
from support.debs import PACK, Item, ar, deb, folder, link, tar
from support.real import need

FILES = {"usr/bin/tool": b"\x7fELF" + bytes(2000), "usr/share/doc/tool/copyright": "free\n"}
VERSION = ("debian-binary", b"2.0\n")


def opened(raw: bytes) -> Deb:
    return Deb(memoryview(raw), "tool.deb")


def read(raw: bytes) -> tuple[dict[str, str], dict[str, str], bytes]:
    """Return all that a package gives: its control, its sums, its tar."""
    package = opened(raw)
    return package.control, dict(package.md5sums), b"".join(bytes(c) for c in package.data())


def members(**change: bytes) -> dict[str, bytes]:
    """Return the members of a good package, some of them changed."""
    inside = tar([folder("./"), Item("./control", b"Package: tool\nVersion: 1\n")])
    good = {"debian-binary": b"2.0\n", "control.tar": inside, "data.tar": tar([folder("./")])}
    return {**good, **change}


@pytest.mark.parametrize("data", list(PACK))
@pytest.mark.parametrize("control", list(PACK))
def test_every_compression(control: str, data: str) -> None:
    made = deb("tool", "1.2-3", files=FILES, control=control, data=data)
    fields, sums, stream = read(made.raw)
    assert (fields["Package"], fields["Version"]) == ("tool", "1.2-3")
    assert list(sums) == list(FILES)
    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        assert archive.extractfile("./usr/bin/tool").read() == FILES["usr/bin/tool"]


@pytest.mark.parametrize("kind", ["gzip", "xz", "zstd", "none"])
def test_what_dpkg_deb_makes(kind: str, tmp_path: Path) -> None:
    dpkg = need("dpkg-deb")
    (tmp_path / "tree/DEBIAN").mkdir(parents=True, mode=0o755)
    (tmp_path / "tree/DEBIAN/control").write_text(
        "Package: tool\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\n"
        "Description: one\n two\n ."
        "\n three\n"
    )
    (tmp_path / "tree/file").write_bytes(b"content")
    out = tmp_path / "tool.deb"
    done = subprocess.run(
        [dpkg, "--root-owner-group", f"-Z{kind}", "-b", str(tmp_path / "tree"), str(out)],
        capture_output=True,
        text=True,
    )
    if "unknown compression" in done.stderr:
        pytest.skip("this dpkg-deb is without it")
    assert done.returncode == 0, done.stderr
    with Deb.open(str(out)) as package:
        assert package.control["Description"] == "one\n two\n .\n three"
        assert package.control_text.endswith(" three\n")
        assert package.md5sums == {}
        assert b"content" in b"".join(bytes(chunk) for chunk in package.data())


def test_a_file_is_mapped_and_let_go(tmp_path: Path) -> None:
    made = deb("tool", files=FILES)
    path = tmp_path / "tool.deb"
    path.write_bytes(made.raw)
    with Deb.open(str(path)) as package:
        stream = package.data()
        assert package.control["Package"] == "tool"
    # What was begun goes on after the package was closed.
    assert FILES["usr/bin/tool"] in b"".join(bytes(chunk) for chunk in stream)


@pytest.mark.parametrize("content", [b"", b"no", b"!<arch>\n"])
def test_a_file_that_is_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(content)
    with pytest.raises(HostileError) as caught:
        Deb.open(str(path))
    assert caught.value.where == str(path)


def test_members_after_and_between_as_the_format_allows() -> None:
    """dpkg ignores members that begin with an underscore, and what follows the data."""
    found = members()
    rows = [VERSION, ("_gpg", b"odd"), *list(found.items())[1:], ("_sig", b"x"), ("more", b"y")]
    assert read(ar(rows))[0]["Package"] == "tool"


def test_names_with_a_slash_as_gnu_ar_ends_them() -> None:
    rows = [(f"{name}/", data) for name, data in members().items()]
    assert read(ar(rows))[0]["Package"] == "tool"


def test_a_last_member_of_odd_size_without_padding() -> None:
    raw = ar([*members().items(), ("_odd", b"xyz")])
    assert [m.size for m in ar_members(memoryview(raw[:-1]))][-1] == 3


GOOD = list(members().items())
BAD = {
    "no magic": b"!<arsh>\n" + ar(GOOD)[8:],
    "a thin archive": b"!<thin>\n" + ar(GOOD)[8:],
    "no members": ar([]),
    "only the version": ar(GOOD[:1]),
    "no data": ar(GOOD[:2]),
    "no control": ar([GOOD[0], GOOD[2]]),
    "no version": ar(GOOD[1:]),
    "the version last": ar([*GOOD[1:], GOOD[0]]),
    "data before control": ar([GOOD[0], GOOD[2], GOOD[1]]),
    "an old format": ar(list(members(**{"debian-binary": b"0.939000\n"}).items())),
    "a future format": ar(list(members(**{"debian-binary": b"3.0\n"}).items())),
    "an empty version": ar(list(members(**{"debian-binary": b""}).items())),
    "something between": ar([GOOD[0], ("other", b""), *GOOD[1:]]),
    "no padding after odd members": ar(GOOD)[:72] + b"\n" + ar(GOOD)[72:],
    "a size that is no number": ar(GOOD).replace(b"4         `\n", b"4x        `\n", 1),
    "a negative size": ar(GOOD).replace(b"4         `\n", b"-4        `\n", 1),
    "an empty size": ar(GOOD).replace(b"4         `\n", b"          `\n", 1),
    "a huge size": ar(GOOD).replace(b"4         `\n", b"9999999999`\n", 1),
    "a time that is no number": ar(GOOD).replace(b"0           ", b"now         ", 1),
    "an unknown compression": ar([GOOD[0], ("control.tar.bz2", b"BZh"), GOOD[2]]),
    "another suffix": ar([GOOD[0], ("control.tarx", GOOD[1][1]), GOOD[2]]),
    "gzip that is none": ar([GOOD[0], ("control.tar.gz", b"nope"), GOOD[2]]),
    "xz that is none": ar([GOOD[0], ("control.tar.xz", b"nope"), GOOD[2]]),
    "an empty xz": ar([GOOD[0], ("control.tar.xz", b""), GOOD[2]]),
    "zstd that is none": ar([GOOD[0], ("control.tar.zst", b"nope"), GOOD[2]]),
    "no control file": ar(list(members(**{"control.tar": tar([folder("./")])}).items())),
    "an empty control archive": ar(list(members(**{"control.tar": b""}).items())),
    "a control file that is a link": ar(
        list(members(**{"control.tar": tar([link("./control", "/etc/passwd")])}).items())
    ),
    "a control file that is no stanza": ar(
        list(members(**{"control.tar": tar([Item("./control", b"<html>")])}).items())
    ),
    "a control file outside": ar(
        list(members(**{"control.tar": tar([Item("../control", b"A: b")])}).items())
    ),
    "a control archive of many files": ar(
        list(
            members(**{"control.tar": tar([Item(f"./{n}") for n in range(1001)])}).items(),
        )
    ),
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_damage_is_refused(raw: bytes) -> None:
    with pytest.raises(HostileError):
        read(raw)


@pytest.mark.parametrize("kind", list(PACK))
def test_a_package_that_is_cut_short(kind: str) -> None:
    """Everywhere a header, a member or a stream ends, and around it."""
    raw = deb("tool", files={"f": b"x" * 3000}, control=kind, data=kind).raw
    ends = {0, 8, len(raw) - 1}
    for member in ar_members(memoryview(raw)):
        ends |= {member.offset - 60, member.offset, member.offset + member.size // 2}
        ends |= {member.offset + member.size}
    points = {end + step for end in ends for step in (-2, -1, 0, 1)}
    # The padding of the last member is all that may be missing.
    whole = member.offset + member.size
    for at in sorted(point for point in points if 0 <= point < whole):
        with pytest.raises(HostileError):
            read(raw[:at])


@pytest.mark.parametrize("kind", [".gz", ".xz", ".zst"])
def test_a_stream_that_is_cut_short_inside_a_whole_package(kind: str) -> None:
    packed = PACK[kind](tar([Item("./f", b"x" * 3000)]))
    for at in (1, 10, len(packed) // 2, len(packed) - 9, len(packed) - 1):
        raw = ar([*GOOD[:2], (f"data.tar{kind}", packed[:at])])
        with pytest.raises(HostileError):
            read(raw)


def test_md5sums_of_odd_shape() -> None:
    sums = f"{'a' * 32}  ./usr/x\n{'b' * 32}  /usr/y\n{'c' * 31}  z\nrubbish\n{'d' * 32}  a  b\n"
    inside = tar([Item("./control", b"Package: tool\n"), Item("./md5sums", sums.encode())])
    found = opened(ar(list(members(**{"control.tar": inside}).items()))).md5sums
    assert found == {"usr/x": "a" * 32, "usr/y": "b" * 32, "a  b": "d" * 32}


SEEDS = [deb("tool", files={"usr/x": b"data" * 300}, control=k, data=k).raw for k in PACK]


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=4),
    st.none() | st.floats(0, 1),
)
@example(SEEDS[0], [(0.0, 0)], None)
def test_changed_bytes_are_read_or_refused(
    seed: bytes, changes: list[tuple[float, int]], end: float | None
) -> None:
    raw = bytearray(seed)
    for where, byte in changes:
        raw[int(where * len(raw))] = byte
    if end is not None:
        del raw[int(end * len(raw)) :]
    with contextlib.suppress(HostileError):
        read(bytes(raw))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(raw: bytes) -> None:
    for data in (raw, b"!<arch>\n" + raw):
        with pytest.raises(HostileError):
            opened(data)
