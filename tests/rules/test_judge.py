"""Judging: all rules on any image, sorted, by profile, less what is ignored; odd images too."""

from __future__ import annotations

import tarfile
from typing import Any

import pytest

from rules.broken import PYTHON
from rules.examples import EXAMPLES
from rules.judging import GITHUB, OCI, USERS, chance, key
from rules.making import File, Folder, Hard, Item, Link, Odd, specimen
from seaslug.ops.judge import judge
from seaslug.rules import catalog
from seaslug.rules.catalog import PROFILES
from seaslug.rules.ignores import Ignore
from seaslug.rules.image.linking import extensions
from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Finding, Severity
from seaslug.rules.specimen import Specimen
from seaslug.values.words import plain
from support.binaries import elf

DEFAULT, STRICT, CIS = PROFILES["default"], PROFILES["strict"], PROFILES["cis"]


def told(image: Specimen, rule: str) -> list[str]:
    found = judge(image, DEFAULT).findings
    return [f"{one.severity.word} {one.where}: {one.message}" for one in found if one.rule == rule]


def ids(found: Judgement) -> set[str]:
    return {one.rule for one in found.findings}


def test_the_worst_comes_first() -> None:
    image = specimen({"app/k.pem": key(), "usr/bin/su": File(mode=0o4755)})
    found = judge(image, DEFAULT)
    severities = [one.severity for one in found.findings]
    assert severities == sorted(severities, reverse=True) and len(set(severities)) >= 3
    assert sum(found.counts.values()) == len(found.findings)
    assert found.fails(Severity.ERROR) and found.fails(Severity.INFO)


def test_an_image_that_is_well_made_is_clean() -> None:
    labels = {OCI + name: "x" for name in ("source", "revision", "version", "licenses")}
    image = specimen(
        {"etc/passwd": USERS, "etc/nsswitch.conf": "hosts: files dns\n", "tmp": Folder(0o1777),
         "app/data": "x"},
        {"User": "65532:65532", "Labels": labels, "Healthcheck": {"Test": ["CMD", "/app/probe"]}},
        annotations={OCI + "base.digest": "sha256:" + "0" * 64},
        blob={"created": "1970-01-01T00:00:00Z"},
    )  # fmt: skip
    only = [rule for rule in catalog.RULES if rule.id >= "IMG050"]
    assert [found for rule in only for found in rule.check(image)] == []


def test_an_ignore_names_rule_and_place() -> None:
    image = specimen({"a": File(mode=0o666), "b/c": File(mode=0o666)}, {"User": "1"})
    rows = (
        Ignore("IMG054", "it is a scratch file", "/b/*"), Ignore("IMG054", "never there", "/x"),
        Ignore("IMG100", "Kubernetes asks"),
    )  # fmt: skip
    found = judge(image, DEFAULT, rows)
    assert [one.where for one in found.findings if one.rule == "IMG054"] == ["/a"]
    assert {(one.where, why.reason) for one, why in found.ignored} == {
        ("/b/c", "it is a scratch file"), ("Healthcheck", "Kubernetes asks"),
    }  # fmt: skip
    assert found.unused == (rows[1],)


@pytest.mark.parametrize(
    ("path", "where", "covered"),
    [
        ("", "/a/b", True), ("a/b", "/a/b", True), ("/a/b", "/a/b", True), ("/a", "/a/b", False),
        ("/a/*", "/a/b/c", True), ("*.pem", "/x/y.pem", True), ("User", "User", True),
        ("/a[1]", "/a[1]", True),
    ],
)  # fmt: skip
def test_what_an_ignore_covers(path: str, where: str, covered: bool) -> None:
    finding = Finding("IMG054", Severity.WARN, where, "x")
    assert Ignore("img054", "why", path).covers(finding) is covered
    assert not Ignore("IMG055", "why", path).covers(finding)


def test_profiles() -> None:
    image = specimen({"bin/sh": File("x", 0o755)}, {"Labels": {}})
    by = {p.name: {f.rule: f.severity for f in judge(image, p).findings} for p in PROFILES.values()}
    assert by["default"]["IMG056"] is Severity.WARN
    assert by["strict"]["IMG056"] is by["strict"]["IMG050"] is Severity.ERROR
    assert by["cis"]["IMG050"] is Severity.ERROR and "IMG102" not in by["cis"]
    known = {rule.id for rule in catalog.RULES}
    for one in PROFILES.values():
        assert set(one.severities) <= known and set(one.clauses) <= known
        assert set(one.only or ()) <= known
    assert {CIS.clauses[rule.id] for rule in CIS.rules()} == {
        "4.1", "4.2", "4.3", "4.4", "4.6", "4.7", "4.8", "4.9", "4.10", "4.11"
    }  # fmt: skip


