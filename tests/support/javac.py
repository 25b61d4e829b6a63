"""Real jars, compiled here: plain, with a library, and in Spring Boot's shape."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from support.jars import BOOT_MAIN, LAYERS_INDEX, jar
from support.real import missing, need

LAUNCHER = """
package org.springframework.boot.loader.launch;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.*;
import java.util.*;
import java.util.jar.Manifest;

/** Starts what lies unpacked beside it, as the real launcher does. */
public final class JarLauncher {
    public static void main(String[] args) throws Exception {
        Path root = Path.of(JarLauncher.class.getProtectionDomain().getCodeSource()
            .getLocation().toURI());
        List<URL> path = new ArrayList<>();
        path.add(root.resolve("BOOT-INF/classes").toUri().toURL());
        for (File file : root.resolve("BOOT-INF/lib").toFile().listFiles()) {
            path.add(file.toURI().toURL());
        }
        var urls = path.toArray(new URL[0]);
        var loader = new URLClassLoader(urls, JarLauncher.class.getClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        try (var in = Files.newInputStream(root.resolve("META-INF/MANIFEST.MF"))) {
            String start = new Manifest(in).getMainAttributes().getValue("Start-Class");
            loader.loadClass(start).getMethod("main", String[].class).invoke(null, (Object) args);
        }
    }
}
"""
GREETER = 'package lib; public class Greeter { public static String hi() { return "hi"; } }'
USER = "package app; public class Main { public static void main(String[] a) { %s } }"


def jdk() -> int:
    """Return the release of the JDK here; without one the test is skipped, or fails in CI."""
    out = subprocess.run([need("javac"), "-version"], capture_output=True, text=True, check=True)
    found = re.search(r"javac (\d+)", out.stdout + out.stderr)
    if found is None or int(found[1]) < 17:
        missing("javac is older than 17")
    assert found is not None
    return int(found[1])


def compiled(
    sources: Mapping[str, str], folder: Path, *, java: int = 17, path: str = ""
) -> dict[str, bytes]:
    """Return the classes of *sources* (file name to text) by their paths in a jar."""
    folder.mkdir(parents=True)
    names = []
    for name, text in sources.items():
        (folder / name).write_text(text)
        names.append(str(folder / name))
    out = folder / "out"
    extra = ["-cp", path] if path else []
    subprocess.run(
        ["javac", "--release", str(java), "-d", str(out), *extra, *names], check=True
    )  # fmt: skip
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.class")}


def spring_boot(folder: Path, java: int = 17) -> bytes:
    """Return a jar in Spring Boot's shape whose main class uses a library and prints ``hi``."""
    library = compiled({"Greeter.java": GREETER}, folder / "library", java=java)
    call = {"Main.java": USER % "System.out.println(lib.Greeter.hi());"}
    own = compiled(call, folder / "own", java=java, path=str(folder / "library/out"))
    launcher = compiled({"JarLauncher.java": LAUNCHER}, folder / "launcher", java=17)
    files = {
        **launcher,
        **{f"BOOT-INF/classes/{name}": data for name, data in own.items()},
        "BOOT-INF/lib/library-1.jar": jar(library),
        "BOOT-INF/classpath.idx": b'- "BOOT-INF/lib/library-1.jar"\n',
        "BOOT-INF/layers.idx": LAYERS_INDEX,
    }
    return jar(
        files, stored=True, Main_Class=BOOT_MAIN, Start_Class="app.Main",
        Spring_Boot_Version="3.5.0", Spring_Boot_Layers_Index="BOOT-INF/layers.idx",
    )  # fmt: skip
