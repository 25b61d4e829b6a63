"""Debian's own packages, as a mirror has them now, and Debian's own ldconfig."""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

from seaslug.adapters.http import Fetcher
from seaslug.adapters.mirrors import find
from seaslug.api import machine
from seaslug.deb.index import Index, build
from seaslug.errors import NetworkError
from seaslug.tar.xz import decode
from seaslug.values.content import FileSlice
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree, directory, symlink
from support.real import missing, need

LIMIT = 128 << 20


@cache
def index(suite: str, arch: str) -> Index:
    """Return the packages of *suite*.

    No signature is asked for: what is tested is not trust, and mirrors that are halfway
    through an update have good packages too.
    """
    raw = _get(f"dists/{suite}/main/binary-{arch}/Packages.xz")
    text = b"".join(decode(memoryview(raw), limit=LIMIT))
    return Index(build(text), text)


@cache
def package(suite: str, arch: str, name: str) -> bytes:
    """Return the package as a file; its absence skips or fails the running test."""
    stanzas = index(suite, arch).stanzas(name)
    if not stanzas:
        missing(f"{suite} has no {name} for {arch}")
    raw = _get(stanzas[0]["Filename"])
    assert hashlib.sha256(raw).hexdigest() == stanzas[0]["SHA256"]
    return raw


def _get(path: str) -> bytes:
    urls = find().urls("debian", path)
    reason = "no mirror is known"
    for url in urls:
        try:
            return bytes(Fetcher().get(url, LIMIT))
        except NetworkError as error:
            reason = str(error)
    missing(f"{path} could not be fetched: {reason}")
    raise AssertionError


def unpack(raw: bytes, into: Path) -> None:
    """Unpack a package by dpkg-deb and tar, keeping links to directories as they are."""
    program = need("dpkg-deb")
    into.mkdir(parents=True, exist_ok=True)
    tar = subprocess.run(
        [program, "--fsys-tarfile", "/dev/stdin"], input=raw, check=True, capture_output=True
    ).stdout
    command = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(into)]
    subprocess.run(command, input=tar, check=True)


def ldconfig(suite: str, arch: str, root: Path, tools: Path) -> bytes:
    """Return the cache that the release's own ldconfig writes for *root*."""
    unpack(package(suite, arch, "libc-bin"), tools)
    program = next(p for p in (tools / "usr/sbin/ldconfig", tools / "sbin/ldconfig") if p.exists())
    names, host = Platform.parse(arch).names, machine()
    native = host is not None and arch in {"amd64": ("amd64", "i386")}.get(
        host.arch, (host.debian,)
    )
    runner = [] if native else [need(f"qemu-{names.qemu}-static")]
    (root / "etc").mkdir(exist_ok=True)
    subprocess.run(
        [*runner, str(program), "-X", "-i", "-r", str(root)], check=True, capture_output=True
    )
    return (root / "etc/ld.so.cache").read_bytes()


def write(tree: Tree, root: Path) -> None:
    """Write *tree* below *root*, over what is there."""
    for entry in sorted(tree, key=lambda e: e.kind is Kind.HARDLINK):
        path = root / entry.path
        if entry.kind is Kind.DIR:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            continue
        if entry.kind is Kind.SYMLINK:
            path.symlink_to(entry.target)
        elif entry.kind is Kind.HARDLINK:
            os.link(root / entry.target, path)
        else:
            path.write_bytes(entry.read())


def read(root: Path) -> Tree:
    """Return the tree below *root*."""
    found: list[Entry] = []
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            here = os.path.relpath(path, root)
            if os.path.islink(path):
                found.append(symlink(here, os.readlink(path)))
            elif os.path.isdir(path):
                found.append(directory(here))
            else:
                content = FileSlice(path, 0, os.path.getsize(path))
                mode = os.stat(path).st_mode & 0o777
                found.append(Entry(here, Kind.FILE, mode, content=content))
    return Tree(found)
