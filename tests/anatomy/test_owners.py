"""Whose each file is, and what brought it in: Alpine's, Debian's and our own way of saying it."""

from __future__ import annotations

import pytest

from anatomy.made import SLIM, alpine, ours, slim
from rules.making import specimen
from seaslug.anatomy.owners import Owners, owners
from seaslug.anatomy.records import is_record, records


def shown(found: Owners) -> dict[str, str]:
    return dict(sorted(found.owner.items()))


def test_alpine() -> None:
    found = owners(alpine().root, ours=False)
    assert found.database == "apk"
    assert {name: (p.version, p.kind) for name, p in found.packages.items()} == {
        "musl": ("1.2.5-r0", "apk"), "busybox": ("1.36.1-r29", "apk"),
    }  # fmt: skip
    assert shown(found) == {"bin/busybox": "busybox", "lib/ld-musl-x86_64.so.1": "musl"}
    assert found.chain("musl") == ("busybox", "musl"), "by the name of the library that it gives"


def test_debian_after_usrmerge() -> None:
    found = owners(slim().root, ours=False)
    assert found.database == "dpkg status"
    assert {p.name: (p.version, p.source) for p in found.packages.values()} == {
        "libc6": ("2.36-9+deb12u7", "glibc"), "bash": ("5.2.15-2", "bash"),
    }  # fmt: skip
    assert shown(found) == {"usr/bin/bash": "bash", "usr/lib/libc.so.6": "libc6"}
    assert found.chain("libc6") == ("bash", "libc6")


def test_status_d_of_others() -> None:
    files = {
        "var/lib/dpkg/status.d/a": "Package: a\nVersion: 1\n",
        "var/lib/dpkg/status.d/a.md5sums": "0123  usr/a\n9876  usr/gone\n",
        "usr/a": "a", "usr/b": "b",
    }  # fmt: skip
    found = owners(specimen(files).root, ours=False)
    assert found.database == "dpkg status.d"
    assert shown(found) == {
        "usr/a": "a", "var/lib/dpkg/status.d/a": "a", "var/lib/dpkg/status.d/a.md5sums": "a"
    }  # fmt: skip


def test_ours_goes_by_the_order_in_the_layer() -> None:
    found = owners(ours().root, ours=True)
    owner = shown(found)
    assert owner["usr/lib/libgreet.so.1"] == "libgreet", "a link, which no .md5sums names"
    assert owner["usr/share/greeter"] == "greeter"
    assert owner["usr/bin/node"] == "node", "what follows without a stanza came from npm"
    assert owner["usr/lib/py/__pycache__/a.cpython-313.pyc"] == "hello", "as its source is"
    assert "usr/share/seaslug/lock.json" not in owner
    assert found.packages["node"].kind == "npm"


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("hello", ("hello",)),
        ("greeter", ("hello", "greeter")),
        ("libgreet", ("libgreet",)),
        ("node", ("node",)),
    ],
)
def test_what_a_lower_level_has_did_not_come_in_because_of_an_upper_one(
    name: str, chain: tuple[str, ...]
) -> None:
    assert owners(ours().root, ours=True).chain(name) == chain


def test_packages_that_only_ask_for_each_other() -> None:
    stanzas = "\n\n".join(
        f"Package: {name}\nVersion: 1\nDepends: {needs}"
        for name, needs in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "d, b"))
    )
    found = owners(specimen({"var/lib/dpkg/status": stanzas}).root, ours=False)
    assert [found.chain(name) for name in "abcd"] == [
        ("d", "b", "c", "a"), ("d", "b"), ("d", "b", "c"), ("d",)
    ]  # fmt: skip


def test_a_package_that_an_upper_layer_removed_is_not_there() -> None:
    gone = {"var/lib/dpkg/.wh.status": "", "usr/bin/.wh.bash": ""}
    found = owners(specimen(SLIM, layers=[gone]).root, ours=False)
    assert (dict(found.packages), shown(found)) == ({}, {"usr/lib/libc.so.6": "libc6"})


def test_rpm_is_named() -> None:
    found = owners(specimen({"var/lib/rpm/Packages": "x"}).root, ours=False)
    assert (found.database, dict(found.packages)) == ("rpm, not read", {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        "Package:",
        "Package: a",
        "P:",
        "garbage \x00\udcff",
        "Depends: (((\nPackage: a",
    ],
)
@pytest.mark.parametrize(
    "path", ["var/lib/dpkg/status", "var/lib/dpkg/status.d/a", "lib/apk/db/installed",
             "var/lib/dpkg/info/a.list", "var/lib/dpkg/status.d/a.md5sums"],
)  # fmt: skip
def test_damaged_databases_say_little_and_break_nothing(path: str, text: str) -> None:
    assert is_record(path)
    assert all(record.version == "" for record in records(path, text))
    found = owners(specimen({path: text.encode("utf-8", "surrogateescape")}).root, ours=False)
    assert len(found.packages) <= 1


@pytest.mark.parametrize("lock", ["", "{", "[]", '{"platforms": 1}', '{"platforms": [{}]}'])
def test_a_damaged_lock_is_no_lock(lock: str) -> None:
    root = specimen({"usr/share/seaslug/lock.json": lock, "usr/a": "a"}).root
    assert owners(root, ours=True).packages == {}
