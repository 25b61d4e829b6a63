"""seaslug check, rules and explain: images of any kind, formats, profiles, what is ignored."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.judging import GITHUB, key
from seaslug.adapters.store import Store
from seaslug.rules import catalog
from seaslug.values.descriptor import Descriptor
from support import images
from support.cli import Cli, Done
from support.images import folder, layer, link, member

LAYERS = (
    layer(
        folder("usr/bin"), member("usr/bin/su", b"x", mode=0o4755), folder("app"),
        member("app/key.pem", key().encode()), member("dev/null", kind=tarfile.CHRTYPE),
        member("app/bad\udcff", GITHUB.encode()),
    ),
    layer(member("app/.wh.key.pem")),
)  # fmt: skip
CLEAN = layer(folder("etc"), member("etc/motd", b"hello"))


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A store with ``bad`` and ``good``, and an archive and a layout of ``bad``."""
    home = tmp_path_factory.mktemp("check") / "home"
    store = Store(home)
    for name, layers, config in (
        ("bad", LAYERS, {"User": "0:0", "Env": ["DB_PASSWORD=hunter2"]}),
        ("good", (CLEAN,), {"User": "65532"}),
        ("bare", (), None),
    ):
        digest = images.image(store, layers, config)
        store.tag(name, Descriptor(images.MANIFEST, digest, store.get(digest).size))
    made = Cli(home)
    assert made("copy", "bad", f"oci:{home.parent}/layout").status == 0
    assert made("copy", "bad", f"docker-archive:{home.parent}/bad.tar").status == 0
    yield made


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(done: Done) -> set[str]:
    return {row["rule"] for row in done.json["findings"]}


def test_a_bad_image_fails_and_says_why(cli: Cli) -> None:
    done = cli("check", "bad")
    assert done.status == 15 and "Traceback" not in done.err
    for said in ("IMG050  User: User is '0:0'", "IMG052  /usr/bin/su: setuid",
                 "IMG064  /dev/null: a character device", "IMG070  /app/key.pem: a private key",
                 "IMG071  /app/bad\\xff: a GitHub token", "IMG075  Env DB_PASSWORD"):  # fmt: skip
        assert said in done.out
    assert "hunter2" not in done.out and GITHUB not in done.out


@pytest.mark.parametrize("place", ["bad", "oci:{0}/layout", "docker-archive:{0}/bad.tar"])
def test_the_same_wherever_it_is(cli: Cli, place: str) -> None:
    done = cli("check", place.format(cli.home.parent), "--json")
    assert done.status == 15, done.err
    assert {"IMG050", "IMG052", "IMG064", "IMG070", "IMG071", "IMG075"} <= ids(done)
    again = cli("check", place.format(cli.home.parent), "--json")
    assert again.json == done.json, "what is remembered says the same"


@pytest.mark.parametrize("place", ["oci:{0}/layout", "docker-archive:{0}/bad.tar"])
def test_an_image_that_the_store_has_never_seen(cli: Cli, tmp_path: Path, place: str) -> None:
    done = Cli(tmp_path / "other")("check", place.format(cli.home.parent), "--json")
    assert done.status == 15, done.err
    assert {"IMG050", "IMG052", "IMG064", "IMG070", "IMG071", "IMG075"} <= ids(done)


def test_a_better_image_passes(cli: Cli) -> None:
    done = cli("check", "good", "--json")
    assert done.status == 0 and done.json["failed"] is False
    assert not {rule for rule in ids(done) if rule >= "IMG050"} - {
        "IMG100", "IMG102", "IMG103", "IMG105"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ((), 0), (("--fail-on", "info"), 15), (("--fail-on", "fatal"), 0),
        (("--fail-on", "never"), 0), (("--profile", "strict"), 0),
        (("--profile", "strict", "--fail-on", "warn"), 15), (("--profile", "cis"), 0),
    ],
)  # fmt: skip
def test_what_fails(cli: Cli, options: tuple[str, ...], status: int) -> None:
    assert cli("check", "good", *options).status == status
    assert cli("check", "bad", "--fail-on", "never").status == 0


def test_an_image_of_nothing_is_judged(cli: Cli) -> None:
    done = cli("check", "bare", "--json", "--fail-on", "never")
    assert done.status == 0 and "IMG050" in ids(done)


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "markdown", "html"])
def test_a_report_goes_to_a_file(cli: Cli, here: Path, form: str) -> None:
    plain = cli("check", "bad", "--format", form)
    done = cli("check", "bad", "--format", form, "-o", "report")
    assert (done.status, done.out) == (15, "") and "error" in done.err
    assert (here / "report").read_text() == plain.out
    quiet = cli("check", "bad", "--format", form, "-o", "report", "-q")
    assert (quiet.out, quiet.err) == ("", "")


@pytest.mark.parametrize(
    ("name", "begins"),
    [("r.sarif", "{"), ("r.xml", "<?xml"), ("r.html", "<!DOCTYPE"), ("r.md", "#")],
)
def test_the_end_of_the_file_says_the_format(cli: Cli, here: Path, name: str, begins: str) -> None:
    (here / name).write_text("what was there before, longer than nothing")
    assert cli("check", "good", "-o", name, "--fail-on", "never").status == 0
    assert (here / name).read_text().startswith(begins)
    assert [path.name for path in here.iterdir()] == [name], "nothing is left beside it"


def test_a_report_that_cannot_be_written(cli: Cli) -> None:
    done = cli("check", "bad", "-o", "nowhere/report")
    assert (done.status, done.out) == (2, "") and "cannot be written" in done.error


# What is ignored.

