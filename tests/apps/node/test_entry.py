"""How an application starts: scripts, main, bin, what the source says of ports and health."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.model import Start
from seaslug.apps.node.entry import Chosen, choose
from seaslug.apps.node.manifest import parse
from seaslug.apps.node.scan import scan
from seaslug.apps.node.starting import World
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.values.tree import Tree, file

DEPENDENCIES = {
    "node_modules/next/package.json": '{"bin": {"next": "./dist/bin/next"}}',
    "node_modules/next/dist/bin/next": "#!/usr/bin/env node\n",
    "node_modules/fastify-cli/package.json": '{"bin": {"fastify": "cli.js"}}',
    "node_modules/fastify-cli/cli.js": "",
    "node_modules/serve/package.json": '{"bin": "./build/main.js"}',
    "node_modules/serve/build/main.js": "",
    "node_modules/gone/package.json": '{"bin": "./nothing.js"}',
    "node_modules/sh/package.json": '{"bin": "./run"}',
    "node_modules/sh/run": "#!/bin/sh\n",
}
NAMES = ["next", "fastify-cli", "serve", "gone", "sh"]


def chosen(
    files: dict[str, str] | str, built: bool = False, entry: str = "", major: int = 24, **data: Any
) -> Chosen:
    texts = dict.fromkeys(files.split(), "") if isinstance(files, str) else files
    tree = Tree(file(path, text.encode()) for path, text in {**DEPENDENCIES, **texts}.items())
    data.setdefault("dependencies", dict.fromkeys(NAMES, "1"))
    options = (("node", (("entry", entry),)),) if entry else ()
    config = AppConfig(where="seaslug.toml", options=options)
    project = Project("/p", tree, config)
    return choose(project, World(tree, parse(json.dumps(data)), built), major)


def started(files: dict[str, str] | str, **what: Any) -> str:
    """Return what starts as one line: variables (less the usual one), words, the folder."""
    start = chosen(files, **what).start
    env = [f"{k}={v}" for k, v in start.env if (k, v) != ("NODE_ENV", "production")]
    assert start.entrypoint[0] == "/usr/bin/node"
    folder = [f"in {start.workdir}"] if start.workdir != "/app" else []
    return " ".join(
        (*env, *start.entrypoint[1:], *(["|", *start.cmd] if start.cmd else []), *folder)
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("node server.js", "/app/server.js"),
        ("node server", "/app/server.js"),
        ("node ./server.js --port 80 x", "/app/server.js | --port 80 x"),
        ("NODE_ENV=staging node server", "NODE_ENV=staging /app/server.js"),
        ("node --max-old-space-size=512 -r ./pre.js server.js",
         "--max-old-space-size=512 -r ./pre.js /app/server.js"),
        ("node --watch server.js", "/app/server.js"),
        ("node --env-file=.env --import ./x.js server.js", "--import ./x.js /app/server.js"),
        ("node --env-file .env server.js", "/app/server.js"),
        ("node -- server.js", "/app/server.js"),
        ("node dist", "/app/dist/index.js"),
        ("node dist/main", "/app/dist/main.js"),
        ("node .", "/app/server.js"),
        ("cross-env A=1 B=2 node server.js", "A=1 B=2 /app/server.js"),
        ("env A=1 node server.js", "A=1 /app/server.js"),
        ("exec node server.js", "/app/server.js"),
        ("dumb-init -- node server.js", "/app/server.js"),
        ("./bin/www", "/app/bin/www"),
        ("cd dist && node main.js", "/app/dist/main.js in /app/dist"),
        ("next start -p 4000", "PORT=4000 /app/node_modules/next/dist/bin/next | start -p 4000"),
        ("npx next start", "/app/node_modules/next/dist/bin/next | start"),
        ("pnpm exec next start", "/app/node_modules/next/dist/bin/next | start"),
        ("yarn next start", "/app/node_modules/next/dist/bin/next | start"),
        ("fastify start app.js", "/app/node_modules/fastify-cli/cli.js | start app.js"),
        ("serve -s dist", "/app/node_modules/serve/build/main.js | -s dist"),
        ("npm run serve", "/app/server.js | --fast"),
        ("npm run -s serve -- --more", "/app/server.js | --fast --more"),
        ("yarn serve", "/app/server.js | --fast"),
        ("pnpm run serve", "/app/server.js | --fast"),
        ("nest start", "/app/dist/main.js"),
        ("nest start --watch", "/app/dist/main.js"),
    ],
)  # fmt: skip
def test_start_scripts(line: str, expected: str) -> None:
    files = dict.fromkeys(("server.js", "dist/main.js", "dist/index.js"), "")
    files["bin/www"] = "#!/usr/bin/env node\n"
    found = started(
        files, main="server.js", scripts={"start": line, "serve": "node server.js --fast"}
    )
    assert found.replace("PORT=4000 ", "") == expected.replace("PORT=4000 ", "")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("node server.js | pino-pretty", ["scripts.start needs a shell", "pipes", "entry = "]),
        ("node server.js --port $PORT", ["variable of the shell ($PORT)"]),
        ("prisma migrate deploy && node server.js", ["it runs prisma migrate deploy first (&&)"]),
        ("npm run build && node server.js", ["it runs npm run build first"]),
        ("node dist/gone.js", ["cannot start", "dist/gone.js is not there", "build script"]),
        ("node ../other/server.js", ["../other/server.js is not a file of the project"]),
        ("node /etc/server.js", ["not a file of the project"]),
        ("node -e 'x()'", ["started with -e, not with a file"]),
        ("node", ["without a file"]),
        ("nodemon server.ts", ["nodemon is not a program of a dependency", "for development"]),
        ("gone x", ["no program that Node.js runs"]),
        ("sh x", ["no program that Node.js runs"]),
        ("nest start", ["dist/main.js, which nest start runs, is not there"]),
        ("npm run absent", ["no script absent"]),
        ("npm run a", ["circle"]),
        ("cross-env A=1", ["starts nothing"]),
        ("npx", ["told no program"]),
        ("A=1", ["starts nothing"]),
    ],
)
def test_start_scripts_that_are_refused(line: str, parts: list[str]) -> None:
    scripts = {"start": line, "a": "npm run b", "b": "npm run a"}
    with pytest.raises(ProjectError) as caught:
        started("lib/x.js", scripts=scripts, devDependencies={"nodemon": "1"})
    assert "package.json" in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_what_was_built_is_not_built_when_it_starts() -> None:
    line = "npm run build && tsc -p . && node dist/main.js"
    assert started("dist/main.js", built=True, scripts={"start": line}) == "/app/dist/main.js"


def test_the_order_of_what_is_asked() -> None:
    files = "a.js b.js c.js d.js server.js"
    data: dict[str, Any] = {"main": "c.js", "bin": {"x": "./d.js"}}
    scripts = {"start": "node b.js", "start:prod": "node a.js"}
    assert started(files, scripts=scripts, **data) == "/app/a.js"
    assert started(files, scripts={"start": "node b.js"}, **data) == "/app/b.js"
    assert started(files, **data) == "/app/c.js"
    assert started(files, bin=data["bin"]) == "/app/d.js"
    assert started(files) == "/app/server.js"
    assert started(files, entry="d.js", scripts=scripts) == "/app/d.js"


def test_a_program_for_development_gives_way_to_main() -> None:
    found = chosen("dist/x.js", main="dist/x.js", scripts={"start": "tsx watch src/x.ts"})
    assert found.file == "dist/x.js"
    assert "main" in found.evidence[0].what


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ({"main": "gone.js"}, ["main is 'gone.js', which is not there"]),
        ({}, ["nothing says what to start", "entry ="]),
        ({"entry": "gone.js"}, ["seaslug.toml", "node.entry is 'gone.js'"]),
        ({"main": "lib/x.ts", "major": 20}, ["lib/x.ts is TypeScript, which Node.js 20"]),
    ],
)
def test_entries_that_are_not_there(what: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(ProjectError) as caught:
        started("lib/x.ts", **what)
    for part in parts:
        assert part in str(caught.value)


def test_newer_versions_run_typescript() -> None:
    assert started("x.ts", scripts={"start": "node x.ts"}) == "/app/x.ts"


SOURCES = [
    ("app.listen(8080)", 8080),
    ("app.listen({ port: 4000, host: 'x' })", 4000),
    ("app.listen(process.env.PORT || 3001)", 3001),
    ("const port = process.env.PORT ?? '3002'", 3002),
    ('const port = Number(process.env["PORT"]) || 3003', 3003),
    ("const port = parseInt(process.env.PORT || '3004', 10)", 3004),
    ("await app.listen(process.env.PORT ?? 3005);", 3005),
    ("const { HOST, PORT = 3006 } = process.env", 3006),
    ("const port = process.env.PORT ? Number(process.env.PORT) : 3007", 3007),
    ("(_a = process.env.PORT) !== null && _a !== void 0 ? _a : 3008", 3008),
    ("const PORT = 3009; app.listen(PORT)", 3009),
    ("app.listen(99999)", 0),
    ("db.connect({ port: 5432 })", 0),
]


@pytest.mark.parametrize(("source", "port"), SOURCES)
def test_ports_in_the_source(source: str, port: int) -> None:
    assert scan(Tree([file("a.js", source.encode())]), "a.js").port == port


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ('app.get("/health", x)', "/health"),
        ("router.get('/healthz', x)", "/healthz"),
        ("if (url === `/livez`)", "/livez"),
        ("fastify.route({ url: '/api/health' })", "/api/health"),
        ("(0, common_1.Controller)('health')", "/health"),
        ("app.get('/healthy-food', x)", ""),
        ("app.get('/', x)", ""),
    ],
)
def test_health_paths_in_the_source(source: str, path: str) -> None:
    assert scan(Tree([file("a.js", source.encode())]), "a.js").health == path


def test_files_that_the_entry_loads_are_read_as_well() -> None:
    tree = Tree([
        file("bin/www", b"const app = require('../app'); start()"),
        file("app.js", b"import r from './routes/index.js'; app.listen(process.env.PORT||3000)"),
        file("routes/index.js", b"require('../app'); get('/health')"),
        file("other.js", b"listen(9999); require('./missing')"),
    ])  # fmt: skip
    seen = scan(tree, "bin/www")
    assert (seen.port, seen.where, seen.health, seen.asks) == (3000, "app.js", "/health", True)


def test_a_circle_of_a_thousand_files_is_cut_short() -> None:
    files = [file(f"{n}.js", f"require('./{n + 1}')".encode()) for n in range(1000)]
    assert scan(Tree([*files, file("1000.js", b"listen(80); require('./0')")]), "0.js").port == 0


def test_what_the_source_says_becomes_the_start() -> None:
    source = "app.get('/health'); app.listen(process.env.PORT || 8000)"
    found = chosen({"server.js": source}, scripts={"start": "node server.js"})
    assert found.start == Start(
        entrypoint=("/usr/bin/node", "/app/server.js"),
        env=(("NODE_ENV", "production"), ("PORT", "8000")),
        ports=(8000,),
        health_path="/health",
    )
    assert [row.what.split(":")[0] for row in found.evidence] == [
        "starts server.js", "listens on port 8000", "answers health checks at /health",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "source", "dependencies", "port"),
    [
        ("PORT=5000 node a.js", "listen(process.env.PORT || 8000)", {}, 5000),
        ("node a.js --port=5001", "listen(8000)", {}, 5001),
        ("node a.js -p 5002", "listen(8000)", {}, 5002),
        ("node a.js", "listen(process.env.PORT)", {}, 3000),
        ("node a.js", "", {"express": "5"}, 3000),
        ("node a.js", "", {"astro": "5"}, 4321),
        ("node a.js", "", {}, 0),
        ("PORT=http node a.js", "", {}, 0),
    ],
)
def test_which_port_counts(line: str, source: str, dependencies: dict[str, str], port: int) -> None:
    found = chosen({"a.js": source}, scripts={"start": line}, dependencies=dependencies)
    assert found.start.ports == ((port,) if port else ())


def test_fastify_on_localhost_alone_is_told() -> None:
    data: dict[str, Any] = {"main": "a.js", "dependencies": {"fastify": "5"}}
    assert "localhost alone" in chosen({"a.js": "app.listen({port: 3000})"}, **data).notes[0]
    for source in ("listen({port: 1, host: '0.0.0.0'})", "listen({ host: process.env.HOST })"):
        assert chosen({"a.js": source}, **data).notes == ()


def test_options_for_development_are_told() -> None:
    found = chosen("a.js", scripts={"start": "node --watch --env-file=.env --inspect a.js"})
    assert [note.split(" ")[0] for note in found.notes] == [
        "--watch", "--env-file=.env", "--inspect",
    ]  # fmt: skip


def test_a_single_script() -> None:
    tree = Tree([file("serve.mjs", b"listen(8000)")])
    project = Project("/p", tree, file="serve.mjs")
    found = choose(project, World(tree, parse("{}")), 24)
    assert found.start.entrypoint == ("/usr/bin/node", "/app/serve.mjs")
    assert found.start.ports == (8000,)


def test_nests_own_settings() -> None:
    files = {"dist/server.js": "", "nest-cli.json": '{"entryFile": "server"}'}
    assert started(files, scripts={"start": "nest start"}) == "/app/dist/server.js"
