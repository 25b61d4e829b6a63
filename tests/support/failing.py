"""Images that fail in an engine, each in its own way, and the same ones put right."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rules.making import File, Files, Folder, Link, layer
from seaslug.values.platform import Platform
from support.binaries import elf
from support.curing import Build
from support.real import need

LOADER = "/lib64/ld-linux-x86-64.so.2"
LIB = "lib/x86_64-linux-gnu"
_LOONGARCH = (258).to_bytes(2, "little")
_HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
_OTHER = 'int puts(const char *);\nvoid greet(void) { puts("hello"); }\n'
_GREETS = "void greet(void);\nint main(void) { greet(); return 0; }\n"
_PACKS = (
    "int puts(const char *);\nconst char *zlibVersion(void);\n"
    'int main(void) { return puts(zlibVersion()[0] ? "hello" : ""), 0; }\n'
)
_NEWER = (
    "int puts(const char *);\nlong __isoc23_strtol(const char *, char **, int);\n"
    'int main(void) { puts("hello"); return (int)__isoc23_strtol("0", 0, 10); }\n'
)
_STUB = "void puts(void) {}\nvoid __isoc23_strtol(void) {}\nvoid __libc_start_main(void) {}\n"
_VERSIONS = """
GLIBC_2.2.5 { global: puts; local: *; };
GLIBC_2.34 { global: __libc_start_main; } GLIBC_2.2.5;
GLIBC_2.38 { global: __isoc23_strtol; } GLIBC_2.34;
"""
RUN = {"Entrypoint": ["/app"]}


@dataclass(frozen=True)
class Programs:
    """Programs that say hello, each linked in its own way, and the libraries they need."""

    static: bytes = b""
    musl: bytes = b""
    dynamic: bytes = b""
    library: bytes = b""
    greeting: bytes = b""
    packing: bytes = b""
    newer: bytes = b""
    glibc: Files = field(default_factory=dict)
    musls: Files = field(default_factory=dict)


def compiled(folder: Path) -> Programs:
    """Return the programs, made in *folder*."""
    (folder / "versions").write_text(_VERSIONS)

    def made(name: str, compiler: str, *options: str, source: str = _HELLO) -> bytes:
        out = folder / name
        out.with_name(name + ".c").write_text(source)
        argv = [need(compiler), out.with_name(name + ".c"), "-o", out, *options]
        subprocess.run([*map(str, argv)], check=True, timeout=60)
        return out.read_bytes()

    shared = ("-shared", "-fPIC", "-Wl,-soname,libgreet.so.1")
    library = made("libgreet.so.1", "gcc", *shared, source=_OTHER)
    script = f"-Wl,--version-script={folder / 'versions'}"
    made("libc.so.6", "gcc", "-shared", "-nostdlib", "-fno-builtin", "-Wl,-soname,libc.so.6",
         script, source=_STUB)  # fmt: skip
    linking = ("-nodefaultlibs", f"-L{folder}", "-l:libc.so.6", "-Wl,--as-needed", "-lgcc")
    loader, libc = Path(LOADER).read_bytes(), Path("/", LIB, "libc.so.6").read_bytes()
    return Programs(
        static=made("static", "musl-gcc", "-static", "-s"),
        musl=made("musl", "musl-gcc", "-s"),
        dynamic=made("dynamic", "gcc", "-s"),
        library=library,
        greeting=made("greeting", "gcc", f"-L{folder}", "-l:libgreet.so.1", source=_GREETS),
        packing=made("packing", "gcc", "-s", "-l:libz.so.1", source=_PACKS),
        newer=made("newer", "gcc", "-fno-builtin", *linking, source=_NEWER),
        glibc={"lib64/ld-linux-x86-64.so.2": File(loader, 0o755), f"{LIB}/libc.so.6": libc},
        musls={
            "lib/ld-musl-x86_64.so.1": File(Path("/lib/ld-musl-x86_64.so.1").read_bytes(), 0o755)
        },
    )


@dataclass(frozen=True)
class Case:
    """An image that fails with ``status`` by *rule*, its own *files* laid over those *below*.

    ``good`` are files that a build has at hand for the cure, which is what the doctor prints:
    its way number ``way``, ``anew`` if that cannot be laid over what is there already.
    """

    rule: str
    status: int
    files: Files
    config: Mapping[str, Any] = field(default_factory=lambda: RUN)
    layers: Sequence[Files] = ()
    below: Files = field(default_factory=dict)
    good: Files = field(default_factory=dict)
    way: int = 0
    anew: bool = False

    @property
    def stack(self) -> tuple[Files, ...]:
        """Its layers, the lowest first."""
        return (*((self.below,) if self.below else ()), self.files, *self.layers)

    @property
    def build(self) -> Build:
        """What its build has at hand."""
        return Build(self.files, self.good, self.config, anew=self.anew)


def cases(made: Programs = Programs()) -> dict[str, Case]:
    """Return every case by what it is."""
    app = File(made.static, 0o755)
    dynamic = File(made.dynamic, 0o755)
    machine = made.static[:18] + _LOONGARCH + made.static[20:]
    narrow = elf(Platform("linux", "386"), kind=2, interpreter="/lib/ld-linux.so.2")
    good: Files = {"app": app}
    shebang: Files = {"hello": app, "app": File("#!/hello\nx\n", 0o755)}
    env: Files = {
        "app": File("#!/usr/bin/env hello\n", 0o755), "opt/hello": app,
    }  # fmt: skip
    return {
        "absent": Case("IMG001", 127, {"opt/app": app}),
        "absent, a path of the working directory": Case(
            "IMG001", 127, {"srv/app": app}, {"Entrypoint": ["./app"], "WorkingDir": "/opt"}
        ),
        "no command": Case("IMG001", 125, good, {}),
        "not in PATH": Case("IMG002", 127, {"opt/app": app}, {"Cmd": ["app", "x"]}),
        "another PATH": Case(
            "IMG002", 127, {"usr/bin/app": app}, {"Cmd": ["app"], "Env": ["PATH=/opt"]}
        ),
        "a link to nowhere": Case("IMG003", 127, {"app": Link("/srv/app")},
                                  good={"srv/app": app}),
        "links in a circle": Case("IMG003", 125, {"app": Link("b"), "b": Link("app")}, good=good,
                                  anew=True),
        "no loader": Case("IMG004", 1, {"app": dynamic}),
        "musl on nothing": Case("IMG005", 1, {"app": File(made.musl, 0o755)}),
        "musl on glibc": Case("IMG005", 1, {"app": File(made.musl, 0o755)}, below=made.glibc),
        "glibc on musl": Case("IMG005", 1, {"app": dynamic}, below=made.musls),
        "another machine": Case("IMG006", 1, {"app": File(machine, 0o755)}, good=good),
        "32 bits": Case("IMG007", 1, {"app": File(narrow, 0o755)}, good=good),
        "a library": Case(
            "IMG008", 127, {"app": File(made.packing, 0o755)}, below=made.glibc
        ),
        "a library elsewhere": Case(
            "IMG008", 127,
            {"app": File(made.greeting, 0o755), "opt/x/libgreet.so.1": made.library},
            below=made.glibc,
        ),
        "too new": Case("IMG009", 1, {"app": File(made.newer, 0o755)}, below=made.glibc,
                        good={"app": dynamic}),
        "no right": Case("IMG011", 126, {"app": made.static}),
        "no right, by PATH": Case("IMG011", 127, {"usr/bin/app": made.static}, {"Cmd": ["app"]}),
        "not for this user": Case("IMG011", 126, {"app": File(made.static, 0o700)},
                                  {**RUN, "User": "65532"}),
        "a closed folder": Case(
            "IMG011", 126, {"d": Folder(0o700), "d/app": app},
            {"Entrypoint": ["/d/app"], "User": "65532"}, anew=True,
        ),
        "a directory": Case("IMG012", 126, {"app": Folder(), "app/run": app}),
        "CRLF": Case("IMG013", 1, {**shebang, "app": File("#!/hello\r\nx\r\n", 0o755)}),
        "no interpreter": Case("IMG014", 1, {"app": shebang["app"]}, good=shebang),
        "no env": Case("IMG014", 1, env),
        "no shebang": Case("IMG015", 1, {"hello": app, "app": File("x\n", 0o755)}, good=shebang),
        "a mark before the shebang": Case(
            "IMG015", 1, {"hello": app, "app": File(b"\xef\xbb\xbf#!/hello\n", 0o755)}
        ),
        "an empty file": Case("IMG015", 1, {"app": File(b"", 0o755)}, good=good),
        "cut short": Case("IMG016", 139, {"app": File(made.static[: len(made.static) // 2], 0o755)},
                          good=good),
        "only its beginning": Case("IMG016", 1, {"app": File(made.static[:80], 0o755)},
                                   good=good),
        "shell form": Case("IMG017", 127, good, {"Cmd": ["/bin/sh", "-c", "exec /app 'a b'"]}),
        "an unknown user": Case("IMG020", 125, good, {**RUN, "User": "app"}),
        "root without a name": Case("IMG020", 125, good, {**RUN, "User": "root"}),
        "an unknown group": Case("IMG020", 125, good, {**RUN, "User": "0:staff"}),
        "deleted": Case("IMG038", 127, good, RUN, ({".wh.app": ""},)),
        "a library deleted": Case(
            "IMG038", 127,
            {"app": File(made.greeting, 0o755), f"{LIB}/libgreet.so.1": made.library},
            RUN, ({f"{LIB}/.wh.libgreet.so.1": ""},), made.glibc,
        ),
    }  # fmt: skip


@dataclass(frozen=True)
class Base:
    """An image that the engine has already: the digests of its layers."""

    diff_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """An image for the engine: *layers* on *base*, run as *config* says."""

    layers: Sequence[Files]
    config: Mapping[str, Any]
    base: Base = Base()


def archive(name: str, layers: Sequence[Files], config: Mapping[str, Any]) -> bytes:
    """Return what ``docker load`` takes."""
    return archives({name: Made(layers, config)})


def archives(images: Mapping[str, Made]) -> bytes:
    """Return what ``docker load`` takes: every image by its name, without layers of its base."""
    rows: list[Mapping[str, Any]] = []
    parts: dict[str, bytes] = {}
    for name, made in images.items():
        blobs = [layer(files) for files in made.layers]
        digests = [f"sha256:{hashlib.sha256(blob).hexdigest()}" for blob in blobs]
        every = [*made.base.diff_ids, *digests]
        body = json.dumps({
            "architecture": "amd64", "os": "linux", "config": dict(made.config),
            "rootfs": {"type": "layers", "diff_ids": every},
        }).encode()  # fmt: skip
        own = f"{hashlib.sha256(body).hexdigest()}.json"
        members = [f"{one.removeprefix('sha256:')}/layer.tar" for one in every]
        own_members = members[len(made.base.diff_ids) :]
        parts |= {own: body, **dict(zip(own_members, blobs, strict=True))}
        rows.append({"Config": own, "RepoTags": [name], "Layers": members})
    return layer({**parts, "manifest.json": json.dumps(rows).encode()})
