"""Images for the rules of the doctor: what starts, what it loads, what it finds around it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rules.making import File, Files, Folder, Item, Link, specimen
from seaslug.rules.specimen import Specimen
from seaslug.values.platform import Platform
from support.binaries import LOADER, elf
from support.certificates import CertificateAuthority

ARM = Platform("linux", "arm64")
I386 = Platform("linux", "386")
LIB = "usr/lib/x86_64-linux-gnu"
MUSL_LOADER = "/lib/ld-musl-x86_64.so.1"

STATIC = File(elf(kind=2, entry=1), 0o755)
DYNAMIC = File(elf(kind=2, interpreter=LOADER, needed=["libc.so.6"]), 0o755)
SCRIPT = File("#!/usr/bin/tool\n", 0o755)
GLIBC: Files = {
    "lib64": Link("usr/lib64"),
    "usr/lib64/ld-linux-x86-64.so.2": File(elf(soname="ld-linux-x86-64.so.2"), 0o755),
    f"{LIB}/libc.so.6": elf(soname="libc.so.6", defines=["GLIBC_2.2.5", "GLIBC_2.36"]),
    f"{LIB}/libgcc_s.so.1": elf(soname="libgcc_s.so.1"),
    f"{LIB}/gconv/gconv-modules.cache": "",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
MUSL: Files = {"lib/ld-musl-x86_64.so.1": File(elf(soname="libc.musl-x86_64.so.1"), 0o755)}
PYTHON: Files = {**GLIBC, "usr/bin/python3.11": DYNAMIC, "usr/bin/python3": Link("python3.11")}
RUN = {"Entrypoint": ["/app"]}
USER = {**RUN, "User": "65532"}
VENV = {"Entrypoint": ["/venv/bin/app"]}
JVM = "usr/lib/jvm/java-17"

Maker = Callable[[], Specimen]


def of(files: Files, config: Mapping[str, Any] = RUN, *layers: Files) -> Maker:
    return lambda: specimen(files, config, layers)


def app(item: Item, more: Files | None = None) -> Maker:
    return of({"app": item, **(more or {})})


GOOD = app(STATIC)
WITH_GLIBC = app(DYNAMIC, GLIBC)


@cache
def authorities() -> tuple[bytes, bytes]:
    """Return two certificates."""
    with tempfile.TemporaryDirectory() as folder:
        made = CertificateAuthority(Path(folder))
        return made.file.read_bytes(), made.issue("own").file.read_bytes()


def public() -> bytes:
    return authorities()[0]


def own() -> bytes:
    return authorities()[1]


def trusting(*bundle: Callable[[], bytes]) -> Maker:
    return lambda: specimen(
        {
            "app": STATIC,
            "etc/ssl/certs/ca-certificates.crt": b"".join(one() for one in bundle),
            "usr/local/share/ca-certificates/own.crt": own(),
        },
        RUN,
    )


def versioned(version: str) -> File:
    needs = [("libc.so.6", version)]
    return File(elf(kind=2, interpreter=LOADER, needed=["libc.so.6"], needs=needs), 0o755)


def wanting(library: str) -> File:
    return File(elf(kind=2, interpreter=LOADER, needed=[library, "libc.so.6"]), 0o755)


def extension(tag: str) -> Maker:
    path = f"usr/local/lib/python3.11/site-packages/fast.{tag}.so"
    return of({**PYTHON, path: elf(soname="")}, {"Entrypoint": ["python3"]})


def addon(modules: int) -> Maker:
    made = elf(gives=[f"node_register_module_v{modules}"])
    files = {"app/node_modules/fast/build/fast.node": made, "usr/local/bin/node": STATIC}
    return of(files, {"Entrypoint": ["node"], "Env": ["NODE_VERSION=20.11.0"]})


def venv(home: str) -> Maker:
    files = {
        **PYTHON, "venv/pyvenv.cfg": f"home = {home}\n", "venv/bin/python": Link(f"{home}/python3"),
        "venv/bin/app": File("#!/venv/bin/python\n", 0o755),
    }  # fmt: skip
    return of(files, VENV)


def modules(compiled: bool) -> Maker:
    folder = "usr/lib/python3/dist-packages"
    files: dict[str, Item] = dict(PYTHON)
    for n in range(60):
        files[f"{folder}/m{n}.py"] = "pass\n"
        if compiled:
            files[f"{folder}/__pycache__/m{n}.cpython-311.pyc"] = b"x"
    return of(files, {"Entrypoint": ["python3"]})


def healthy(*test: str) -> Maker:
    return of({"app": STATIC}, {**RUN, "Healthcheck": {"Test": list(test)}})


def with_env(*rows: str, more: Files | None = None) -> Maker:
    return of({"app": DYNAMIC, **GLIBC, **(more or {})}, {**RUN, "Env": list(rows)})


LOW_PORTS = "\1\0\0\2\0\4" + 14 * "\0"
ADMIN = "\1\0\0\2\0\0\x20" + 13 * "\0"
"""What setcap writes for cap_net_bind_service=ep, and for cap_sys_admin=ep."""


def capable(value: str, config: Mapping[str, Any] = RUN) -> Maker:
    return of({"app": File(STATIC.data, 0o755, xattrs={"security.capability": value})}, config)


TMP: Files = {"tmp": Folder(0o1777)}
SERVING = {**USER, "ExposedPorts": {"80/tcp": {}}}
PASSWD = "app:x:65532:65532::/home/app:/sbin/nologin\n"
ZONES: Files = {"usr/share/zoneinfo/Europe/Berlin": b"TZif", "usr/share/zoneinfo/UTC": b"TZif"}

DOCTOR: dict[str, tuple[Maker, Maker]] = {
    "IMG001": (GOOD, of({"bin/app": STATIC})),
    "IMG002": (of({"bin/app": STATIC}, {"Cmd": ["app"]}), of({"app": STATIC}, {"Cmd": ["app"]})),
    "IMG003": (app(Link("srv/app"), {"srv/app": STATIC}), app(Link("/srv/app"))),
    "IMG004": (WITH_GLIBC, app(DYNAMIC)),
    "IMG005": (
        app(File(elf(kind=2, interpreter=MUSL_LOADER), 0o755), MUSL),
        app(File(elf(kind=2, interpreter=MUSL_LOADER), 0o755), GLIBC),
    ),
    "IMG006": (GOOD, app(File(elf(ARM, kind=2), 0o755))),
    "IMG007": (
        app(File(elf(I386, kind=2), 0o755)),
        app(File(elf(I386, kind=2, interpreter="/lib/ld-linux.so.2"), 0o755)),
    ),
    "IMG008": (WITH_GLIBC, app(wanting("libpcre2-8.so.0"), GLIBC)),
    "IMG009": (app(versioned("GLIBC_2.36"), GLIBC), app(versioned("GLIBC_2.38"), GLIBC)),
    "IMG010": (
        WITH_GLIBC, app(DYNAMIC, {**GLIBC, "etc/nsswitch.conf": "hosts: files mymachines dns\n"}),
    ),
    "IMG011": (GOOD, app(File(STATIC.data, 0o644))),
    "IMG012": (GOOD, app(Folder(), {"app/server": STATIC})),
    "IMG013": (
        app(SCRIPT, {"usr/bin/tool": STATIC}),
        app(File("#!/usr/bin/tool\r\n", 0o755), {"usr/bin/tool": STATIC}),
    ),
    "IMG014": (app(SCRIPT, {"usr/bin/tool": STATIC}), app(SCRIPT)),
    "IMG015": (GOOD, app(File("echo hello\n", 0o755))),
    "IMG016": (GOOD, app(File(STATIC.data[:-8], 0o755))),  # type: ignore[arg-type]
    "IMG017": (
        of({"app": STATIC, "bin/sh": STATIC}, {"Cmd": ["/bin/sh", "-c", "/app"]}),
        of({"app": STATIC}, {"Cmd": ["/bin/sh", "-c", "/app --all"]}),
    ),
    "IMG018": (healthy("CMD", "/app", "--check"), healthy("CMD-SHELL", "/app --check || exit 1")),
    "IMG020": (
        of({"app": STATIC, "etc/passwd": PASSWD}, {**RUN, "User": "app"}),
        of({"app": STATIC}, {**RUN, "User": "app"}),
    ),
    "IMG021": (of({"app": STATIC, "etc/passwd": PASSWD}, USER), of({"app": STATIC}, USER)),
    "IMG022": (
        of({"app": STATIC, "data": Folder(uid=65532)}, {**USER, "Volumes": {"/data": {}}}),
        of({"app": STATIC, "data": Folder()}, {**USER, "Volumes": {"/data": {}}}),
    ),
    "IMG023": (trusting(public), GOOD),
    "IMG024": (with_env("TZ=Europe/Berlin", more=ZONES), with_env("TZ=Europe/Berlin")),
    "IMG025": (
        WITH_GLIBC, app(DYNAMIC, {k: v for k, v in GLIBC.items() if k != "etc/nsswitch.conf"}),
    ),
    "IMG026": (with_env("LANG=C.UTF-8"), with_env("LANG=de_DE.UTF-8")),
    "IMG027": (
        of({"app": STATIC}, {**USER, "ExposedPorts": {"8080/tcp": {}}}),
        of({"app": STATIC}, SERVING),
    ),
    "IMG028": (app(STATIC, TMP), GOOD),
    "IMG029": (
        extension("cpython-311-x86_64-linux-gnu"), extension("cpython-312-x86_64-linux-gnu"),
    ),
    "IMG030": (venv("/usr/bin"), venv("/usr/local/bin")),
    "IMG031": (addon(115), addon(108)),
    "IMG032": (
        of({f"{JVM}/bin/java": STATIC, f"{JVM}/lib/security/cacerts": b"store"}),
        of({f"{JVM}/bin/java": STATIC, f"{JVM}/lib/security/cacerts": Link("/etc/nowhere")}),
    ),
    "IMG033": (trusting(public, own), trusting(public)),
    "IMG035": (modules(True), modules(False)),
    "IMG036": (
        of(PYTHON, {"Entrypoint": ["/usr/bin/python3"], "Cmd": ["/app.py"]}),
        of(PYTHON, {"Entrypoint": ["/usr/bin/python3"], "Cmd": ["python", "/app.py"]}),
    ),
    "IMG038": (
        of({"app": STATIC}, RUN, {".wh.other": ""}), of({"app": STATIC}, RUN, {".wh.app": ""}),
    ),
    "IMG039": (capable(LOW_PORTS), capable(ADMIN)),
}  # fmt: skip

LOADER_ALONE: Files = {
    name: GLIBC[name] for name in ("lib64", "usr/lib64/ld-linux-x86-64.so.2")
}  # fmt: skip
ALONE_IN_BASE = app(DYNAMIC, LOADER_ALONE)
"""A program whose loader is there, and no library."""
