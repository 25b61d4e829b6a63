"""Programs that do not just run on the newest glibc: brought right, or refused with a way on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.runners import make
from seaslug.adapters.store import Store
from seaslug.ports import Runner, RunSpec
from seaslug.values.digest import Digest
from support.clients import Seaslug
from support.real import missing, need

pytestmark = [pytest.mark.network, pytest.mark.slow]

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
# What a compiler on debian13 makes of strtol, linked here to a library that says so.
NEWER = (
    "int puts(const char *);\nlong __isoc23_strtol(const char *, char **, int);\n"
    'int main(void) { puts("hello"); return (int)__isoc23_strtol("0", 0, 10); }\n'
)
STUB = "void puts(void) {}\nvoid __isoc23_strtol(void) {}\nvoid __libc_start_main(void) {}\n"
VERSIONS = """
GLIBC_2.2.5 { global: puts; local: *; };
GLIBC_2.34 { global: __libc_start_main; } GLIBC_2.2.5;
GLIBC_2.38 { global: __isoc23_strtol; } GLIBC_2.34;
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd")


@pytest.fixture(scope="module")
def unshare(seaslug: Seaslug) -> Iterator[Runner]:
    runner = make(Store(seaslug.home), "unshare")
    if reason := runner.why_not():
        missing(reason)
    yield runner
    runner.close()


def compiled(work: Path, name: str, compiler: str, *options: object, source: str = HELLO) -> Path:
    """Return the program *name*; the second time, what the first time made."""
    out = work / name
    if not out.exists():
        out.with_suffix(".c").write_text(source)
        argv = [need(compiler), out.with_suffix(".c"), "-o", out, *options]
        subprocess.run([*map(str, argv)], check=True, timeout=60)
    return out


def newer(work: Path) -> Path:
    """Return a program that needs glibc 2.38, made on any machine."""
    (work / "versions").write_text(VERSIONS)
    compiled(
        work, "libc.so.6", "gcc", "-shared", "-nostdlib", "-fno-builtin", "-Wl,-soname,libc.so.6",
        f"-Wl,--version-script={work / 'versions'}", source=STUB,
    )  # fmt: skip
    linking = ("-nodefaultlibs", f"-L{work}", "-l:libc.so.6", "-Wl,--as-needed", "-lgcc")
    return compiled(work, "newer", "gcc", "-fno-builtin", *linking, source=NEWER)


def says(seaslug: Seaslug, runner: Runner, program: Path, *options: str) -> tuple[str, str]:
    """Build *program*, start the image; return what the build and what the program said."""
    done = seaslug("build", program, "--allow-expired", *options)
    result = runner.run(Digest(done.out.strip()), RunSpec())
    assert result.status == 0, result.stderr.decode()
    return done.err, result.stdout.decode()


def test_a_program_for_musl_gets_its_loader(seaslug: Seaslug, unshare: Runner, work: Path) -> None:
    program = compiled(work, "musl", "musl-gcc")
    told, said = says(seaslug, unshare, program)
    assert said == "hello\n"
    assert "base     static-debian13" in told
    assert "interpreter /lib/ld-musl-x86_64.so.1: musl → musl" in told
    assert "linked statically it would need no package at all" in told


def test_a_static_program_for_musl_gets_nothing(
    seaslug: Seaslug, unshare: Runner, work: Path
) -> None:
    program = compiled(work, "musl-static", "musl-gcc", "-static")
    told, said = says(seaslug, unshare, program)
    assert said == "hello\n" and "static: needs no library" in told


def test_a_program_for_a_newer_glibc_is_told_where_that_is(
    seaslug: Seaslug, unshare: Runner, work: Path
) -> None:
    program = newer(work)
    config = work / "seaslug.toml"
    config.write_text('base = "base-nossl-debian12"\n')
    old = seaslug("build", program, "--allow-expired", "--config", config, status=13)
    assert "needs GLIBC_2.38, debian12 is too old: glibc has GLIBC_2.36" in old.err
    advice = 'base = "base-nossl-debian13"'
    assert old.err.strip().endswith(advice) and old.out == ""
    config.write_text(advice)
    assert says(seaslug, unshare, program, "--config", str(config))[1] == "hello\n"
    # Without a word about the release, one that fits is taken.
    assert "needs GLIBC_2.38: debian13 or newer" in seaslug("choose", program).out


def test_a_program_for_another_architecture(seaslug: Seaslug, unshare: Runner, work: Path) -> None:
    program = compiled(work, "arm", "aarch64-linux-gnu-gcc")
    told = seaslug("build", program, "--allow-expired", "--platform", "linux/amd64", status=13).err
    assert "is for linux/arm64, not for linux/amd64" in told
    assert "--platform linux/arm64" in told
    done = seaslug("build", program, "--allow-expired", "--platform", "linux/arm64")
    assert "base     base-nossl-debian13" in done.err


CUT = {
    0.5: ("too early: it was cut short", "copy or build it again"),
    0.02: ("is no ELF program, or its headers are damaged", "build it again"),
}


@pytest.mark.parametrize("kept", CUT)
def test_a_program_that_was_cut_short(seaslug: Seaslug, work: Path, kept: float) -> None:
    whole = compiled(work, "plain", "gcc").read_bytes()
    cut = work / f"cut-{kept}"
    cut.write_bytes(whole[: int(len(whole) * kept)])
    told = seaslug("build", cut, "--allow-expired", status=13).err
    assert all(words in told for words in CUT[kept])
