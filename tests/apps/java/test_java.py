"""Java projects and jars: what they are, which Java they get, how they are laid out."""

from __future__ import annotations

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.java import jar as jars
from seaslug.apps.java import runtime, settings, springboot
from seaslug.apps.java.bytecode import Level
from seaslug.apps.java.detect import detect
from seaslug.apps.java.program import classes, program
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.values.content import Inline
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree, file
from support.jars import BOOT_MAIN, QUARKUS_MAIN, boot, jar, java_class, plain

AMD64 = Platform("linux", "amd64")


def project(*entries: tuple[str, bytes], name: str = "", **options: object) -> Project:
    config = AppConfig(where="seaslug.toml", options=(("java", tuple(options.items())),))
    return Project("/p", Tree(file(path, data) for path, data in entries), config, name)


def read(data: bytes, main: str = "", name: str = "a.jar") -> jars.Jar:
    return jars.read(Inline(data), name, main)


@pytest.mark.parametrize(
    ("files", "name", "expected"),
    [
        ([("pom.xml", b"<project/>")], "", ("java", "Java, Maven")),
        ([("pom.xml", b"spring-boot-starter"), ("mvnw", b"")], "",
         ("java", "Java, Spring Boot, Maven")),
        ([("build.gradle.kts", b'id("io.quarkus")')], "", ("java", "Java, Quarkus, Gradle")),
        ([("settings.gradle", b"")], "", ("java", "Java, Gradle")),
        ([("app.jar", plain())], "", ("jar", "Java, a folder with an executable jar")),
        ([("app.jar", plain())], "app.jar", ("jar", "Java, executable jar")),
        ([("app.jar", boot())], "app.jar", ("jar", "Java, Spring Boot 3.5.0")),
        ([("app.war", b"nonsense")], "app.war", ("jar", "Java, executable jar")),
        ([("app.war", b"PK\3\4nonsense")], "app.war", ("jar", "Java, executable jar")),
        ([("quarkus-app/quarkus-run.jar", b"")], "",
         ("jar", "Java, a folder with an executable jar")),
        ([("library.jar", jar({"a": b""}))], "", None),
        ([("lib/app.jar", plain())], "", None),
        ([("main.py", b"")], "", None),
        ([("server", b"\x7fELF")], "server", None),
    ],
)  # fmt: skip
def test_detection(
    files: list[tuple[str, bytes]], name: str, expected: tuple[str, str] | None
) -> None:
    found = detect(project(*files, name=name))
    assert (found and (found.kind, found.title)) == expected
    assert found is None or found.evidence


def test_evidence_of_a_jar_names_its_main_class() -> None:
    found = detect(project(("a.jar", boot(Implementation_Title="shop")), name="a.jar"))
    assert found is not None
    said = [row.what for row in found.evidence]
    assert said[1:] == [
        "Implementation-Title: shop", "Start-Class: app.Main", "Spring-Boot-Version: 3.5.0",
        f"Main-Class: {BOOT_MAIN}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "platform", "expected"),
    [
        (Level(8), "amd64", ("java11", "debian11")),
        (Level(11), "amd64", ("java11", "debian11")),
        (Level(12), "amd64", ("java17", "debian12")),
        (Level(17), "arm64", ("java17", "debian12")),
        (Level(17), "riscv64", ("java21", "debian13")),
        (Level(18), "amd64", ("java21", "debian13")),
        (Level(21, preview=True), "amd64", ("java21", "debian13")),
        (Level(22), "amd64", ("java25", "debian13")),
        (Level(0), "amd64", ("java25", "debian13")),
    ],
)
def test_the_oldest_java_that_runs_it(
    level: Level, platform: str, expected: tuple[str, str]
) -> None:
    found = runtime.choose(level, Platform.parse(platform))
    assert (found.member, found.distribution) == expected
    assert found.evidence
    assert bool(found.notes) == (found.distribution == "debian11")


@pytest.mark.parametrize("level", [Level(26, False, "a.jar: X.class"), Level(18, True, "X.class")])
def test_no_java_runs_it(level: Level) -> None:
    with pytest.raises(ProjectError, match=r"needs Java (26|18 with preview)") as caught:
        runtime.choose(level, AMD64)
    assert caught.value.where == level.where and "java25" in caught.value.hint


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("java21", ("java21", "debian13", 21)), ("java17-debian11", ("java17", "debian11", 17)),
        ("java", ("java", "debian13", 25)), ("cc", ("cc", "debian13", 25)),
    ],
)  # fmt: skip
def test_a_base_that_is_given_stays(base: str, expected: tuple[str, str, int]) -> None:
    found = runtime.choose(Level(17), AMD64, base)
    assert (found.member, found.distribution, found.java) == expected


