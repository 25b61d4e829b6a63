"""What the image has of a package is what dpkg would have unpacked."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clients import Image, Seaslug
from support.real import need

pytestmark = [pytest.mark.judge, pytest.mark.network]

STATUS = "var/lib/dpkg/status.d/"
# A library, a program, many plain files, many links, files in /etc.
PACKAGES = ("libc6", "python3.13-minimal", "libpython3.13-stdlib", "tzdata", "netbase")
Shown = tuple[str, str, str]


class Tar:
    """A tar by the standard library's reader: what each path is, and file contents."""

    def __init__(self, data: bytes) -> None:
        self._tar = tarfile.TarFile(fileobj=io.BytesIO(data))
        self.members = {path(m.name): m for m in self._tar}

    def read(self, name: str) -> bytes:
        file = self._tar.extractfile(self.members[name])
        assert file is not None
        return file.read()

    def shown(self, name: str) -> Shown:
        """Return the content (digest or target), the mode, owner and time of *name*."""
        at = self.members[name]
        content = at.linkname if at.issym() else hashlib.sha256(self.read(name)).hexdigest()
        return content, f"{at.mode:o}", f"{at.uid}:{at.gid} {int(at.mtime)}"


def path(name: str) -> str:
    """Return where *name* lies once /usr is merged."""
    name = name.removeprefix("./").rstrip("/")
    top = name.partition("/")[0]
    return f"usr/{name}" if "/" in name and top in ("bin", "sbin", "lib", "lib64") else name


@pytest.fixture(scope="module")
def image(seaslug: Seaslug) -> Image:
    return seaslug.image("python3:nonroot")


@pytest.fixture(scope="module")
def root(seaslug: Seaslug, image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tar]:
    """The merged root of the image."""
    file = tmp_path_factory.mktemp("root") / "root.tar"
    seaslug("export", image.name, "-o", f"tar:{file}")
    yield Tar(file.read_bytes())


def deb(home: Path, root: Tar, package: str) -> Tar:
    """Return what dpkg reads from the .deb of *package* that the image's own lock names."""
    lock = json.loads(root.read("usr/share/seaslug/lock.json"))
    rows = [row for row in lock["platforms"][0]["packages"] if row["name"] == package]
    file = home / "blobs" / "sha256" / rows[0]["sha256"]
    done = subprocess.run(
        [need("dpkg-deb"), "--fsys-tarfile", file], check=True, capture_output=True
    )
    return Tar(done.stdout)


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_those_of_the_deb(
    seaslug: Seaslug, image: Image, root: Tar, package: str
) -> None:
    theirs = deb(seaslug.home, root, package)
    rows = seaslug("ls", image.name, "--package", package, "--json").json["files"]
    ours = [path(row["path"].lstrip("/")) for row in rows if row["kind"] != "dir"]
    made = {name for name in ours if name.endswith(".pyc") or name.startswith(STATUS)}
    taken = [name for name in ours if name not in made]
    assert taken
    assert {name: root.shown(name) for name in taken} == {
        name: theirs.shown(name) for name in taken
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_the_image_s_own_record_lists_what_is_there(
    seaslug: Seaslug, image: Image, root: Tar, package: str
) -> None:
    theirs = deb(seaslug.home, root, package)
    # Debian's md5sums leave out what may be configured.
    there = {
        name for name, at in theirs.members.items()
        if (at.isreg() or at.islnk()) and name in root.members and not name.startswith("etc/")
    }  # fmt: skip
    lines = root.read(f"{STATUS}{package}.md5sums").decode().splitlines()
    listed = {path(name): digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert set(listed) == there
    for name, digest in listed.items():
        assert hashlib.md5(root.read(name), usedforsecurity=False).hexdigest() == digest
