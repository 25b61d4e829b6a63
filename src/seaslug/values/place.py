"""Places where images are, written ``TRANSPORT:WHERE``, in the spelling that skopeo made common.

::

    NAME                             this store: a name, or the beginning of a digest
    docker://HOST/PATH[:TAG|@DIGEST] a registry
    oci:DIR[:NAME|@DIGEST]           an OCI layout; another store is one too
    oci-archive:FILE[:NAME]          the same as a tar
    docker-archive:FILE[:NAME]       what docker save writes and docker load reads
    docker-daemon:NAME               the Docker that is there
    podman:NAME                      the podman that is there
    containerd:[NAMESPACE/]NAME      containerd, by ctr or nerdctl
    kind:[CLUSTER/]NAME              the nodes of a kind cluster (only to)
    minikube:[PROFILE/]NAME          a minikube cluster (only to)
"""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.errors import UnknownNameError, UsageError

STORE = "store"
REGISTRY = "docker"
FILES = ("oci", "oci-archive", "docker-archive")
ENGINES = ("docker-daemon", "podman", "containerd")
CLUSTERS = ("kind", "minikube")
TRANSPORTS = (REGISTRY, *FILES, *ENGINES, *CLUSTERS)


@dataclass(frozen=True, slots=True)
class Place:
    """*transport* is one of TRANSPORTS or STORE; *path* a file or folder where it has one.

    *name* is the image's name there: a tag, a reference, ``@sha256:…``, or empty.
    """

    transport: str
    path: str = ""
    name: str = ""

    def __str__(self) -> str:
        if self.transport == STORE:
            return self.name
        if self.transport == REGISTRY:
            return f"docker://{self.name}"
        return ":".join(filter(None, (self.transport, self.path, self.name)))


def parse_place(text: str) -> Place:
    """Read a place. Raises UsageError, and UnknownNameError for a transport that is not known.

    What looks like no transport is a name of this store: ``python3:nonroot``.
    """
    head, colon, rest = text.partition(":")
    if rest.startswith("//"):
        if head != REGISTRY:
            raise UnknownNameError("transport", f"{head}://", ["docker://"], where=text)
        return Place(REGISTRY, "", rest[2:])
    if head not in TRANSPORTS:
        if colon and _misspelt(head):
            raise UnknownNameError("transport", head, TRANSPORTS, where=text)
        return Place(STORE, "", text)
    if head == REGISTRY:
        raise UsageError(f"not a place: {text!r}", hint=f"write docker://{rest}")
    if not colon or not rest:
        raise UsageError(f"{head} of what? {text!r}", hint=f"write {head}:{_example(head)}")
    if head in FILES:
        path, _, name = rest.partition(":")
        if path.endswith("@sha256"):
            path, name = path.removesuffix("@sha256"), f"@sha256:{name}"
        return Place(head, path, name)
    return Place(head, "", rest)


def _misspelt(head: str) -> bool:
    """Tell whether *head* is nearly a transport with a hyphen, as no image's name would be."""
    if "-" not in head:
        return False
    from difflib import get_close_matches

    return bool(get_close_matches(head, TRANSPORTS, n=1, cutoff=0.85))


def _example(transport: str) -> str:
    known = {"oci": "DIR[:NAME]", "oci-archive": "FILE.tar", "docker-archive": "FILE.tar"}
    return known.get(transport, "NAME")
