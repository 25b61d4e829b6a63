"""Clusters on this machine: kind and minikube take an archive by their load commands."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seaslug.adapters.process import complete
from seaslug.adapters.transports.dockertar import For, docker_files, pour
from seaslug.errors import EngineError
from seaslug.ports import BlobStore
from seaslug.values.descriptor import Descriptor

_PATIENCE = 900.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """How one kind of cluster is asked: its command, its names, its load command."""

    program: str
    variable: str
    usual: str
    names: Callable[[str], Sequence[str]]
    loading: Callable[[str, str], Sequence[str]]


def load(transport: str, store: BlobStore, image: Descriptor, spot: str) -> str:
    """Load *image* into ``kind`` or ``minikube``; *spot* reads ``[CLUSTER/]NAME``.

    Returns cluster and name. Raises EngineError with the command's own words.
    """
    cluster = _CLUSTERS[transport]
    program = shutil.which(cluster.program)
    if program is None:
        raise EngineError(
            f"{cluster.program} is not installed", hint="or use -o docker-archive:FILE"
        )
    first, slash, rest = spot.partition("/")
    where, name = os.environ.get(cluster.variable) or cluster.usual, spot
    if slash and rest and first in cluster.names(program):
        where, name = first, rest
    with tempfile.TemporaryDirectory(prefix="seaslug-") as folder:
        file = os.path.join(folder, "image.tar")
        with open(file, "wb") as out:
            # Their nodes run containerd, which takes zstd.
            pour(docker_files(store, image, [name], For()), out)
        done = complete([program, *cluster.loading(where, file)], timeout=_PATIENCE)
    if done.status != 0:
        raise EngineError(f"{transport} does not take it: {done.complaint[-400:]}", where=where)
    return f"{where}/{name}"


def _kinds(program: str) -> Sequence[str]:
    done = complete([program, "get", "clusters"])
    return done.stdout.decode("utf-8", "replace").split() if done.status == 0 else []


def _profiles(program: str) -> Sequence[str]:
    done = complete([program, "profile", "list", "--output", "json"])
    try:
        return [str(row["Name"]) for row in json.loads(done.stdout)["valid"]]
    except (ValueError, KeyError, TypeError):
        return []


_CLUSTERS = {
    "kind": Cluster(
        "kind", "KIND_CLUSTER_NAME", "kind", _kinds,
        lambda where, file: ("load", "image-archive", file, "--name", where),
    ),
    "minikube": Cluster(
        "minikube", "MINIKUBE_PROFILE", "minikube", _profiles,
        lambda where, file: ("image", "load", file, "--profile", where),
    ),
}  # fmt: skip
