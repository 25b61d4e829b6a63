"""Layers laid over each other: what comes of them, and what is refused."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seaslug.adapters.unpack import discard, inside, unpack
from seaslug.errors import HostileError
from seaslug.oci.runnable import read_image
from support.images import BlobDir, folder, image, layer, link, member

Member = tuple[tarfile.TarInfo, bytes]


def hard(name: str, target: str) -> Member:
    return member(name, link=target, kind=tarfile.LNKTYPE)


def lines(root: Path) -> list[str]:
    found = []
    for path in sorted(root.rglob("*")):
        name = "/" + str(path.relative_to(root))
        if path.is_symlink():
            found.append(f"{name} -> {os.readlink(path)}")
        elif path.is_dir():
            found.append(f"{name}/ {path.stat().st_mode & 0o7777:o}")
        else:
            found.append(f"{name} {path.stat().st_mode & 0o7777:o} {path.read_text()!r}")
    return found


def unpacked(tmp_path: Path, *layers: list[Member], packing: str = "gzip") -> Path:
    store = BlobDir(tmp_path / "blobs")
    manifest = image(store, [layer(*members) for members in layers], packing=packing)
    root = tmp_path / "root"
    root.mkdir()
    unpack(store, read_image(store, manifest), str(root), owners=False)  # type: ignore[arg-type]
    return root


CASES = {
    "a later file replaces an earlier one": (
        [[member("a", b"1")], [member("a", b"2", mode=0o600)]],
        ["/a 600 '2'"],
    ),
    "parents that no layer declares": (
        [[member("x/y/z", b"")]],
        ["/x/ 755", "/x/y/ 755", "/x/y/z 644 ''"],
    ),
    "a whiteout removes a file, and a tree": (
        [[member("d/a"), member("e/b"), member("f")], [member("d/.wh.a"), member(".wh.e")]],
        ["/d/ 755", "/f 644 ''"],
    ),
    "an opaque directory hides only what lies below": (
        [[member("d/old")], [member("d/new"), member("d/.wh..wh..opq")]],
        ["/d/ 755", "/d/new 644 ''"],
    ),
    "a whiteout of what is not there": ([[member(".wh.nothing")]], []),
    "through a link inside the root": (
        [[folder("usr/lib"), link("lib", "usr/lib")], [member("lib/x", b"1")]],
        ["/lib -> usr/lib", "/usr/ 755", "/usr/lib/ 755", "/usr/lib/x 644 '1'"],
    ),
    "an absolute link is the root's": (
        [[link("l", "/etc"), member("l/x", b"1")]],
        ["/etc/ 755", "/etc/x 644 '1'", "/l -> /etc"],
    ),
    "dots in a link stop at the root": (
        [[link("l", "../../../tmp"), member("l/x", b"1")]],
        ["/l -> ../../../tmp", "/tmp/ 755", "/tmp/x 644 '1'"],
    ),
    "a link replaced by a directory": (
        [[link("l", "/etc")], [folder("l", 0o700), member("l/x")]],
        ["/l/ 700", "/l/x 644 ''"],
    ),
    "a directory replaced by a link forgets what was below": (
        [[member("d/s/x")], [link("d", "e"), member("d/y")]],
        ["/d -> e", "/e/ 755", "/e/y 644 ''"],
    ),
    "a file is not written through a link of its name": (
        [[member("t", b"1"), link("l", "t")], [member("l", b"2")]],
        ["/l 644 '2'", "/t 644 '1'"],
    ),
    "hard links": (
        [[member("a", b"1", mode=0o755), hard("b", "a")]],
        ["/a 755 '1'", "/b 755 '1'"],
    ),
    "a closed directory gets its mode last": (
        [[folder("d", 0o555), member("d/x", b"1")]],
        ["/d/ 555", "/d/x 644 '1'"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_layers(case: str, tmp_path: Path) -> None:
    layers, expected = CASES[case]
    assert lines(unpacked(tmp_path, *layers)) == expected


@pytest.mark.parametrize("packing", ["none", "gzip", "zstd"])
def test_packings(packing: str, tmp_path: Path) -> None:
    big = os.urandom(3 << 20)
    root = unpacked(tmp_path, [member("big", big)], packing=packing)
    assert (root / "big").read_bytes() == big


HOSTILE = {
    "parent": [member("../x")],
    "absolute": [member("/x")],
    "inner parent": [member("a/../../x")],
    "hard link out": [hard("x", "../../etc/passwd")],
    "hard link to nothing": [hard("x", "nothing")],
    "hard link through a link": [link("l", "/"), hard("x", "l/etc/hostname")],
    "hard link to a directory": [folder("d"), hard("x", "d")],
    "whiteout of the parent": [member("d/.wh...")],
    "whiteout of itself": [member("d/.wh.")],
    "whiteout of a dot": [member("d/.wh..")],
    "circle": [link("a", "b"), link("b", "a"), member("a/x")],
    "file as directory": [member("f"), member("f/x")],
    "root as file": [member("./", b"x")],
    "device": [member("null", kind=tarfile.CHRTYPE)],
    "pipe": [member("p", kind=tarfile.FIFOTYPE)],
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_members_are_refused(attack: str, tmp_path: Path) -> None:
    victim = tmp_path / "x"
    with pytest.raises(HostileError):
        unpacked(tmp_path, HOSTILE[attack])
    assert not victim.exists()


NAMES = st.sampled_from(["a", "b", "c", "a/b", "b/a", "a/b/c", "c/a"])
TARGETS = st.sampled_from(["a", "/b", "..", "../..", "/", "b/../..", "/../../x", "c", "."])
MEMBERS = st.one_of(
    st.builds(link, NAMES, TARGETS),
    st.builds(folder, NAMES),
    st.builds(lambda n: member(n, b"data"), NAMES),
    st.builds(hard, NAMES, NAMES),
    st.builds(lambda n: member(n.replace("c", ".wh.a")), NAMES),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(MEMBERS, max_size=6), min_size=1, max_size=3))
def test_nothing_is_ever_written_outside(
    tmp_path_factory: pytest.TempPathFactory, layers: list[list[Member]]
) -> None:
    outer = tmp_path_factory.mktemp("outer")
    (outer / "inner").mkdir()
    try:
        unpacked(outer / "inner", *layers)
    except HostileError:
        pass
    finally:
        assert sorted(p.name for p in outer.iterdir()) == ["inner"]
        assert sorted(p.name for p in (outer / "inner").iterdir()) == ["blobs", "root"]
        discard(str(outer))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/x", "etc/x"),
        ("/l/x", "etc/x"),
        ("/../../etc", "etc"),
        ("/up/y", "y"),
        ("etc/../l", "etc"),
        ("/circle/x", None),
    ],
)
def test_inside(path: str, expected: str | None, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "l").symlink_to("/etc")
    (tmp_path / "up").symlink_to("../../..")
    (tmp_path / "circle").symlink_to("circle")
    found = inside(str(tmp_path), path)
    assert found == (None if expected is None else str(tmp_path / expected))


def test_discard_removes_what_is_closed(tmp_path: Path) -> None:
    root = unpacked(tmp_path, [folder("d/e", 0o000), folder("d", 0o500)])
    discard(str(root))
    assert not root.exists()
