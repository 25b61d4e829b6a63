"""Examples for the rules about security, secrets, hygiene, metadata and history."""

from __future__ import annotations

import base64
import hashlib
import tarfile
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from effects import certs
from rules.making import File, Folder, Hard, Link, Odd, specimen
from seaslug.rules.specimen import Specimen

Example = tuple[Callable[[], Specimen], Callable[[], Specimen]]

USERS = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n"
OCI = "org.opencontainers.image."
STATUS = "var/lib/dpkg/status.d"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"


def chance(seed: str, size: int, alphabet: str = "") -> str:
    """Return text that looks like chance, the same for one *seed*; no secret of anybody."""
    letters = alphabet or "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    stream = b"".join(hashlib.sha256(f"{seed}{n}".encode()).digest() for n in range(size // 32 + 1))
    return "".join(letters[byte % len(letters)] for byte in stream[:size])


def key(kind: str = "RSA ") -> str:
    """Return what has the shape of a private key and is none."""
    data = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(20))
    body = base64.encodebytes(data).decode()
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}-----END {kind}PRIVATE KEY-----\n"


@cache
def authority() -> bytes:
    """Return a certificate that holds for ten years from now."""
    with tempfile.TemporaryDirectory() as folder:
        return certs.make(Path(folder), "one", "/CN=An authority")


GITHUB = "ghp_" + chance("github", 36)


def history(*steps: str) -> dict[str, object]:
    return {"history": [{"created_by": step} for step in steps]}


def labels(**values: str) -> dict[str, object]:
    return {"Labels": {OCI + name.replace("_", "."): value for name, value in values.items()}}


def files(found: dict[str, object], bad: dict[str, object]) -> Example:
    return lambda: specimen(found), lambda: specimen(bad)  # type: ignore[arg-type]


def steps(good: str, bad: str) -> Example:
    return (
        lambda: specimen(blob=history("base", good)), lambda: specimen(blob=history("base", bad))
    )  # fmt: skip


def lists(*paths: str) -> str:
    return "".join(f"{'0' * 32}  {path}\n" for path in paths)


SECURITY: dict[str, Example] = {
    "IMG050": (
        lambda: specimen({"etc/passwd": USERS}, {"User": "nonroot"}),
        lambda: specimen({"etc/passwd": USERS}, {"User": "0:0"}),
    ),
    "IMG052": files({"usr/bin/su": File(mode=0o755)}, {"usr/bin/su": File(mode=0o4755)}),
    "IMG053": files(
        {"usr/bin/ping": File(mode=0o755)},
        {
            "usr/bin/ping": File(
                mode=0o755, xattrs={"security.capability": "\1\0\0\2\0\x20" + 14 * "\0"}
            )
        },
    ),
    "IMG054": files({"app/run": File("x", 0o755)}, {"app/run": File("x", 0o777)}),
    "IMG055": files({"tmp": Folder(0o1777)}, {"data": Folder(0o777)}),
    "IMG056": files(
        {"usr/bin/app": File("#!/usr/bin/python3\n", 0o755)},
        {"usr/bin/dash": File(b"any shell", 0o755), "bin/sh": Link("/usr/bin/dash")},
    ),
    "IMG057": files(
        {"etc/apt/sources.list": "deb …"}, {"usr/bin/apt-get": File(b"any manager", 0o755)}
    ),
    "IMG058": files({"usr/share/curl/readme": "x"}, {"usr/bin/curl": File(b"any program", 0o755)}),
    "IMG059": files(
        {"etc/shadow": "root:*:19000:0:99999:7:::\n"},
        {"etc/shadow": f"root:$6$saltsalt${chance('hash', 86)}:19000:0:99999:7:::\n"},
    ),
    "IMG060": files({"etc/passwd": USERS}, {"etc/passwd": USERS + "toor:x:0:0::/:/bin/sh\n"}),
    "IMG064": files({"dev": Folder()}, {"dev/sda": Odd(tarfile.BLKTYPE)}),
}

SECRETS: dict[str, Example] = {
    "IMG070": files(
        {"app/readme.md": "the file begins with -----BEGIN RSA PRIVATE KEY----- and so on\n"},
        {"app/server.pem": key()},
    ),
    "IMG071": files(
        {"app/a.py": "KEY = 'AKIAIOSFODNN7EXAMPLE'\nT = 'ghp_" + "x" * 36 + "'\n"},
        {"app/a.py": f"TOKEN = {GITHUB!r}\n"},
    ),
    "IMG072": files(
        {"root/.npmrc": "//registry.example/:_authToken=${NPM_TOKEN}\n"},
        {"root/.npmrc": f"//registry.example/:_authToken={chance('npm', 32)}\n"},
    ),
    "IMG073": files(
        {"app/settings.yaml": "password: ${DB_PASSWORD}\ntoken: <your token>\nsecret: changeme1\n"},
        {"app/settings.yaml": f"db:\n  password: {chance('password', 20)}\n"},
    ),
    "IMG074": files({"app/.env.example": "A=1\n"}, {"app/.env": "A=1\n"}),
    "IMG075": (
        lambda: specimen(config={"Env": ["GPG_KEY=A035C8C1", "TOKEN_FILE=/run/token", "TOKEN="]}),
        lambda: specimen(config={"Env": ["DB_PASSWORD=hunter2"]}),
    ),
    "IMG076": steps(
        "RUN --mount=type=secret,id=npm npm ci",
        f"|1 NPM_TOKEN={chance('arg', 30)} /bin/sh -c npm ci",
    ),
    "IMG077": (
        lambda: specimen(config=labels(revision="0" * 40)),
        lambda: specimen(config={"Labels": {"ci.job": f"clone https://x:{GITHUB}@git.example"}}),
    ),
}  # fmt: skip

