"""Read the ELF files of this machine, and choose bases for its programs, beside pyelftools.

    python bench/elf.py                 5 runs of 500 files; prints the ratio
    python bench/elf.py --runs 3 --files 200

Whole processes in turn, as in timing.py. Before that both readers' answers are compared:
needed libraries, search paths and symbol versions of every file have to be the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from timing import Method, Work, keep_bytecode, measure, summary

from seaslug.deb.binary import read
from seaslug.values.content import FileSlice
from seaslug.values.tree import Entry, Kind, Tree, symlink

ROOTS = ("/usr/bin", "/usr/lib")
Answer = dict[str, Any]


def ours(path: str) -> Answer:
    """Return what seaslug's reader says of the file at *path*."""
    found = read(FileSlice(path, 0, os.path.getsize(path)))
    if found is None:
        return {}
    return {
        "needed": [*found.elf.needed], "soname": found.elf.soname,
        "paths": [":".join(found.rpath), ":".join(found.runpath)],
        "needs": sorted((need.library, need.version) for need in found.needs),
        "defines": [*found.defines],
    }  # fmt: skip


def theirs(path: str) -> Answer:
    """Return what pyelftools says of the file at *path*."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection

    found: Answer = {"needed": [], "soname": "", "paths": ["", ""], "needs": [], "defines": []}
    with open(path, "rb") as file:
        elf = ELFFile(file)
        for segment in elf.iter_segments("PT_DYNAMIC"):
            for tag in segment.iter_tags():
                if tag.entry.d_tag == "DT_NEEDED":
                    found["needed"].append(tag.needed)
                elif tag.entry.d_tag == "DT_SONAME":
                    found["soname"] = tag.soname
                elif tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH"):
                    at = tag.entry.d_tag == "DT_RUNPATH"
                    found["paths"][at] = (tag.runpath if at else tag.rpath).strip(":")
        for section in elf.iter_sections():
            if isinstance(section, GNUVerNeedSection):
                for library, versions in section.iter_versions():
                    found["needs"] += [(library.name, version.name) for version in versions]
            elif isinstance(section, GNUVerDefSection):
                for version, names in section.iter_versions():
                    if not version["vd_flags"] & 1:
                        found["defines"].append(next(names).name)
    found["needs"].sort()
    return found


READERS: dict[str, Callable[[str], Answer]] = {"seaslug": ours, "pyelftools": theirs}


def files(count: int) -> list[str]:
    """Return at most *count* ELF files: a tenth of them the largest, the rest evenly spread."""
    found = sorted(((os.path.getsize(p), p) for p in _elves()), reverse=True)
    large, rest = found[: count // 10], found[count // 10 :]
    step = max(1, len(rest) // max(1, count - len(large)))
    return [path for _, path in (*large, *rest[::step])][:count]


def _elves() -> Iterator[str]:
    for root in ROOTS:
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    # Programs and shared objects; what has no segments is for linkers.
                    head = file.read(18)
                if head[:4] == b"\x7fELF" and head[16:18] in (b"\2\0", b"\3\0"):
                    yield path


def chooser() -> str:
    """Choose for each program in /usr/bin in one pass over the machine's own tree; say how long."""
    from seaslug.apps.native.choose import choose
    from seaslug.apps.native.needs import closure
    from seaslug.values.platform import Platform

    tree = Tree(_machine())
    platform = Platform.parse(os.uname().machine)
    programs = [e.path for e in tree.under("usr/bin") if e.kind is Kind.FILE]
    begun = time.perf_counter()
    needs = closure(tree, programs, platform)
    middle = time.perf_counter()
    count = sum(root.binary is not None for root in needs.roots)
    choose(needs, platform, "debian13", _Nothing())
    return (
        f"{count} programs of /usr/bin: {len(needs.found)} libraries found, "
        f"{len(needs.missing)} missing; closure {middle - begun:.3f} s, "
        f"choice {time.perf_counter() - middle:.3f} s"
    )


class _Nothing:
    """An index of contents without any library."""

    complete = True

    def providers(self, name: str) -> tuple[str, ...]:
        return ()

    def elsewhere(self, name: str) -> tuple[tuple[str, str], ...]:
        return ()


def _machine() -> Iterator[Entry]:
    for name in ("lib", "lib64", "bin", "usr/lib64"):
        if os.path.islink(f"/{name}"):
            yield symlink(name, os.readlink(f"/{name}"))
    for root in ROOTS:
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    yield symlink(path.lstrip("/"), os.readlink(path))
                elif os.path.isfile(path):
                    content = FileSlice(path, 0, os.path.getsize(path))
                    yield Entry(path.lstrip("/"), Kind.FILE, 0o755, content=content)


def main(argv: Sequence[str]) -> int:
    """Compare, measure, print; 1 if the readers disagree."""
    parser = argparse.ArgumentParser(prog="bench/elf.py", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--files", type=int, default=500, metavar="N")
    parser.add_argument("--read", choices=tuple(READERS), help=argparse.SUPPRESS)
    parser.add_argument("--list", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.read:
        reader = READERS[args.read]
        begun = time.perf_counter()
        for path in json.loads(Path(args.list).read_text()):
            reader(path)
        sys.stdout.write(f"{time.perf_counter() - begun:.4f}\n")
        return 0
    paths = files(args.files)
    different = [path for path in paths if json.dumps(ours(path)) != json.dumps(theirs(path))]
    size = sum(map(os.path.getsize, paths))
    sys.stdout.write(f"{len(paths)} files, {size / 1e6:.0f} MB; {len(different)} read otherwise\n")
    for path in different:
        sys.stdout.write(f"  {path}\n")
    _measure(paths, args.runs)
    sys.stdout.write(chooser() + "\n")
    return bool(different)


def _measure(paths: list[str], runs: int) -> None:
    inside: dict[str, list[float]] = {name: [] for name in READERS}
    with tempfile.TemporaryDirectory(prefix="seaslug-bench-") as folder:
        keep_bytecode(Path(folder, "bytecode"))
        listed = Path(folder, "files.json")
        listed.write_text(json.dumps(paths))

        def method(name: str) -> Method:
            command = [sys.executable, __file__, "--read", name, "--list", str(listed)]

            def finish(fresh: Path) -> None:
                inside[name].append(float((fresh / "said").read_text().split()[-1]))

            return Method(name, lambda _: command, finish)

        work = Work("elf", "ELF files read", tuple(method(name) for name in READERS))
        samples = measure(work, runs, Path(folder))
    wall = {name: summary(rows)["wall"]["median"] for name, rows in samples.items()}
    read_ = {name: statistics.median(rows[1:]) for name, rows in inside.items()}
    for name in READERS:
        sys.stdout.write(f"{name:12} process {wall[name]:.3f} s, reading {read_[name]:.3f} s\n")
    ratios = [times["pyelftools"] / times["seaslug"] for times in (wall, read_)]
    sys.stdout.write(f"ratio: {ratios[0]:.1f} as a process, {ratios[1]:.1f} reading\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
