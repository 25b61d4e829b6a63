"""Python projects in memory, wheels, and uv played on a small index of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from seaslug.apps.config import AppConfig
from seaslug.apps.document import from_text
from seaslug.apps.project import Project
from seaslug.apps.python.target import Target, targets
from seaslug.errors import ToolError
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree, file

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
ARM = Platform("linux", "arm", "v7")
HASH = "sha256:" + "a" * 64


def target(distribution: str = "debian13", platform: Platform = AMD64) -> Target:
    return targets(platform)[distribution]


def project(files: Mapping[str, str], config: str = "") -> Project:
    """Return a project with *files*; *config* is the text of a seaslug.toml."""
    tree = Tree(file(path, text.encode()) for path, text in files.items())
    parsed = from_text(config, "seaslug.toml") if config else AppConfig()
    return Project("/work/thing", tree, parsed)


def uv_lock(rows: Sequence[str], asked: Sequence[str] = (), *, name: str = "thing") -> str:
    """Return a uv.lock: *rows* are TOML of packages, *asked* rows of requires-dist."""
    needs = ", ".join(f"{{ name = {json.dumps(re.split(r'[<>=~! ;[]', a)[0])} }}" for a in asked)
    dist = []
    for text in asked:
        head = re.split(r"([<>=~!].*)", text)
        bounds = f", specifier = {json.dumps(head[1])}" if len(head) > 1 else ""
        dist.append(f"{{ name = {json.dumps(head[0])}{bounds} }}")
    root = (
        f'[[package]]\nname = "{name}"\nversion = "1"\nsource = {{ virtual = "." }}\n'
        f"dependencies = [{needs}]\n[package.metadata]\nrequires-dist = [{', '.join(dist)}]\n"
    )
    return "\n".join(('version = 1\nrequires-python = ">=3.9"\n', root, *rows))


def uv_package(name: str, version: str = "1.0", tags: str = "py3-none-any", more: str = "") -> str:
    """Return one package of a uv.lock; *tags* are of its wheel, empty for source only."""
    stem = name.replace("-", "_")
    row = f"https://x.test/a/{stem}-{version}-{tags}.whl"
    wheels = f'wheels = [{{ url = "{row}", hash = "{HASH}", size = 1 }}]\n' if tags else ""
    sdist = f"https://x.test/a/{stem}-{version}.tar.gz"
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
        f'source = {{ registry = "https://x.test/simple" }}\n{more}\n'
        f'sdist = {{ url = "{sdist}", hash = "{HASH}", size = 1 }}\n{wheels}'
    )


def wheel_files(
    name: str, version: str = "1.0", tag: str = "py3-none-any", scripts: Mapping[str, str] = {}
) -> dict[str, bytes]:
    """Return what an installer leaves of the wheel of a package with one module."""
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    code = f"NAME = {name!r}\n".encode()
    check = base64.urlsafe_b64encode(hashlib.sha256(code).digest()).rstrip(b"=").decode()
    found = {
        f"{stem}/__init__.py": code,
        f"{stem}/__pycache__/__init__.cpython-311.pyc": b"host's",
        f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode(),
        f"{info}/INSTALLER": b"uv",
        f"{info}/REQUESTED": b"",
        f"{info}/RECORD": f"{stem}/__init__.py,sha256={check},{len(code)}\n{info}/INSTALLER,,\n"
        f"../../../bin/{name},,\n".encode(),
    }
    if scripts:
        lines = "".join(f"{key} = {value}\n" for key, value in scripts.items())
        found[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}".encode()
        for key in scripts:
            found[f"bin/{key}"] = b"#!/home/me/venv/bin/python\nthe host's\n"
    return found


class PlayedUv:
    """uv on an index in memory: name to what its wheel leaves. Lines name what is installed."""

    def __init__(self, index: Mapping[str, Mapping[str, bytes]]) -> None:
        self.index = index
        self.requirements: list[str] = []
        self.built: list[str] = []
        self.wheel = "thing-1.0-py3-none-any.whl"

    def __call__(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> str:
        if argv[1] == "build":
            return self._build(argv, env)
        out = Path(argv[argv.index("--target") + 1])
        out.mkdir(parents=True, exist_ok=True)
        (out / ".lock").write_bytes(b"")
        for name in self._asked(argv, cwd):
            if name not in self.index:
                raise ToolError("uv failed", f"Because {name}==1.0 has no usable wheels and")
            for path, data in self.index[name].items():
                (out / path).parent.mkdir(parents=True, exist_ok=True)
                (out / path).write_bytes(data)
        return ""

    def _asked(self, argv: Sequence[str], cwd: Path) -> list[str]:
        if "-r" not in argv:
            return ["thing"]
        text = (cwd / argv[argv.index("-r") + 1]).read_text()
        self.requirements.append(text)
        lines = [line for line in text.splitlines() if line and not line.startswith("--")]
        return [re.split(r"[<>=~!;\[ ]", line)[0] for line in lines]

    def _build(self, argv: Sequence[str], env: Mapping[str, str]) -> str:
        self.built.append(argv[-1])
        out = Path(argv[argv.index("--out-dir") + 1])
        out.mkdir(parents=True)
        (out / self.wheel).write_bytes(b"PK")
        return ""
