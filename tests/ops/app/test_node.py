"""Node.js projects to layers, with package managers that are played."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seaslug.adapters.project import read_project
from seaslug.apps.model import TIME, Made
from seaslug.errors import ProjectError, ToolError
from seaslug.ops.app.node import make
from seaslug.values.platform import Platform
from support.binaries import elf
from support.tools_node import Shop, write
from support.tools_source import AMD64, ARM64, PlayedTools, workbench

ADDON = elf(AMD64, needed=["libc.so.6", "napi_register_module_v1"])
FOR_20 = elf(AMD64, needed=["libc.so.6", "node_register_module_v115"])
FOR_ARM64 = elf(ARM64, needed=["libc.so.6", "napi_register_module_v1"])


class Bench:
    """A project's folder, a shop, and a store that stays."""

    def __init__(self, home: Path) -> None:
        self.home, self.folder, self.shop = home, home / "project", Shop()
        self.folder.mkdir()
        self.tools = PlayedTools({})
        self.shop.add("express", license="MIT", files={"LICENSE": "MIT"})
        self.shop.add("types", files={"index.d.ts": ""})

    def project(self, dependencies: list[str], dev: list[str] | None = None, **data: Any) -> None:
        """Write package.json and its lock."""
        rows, lock = self.shop.lock(dependencies, dev or [])
        manifest = {"name": "app", **json.loads("{" + rows + "}"), **data}
        write(self.folder, {"package.json": json.dumps(manifest), "package-lock.json": lock})

    def files(self, **files: bytes | str) -> None:
        """Write files; ``__`` in a name is a dot, ``_`` after it a slash is not needed."""
        write(self.folder, {name.replace("__", "."): data for name, data in files.items()})

    def make(
        self, platform: Platform = AMD64, *programs: str, host: Platform | None = AMD64
    ) -> Made:
        with self.shop.tools(*programs) as tools:
            self.tools = tools
            return make(read_project(str(self.folder)), platform, workbench(tools, self.home, host))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def paths(made: Made, layer: str) -> list[str]:
    found = [one for one in made.layers if one.name == layer]
    return [e.path for e in found[0].entries if e.content is not None] if found else []


def test_a_plain_project_becomes_two_layers(bench: Bench) -> None:
    bench.project(["express"], ["types"], scripts={"start": "node server.js"})
    write(bench.folder, {
        "server.js": "app.listen(process.env.PORT || 8000); get('/health')", "lib/a.js": "",
        ".env": "SECRET=1", ".npmrc": "//r/:_authToken=secret\n", ".nvmrc": "22",
        "node_modules/old/index.js": "", ".git/config": "",
    })  # fmt: skip
    made = bench.make()
    assert [layer.name for layer in made.layers] == ["dependencies", "application"]
    assert paths(made, "dependencies") == [
        "app/node_modules/express/LICENSE", "app/node_modules/express/index.js",
        "app/node_modules/express/package.json",
    ]  # fmt: skip
    assert paths(made, "application") == ["app/lib/a.js", "app/package.json", "app/server.js"]
    assert {(e.uid, e.gid, e.mtime) for e in made.tree()} == {(0, 0, TIME)}
    assert (made.base, made.distribution) == ("nodejs22", "")
    assert made.start.entrypoint == ("/usr/bin/node", "/app/server.js")
    assert (made.start.ports, made.start.health_path) == ((8000,), "/health")
    assert bench.tools.runs == [
        ("/tools/npm", "ci", "--omit=dev", "--cpu=x64", "--os=linux", "--libc=glibc",
         "--ignore-scripts"),
    ]  # fmt: skip


def test_only_what_the_manager_reads_is_there_when_it_installs(bench: Bench) -> None:
    bench.project(["express"], scripts={"start": "node server.js", "postinstall": "x"})
    files = {"server.js": "", ".npmrc": "legacy-peer-deps=true\n", "own-1.tgz": "x", "b/c.tgz": ""}
    write(bench.folder, files)
    bench.make()
    (seen,) = bench.shop.seen
    assert sorted(seen) == [".npmrc", "own-1.tgz", "package-lock.json", "package.json"]
    assert seen[".npmrc"] == "legacy-peer-deps=true\n"
    assert "scripts" not in json.loads(seen["package.json"])


