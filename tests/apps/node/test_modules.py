"""node_modules and addons: what a platform takes, what is left out, what cannot be loaded."""

from __future__ import annotations

import json

import pytest

from seaslug.apps.node import addons, modules
from seaslug.apps.node.addons import Addon, look, owner, sort
from seaslug.values.content import Inline
from seaslug.values.platform import TABLE, Platform
from seaslug.values.tree import Tree, directory, file, symlink
from support.binaries import elf

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
NAPI = ["napi_register_module_v1"]


def addon(platform: Platform = AMD64, *names: str, musl: bool = False) -> bytes:
    """Return an addon; *names* stand in its table of names, as those of its symbols do."""
    needed = ["libc.musl-x86_64.so.1" if musl else "libc.so.6", *(names or NAPI)]
    return elf(platform, needed=needed)


def package(path: str, **data: object) -> list[object]:
    name = path.rpartition("node_modules/")[2]
    text = json.dumps({"name": name, **data})
    return [file(f"{path}/package.json", text.encode()), file(f"{path}/index.js", b"")]


def tree(*rows: object) -> Tree:
    flat = [entry for row in rows for entry in (row if isinstance(row, list) else [row])]
    return Tree(flat)


def paths(found: Tree) -> list[str]:
    return [entry.path for entry in found]


def test_packages_are_found_wherever_they_lie() -> None:
    found = tree(
        package("node_modules/a"), package("node_modules/@s/b"),
        package("node_modules/a/node_modules/c"), package("packages/x/node_modules/d"),
        package("node_modules/a/lib"), package("src"), file("node_modules/e", b""),
    )  # fmt: skip
    assert [p.name for p in modules.packages(found)] == ["@s/b", "c", "a", "d"]


@pytest.mark.parametrize(
    ("data", "cpu", "fits"),
    [
        ({}, "x64", True),
        ({"os": ["linux"], "cpu": ["x64"], "libc": ["glibc"]}, "x64", True),
        ({"os": ["linux"], "cpu": ["x64"]}, "arm64", False),
        ({"os": ["darwin"]}, "x64", False),
        ({"os": ["!win32"]}, "x64", True),
        ({"os": ["!linux"]}, "x64", False),
        ({"cpu": "arm64"}, "arm64", True),
        ({"libc": ["musl"]}, "x64", False),
        ({"os": "any"}, "x64", True),
    ],
)
def test_which_packages_fit(data: dict[str, object], cpu: str, fits: bool) -> None:
    (found,) = modules.packages(tree(package("node_modules/a", **data)))
    assert found.fits(cpu) is fits
    kept = modules.for_platform(tree(package("node_modules/a", **data)), [found], cpu)
    assert (len(kept) == 2) is fits


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"[" * 100000])
def test_a_package_that_says_nothing(text: bytes) -> None:
    (found,) = modules.packages(tree(file("node_modules/a/package.json", text)))
    assert (found.name, found.script, found.fits("x64")) == ("a", "", True)


def test_what_install_scripts_left_undone() -> None:
    scripted = {"scripts": {"install": "prebuild-install || node-gyp rebuild"}}
    found = tree(
        package("node_modules/sqlite", **scripted),
        package("node_modules/built", **scripted),
        package("node_modules/sharp", **scripted, optionalDependencies={"@img/x64": "1"}),
        package("node_modules/@img/x64", cpu=["x64"]),
        package("node_modules/banner", scripts={"postinstall": "node thanks.js"}),
        package("node_modules/gyp"), file("node_modules/gyp/binding.gyp", b""),
        package("node_modules/quiet", scripts={"test": "jest"}),
    )  # fmt: skip
    left = modules.unprepared(modules.packages(found), ["node_modules/built"])
    assert [(p.name, p.native) for p in left] == [
        ("banner", False), ("gyp", True), ("sqlite", True),
    ]  # fmt: skip


def test_what_no_program_loads_is_left_out() -> None:
    keep = [
        "a/index.js", "a/LICENSE.md", "a/licence", "a/NOTICE.md", "a/data.json", "a/x.wasm",
        "a/x.ts", "typescript/lib/lib.d.ts", "a/build/Release/a.node", "a/test/x.js", "a/x.md.js",
        "a/y.map", ".prisma/client/x.js",
    ]  # fmt: skip
    drop = [
        "a/README.md", "a/CHANGELOG.markdown", "a/x.d.ts", "a/x.d.mts.map", "a/src/a.cc",
        "a/binding.gyp", "a/build/Release/obj.target/a.x", "a/build/Release/a.o", "a/x.dll",
        "a/.github/FUNDING.yml", "a/.eslintrc.json", "a/.npmignore",
    ]  # fmt: skip
    files = [file(f"node_modules/{path}", b"") for path in (*keep, *drop)]
    found = modules.pruned(
        tree(files, directory("node_modules/a/src"), directory("node_modules/a"))
    )
    assert paths(found) == sorted(["node_modules/a", *(f"node_modules/{path}" for path in keep)])


