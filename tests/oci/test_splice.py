"""One layer exchanged in an image's own bytes: the same as if the image had been made anew."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.oci import media, splice
from seaslug.oci.config import ImageConfig
from seaslug.oci.image import Image, Layer, plain
from seaslug.oci.plain import canonical
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

AMD64 = Platform("linux", "amd64")
words = st.text(max_size=6) | st.just('"digest":"sha256:')


def layer(name: str, size: int = 5) -> Layer:
    digest = Digest.of(name.encode())
    return Layer(
        Descriptor(media.layer_type("gzip"), digest, size), Digest.of(digest.text.encode()), name
    )


def place(descriptor: Descriptor) -> tuple[str, int]:
    return descriptor.digest.text, descriptor.size


def config(image: Image) -> tuple[str, int]:
    raw = image.config_bytes()
    return Digest.of(raw).text, len(raw)


@settings(deadline=None)
@given(st.integers(0, 2), words, st.integers(1, 10**9), st.integers(1, 10**9))
def test_it_is_what_the_image_itself_would_say(at: int, word: str, old: int, new: int) -> None:
    config_ = ImageConfig(AMD64, env=(("WORD", word),), labels=((word, word),))
    layers = tuple(layer(name, old) for name in "abc")
    before = Image(AMD64, config_, layers, (("note", word),))
    fresh = replace(layer("fresh", new), created_by=layers[at].created_by)
    after = replace(before, layers=(*layers[:at], fresh, *layers[at + 1 :]))
    made = splice.renamed(
        before.config_bytes(), layers[at].diff_id.text, fresh.diff_id.text
    )  # fmt: skip
    assert made == after.config_bytes()
    changes = ((place(layers[at].descriptor), place(fresh.descriptor)),
               (config(before), config(after)))  # fmt: skip
    manifest: bytes | None = before.manifest_bytes()
    for one, other in changes:
        assert manifest is not None
        manifest = splice.described(manifest, one, other)
    assert manifest == after.manifest_bytes()


def row(name: str, **more: object) -> dict[str, object]:
    return {**plain(layer(name).descriptor), **more}


ONE, TWO = place(layer("one").descriptor), place(layer("two").descriptor)


def test_a_row_of_an_index_may_have_more_than_a_descriptor() -> None:
    more = {"annotations": {"name": "x"}, "platform": {"os": "linux"}}
    found = splice.described(canonical(row("one", **more)), ONE, TWO)
    assert found == canonical(row("two", **more))


@pytest.mark.parametrize(
    "data",
    [
        [row("two")],
        [row("one"), row("one")],
        [row("one", size=6)],
        [row("one", size=51)],
        [{"digest": ONE[0]}, {"size": 5}],
        [{"digest": ONE[0]}, row("three")],
    ],
)
def test_what_is_not_there_just_once_is_refused(data: object) -> None:
    assert splice.described(canonical(data), ONE, TWO) is None


def test_a_layer_that_is_there_twice_is_refused() -> None:
    image = Image(AMD64, ImageConfig(AMD64), (layer("a"), layer("a")))
    assert splice.renamed(image.config_bytes(), layer("a").diff_id.text, "sha256:x") is None