def test_a_second_time_runs_nothing(bench: Bench) -> None:
    bench.project(["express"], ["types"], scripts={"start": "node dist/a.js", "build": "tsc"})
    write(bench.folder, {"src/a.ts": ""})
    bench.shop.builds["build"] = lambda folder: write(folder, {"dist/a.js": "listen(80)"})
    first = bench.make()
    assert len(bench.tools.runs) == 3
    again = bench.make()
    assert bench.tools.runs == []
    assert (again.tree(), again.start, again.notes) == (first.tree(), first.start, first.notes)


def test_a_change_of_the_source_installs_nothing_again(bench: Bench) -> None:
    bench.project(["express"], main="a.js")
    bench.files(a__js="1")
    bench.make()
    bench.files(a__js="2")
    assert "app/a.js" in paths(bench.make(), "application")
    assert bench.tools.runs == []
    write(bench.folder, {".npmrc": "x=1"})
    bench.make()
    assert len(bench.tools.runs) == 1


def test_a_build_leaves_the_sources_and_brings_what_is_ignored(bench: Bench) -> None:
    """A .dockerignore usually names dist, which the build makes."""
    bench.project(
        ["express"], ["types"], scripts={"build": "tsc", "start": "npm run build && node dist/a.js"}
    )
    write(bench.folder, {
        "src/a.ts": "", "tsconfig.json": "{}", "views/a.html": "", ".dockerignore": "dist\nviews/x",
        "next.config.ts": "",
    })  # fmt: skip

    def build(folder: Path) -> None:
        assert (folder / "node_modules/types/index.d.ts").exists()
        write(folder, {"dist/a.js": "", "dist/a.d.ts": "", ".env": "S=1", ".turbo/x": "",
                       "a.tsbuildinfo": "", "node_modules/.prisma/client/x.js": ""})  # fmt: skip

    bench.shop.builds["build"] = build
    made = bench.make()
    assert paths(made, "application") == [
        "app/dist/a.d.ts", "app/dist/a.js", "app/next.config.ts",
        "app/node_modules/.prisma/client/x.js", "app/package.json", "app/views/a.html",
    ]  # fmt: skip
    assert "app/node_modules/types/package.json" not in paths(made, "dependencies")
    assert [run[1:3] for run in bench.tools.runs] == [
        ("ci", "--include=dev"), ("run", "build"), ("ci", "--omit=dev"),
    ]  # fmt: skip


def test_a_build_is_made_once_for_all_platforms(bench: Bench) -> None:
    bench.project(["express"], scripts={"build": "x", "start": "node a.js"})
    bench.shop.builds["build"] = lambda folder: write(folder, {"a.js": ""})
    bench.make(AMD64)
    bench.make(ARM64)
    assert [run[1:4] for run in bench.tools.runs] == [("ci", "--omit=dev", "--cpu=arm64")]


def test_the_build_can_be_another_command_or_off(bench: Bench) -> None:
    bench.project(["express"], scripts={"build": "x"}, main="a.js")
    bench.files(a__js="", seaslug__toml='build = ["npm", "run", "other"]')
    bench.shop.builds["other"] = lambda folder: write(folder, {"b.js": ""})
    assert "app/b.js" in paths(bench.make(), "application")
    bench.files(seaslug__toml="[node]\nbuild = false\n")
    assert "app/b.js" not in paths(bench.make(), "application")


def test_a_standalone_build_of_next(bench: Bench) -> None:
    bench.shop.add("next", bin={"next": "x.js"})
    files = {"next.config.mjs": "export default { output: 'standalone' }", "public/a.txt": ""}
    write(bench.folder, {**files, "app/api/health/route.ts": "", "app/page.tsx": ""})
    bench.shop.add("@i/x64", cpu=["x64"], files={"a.node": ADDON})
    bench.shop.add("@i/arm64", cpu=["arm64"], files={"a.node": FOR_ARM64})
    builds = {"optionalDependencies": {"@i/x64": "1", "@i/arm64": "1"}}
    bench.shop.add("sharp", **builds)
    bench.project(["next"], scripts={"build": "next build", "start": "next start -p 4000"})

    def build(folder: Path) -> None:
        write(folder, {
            ".next/standalone/server.js": "", ".next/standalone/.next/BUILD_ID": "1",
            ".next/standalone/package.json": "{}", ".next/cache/x": "", ".next/trace": "",
            ".next/standalone/node_modules/next/index.js": "", ".next/static/x.css": "",
            ".next/standalone/node_modules/sharp/package.json": json.dumps(builds),
            ".next/standalone/node_modules/@i/x64/package.json": '{"cpu": ["x64"]}',
            ".next/standalone/node_modules/@i/x64/a.node": ADDON,
        })  # fmt: skip

    bench.shop.builds["build"] = build
    made = bench.make()
    assert paths(made, "application") == [
        "app/.next/BUILD_ID", "app/.next/static/x.css", "app/package.json", "app/public/a.txt",
        "app/server.js",
    ]  # fmt: skip
    assert "app/node_modules/@i/x64/a.node" in paths(made, "dependencies")
    assert made.start.entrypoint == ("/usr/bin/node", "/app/server.js")
    assert dict(made.start.env) == {
        "NODE_ENV": "production", "PORT": "4000", "HOSTNAME": "0.0.0.0",
    }  # fmt: skip
    assert (made.start.ports, made.start.health_path) == ((4000,), "/api/health")
    other = bench.make(ARM64)
    assert "app/node_modules/@i/arm64/a.node" in paths(other, "dependencies")
    assert "app/node_modules/@i/x64/a.node" not in paths(other, "dependencies")


