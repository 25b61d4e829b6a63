"""``seaslug test`` on an image made by hand: each kind of test, held and failed."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from seaslug.adapters import runners
from seaslug.adapters.store import Store
from seaslug.oci import images as known
from support.cli import Cli, Done
from support.images import folder, image, layer, link, member
from support.real import missing, need

CONFIG = {
    "Env": ["PATH=/bin", "APP=/opt/app", "EMPTY="],
    "Entrypoint": ["/bin/sh"],
    "Cmd": ["-c", "true"],
    "User": "65532",
    "WorkingDir": "/opt/app",
    "Labels": {"vendor": "ACME", "built": "2026-01-02"},
    "ExposedPorts": {"8080/tcp": {}},
    "Volumes": {"/data": {}},
}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    home = tmp_path_factory.mktemp("store")
    store = Store(home)
    busybox = Path(need("busybox")).resolve().read_bytes()
    layers = (
        layer(
            folder("bin"), member("bin/busybox", busybox, mode=0o755), link("bin/sh", "busybox"),
            link("bin/cat", "busybox"), link("bin/touch", "busybox"), link("lib", "usr/lib"),
            folder("usr/lib"), member("usr/lib/x.so", b"x", mode=0o4754, uid=7),
            folder("tmp", 0o1777), folder("opt/app"), member("opt/app/settings", b"a=1\nb=2\n"),
            folder("usr/share/doc/fine"), member("usr/share/doc/fine/copyright", b"MIT"),
            member("usr/share/doc/README", b"AGPL"), member("etc/gone", b""),
        ),
        layer(
            member("etc/.wh.gone"), folder("usr/share/doc/wild"),
            member("usr/share/doc/wild/copyright", b"the agpl"), folder("usr/share/doc/bare"),
        ),
    )  # fmt: skip
    store.tag("app:latest", known.image_at(store, image(store, layers, CONFIG)).descriptor)
    return Cli(home)


def judged(cli: Cli, folder: Path, tests: object, *options: str, version: str = "2.0.0") -> Done:
    file = folder / "tests.json"
    file.write_text(json.dumps({"schemaVersion": version, **dict(tests)}))  # type: ignore[call-overload]
    return cli("test", "app", "-c", file, *options)


FILES = [
    ({"path": "/lib/x.so", "permissions": "urwxr-xr--", "uid": 7, "gid": 7}, ""),
    ({"path": "/lib", "permissions": "Lrwxrwxrwx"}, ""),
    ({"path": "/tmp", "permissions": "dtrwxrwxrwx", "uid": 0}, ""),
    ({"path": "$APP/settings", "isExecutableBy": "any"}, "-rw-r--r-- is not executable by any"),
    ({"path": "/usr/lib/x.so", "isExecutableBy": "group"}, ""),
    ({"path": "/usr/lib/x.so", "isExecutableBy": "other"}, "is not executable by other"),
    ({"path": "/etc/gone", "shouldExist": False}, ""),
    ({"path": "/etc/gone"}, "/etc/gone should be there, and is not"),
    ({"path": "/bin/sh", "shouldExist": False}, "/bin/sh is there, and should not be"),
    ({"path": "/lib/x.so", "uid": 8}, "its uid is 7, not 8"),
    ({"path": "/tmp", "permissions": "drwxrwxrwx"}, "its permissions are dtrwxrwxrwx, not drwx"),
    ({"path": "/"}, ""),
    ({"path": "../../bin/"}, ""),
]


@pytest.mark.parametrize(("test", "error"), FILES)
def test_files(cli: Cli, tmp_path: Path, test: dict[str, object], error: str) -> None:
    done = judged(cli, tmp_path, {"fileExistenceTests": [{"name": "it", **test}]}, "--json")
    (result,) = done.json["results"]
    assert (done.status, result["ok"]) == ((15, False) if error else (0, True)), result
    assert error in "".join(result["errors"])


METADATA = [
    ({"envVars": [{"key": "APP", "value": "^/opt", "isRegex": True}]}, ""),
    ({"env": [{"key": "APP", "value": "/opt"}]}, "variable APP is '/opt/app', not '/opt'"),
    ({"envVars": [{"key": "EMPTY", "value": ""}]}, ""),
    ({"unboundEnvVars": [{"key": "APP"}]}, "variable APP is set"),
    ({"labels": [{"key": "built", "value": r"^\d{4}-", "isRegex": True}]}, ""),
    ({"labels": [{"key": "vendor", "value": "A"}]}, "label vendor is 'ACME', not 'A'"),
    ({"labels": [{"key": "other", "value": "A"}]}, "label other is not set"),
    ({"exposedPorts": ["8080"], "unexposedPorts": ["80"], "volumes": ["/data"]}, ""),
    ({"exposedPorts": ["80"]}, "port 80 is not exposed"),
    ({"unexposedPorts": ["8080"]}, "port 8080 is exposed"),
    ({"unmountedVolumes": ["/data"]}, "volume /data is declared"),
    ({"entrypoint": ["/bin/sh"], "cmd": ["-c", "true"], "workdir": "/opt/app", "user": 65532}, ""),
    ({"entrypoint": []}, "entrypoint is ['/bin/sh'], not []"),
    ({"cmd": ["-c"]}, "cmd is ['-c', 'true'], not ['-c']"),
    ({"workdir": "/", "user": "root"}, "user is '65532', not 'root'"),
]


@pytest.mark.parametrize(("test", "error"), METADATA)
def test_metadata(cli: Cli, tmp_path: Path, test: dict[str, object], error: str) -> None:
    done = judged(cli, tmp_path, {"metadataTest": test}, "--json")
    (result,) = done.json["results"]
    assert (done.status, result["ok"]) == ((15, False) if error else (0, True)), result
    assert error in "".join(result["errors"])


def test_contents_and_licences(cli: Cli, tmp_path: Path) -> None:
    tests = {
        "fileContentTests": [
            {"name": "held", "path": "$APP/settings", "expectedContents": ["(?m)^b=2$"],
             "excludedContents": ["^b"]},
            {"name": "failed", "path": "/opt/app/settings", "expectedContents": ["c="],
             "excludedContents": ["a=."]},
            {"name": "a link", "path": "/bin/sh", "expectedContents": ["^.ELF"]},
            {"name": "no file", "path": "/opt", "expectedContents": ["x"]},
        ],
        "licenseTests": [{"debian": True}, {"debian": False, "files": ["/usr/share/doc/README"]}],
    }  # fmt: skip
    done = judged(cli, tmp_path, tests, "--json")
    assert {row["name"]: row["errors"] for row in done.json["results"][:4]} == {
        "held": [], "failed": ["/opt/app/settings has no 'c='", "/opt/app/settings has 'a=.'"],
        "a link": [], "no file": ["/opt is not there, or no file"],
    }  # fmt: skip
    assert sorted(done.json["results"][4]["errors"]) == [
        "/usr/share/doc/bare/copyright is not there, or no file",
        "/usr/share/doc/wild/copyright has AGPL",
    ]
    assert done.json["results"][5]["errors"] == ["/usr/share/doc/README has AGPL"]
    assert (done.status, done.json["passed"], done.json["failed"]) == (15, 2, 4)


COMMANDS = {
    "globalEnvVars": [{"key": "PLACE", "value": "$APP/data"}],
    "commandTests": [
        {"name": "output", "command": "sh", "args": ["-c", "echo out; echo err >&2; exit 3"],
         "expectedOutput": ["^out\n$"], "expectedError": ["err"], "excludedError": ["out"],
         "exitCode": 3},
        {"name": "variables", "command": "${PATH}/sh", "args": ["-c", "echo `cat /dev/null`$PLACE"],
         "expectedOutput": ["^/opt/app/data\n"]},
        {"name": "setup", "setup": [["touch", "/tmp/made"]], "command": "cat",
         "args": ["/tmp/made"], "teardown": [["cat", "/tmp/made"]]},
        {"name": "its own root", "command": "cat", "args": ["/tmp/made"], "exitCode": 1},
        {"name": "no such setup", "setup": [["nothing"]], "command": "cat"},
        {"name": "no such program", "command": "nothing", "exitCode": 127},
        {"name": "another status", "command": "sh", "args": ["-c", "exit 4"]},
        {"name": "own variable", "envVars": [{"key": "X", "value": "$APP!"}], "command": "sh",
         "args": ["-c", "test -n \"`busybox env | busybox grep X=/opt/app!`\""]},
    ],
}  # fmt: skip


@pytest.mark.engine
def test_commands(cli: Cli, tmp_path: Path) -> None:
    if reason := runners.make(Store(cli.home), "unshare").why_not():
        missing(f"user namespaces cannot be used: {reason}")
    done = judged(cli, tmp_path, COMMANDS, "--json", "--runner", "unshare")
    found = {row["name"]: row["errors"] for row in done.json["results"]}
    assert found.pop("no such setup")[0].startswith("setup nothing cannot be started")
    assert found.pop("another status") == ["it ended with status 4, not 0"]
    assert not any(found.values()), found
    assert done.status == 15


def test_the_first_schema_has_commands_as_lists(cli: Cli, tmp_path: Path) -> None:
    tests = {"commandTests": [{"name": "it", "command": ["sh", "-c", "echo yes"],
                               "expectedOutput": ["yes"]}]}  # fmt: skip
    done = judged(cli, tmp_path, tests, "--runner", "unshare", version="1.0.0")
    assert (done.status, done.out.splitlines()[0][:13]) == (0, "✓ command: it"), done.err
    left = judged(cli, tmp_path, tests, "--no-commands", version="1.0.0")
    assert (left.status, left.out) == (0, "") and "1 command tests left out" in left.err


def test_junit(cli: Cli, tmp_path: Path) -> None:
    tests = {"fileExistenceTests": [{"name": "\x01<sh>", "path": "/bin/sh"},
                                    {"name": "gone", "path": "/etc/gone"}]}  # fmt: skip
    done = judged(cli, tmp_path, tests, "--format", "junit")
    top = ElementTree.fromstring(done.raw)
    assert (top.get("tests"), top.get("failures")) == ("2", "1")
    cases = top.findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == ["�<sh>", "gone"]
    assert [len(case.findall("failure")) for case in cases] == [0, 1]


@pytest.mark.parametrize(("name", "begins"), [("r.json", "{"), ("r.xml", "<?xml"), ("r.txt", "✓")])
def test_verdicts_go_to_a_file(cli: Cli, tmp_path: Path, name: str, begins: str) -> None:
    tests = {"fileExistenceTests": [{"name": "sh", "path": "/bin/sh"}]}
    done = judged(cli, tmp_path, tests, "-o", str(tmp_path / name))
    assert (done.status, done.out) == (0, "") and f"written: {tmp_path / name}" in done.err
    assert (tmp_path / name).read_text().startswith(begins)


YAML = """\
schemaVersion: 2.0.0
fileExistenceTests:
  - &it {name: it, path: /bin/sh}
  - <<: *it
    name: again
    shouldExist: yes
