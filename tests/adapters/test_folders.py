"""Folders as trees and trees as folders: the same again, and no link leads out."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from seaslug.adapters import folders
from seaslug.adapters.project import read_project, state
from seaslug.apps.model import TIME
from seaslug.errors import ProjectError, RecipeError, UsageError
from seaslug.report.progress import Lines
from seaslug.values.tree import Kind


def make(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("DOT", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_what_is_read_does_not_depend_on_the_checkout(tmp_path: Path) -> None:
    one, two = make(tmp_path / "1", a="x", b__c="y"), make(tmp_path / "2", b__c="y", a="x")
    (one / "a").chmod(0o777)
    (two / "a").chmod(0o700)
    os.utime(two / "b", (5, 5))
    tree = folders.read(str(one))
    assert tree.lines() == folders.read(str(two)).lines()
    assert [(e.path, oct(e.mode), e.mtime) for e in tree] == [
        ("a", "0o755", TIME), ("b", "0o755", TIME), ("b/c", "0o644", TIME),
    ]  # fmt: skip


def test_written_and_read_again(tmp_path: Path) -> None:
    root = make(tmp_path / "from", a="x", b__c="y", b__empty="")
    (root / "a").chmod(0o755)
    (root / "b" / "link").symlink_to("c")
    tree = folders.read(str(root))
    (tmp_path / "to").mkdir()
    folders.write(str(tmp_path / "to"), tree)
    assert folders.read(str(tmp_path / "to")).lines() == tree.lines()


def test_links_inside_stay_and_become_relative(tmp_path: Path) -> None:
    root = make(tmp_path, a="x", b__c="y")
    (root / "b" / "up").symlink_to("../a")
    (root / "abs").symlink_to(root / "b" / "c")
    tree = folders.read(str(root))
    assert [(e.path, e.target) for e in tree if e.kind is Kind.SYMLINK] == [
        ("abs", "b/c"), ("b/up", "../a"),
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["/etc/passwd", "../../out", "../outside"])
def test_links_that_lead_out_are_refused_by_name(tmp_path: Path, target: str) -> None:
    root = make(tmp_path / "in", a="x")
    (root / "bad").symlink_to(target)
    with pytest.raises(ProjectError, match=r"lead out of the project: bad"):
        folders.read(str(root))
    assert len(folders.read(str(root), lambda path: path == "bad")) == 1


def test_devices_sockets_and_pipes_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert len(folders.read(str(tmp_path))) == 0


def test_ignored_folders_are_not_even_opened(tmp_path: Path) -> None:
    make(tmp_path, a="x", gone__b="y", gone__keep="z")
    seen: list[str] = []

    def ignored(path: str) -> bool:
        seen.append(path)
        return path == "gone" or path == "gone/b"

    assert [e.path for e in folders.read(str(tmp_path), ignored)] == ["a"]
    assert seen == ["a", "gone"]
    found = folders.read(str(tmp_path), ignored, prune=False)
    assert [e.path for e in found] == ["a", "gone/keep"]


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_FILES", 3)
    make(tmp_path, a="", b="", c="", d="")
    with pytest.raises(ProjectError, match="more than 3 files") as caught:
        folders.read(str(tmp_path))
    assert ".dockerignore" in caught.value.hint


# Projects.


def test_many_files_are_told_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    make(tmp_path, a="", b="", c="")
    folders.read(str(tmp_path), listener=Lines(stream))
    assert stream.getvalue() == ""
    monkeypatch.setattr(folders, "_MANY", 2)
    folders.read(str(tmp_path), listener=Lines(stream))
    assert stream.getvalue().startswith("  read the project: 3 files (")


def test_a_folder_with_its_configuration(tmp_path: Path) -> None:
    root = make(
        tmp_path, app="x", DOTenv="SECRET=1", DOTgit__HEAD="x", docs__x="d", DOTdockerignore="docs",
        seaslugDOTtoml="name = 'shop'\nexclude = ['tests']", tests__t="t",
    )  # fmt: skip
    project = read_project(str(root))
    assert [e.path for e in project.tree if e.kind is Kind.FILE] == ["app"]
    assert project.config.name == "shop" and project.folder == str(root)


def test_seaslug_toml_wins_over_pyproject(tmp_path: Path) -> None:
    make(tmp_path, pyprojectDOTtoml="[tool.seaslug]\nname = 'one'")
    assert read_project(str(tmp_path)).config.name == "one"
    make(tmp_path, seaslugDOTtoml="name = 'two'", other="name = 'three'")
    assert read_project(str(tmp_path)).config.name == "two"
    assert read_project(str(tmp_path), str(tmp_path / "other")).config.name == "three"


def test_a_single_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, bin__server="\x7fELF", seaslugDOTtoml="user = '7'")
    monkeypatch.chdir(tmp_path)
    project = read_project("bin/server")
    assert (project.file, [e.path for e in project.tree]) == ("server", ["server"])
    assert project.folder == str(tmp_path / "bin") and project.config.user == "7"


def test_what_is_not_there_and_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        read_project(str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="cannot read the configuration"):
        read_project(str(tmp_path), "nowhere.toml")
    make(tmp_path, seaslugDOTtoml="nme = 1")
    with pytest.raises(RecipeError, match=r"seaslug\.toml:1: nme"):
        read_project(str(tmp_path))


NAMED = """
certificates = ["ca.crt"]
[[files]]
source = "./.env"
target = "/app/.env"
[[files]]
source = "dist"
target = "/srv"
[[files]]
source = "conf"
target = "/etc/conf"
[variants.debug]
files = [{source = "keys/dev.key", target = "/dev.key"}]
"""


def test_what_the_configuration_names_is_read_though_it_is_ignored(tmp_path: Path) -> None:
    make(tmp_path, main="x", DOTenv="A=1", caDOTcrt="pem", dist__a="a", dist__DOTenv="no")
    make(tmp_path, dist__b__c="c", conf__x="x", conf__yDOTkey="no", keys__devDOTkey="k")
    make(tmp_path, DOTdockerignore="dist\n*.crt\n", seaslugDOTtoml=NAMED, seenDOTkey="no")
    found = read_project(str(tmp_path))
    assert [e.path for e in found.tree] == ["conf", "conf/x", "keys", "main"]
    assert [e.path for e in found.named] == [
        ".env", "ca.crt", "dist/a", "dist/b", "dist/b/c", "keys/dev.key",
    ]  # fmt: skip
    entry = found.named.get(".env")
    assert entry is not None and (entry.read(), entry.mode) == (b"A=1", 0o644)


def test_a_named_file_that_is_changed_is_a_change(tmp_path: Path) -> None:
    make(tmp_path, main="x", DOTenv="A=1", seaslugDOTtoml=NAMED)
    config = read_project(str(tmp_path)).config
    before = state(str(tmp_path), config)
    make(tmp_path, DOTenv="A=2, and more")
    assert state(str(tmp_path), config) != before


@pytest.mark.parametrize("source", ["../secret", "link", "dir/secret", "/../secret"])
def test_what_is_named_lies_in_the_project(tmp_path: Path, source: str) -> None:
    (tmp_path / "secret").write_text("s")
    root = make(tmp_path / "in", main="x", DOTdockerignore="link\ndir\n")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "dir").symlink_to(tmp_path)
    (root / "seaslug.toml").write_text(f'[[files]]\nsource = "{source}"\ntarget = "/x"\n')
    with pytest.raises(ProjectError, match="leads out of the project"):
        read_project(str(root))


def test_a_program_s_configuration_names_files_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, server="x", appDOTini="i")
    (tmp_path / "seaslug.toml").write_text('[[files]]\nsource = "app.ini"\ntarget = "/x"\n')
    monkeypatch.chdir(tmp_path)
    found = read_project("server")
    assert [[e.path for e in tree] for tree in (found.tree, found.named)] == [
        ["server"], ["app.ini"],
    ]  # fmt: skip
