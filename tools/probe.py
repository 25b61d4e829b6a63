"""Build the health probe for every platform, the same bytes on any machine.

python tools/probe.py            build src/seaslug/apps/probe/bin from ../source
python tools/probe.py --check    exit 1 if a built program is not what the source gives

The compiler is Zig's, in the version that tools/requirements-probe.txt pins by hash. If
this Python has no such version, it is installed into a temporary environment first.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
import venv
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
    "-Wl,--build-id=none", "-s",
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


def build(platform: Platform, python: Path, scratch: Path) -> bytes:
    """Return the probe for *platform*, compiled with empty caches."""
    target, cpu = TARGETS[platform]
    output = scratch / name(platform)
    caches = {"ZIG_LOCAL_CACHE_DIR": "local", "ZIG_GLOBAL_CACHE_DIR": "global"}
    env = {**os.environ, **{key: str(scratch / folder) for key, folder in caches.items()}}
    subprocess.run(
        [python, "-m", "ziglang", "cc", "-target", target, f"-mcpu={cpu}", *FLAGS,
         "probe.c", "-o", output],
        check=True, cwd=FOLDER / "source", env=env,
    )  # fmt: skip
    return output.read_bytes()


def main() -> int:
    """Build or check every program; return the exit status."""
    stale = []
    with tempfile.TemporaryDirectory(prefix="seaslug-probe-") as folder:
        scratch = Path(folder)
        python = compiler(scratch)
        for platform in TABLE:
            data = build(platform, python, scratch)
            path = FOLDER / "bin" / name(platform)
            if path.exists() and path.read_bytes() == data:
                continue
            stale.append(f"{path.name}: {len(data)} bytes")
            if "--check" not in sys.argv:
                path.write_bytes(data)
                path.chmod(0o755)
    for line in stale:
        print(line)  # noqa: T201
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