metadataTest:
  user: 65532
containerRunOptions:
  privileged: true
  bindMounts: ["/etc:/host"]
"""


def test_yaml_and_what_is_not_done_of_it(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    file = tmp_path / "tests.yaml"
    file.write_text(YAML)
    done = cli("test", "app", "-c", file)
    assert done.status == 0 and "all 3 tests held" in done.err
    assert "containerRunOptions.privileged: commands are run without privileges" in done.err
    assert "/host is mounted read-only" in done.err


BAD = """\
schemaVersion: 2.0.0
commandTests:
- name: a
  command: [x]
  expectedOutputs: [a]
  setup: [[a, b], []]
fileExistenceTests:
- path: /x
  uid: q
  isExecutableBy: root
fileContentTests:
- {name: x, path: y, expectedContents: ["(?=a)"]}
bogus: 1
"""


def test_every_mistake_is_told_with_its_line(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    done = cli("test", "app", "-c", file)
    assert (done.status, done.out) == (2, "")
    said = [line.strip().removeprefix(f"{file}:") for line in done.error.splitlines()[1:]]
    assert said[0] == "4: commandTests[0].command: must be a text"
    for line in (
        "5: commandTests[0].expectedOutputs: there is no such field; did you mean expectedOutput?",
        "6: commandTests[0].setup[1]: must be a list of words, the program first",
        "8: fileExistenceTests[0].name: is missing", "9: fileExistenceTests[0].uid: must be a "
        "whole number", "13: bogus: there is no such field",
    ):  # fmt: skip
        assert line in said


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", '{\n"schemaVersion": ]', "a.json:2: no JSON"),
        ("a.yaml", "a: [\n", "a.yaml:2: no YAML"),
        ("a.yaml", "a: &a [" + "x, " * 9 + "]\n" + "".join(
            f"{c}: &{c} [{', '.join(['*' + b] * 9)}]\n"
            for b, c in zip("abcdefg", "bcdefgh", strict=True)
        ), "far larger"),
        ("a.yaml", "a: &a [*a]\n", "far larger"), ("a.yaml", "", "schemaVersion: is missing"),
        ("a.json", "[" * 3000 + "]" * 3000, "a.json: "), ("a.json", '"x"', "must be a mapping"),
        ("a.json", '{"schemaVersion": "3.0.0"}', "'3.0.0' is none of 1.0.0, 2.0.0"),
    ],
)  # fmt: skip
def test_bad_files(cli: Cli, tmp_path: Path, name: str, text: str, said: str) -> None:
    if name.endswith(".yaml"):
        pytest.importorskip("yaml")
    (tmp_path / name).write_text(text)
    done = cli("test", "app", "-c", tmp_path / name)
    assert (done.status, done.out) == (2, "") and said in done.error
    assert "Traceback" not in done.err
