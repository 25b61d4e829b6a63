from __future__ import annotations

import pytest

from seaslug.errors import UnknownNameError, UsageError
from seaslug.values.place import Place, parse_place

GOOD = {
    "python3:nonroot": Place("store", "", "python3:nonroot"),
    "3f2a91": Place("store", "", "3f2a91"),
    "localhost:5000/a:1": Place("store", "", "localhost:5000/a:1"),
    "docker://localhost:5000/a:1": Place("docker", "", "localhost:5000/a:1"),
    "oci:out/it": Place("oci", "out/it"),
    "oci:out:python3:nonroot": Place("oci", "out", "python3:nonroot"),
    "oci-archive:/a/b.tar": Place("oci-archive", "/a/b.tar"),
    "docker-archive:b.tar:me/app:1": Place("docker-archive", "b.tar", "me/app:1"),
    "docker-daemon:app:1": Place("docker-daemon", "", "app:1"),
    "podman:localhost/app": Place("podman", "", "localhost/app"),
    "containerd:k8s.io/docker.io/library/app:1": Place(
        "containerd", "", "k8s.io/docker.io/library/app:1"
    ),
    "kind:app:1": Place("kind", "", "app:1"),
}


@pytest.mark.parametrize("text", GOOD)
def test_places_are_read_and_printed(text: str) -> None:
    assert parse_place(text) == GOOD[text]
    assert str(GOOD[text]) == text


@pytest.mark.parametrize("text", ["oci:a/b@sha256:12", "oci:a/b:@sha256:12"])
def test_a_digest_may_stand_in_for_a_name(text: str) -> None:
    assert parse_place(text) == Place("oci", "a/b", "@sha256:12")


@pytest.mark.parametrize(
    ("text", "what"),
    [("dockr://a.b/c", "dockr://"), ("oci://out", "oci://"), ("oci-archve:x", "oci-archve"),
     ("docker-deamon:x", "docker-deamon")],
)  # fmt: skip
def test_unknown_transports_name_the_nearest(text: str, what: str) -> None:
    with pytest.raises(UnknownNameError, match=what) as caught:
        parse_place(text)
    if what in ("dockr://", "oci-archve"):
        assert "did you mean" in caught.value.hint


@pytest.mark.parametrize("text", ["oci:", "oci", "docker-daemon:", "docker:a.b/c", "docker"])
def test_half_places_say_what_to_write(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_place(text)
    assert "write " in caught.value.hint