def test_a_nitro_build_brings_its_own(bench: Bench) -> None:
    bench.project(["express"], scripts={"build": "nuxt build"})
    bench.shop.builds["build"] = lambda folder: write(folder, {
        ".output/server/index.mjs": "", ".output/server/node_modules/vue/index.js": "",
    })  # fmt: skip
    made = bench.make()
    assert paths(made, "dependencies") == ["app/.output/server/node_modules/vue/index.js"]
    assert made.start.entrypoint[-1] == "/app/.output/server/index.mjs"


def native(bench: Bench, made: bytes = ADDON) -> None:
    bench.shop.add(
        "sqlite", scripts={"install": "prebuild-install"}, made={"build/Release/s.node": made}
    )
    bench.shop.add("thanks", scripts={"postinstall": "node x"})
    bench.project(["sqlite"], main="a.js")
    bench.files(a__js="")


def test_install_scripts_are_off_and_that_is_told(bench: Bench) -> None:
    native(bench)
    made = bench.make()
    assert len(made.notes) == 2
    assert "no addon for sqlite" in made.notes[0] and "scripts = true" in made.notes[0]
    assert "did not run: thanks" in made.notes[1]


def test_install_scripts_run_where_they_may(bench: Bench) -> None:
    native(bench)
    bench.files(seaslug__toml="[node]\nscripts = true\n")
    made = bench.make(AMD64, "npm", "node")
    assert "app/node_modules/sqlite/build/Release/s.node" in paths(made, "dependencies")
    assert made.notes == () and "--ignore-scripts" not in bench.tools.runs[-1]
    with pytest.raises(ProjectError, match="sqlite must be built by install scripts"):
        bench.make(ARM64, "npm", "node")


def test_install_scripts_learn_for_which_version_they_build(bench: Bench) -> None:
    native(bench)
    bench.files(seaslug__toml="[node]\nscripts = true\n", __nvmrc="22")
    bench.make(AMD64, "npm", "node")
    assert bench.tools.envs[-1]["npm_config_target"] == "22.0.0"
    bench.files(__nvmrc="24")
    bench.make(AMD64, "npm", "node")
    assert "npm_config_target" not in bench.tools.envs[-1]


@pytest.mark.parametrize(
    ("addon", "why"),
    [(FOR_20, "NODE_MODULE_VERSION 115, not 137"), (FOR_ARM64, "linux/arm64, not linux/amd64")],
)
def test_addons_that_cannot_be_loaded(bench: Bench, addon: bytes, why: str) -> None:
    native(bench, addon)
    bench.files(seaslug__toml="[node]\nscripts = true\n", own__node=addon)
    with pytest.raises(ProjectError) as caught:
        bench.make(AMD64, "npm", "node")
    text = str(caught.value)
    assert text.count(why) == 2
    assert "own.node" in text and "node_modules/sqlite/build/Release/s.node" in text


