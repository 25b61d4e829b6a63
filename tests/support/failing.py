"""Images that fail in an engine, each in its own way, and the same ones put right."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rules.making import File, Files, Folder, Link, layer
from seaslug.values.platform import Platform
from support.binaries import elf
from support.real import need

LOADER = "/lib64/ld-linux-x86-64.so.2"
LIB = "lib/x86_64-linux-gnu"
_LOONGARCH = (258).to_bytes(2, "little")
_HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
_OTHER = 'int puts(const char *);\nvoid greet(void) { puts("hello"); }\n'
_GREETS = "void greet(void);\nint main(void) { greet(); return 0; }\n"
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
        newer=made("newer", "gcc", "-fno-builtin", *linking, source=_NEWER),
        glibc={"lib64/ld-linux-x86-64.so.2": File(loader, 0o755), f"{LIB}/libc.so.6": libc},
        musls={
            "lib/ld-musl-x86_64.so.1": File(Path("/lib/ld-musl-x86_64.so.1").read_bytes(), 0o755)
        },
    )


@dataclass(frozen=True)
class Case:
    """An image that fails with ``status`` by *rule*.

    Put right it has *fixed* beside or instead of its files; without these, the instruction that
    the doctor prints is taken.
    """

    rule: str
    status: int
    files: Files
    config: Mapping[str, Any] = field(default_factory=lambda: RUN)
    layers: Sequence[Files] = ()
    fixed: Files | None = None


def cases(made: Programs = Programs()) -> dict[str, Case]:
    """Return every case by what it is."""
    app = File(made.static, 0o755)
    dynamic = File(made.dynamic, 0o755)
    machine = made.static[:18] + _LOONGARCH + made.static[20:]
    narrow = elf(Platform("linux", "386"), kind=2, interpreter="/lib/ld-linux.so.2")
    good: Files = {"app": app}
    venv: Files = {
        "venv/pyvenv.cfg": "home = /usr/local/bin\n",
        "venv/bin/python": Link("/usr/local/bin/python3"),
        "venv/bin/app": File("#!/venv/bin/python\n", 0o755),
    }
    shebang: Files = {"hello": app, "app": File("#!/hello\nx\n", 0o755)}
    env: Files = {
        "app": File("#!/usr/bin/env hello\n", 0o755), "opt/hello": app,
    }  # fmt: skip
    return {
        "absent": Case("IMG001", 127, {"opt/app": app}),
        "absent, a path of the working directory": Case(
            "IMG001", 127, {"srv/app": app}, {"Entrypoint": ["./app"], "WorkingDir": "/opt"}
        ),
        "no command": Case("IMG001", 125, good, {}, fixed={}),
        "not in PATH": Case("IMG002", 127, {"opt/app": app}, {"Cmd": ["app", "x"]}),
        "another PATH": Case(
            "IMG002", 127, {"usr/bin/app": app}, {"Cmd": ["app"], "Env": ["PATH=/opt"]}
        ),
        "a link to nowhere": Case("IMG003", 127, {"app": Link("/srv/app")},
                                  fixed={"srv/app": app}),
        "links in a circle": Case("IMG003", 125, {"app": Link("b"), "b": Link("app")}, fixed=good),
        "no loader": Case("IMG004", 1, {"app": dynamic}, fixed=made.glibc),
        "musl on nothing": Case("IMG005", 1, {"app": File(made.musl, 0o755)}, fixed=made.musls),
        "musl on glibc": Case("IMG005", 1, {"app": File(made.musl, 0o755), **made.glibc},
                              fixed={"app": dynamic}),
        "glibc on musl": Case("IMG005", 1, {"app": dynamic, **made.musls},
                              fixed={"app": File(made.musl, 0o755)}),
        "another machine": Case("IMG006", 1, {"app": File(machine, 0o755)}, fixed=good),
        "32 bits": Case("IMG007", 1, {"app": File(narrow, 0o755)}, fixed=good),
        "a library": Case(
            "IMG008", 127, {"app": File(made.greeting, 0o755), **made.glibc},
            fixed={f"{LIB}/libgreet.so.1": made.library},
        ),
        "a library elsewhere": Case(
            "IMG008", 127,
            {"app": File(made.greeting, 0o755), **made.glibc, "opt/x/libgreet.so.1": made.library},
        ),
        "too new": Case("IMG009", 1, {"app": File(made.newer, 0o755), **made.glibc},
                        fixed={"app": dynamic}),
        "no right": Case("IMG011", 126, {"app": made.static}),
        "no right, by PATH": Case("IMG011", 127, {"usr/bin/app": made.static}, {"Cmd": ["app"]}),
        "not for this user": Case("IMG011", 126, {"app": File(made.static, 0o700)},
                                  {**RUN, "User": "65532"}),
        "a closed folder": Case(
            "IMG011", 126, {"d": Folder(0o700), "d/app": app},
            {"Entrypoint": ["/d/app"], "User": "65532"}, fixed={"d": Folder(0o755)},
        ),
        "a directory": Case("IMG012", 126, {"app": Folder(), "app/run": app}),
        "CRLF": Case("IMG013", 1, {**shebang, "app": File("#!/hello\r\nx\r\n", 0o755)},
                     fixed=shebang),
        "no interpreter": Case("IMG014", 1, {"app": shebang["app"]}, fixed=shebang),
        "no env": Case("IMG014", 1, env),
        "no shebang": Case("IMG015", 1, {"hello": app, "app": File("x\n", 0o755)}, fixed=shebang),
        "a mark before the shebang": Case(
            "IMG015", 1, {"hello": app, "app": File(b"\xef\xbb\xbf#!/hello\n", 0o755)},
            fixed=shebang,
        ),
        "an empty file": Case("IMG015", 1, {"app": File(b"", 0o755)}, fixed=good),
        "cut short": Case("IMG016", 139, {"app": File(made.static[: len(made.static) // 2], 0o755)},
                          fixed=good),
        "only its beginning": Case("IMG016", 1, {"app": File(made.static[:80], 0o755)},
                                   fixed=good),
        "shell form": Case("IMG017", 127, good, {"Cmd": ["/bin/sh", "-c", "exec /app 'a b'"]}),
        "an unknown user": Case("IMG020", 125, good, {**RUN, "User": "app"}),
        "root without a name": Case("IMG020", 125, good, {**RUN, "User": "root"}),
        "an unknown group": Case("IMG020", 125, good, {**RUN, "User": "0:staff"}),
        "a venv's link": Case("IMG030", 127, venv, {"Entrypoint": ["/venv/bin/python"]},
                              fixed={"usr/local/bin/python3": app}),
        "a venv's script": Case("IMG030", 1, venv, {"Entrypoint": ["/venv/bin/app"]},
                                fixed={"usr/local/bin/python3": app}),
        "deleted": Case("IMG038", 127, good, RUN, ({".wh.app": ""},), fixed=good),
        "a library deleted": Case(
            "IMG038", 127,
            {"app": File(made.greeting, 0o755), **made.glibc, f"{LIB}/libgreet.so.1": made.library},
            RUN, ({f"{LIB}/.wh.libgreet.so.1": ""},), fixed={f"{LIB}/libgreet.so.1": made.library},
        ),
    }  # fmt: skip


def archive(name: str, layers: Sequence[Files], config: Mapping[str, Any]) -> bytes:
    """Return what ``docker load`` takes."""
    blobs = [layer(files) for files in layers]
    digests = [hashlib.sha256(blob).hexdigest() for blob in blobs]
    body = json.dumps({
        "architecture": "amd64", "os": "linux", "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one}" for one in digests]},
    }).encode()  # fmt: skip
    rows = [{"Config": "config.json", "RepoTags": [name],
             "Layers": [f"{one}/layer.tar" for one in digests]}]  # fmt: skip
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        parts = [(f"{digest}/layer.tar", blob) for digest, blob in zip(digests, blobs, strict=True)]
        for path, data in (("config.json", body), *parts, ("manifest.json",
                                                           json.dumps(rows).encode())):  # fmt: skip
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
