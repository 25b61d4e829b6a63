"""Images that start, and fail at what they do then: on real bases, each with code that fails."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rules.making import File, Files, Folder, Link
from support.binaries import elf
from support.certificates import CertificateAuthority
from support.failing import LIB, LOADER
from support.javac import jdk
from support.real import need

GONE = "etc/ssl/certs/java/.wh.cacerts"
NOBODY = "127.0.0.77"
"""Where a name server answers that there is no such name."""

BUNDLE = "etc/ssl/certs/ca-certificates.crt"
OWN = "usr/local/share/ca-certificates/own.crt"
PYTHON, JAVA, NODE = "python3-debian12", "java", "nodejs"
_SITE = "usr/lib/python3/dist-packages/fast"
_TLS = (
    "import socket, ssl; ssl.create_default_context().wrap_socket("
    "socket.create_connection(('127.0.0.1', {port})), server_hostname='localhost'); print('hello')"
)
_NODE_TLS = (
    "require('tls').connect({port}, 'localhost', function () {{ console.log('hello'); "
    "this.destroy(); }})"
)
_CANCELS = """
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *work(void *x) { for (;;) pause(); return x; }
int main(void) {
    pthread_t it;
    pthread_create(&it, 0, work, 0);
    pthread_cancel(it);
    pthread_join(it, 0);
    return puts("hello") < 0;
}
"""
_CONVERTS = """
#include <iconv.h>
#include <stdio.h>
int main(void) {
    if (iconv_open("UTF-8", "ISO-8859-15") == (iconv_t)-1) return perror("iconv_open"), 1;
    return puts("hello") < 0;
}
"""
_LOOKS_UP = """
#include <netdb.h>
#include <stdio.h>
int main(void) {
    struct addrinfo *found;
    int error = getaddrinfo("localhost", "80", 0, &found);
    if (error) return fprintf(stderr, "getaddrinfo: %s\\n", gai_strerror(error)), 1;
    return puts("hello") < 0;
}
"""
# Without the C library's own start it runs on Debian 11 too.
_ASKS = """
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
__attribute__((force_align_arg_pointer)) void start(void) {
    struct addrinfo *found;
    int error = getaddrinfo("localhost", "80", 0, &found);
    if (error) fprintf(stderr, "getaddrinfo: %s\\n", gai_strerror(error)), exit(1);
    puts("hello");
    exit(0);
}
"""
_BINDS = """
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
int main(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(80)};
    if (bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at))
        return perror("bind"), 1;
    return puts("hello") < 0;
}
"""
_TELLS = """
#include <stdio.h>
#include <unistd.h>
int main(void) { return printf("%d\\n", geteuid()) < 0; }
"""
_GO = """
package main

import (
	"crypto/tls"
	"fmt"
	"os"
)

