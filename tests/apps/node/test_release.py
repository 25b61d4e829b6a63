"""Which Node.js: engines, version files, the configuration, what a platform has."""

from __future__ import annotations

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.node.manifest import Manifest
from seaslug.apps.node.release import choose
from seaslug.apps.project import Project
from seaslug.errors import ProjectError, UsageError
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree, file

AMD64 = Platform("linux", "amd64")


def chosen(
    engines: str = "", base: str = "", volta: str = "", platform: Platform = AMD64, **files: str
) -> str:
    tree = Tree(file(f".{name.replace('_', '-')}", text.encode()) for name, text in files.items())
    project = Project("/p", tree, AppConfig(base=base))
    found = choose(project, Manifest(node=engines, volta=volta), platform)
    return f"{found.base} {found.distribution}".strip()


@pytest.mark.parametrize(
    ("engines", "expected"),
    [
        ("", "nodejs24"),
        ("*", "nodejs24"),
        (">=18", "nodejs24"),
        (">=20 <23", "nodejs22"),
        ("^20", "nodejs20"),
        ("20.x || 22.x", "nodejs22"),
        ("22.3.0", "nodejs22"),
        ("~24.1", "nodejs24"),
        (">=25", "nodejs26"),
        ("<=22", "nodejs22"),
        (">24", "nodejs26"),
    ],
)
def test_engines_choose(engines: str, expected: str) -> None:
    assert chosen(engines) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22", "nodejs22"), ("v22.3.0\n", "nodejs22"), ("# why\n20.1\n", "nodejs20"),
        ("lts/*", "nodejs24"), ("lts/jod", "nodejs22"), ("lts/Iron", "nodejs20"),
        ("node", "nodejs24"), ("26.x", "nodejs26"), ("lts/krypton", "nodejs24"),
    ],
)  # fmt: skip
def test_version_files_choose(text: str, expected: str) -> None:
    assert chosen(nvmrc=text) == expected
    assert chosen(node_version=text) == expected


def test_a_version_file_comes_before_engines() -> None:
    assert chosen(">=18", nvmrc="20") == "nodejs20"
    assert chosen(">=18", volta="22.9.0") == "nodejs22"
    assert chosen("^22.9", nvmrc="22.3.0") == "nodejs22"


def test_the_configuration_comes_before_all() -> None:
    assert chosen("^20", base="nodejs22-debian12", nvmrc="24") == "nodejs22 debian12"
    assert chosen(base="nodejs") == "nodejs"
    assert chosen(base="cc-debian12") == "cc debian12"


def test_where_there_is_only_debians_own() -> None:
    for text in ("linux/riscv64", "linux/386"):
        assert chosen(">=18", platform=Platform.parse(text)) == "nodejs20"
        with pytest.raises(ProjectError, match=r"allows none of Node\.js 20"):
            chosen(">=22", platform=Platform.parse(text))


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ({"engines": "14"}, ["'14' allows none of Node.js 20, 22, 24, 26", "nodejs24"]),
        ({"engines": "newest"}, ["not a range of versions: 'newest'"]),
        ({"nvmrc": "18"}, [".nvmrc", "asks for Node.js 18"]),
        ({"nvmrc": "whatever"}, ["asks for Node.js whatever"]),
        ({"nvmrc": "20", "engines": ">=22"}, [".nvmrc", "engines.node is '>=22'"]),
    ],
)
def test_bad_versions(what: dict[str, str], parts: list[str]) -> None:
    with pytest.raises(ProjectError) as caught:
        chosen(**what)
    for part in parts:
        assert part in str(caught.value)


def test_a_base_that_does_not_exist() -> None:
    with pytest.raises(UsageError):
        chosen(base="nodejs23")


def test_the_number_of_the_addon_interface() -> None:
    project = Project("/p", Tree(), AppConfig(base="nodejs20"))
    assert choose(project, Manifest(), AMD64).modules == 115
    assert choose(Project("/p", Tree()), Manifest(), AMD64).modules == 137
