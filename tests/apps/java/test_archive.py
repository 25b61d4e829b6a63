"""Jars as zip files: what is read, what is refused."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.apps.java import manifest
from seaslug.apps.java.archive import Archive
from seaslug.apps.java.bytecode import Level, level, nested
from seaslug.errors import HostileError, ProjectError
from seaslug.values.content import FileSlice, Inline
from support.jars import boot, jar, java_class


def opened(data: bytes) -> Archive:
    return Archive(Inline(data), "a.jar")


@pytest.mark.parametrize("stored", [True, False])
def test_members_and_their_bytes(stored: bool, tmp_path: object) -> None:
    data = jar({"a/B.class": b"x" * 5000, "empty": b"", "c": b"see"}, stored=stored)
    # With a shell script before it, as "fully executable" jars have one.
    for whole in (data, b"#!/bin/sh\nexec java -jar $0\n" + data):
        archive = opened(whole)
        assert archive.names() == ("a/B.class", "empty", "c")
        assert [archive.content_of(n).read() for n in archive.names()] == [b"x" * 5000, b"", b"see"]
        assert archive.head("a/B.class", 3) == b"xxx"
        assert archive.content_of("c").read(1, 1) == b"e"


def test_a_stored_member_is_a_part_of_the_file(tmp_path: object) -> None:
    """A jar in a jar is not copied into memory."""
    import pathlib

    path = pathlib.Path(str(tmp_path)) / "a.jar"
    path.write_bytes(jar({"in.jar": jar({"x": b"inside"})}, stored=True))
    archive = Archive(FileSlice(str(path), 0, path.stat().st_size), "a.jar")
    content = archive.content_of("in.jar")
    assert isinstance(content, FileSlice)
    assert Archive(content, "in.jar").read("x") == b"inside"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../x", "leads out"), ("a/../../x", "leads out"), ("./x", "leads out"),
        ("a//b", "leads out"), ("/etc/passwd", "not one of a jar"), ("a\\b", "not one of a jar"),
        ("x" * 5000, "leads out"),
    ],
)  # fmt: skip
def test_paths_that_escape(name: str, said: str) -> None:
    with pytest.raises(HostileError, match=said):
        opened(jar({name: b"x"}))


def test_names_that_come_twice() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        for _ in range(2):
            with pytest.warns(UserWarning) if _ else _nothing():
                out.writestr("a", b"x")
    with pytest.raises(HostileError, match="comes twice"):
        opened(made.getvalue())


def test_links_and_encryption() -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr(info, b"/etc/passwd")
    with pytest.raises(HostileError, match="is a link"):
        opened(made.getvalue())
    data = bytearray(jar({"a": b"x"}))
    data[data.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(HostileError, match="encrypted"):
        opened(bytes(data))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """Sizes are believed in neither direction: a lie is found when the member is read."""
    data = bytearray(jar({"a": b"\0" * 1_000_000}))
    assert len(data) < 2000
    at = data.index(b"PK\1\2") + 24
    struct.pack_into("<I", data, at, 3 << 30)
    with pytest.raises(HostileError, match="larger than"):
        opened(bytes(data))
    struct.pack_into("<I", data, at, 10)
    with pytest.raises(ProjectError, match="damaged"):
        opened(bytes(data)).read("a")


def test_members_that_share_their_bytes() -> None:
    data = jar({f"{n:04}": b"y" * 100_000 for n in range(20)}, stored=True)
    table = data.index(b"PK\1\2")
    entries = bytearray(data[table:])
    for n in range(20):
        # Every entry of the table leads to the first member, whose bytes are counted each time.
        at = entries.index(f"{n:04}".encode()) - 46
        struct.pack_into("<I", entries, at + 42, 0)
    short = data[: len(data) // 10]
    tail = bytearray(entries)
    end = tail.rindex(b"PK\5\6")
    struct.pack_into("<I", tail, end + 16, len(short))
    with pytest.raises((HostileError, ProjectError), match=r"overlap|[Oo]verlapped"):
        archive = opened(short + bytes(tail))
        archive.read("0001")


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"not a zip at all" * 20])
def test_no_zip_file(data: bytes) -> None:
    with pytest.raises(ProjectError, match="not a jar") as caught:
        opened(data)
    assert caught.value.where == "a.jar"


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=6))
def test_damage_is_told_or_harmless(at: int, junk: bytes) -> None:
    data = bytearray(boot())
    at %= len(data)
    data[at : at + len(junk)] = junk
    try:
        archive = opened(bytes(data))
        level([archive, *nested(archive)])
        for name in archive.names():
            archive.content_of(name)
    except (ProjectError, HostileError) as error:
        assert error.where


def test_the_manifest() -> None:
    long = "lib/" + "x" * 200 + ".jar lib/b.jar"
    found = manifest.parse(
        b"Manifest-Version: 1.0\nmain-class:  a.Main \nClass-Path: "
        + long[:50].encode() + b"\r\n " + long[50:].encode()
        + b"\nAdd-Opens: java.base/java.lang java.base/java.util\nEnable-Native-Access: ALL-UNNAMED"
        b"\n\nName: x\nMain-Class: other\n"
    )  # fmt: skip
    assert found.main == "a.Main"
    assert found.class_path == tuple(long.split())
    assert found.options == (
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "--add-opens=java.base/java.util=ALL-UNNAMED",
        "--enable-native-access=ALL-UNNAMED",
    )
    assert manifest.parse(b"").main == ""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.class": java_class(8), "b.class": java_class(17)}, Level(17, False, "a.jar: b.class")),
        ({"a.class": java_class(21, preview=True)}, Level(21, True, "a.jar: a.class")),
        ({"a.class": java_class(8), "META-INF/versions/21/a.class": java_class(21),
          "module-info.class": java_class(9)}, Level(8, False, "a.jar: a.class")),
        ({"a.class": b"\xca\xfe", "b.class": b"no class, but longer than eight"}, Level()),
        ({"a.txt": java_class(25)}, Level()),
    ],
)  # fmt: skip
def test_the_class_files_say_which_java(files: dict[str, bytes], expected: Level) -> None:
    assert level([opened(jar(files))]) == expected


def test_jars_in_jars_count() -> None:
    newer = jar({"x/Y.class": java_class(21)})
    archive = opened(boot(17, extra={"BOOT-INF/lib/newer.jar": newer, "BOOT-INF/lib/no.jar": b"?"}))
    assert level([archive, *nested(archive)]) == Level(
        21, False, "BOOT-INF/lib/newer.jar: x/Y.class"
    )


def _nothing() -> object:
    from contextlib import nullcontext

    return nullcontext()
