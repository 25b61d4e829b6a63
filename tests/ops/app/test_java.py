"""Java applications: layers, start, builds by Maven and Gradle (played), jlink (played)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.model import Made
from seaslug.apps.project import Project
from seaslug.errors import ProjectError, ToolError
from seaslug.ops.app import java
from seaslug.values.platform import Platform
from seaslug.values.tree import Kind, Tree, file
from support.jars import BOOT_MAIN, QUARKUS_MAIN, boot, jar, java_class, plain
from support.tools_source import AMD64, ARM64, Played, PlayedTools, workbench

JLINK = "/usr/lib/jvm/java-17-openjdk-amd64/bin/jlink"


def project(
    files: Mapping[str, bytes], *, name: str = "", folder: str = "/p", base: str = "",
    output: str = "", build: tuple[str, ...] = (), **options: object,
) -> Project:  # fmt: skip
    config = AppConfig(
        where="seaslug.toml", base=base, output=output, build=build,
        options=(("java", tuple(options.items())),),
    )  # fmt: skip
    tree = Tree(file(path, data, 0o755) for path, data in files.items())
    return Project(folder, tree, config, name)


def made(
    one: Project, tmp_path: Path, programs: Mapping[str, Played] | None = None,
    platform: Platform = AMD64,
) -> tuple[Made, PlayedTools]:  # fmt: skip
    with PlayedTools(programs or {}) as tools:
        return java.make(one, platform, workbench(tools, tmp_path / "store")), tools


def layers(found: Made) -> dict[str, list[str]]:
    return {layer.name: [entry.path for entry in layer.entries] for layer in found.layers}


def test_a_plain_jar(tmp_path: Path) -> None:
    options = ["-XX:MaxRAMPercentage=75"]
    found, tools = made(
        project({"a.jar": plain(17)}, name="a.jar", options=options), tmp_path, platform=ARM64
    )
    assert (found.base, found.distribution) == ("java17", "debian12")
    assert found.start.entrypoint == ("/usr/bin/java", *options, "-jar", "/app/a.jar")
    assert found.start.workdir == "/app" and not found.start.ports
    (entry,) = found.layers[0].entries
    assert (entry.path, entry.mode, entry.uid) == ("app/a.jar", 0o644, 0)
    assert not tools.runs
    assert "classes for Java 17: Java 17, debian12" in [row.what for row in found.evidence]


def test_a_main_class_of_the_configuration_starts_by_class_path(tmp_path: Path) -> None:
    data = jar({"b/C.class": java_class(21)}, Class_Path="lib/x.jar", Add_Opens="java.base/a")
    files = {"a.jar": data, "lib/x.jar": plain(11)}
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/x.jar").write_bytes(files["lib/x.jar"])
    one = project({"a.jar": data}, name="a.jar", folder=str(tmp_path), main="b.C")
    found, _ = made(one, tmp_path)
    assert found.base == "java21"
    assert found.start.entrypoint == (
        "/usr/bin/java", "--add-opens=java.base/a=ALL-UNNAMED", "-cp", "/app/a.jar:/app/lib/x.jar",
        "b.C",
    )  # fmt: skip
    assert layers(found) == {"libraries": ["app/lib/x.jar"], "application": ["app/a.jar"]}


@pytest.mark.parametrize("path", ["lib/x.jar", "x.jar"])
def test_libraries_beside_a_named_jar(tmp_path: Path, path: str) -> None:
    one = project(
        {"a.jar": plain(Class_Path=path)}, name="a.jar", folder=str(tmp_path / "project")
    )  # fmt: skip
    place = tmp_path / "project" / path
    place.parent.mkdir(parents=True)
    with pytest.raises(ProjectError, match="not beside it"):
        made(one, tmp_path)
    place.write_bytes(plain())
    (tmp_path / "project/secret").write_text("not taken")
    found, _ = made(one, tmp_path)
    assert layers(found) == {"libraries": [f"app/{path}"], "application": ["app/a.jar"]}


def test_spring_boot_is_taken_apart(tmp_path: Path) -> None:
    extra = {
        "BOOT-INF/lib/tomcat-embed-core-10.jar": jar({}),
        "BOOT-INF/lib/spring-boot-actuator-3.jar": jar({}),
        "BOOT-INF/classes/application.yml": b"server: {}\n",
    }
    found, _ = made(
        project({"s.jar": boot(extra=extra, Add_Opens="java.base/java.lang")}, name="s.jar"),
        tmp_path,
    )
    assert found.start.entrypoint == (
        "/usr/bin/java", "--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp", "/app", BOOT_MAIN,
    )  # fmt: skip
    assert (found.start.ports, found.start.health_path) == ((8080,), "/actuator/health")
    names = layers(found)
    assert list(names) == ["dependencies", "snapshot-dependencies", "application"]
    assert "app/BOOT-INF/lib/library-1.jar" in names["dependencies"]
    assert "app/META-INF/MANIFEST.MF" in names["application"]
    assert found.tree().get("app/BOOT-INF/classes/app/Main.class").read() == java_class(17)  # type: ignore[union-attr]
    again, _ = made(
        project({"s.jar": boot(extra=extra, Add_Opens="java.base/java.lang")}, name="s.jar"),
        tmp_path,
    )
    assert again.tree() == found.tree()


def test_quarkus_in_a_folder(tmp_path: Path) -> None:
    run = jar({}, Main_Class=QUARKUS_MAIN, Class_Path="lib/boot/run.jar")
    files = {
        "quarkus-app/quarkus-run.jar": run, "quarkus-app/lib/boot/run.jar": plain(17),
        "quarkus-app/lib/main/io.quarkus.quarkus-vertx-http-3.jar": plain(17),
        "quarkus-app/app/own.jar": plain(21), "quarkus-app/quarkus/gen.dat": b"x",
    }  # fmt: skip
    found, _ = made(project(files), tmp_path)
    assert found.base == "java21"
    assert found.start.entrypoint == ("/usr/bin/java", "-jar", "/app/quarkus-run.jar")
    assert found.start.ports == (8080,)
    assert layers(found) == {
        "libraries": [
            "app/lib/boot/run.jar", "app/lib/main/io.quarkus.quarkus-vertx-http-3.jar",
        ],
        "application": ["app/app/own.jar", "app/quarkus-run.jar", "app/quarkus/gen.dat"],
    }  # fmt: skip


class Build:
    """A Maven or Gradle that makes *files* in the project's folder."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.seen: list[str] = []

    def __call__(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
        self.seen = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
        for path, data in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        return ""


MAVEN = {
    "target/shop-1.jar": plain(21), "target/shop-1-sources.jar": jar({}),
    "target/original-shop-1.jar": plain(), "target/classes/a/A.class": java_class(21),
}  # fmt: skip


def test_maven(tmp_path: Path) -> None:
    source = {"pom.xml": b"<project/>", "src/main/java/A.java": b"class A {}"}
    build = Build(MAVEN)
    found, tools = made(project(source), tmp_path, {"mvn": build})
    (run,) = tools.runs
    assert run[:4] == ("/tools/mvn", "-B", "-q", "-DskipTests") and run[-1] == "package"
    assert set(source) <= set(build.seen)
    assert layers(found) == {"application": ["app/shop-1.jar"]}
    assert found.base == "java21"
    again, tools = made(project(source), tmp_path, {"mvn": build})
    assert not tools.runs, "the same files are not built again"
    assert again.tree() == found.tree()
    _, tools = made(project({**source, "src/main/java/A.java": b"!"}), tmp_path, {"mvn": build})
    assert len(tools.runs) == 1


def test_the_wrapper_comes_first_and_gradle(tmp_path: Path) -> None:
    source = {"build.gradle": b"", "gradlew": b"#!/bin/sh\n"}
    programs = {"gradle": Build({}), "gradlew": Build({"build/libs/a.jar": plain(17)})}
    found, tools = made(project(source), tmp_path, programs)
    assert tools.runs[0][0] == "./gradlew" and tools.runs[0][-1] == "assemble"
    assert ".seaslug.init.gradle" in programs["gradlew"].seen
    assert layers(found) == {"application": ["app/a.jar"]}
    one = project(source)
    tree = Tree((one.tree.get("build.gradle"), file("gradlew", b"#!/bin/sh\n", 0o644)))  # type: ignore[arg-type]
    _, tools = made(Project("/p", tree), tmp_path, {"sh": programs["gradlew"]})
    assert tools.runs[0][:2] == ("sh", "gradlew")


@pytest.mark.parametrize(
    ("files", "output", "said", "hint"),
    [
        ({"a/target/a.jar": plain(), "b/target/b.jar": plain()}, "",
         "2 executable jars: a/target/a.jar, b/target/b.jar", 'output = "a/target/a.jar"'),
        ({"target/library.jar": jar({})}, "", "no executable jar, only target/library.jar",
         "Main-Class"),
        ({}, "", "no executable jar", "Main-Class"),
        (MAVEN, "target/other.jar", "made no target/other.jar", "target/shop-1.jar"),
    ],
)  # fmt: skip
def test_builds_without_one_clear_result(
    tmp_path: Path, files: Mapping[str, bytes], output: str, said: str, hint: str
) -> None:
    one = project({"pom.xml": b""}, output=output)
    with pytest.raises(ProjectError, match=said) as caught:
        made(one, tmp_path, {"mvn": Build(files)})
    assert hint in caught.value.hint


def test_which_jar_and_which_command_can_be_said(tmp_path: Path) -> None:
    files = {"a/target/a.jar": plain(), "b/target/b.jar": plain()}
    one = project({"pom.xml": b""}, output="b/target/b.jar", build=("just", "jar"))
    found, tools = made(one, tmp_path, {"just": Build(files)})
    assert tools.runs == [("just", "jar")]
    assert layers(found) == {"application": ["app/b.jar"]}


def test_a_jar_with_its_libraries_in_it_is_preferred(tmp_path: Path) -> None:
    files = {"build/libs/a.jar": plain(), "build/libs/a-all.jar": plain()}
    found, _ = made(project({"build.gradle": b""}), tmp_path, {"gradle": Build(files)})
    assert layers(found) == {"application": ["app/a-all.jar"]}


def test_a_thin_jar_takes_its_libraries_along(tmp_path: Path) -> None:
    files = {"target/a.jar": plain(Class_Path="lib/x.jar"), "target/lib/x.jar": plain()}
    found, _ = made(project({"pom.xml": b""}), tmp_path, {"mvn": Build(files)})
    assert layers(found) == {"libraries": ["app/lib/x.jar"], "application": ["app/a.jar"]}


def test_no_maven_here(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="Maven is not here") as caught:
        made(project({"pom.xml": b""}), tmp_path)
    assert "install mvn" in caught.value.hint


class Jdk:
    """A JDK whose jdeps finds *modules*, and whose jlink links them."""

    def __init__(self, version: str, modules: str) -> None:
        self.version, self.modules = version, modules
        self.classes: list[str] = []
        self.linked: list[Sequence[str]] = []

    def jlink(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
        if argv[1] == "--version":
            return self.version + "\n"
        self.linked.append(argv)
        out = Path(argv[argv.index("--output") + 1])
        for name in ("bin/java", "bin/keytool", "lib/modules", "lib/security/cacerts", "release"):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(name)
        return ""

    def jdeps(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
        place = folder / argv[-1]
        self.classes = sorted(str(p.relative_to(place)) for p in place.rglob("*.class"))
        return f"Warning: something\n{self.modules}\n"

    def programs(self) -> dict[str, Played]:
        return {JLINK: self.jlink, "jdeps": self.jdeps}


@pytest.mark.parametrize(
    ("modules", "certificates", "base"),
    [
        ("java.base,java.logging", (), "base-nossl"),
        ("java.base,java.desktop", (), "java-base"),
        ("java.base", ("own.pem",), "java-base"),
    ],
)
def test_jlink(
    tmp_path: Path, modules: str, certificates: tuple[str, ...], base: str
) -> None:  # fmt: skip
    jdk = Jdk("17.0.15", modules)
    one = project({"a.jar": plain(17)}, name="a.jar", jlink=True, modules=["jdk.zipfs"])
    one = replace(one, config=replace(one.config, certificates=certificates))
    found, _ = made(one, tmp_path, jdk.programs())
    assert (found.base, found.distribution) == (base, "debian12")
    assert found.start.entrypoint == ("/opt/java/bin/java", "-jar", "/app/a.jar")
    assert [layer.name for layer in found.layers] == ["java runtime", "application"]
    assert found.libraries == ("/opt/java/lib", "/opt/java/lib/server")
    runtime = {e.path: e for e in found.layers[0].entries if e.kind is not Kind.DIR}
    assert sorted(runtime) == [
        "opt/java/bin/java", "opt/java/lib/modules", "opt/java/lib/security/cacerts",
        "opt/java/release",
    ]  # fmt: skip
    shared = "/etc/ssl/certs/java/cacerts" if base == "java-base" else ""
    assert runtime["opt/java/lib/security/cacerts"].target == shared
    asked = jdk.linked[0][jdk.linked[0].index("--add-modules") + 1].split(",")
    assert asked == sorted([*modules.split(","), "jdk.crypto.ec", "jdk.zipfs"])
    assert jdk.classes == ["app/Main.class"]
    again, tools = made(one, tmp_path, jdk.programs())
    assert [run[1:] for run in tools.runs] == [("--version",)], "linked once"
    assert again.tree() == found.tree()


def test_jlink_sees_the_classes_of_jars_in_jars(tmp_path: Path) -> None:
    jdk = Jdk("17.0.1", "java.base")
    made(project({"a.jar": boot()}, name="a.jar", jlink=True), tmp_path, jdk.programs())
    assert jdk.classes == [
        "app/Main.class", "lib/One.class", "lib/Two.class", BOOT_MAIN.replace(".", "/") + ".class",
    ]  # fmt: skip


def test_jlink_where_it_cannot_be(tmp_path: Path) -> None:
    one = project({"a.jar": plain(17)}, name="a.jar", jlink=True)
    with pytest.raises(ProjectError, match=r"needs a JDK 17 or newer, and there is none") as caught:
        made(one, tmp_path)
    assert "openjdk-17-jdk-headless" in caught.value.hint
    with pytest.raises(ProjectError, match=r"17 or newer, and this machine's is 11\.0\.2"):
        made(one, tmp_path, {"jlink": Jdk("11.0.2", "").jlink})
    with pytest.raises(ProjectError, match="JDK for linux/arm64, and this machine is linux/amd64"):
        made(one, tmp_path, Jdk("17", "").programs(), ARM64)
    preview = jar({"a/A.class": java_class(17, preview=True)}, Main_Class="a.A")
    one = project({"a.jar": preview}, name="a.jar", jlink=True)
    with pytest.raises(ProjectError, match=r"JDK 17, and this machine's is 21"):
        made(one, tmp_path, {"jlink": Jdk("21", "").jlink})


def test_jlink_by_a_newer_jdk(tmp_path: Path) -> None:
    """The runtime is linked, so that Debian's own Java does not matter."""
    jdk = Jdk("24.0.1", "java.base")
    one = project({"a.jar": plain(17)}, name="a.jar", jlink=True)
    found, _ = made(one, tmp_path, {"jlink": jdk.jlink, "jdeps": jdk.jdeps})
    assert found.base == "base-nossl"
    asked = jdk.linked[0]
    assert asked[asked.index("--add-modules") + 1] == "java.base", "curves are in java.base by now"
    assert asked[asked.index("--compress") + 1] == "zip-0"


def test_an_archive_of_shared_classes_only_where_it_is_the_same_every_time(tmp_path: Path) -> None:
    jdk = Jdk("17.0.1", "java.base")
    one = project({"a.jar": plain(17)}, name="a.jar", jlink=True, cds=True)
    found, tools = made(one, tmp_path, jdk.programs())
    assert not any("-Xshare:dump" in run for run in tools.runs)
    assert "Java 17 writes another" in found.notes[0]
