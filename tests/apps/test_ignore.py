"""What never goes into an image, and what a .dockerignore takes out or back."""

from __future__ import annotations

import pytest

from seaslug.apps import ignore


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", "sub/.git/HEAD", ".env", "conf/.env.production", "server.key",
        "tls/id_rsa", ".venv/bin/python", "a/__pycache__/b.pyc", ".aws/credentials", ".npmrc",
        "Dockerfile", "Dockerfile.dev", "deploy/service-account-prod.json", "terraform.tfstate",
        ".dockerignore", "seaslug.toml",
    ],
)  # fmt: skip
def test_secrets_and_leftovers_stay_out(path: str) -> None:
    assert ignore.patterns("").match(path)


@pytest.mark.parametrize(
    "path", ["app.py", ".env.example", "keys.py", "src/git.py", "static/.well-known/x", "env"]
)
def test_what_only_looks_like_it_goes_in(path: str) -> None:
    assert not ignore.patterns("").match(path)


ROWS = [
    ("docs", "docs/a/b.md", True),
    ("docs", "src/docs/a.md", False),
    ("/docs/", "docs/a.md", True),
    ("*.md", "README.md", True),
    ("*.md", "sub/README.md", False),
    ("**/*.md", "a/b/README.md", True),
    ("a/**/z", "a/z", True),
    ("a/**/z", "a/b/c/z", True),
    ("file?.txt", "file1.txt", True),
    ("file?.txt", "file10.txt", False),
    ("[ab].py", "b.py", True),
    ("[!ab].py", "b.py", False),
    ("a.b", "axb", False),
    ("# comment", "# comment", False),
    ("*\n!keep", "keep", False),
    ("*\n!keep", "other", True),
    ("*\n!keep", "keep/inner.py", False),
    ("*\n!keep", "keep/.env", True),
    ("!.env", ".env", False),
    ("!**/.env", "a/.env", True),
]


@pytest.mark.parametrize(("text", "path", "out"), ROWS)
def test_dockerignore(text: str, path: str, out: bool) -> None:
    assert ignore.patterns(text).match(path) is out


def test_the_configuration_s_patterns_come_after() -> None:
    rules = ignore.patterns("!data", ("data/*.csv",))
    assert rules.match("data/a.csv") and not rules.match("data/a.txt")


@pytest.mark.parametrize(
    ("names", "path"),
    [(["Cargo.toml"], "target"), (["pom.xml"], "target"), (["package.json"], "**/node_modules")],
)
def test_what_a_tool_makes_again_stays_out(names: list[str], path: str) -> None:
    assert path in ignore.built(names)
    assert ignore.built(["README.md"]) == ()