def test_a_lesser_finding_stays_lesser() -> None:
    image = specimen({"dev/log": Odd()})
    assert [f.severity for f in judge(image, STRICT).findings if f.rule == "IMG064"] == [
        Severity.INFO
    ]


# What rules see that others do not.


@pytest.mark.parametrize(
    ("user", "root"),
    [
        ("", True), ("0", True), ("0:0", True), ("00", True), ("root", True), ("root:root", True),
        (":65532", True), ("admin", True), ("65532", False), ("65532:0", False), ("app", False),
        ("nobody", False),
    ],
)  # fmt: skip
def test_who_is_root(user: str, root: bool) -> None:
    passwd = USERS + "admin:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"
    found = told(specimen({"etc/passwd": passwd}, {"User": user}), "IMG050")
    assert bool(found) is root


def test_a_shell_is_known_by_its_content_under_any_name() -> None:
    with open("/bin/sh", "rb") as file:
        shell = file.read()
    image = specimen({"opt/my-app": File(shell, 0o755), "usr/bin/x": Link("/opt/my-app")})
    assert any("/opt/my-app: a shell" in text for text in told(image, "IMG056"))


def test_names_that_lead_to_one_shell_are_one_finding() -> None:
    links: dict[str, Item] = {f"bin/{name}": Link("/bin/busybox") for name in ("sh", "ash", "wget")}
    found = told(specimen({"bin/busybox": File("x", 0o755), **links}), "IMG056")
    assert found == ["warn /bin/busybox: a shell: busybox, also as /bin/ash, /bin/sh"]


def test_what_the_image_is_for_is_no_tool_too_many() -> None:
    files: dict[str, Item] = {"usr/bin/curl": File("x", 0o755), "usr/bin/git": File("x", 0o755)}
    found = told(specimen(files, {"Entrypoint": ["curl"]}), "IMG058")
    assert found == ["info /usr/bin/git: a tool: git"]


def test_pip_and_npm_without_a_program_of_theirs() -> None:
    image = specimen({
        "usr/lib/python3.13/site-packages/pip/__main__.py": "x",
        "usr/lib/node_modules/npm/bin/npm-cli.js": "x",
    })  # fmt: skip
    found = sorted(text.split(": ")[-1] for text in told(image, "IMG057"))
    assert found == ["npm", "pip"]


def test_modules_are_for_the_libc_of_their_python() -> None:
    site = "usr/local/lib/python3.11/site-packages"
    made = specimen({
        **PYTHON, "lib/ld-musl-x86_64.so.1": elf(soname="libc.musl-x86_64.so.1"),
        f"{site}/good.cpython-311-x86_64-linux-gnu.so": elf(),
        f"{site}/bad.cpython-311-x86_64-linux-musl.so": elf(),
    })  # fmt: skip
    (found,) = extensions(made)
    assert "/bad." in found.where and "the image has glibc" in found.message


def test_a_secret_that_a_later_layer_removes_is_there_still() -> None:
    image = specimen(
        {"app/key.pem": key(), "b": f"x = '{GITHUB}'"}, layers=[{"app/.wh.key.pem": ""}]
    )
    assert told(image, "IMG070") == [
        "error /app/key.pem: a private key in line 1; a later layer hides the file, "
        "yet layer 0 still has it"
    ]
    assert told(image, "IMG071") == ["error /b: a GitHub token in line 1"]


def test_a_key_of_a_library_s_tests_is_a_note() -> None:
    path = "usr/lib/python3.13/site-packages/requests/tests/certs/server.key"
    assert told(specimen({path: key()}), "IMG070") == [
        f"info /{path}: a private key in line 1; it seems to belong to a library's tests"
    ]


def test_no_report_tells_a_secret() -> None:
    password = chance("told", 24)
    image = specimen(
        {"app/.env": f"DB_PASSWORD=1{password}\n", "a.sh": GITHUB},
        {"Env": [f"DB_PASSWORD={password}"], "Labels": {"x": GITHUB}},
        blob={"history": [{"created_by": f"ENV DB_PASSWORD={password}"}]},
    )
    found = judge(image, DEFAULT)
    assert {"IMG071", "IMG073", "IMG075", "IMG076", "IMG077"} <= ids(found)
    assert password not in repr(found.findings) and GITHUB not in repr(found.findings)