def test_a_base_that_is_too_old() -> None:
    with pytest.raises(ProjectError, match="need Java 21, and java17 is Java 17") as caught:
        runtime.choose(Level(21), AMD64, "java17")
    assert 'base = "java21"' in caught.value.hint


@pytest.mark.parametrize(
    ("data", "name", "said", "hint"),
    [
        (jar({"a.class": java_class(17)}), "a.jar", "without a main class", "java.main"),
        (jar({"WEB-INF/web.xml": b""}, Created_By="x"), "a.war", "without a server", "embedded"),
        (jar({"b": b""}, Main_Class="x.Main"), "a.jar", "main class x.Main is not in it", "shade"),
        (plain(Class_Path="../secret.jar"), "a.jar", "leads out of the jar's folder", "relative"),
        (plain(Class_Path="/etc/x.jar"), "a.jar", "leads out", "relative"),
        (plain(Class_Path="http://x.example/y.jar"), "a.jar", "leads out", "relative"),
        (b"garbage", "a.jar", "not a jar", "build it again"),
    ],
)
def test_jars_that_cannot_be_started(data: bytes, name: str, said: str, hint: str) -> None:
    with pytest.raises(ProjectError, match=said) as caught:
        read(data, name=name)
    assert hint in caught.value.hint and name in caught.value.where


def test_a_main_class_may_be_given() -> None:
    found = read(jar({"b/C.class": java_class(17)}), main="b.C")
    assert (found.shape, found.main) == (jars.PLAIN, "b.C")


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.jar", plain(), True), ("a-sources.jar", plain(), False),
        ("target/original-a.jar", plain(), False), ("a-plain.jar", plain(), False),
        ("a.jar", jar({"a": b""}), False), ("a.jar", b"no", False),
        ("a.jar", jar({"../a": b""}, Main_Class="x"), False),
    ],
)  # fmt: skip
def test_executable(name: str, data: bytes, expected: bool) -> None:
    assert jars.executable(Inline(data), name) is expected


def test_layers_by_the_index() -> None:
    parts = springboot.parts(read(boot()))
    assert [(part.name, part.files) for part in parts] == [
        ("dependencies", ("BOOT-INF/lib/library-1.jar", f"{BOOT_MAIN.replace('.', '/')}.class")),
        ("snapshot-dependencies", ("BOOT-INF/lib/own-1-SNAPSHOT.jar",)),
        ("application", (
            "BOOT-INF/classes/app/Main.class", "BOOT-INF/classpath.idx", "BOOT-INF/layers.idx",
            "META-INF/MANIFEST.MF",
        )),
    ]  # fmt: skip


def test_layers_without_an_index() -> None:
    parts = springboot.parts(read(boot(index=b"")))
    assert [part.name for part in parts] == ["dependencies", "application"]
    assert all(file.startswith(("BOOT-INF/lib/", "org/")) for file in parts[0].files)


def test_many_layers_become_three() -> None:
    index = b"".join(b'- "%c":\n  - "BOOT-INF/%c/"\n' % (c, c) for c in b"pqrst")
    extra = {f"BOOT-INF/{c}/f": b"" for c in "pqrst"}
    parts = springboot.parts(read(boot(index=index, extra=extra)))
    assert [part.name for part in parts] == ["p", "q + r + s", "t"]
    every = sorted(file for part in parts for file in part.files)
    assert every == sorted(read(boot(index=index, extra=extra)).archive.names())


def test_a_broken_index_names_its_line() -> None:
    with pytest.raises(ProjectError, match="not a line") as caught:
        springboot.parse('- "a":\n  what is this\n', "a.jar: layers.idx")
    assert caught.value.where == "a.jar: layers.idx:2"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.properties", "server.port=9000", 9000),
        ("a.properties", "# server.port=1\n server.port : ${PORT:8081}\n", 8081),
        ("a.properties", "quarkus.http.port 8082", 8082),
        ("a.properties", "server.port=${PORT}\nserver.portal=5", None),
        ("a.properties", "server.port=0", 0),
        ("a.properties", "server.port=99999", None),
        ("a.yml", "spring:\n  x: y\nserver:\n  address: a\n  port: 9001 # here\n", 9001),
        ("a.yml", "server.port: '9002'", 9002),
        ("a.yml", "management:\n  server:\n    port: 9\n", None),
        ("a.yml", "server:\n  ssl:\n    a: 1\n  port: 7\n---\nserver:\n  port: 8\n", 7),
        ("a.yml", "- server:\n", None),
        ("a.yml", "", None),
    ],
)
def test_the_port_of_the_settings(name: str, text: str, expected: int | None) -> None:
    assert settings.port(text, name) == expected