def test_packages_for_other_platforms_are_left_out(bench: Bench) -> None:
    """yarn 1 installs those for all platforms."""
    bench.shop.add("@i/x64", cpu=["x64"], files={"a.node": ADDON})
    bench.shop.add("@i/musl", cpu=["x64"], libc=["musl"], files={"a.node": ADDON})
    bench.shop.add("@i/arm64", cpu=["arm64"], files={"a.node": FOR_ARM64})
    bench.shop.add("fsevents", os=["darwin"])
    write(bench.folder, {
        "package.json": '{"dependencies": {"i": "^1"}, "main": "a.js"}', "a.js": "",
        "yarn.lock": '# yarn lockfile v1\n\ni@^1:\n  version "1.0.0"\n',
    })  # fmt: skip
    made = bench.make(AMD64, "yarn")
    found = {path.split("/")[2] + "/" + path.split("/")[3] for path in paths(made, "dependencies")}
    assert {"@i/x64"} == {name for name in found if name.startswith(("@i", "fsevents"))}
    assert bench.tools.runs[-1][1:] == (
        "install", "--frozen-lockfile", "--production", "--non-interactive", "--ignore-platform",
        "--ignore-scripts",
    )  # fmt: skip


PNPM = """lockfileVersion: '9.0'

importers:

  .:
    dependencies:
      i:
        specifier: ^1
"""


def test_pnpm_is_told_the_platform(bench: Bench) -> None:
    write(bench.folder, {
        "package.json": '{"dependencies": {"i": "^1"}, "main": "a.js", "pnpm": {"x": 1}}',
        "a.js": "", "pnpm-lock.yaml": PNPM,
    })  # fmt: skip
    bench.make(ARM64, "pnpm")
    (seen,) = bench.shop.seen
    target = {"os": ["linux"], "cpu": ["arm64"], "libc": ["glibc"]}
    assert json.loads(seen["package.json"])["pnpm"] == {"x": 1, "supportedArchitectures": target}
    assert "  cpu: [arm64]\n" in seen["pnpm-workspace.yaml"]
    assert bench.tools.runs[-1][1:4] == ("install", "--frozen-lockfile", "--prod")


BERRY = '__metadata:\n  version: 8\n\n"i@npm:^1":\n  version: 1.0.0\n'


def test_newer_yarns_come_by_corepack_where_only_the_old_one_is(bench: Bench) -> None:
    write(bench.folder, {
        "package.json": '{"dependencies": {"i": "^1"}, "main": "a.js"}', "a.js": "",
        "yarn.lock": BERRY, ".yarnrc.yml": "nodeLinker: pnp\n",
    })  # fmt: skip
    bench.make(ARM64, "yarn", "corepack")
    assert bench.tools.runs[-1][:3] == ("/tools/corepack", "yarn@4", "workspaces")
    assert bench.tools.envs[-1]["YARN_NODE_LINKER"] == "node-modules"
    (seen,) = bench.shop.seen
    assert seen[".yarnrc.yml"].startswith("nodeLinker: pnp\n\nsupportedArchitectures:\n")
    manifest = bench.folder / "package.json"
    manifest.write_text(manifest.read_text().replace("{", '{"packageManager": "yarn@4.9.1", ', 1))
    bench.make(ARM64, "yarn", "corepack")
    assert bench.tools.runs[-1][:2] == ("/tools/corepack", "yarn")


@pytest.mark.parametrize(
    ("lock", "text", "said"),
    [
        ("pnpm-lock.yaml", PNPM, "npm install --global pnpm"),
        ("yarn.lock", BERRY, "npm install --global @yarnpkg/cli-dist"),
        ("yarn.lock", '# yarn lockfile v1\n\ni@^1:\n  version "1"\n', "yarn@1"),
        ("package-lock.json", '{"packages": {"": {"dependencies": {"i": "^1"}}}}', "with npm"),
    ],
)  # fmt: skip
def test_a_manager_that_is_not_here(bench: Bench, lock: str, text: str, said: str) -> None:
    write(bench.folder, {"package.json": '{"dependencies": {"i": "^1"}, "main": "a"}', lock: text})
    with pytest.raises(ToolError) as caught:
        bench.make(AMD64, "node")
    assert said in caught.value.hint


def test_no_dependencies_need_no_manager(bench: Bench) -> None:
    write(bench.folder, {"package.json": "{}", "server.js": "listen(8000)"})
    made = bench.make(AMD64, "node")
    assert [layer.name for layer in made.layers] == ["application"]
    assert bench.tools.runs == []


def test_all_mistakes_are_told_at_once(bench: Bench) -> None:
    bench.project(["express"], engines={"node": "9"})
    text = (bench.folder / "package.json").read_text().replace("^1.0.0", "^2.0.0")
    write(bench.folder, {"package.json": text})
    with pytest.raises(ProjectError) as caught:
        bench.make()
    for part in ("2 mistakes", "express is ^2.0.0, the lock has ^1.0.0", "'9' allows none of"):
        assert part in str(caught.value)


