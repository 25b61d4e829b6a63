"""Build the health probe for every platform, the same bytes on any machine.

python tools/probe.py               build src/seaslug/apps/probe/bin from ../source
python tools/probe.py --check       exit 1 if a built program is not what the source gives
python tools/probe.py --tls none    without those that know TLS, which take a minute each

The compiler is Zig's, in the version that tools/requirements-probe.txt pins by hash. If
this Python has no such version, it is installed into a temporary environment first.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

from seaslug.apps.probe.program import name
from seaslug.values.platform import TABLE, Platform

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "src" / "seaslug" / "apps" / "probe"
REQUIREMENTS = ROOT / "tools" / "requirements-probe.txt"

FLAGS = (
    "-std=c11", "-Os", "-g0", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-builtin",
    "-fno-sanitize=all", "-fno-stack-protector", "-fomit-frame-pointer", "-fno-pic",
    "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-nostdlib", "-static", "-no-pie",
    "-Wl,--build-id=none", "-Wl,--gc-sections", "-s",
)  # fmt: skip
TLS_FLAGS = (
    "-O", "ReleaseSmall", "-fstrip", "-fsingle-threaded", "-fno-unwind-tables", "-fcompiler-rt",
    "-ffunction-sections", "-fdata-sections", "-fno-stack-check",
)  # fmt: skip

# The oldest processors that Debian's architectures run on.
TARGETS = {
    Platform("linux", "amd64"): ("x86_64-linux-none", "x86_64"),
    Platform("linux", "arm64"): ("aarch64-linux-none", "generic"),
    Platform("linux", "arm", "v7"): ("thumb-linux-none", "generic+v7a"),
    Platform("linux", "386"): ("x86-linux-none", "i686"),
    Platform("linux", "ppc64le"): ("powerpc64le-linux-none", "ppc64le"),
    Platform("linux", "riscv64"): ("riscv64-linux-none", "baseline_rv64"),
    Platform("linux", "s390x"): ("s390x-linux-none", "arch8"),
}


def pinned() -> str:
    """Return the version of the compiler."""
    found = re.search(r"^ziglang==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"no ziglang in {REQUIREMENTS}")
    return found[1]


def compiler(scratch: Path) -> Path:
    """Return a Python that has the compiler: this one, or a new environment in *scratch*."""
    try:
        if importlib.metadata.version("ziglang") == pinned():
            return Path(sys.executable)
    except importlib.metadata.PackageNotFoundError:
        pass
    venv.create(scratch / "env", with_pip=True)
    python = scratch / "env" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, "--require-hashes", "-r", REQUIREMENTS], check=True)
    return python


@dataclass(frozen=True)
class Workshop:
    """A Python that has the compiler, and a folder for what it makes. Its caches begin empty."""

    python: Path
    scratch: Path

    def zig(self, *args: object) -> None:
        """Run the compiler in the folder of the source."""
        caches = {"ZIG_LOCAL_CACHE_DIR": "local", "ZIG_GLOBAL_CACHE_DIR": "global"}
        env = {**os.environ, **{key: str(self.scratch / name) for key, name in caches.items()}}
        argv = [self.python, "-m", "ziglang", *map(str, args)]
        subprocess.run(argv, check=True, cwd=FOLDER / "source", env=env)


def build(platform: Platform, workshop: Workshop, *, tls: bool) -> bytes:
    """Return the probe for *platform*."""
    target, cpu = TARGETS[platform]
    output = workshop.scratch / name(platform, tls=tls)
    inputs: tuple[object, ...] = ("probe.c",)
    if tls:
        part = output.with_suffix(".o")
        options = ("-target", target, "-mcpu", cpu, *TLS_FLAGS)
        workshop.zig("build-obj", "tls.zig", *options, f"-femit-bin={part}")
        inputs = ("-DTLS", "probe.c", part)
    workshop.zig("cc", "-target", target, f"-mcpu={cpu}", *FLAGS, *inputs, "-o", output)
    return output.read_bytes()


def stale(data: bytes, path: Path, *, write: bool) -> bool:
    """Tell whether *path* holds something else; write it if asked to."""
    if path.exists() and path.read_bytes() == data:
        return False
    if write:
        path.write_bytes(data)
        path.chmod(0o755)
    return True


def main() -> int:
    """Build or check every program; return the exit status."""
    arguments = argparse.ArgumentParser(description="Build the health probe.")
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    arguments.add_argument("--tls", choices=("all", "none", "only"), default="all")
    arguments.add_argument("platforms", nargs="*", type=Platform.parse, default=list(TABLE))
    chosen = arguments.parse_args()
    kinds = {"all": (False, True), "none": (False,), "only": (True,)}[chosen.tls]
    status = 0
    with tempfile.TemporaryDirectory(prefix="seaslug-probe-") as folder:
        workshop = Workshop(compiler(Path(folder)), Path(folder))
        for tls in kinds:
            for platform in chosen.platforms:
                data = build(platform, workshop, tls=tls)
                path = FOLDER / "bin" / name(platform, tls=tls)
                if stale(data, path, write=not chosen.check):
                    print(f"{path.name}: {len(data)} bytes")  # noqa: T201
                    status = 1 if chosen.check else 0
    return status


if __name__ == "__main__":
    raise SystemExit(main())
