"""Rebasing what seaslug built, on a simulated archive: the base's packages change below it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seaslug.adapters.store import Store
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from support import images
from support.archive import ArchiveSimulator
from support.bases import LIBRARIES
from support.binaries import LOADER, elf
from support.cli import Cli, Done
from support.debs import Item, MadeDeb, deb, link
from support.shop import OS_RELEASE

USAGE, PROOF = 2, 12
VERSIONS = ("GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.38")


def libc(version: str = "2.41-1", versions: tuple[str, ...] = VERSIONS) -> MadeDeb:
    return deb("libc6", version, items=[
        Item(f"./{LIBRARIES}/libc.so.6", elf(soname="libc.so.6", defines=versions), mode=0o755),
        Item(f"./{LIBRARIES}/ld-linux-x86-64.so.2", elf(soname="ld-linux-x86-64.so.2"), mode=0o755),
        link(f"./usr{LOADER}", f"../lib/x86_64-linux-gnu/{LOADER.rpartition('/')[2]}"),
    ])  # fmt: skip


PACKAGES = (
    libc(), deb("libc-bin", files={"usr/lib/locale/C.utf8/LC_CTYPE": "c"}),
    deb("base-files", "13.8", files={
        "etc/debian_version": "13.2\n", "usr/lib/os-release": OS_RELEASE,
        "usr/share/common-licenses/MIT": "be kind",
    }),
    deb("ca-certificates", files={"usr/share/ca-certificates/empty.crt": ""}),
    deb("media-types", files={"etc/mime.types": "text/plain txt\n"}),
    deb("netbase", files={"etc/services": "http 80/tcp\n"}),
    deb("tzdata", "2026a-1", files={"usr/share/zoneinfo/Etc/UTC": "TZif"}),
    deb("tzdata-legacy", files={"usr/share/zoneinfo/Zulu": "TZif"}),
    deb("libfoo1", files={f"{LIBRARIES}/libfoo.so.1": elf(soname="libfoo.so.1")}),
)  # fmt: skip


class Place:
    """An archive, a project with a program that needs glibc, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.archive = ArchiveSimulator()
        self.archive.add(*PACKAGES)
        self.archive.publish()
        self.server = self.archive.serve()
        self.keyring = self.archive.keyring(folder)
        self.cli = Cli(folder / "home")
        self.project = folder / "prog"
        needs = [("libc.so.6", "GLIBC_2.38")]
        made = elf(interpreter=LOADER, needed=("libc.so.6",), needs=needs, entry=1, flags_1=8 << 24)
        self.project.write_bytes(made)

    def ask(self, *args: object) -> Done:
        mirror = ("--mirror", f"{self.server.url}/debian", "--keyring", self.keyring, "--refresh")
        return self.cli(*args, *mirror)

    def build(self, name: str, *args: object) -> Done:
        done = self.ask("build", self.project, "--whole", "-t", name,
                        "--platform", "linux/amd64", *args)  # fmt: skip
        assert done.status == 0, done.err
        return done

    def update(self, *new: MadeDeb) -> None:
        """Publish *new* in the place of the packages that are called so."""
        names = {made.name for made in new}
        debs = self.archive.debs["trixie"]
        debs[:] = [made for made in debs if made.name not in names] + list(new)
        self.archive.date += 1
        self.archive.publish()

    def inspect(self, name: str) -> Any:
        return self.cli("inspect", name, "--json").json


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    with made.server:
        yield made