def test_dependencies_without_a_lock(bench: Bench) -> None:
    write(bench.folder, {"package.json": '{"dependencies": {"a": "1"}}', "index.js": ""})
    with pytest.raises(ProjectError, match="dependencies without a lock"):
        bench.make()
    write(bench.folder, {"bun.lock": ""})
    with pytest.raises(ProjectError, match=r"bun\.lock is bun's"):
        bench.make()


def test_a_failing_build_shows_its_output_and_keeps_nothing(bench: Bench) -> None:
    bench.project(["express"], scripts={"build": "x", "start": "node a.js"})
    for _ in range(2):
        with pytest.raises(ToolError, match="Missing script: build"):
            bench.make()
        assert bench.tools.runs


def test_an_entrypoint_of_the_configuration_needs_no_entry(bench: Bench) -> None:
    bench.project(["express"])
    with pytest.raises(ProjectError, match="nothing says what to start"):
        bench.make()
    bench.files(seaslug__toml='entrypoint = ["/usr/bin/node", "/app/x.js"]')
    assert bench.make().start.entrypoint == ()


@pytest.mark.parametrize("spec", ["file:../lib", "link:../../lib", "file:/usr/lib", "file:~/lib"])
def test_dependencies_outside_of_the_project(bench: Bench, spec: str) -> None:
    write(bench.folder, {
        "package.json": json.dumps({"dependencies": {"lib": spec}, "main": "a.js"}), "a.js": "",
        "package-lock.json": json.dumps({"packages": {"": {"dependencies": {"lib": spec}}}}),
    })  # fmt: skip
    with pytest.raises(ProjectError, match="outside of the project"):
        bench.make()


def test_only_the_named_output_goes_in(bench: Bench) -> None:
    bench.project(["express"], scripts={"build": "x", "start": "node out/a.js"})
    bench.files(b__js="", seaslug__toml='output = "./out/"')
    bench.shop.builds["build"] = lambda folder: write(folder, {"out/a.js": ""})
    assert paths(bench.make(), "application") == ["app/out/a.js", "app/package.json"]
    bench.files(seaslug__toml='output = "other"')
    with pytest.raises(ProjectError, match="output is 'other', which the build does not make"):
        bench.make()


def test_links_of_workspaces_stay(bench: Bench) -> None:
    bench.shop.add("express")
    bench.project(["express"], workspaces=["packages/*"], main="packages/a/index.js")
    write(bench.folder, {"packages/a/package.json": '{"name": "a"}', "packages/a/index.js": ""})
    plain: Callable[..., str] = bench.shop.npm

    def npm(argv: list[str], folder: Path, env: dict[str, str]) -> str:
        assert (folder / "packages/a/package.json").exists()
        done = plain(argv, folder, env)
        (folder / "node_modules/a").symlink_to("../packages/a")
        return done

    bench.shop.npm = npm  # type: ignore[assignment, method-assign]
    made = bench.make()
    link = made.tree().get("app/node_modules/a")
    assert link is not None and link.target == "../packages/a"
    assert "app/packages/a/index.js" in paths(made, "application")


def test_slicing_off_keeps_everything_but_notes(bench: Bench) -> None:
    bench.project(["express"], main="a.js")
    bench.files(a__js="", seaslug__toml='slice = "off"')
    assert "app/node_modules/express/README.md" in paths(bench.make(), "dependencies")


def test_a_lock_without_a_build_for_the_platform(bench: Bench) -> None:
    bench.shop.add("sharp", optionalDependencies={"@i/linux-x64": "1", "@i/linux-arm64": "1"})
    bench.shop.add("@i/linux-x64", cpu=["x64"])
    bench.project(["sharp"], main="a.js")
    bench.files(a__js="")
    assert bench.make(AMD64).notes == ()
    (note,) = bench.make(ARM64).notes
    assert "sharp: the lock has no build for linux/arm64 (@i/linux-arm64)" in note


def test_a_single_script(bench: Bench) -> None:
    bench.files(serve__js="require('http').createServer().listen(8000)")
    with bench.shop.tools() as tools:
        project = read_project(str(bench.folder / "serve.js"))
        made = make(project, AMD64, workbench(tools, bench.home))
    assert made.start.entrypoint == ("/usr/bin/node", "/app/serve.js")
    assert [e.path for e in made.tree()] == ["app/serve.js"]
