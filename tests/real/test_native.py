"""Programs compiled here, on the base and packages chosen for them: all is there, and it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from seaslug.adapters.contents import Contents
from seaslug.apps.native.choose import choose
from seaslug.apps.native.needs import closure
from seaslug.recipe import catalog
from seaslug.values.content import FileSlice
from seaslug.values.tree import Entry, Kind, Tree, symlink
from support.binaries import AMD64
from support.clients import Seaslug
from support.mirror import debian
from support.real import missing, need

pytestmark = [pytest.mark.network, pytest.mark.slow]


@dataclass(frozen=True)
class Program:
    """A source, how it is compiled, what is chosen for it on debian13, and what it prints."""

    source: str
    compiler: str = "gcc"
    options: tuple[str, ...] = ()
    base: str = "base-nossl"
    packages: tuple[str, ...] = ()
    says: str = "ok"


PROGRAMS = {
    "static": Program('#include <stdio.h>\nint main(){puts("ok");}', options=("-static",),
                      base="static"),
    "threads that are cancelled": Program(
        "#include <pthread.h>\n#include <stdio.h>\n#include <unistd.h>\n"
        "void *wait_(void *x) { pause(); return x; }\n"
        "int main() { pthread_t t; pthread_create(&t, 0, wait_, 0); pthread_cancel(t);"
        ' pthread_join(t, 0); puts("ok"); }',
        options=("-pthread",),
    ),
    "C++": Program(
        "#include <iostream>\n#include <stdexcept>\n"
        'int main() { try { throw std::runtime_error("ok"); }'
        ' catch (std::exception &e) { std::cout << e.what() << "\\n"; } }',
        compiler="g++", packages=("libstdc++6",),
    ),
    "a library that the family does not ship": Program(
        "int pcre2_config_8(unsigned, void *);\nint puts(const char *);\n"
        "int main() { char text[64]; pcre2_config_8(11, text); puts(text); }",
        options=("-l:libpcre2-8.so.0",), packages=("libpcre2-8-0",), says="10.",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    suites = catalog.distributions()["debian13"].suites
    return Contents(debian(tmp_path_factory.getbasetemp()), suites, AMD64)


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_runs_on_what_was_chosen(
    name: str, contents: Contents, seaslug: Seaslug, tmp_path: Path
) -> None:
    program = PROGRAMS[name]
    binary = compiled(program, tmp_path)
    content = FileSlice(str(binary), 0, binary.stat().st_size)
    entry = Entry("app/prog", Kind.FILE, 0o755, content=content)
    choice = choose(closure(Tree([entry]), [entry.path], AMD64), AMD64, "debian13", contents)
    choice.sure()
    assert (choice.base, choice.packages) == (program.base, program.packages)

    more = [option for package in choice.packages for option in ("--with", package)]
    image = seaslug.image(f"{choice.base}-debian13", *more)
    root = tmp_path / "root"
    seaslug("export", image.name, "-o", f"root:{root}")
    needs = closure(Tree((*tree_of(root), entry)), [entry.path], AMD64)
    assert (needs.missing, needs.unmet) == ((), ())

    if os.geteuid():
        missing("starting a program in another root needs root")
    (root / "app").mkdir()
    shutil.copy(binary, root / "app/prog")
    done = subprocess.run(
        [need("chroot"), str(root), "/app/prog"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(program.says)


def compiled(program: Program, folder: Path) -> Path:
    """Return the program; a library that is not on this machine skips the test."""
    source = folder / ("a.cc" if program.compiler == "g++" else "a.c")
    source.write_text(program.source)
    target = folder / "prog"
    done = subprocess.run(
        [need(program.compiler), str(source), "-o", str(target), *program.options],
        capture_output=True, text=True,
    )  # fmt: skip
    if "cannot find -l" in done.stderr:
        missing(f"a library is not here: {done.stderr.strip().splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    return target


def tree_of(root: Path) -> Tree:
    """Return the files and links below *root*, as they are."""
    entries = []
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if path.is_symlink():
            entries.append(symlink(name, os.readlink(path)))
        elif path.is_file():
            content = FileSlice(str(path), 0, path.stat().st_size)
            entries.append(Entry(name, Kind.FILE, 0o755, content=content))
    return Tree(entries)
