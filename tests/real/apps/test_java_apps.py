"""Java applications made with the real JDK of this machine, and started from their layers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from seaslug.adapters import folders
from seaslug.adapters.toolbox import LocalTools
from seaslug.apps.config import AppConfig
from seaslug.apps.java.program import program
from seaslug.apps.model import Made
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.ops.app import java, jlink
from seaslug.ports import Silent
from seaslug.values.tree import Tree, file
from support.jars import jar
from support.javac import USER, compiled, jdk, spring_boot
from support.real import missing, need
from support.tools_source import AMD64, workbench

pytestmark = pytest.mark.slow


def made(data: bytes, folder: Path, base: str = "", **options: object) -> Made:
    config = AppConfig(
        where="seaslug.toml", base=base, options=(("java", tuple(options.items())),)
    )  # fmt: skip
    one = Project(str(folder), Tree([file("a.jar", data)]), config, "a.jar")
    with LocalTools(Silent()) as tools:
        return java.make(one, AMD64, workbench(tools, folder / "store"))


def start(found: Made, root: Path, program: str = "") -> str:
    """Write the layers below *root* and start what is there, as far as this machine can."""
    own = found.tree().without(["opt/java/lib/security/cacerts"])
    folders.write(str(root), own)
    argv = [arg.replace("/app", str(root / "app")) for arg in found.start.entrypoint]
    argv[0] = program or str(root) + argv[0]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=root / "app")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_spring_boot_jar_runs_taken_apart(tmp_path: Path) -> None:
    jdk()
    found = made(spring_boot(tmp_path / "source"), tmp_path)
    assert (found.base, found.distribution) == ("java17", "debian12")
    assert [layer.name for layer in found.layers] == ["dependencies", "application"]
    assert start(found, tmp_path / "root", "java") == "hi\n"


def linked(tmp_path: Path, base: str, body: str, **options: object) -> Made:
    data = jar(compiled({"Main.java": USER % body}, tmp_path / "c"), Main_Class="app.Main")
    try:
        return made(data, tmp_path, base, jlink=True, **options)
    except ProjectError as error:
        if "needs a JDK" not in str(error):
            raise
        missing(f"no JDK for {base} is here: {error}")
        raise


def test_a_linked_runtime_runs_the_program(tmp_path: Path) -> None:
    """Logging is a module of its own; without jdeps it would not be in the runtime."""
    base = {17: "java17", 21: "java21", 25: "java25"}.get(jdk(), "java17")
    body = 'java.util.logging.Logger.getLogger("x");System.out.println('
    found = linked(tmp_path, base, body + 'System.getProperty("java.home"));')
    assert found.base == "base-nossl"
    assert found.layers[0].size < 75 << 20
    assert start(found, tmp_path / "root") == f"{tmp_path}/root/opt/java\n"
    modules = subprocess.run(
        [tmp_path / "root/opt/java/bin/java", "--list-modules"], capture_output=True, text=True
    ).stdout
    assert "java.logging@" in modules and "java.desktop@" not in modules


def test_an_archive_of_shared_classes_is_the_same_every_time(tmp_path: Path) -> None:
    jdk()
    body, trees = "System.out.println(1);", []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        if not list(Path("/usr/lib/jvm").glob("*25*")):
            # Debian 12, where the suite runs, has none: an option of an option.
            pytest.skip("only JDK 25 makes the same archive twice, and none is here")
        found = linked(tmp_path / name, "java25", body, cds=True, options=["-Xshare:on"])
        trees.append(found.tree())
    assert "opt/java/lib/server/classes.jsa" in trees[0]
    assert trees[0] == trees[1]
    assert start(found, tmp_path / "root") == "1\n"


def test_the_desktop_is_seen(tmp_path: Path) -> None:
    jdk()
    body = 'System.out.println(new java.awt.Font("Dialog", 0, 12).getSize());'
    data = jar(compiled({"Main.java": USER % body}, tmp_path / "c"), Main_Class="app.Main")
    one = Project(str(tmp_path), Tree([file("a.jar", data)]), file="a.jar")
    jdeps = need("jdeps").rpartition("/")[0]
    with LocalTools(Silent()) as tools:
        bench = workbench(tools, tmp_path / "store")
        found = jlink.referred(program(one.tree, "a.jar", one), jdeps, 17, bench)
    assert {"java.base", "java.desktop"} <= set(found)


MAIN = """package shop;

public class Main {
    public static void main(String[] args) {
        System.out.println("made by a build tool");
    }
}
"""
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>shop</artifactId><version>1.0</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-jar-plugin</artifactId>
    <configuration><archive><manifest><mainClass>shop.Main</mainClass></manifest></archive>
    </configuration>
  </plugin></plugins></build>
</project>
"""
GRADLE = "apply plugin: 'java'\njar { manifest { attributes 'Main-Class': 'shop.Main' } }\n"
REPOSITORY = "/usr/share/maven-repo"
# Wrappers that take Debian's builds of the tools and of their plugins, and nothing from afar.
BUILDS = {
    "mvn": {
        "pom.xml": POM, "mvnw": f'exec mvn --offline -Dmaven.repo.local={REPOSITORY} "$@"\n',
    },
    "gradle": {
        "build.gradle": GRADLE, "settings.gradle": "rootProject.name = 'shop'\n",
        "gradlew": 'exec gradle --offline "$@"\n',
    },
}  # fmt: skip


@pytest.mark.parametrize("tool", BUILDS)
def test_a_project_is_built_by_its_own_wrapper(tool: str, tmp_path: Path) -> None:
    jdk()
    need(tool)
    plugins = Path(REPOSITORY, "org/apache/maven/plugins")
    if tool == "mvn" and not (plugins / "maven-jar-plugin").is_dir():
        missing("Debian's plugins for Maven are not installed (libmaven-jar-plugin-java)")
    texts = {"src/main/java/shop/Main.java": MAIN, **BUILDS[tool]}
    entries = [
        file(
            name, (f"#!/bin/sh\n{text}" if wrapper else text).encode(), 0o755 if wrapper else 0o644
        )
        for name, text in texts.items()
        for wrapper in [name.endswith("w")]
    ]
    one = Project(str(tmp_path), Tree(entries), AppConfig(where="seaslug.toml"))
    found = []
    for store in ("one", "two"):
        with LocalTools(Silent()) as tools:
            found.append(java.make(one, AMD64, workbench(tools, tmp_path / store)))
    assert found[0].base.startswith("java") and start(found[0], tmp_path / "root", "java") == (
        "made by a build tool\n"
    )
    # Neither time nor place of the build is in the jar.
    assert found[0].tree() == found[1].tree()
