"""Measure seaslug beside its peers, as ratios in one run on this machine.

    make bench                       5 runs; prints, writes the page and the results
    make bench ARGS='--runs 3'
    make bench ARGS='--only warm,no-op --dry'     some works; writes nothing

Whole processes, in turn, medians and spread; see timing.py. Writes docs/explanation/speed.md
(between its markers) and bench/results.json. All else happens in a temporary folder. A peer
that is not on this machine is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import application
import corpus
import delivery
import judging
import page
import peers
import registry
from corpus import SEASLUG, Corpus
from timing import BenchError, Method, Work, keep_bytecode, measure, summary

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench/results.json"
PAGE = ROOT / "docs/explanation/speed.md"
CHANGED = "libssl3t64"
_LIBLZMA = (
    "from seaslug.tar import xz; import lzma, ctypes.util, ctypes;"
    "library = ctypes.CDLL(ctypes.util.find_library('lzma') or 'liblzma.so.5');"
    "library.lzma_version_string.restype = ctypes.c_char_p;"
    "print(library.lzma_version_string().decode())"
)


@dataclass
class Bench:
    """The works; what they need is prepared when the first one asks for it."""

    temporary: Path
    closing: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def python(self) -> Corpus:
        """The packages of the python3 image."""
        return corpus.make("python3", self.temporary)

    @cached_property
    def docker(self) -> peers.Docker | None:
        """docker with the python3 image's root, if a daemon answers."""
        if not peers.docker_works():
            return None
        root = self.temporary / "root"
        store = str(self.python.full)
        corpus.run(SEASLUG, "export", "python3", "-q", "--store", store, "-o", f"root:{root}")
        found = peers.Docker(root, self.temporary)
        self.closing.callback(found.close)
        return found

    def metadata(self) -> Work:
        """From nothing to a lock: fetch the indices, check, solve."""
        names = [row["name"] for row in self.python.packages]
        ours = Method("seaslug lock", lambda fresh: _seaslug("lock", fresh / "store"))
        peer = [peers.apt_cold(names)] if peers.have("apt-get") else []
        return Work("metadata", "indices from the mirror, solve", (ours, *peer))

    def lookup(self) -> Work:
        """A lock with the indices there."""
        names = [row["name"] for row in self.python.packages]
        solved = Method("seaslug lock, solved anew", self._solve_again)
        known = Method("seaslug lock, as before", lambda _: _seaslug("lock", self.python.full))
        peer = [peers.apt_again(names, self.temporary)] if peers.have("apt-get") else []
        return Work("lookup", "solve with the indices there", (solved, known, *peer))

    def cold(self) -> Work:
        """python3 from cached packages."""
        methods = [
            self._from_debs("gzip 6", self.python),
            self._from_debs("gzip 1", self.python, "--level", "1"),
            self._from_debs("zstd", self.python, "--compression", "zstd"),
        ]
        if peers.have("apt-get", "mmdebstrap", "dpkg-scanpackages"):
            methods.append(peers.mmdebstrap(self.python, self.temporary))
        if peers.have("dpkg-deb", "tar", "gzip"):
            methods.append(peers.dpkg(self.python, self.temporary))
        if self.docker:
            methods += self.docker.methods(" of the ready root", cached=False)
        return Work("cold", "python3 from cached packages", tuple(methods))

    def java(self) -> Work:
        """java21 from cached packages."""
        java = corpus.make("java21", self.temporary)
        return Work("java", "java21 from cached packages", (self._from_debs("gzip 6", java),))

    def changed(self) -> Work:
        """One package has a new release, all else is there."""
        full, lock = corpus.changed(self.python, CHANGED, self.temporary)

        def prepare(fresh: Path) -> list[str]:
            corpus.copy(full, fresh / "store")
            return [*_seaslug("build", fresh / "store"), "--lock", str(lock), "--locked"]

        return Work("changed", f"{CHANGED} changed", (Method("seaslug build", prepare),))

    def warm(self) -> Work:
        """All pieces are there; the image goes into a new layout."""

        def prepare(fresh: Path) -> list[str]:
            return [*_seaslug("build", self.python.full), "-o", f"oci:{fresh / 'layout'}"]

        return Work("warm", "nothing changed, new layout", (Method("seaslug build -o", prepare),))

    def noop(self) -> Work:
        """The same again."""
        ours = Method("seaslug build", lambda _: _seaslug("build", self.python.full))
        peer = self.docker.methods("", cached=True) if self.docker else ()
        return Work("no-op", "nothing changed", (ours, *peer))

    @cached_property
    def application(self) -> application.Application:
        """The FastAPI example."""
        return application.Application(self.temporary, self.closing)

    @cached_property
    def delivery(self) -> delivery.Delivery:
        """The python3 image on its way."""
        return delivery.Delivery(self.python.full, self.temporary, self.closing)

    @cached_property
    def small(self) -> judging.Judging:
        """The python3 image, to be judged."""
        return judging.Judging("python3", "python3", self.python.full, self.temporary)

    @cached_property
    def large(self) -> judging.Judging:
        """An image of 0.5 GB packed, to be judged."""
        return judging.Judging(
            str(judging.WORKBENCH), "workbench", self.python.full, self.temporary
        )

    def start(self) -> Work:
        """The version."""
        ours = Method("seaslug --version", lambda _: [SEASLUG, "--version"])
        skopeo = Method("skopeo --version", lambda _: ["skopeo", "--version"])
        return Work("start", "start-up", (ours, skopeo) if peers.have("skopeo") else (ours,))

    def _solve_again(self, fresh: Path) -> list[str]:
        corpus.copy(self.python.debs, fresh / "store")
        return _seaslug("lock", fresh / "store")

    def _from_debs(self, name: str, packages: Corpus, *options: str) -> Method:
        def prepare(fresh: Path) -> list[str]:
            corpus.copy(packages.debs, fresh / "store")
            return [*_seaslug("build", fresh / "store", packages.subject), *options]

        return Method(f"seaslug build, {name}", prepare)


