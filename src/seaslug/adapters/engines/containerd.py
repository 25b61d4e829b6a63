"""containerd, by ``ctr`` or ``nerdctl``: images of one of its namespaces, indexes too."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seaslug.adapters import rows
from seaslug.adapters.process import Completed, complete, pour, streamed
from seaslug.adapters.transports import dockertar
from seaslug.errors import EngineError, SeaslugError, UnknownNameError
from seaslug.oci import media
from seaslug.oci.read import IndexManifest, parse
from seaslug.ports import BlobStore
from seaslug.values.descriptor import Descriptor
from seaslug.values.reference import Reference

_OWN = ("default", "k8s.io")
_SOCKET = "/run/containerd/containerd.sock"
_FULL_NAME = "io.containerd.image.name"


class Containerd:
    """The containerd that ``ctr`` (or ``nerdctl``) finds: CONTAINERD_ADDRESS, or the usual socket.

    *spot* reads ``[NAMESPACE/]NAME``: its first part is a namespace if there is one of that
    name. Raises EngineError without either program.
    """

    def __init__(self, spot: str) -> None:
        found = shutil.which("ctr") or shutil.which("nerdctl")
        if found is None:
            raise EngineError(
                "neither ctr nor nerdctl is installed", hint="or use oci-archive:FILE"
            )
        _must_listen()
        self._program = found
        self._is_ctr = found.endswith("ctr") and not found.endswith("nerdctl")
        self._namespace = os.environ.get("CONTAINERD_NAMESPACE") or _OWN[0]
        first, slash, rest = spot.partition("/")
        if slash and rest and (first in _OWN or first in self._namespaces()):
            self._namespace, spot = first, rest
        self.name = full_name(spot)

    @property
    def spot(self) -> str:
        """Namespace and full name."""
        return f"{self._namespace}/{self.name}"

    def load(self, store: BlobStore, top: Descriptor) -> str:
        """Import *top* as ``name``; returns ``there`` or ``whole``. Raises EngineError."""
        if self._digest() == top.digest.text:
            return "there"
        row = {**rows.row(top, self.name)}
        row["annotations"] = {**row["annotations"], _FULL_NAME: self.name}
        files = dockertar.oci_files(store, top, [row], frozenset())
        several = ["--all-platforms"] if top.media_type in media.INDICES else []
        argv = self._argv("images", "import", *several, "-") if self._is_ctr else self._argv("load")
        done = pour(argv, lambda out: dockertar.pour(files, out))
        _good(done, "import")
        return "whole"

    @contextmanager
    def save(self, platform: str) -> Iterator[Iterator[bytes]]:
        """Give an OCI archive of the image. Raises UnknownNameError."""
        known = self._names()
        if self.name not in known:
            raise UnknownNameError("image", self.name, known, where=f"containerd:{self._namespace}")
        chosen = ["--platform", platform] if platform else self._all_platforms()
        words = ("images", "export", *chosen, "-") if self._is_ctr else ("save", *chosen)
        with streamed(self._argv(*words, self.name)) as pieces:
            yield pieces

    def _argv(self, *words: str) -> list[str]:
        return [self._program, "--namespace", self._namespace, *words]

    def _namespaces(self) -> Sequence[str]:
        words = ("namespaces", "ls", "-q") if self._is_ctr else ("namespace", "ls", "-q")
        return _good(complete([self._program, *words]), "namespaces ls").stdout.decode().split()

    def _names(self) -> list[str]:
        if self._is_ctr:
            done = _good(complete(self._argv("images", "ls", "-q")), "images ls")
            return done.stdout.decode("utf-8", "replace").split()
        form = "{{.Repository}}:{{.Tag}}"
        done = _good(complete(self._argv("images", "--format", form)), "images")
        return [full_name(name) for name in done.stdout.decode("utf-8", "replace").split()]

    def _all_platforms(self) -> list[str]:
        """Return the option to export all of an index, if all of it was pulled."""
        if not self._is_ctr:
            return []
        children = _children(complete(self._argv("content", "get", self._digest())).stdout)
        known = complete(self._argv("content", "ls", "-q")).stdout.decode().split()
        whole = children and {child.digest.text for child in children} <= set(known)
        return ["--all-platforms"] if whole else []

    def _digest(self) -> str:
        """Return the digest of what has the name now, or an empty string."""
        if not self._is_ctr:
            return ""
        done = complete(self._argv("images", "ls", f"name=={self.name}"))
        lines = done.stdout.decode("utf-8", "replace").splitlines()[1:]
        words = lines[0].split() if done.status == 0 and lines else []
        return words[2] if len(words) > 2 else ""


def _children(raw: bytes) -> list[Descriptor]:
    """Return the manifests of an index; nothing for an image."""
    try:
        found = parse(raw)
    except SeaslugError:
        return []
    return [e.descriptor for e in found.entries] if isinstance(found, IndexManifest) else []


def _must_listen() -> None:
    """Say so if nothing listens; ctr would only after ten seconds."""
    address = os.environ.get("CONTAINERD_ADDRESS") or _SOCKET
    if not os.path.exists(address.removeprefix("unix://")):
        raise EngineError(
            f"containerd does not listen at {address}",
            hint="is it running? CONTAINERD_ADDRESS says where else",
        )


def full_name(name: str) -> str:
    """Return *name* as containerd's other users expect it, with host and tag."""
    return str(Reference.parse(name))


def _good(done: Completed, what: str) -> Completed:
    if done.status != 0:
        raise EngineError(f"{what} of containerd failed: {done.complaint[-400:]}")
    return done