def test_what_managers_note_down_is_left_out() -> None:
    names = [
        ".package-lock.json",
        ".bin/tsc",
        ".yarn-state.yml",
        ".pnpm/lock.yaml",
        ".modules.yaml",
    ]
    found = tree(
        [file(f"node_modules/{name}", b"") for name in names],
        directory("node_modules"), directory("node_modules/.bin"), package("node_modules/a"),
        symlink("node_modules/@w/b", "../../packages/b"), file("node_modules/.prisma/x", b""),
        file("packages/b/node_modules/.bin/x", b""), file("packages/b/index.js", b""),
    )  # fmt: skip
    assert paths(modules.cleaned(modules.below(found))) == [
        "node_modules", "node_modules/.prisma/x", "node_modules/@w/b",
        "node_modules/a/index.js", "node_modules/a/package.json",
    ]  # fmt: skip


def test_counterparts_of_what_was_bundled_for_this_machine() -> None:
    builds = {"optionalDependencies": {"@i/x64": "1", "@i/arm64": "1"}}
    bundled = modules.packages(tree(
        package("node_modules/sharp", **builds), package("node_modules/@i/x64", cpu=["x64"]),
        package("node_modules/next", optionalDependencies={"@swc/arm64": "1"}),
    ))  # fmt: skip
    installed = tree(
        package("node_modules/sharp", **builds), package("node_modules/@i/arm64", cpu=["arm64"]),
        package("node_modules/@swc/arm64", cpu=["arm64"]),
    )  # fmt: skip
    assert paths(modules.counterparts(installed, bundled, "arm64")) == [
        "node_modules/@i/arm64/index.js", "node_modules/@i/arm64/package.json",
    ]  # fmt: skip


@pytest.mark.parametrize("platform", list(TABLE))
def test_addons_of_every_platform(platform: Platform) -> None:
    found = look("a.node", Inline(addon(platform)))
    assert (found.machine, found.musl, found.modules) == (str(platform), False, 0)
    assert found.wrong(platform, 137) == ""
    other = ARM64 if platform == AMD64 else AMD64
    assert found.wrong(other, 137) == f"it is for {platform}, not {other}"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (addon(), ""),
        (addon(AMD64, "node_register_module_v137"), ""),
        (addon(AMD64, "node_register_module_v115"), "NODE_MODULE_VERSION 115, not 137"),
        (addon(AMD64, "node_register_module_v115", "napi_create_string"), ""),
        (addon(AMD64, "_Z20node_module_register"), ""),
        (addon(musl=True), "musl"),
        (addon(ARM64), "linux/arm64, not linux/amd64"),
        (b"\xcf\xfa\xed\xfe" + bytes(100), "not for Linux"),
        (b"MZ", "not for Linux"),
        (b"", "not for Linux"),
        (addon()[:200], "cut off"),
        (addon()[:50], "cut off"),
    ],
)
def test_why_an_addon_cannot_be_loaded(data: bytes, why: str) -> None:
    found = look("a.node", Inline(data)).wrong(AMD64, 137)
    assert why in found if why else found == ""


def test_packages_that_bring_an_addon_for_each_platform() -> None:
    found = tree(
        file("node_modules/a/prebuilds/linux-x64/a.node", addon()),
        file("node_modules/a/prebuilds/linux-x64/a.musl.node", addon(musl=True)),
        file("node_modules/a/prebuilds/linux-arm64/a.node", addon(ARM64)),
        file("node_modules/a/prebuilds/darwin/a.node", b"\xcf\xfa\xed\xfe"),
        file("node_modules/a/prebuilds/abi115.node", addon(AMD64, "node_register_module_v115")),
    )  # fmt: skip
    done = sort(addons.addons(found), AMD64, 137)
    assert done.good == ("node_modules/a/prebuilds/linux-x64/a.node",)
    assert len(done.spare) == 4 and not done.broken
    assert paths(addons.without(found, done.spare)) == list(done.good)


def test_an_addon_without_one_that_can_be_loaded() -> None:
    """Another library under that ending does not stand in for it."""
    old = addon(AMD64, "node_register_module_v115")
    found = tree(
        file("node_modules/s/build/s.node", old),
        file("node_modules/s/build/extension.node", elf(needed=["libc.so.6"])),
        file("native/own.node", addon(ARM64)),
        file("node_modules/mac/mac.node", b"\xcf\xfa\xed\xfe"),
    )  # fmt: skip
    done = sort(addons.addons(found), AMD64, 137)
    assert sorted(done.broken) == ["native/own.node", "node_modules/s/build/s.node"]
    assert done.spare == ("node_modules/mac/mac.node",)


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("node_modules/a/b/c.node", "node_modules/a"),
        ("node_modules/@s/a/c.node", "node_modules/@s/a"),
        ("node_modules/a/node_modules/b/c.node", "node_modules/a/node_modules/b"),
        ("native/c.node", ""),
    ],
)
def test_whose_a_file_is(path: str, folder: str) -> None:
    assert owner(path) == folder


def test_a_cut_off_addon_is_told() -> None:
    assert (
        Addon("a", "linux/amd64", False, 0, cut=True).wrong(AMD64, 0) == "it is damaged, or cut off"
    )