def test_a_rebased_image_is_what_a_build_would_give(place: Place, tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text('packages = ["libfoo1"]\nenv = { PATH = "/app" }\nlabels = { "a" = "b" }\n')
    place.build("app:1", "--config", config)
    place.update(libc("2.41-2"), deb("tzdata", "2026b-1", files={"usr/share/zoneinfo/UTC": "b"}))
    done = place.ask("rebase", "app:1", "-t", "app:2")
    assert done.status == 0, done.err
    assert "2 changed: libc6 2.41-1 → 2.41-2, tzdata 2026a-1 → 2026b-1" in done.err
    assert "1 application layers kept" in done.err
    assert "fits: 2 libraries, versions and symbols are there" in done.err
    assert done.out == place.build("app:3", "--config", config).out
    lock = json.loads(place.cli("cat", "app:2", "/usr/share/seaslug/lock.json").out)
    rows = lock["platforms"][0]["packages"]
    told = {row["name"]: row["version"] for row in rows}
    there = {row["name"]: row["version"] for row in place.inspect("app:2")["packages"]}
    assert told == there and told["libc6"] == "2.41-2" and "libfoo1" in told
    assert lock["recipe"] == place.inspect("app:2")["annotations"]["dev.seaslug.recipe"]


def test_nothing_changed_is_the_same_image(place: Place) -> None:
    built = place.build("app:1")
    done = place.ask("rebase", "app:1")
    assert (done.status, done.out) == (0, built.out)
    assert "all as before" in done.err


def test_an_update_that_took_a_version_away_is_refused(place: Place) -> None:
    built = place.build("app:1")
    place.update(libc("2.41-2", ("GLIBC_2.2.5", "GLIBC_2.34")))
    done = place.ask("rebase", "app:1")
    assert (done.status, done.out) == (PROOF, "")
    assert "/app/prog: needs GLIBC_2.38 of libc.so.6" in done.err
    assert place.inspect("app:1")["digest"] == built.out.strip()


def test_another_variant_and_another_member(place: Place) -> None:
    place.build("app:1")
    done = place.ask("rebase", "app:1", "--onto", "base-nossl:nonroot", "-t", "app:2")
    assert done.status == 0, done.err
    told = place.inspect("app:2")["annotations"]
    assert told["org.opencontainers.image.base.name"] == "base-nossl-debian13:nonroot"
    assert told["org.opencontainers.image.title"] == "prog"
    done = place.ask("rebase", "app:1", "--onto", "static", "-t", "app:3")
    assert done.status == PROOF and "the dynamic loader" in done.err


def test_an_image_of_the_store_is_laid_under_as_it_is(place: Place) -> None:
    place.build("app:1")
    done = place.ask("build", "base-nossl:nonroot", "--platform", "linux/amd64", "-t", "mine")
    assert done.status == 0, done.err
    before = place.inspect("app:1")
    done = place.ask("rebase", "app:1", "--onto", "mine", "-t", "app:2")
    assert done.status == 0, done.err
    base, made = place.inspect("mine"), place.inspect("app:2")
    digests = [layer["digest"] for layer in made["layers"]]
    assert digests[:-1] == [layer["digest"] for layer in base["layers"]]
    assert digests[-1] == before["layers"][-1]["digest"]
    told = made["annotations"]
    assert told["org.opencontainers.image.base.digest"] == base["digest"]
    assert told["dev.seaslug.recipe"] == base["annotations"]["dev.seaslug.recipe"]
    assert told["org.opencontainers.image.title"] == "prog"
    assert made["config"]["config"]["User"] == before["config"]["config"]["User"]
    # And from there back to the family: what is above the base is known still.
    assert place.ask("rebase", "app:2", "--onto", "base-nossl:nonroot", "-t", "app:3").status == 0


def test_an_image_that_others_built_on_a_member_of_the_family(place: Place) -> None:
    """As with FROM in a Dockerfile: labels, history and settings of the base are inherited."""
    assert place.ask("build", "base-nossl:nonroot", "--platform", "linux/amd64").status == 0
    child(place, "base-nossl:nonroot", "child:1")
    place.update(libc("2.41-2"))
    done = place.ask("rebase", "child:1", "-t", "child:2")
    assert done.status == 0, done.err
    assert "1 changed: libc6 2.41-1 → 2.41-2" in done.err
    run = place.inspect("child:2")["config"]["config"]
    assert (run["Entrypoint"], run["User"]) == (["/app/x"], "65532")
    assert (
        "OWN=1" in run["Env"] and "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" in run["Env"]
    )
    assert run["Labels"]["org.opencontainers.image.title"] == "base-nossl-debian13:nonroot"


def child(place: Place, base: str, name: str) -> None:
    """Name an image of one more layer over *base*."""
    store = Store(place.cli.home)
    manifest = json.loads(store.read(store.tags()[base].digest))
    config = json.loads(store.read(Digest(manifest["config"]["digest"])))
    data = images.layer(images.member("app/x", b"x", mode=0o755))
    config["rootfs"]["diff_ids"].append(Digest.of(data).text)
    config["history"] += [{"created_by": "ENV", "empty_layer": True}, {"created_by": "COPY x"}]
    config["config"]["Env"].append("OWN=1")
    config["config"]["Entrypoint"] = ["/app/x"]
    manifest["layers"].append(images.descriptor(store, data, images.LAYER))
    manifest["config"] = images.descriptor(store, json.dumps(config).encode(), images.CONFIG)
    stored = store.put([json.dumps(manifest).encode()])
    store.tag(name, Descriptor(images.MANIFEST, stored.digest, stored.size), "linux/amd64")


def test_a_lock_says_which_packages(place: Place, tmp_path: Path) -> None:
    lock = tmp_path / "app.lock"
    built = place.build("app:1", "--lock", lock)
    place.update(libc("2.41-2"))
    done = place.ask("rebase", "app:1", "--lock", lock, "-t", "app:2")
    assert (done.status, done.out) == (0, built.out), done.err
    other = place.ask("rebase", "app:1", "--lock", lock, "--onto", "static", "-t", "app:3")
    assert other.status == 4 and "the lock is for another recipe" in other.err


def test_bases_and_single_layers_cannot_be_rebased(place: Place) -> None:
    place.ask("build", "static", "--platform", "linux/amd64")
    done = place.ask("rebase", "static")
    assert done.status == USAGE and "a base, not an application" in done.err
    place.build("one:1", "--layers", "single")
    done = place.ask("rebase", "one:1")
    assert done.status == USAGE and "base and application are in one layer" in done.err