IGNORE = """\
[check]
profile = "strict"
fail-on = "fatal"
ignore = [
  {rule = "img070", path = "/app/*", reason = "a key of the tests"},
  {rule = "IMG080", reason = "not so any more"},
]
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seaslug.toml", IGNORE),
        ("pyproject.toml", IGNORE.replace("[check]", "[tool.seaslug.check]")),
        ("elsewhere.toml", IGNORE),
    ],
)
def test_findings_are_ignored_with_a_reason(cli: Cli, name: str, text: str) -> None:
    Path(name).write_text(text)
    more = ("--config", name) if name == "elsewhere.toml" else ()
    done = cli("check", "bad", "--json", *more)
    assert done.json["profile"] == "strict" and "IMG070" not in ids(done)
    assert [(row["rule"], row["reason"]) for row in done.json["ignored"]] == [
        ("IMG070", "a key of the tests")
    ]
    assert [row["rule"] for row in done.json["unused_ignores"]] == ["IMG080"]
    shown = cli("check", "bad", *more).out
    assert "ignored in vain: IMG080 (not so any more)" in shown and "1 ignored" in shown
    assert cli("check", "bad", "--json", "--profile", "cis", *more).json["profile"] == "cis"
    assert cli("check", "bad", "--fail-on", "error", *more).status == 15


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ('[check]\nignore = [{rule = "IMG070"}]', 3, "reason"),
        ('[check]\nignore = [{rule = "IMG070", reason = " "}]', 3, "is not a reason"),
        ('[check]\nignore = [{rule = "70", reason = "x"}]', 3, "is not a rule's id"),
        ('[check]\nignore = [{rule = "IMG999", reason = "x"}]', 2, "unknown rule 'IMG999'"),
        ('[check]\nignore = "IMG070"', 3, "check.ignore"),
        ('[check]\nprofile = "soft"', 3, "soft"),
        ('[check]\nfail-on = "bad"', 3, "bad"),
        ("[check]\nnope = 1", 3, "unknown key"),
        ("[check", 3, "seaslug.toml"),
    ],
)
def test_a_configuration_with_mistakes(cli: Cli, text: str, status: int, said: str) -> None:
    Path("seaslug.toml").write_text(text)
    done = cli("check", "bad")
    assert (done.status, done.out) == (status, ""), done.err
    assert said in done.error and "Traceback" not in done.err


def test_a_configuration_that_is_not_there(cli: Cli) -> None:
    done = cli("check", "bad", "--config", "nope.toml")
    assert done.status == 2 and "nope.toml" in done.error


# Bad input.


@pytest.mark.parametrize(
    "place", ["docker-archive:x.tar", "oci:x", "oci-archive:x.tar", "docker-archive:nope.tar"]
)
def test_what_is_no_image(cli: Cli, here: Path, place: str) -> None:
    (here / "x.tar").write_bytes(b"no tar" * 300)
    done = cli("check", place)
    assert done.status in (2, 9, 10) and done.out == "" and "Traceback" not in done.err


@pytest.mark.parametrize(
    "members",
    [
        layer(member("../../etc/passwd", b"x")),
        layer(link("a", "b"), link("b", "a"), member("a/x", b"x")),
        b"x" * 2048,
        layer(member("a", b"x" * 9999))[:4000],
    ],
    ids=["parents", "circle", "no tar", "cut"],
)
def test_a_hostile_layer_is_refused(tmp_path: Path, members: bytes) -> None:
    store = Store(tmp_path / "home")
    digest = images.image(store, (members,), {})
    store.tag("evil", Descriptor(images.MANIFEST, digest, store.get(digest).size))
    done = Cli(tmp_path / "home")("check", "evil")
    assert (done.status, done.out) == (9, "") and "Traceback" not in done.err


def test_a_bomb_is_refused_before_it_is_whole(tmp_path: Path) -> None:
    head = tarfile.TarInfo("zeros")
    head.size = 1 << 40
    store = Store(tmp_path / "home")
    digest = images.image(store, (head.tobuf() + bytes(1 << 20),), {})
    store.tag("evil", Descriptor(images.MANIFEST, digest, store.get(digest).size))
    done = Cli(tmp_path / "home")("check", "evil")
    assert done.status == 9 and "more than" in done.error


def test_an_image_that_is_not_there(cli: Cli) -> None:
    done = cli("check", "bda")
    assert done.status == 2 and "bad" in done.error
    assert cli("check", "bda", "--json").json["error"]["code"] == "unknown-name"


# Rules.


def test_rules_are_listed(cli: Cli) -> None:
    done = cli("rules")
    assert done.status == 0
    listed = [line.split()[0] for line in done.out.splitlines()[1:]]
    assert listed == [rule.id for rule in catalog.RULES]
    rows: list[dict[str, Any]] = cli("rules", "--json").json["rules"]
    assert [row["id"] for row in rows] == listed and all(row["about"] for row in rows)
    cis = cli("rules", "--profile", "cis")
    assert "4.10" in cis.out and len(cis.out.splitlines()) < len(listed)


def test_a_rule_is_explained(cli: Cli) -> None:
    done = cli("explain", "img056")
    assert done.status == 0
    assert done.out.startswith("IMG056  Shell\ndefault: warn, strict: error, cis: warn\n")
    assert 'ignore = [{rule = "IMG056", reason = "…"}]' in done.out
    data = json.loads(cli("explain", "IMG056", "--json").out)
    assert data["id"] == "IMG056" and data["profiles"]["strict"] == "error"
    unknown = cli("explain", "IMG556")
    assert unknown.status == 2 and "unknown rule 'IMG556'" in unknown.error
    assert not Path("rules").exists()
