"""A diagnosis as people read it: the verdict, then each finding with what happens and what to do.

::

    app: does not start: /app: its dynamic loader /lib64/ld-linux-x86-64.so.2 is not in the image

    fatal  IMG004  /app
      its dynamic loader /lib64/ld-linux-x86-64.so.2 is not in the image
      prints  exec /app: no such file or directory   (status 1)
      fix     seaslug build base-nossl-debian12
      or      CGO_ENABLED=0 go build -o app .   # or, in C: cc -static
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def diagnosis(found: Mapping[str, Any]) -> str:
    """Return the text for a diagnosis, as JSON-ready data."""
    run = found.get("run")
    rows = [f"{found['image']}: {found['verdict']}"] if run is None else [*_run(found, run)]
    for one in found["findings"]:
        rows += ["", *_finding(one)]
    return "\n".join(rows)


def _run(found: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['image']}: {run['verdict']}   (started with {run['runner']})"
    if run["wants_network"]:
        yield "\nthat is not the image's fault: try again with --network"
    if run["messages"]:
        yield f"\n{messages(run['messages'])}"
    if run["not_written"]:
        yield f"\ncould not write  {', '.join(run['not_written'])}"
    if run["not_found"]:
        yield f"\nlooked in vain for  {', '.join(run['not_found'])}"


def _finding(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"{one['severity']:<5}  {one['rule']}  {one['where']}"
    yield f"  {one['message']}"
    if one["symptom"]:
        status = f"   (status {one['status']})" if one["status"] > 0 else ""
        yield f"  prints  {one['symptom']}{status}"
    elif one["status"] > 0:
        yield f"  prints  nothing   (status {one['status']})"
    if one.get("seen"):
        yield f"  seen    {one['seen']}"
    yield from _fix(one["fix"])


def _fix(text: str) -> Iterator[str]:
    """Yield the ways of a fix, each line of them on a line of its own."""
    for at, way in enumerate(text.split("; or ")):
        first, *rest = way.split("\n")
        yield f"  {'or' if at else 'fix':<6}  {first}"
        yield from (f"          {line}" for line in rest)


def messages(told: Sequence[Mapping[str, Any]]) -> str:
    """Return the text for recognised messages, as JSON-ready data."""
    return "\n\n".join("\n".join(_message(one)) for one in told)


def _message(one: Mapping[str, Any]) -> Iterator[str]:
    yield one["message"]
    yield f"  means   {one['means']}"
    for cause in one["causes"]:
        yield f"  {cause['sure']:<8}  {cause['rule']}  {cause['where']}: {cause['message']}"
        yield from _fix(cause["fix"])
    if not one["causes"]:
        yield f"  look    {one['look']}"
