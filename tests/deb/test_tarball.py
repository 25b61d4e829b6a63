"""A program from an npm package: cut like a Debian package, and refused like one."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from seaslug.deb.member import cut
from seaslug.deb.select import Selection
from seaslug.deb.tarball import Tarball
from seaslug.errors import HostileError
from seaslug.tar.reader import members
from seaslug.values.debian import Package
from seaslug.values.digest import Digest
from support.debs import Item, tar

PACKAGE = Package("node", "22.1.0", "amd64", "npm", "node.tgz", 1, Digest.of(b""), "node", 0)
ITEMS = [Item("package/bin/node", b"\x7fELF", mode=0o755), Item("package/README.md", b"read")]
SELECTION = Selection(
    only=("package/bin/node",), moves=(("package/bin/node", "usr/local/bin/node"),)
)


def write(path: Path, raw: bytes) -> str:
    path.write_bytes(raw)
    return str(path)


def test_it_is_cut_like_a_package(tmp_path: Path) -> None:
    path = write(tmp_path / "node.tgz", gzip.compress(tar(ITEMS)))
    with Tarball(path, PACKAGE) as tarball:
        cutting = cut(tarball, SELECTION, status=False)
        raw = b"".join(bytes(chunk) for chunk in cutting.chunks())
    (found,) = members([raw])
    assert (found.path, found.mode) == ("usr/local/bin/node", 0o755)
    assert (cutting.record.package, cutting.record.version) == ("node", "22.1.0")


@pytest.mark.parametrize(
    "raw",
    [
        b"no gzip",
        gzip.compress(tar(ITEMS))[:100],
        gzip.compress(tar([Item("../x", b"x")])),
        gzip.compress(b"no tar" * 200),
    ],
    ids=["no gzip", "cut short", "escape", "no tar"],
)
def test_a_hostile_one_is_refused(raw: bytes, tmp_path: Path) -> None:
    with Tarball(write(tmp_path / "x.tgz", raw), PACKAGE) as tarball:
        cutting = cut(tarball, SELECTION, status=False)
        with pytest.raises(HostileError):
            list(cutting.chunks())
