"""What of a project never goes into an image: secrets, version control, leftovers, .dockerignore.

Patterns are those of a ``.dockerignore``: ``*`` and ``?`` stay within a part, ``**``
crosses parts, a later ``!pattern`` takes back. They hold from the project's root,
and what is below an ignored folder is ignored as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

ALWAYS = (
    "**/.git", "**/.hg", "**/.svn", "**/.jj", "**/.venv", "**/venv", "**/__pycache__", "**/*.pyc",
    "**/.mypy_cache", "**/.ruff_cache", "**/.pytest_cache", "**/.tox", "**/.nox", "**/.hypothesis",
    "**/.idea", "**/.vscode", "**/.DS_Store", "**/*.swp", "**/.coverage", "**/htmlcov",
    "**/.gitignore", "**/.gitattributes", "**/.gitmodules", "**/.github", "**/.gitlab-ci.yml",
    "**/.dockerignore", "**/Dockerfile", "**/Dockerfile.*", "**/docker-compose*.yml",
    "**/compose.yaml", "**/compose.yml", "**/seaslug.toml", "**/seaslug.lock", "**/.editorconfig",
    "**/.pre-commit-config.yaml", "**/*.egg-info",
)  # fmt: skip
"""Left out of every application; nobody's program reads them."""

SECRETS = (
    "**/.env", "**/.env.*", "!**/.env.example", "!**/.env.sample", "!**/.env.template",
    "**/*.key", "**/id_rsa", "**/id_dsa", "**/id_ecdsa", "**/id_ed25519", "**/*.p12", "**/*.pfx",
    "**/*.keystore", "**/*.jks", "**/.npmrc", "**/.pypirc", "**/.netrc", "**/.aws", "**/.ssh",
    "**/.gnupg", "**/.docker", "**/.kube", "**/credentials.json", "**/service-account*.json",
    "**/*.tfstate", "**/*.tfvars", "**/.htpasswd", "**/.git-credentials", "**/*.kdbx",
)  # fmt: skip
"""Names that secrets go by. ``!path`` in a .dockerignore, without wildcards, brings one in."""


@dataclass(frozen=True)
class Ignore:
    """Patterns in order, the last one that matches a path decides."""

    patterns: tuple[str, ...]

    @cached_property
    def _rules(self) -> tuple[tuple[re.Pattern[str], bool], ...]:
        """Return the patterns, with whether they take back; neighbours of one kind in one."""
        groups: list[tuple[list[str], bool]] = []
        for text in self.patterns:
            keep = text.startswith("!")
            if not groups or groups[-1][1] is not keep:
                groups.append(([], keep))
            groups[-1][0].append(_expression(text.removeprefix("!")))
        return tuple(
            (re.compile(f"(?:{'|'.join(parts)})\\Z", re.DOTALL), keep) for parts, keep in groups
        )

    def match(self, path: str) -> bool:
        """Tell whether *path* (of a file or folder, relative) is left out."""
        out = False
        for rule, keep in self._rules:
            if out is keep and rule.match(path):
                out = not keep
        return out


def patterns(dockerignore: str, exclude: Sequence[str] = ()) -> Ignore:
    """Return what a project leaves out: the built-in rules, a .dockerignore's, the config's."""
    lines = [line.strip() for line in dockerignore.splitlines()]
    own = [line for line in lines if line and not line.startswith("#")]
    named = [f"!={p[1:].strip('/')}" for p in (*own, *exclude) if p[:1] == "!" and _plain(p)]
    return Ignore((*own, *exclude, *ALWAYS, *SECRETS, *named))


def _plain(pattern: str) -> bool:
    return not any(letter in pattern for letter in "*?[\\")


def looks_secret(path: str) -> bool:
    """Tell whether *path* has a name that secrets go by."""
    return Ignore(SECRETS).match(path)


_BUILT = (
    (("Cargo.toml", "pom.xml"), "target"),
    (("build.gradle", "build.gradle.kts"), "build"),
    (("build.gradle", "build.gradle.kts"), ".gradle"),
    (("package.json",), "**/node_modules"),
    (("package.json",), ".next"),
)


def built(names: Sequence[str]) -> tuple[str, ...]:
    """Return the folders that a project's tools make again, by the files of its root."""
    return tuple(folder for signs, folder in _BUILT if any(sign in names for sign in signs))


def takes_back(dockerignore: str, exclude: Sequence[str]) -> bool:
    """Tell whether something below an ignored folder may be wanted after all."""
    return any(line.strip().startswith("!") for line in (*dockerignore.splitlines(), *exclude))


def _expression(pattern: str) -> str:
    """Return the regular expression of one pattern; ``=`` before it means just this path."""
    if pattern.startswith("="):
        return re.escape(pattern[1:])
    parts = (part for part in pattern.split("/") if part not in ("", "."))
    return _regex("/".join(parts)) + "(?:/.*)?"


def _regex(pattern: str) -> str:
    made, at = "", 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("**/"):
            made, at = made + "(?:[^/]+/)*", at + 3
        elif rest.startswith("**"):
            made, at = made + ".*", at + 2
        elif rest[0] == "*":
            made, at = made + "[^/]*", at + 1
        elif rest[0] == "?":
            made, at = made + "[^/]", at + 1
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2)
            inside = rest[1:end].replace("\\", "\\\\")
            made, at = made + f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]", at + end + 1
        elif rest[0] == "\\" and len(rest) > 1:
            made, at = made + re.escape(rest[1]), at + 2
        else:
            made, at = made + re.escape(rest[0]), at + 1
    return made