def main(argv: Sequence[str]) -> int:
    """Measure what was asked for; 1 if a command failed."""
    args = _arguments(argv)
    load = os.getloadavg()[0]
    works: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="seaslug-bench-") as folder, ExitStack() as closing:
        os.chmod(folder, 0o755)  # apt reads as a user of its own
        keep_bytecode(Path(folder, "bytecode"))
        bench = Bench(Path(folder), closing)
        try:
            for make in _chosen(bench, args.only):
                work = make()
                works.append(_row(work, measure(work, args.runs, Path(folder))))
        except BenchError as error:
            sys.stderr.write(f"\nbench: {error}\n")
            return 1
        versions = _versions()
    results = {
        "month": time.strftime("%B %Y"), "runs": args.runs, "machine": _machine(),
        "load": [f"{load:.1f}", f"{os.getloadavg()[0]:.1f}"], "versions": versions,
        "works": works,
    }  # fmt: skip
    sys.stdout.write(page.terminal(page.table(results)) + "\n" + page.conditions(results) + "\n")
    if not args.dry:
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        page.write(PAGE, results)
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description="seaslug beside its peers")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--only", default="", metavar="WORK[,WORK]")
    parser.add_argument("--dry", action="store_true", help="print only")
    args = parser.parse_args(argv)
    args.only = [part for part in args.only.split(",") if part]
    args.dry = args.dry or bool(args.only)
    return args


def _deliveries(bench: Bench) -> dict[str, Callable[[], Work]]:
    made = {
        "push": lambda: bench.delivery.cold(),
        "push-again": lambda: bench.delivery.warm(),
        "push-slow": lambda: bench.delivery.cold(delivery.TRIP),
        "push-again-slow": lambda: bench.delivery.warm(delivery.TRIP),
        "pull": lambda: bench.delivery.pull(),
    }
    return {**made, "load": lambda: bench.delivery.load()} if peers.docker_works() else made


def _chosen(bench: Bench, only: Sequence[str]) -> Iterator[Callable[[], Work]]:
    makers = {
        "metadata": bench.metadata, "lookup": bench.lookup, "cold": bench.cold, "java": bench.java,
        "changed": bench.changed, "warm": bench.warm, "no-op": bench.noop, "start": bench.start,
        "app-edit": lambda: bench.application.edited(),
        "app-no-op": lambda: bench.application.again(),
        "judge": lambda: bench.small.first(),
        "judge-again": lambda: bench.small.again(),
        "structure": lambda: bench.small.tested(),
        "judge-large": lambda: bench.large.first(),
        "judge-large-again": lambda: bench.large.again(),
        **(_deliveries(bench) if registry.there() else {}),
    }  # fmt: skip
    for name in only or makers:
        if name not in makers:
            raise BenchError(f"no such work: {name}; there are {', '.join(makers)}")
        yield makers[name]


def _row(work: Work, samples: dict[str, Any]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for method in work.methods:
        row = {"name": method.name, "elsewhere": method.elsewhere, **summary(samples[method.name])}
        first = rows[0] if rows else row
        row["ratio"] = round(row["wall"]["median"] / first["wall"]["median"], 2)
        rows.append(row)
    return {"key": work.key, "title": work.title, "methods": rows}


def _seaslug(command: str, store: Path, subject: str = "python3") -> list[str]:
    return [SEASLUG, command, subject, "--store", str(store)]


def _machine() -> dict[str, Any]:
    info = os.uname()
    return {"cpus": os.cpu_count(), "system": f"{info.sysname} {info.machine}"}


def _versions() -> dict[str, str]:
    python = ".".join(map(str, sys.version_info[:3]))
    liblzma = corpus.run(sys.executable, "-c", _LIBLZMA).strip()
    return {"CPython": python, "liblzma": liblzma, **peers.versions()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
