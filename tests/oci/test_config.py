"""Configurations and their exact bytes: what they say, and nothing that was not said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.oci.config import Healthcheck, ImageConfig, timestamp
from seaslug.oci.plain import canonical
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

AMD64, ARM = Platform("linux", "amd64"), Platform("linux", "arm", "v7")
FULL = ImageConfig(
    AMD64, 1_700_000_000, env=(("PATH", "/bin"), ("EMPTY", "")), entrypoint=("/app",),
    cmd=("serve", "ü"), user="65532", workdir="/home/nonroot", labels=(("b", "2"), ("a", "1")),
    ports=("8080/tcp",), volumes=("/data",), stop_signal="SIGINT",
    healthcheck=Healthcheck(("CMD", "/probe"), interval=2.5, retries=3),
)  # fmt: skip


def read(config: ImageConfig, history: tuple[str, ...] = (), diffs: Any = ()) -> Any:
    return json.loads(config.to_bytes(history, diffs))


def test_every_field() -> None:
    found = read(FULL, ("made",), [Digest.of(b"layer")])
    assert found == {
        "created": "2023-11-14T22:13:20Z", "architecture": "amd64", "os": "linux",
        "config": {
            "User": "65532", "Env": ["PATH=/bin", "EMPTY="], "Entrypoint": ["/app"],
            "Cmd": ["serve", "ü"], "WorkingDir": "/home/nonroot", "Labels": {"a": "1", "b": "2"},
            "ExposedPorts": {"8080/tcp": {}}, "Volumes": {"/data": {}}, "StopSignal": "SIGINT",
            "Healthcheck": {"Test": ["CMD", "/probe"], "Interval": 2_500_000_000, "Retries": 3},
        },
        "rootfs": {"type": "layers", "diff_ids": [Digest.of(b"layer").text]},
        "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "made"}],
    }  # fmt: skip


def test_what_is_empty_is_left_out() -> None:
    assert read(ImageConfig(ARM)) == {
        "created": "1970-01-01T00:00:00Z", "architecture": "arm", "variant": "v7", "os": "linux",
        "config": {}, "rootfs": {"type": "layers", "diff_ids": []}, "history": [],
    }  # fmt: skip


def test_the_bytes_are_what_they_always_were() -> None:
    """A change here changes the digest of every image: raise the format version."""
    raw = FULL.to_bytes(("made",), [Digest.of(b"layer")])
    assert Digest.of(raw).hex == (
        "8d4b3f4356bc776031900ddd3edc27cb84e9e807445c90a96395ccd192aa9c39"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
     (4_102_444_799, "2099-12-31T23:59:59Z")],
)  # fmt: skip
def test_times_are_in_utc(seconds: int, text: str) -> None:
    assert timestamp(seconds) == text


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(TREES, st.randoms())
def test_canonical_bytes_depend_on_the_data_alone(data: Any, chance: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            chance.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    raw = canonical(data)
    assert json.loads(raw) == data
    assert canonical(shuffled(data)) == raw
