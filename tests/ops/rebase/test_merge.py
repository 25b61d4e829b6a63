"""The configuration of a rebased image: three that decide, and the one that comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from seaslug.ops.rebase.merge import merged_run

PATH, OTHER = "PATH=/usr/bin", "PATH=/opt/bin:/usr/bin"
# Of one key: the old base's, the application's, the new base's; what comes of it.
RUNS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "a variable of the base is renewed": (
        {"Env": [PATH, "A=1"]}, {"Env": [PATH, "A=1", "B=2"]}, {"Env": [OTHER, "A=1"]},
        {"Env": [OTHER, "A=1", "B=2"]},
    ),
    "a variable that the application set stays": (
        {"Env": ["A=1"]}, {"Env": ["A=mine"]}, {"Env": ["A=1"]}, {"Env": ["A=mine"]},
    ),
    "a variable that the base gave up goes": (
        {"Env": ["A=1"]}, {"Env": ["A=1"]}, {}, {},
    ),
    "a new variable comes": (
        {}, {"Env": ["B=2"]}, {"Env": ["A=1"]}, {"Env": ["B=2", "A=1"]},
    ),
    "a variable that the application took away stays away": (
        {"Env": ["A=1"]}, {"Env": []}, {"Env": ["A=1"]}, {},
    ),
    "a value may hold an equals sign": (
        {"Env": ["A=b=c"]}, {"Env": ["A=b=c"]}, {"Env": ["A=d=e"]}, {"Env": ["A=d=e"]},
    ),
    "an entrypoint of the base": (
        {"Entrypoint": ["python3.12"]}, {"Entrypoint": ["python3.12"], "Cmd": ["x"]},
        {"Entrypoint": ["python3"]}, {"Entrypoint": ["python3"], "Cmd": ["x"]},
    ),
    "an entrypoint of the application": (
        {"Entrypoint": ["sh"]}, {"Entrypoint": ["app"]}, {"Entrypoint": ["bash"]},
        {"Entrypoint": ["app"]},
    ),
    "null is nothing": (
        {"Cmd": None}, {"Cmd": None, "Env": None}, {"Cmd": None, "Labels": None},
        {"Cmd": None, "Env": None},
    ),
    "ports, volumes and labels by their names": (
        {"ExposedPorts": {"80/tcp": {}}, "Labels": {"v": "1", "base": "x"}},
        {"ExposedPorts": {"80/tcp": {}, "99/tcp": {}}, "Labels": {"v": "mine", "base": "x"}},
        {"ExposedPorts": {"81/tcp": {}}, "Volumes": {"/d": {}}, "Labels": {"v": "1", "base": "y"}},
        {"ExposedPorts": {"81/tcp": {}, "99/tcp": {}}, "Volumes": {"/d": {}},
         "Labels": {"v": "mine", "base": "y"}},
    ),
    "the base does not make it root": (
        {"User": "65532"}, {"User": "65532"}, {"User": "0"}, {"User": "65532"},
    ),
    "what nobody knows stays": (
        {}, {"ArgsEscaped": True}, {}, {"ArgsEscaped": True},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_what_comes_of_three(name: str) -> None:
    old, app, new, result = RUNS[name]
    found, _ = merged_run(old, app, new)
    assert _plain(found) == _plain(result)


def _plain(run: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in run.items() if value}


def test_what_all_three_differ_in_is_told() -> None:
    _, notes = merged_run(
        {"Env": ["A=1"], "User": "1", "Labels": {"l": "1"}, "Cmd": ["a"]},
        {"Env": ["A=2"], "User": "2", "Labels": {"l": "2"}, "Cmd": ["a"]},
        {"Env": ["A=3"], "User": "3", "Labels": {"l": "3"}, "Cmd": ["b"]},
    )
    text = "\n".join(notes)
    assert "env A: 2 stays, which the application set; the new base has 3" in text
    assert "User: 2 stays; the new base has 3" in text
    assert "Cmd: ['b'], as the new base has it" in text
    assert merged_run({"Env": ["A=1"]}, {"Env": ["A=1"]}, {"Env": ["A=1"]})[1] == ()