@pytest.mark.parametrize(
    ("env", "found"),
    [
        ("AWS_SECRET_ACCESS_KEY=abc", True), ("API_KEY=x1", True), ("GITHUB_TOKEN=abc", True),
        ("PASSWORD=p", True), ("GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568", False),
        ("TOKENIZERS_PARALLELISM=false", False), ("SECRET_FILE=/run/s", False), ("TOKEN=", False),
        ("MAX_TOKENS=5", False), ("PASSWORD=${PASSWORD}", False), ("KEY=abc", False),
        (f"X={GITHUB}", True), ("LD_LIBRARY_PATH=/a", False), ("PASSWORD", False),
    ],
)  # fmt: skip
def test_secrets_of_the_environment(env: str, found: bool) -> None:
    assert bool(told(specimen(config={"Env": [env]}), "IMG075")) is found


def test_waste_counts_what_nobody_sees_and_each_copy_once() -> None:
    big = "x" * 2_000_000
    image = specimen(
        {"a": big, "link": Hard("a"), "b": big + "y", "gone/x": big + "z"},
        layers=[{"b": "small", ".wh.gone": ""}, {"c": big, "d": big}],
    )
    (hidden,) = told(image, "IMG080")
    assert "4.00 MB in 2 files" in hidden and "/gone/x (layer 0" in hidden
    (doubled,) = told(image, "IMG081")
    assert "4.00 MB are copies" in doubled and "/a (3 times" in doubled


def test_the_shell_form_is_told_with_the_list() -> None:
    image = specimen({"bin/sh": File("x", 0o755)}, {"Cmd": ["/bin/sh", "-c", "python3 app.py -v"]})
    (fix,) = [f.fix for f in judge(image, DEFAULT).findings if f.rule == "IMG101"]
    assert fix == 'CMD ["python3", "app.py", "-v"]'
    image = specimen({"bin/sh": File("x", 0o755)}, {"Cmd": ["sh", "-c", "exec a"]})
    assert told(image, "IMG101") == []


# Odd images.

ODD_CONFIGS: tuple[dict[str, Any], ...] = (
    {}, {"config": None}, {"config": {}}, {"created": 7, "history": [1, {}, {"created_by": None}]},
    {"config": {"Env": None, "Cmd": None, "User": 0, "Labels": None, "Healthcheck": 1,
                "ExposedPorts": []}},
    {"config": {"Healthcheck": {"Test": None}, "Env": ["", "=", "A"], "Entrypoint": [""],
                "Cmd": ["sh"], "WorkingDir": "\0", "Volumes": 3, "StopSignal": []}},
    {"config": {"Healthcheck": {"Test": ["CMD"]}, "User": ":", "ExposedPorts": {"x": 1, "": 2}}},
)  # fmt: skip


@pytest.mark.parametrize("blob", ODD_CONFIGS, ids=str)
@pytest.mark.parametrize("platform", ["linux/amd64", "windows/amd64", "linux/nowhere"])
def test_odd_configurations_are_judged(blob: dict[str, Any], platform: str) -> None:
    image = specimen({"etc/passwd": "x\n::::::\na:b:c:d:e:f:g\n"}, platform=platform)
    odd = Specimen(image.name, platform, blob, image.root)
    for profile in PROFILES.values():
        assert judge(odd, profile).asked


@pytest.mark.parametrize(
    "kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE], ids=["char", "block", "fifo"]
)
def test_devices_and_fifos_are_passed_over_and_told(kind: bytes) -> None:
    long = "d" * 120 + "/" + "n" * 120
    image = specimen({"dev/x": Odd(kind), long: Odd(kind), "after": "text"})
    assert "after" in image.root.placed and "dev/x" not in image.root.placed
    wheres = [text.partition(": ")[0].split()[1] for text in told(image, "IMG064")]
    assert wheres == sorted(["/dev/x", f"/{long}"])


def test_odd_trees_are_judged() -> None:
    image = specimen(
        {
            "a": Link("b"), "b": Link("a"), "bin": Link("/usr/bin"), "sh": Link("sh"),
            "bad\udcff\x1b[31m/x": File("x", 0o777), "etc/passwd": Link("/etc/passwd"),
            "bin/sh": Link("/nowhere"), "f": Hard("missing"), "etc/shadow": Folder(),
        },
        layers=[{".wh..wh..opq": "", "a": "file"}, {"a": Folder(), "a/.wh.x": ""}],
    )  # fmt: skip
    found = judge(image, DEFAULT)
    for one in found.findings:
        assert one.where.isprintable() and one.message.encode()


def test_names_are_told_without_what_a_terminal_obeys() -> None:
    image = specimen({"bad\udcff\x1b[31m\u202ex": File("x", 0o666)})
    assert "warn /bad\\xff\\x1b[31m\\u202ex: anybody may change it (0666)" in told(image, "IMG054")
    assert plain("ok ü\n") == "ok ü\n"


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_example_can_be_judged_by_all_rules(name: str) -> None:
    for make in EXAMPLES[name]:
        judge(make(), DEFAULT)
