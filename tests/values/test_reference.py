from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.errors import UsageError
from seaslug.values.digest import Digest
from seaslug.values.reference import Reference, has_host

HEX = "0123456789abcdef" * 4

GOOD = {
    "nginx": ("docker.io", "library/nginx", "", ""),
    "nginx:1.27": ("docker.io", "library/nginx", "1.27", ""),
    "me/app": ("docker.io", "me/app", "", ""),
    "docker.io/nginx": ("docker.io", "library/nginx", "", ""),
    "index.docker.io/me/app": ("docker.io", "me/app", "", ""),
    "registry-1.docker.io/nginx": ("docker.io", "library/nginx", "", ""),
    "localhost/app": ("localhost", "app", "", ""),
    "localhost:5000/a/b/c:v1": ("localhost:5000", "a/b/c", "v1", ""),
    "127.0.0.1:5000/app": ("127.0.0.1:5000", "app", "", ""),
    "[::1]:5000/app": ("[::1]:5000", "app", "", ""),
    "[2001:db8::1]/app": ("[2001:db8::1]", "app", "", ""),
    "Registry/app": ("Registry", "app", "", ""),
    "ghcr.io/a_b/c__d/e-f--g.h": ("ghcr.io", "a_b/c__d/e-f--g.h", "", ""),
    f"ghcr.io/a/b@sha256:{HEX}": ("ghcr.io", "a/b", "", f"sha256:{HEX}"),
    f"ghcr.io/a/b:1.2@sha256:{HEX}": ("ghcr.io", "a/b", "1.2", f"sha256:{HEX}"),
    "docker://ghcr.io/a/b:_x.Y-1": ("ghcr.io", "a/b", "_x.Y-1", ""),
    "a:5000/b": ("a:5000", "b", "", ""),
    f"x.io/{HEX}": ("x.io", HEX, "", ""),
}

BAD = {
    "": "no repository",
    ":1": "no repository",
    "docker://": "no repository",
    "UPPER": "upper-case",
    "a.b/Upper": "upper-case",
    "a//b": "empty",
    "/a": "empty",
    "a/": "empty",
    "a.b/": "no repository",
    "a:": "behind the colon",
    "a@": "behind the @",
    "a@sha256:12": "digest",
    f"a@md5:{HEX[:32]}": "digest",
    f"a@sha256:{HEX.upper()}": "digest",
    "a:b:c": "no tag",
    "a:-x": "no tag",
    "a:" + "t" * 129: "no tag",
    "a b": "no part",
    "a/_b": "no part",
    "a/b.": "no part",
    "a/b___c": "no part",
    "x.y/" + "a" * 252: "255 characters",
    HEX: "64 hexadecimal",
    "a..b/c": "no host",
    "host:99999999/x": "no host",
    "host:x/y": "no host",
    "x_y.com/a": "no host",
    "[::1/a": "no host",
    "https://ghcr.io/a": "no https://",
}


@pytest.mark.parametrize("text", GOOD)
def test_references_are_read(text: str) -> None:
    found = Reference.parse(text)
    digest = found.digest.text if found.digest else ""
    assert (found.registry, found.repository, found.tag, digest) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_odd_references_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Reference.parse(text)
    assert BAD[text] in caught.value.what
    assert "registry.example/me/app:1.2" in caught.value.hint


_PARTS = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
_TAGS = st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True))


@given(
    st.sampled_from(["docker.io", "localhost", "a.io:5000", "[::1]:5000", "Host"]),
    st.lists(_PARTS, min_size=1, max_size=3),
    _TAGS,
    st.booleans(),
)
def test_what_is_printed_reads_the_same(
    host: str, parts: list[str], tag: str, pinned: bool
) -> None:
    made = Reference.parse(f"{host}/{'/'.join(parts)}" + (f":{tag}" if tag else ""))
    made = made.at(Digest.of(b"x")) if pinned else made
    again = Reference.parse(str(made))
    assert (again.name, again.selector) == (made.name, made.selector)


def test_a_selector_is_the_digest_else_the_tag() -> None:
    assert Reference.parse("a").selector == "latest"
    assert Reference.parse("a:1").selector == "1"
    assert Reference.parse(f"a:1@sha256:{HEX}").selector == f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("text", "host"),
    [("python3:nonroot", False), ("me/app", False), ("localhost/app", True),
     ("a.b/c", True), ("a:5/c", True), ("docker://a.b/c", True), ("a.b", False)],
)  # fmt: skip
def test_whether_a_name_has_a_host_of_its_own(text: str, host: bool) -> None:
    assert has_host(text) is host
