"""Jars made in memory: classes that are but a header, manifests, jars in jars."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

BOOT_MAIN = "org.springframework.boot.loader.launch.JarLauncher"
QUARKUS_MAIN = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"


def java_class(java: int, *, preview: bool = False) -> bytes:
    """Return the first bytes of a class compiled for this release."""
    return struct.pack(">IHH", 0xCAFEBABE, 0xFFFF if preview else 0, java + 44) + bytes(8)


def manifest(**attributes: str) -> bytes:
    """Return a manifest; ``Main_Class`` is Main-Class. Lines are folded at 72 bytes."""
    lines = [b"Manifest-Version: 1.0"]
    for key, value in attributes.items():
        line = f"{key.replace('_', '-')}: {value}".encode()
        lines.append(line[:72])
        lines += [b" " + line[at : at + 71] for at in range(72, len(line), 71)]
    return b"\r\n".join(lines) + b"\r\n\r\nName: a/B.class\r\nMain-Class: not.this\r\n"


def jar(files: Mapping[str, bytes], *, stored: bool = False, **attributes: str) -> bytes:
    """Return a jar of *files*; keywords are attributes of its manifest, written first."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as out:
        if attributes:
            files = {"META-INF/MANIFEST.MF": manifest(**attributes), **files}
        for name, data in files.items():
            out.writestr(zipfile.ZipInfo(name), data, out.compression)
    return made.getvalue()


def plain(java: int = 17, **attributes: str) -> bytes:
    """Return an executable jar with one class for this release of Java."""
    return jar({"app/Main.class": java_class(java)}, Main_Class="app.Main", **attributes)


LAYERS_INDEX = b"""- "dependencies":
  - "BOOT-INF/lib/library-1.jar"
- "spring-boot-loader":
  - "org/"
- "snapshot-dependencies":
  - "BOOT-INF/lib/own-1-SNAPSHOT.jar"
- "application":
  - "BOOT-INF/classes/"
  - "BOOT-INF/classpath.idx"
  - "BOOT-INF/layers.idx"
  - "META-INF/"
"""


def boot(
    java: int = 17, *, index: bytes = LAYERS_INDEX, extra: Mapping[str, bytes] | None = None,
    **attributes: str,
) -> bytes:  # fmt: skip
    """Return a jar in Spring Boot's shape: a launcher, two libraries, one class."""
    files = {
        f"{BOOT_MAIN.replace('.', '/')}.class": java_class(8),
        "BOOT-INF/classes/app/Main.class": java_class(java),
        "BOOT-INF/lib/library-1.jar": jar({"lib/One.class": java_class(11)}),
        "BOOT-INF/lib/own-1-SNAPSHOT.jar": jar({"lib/Two.class": java_class(11)}),
        "BOOT-INF/classpath.idx": b'- "BOOT-INF/lib/library-1.jar"\n',
        **(extra or {}),
    }
    if index:
        files["BOOT-INF/layers.idx"] = index
        attributes.setdefault("Spring_Boot_Layers_Index", "BOOT-INF/layers.idx")
    return jar(
        files, stored=True, Main_Class=BOOT_MAIN, Start_Class="app.Main",
        Spring_Boot_Version="3.5.0", **attributes,
    )  # fmt: skip