@pytest.mark.parametrize(
    ("libraries", "properties", "expected"),
    [
        (("tomcat-embed-core-10.jar",), b"", (8080,)),
        (("reactor-netty-http-1.jar",), b"server.port=7000", (7000,)),
        (("jetty-server-12.jar",), b"server.port=0", ()),
        (("spring-batch.jar",), b"", ()),
    ],
)
def test_ports_of_an_application(
    libraries: tuple[str, ...], properties: bytes, expected: tuple[int, ...]
) -> None:
    extra = {"BOOT-INF/classes/application.properties": properties}
    assert settings.ports(read(boot(extra=extra)), libraries) == expected


def test_health_paths() -> None:
    assert settings.health_path(["BOOT-INF/lib/spring-boot-actuator-3.jar"]) == "/actuator/health"
    assert (
        settings.health_path(["lib/main/io.quarkus.quarkus-smallrye-health-3.jar"]) == "/q/health"
    )
    assert settings.health_path(["a.jar"]) == ""


def test_libraries_of_the_class_path() -> None:
    files = [
        ("out/a.jar", plain(Class_Path="lib/one.jar conf/")), ("out/lib/one.jar", plain()),
        ("out/lib/unused.jar", plain()), ("out/conf/x.properties", b"x"), ("other", b"y"),
    ]  # fmt: skip
    one = project(*files)
    found = program(one.tree, "out/a.jar", one)
    assert [e.path for e in found.libraries()] == ["conf/x.properties", "lib/one.jar"]
    assert [e.path for e in found.application()] == ["a.jar"]
    whole = program(one.tree, "out/a.jar", one, whole=True)
    assert [e.path for e in whole.application()] == ["a.jar", "lib/unused.jar"]
    assert [archive.where for archive in found.archives()] == ["out/a.jar", "lib/one.jar"]


def test_a_library_that_is_not_there() -> None:
    one = project(("a.jar", plain(Class_Path="lib/one.jar lib/two.jar")), ("lib/two.jar", plain()))
    with pytest.raises(ProjectError, match=r"not beside it: lib/one\.jar") as caught:
        program(one.tree, "a.jar", one)
    assert 'java.main = "app.Main"' in caught.value.hint
    known = project(*((e.path, e.read()) for e in one.tree), main="app.Main")
    assert program(known.tree, "a.jar", known).jar.main == "app.Main"


def test_quarkus() -> None:
    run = jar({}, Main_Class=QUARKUS_MAIN, Class_Path="lib/boot/run.jar")
    own = jar({"application.properties": b"quarkus.http.port=9090", "a.class": java_class(21)})
    one = project(
        ("quarkus-run.jar", run), ("lib/boot/run.jar", plain()), ("app/own.jar", own),
        ("lib/main/io.quarkus.quarkus-vertx-http-3.jar", plain()), ("quarkus/x.dat", b""),
    )  # fmt: skip
    found = program(one.tree, "quarkus-run.jar", one)
    assert [e.path for e in found.application()] == [
        "app/own.jar",
        "quarkus-run.jar",
        "quarkus/x.dat",
    ]
    assert settings.ports(found.jar, found.names(), found.own()) == (9090,)


def test_classes_as_the_virtual_machine_sees_them() -> None:
    first = jar({
        "a/A.class": b"1", "META-INF/versions/11/a/A.class": b"11", "module-info.class": b"",
        "META-INF/versions/21/a/A.class": b"21", "META-INF/versions/17/b/B.class": b"17",
        "META-INF/versions/x/c/C.class": b"x", "BOOT-INF/classes/d/D.class": b"d",
    })  # fmt: skip
    second = jar({"a/A.class": b"second", "e/E.class": b"e"})
    archives = [jars.Archive(Inline(data), "x.jar") for data in (first, second)]
    found = {path: archive.read(name) for path, archive, name in classes(archives, 17)}
    assert found == {"a/A.class": b"11", "b/B.class": b"17", "d/D.class": b"d", "e/E.class": b"e"}
