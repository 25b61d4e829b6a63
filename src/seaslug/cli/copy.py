"""seaslug copy: an image from anywhere to anywhere."""

from __future__ import annotations

import argparse
import time

from seaslug.cli.context import Context
from seaslug.cli.deliver import add_platforms, add_registry

HELP = "Copy an image from anywhere to anywhere: store, registries, archives, engines, clusters."
EXAMPLES = """\
  seaslug copy docker://a.example/app:1 docker://b.example/app:1 --all
  seaslug copy python3:nonroot oci-archive:python3.tar
  seaslug copy docker-daemon:app:latest docker://registry.example/me/app:1
  seaslug copy oci:out/app:1.2 podman:localhost/app:1.2
  seaslug copy app kind:app:dev                        into the nodes of a kind cluster
"""
NOTES = """\
places:
  NAME                          this store: a name, or the beginning of a digest
  docker://HOST/PATH[:TAG]      a registry; @sha256:… for exactly one image
  oci:DIR[:NAME]                an OCI layout; the store of another user is one too
  oci-archive:FILE[:NAME]       the same as a tar
  docker-archive:FILE[:NAME]    what docker save writes and docker load reads
  docker-daemon:NAME            the Docker that is there (DOCKER_HOST, docker context)
  podman:NAME                   the podman that is there
  containerd:[NAMESPACE/]NAME   containerd, by ctr or nerdctl
  kind:[CLUSTER/]NAME           a kind cluster, only to it
  minikube:[PROFILE/]NAME       a minikube cluster, only to it
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("source", metavar="SRC", help="a place, see below")
    parser.add_argument("target", metavar="DST", help="a place, see below")
    add_platforms(parser, "this machine's, where there is a choice")
    add_registry(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Copy it."""
    from seaslug.cli.deliver import data, delivery, line, wish
    from seaslug.delivery import DIRECT
    from seaslug.values.place import STORE, parse_place

    begun = time.monotonic()
    source, target = parse_place(args.source), parse_place(args.target)
    moved = delivery(args, context).copy(source, target, wish(args))
    seconds = time.monotonic() - begun
    context.close()
    if target.transport in DIRECT or moved.counts.get("sent"):
        verb = "copied" if target.transport in DIRECT else "fetched"
        context.err(line(str(target), moved, verb, seconds))
    else:
        context.err(f"{target}: written ({seconds:.2f} s)")
    if args.json:
        context.json_out(data(moved, seconds))
    else:
        context.out(moved.top.digest.text if target.transport == STORE else moved.where)
    return 0