func main() {
	if _, err := tls.Dial("tcp", "localhost:"+os.Args[1], nil); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("hello")
}
"""
_JAVA = """
public class Main {
    public static void main(String[] words) throws Exception {
        var factory = (javax.net.ssl.SSLSocketFactory) javax.net.ssl.SSLSocketFactory.getDefault();
        var made = factory.createSocket("localhost", Integer.parseInt(words[0]));
        ((javax.net.ssl.SSLSocket) made).startHandshake();
        System.out.println("hello");
    }
}
"""
_MODULE = """
void *PyModule_Create2(void *, int);
static struct {
    long count; void *type, *init; long index; void *copy; const char *name, *doc; long size;
    void *rest[5];
} it = {1, 0, 0, 0, 0, "fast", 0, -1, {0}};
void *PyInit_fast(void) { return PyModule_Create2(&it, 1013); }
"""
_ADDON = """
void node_module_register(void *);
static void start(void *exports, void *module, void *more) {}
static struct {
    int version; unsigned flags; void *handle; const char *file; void *old; void *start;
    const char *name; void *more; void *link;
} it = {VERSION, 0, 0, "fast.c", 0, start, "fast", 0, 0};
#define JOINED(number) node_register_module_v##number
#define NAMED(number) JOINED(number)
void NAMED(VERSION)(void) {}
__attribute__((constructor)) static void first(void) { node_module_register(&it); }
"""


@dataclass(frozen=True)
class Programs:
    """What the cases run, and what makes them trust the server on *port*."""

    cancels: bytes = b""
    converts: bytes = b""
    looks_up: bytes = b""
    asks: bytes = b""
    binds: bytes = b""
    tells: bytes = b""
    go: bytes = b""
    java: bytes = b""
    module: bytes = b""
    old_addon: bytes = b""
    addon: bytes = b""
    authority: bytes = b""
    keystore: bytes = b""
    glibc: Files = field(default_factory=dict)
    port: int = 0


@dataclass(frozen=True)
class Later:
    """An image on *base* that ends with *status* by *rule*; *files* are laid over the base's.

    ``how`` changes its configuration, ``flags`` are those of ``docker run``. ``good`` are files
    that a build has at hand for what is printed, of which way number ``way`` is taken;
    its commands run in the image ``tools``.
    """

    rule: str
    base: str
    how: Mapping[str, Any]
    files: Files = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    good: Files = field(default_factory=dict)
    way: int = 0
    status: int = 1
    tools: str = ""


def compiled(folder: Path, authority: CertificateAuthority, port: int) -> Programs:
    """Return the programs, made in *folder*."""

    def c(name: str, source: str, *options: str) -> bytes:
        (folder / f"{name}.c").write_text(source)
        out = folder / name
        argv = [need("gcc"), "-s", folder / f"{name}.c", "-o", out, *options]
        subprocess.run([*map(str, argv)], check=True, timeout=60)
        return out.read_bytes()

    shared = ("-shared", "-fPIC")
    return Programs(
        c("cancels", _CANCELS), c("converts", _CONVERTS), c("looks_up", _LOOKS_UP),
        c("asks", _ASKS, "-nostartfiles", "-Wl,-e,start"), c("binds", _BINDS),
        c("tells", _TELLS), _go(folder),
        _java(folder), c("module", _MODULE, *shared),
        c("old_addon", _ADDON, *shared, "-DVERSION=108"),
        c("addon", _ADDON, *shared, "-DVERSION=137"),
        authority.file.read_bytes(), _keystore(folder, authority.file),
        {LOADER[1:]: File(Path(LOADER).read_bytes(), 0o755),
         f"{LIB}/libc.so.6": Path("/", LIB, "libc.so.6").read_bytes()},
        port,
    )  # fmt: skip


def _go(folder: Path) -> bytes:
    (folder / "main.go").write_text(_GO)
    env = {**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off", "GOTOOLCHAIN": "local"}
    argv = [need("go"), "build", "-o", str(folder / "go"), str(folder / "main.go")]
    subprocess.run(argv, check=True, timeout=300, env=env)
    return (folder / "go").read_bytes()


def _java(folder: Path) -> bytes:
    jdk()
    (folder / "Main.java").write_text(_JAVA)
    argv = ["javac", "--release", "17", "-d", str(folder), str(folder / "Main.java")]
    subprocess.run(argv, check=True, timeout=120)
    return (folder / "Main.class").read_bytes()


def _keystore(folder: Path, authority: Path) -> bytes:
    out = folder / "cacerts"
    argv = [need("keytool"), "-importcert", "-noprompt", "-storetype", "JKS", "-storepass",
            "changeit", "-alias", "own", "-keystore", out, "-file", authority]  # fmt: skip
    subprocess.run([*map(str, argv)], check=True, timeout=60, capture_output=True)
    return out.read_bytes()


def cases(made: Programs = Programs()) -> dict[str, Later]:
    """Return every case by what it is."""
    return {**_of_python(made), **_of_glibc(made), **_of_trust(made)}


def _python(rule: str, code: str, files: Files | None = None, **more: Any) -> Later:
    how = {"Cmd": ["-c", code + "; print('hello')"], **more.pop("how", {})}
    return Later(rule, PYTHON, how, files or {}, **more)


def _of_python(made: Programs) -> dict[str, Later]:
    name = f"{_SITE}.cpython-{{}}-x86_64-linux-gnu.so"
    venv: Files = {
        "venv/pyvenv.cfg": "home = /usr/local/bin\n",
        "venv/bin/python": Link("/usr/local/bin/python3"),
        "venv/lib/python3.11/site-packages": Folder(),
    }
    return {
        "a user without a name": _python(
            "IMG021", "import getpass; getpass.getuser()", how={"User": "1234"}
        ),
        "a volume": _python(
            "IMG022", "open('/data/x', 'w')", how={"User": "65532", "Volumes": {"/data": {}}}
        ),
        "a time zone": _python(
            "IMG024", "import os, zoneinfo; zoneinfo.ZoneInfo(os.environ['TZ'])",
            how={"Env": ["TZ=Mars/Base"]},
        ),
        "a locale": _python(
            "IMG026", "import locale; locale.setlocale(locale.LC_ALL, '')",
            how={"Env": ["LANG=de_DE.UTF-8"]},
        ),
        "nowhere to write": _python(
            "IMG028", "import tempfile; tempfile.TemporaryFile()", flags=("--read-only",)
        ),
        "a module for another Python": _python(
            "IMG029", "import fast", {name.format("312"): elf(soname="fast")},
            good={name.format("311"): made.module},
        ),
        "a venv": Later(
            "IMG030", PYTHON, {"Entrypoint": ["/venv/bin/python"], "Cmd": ["-c", "print('hello')"]},
            venv, way=1, status=127,
        ),
        "the interpreter named twice": Later(
            "IMG036", PYTHON, {"Cmd": ["python", "/x.py"]}, {"x.py": "print('hello')\n"}, status=2
        ),
        "an addon for another Node": Later(
            "IMG031", NODE, {"Cmd": ["-e", "require('fast/fast.node'); console.log('hello')"],
                             "Env": ["NODE_PATH=/app/node_modules"]},
            {"app/node_modules/fast/fast.node": made.old_addon},
            good={"app/node_modules/fast/fast.node": made.addon},
        ),
    }  # fmt: skip


def _of_glibc(made: Programs) -> dict[str, Later]:
    run = {"Entrypoint": ["/app"]}

    def files(program: bytes, more: Files | None = None) -> Files:
        return {"app": File(program, 0o755), **made.glibc, **(more or {})}

    wrong = {"etc/nsswitch.conf": "passwd: files\nhosts: mdns4\n"}
    return {
        "a service of names": Later("IMG010", "", run, files(made.looks_up, wrong)),
        "names without a switch": Later(
            "IMG025", "base-nossl-debian11", {**run, "Cmd": []},
            {"app": File(made.asks, 0o755), "etc/.wh.nsswitch.conf": ""},
            ("--network=host", f"--dns={NOBODY}"),
        ),
        "a thread that is cancelled": Later("IMG010", "", run, files(made.cancels), status=139),
        "letters": Later("IMG010", "", run, files(made.converts)),
        "a low port": Later(
            "IMG027", "", {**run, "User": "65532", "ExposedPorts": {"80/tcp": {}}},
            files(made.binds), ("--sysctl=net.ipv4.ip_unprivileged_port_start=1024",), way=1,
        ),
    }  # fmt: skip


def _of_trust(made: Programs) -> dict[str, Later]:
    host, port = ("--network=host",), made.port
    bare = {"etc/ssl/.wh.certs": ""}
    go = {"app": File(made.go, 0o755)}
    bundle = {BUNDLE: made.authority}
    own = {OWN: made.authority}
    java = {"Cmd": ["-cp", "/srv", "Main", str(port)], "Entrypoint": ["java"]}
    return {
        "Go without authorities": Later(
            "IMG023", "", {"Entrypoint": ["/app", str(port)]}, go, host, bundle
        ),
        "Python without authorities": Later(
            "IMG023", PYTHON, {"Cmd": ["-c", _TLS.format(port=port)]}, bare, host, bundle
        ),
        "an authority of one's own, Python": Later(
            "IMG033", PYTHON, {"Cmd": ["-c", _TLS.format(port=port)]}, own, host
        ),
        "an authority of one's own, Node": Later(
            "IMG033", NODE, {"Cmd": ["-e", _NODE_TLS.format(port=port)]}, own, host
        ),
        "Java without authorities": Later(
            "IMG032", JAVA, java, {"srv/Main.class": made.java, GONE: ""}, host,
            {"usr/lib/jvm/java-25-openjdk-amd64/lib/security/cacerts": made.keystore},
        ),
        "an authority of one's own, Java": Later(
            "IMG033", JAVA, java, {"srv/Main.class": made.java, **own}, host, tools="java:debug"
        ),
    }  # fmt: skip
