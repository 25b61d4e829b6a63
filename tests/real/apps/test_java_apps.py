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
