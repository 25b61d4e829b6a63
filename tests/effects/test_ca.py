"""The certificate bundle and the hash links, judged by openssl and update-ca-certificates."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from effects.certs import SUBJECTS, make, shelf
from seaslug.deb.effects.ca import BUNDLE, CERTS, SHELF, ca_bundle, certificates, subject_hash
from seaslug.errors import HostileError
from seaslug.values.tree import Kind, Tree, file
from support.real import need


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("certs")
    return {name: make(folder, name, subject) for name, subject in SUBJECTS.items()}


def write(entries: Tree, root: Path) -> None:
    for entry in entries:
        path = root / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind is Kind.SYMLINK:
            path.symlink_to(entry.target)
        else:
            path.write_bytes(entry.read())


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_hash_of_a_subject_is_openssls(name: str, pems: dict[str, bytes]) -> None:
    command = [need("openssl"), "x509", "-noout", "-subject_hash"]
    want = subprocess.run(command, input=pems[name], capture_output=True, check=True).stdout
    command = [need("openssl"), "x509", "-outform", "DER"]
    der = subprocess.run(command, input=pems[name], capture_output=True, check=True).stdout
    assert subject_hash(der) == want.decode().strip()


@pytest.mark.parametrize("mask", ["utf8only", "MASK:0x800", "MASK:0x4", "MASK:0x100"])
def test_string_types_do_not_matter(mask: str, tmp_path: Path) -> None:
    """UTF-8, UTF-16 (BMPString), Latin-1 (T61String) and UTF-32 spell the same name."""
    config = tmp_path / "openssl.cnf"
    config.write_text(f"[req]\ndistinguished_name=dn\nstring_mask={mask}\n[dn]\n")
    pem = make(tmp_path, "c", "/O=Café  ONE", "-config", str(config))
    links = [e.path for e in ca_bundle(shelf({"c": pem})) if e.path.endswith(".0")]
    command = [need("openssl"), "x509", "-noout", "-subject_hash"]
    want = subprocess.run(command, input=pem, capture_output=True, check=True).stdout.decode()
    assert links == [f"{CERTS}/{want.strip()}.0"]


def test_links_are_those_of_openssl_rehash(pems: dict[str, bytes], tmp_path: Path) -> None:
    for name, pem in pems.items():
        (tmp_path / f"{name}.pem").write_bytes(pem)
    (tmp_path / "copy.pem").write_bytes(pems["plain"])
    subprocess.run([need("openssl"), "rehash", str(tmp_path)], check=True, capture_output=True)
    want = {name for name in os.listdir(tmp_path) if not name.endswith(".pem")}
    tree = Tree(ca_bundle(shelf({**pems, "copy": pems["plain"]})))
    links = {e.path.rpartition("/")[2]: e.target for e in tree.under(CERTS) if e.target}
    assert set(links) == want
    assert set(links.values()) == {"ca-certificates.crt"}


def test_the_bundle_is_update_ca_certificates_own(pems: dict[str, bytes], tmp_path: Path) -> None:
    program = need("update-ca-certificates")
    given = {**pems, "Zebra": pems["plain"].rstrip(b"\n"), "a b": pems["mail"]}
    tree = shelf(given)
    write(tree, tmp_path)
    for name in ("local", "etc", "hooks"):
        (tmp_path / name).mkdir()
    conf = tmp_path / "ca-certificates.conf"
    rows = sorted(e.path.removeprefix(f"{SHELF}/") for e in tree)
    conf.write_text("".join(f"{row}\n" for row in rows))
    subprocess.run(
        [
            program, "--certsconf", str(conf), "--certsdir", str(tmp_path / SHELF),
            "--localcertsdir", str(tmp_path / "local"), "--etccertsdir", str(tmp_path / "etc"),
            "--hooksdir", str(tmp_path / "hooks"),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    want = (tmp_path / "etc/ca-certificates.crt").read_bytes()
    assert ca_bundle(tree)[0].read() == want


def test_openssl_finds_an_issuer_through_the_links(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make(tmp_path, name, f"/CN=Authority {name}")
    request = [need("openssl"), "req", "-new", "-newkey", "ed25519", "-nodes", "-subj", "/CN=leaf"]
    files = ["-keyout", str(tmp_path / "leaf.key"), "-out", str(tmp_path / "leaf.csr")]
    subprocess.run([*request, *files], check=True, capture_output=True)
    sign = ["-CA", str(tmp_path / "two.crt"), "-CAkey", str(tmp_path / "two.key")]
    files = ["-in", str(tmp_path / "leaf.csr"), "-out", str(tmp_path / "leaf.crt")]
    command = [need("openssl"), "x509", "-req", *sign, *files, "-set_serial", "1"]
    subprocess.run(command, check=True, capture_output=True)
    pems = {name: (tmp_path / f"{name}.crt").read_bytes() for name in ("one", "two")}
    root = tmp_path / "root"
    write(Tree(ca_bundle(shelf(pems))).select(lambda e: e.path.startswith(CERTS)), root)
    verify = [need("openssl"), "verify", "-no-CAfile", "-no-CAstore", "-CApath", str(root / CERTS)]
    done = subprocess.run([*verify, str(tmp_path / "leaf.crt")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_extra_certificates_come_last_and_have_links(pems: dict[str, bytes]) -> None:
    more = Tree(ca_bundle(shelf({"plain": pems["plain"]}), [pems["mail"].rstrip()], mtime=9))
    bundle = more.get(BUNDLE)
    assert bundle is not None and bundle.read() == pems["plain"] + pems["mail"]
    assert sum(e.path.endswith(".0") for e in more) == 2
    assert {e.mtime for e in more} == {9}


def test_openssls_default_paths_lead_to_the_bundle(pems: dict[str, bytes]) -> None:
    tree = Tree(ca_bundle(shelf({"plain": pems["plain"]})))
    assert tree.resolve("usr/lib/ssl/cert.pem") == tree.get(BUNDLE)
    assert tree.resolve("usr/lib/ssl/certs/ca-certificates.crt") == tree.get(BUNDLE)


def test_names_are_the_files_in_the_order_of_their_paths() -> None:
    paths = ("mozilla/b.crt", "mozilla/A.crt", "mozilla/readme", "local/é.crt", "x.crt/y")
    tree = Tree(file(f"{SHELF}/{path}", path.encode()) for path in paths)
    assert certificates(tree) == (
        ("é", "local/é.crt".encode()), ("A", b"mozilla/A.crt"), ("b", b"mozilla/b.crt"),
    )  # fmt: skip


BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "pem",
    [
        BEGIN + b"MAA=",
        BEGIN + b"M" + END,
        BEGIN + END,
        BEGIN + b"MIIB" + END,
        BEGIN + b"MAMCAQA=" + END,
        BEGIN + b"MIT/////" + END,
        BEGIN + b"////////" + END,
    ],
)
def test_what_is_no_certificate_is_refused(pem: bytes) -> None:
    with pytest.raises(HostileError):
        ca_bundle(shelf({"bad": pem}))
