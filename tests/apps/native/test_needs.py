"""The closure: the dynamic loader's own order, in made trees and beside the real loader."""

from __future__ import annotations

import os
import platform as machine
import re
import subprocess
from pathlib import Path

import pytest

from seaslug.apps.native.needs import Missing, Needs, Wanted, closure
from seaslug.values.content import FileSlice
from seaslug.values.platform import TABLE, Platform
from seaslug.values.tree import Entry, Kind, Tree, file, symlink
from support.binaries import AMD64, LOADER, NODEFLIB, elf
from support.real import need

LIB = "usr/lib/x86_64-linux-gnu"


def app(path: str = "app/x", platform: Platform = AMD64, **what: object) -> Entry:
    more = {"interpreter": platform.names.loader, "needed": ("liba.so.1",), **what}
    return file(path, elf(platform, **more))


def lib(path: str, soname: str = "", **what: object) -> Entry:
    return file(path, elf(soname=soname or path.rpartition("/")[2], **what))


def found(needs: Needs) -> list[str]:
    return [f"{f.name} {f.path}" for f in needs.found]


A = "liba.so.1"
ORDERS: dict[str, tuple[list[Entry], dict[str, str], str]] = {
    "default": ([lib(f"{LIB}/{A}"), lib(f"usr/lib/{A}")], {}, f"{LIB}/{A}"),
    "rpath": ([lib(f"r/{A}"), lib(f"{LIB}/{A}")], {"rpath": "/r"}, f"r/{A}"),
    "runpath": ([lib(f"r/{A}"), lib(f"{LIB}/{A}")], {"runpath": "/r"}, f"r/{A}"),
    "rpath before LD_LIBRARY_PATH": ([lib(f"r/{A}"), lib(f"env/{A}")], {"rpath": "/r"}, f"r/{A}"),
    "runpath after it": ([lib(f"r/{A}"), lib(f"env/{A}")], {"runpath": "/r"}, f"env/{A}"),
    "rpath is void beside runpath": (
        [lib(f"r/{A}"), lib(f"s/{A}")], {"rpath": "/r", "runpath": "/s"}, f"s/{A}"
    ),
    "$ORIGIN": ([lib(f"app/lib/{A}")], {"runpath": "$ORIGIN/lib"}, f"app/lib/{A}"),
    "${ORIGIN}/..": ([lib(f"lib2/{A}")], {"runpath": "${ORIGIN}/../lib2"}, f"lib2/{A}"),
    "$LIB": ([lib(f"p/lib/x86_64-linux-gnu/{A}")], {"rpath": "/p/$LIB"},
             f"p/lib/x86_64-linux-gnu/{A}"),
    "$PLATFORM": ([lib(f"p/x86_64/{A}")], {"rpath": "/p/$PLATFORM"}, f"p/x86_64/{A}"),
    "second of a list": ([lib(f"s/{A}")], {"runpath": "/r:/s"}, f"s/{A}"),
    "a link": ([lib(f"{LIB}/liba.so.1.2", A), symlink(f"{LIB}/{A}", "liba.so.1.2")], {},
               f"{LIB}/liba.so.1.2"),
    "merged /usr": ([lib(f"{LIB}/{A}"), symlink("lib", "usr/lib")], {}, f"{LIB}/{A}"),
    "ld.so.conf": ([lib(f"opt/{A}"), lib(f"{LIB}/{A}"),
                    file("etc/ld.so.conf", b"include /etc/ld.so.conf.d/*.conf\n"),
                    file("etc/ld.so.conf.d/o.conf", b"# ours\n/opt\n")], {}, f"opt/{A}"),
    "by its soname": ([lib(f"{LIB}/liba-build7.so", A)], {}, f"{LIB}/liba-build7.so"),
    "another architecture is passed over": (
        [file(f"r/{A}", elf(Platform("linux", "arm64"), soname=A)), lib(f"{LIB}/{A}")],
        {"rpath": "/r"}, f"{LIB}/{A}",
    ),
    "no library at all is passed over": (
        [file(f"r/{A}", b"INPUT(liba.a)"), lib(f"{LIB}/{A}")], {"rpath": "/r"}, f"{LIB}/{A}"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_where_it_is_found(name: str) -> None:
    entries, what, expected = ORDERS[name]
    needs = closure(Tree([app(**what), *entries]), ["app/x"], AMD64, ["/env"])
    assert found(needs) == [f"{A} {expected}"]
    assert needs.missing == ()


def test_rpath_is_inherited_and_runpath_is_not() -> None:
    below = [lib("r/liba.so.1", needed=("libb.so.1",)), lib("r/libb.so.1")]
    inherited = closure(Tree([app(rpath="/r"), *below]), ["app/x"], AMD64)
    assert [f.by for f in inherited.found] == ["app/x", "r/liba.so.1"]
    own = closure(Tree([app(runpath="/r"), *below]), ["app/x"], AMD64)
    assert own.missing == (Missing("libb.so.1", ("r/liba.so.1",)),)


def test_without_default_directories() -> None:
    tree = Tree([app(runpath="/r", flags_1=NODEFLIB), lib(f"{LIB}/{A}")])
    assert closure(tree, ["app/x"], AMD64).missing == (Missing(A, ("app/x",)),)


def test_who_misses_what_over_several_roots() -> None:
    tree = Tree([app(), app("app/y", needed=(A, "libz.so.1")), lib("app/plug.so", needed=(A,))])
    needs = closure(tree, ["app/x", "app/y", "app/plug.so"], AMD64)
    assert needs.missing == (
        Missing(A, ("app/x", "app/y", "app/plug.so")), Missing("libz.so.1", ("app/y",))
    )  # fmt: skip
    assert needs.interpreter == LOADER and not needs.loader_there


def test_a_circle_of_libraries() -> None:
    circle = [lib(f"{LIB}/{A}", needed=("libb.so.1",)), lib(f"{LIB}/libb.so.1", needed=(A,))]
    assert len(closure(Tree([app(), *circle]), ["app/x"], AMD64).found) == 2


def test_a_library_is_known_by_its_soname_once_it_is_loaded() -> None:
    """What was opened under another name answers to its own."""
    tree = Tree([
        app(needed=("/opt/odd.so", "libodd.so.1")), lib("opt/odd.so", "libodd.so.1"),
    ])  # fmt: skip
    needs = closure(tree, ["app/x"], AMD64)
    assert found(needs) == ["/opt/odd.so opt/odd.so"] and not needs.missing


def test_the_loader_is_there_already() -> None:
    loader = lib("lib64/ld-linux-x86-64.so.2", defines=("GLIBC_2.3",))
    needs = closure(Tree([app(needed=("ld-linux-x86-64.so.2",)), loader]), ["app/x"], AMD64)
    assert needs.loader_there and not needs.missing


def test_versions_that_the_library_does_not_define() -> None:
    tree = Tree([
        app(needs=((A, "A_1"), (A, "A_3"), (A, "A_9", True), ("libgone.so.1", "G_1"))),
        lib(f"{LIB}/{A}", defines=("A_1", "A_2")),
    ])  # fmt: skip
    needs = closure(tree, ["app/x"], AMD64)
    assert needs.unmet == (Wanted("app/x", A, "A_3"),)
    assert [w.version for w in needs.versions] == ["A_1", "A_3", "G_1"]


def test_a_library_without_versions_is_taken_as_it_is() -> None:
    tree = Tree([app(needs=((A, "A_1"),)), lib(f"{LIB}/{A}")])
    assert closure(tree, ["app/x"], AMD64).unmet == ()


MUSL = "/lib/ld-musl-x86_64.so.1"


def test_musl_is_its_own_libc_and_has_one_path() -> None:
    tree = Tree([
        app(interpreter=MUSL, needed=("libc.musl-x86_64.so.1", "libz.so.1", "libq.so.1")),
        file("lib/ld-musl-x86_64.so.1", elf(soname="libc.so")),
        file("etc/ld-musl-x86_64.path", b"/m\n/n:/o\n"),
        lib("o/libz.so.1"), lib(f"{LIB}/libq.so.1"),
    ])  # fmt: skip
    needs = closure(tree, ["app/x"], AMD64)
    assert found(needs) == [
        "libc.musl-x86_64.so.1 lib/ld-musl-x86_64.so.1", "libz.so.1 o/libz.so.1"
    ]  # fmt: skip
    assert [m.name for m in needs.missing] == ["libq.so.1"] and needs.loader_there


def test_roots_that_are_none() -> None:
    tree = Tree([file("a", b"#!/bin/sh\n"), symlink("b", "nowhere")])
    needs = closure(tree, ["a", "b", "c"], AMD64)
    assert [r.binary for r in needs.roots] == [None] * 3 and needs.interpreter == ""


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_every_platform_has_its_directories(platform: Platform) -> None:
    there = file(f"usr/lib/{platform.names.triplet}/{A}", elf(platform, soname=A))
    needs = closure(Tree([app(platform=platform), there]), ["app/x"], platform)
    assert len(needs.found) == 1 and not needs.missing


def on_disk(path: str, tree_path: str) -> list[Entry]:
    """Return the file at *path*, and the links on the way to it, as tree entries."""
    real = os.path.realpath(path)
    entry = Entry(
        real.lstrip("/"), Kind.FILE, 0o755, content=FileSlice(real, 0, os.path.getsize(real))
    )
    return [entry] if real == tree_path else [entry, symlink(tree_path.lstrip("/"), real)]


def test_beside_the_real_loader(tmp_path: Path) -> None:
    """Libraries with RPATH, RUNPATH and $ORIGIN; the loader of this machine says what it takes."""
    gcc = need("gcc")
    if machine.machine() != "x86_64":
        pytest.skip("the tree is made for amd64")
    for folder in ("one", "two", "env"):
        (tmp_path / folder).mkdir()

    def build(name: str, *options: str) -> str:
        source = tmp_path / "a.c"
        shared = ".so" in name
        source.write_text(f"int f_{re.sub(r'[^a-z0-9]', '_', name)};" if shared else "int main(){}")
        kind = ("-shared", "-fPIC") if shared else ()
        target = str(tmp_path / name)
        command = [gcc, *kind, str(source), "-o", target, "-Wl,--no-as-needed", *options]
        subprocess.run([*command, f"-L{tmp_path}/two"], check=True, cwd=tmp_path)
        return target

    def soname(name: str) -> str:
        return f"-Wl,-soname,{name}"

    files = [
        build("two/libc1.so", soname("libc1.so")),
        build("env/libc1.so", soname("libc1.so")),
        build("two/libb1.so", soname("libb1.so"), "-lc1"),
    ]
    files.append(
        build("one/liba1.so", soname("liba1.so"), "-lb1", "-Wl,-rpath,$ORIGIN/../two",
              "-Wl,--disable-new-dtags")
    )  # fmt: skip
    for tags in ("--enable-new-dtags", "--disable-new-dtags"):
        program = build(
            "prog", f"-L{tmp_path}/one", "-la1", "-lm", "-Wl,-rpath,$ORIGIN/one", f"-Wl,{tags}",
            f"-Wl,-rpath-link,{tmp_path}/two",
        )  # fmt: skip
        for env in ("", f"{tmp_path}/env"):
            done = subprocess.run(
                [LOADER, "--list", program], capture_output=True, text=True, check=True,
                env={"LD_LIBRARY_PATH": env},
            )  # fmt: skip
            said = dict(re.findall(r"(\S+) => (/\S+)", done.stdout))
            system = [path for path in said.values() if not path.startswith(str(tmp_path))]
            entries = [e for p in (LOADER, *system) for e in on_disk(p, p)]
            entries += [e for p in (*files, program) for e in on_disk(p, p)]
            links = [e for p in ("lib", "lib64") for e in _merged(p)]
            tree = Tree((*links, *(e for e in entries if not _below(e.path, links))))
            needs = closure(tree, [program], AMD64, [env] if env else [])
            ours = {f.name: f"/{f.path}" for f in needs.found}
            theirs = {name: os.path.realpath(path) for name, path in said.items()}
            assert {k: v for k, v in ours.items() if k in theirs} == theirs, (tags, env)
            assert not needs.missing and not needs.unmet


def _merged(name: str) -> list[Entry]:
    return [symlink(name, os.readlink(f"/{name}"))] if os.path.islink(f"/{name}") else []


def _below(path: str, links: list[Entry]) -> bool:
    return any(path.startswith(f"{link.path}/") for link in links)
