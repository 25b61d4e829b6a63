"""The configuration of an application: what it says, and every mistake in it at once."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from seaslug.apps import document
from seaslug.apps.config import AppConfig, Directory, FileRule
from seaslug.apps.probe.check import HealthCheck
from seaslug.errors import RecipeError

FULL = """\
name = "shop"
kind = "python"
base = "python3-debian12"
platforms = ["linux/amd64", "linux/arm64"]
packages = ["libpq5", "libxml2 (>= 2.9)"]
entrypoint = ["python3", "-m", "shop"]
cmd = ["--verbose"]
env = { LOG = "info" }
labels = { team = "web" }
ports = [8080, "53/udp"]
user = "1000:1000"
workdir = "/srv"
directories = ["/data", { path = "/cache", mode = "0700", owner = "5:6" }]
volumes = ["/var/lib/shop"]
timezones = ["Europe/Berlin"]
certificates = ["corp.pem"]
stop-signal = "SIGINT"
slice = "off"
smoke = ["python3", "-c", "import shop"]
init = true
exclude = ["tests"]

[[files]]
source = "conf/app.ini"
target = "/etc/app.ini"
mode = "0640"
owner = "1000"

[health]
http = "/healthz"
port = 8080
interval = 10
start-period = 2

[python]
extras = ["pg"]

[variants.debug]
env = { LOG = "debug" }
cmd = []
"""


def test_everything_that_can_be_said() -> None:
    config = document.from_text(FULL, "seaslug.toml")
    assert (config.name, config.kind, config.base) == ("shop", "python", "python3-debian12")
    assert config.entrypoint == ("python3", "-m", "shop") and config.cmd == ("--verbose",)
    assert config.ports == ("8080/tcp", "53/udp")
    assert config.files == (FileRule("conf/app.ini", "/etc/app.ini", 0o640, (1000, 1000)),)
    assert config.directories == (Directory("/data"), Directory("/cache", 0o700, (5, 6)))
    assert config.health == HealthCheck(
        "http", port=8080, path="/healthz", interval=10, start_period=2
    )
    assert config.of("python") == {"extras": ["pg"]} and config.of("node") == {}
    assert config.timezones == ("Europe/Berlin",) and config.init and config.slice == "off"


def test_a_variant_lays_its_own_over_it() -> None:
    config = document.from_text(FULL, "seaslug.toml")
    debug = config.with_variant("debug")
    assert dict(debug.env) == {"LOG": "debug"} and debug.cmd == ()
    assert debug.labels == config.labels
    assert config.with_variant("latest") == config


def test_nothing_said_is_the_default() -> None:
    assert document.from_text("", "seaslug.toml") == AppConfig(where="seaslug.toml")


def test_pyproject_has_a_table_of_its_own() -> None:
    text = "[project]\nname = 'x'\n[tool.seaslug]\nname = 'mine'\nhealth = false\n"
    config = document.from_text(text, "a/pyproject.toml")
    assert (config.name, config.health) == ("mine", False)
    assert document.from_text("[project]\nname='x'", "pyproject.toml").name == ""


def problems(text: str, where: str = "seaslug.toml") -> tuple[str, ...]:
    with pytest.raises(RecipeError) as caught:
        document.from_text(text, where)
    return caught.value.problems


def test_every_mistake_at_once_with_line_and_key() -> None:
    text = (
        'nam = "x"\nports = [70000]\nslice = "hard"\n[health]\nhttp = "/x"\ntcp = true\n'
        '[[files]]\nsource = "a"\n[python]\nextra = []\n'
    )
    found = problems(text)
    assert [line.split(": ")[:2] for line in found] == [
        ["seaslug.toml:1", "nam"], ["seaslug.toml:2", "ports"], ["seaslug.toml:3", "slice"],
        ["seaslug.toml:4", "health"], ["seaslug.toml:7", "files.0"],
        ["seaslug.toml:10", "python.extra"],
    ]  # fmt: skip
    assert "did you mean name?" in found[0] and "did you mean extras?" in found[5]


def test_lines_in_pyproject_are_the_file_s_own() -> None:
    found = problems("[project]\nname='x'\n\n[tool.seaslug]\nuser = 5\n", "pyproject.toml")
    assert found[0].startswith("pyproject.toml:5: tool.seaslug.user: must be a user")


@pytest.mark.parametrize(
    "text",
    [
        "entrypoint = 'python3 app.py'", "ports = ['http']", "user = 'a b'", "workdir = 'app'",
        "directories = [5]", "directories = [{ mode = '0700' }]", "env = ['A=1']",
        "[health]\ninterval = 5", "[[files]]\nsource='a'\ntarget='/b'\nmode='9999'",
        "stop-signal = 'term'", "certificates = 'x.pem'", "x = 1\n[variants.debug]\nname = 'n'",
    ],
)  # fmt: skip
def test_wrong_shapes(text: str) -> None:
    assert problems(text)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(loaded(text), document.schema())


def loaded(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


@pytest.mark.parametrize("text", [FULL, "", "health = true", "timezones = 'none'"])
def test_the_schema_takes_what_is_right(text: str) -> None:
    schema = document.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(loaded(text), schema)
    document.from_text(text, "seaslug.toml")


def test_every_key_of_the_schema_is_described() -> None:
    def undescribed(schema: dict[str, Any], where: str) -> list[str]:
        found = []
        for key, value in schema.get("properties", {}).items():
            if "description" not in value:
                found.append(f"{where}{key}")
            found += undescribed(value, f"{where}{key}.")
        return found

    assert undescribed(document.schema(), "") == []
    assert json.dumps(document.schema())
