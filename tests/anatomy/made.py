"""Images that look like others' and like ours, in a few files."""

from __future__ import annotations

import json

from rules.making import File, Files, Folder, Link, specimen
from seaslug.rules.specimen import Specimen
from support.binaries import LOADER, elf

PROGRAM = File(elf(kind=2, interpreter=LOADER, needed=["libc.so.6"]), 0o755)
SETUID = File(elf(kind=2, entry=1), 0o4755)
SCRIPT = File("#!/bin/sh\necho\n", 0o755)
APK = """\
P:musl
V:1.2.5-r0
A:x86_64
o:musl
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1

P:busybox
V:1.36.1-r29
A:x86_64
o:busybox
D:so:libc.musl-x86_64.so.1 !other>2
F:
F:bin
R:busybox
"""
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u7

Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2.15-2
Pre-Depends: libc6 (>= 2.36), nothing-here
Description: shell
 Package: not-a-field

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""
ALPINE: Files = {
    "lib/apk/db/installed": APK,
    "lib/ld-musl-x86_64.so.1": File(elf(soname="libc.musl-x86_64.so.1"), 0o755),
    "bin/busybox": PROGRAM,
    "bin/sh": Link("/bin/busybox"),
    "usr/bin/awk": Link("/bin/busybox"),
    "usr/bin/nc": Link("../../bin/busybox"),
    "sbin/apk": PROGRAM,
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
}
SLIM: Files = {
    "bin": Link("usr/bin"),
    "usr/bin/bash": PROGRAM,
    "usr/bin/su": SETUID,
    "usr/bin/python3.11": PROGRAM,
    "usr/bin/python3": Link("python3.11"),
    "usr/lib/libc.so.6": File(elf(soname="libc.so.6"), 0o755),
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/bash.list": "/.\n/bin\n/bin/bash\n/usr\n",
    "var/lib/dpkg/info/libc6:amd64.list": "/.\n/usr\n/usr/lib\n/usr/lib/libc.so.6\n",
    "etc/left.conf": "mine\n",
}
LOCK = {
    "platforms": [{"packages": [
        {"name": "libgreet", "version": "2", "arch": "amd64", "archive": "trixie", "level": "base"},
        {"name": "hello", "version": "1", "arch": "amd64", "archive": "trixie", "level": "app"},
        {"name": "greeter", "version": "3", "arch": "amd64", "archive": "trixie", "level": "app"},
        {"name": "node", "version": "24", "arch": "x64", "archive": "npm", "level": "app"},
    ]}]
}  # fmt: skip
OURS: tuple[Files, ...] = (
    {
        "var/lib/dpkg/status.d/libgreet": "Package: libgreet\nVersion: 2\n",
        "usr/lib/libgreet.so": "greet",
        "usr/lib/libgreet.so.1": Link("libgreet.so"),
        "var/lib/dpkg/status.d/libgreet.md5sums": "0  usr/lib/libgreet.so\n",
    },
    {
        "var/lib/dpkg/status.d/hello": "Package: hello\nVersion: 1\nDepends: say, libgreet\n",
        "usr/bin/hello": PROGRAM,
        "usr/lib/py/a.py": "1",
        "var/lib/dpkg/status.d/hello.md5sums": "",
        "var/lib/dpkg/status.d/greeter": "Package: greeter\nVersion: 3\nProvides: say\n",
        "usr/share/greeter": "words",
        "var/lib/dpkg/status.d/greeter.md5sums": "",
        "usr/bin/node": PROGRAM,
    },
    {
        "usr/share/seaslug/lock.json": json.dumps(LOCK),
        "usr/lib/py/__pycache__/a.cpython-313.pyc": "code",
        "etc/made": Folder(),
    },
)
LABELS = {"Labels": {"dev.seaslug.recipe": "sha256:0"}}


def ours() -> Specimen:
    return specimen(OURS[0], LABELS, OURS[1:])


def alpine(*more: Files) -> Specimen:
    return specimen(ALPINE, layers=more)


def slim(*more: Files) -> Specimen:
    return specimen(SLIM, layers=more)
