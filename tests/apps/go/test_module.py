"""Go modules: go.mod, main packages, cgo."""

from __future__ import annotations

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.go import module
from seaslug.apps.go.detect import detect
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.values.tree import Tree, file

MAIN = "package main\nfunc main() {}\n"


def project(files: dict[str, str], **options: object) -> Project:
    config = AppConfig(where="seaslug.toml", options=(("go", tuple(options.items())),))
    return Project("/p", Tree(file(path, text.encode()) for path, text in files.items()), config)


def test_go_mod() -> None:
    found = module.parse(
        "// a comment\nmodule example.org/shop/v2 // here\n\ngo 1.22.1\ntoolchain go1.23.0\n"
        'require github.com/one/a v1.0.0\nrequire (\n\t"github.com/two/b" v0.1.0 // indirect\n)\n'
        "replace (\n\tgo => ../x\n\tgithub.com/two/b => ../b\n)\n"
    )
    assert (found.path, found.go) == ("example.org/shop/v2", "1.22.1")
    assert found.requires == ("github.com/one/a", "github.com/two/b")
    assert module.parse("") == module.Module()


@pytest.mark.parametrize(
    ("path", "name"),
    [("example.org/shop", "shop"), ("example.org/shop/v3", "shop"), ("gopkg.in/shop.v2", "shop"),
     ("shop", "shop"), ("v2", "v2"), ("", "")],
)  # fmt: skip
def test_the_name_of_the_program(path: str, name: str) -> None:
    assert module.Module(path).name == name


@pytest.mark.parametrize(
    ("files", "options", "expected"),
    [
        ({"main.go": MAIN, "cmd/tool/main.go": MAIN}, {}, "."),
        ({"lib.go": "package lib", "cmd/server/main.go": MAIN, "tools/gen/gen.go": MAIN}, {},
         "./cmd/server"),
        ({"server/main.go": MAIN}, {}, "./server"),
        ({"main.go": MAIN, "cmd/tool/main.go": MAIN}, {"package": "cmd/tool"}, "./cmd/tool"),
        ({"main.go": MAIN, "cmd/tool/main.go": MAIN}, {"package": "./cmd/tool/"}, "./cmd/tool"),
        ({"cmd/a/a.go": MAIN}, {"package": "example.org/b/cmd/c"}, "example.org/b/cmd/c"),
        ({"gen.go": "//go:build ignore\n\n" + MAIN, "cmd/a/a.go": MAIN}, {}, "./cmd/a"),
        ({"main_test.go": MAIN, "cmd/a/a.go": MAIN}, {}, "./cmd/a"),
        ({"vendor/x/main.go": MAIN, "testdata/main.go": MAIN, "_x/main.go": MAIN,
          "cmd/a/a.go": "/* package lib */ " + MAIN}, {}, "./cmd/a"),
        ({"cmd/a/a.go": "// package lib\n\npackage main // here\n"}, {}, "./cmd/a"),
    ],
)  # fmt: skip
def test_the_package_to_build(
    files: dict[str, str], options: dict[str, object], expected: str
) -> None:
    assert module.chosen(project(files, **options)) == expected


@pytest.mark.parametrize(
    ("files", "options", "said", "hint"),
    [
        ({"cmd/a/a.go": MAIN, "cmd/b/b.go": MAIN}, {}, r"2 programs: \./cmd/a, \./cmd/b",
         'package = "./cmd/a"'),
        ({"lib.go": "package lib"}, {}, "is a library", "package main"),
        ({"cmd/a/a.go": MAIN}, {"package": "./cmd/x"}, "no program in ./cmd/x", "./cmd/a"),
    ],
)  # fmt: skip
def test_no_clear_program(
    files: dict[str, str], options: dict[str, object], said: str, hint: str
) -> None:
    with pytest.raises(ProjectError, match=said) as caught:
        module.chosen(project(files, **options))
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("files", "requires", "expected"),
    [
        ({"a.go": 'package a\nimport "C"\n'}, (), "a.go"),
        ({"a.go": 'package a\n/*\n#include <x.h>\n*/\nimport "C"\n'}, (), "a.go"),
        ({"a.go": 'package a\nimport (\n\t"C"\n\t"fmt"\n)\n'}, (), "a.go"),
        ({"a.go": 'package a\n/* import "C" */\nvar x = "C"\n'}, (), ""),
        ({"vendor/a.go": 'import "C"', "a_test.go": 'import "C"'}, (), ""),
        ({}, ("github.com/mattn/go-sqlite3",), "github.com/mattn/go-sqlite3"),
        ({}, ("github.com/confluentinc/confluent-kafka-go/v2",),
         "github.com/confluentinc/confluent-kafka-go/v2"),
        ({}, ("github.com/mattn/go-sqlite3x", "modernc.org/sqlite"), ""),
    ],
)  # fmt: skip
def test_cgo(files: dict[str, str], requires: tuple[str, ...], expected: str) -> None:
    assert module.needs_cgo(project(files), module.Module(requires=requires)) == expected


def test_detection() -> None:
    found = detect(project({"go.mod": "module example.org/shop\ngo 1.22\n"}))
    assert found is not None and (found.kind, found.title) == ("go", "Go, example.org/shop")
    assert [row.what for row in found.evidence] == ["module example.org/shop", "go 1.22"]
    assert detect(project({"main.go": MAIN})) is None
    assert detect(project({"sub/go.mod": ""})) is None
