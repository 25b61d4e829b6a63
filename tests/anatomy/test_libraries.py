"""Packages of languages: what tells them, what does not, and which files are theirs."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from ops.compare.test_tables import cells, drawn
from rules.making import File, Files, specimen
from seaslug.anatomy.libraries import libraries
from seaslug.anatomy.owners import owners
from seaslug.anatomy.packages import rust
from seaslug.anatomy.packages.find import of_program, of_text
from seaslug.apps.java.contained import libraries as contained
from seaslug.deb.elfparts import Pages
from seaslug.ops.compare.tables import tables
from seaslug.values.content import Inline
from support.binaries import elf
from support.jars import jar

SITE = "usr/local/lib/python3.13/dist-packages"
POM = "META-INF/maven/org.x/{0}/pom.properties"


def pom(name: str, version: str) -> dict[str, bytes]:
    text = f"#made\r\ngroupId=org.x\r\nartifactId={name}\r\nversion={version}\r\n"
    return {POM.format(name): text.encode()}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a/x-1.dist-info/METADATA", "Some: 2.1\nName: X.y\nVersion: 1\n\nName: z", "X.y 1"),
        ("a/x.egg-info/PKG-INFO", "Name: x\r\nVersion: 2\r\n\r\nbody", "x 2"),
        ("a/EGG-INFO/PKG-INFO", "name: x\nversion: 2\n", "x 2"),
        ("a/x-3.egg-info", "Name: x\nVersion: 3\nDescription: a\n Name: b\n", "x 3"),
        ("usr/lib/python2.7/argparse.egg-info", "Name: Python\nVersion: 2.7\n", ""),
        ("a/x-1.dist-info/METADATA", "Name: x\n", ""),
        ("a/x-1.dist-info/METADATA", "Name: \x1b[1m\nVersion: 1\n", ""),
        ("a/METADATA", "Name: x\nVersion: 1\n", ""),
        ("n/package.json", '{"name": "@a/b", "version": "1.0.0-rc.1"}', "@a/b 1.0.0-rc.1"),
        ("n/package.json", '{"type": "module"}', ""),
        ("n/package.json", '{"name": {"a": 1}, "version": "1"}', ""),
        ("n/package.json", "[" * 100_000, ""),
        ("n/package.json", '["name", "version"]', ""),
        ("n/my-package.json", '{"name": "a", "version": "1"}', ""),
    ],
)  # fmt: skip
def test_texts(path: str, text: str, expected: str) -> None:
    found = of_text(path, text.encode())
    assert " ".join(f"{one.name} {one.version}" for one in found) == expected


@pytest.mark.parametrize(
    ("path", "files", "attributes", "expected"),
    [
        ("lib/core-1.2.jar", pom("core", "1.2"), {}, ["org.x:core 1.2"]),
        ("lib/core-web-1.jar", {**pom("core", "2"), **pom("core-web", "1")}, {},
         ["org.x:core-web 1", "org.x:core 2"]),
        ("log-1.2-api-2.17.jar", pom("log-1.2-api", "2.17"), {}, ["org.x:log-1.2-api 2.17"]),
        ("app.jar", pom("core", "1"), {"Implementation_Version": "7"}, [":app 7", "org.x:core 1"]),
        ("app.jar", pom("core", "1"), {}, ["org.x:core 1"]),
        ("commons-lang3-3.12.0.jar", {}, {"Main_Class": "A"}, [":commons-lang3 3.12.0"]),
        ("jetty_9.4.war", {}, {"Main_Class": "A"}, [":jetty 9.4"]),
        ("tool-rc1.jar", {}, {"Main_Class": "A"}, [":tool rc1"]),
        ("tool-router.jar", {}, {"Specification_Version": "3"}, [":tool-router 3"]),
        ("1.jar", {}, {"Bundle_Name": "named", "Bundle_Version": "4"}, [":named 4"]),
        ("x.jar", {"a.txt": b""}, {}, []),
        ("x.jar", {POM.format("y"): b"version=1\n"}, {}, []),
    ],
)  # fmt: skip
def test_jars(
    path: str, files: dict[str, bytes], attributes: dict[str, str], expected: list[str]
) -> None:
    found = contained(Inline(jar(files, **attributes)), path)
    assert [f"{one.group}:{one.name} {one.version}" for one in found] == expected


def test_jars_in_jars() -> None:
    inner = jar(pom("inner", "1"))
    middle = jar({**pom("middle", "2"), "lib/inner-1.jar": inner})
    boot = jar(
        {"BOOT-INF/lib/middle-2.jar": middle, "BOOT-INF/lib/bad-1.jar": b"PK"}, Main_Class="B"
    )
    found = {one.name: one.inside for one in contained(Inline(boot), "opt/app-3.jar")}
    assert found == {
        "app": "", "middle": "BOOT-INF/lib/middle-2.jar",
        "inner": "BOOT-INF/lib/middle-2.jar!lib/inner-1.jar",
    }  # fmt: skip
    assert contained(Inline(b"PK\3\4 no zip at all"), "a.jar") == ()
    deep = inner
    for _ in range(9):
        deep = jar({"x-1.jar": deep}, Main_Class="M")
    assert len(contained(Inline(deep), "x-1.jar")) == 4, "not for ever"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"packages": [{"name": "a", "version": "1"},
                       {"name": "b", "version": "2", "kind": "build"},
                       {"name": "c", "version": "3", "kind": "runtime"}]}, ["a 1", "c 3"]),
        ({"packages": [7, {"name": "a"}, {"name": ["a"], "version": "1"}]}, []),
        ([], []), ({"packages": {}}, []),
    ],
)  # fmt: skip
def test_audit_data_of_rust(data: Any, expected: list[str]) -> None:
    packed = zlib.compress(json.dumps(data).encode())
    found = rust.libraries(Pages(Inline(b"1234" + packed)), (4, len(packed)))
    assert [f"{one.name} {one.version}" for one in found] == expected


def test_audit_data_that_is_none() -> None:
    bomb = zlib.compress(b" " * (20 << 20))
    for packed in (b"", b"no zlib", bomb, zlib.compress(b"\xff")):
        assert rust.libraries(Pages(Inline(packed)), (0, len(packed))) == ()
    assert of_program(Inline(elf())) == of_program(Inline(b"\x7fELF")) == ()


FILES: Files = {
    f"{SITE}/Six-1.dist-info/METADATA": "Name: Six\nVersion: 1\n",
    f"{SITE}/Six-1.dist-info/RECORD": 'six.py,sha256=x,5\n../../../bin/six,,\n"a,b.py",,\n',
    f"{SITE}/six.py": "x", f"{SITE}/a,b.py": "y", "usr/local/bin/six": File("#!/x\n", 0o755),
    f"{SITE}/__pycache__/six.cpython-313.pyc": "c",
    "app/node_modules/a/package.json": '{"name": "a", "version": "1"}',
    "app/node_modules/a/lib/x.js": "1",
    "app/node_modules/a/node_modules/@s/b/package.json": '{"name": "@s/b", "version": "2"}',
    "app/node_modules/a/node_modules/@s/b/y.js": "2",
    "app/node_modules/@s/b/package.json": '{"name": "@s/b", "version": "3"}',
    "app/main.js": "", "opt/core-1.jar": jar(pom("core", "1")),
}  # fmt: skip


def test_whose_the_files_are() -> None:
    found = owners(specimen(FILES).root, ours=False)
    assert {path: owner for path, owner in found.owner.items() if "info/" not in path} == {
        f"{SITE}/six.py": "Six (python)", f"{SITE}/a,b.py": "Six (python)",
        "usr/local/bin/six": "Six (python)",
        f"{SITE}/__pycache__/six.cpython-313.pyc": "Six (python)",
        "app/node_modules/a/package.json": "a (npm)", "app/node_modules/a/lib/x.js": "a (npm)",
        "app/node_modules/a/node_modules/@s/b/package.json": "@s/b (npm)",
        "app/node_modules/a/node_modules/@s/b/y.js": "@s/b (npm)",
        "app/node_modules/@s/b/package.json": "@s/b (npm)", "opt/core-1.jar": "core (java)",
    }  # fmt: skip
    assert found.version("@s/b (npm)") == "2, 3" or found.version("@s/b (npm)") == "3, 2"
    assert found.packages == {}, "they are not the distribution's"


def test_what_the_distribution_owns_stays_its_own() -> None:
    owned = {"var/lib/dpkg/status.d/python3-six": "Package: python3-six\nVersion: 1-1\n",
             "var/lib/dpkg/status.d/python3-six.md5sums": f"0  {SITE}/six.py\n"}  # fmt: skip
    found = owners(specimen({**FILES, **owned}).root, ours=False)
    assert found.owner[f"{SITE}/six.py"] == "python3-six"
    assert found.owner[f"{SITE}/a,b.py"] == "Six (python)"


def test_what_an_upper_layer_removed_is_not_there() -> None:
    made = specimen(FILES, layers=[{f"{SITE}/.wh.Six-1.dist-info": "", "app/.wh.node_modules": ""}])
    assert [told.library.name for told in libraries(made.root)] == ["core"]


def test_the_row_of_the_table() -> None:
    found = tables([drawn(specimen(FILES)), drawn(specimen({}))], [])
    assert cells(found, "Size", "Libraries") == ("1 java, 3 npm, 1 python", "none")
