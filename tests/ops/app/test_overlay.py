"""What the configuration adds: files, directories, certificates, the probe, time zones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from effects.certs import make
from seaslug.apps.config import AppConfig, over
from seaslug.apps.model import TIME
from seaslug.apps.probe.check import HealthCheck
from seaslug.apps.project import Project
from seaslug.deb.effects import ca, jks
from seaslug.errors import HostileError, ProjectError, UnknownNameError, UsageError
from seaslug.ops.app import overlay, zones
from seaslug.ops.selections import selection
from seaslug.recipe import expand
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Tree, file, symlink

AMD64 = Platform.parse("amd64")


def project(*entries: Entry, **said: Any) -> Project:
    config = over(AppConfig(where="seaslug.toml"), said)
    return Project("/src/shop", Tree(entries), config)


def lines(layers: Any) -> list[str]:
    return [line for layer in layers for line in Tree(layer.entries).lines()]


def test_directories_belong_to_the_application_s_user() -> None:
    said = [{"path": "/data"}, {"path": "/cache", "mode": "0700", "owner": "5:6"}]
    found = overlay.machinery(project(directories=said, volumes=["/v"]), None, AMD64, None)
    assert lines(found) == [
        "/cache: dir 0700 5:6", "/data: dir 0755 65532:65532", "/v: dir 0755 65532:65532",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("user", "uid"), [("0", 0), ("1000:7", 1000), ("nonroot", 65532), ("nobody", 65534)]
)
def test_users_by_name_or_number(user: str, uid: int) -> None:
    assert overlay.uid_of(user, "x") == uid


def test_an_unknown_user_is_refused() -> None:
    with pytest.raises(UsageError, match="no user 'www'"):
        overlay.uid_of("www", "seaslug.toml")


@pytest.mark.parametrize(
    ("check", "path"),
    [
        (HealthCheck("tcp", port=1), "usr/libexec/seaslug/probe"),
        (HealthCheck("http", port=1, scheme="https"), "usr/libexec/seaslug/probe-tls"),
        (HealthCheck("exec", command=("/app/x",)), None),
        (None, None),
    ],
)
def test_the_probe_comes_where_a_check_needs_it(check: Any, path: str | None) -> None:
    found = overlay.machinery(project(), None, AMD64, check)
    entries = [entry for layer in found for entry in layer.entries]
    assert [e.path for e in entries] == ([path] if path else [])
    assert all((e.mode, e.mtime) == (0o755, TIME) for e in entries)


def test_files_and_folders_of_the_project() -> None:
    here = project(
        file("conf/a.ini", b"a"), file("conf/sub/b.sh", b"b", 0o755), file("x", b"x"),
        files=[
            {"source": "conf", "target": "/etc/shop"},
            {"source": "x", "target": "/srv/x", "mode": "0600", "owner": "7"},
        ],
    )  # fmt: skip
    found = [line.rpartition(" ")[0] for line in lines(overlay.files(here))]
    assert found == [
        "/etc/shop/a.ini: file 0644 0:0", "/etc/shop/sub/b.sh: file 0755 0:0",
        "/srv/x: file 0600 7:7",
    ]  # fmt: skip


def test_files_that_are_ignored_come_by_their_names() -> None:
    rows = [
        {"source": "./.env", "target": "/app/.env", "mode": "0400"},
        {"source": "dist/", "target": "/srv"},
    ]
    named = Tree([file(".env", b"A=1"), file("dist/x", b"x"), file("dist/y/z", b"z")])
    here = replace(project(file("main", b""), files=rows), named=named)
    found = [line.rpartition(" ")[0] for line in lines(overlay.files(here))]
    assert found == [
        "/app/.env: file 0400 0:0", "/srv/x: file 0644 0:0", "/srv/y/z: file 0644 0:0",
    ]  # fmt: skip
    (note,) = overlay.secrets(here)
    assert note.startswith(".env is in the image, as /app/.env: it looks like a secret")


def test_files_that_are_not_there_are_named_together() -> None:
    rows = [{"source": name, "target": "/t"} for name in ("one", "two")]
    with pytest.raises(ProjectError, match="no such files: one, two"):
        overlay.files(project(files=rows))


def test_certificates_go_into_the_bundle_and_the_keystore(tmp_path: Path) -> None:
    one = make(tmp_path, "one", "/CN=Root One")
    base = Tree([
        file(ca.BUNDLE, one), *jks.java_keystore(Tree([file(f"{ca.SHELF}/one.crt", one)])),
    ])  # fmt: skip
    corporate = make(tmp_path, "corp", "/CN=Corporate")
    here = project(file("corp.pem", corporate), certificates=["corp.pem"])
    tree = Tree(e for x in overlay.machinery(here, base, AMD64, None) for e in x.entries)
    bundle = tree.resolve(ca.BUNDLE)
    assert bundle is not None and bundle.read().count(b"BEGIN CERTIFICATE") == 2
    assert sum(1 for e in tree.under(ca.CERTS) if e.target == "ca-certificates.crt") == 2
    store = tree.resolve(jks.PATH)
    assert store is not None and b"corp.pem" in store.read() and b"debian:one.pem" in store.read()


def test_a_certificate_that_is_none_or_not_there() -> None:
    base = Tree([file(ca.BUNDLE, b"")])
    with pytest.raises(ProjectError, match="no such certificate file"):
        overlay.machinery(project(certificates=["x.pem"]), base, AMD64, None)
    bad = project(
        file("x.pem", b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"),
        certificates=["x.pem"],
    )
    with pytest.raises(ProjectError, match="not a certificate"):
        overlay.machinery(bad, base, AMD64, None)


@pytest.mark.parametrize("data", [b"", b"x" * 40, b"\xfe\xed\xfe\xed\0\0\0\1" + b"0" * 40])
def test_a_keystore_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(HostileError, match="not a Java keystore"):
        jks.added(data, [], 0)


# Time zones.

ZONES = Tree([
    file("usr/share/zoneinfo/Europe/Berlin", b"TZif"), file("usr/share/zoneinfo/Etc/UTC", b"TZif"),
    symlink("usr/share/zoneinfo/UTC", "Etc/UTC"), file("usr/share/zoneinfo/Asia/Tokyo", b"TZif"),
    symlink("usr/share/zoneinfo/Japan", "Asia/Tokyo"),
])  # fmt: skip


def test_no_zones() -> None:
    recipe = zones.none(expand.family("static"))
    assert not selection(recipe, "tzdata").takes("usr/share/zoneinfo/Europe/Berlin")


def test_some_zones_with_what_they_link_to() -> None:
    recipe = zones.chosen(expand.family("static"), ZONES, ["Japan"], "seaslug.toml")
    chosen = selection(recipe, "tzdata")
    taken = [e.path.removeprefix("usr/share/zoneinfo/") for e in ZONES if chosen.takes(e.path)]
    assert taken == ["Asia/Tokyo", "Etc/UTC", "Japan", "UTC"]
    assert chosen.takes("usr/share/doc/tzdata/copyright")


def test_an_unknown_zone_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        zones.chosen(expand.family("static"), ZONES, ["Europe/Berlim"], "seaslug.toml")
    assert "Europe/Berlin" in caught.value.nearest
