"""Layers over each other as a rebase sees them: the same paths that listing the image gives."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from seaslug.adapters.store import Store
from seaslug.anatomy.rootfs import Rootfs, rootfs
from seaslug.apps.native.needs import closure
from seaslug.errors import HostileError
from seaslug.oci import files, images
from seaslug.ops.facts import layer_facts
from support.bases import binary, file, library
from support.binaries import AMD64
from support.images import folder, image, layer, link, member

STANZA = "Package: {}\nStatus: install ok installed\nVersion: 1:{}\nDescription: x\n more: x\n"
LAYERS = (
    layer(
        folder("./etc/"), file("./etc/passwd", "root:x:0:\n"), file("./etc/secret"),
        folder("./usr/lib/"), link("./lib", "usr/lib"), library("libfoo.so.1"),
        file("var/lib/dpkg/status", STANZA.format("a", 1) + "\n" + STANZA.format("b", 2)),
        file("./opt/old"), file("./srv/page"), file("usr/bin/tool", "#! /usr/bin/env  node \nx"),
    ),
    layer(
        file("etc/.wh.secret"), file("opt/.wh..wh..opq"), file("opt/new"), file("lib/here"),
        member("opt/hard", kind=tarfile.LNKTYPE, link="usr/bin/tool"), file(".wh.srv"),
        binary("lib/libbar.so.2", soname="libbar.so.2", gives=("bar",)),
        file("etc/passwd", "web:x:9:\n"),
    ),
    layer(file("usr/lib/x86_64-linux-gnu/.wh.libfoo.so.1"), link("app/pass", "/etc/passwd")),
)  # fmt: skip


def seen(store: Store, *layers: bytes, base: int = 1) -> tuple[Rootfs, list[str]]:
    """Return the layers as a rebase sees them, and the paths that listing gives."""
    found = images.image_at(store, image(store, layers))
    listed = files.listing(store, found.manifest.layers, lambda path: False, ours=False)
    facts = [layer_facts(store, one) for one in found.manifest.layers]
    return rootfs(facts, base), [item.entry.path for item in listed.files]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_same_paths_as_a_listing(count: int, tmp_path: Path) -> None:
    root, listed = seen(Store(tmp_path), *LAYERS[:count])
    assert sorted(root.placed) == listed
    assert [entry.path for entry in root.tree] == listed


def test_what_is_known_of_files(tmp_path: Path) -> None:
    root, _ = seen(Store(tmp_path), *LAYERS)
    assert root.text("etc/passwd") == root.text("/app/pass") == "web:x:9:\n"
    assert root.text("etc/secret") == ""
    assert root.script("usr/bin/tool") == root.script("opt/hard") == "/usr/bin/env  node"
    assert root.packages() == {"a": "1:1", "b": "1:2"}
    assert root.of_app() == ("usr/lib/libbar.so.2",)
    facts = root.facts("usr/lib/libbar.so.2")
    assert (
        facts is not None and facts.binary.elf.soname == "libbar.so.2" and len(facts.defined) == 1
    )
    assert root.facts("usr/lib/x86_64-linux-gnu/libfoo.so.1") is None


def test_it_is_the_same_when_remembered(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert seen(store, *LAYERS) == seen(store, *LAYERS)


def test_a_small_file_that_is_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostileError, match="far larger"):
        seen(Store(tmp_path), layer(file("etc/passwd", b"x" * (17 << 20))))


def test_a_configuration_of_the_loader_that_leads_elsewhere(tmp_path: Path) -> None:
    """Only what is kept is read; what else it includes counts as empty."""
    root, _ = seen(
        Store(tmp_path),
        layer(file("etc/ld.so.conf", "include /opt/*.conf\n/opt\n"), file("opt/x.conf", "/y")),
        layer(binary("app/x", needed=("libx.so",)), link("etc/passwd", "/opt/x.conf")),
    )
    needs = closure(root.tree, root.of_app(), AMD64, (), root.binary)
    assert [one.name for one in needs.missing] == ["libx.so"]
    assert root.text("etc/passwd") == ""
