"""The figures as a table for people, in docs/explanation/speed.md and on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: make bench writes from here -->", "<!-- to here -->"
_HEAD = (
    "| work | method | wall, s | least–most | CPU, s | peak, MB | times ours |\n"
    "|---|---|---:|---:|---:|---:|---:|\n"
)


def table(results: dict[str, Any]) -> str:
    """Return all works as one Markdown table."""
    rows = (row for work in results["works"] for row in _rows(work))
    return _HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def conditions(results: dict[str, Any]) -> str:
    """Return a sentence about the machine, the load and the versions."""
    machine = results["machine"]
    known = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    before, after = results["load"]
    return (
        f"Measured in {results['month']}: medians of {results['runs']} runs after a warm-up; "
        f"{machine['cpus']} cores, {machine['system']}, load average {before} before and {after} "
        f"after. {known}."
    )


def terminal(text: str) -> str:
    """Return a Markdown table with aligned columns."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    del rows[1]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = (
        "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def write(page: Path, results: dict[str, Any]) -> None:
    """Put the table between the page's two markers; what stands around it stays."""
    text = page.read_text(encoding="utf-8")
    head, found, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"{page.name} lacks the markers {BEGIN} and {END}")
    middle = f"\n{conditions(results)}\n\n{table(results)}"
    page.write_text(head + BEGIN + middle + END + tail, encoding="utf-8")


def _rows(work: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for at, method in enumerate(work["methods"]):
        wall = method["wall"]
        spread = f"{_seconds(wall['least'])}–{_seconds(wall['most'])}"
        ratio = f"{method['ratio']:.1f}" if at else ""
        yield (
            work["title"] if at == 0 else "", method["name"], _seconds(wall["median"]), spread,
            *_used(method), ratio,
        )  # fmt: skip


def _used(method: dict[str, Any]) -> tuple[str, str]:
    if method["elsewhere"]:
        return "", ""
    return _seconds(method["cpu"]["median"]), f"{method['peak']['median'] / 1e6:.0f}"


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"