HYGIENE: dict[str, Example] = {
    "IMG080": (
        lambda: specimen({"a": "x" * 2_000_000}, layers=[{"b": "y"}]),
        lambda: specimen({"a": "x" * 2_000_000}, layers=[{".wh.a": ""}]),
    ),
    "IMG081": files(
        {"a": "x" * 1_500_000, "b": Hard("a")}, {"a": "x" * 1_500_000, "b": "x" * 1_500_000}
    ),
    "IMG082": files({"var/lib/apt/lists": Folder()}, {"var/lib/apt/lists/x": "Package: x"}),
    "IMG083": files({"app/.gitignore": "x\n"}, {"app/.git/HEAD": "ref: refs/heads/main\n"}),
    "IMG084": files({"tmp": Folder(0o1777)}, {"tmp/x.o": "left", "app/Dockerfile": "FROM x\n"}),
    "IMG085": (
        lambda: specimen(config=labels(title="python3:nonroot")),
        lambda: specimen(config=labels(title="python3:debug-nonroot")),
    ),
    "IMG086": files(
        {f"{STATUS}/x.md5sums": lists("usr/bin/x"), "usr/bin/x": File("x", 0o755)},
        {f"{STATUS}/x.md5sums": lists("usr/bin/x", "usr/bin/y"), "usr/bin/x": File("x", 0o755)},
    ),
    "IMG087": (
        lambda: specimen(
            {f"{STATUS}/x.md5sums": lists("lib/x", "etc/x"), "lib/x": "1", "etc/x": "1"},
            layers=[{"etc/x": "2"}],
        ),
        lambda: specimen(
            {f"{STATUS}/x.md5sums": lists("lib/x"), "lib/x": "1"}, layers=[{"lib/x": "2"}]
        ),
    ),
    "IMG088": (
        lambda: specimen({BUNDLE: authority()}, now=int(time.time())),
        lambda: specimen({BUNDLE: authority()}, now=int(time.time()) + 11 * 365 * 86400),
    ),
}  # fmt: skip

METADATA: dict[str, Example] = {
    "IMG100": (
        lambda: specimen(config={"Healthcheck": {"Test": ["CMD", "/probe"]}}),
        lambda: specimen(config={"Healthcheck": {"Test": ["NONE"]}}),
    ),
    "IMG101": (
        lambda: specimen({"bin/sh": File("x", 0o755)}, {"Cmd": ["python3", "app.py"]}),
        lambda: specimen({"bin/sh": File("x", 0o755)}, {"Cmd": ["/bin/sh", "-c", "python3 a.py"]}),
    ),
    "IMG102": (
        lambda: specimen(config=labels(source="x", revision="x", version="1", licenses="MIT")),
        lambda: specimen(config=labels(source="x")),
    ),
    "IMG103": (
        lambda: specimen(blob={"created": "1970-01-01T00:00:00Z"}),
        lambda: specimen(blob={"created": "yesterday"}),
    ),
    "IMG104": (
        lambda: specimen(blob={"created": "2027-01-01T00:00:00.123456789Z"}),
        lambda: specimen(blob={"created": "2025-01-01T00:00:00Z"}),
    ),
    "IMG105": (
        lambda: specimen(annotations={OCI + "base.digest": "sha256:" + "0" * 64}),
        lambda: specimen(annotations={OCI + "base.name": "docker.io/library/python:3"}),
    ),
    "IMG110": steps("RUN curl -o x https://a.example/x", "RUN curl -fsSL https://a.example/x | sh"),
    "IMG111": steps("COPY . /app", "/bin/sh -c #(nop) ADD https://a.example/x.tar.gz in /opt"),
    "IMG112": steps(
        "RUN apt-get update && apt-get install -y x", "RUN /bin/sh -c apt-get update"
    ),
    "IMG113": steps("RUN apt-get install -y x", "RUN apt-get install --allow-unauthenticated x"),
    "IMG114": (
        lambda: specimen(layers=[{f"{n}": ""} for n in range(10)]),
        lambda: specimen(layers=[{f"{n}": ""} for n in range(70)]),
    ),
}  # fmt: skip

JUDGING: dict[str, Example] = {**SECURITY, **SECRETS, **HYGIENE, **METADATA}
