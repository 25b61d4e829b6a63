"""Bytes that serve nothing: hidden by later layers, kept twice, left by package managers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seaslug.anatomy.facts import Row
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import listed, many
from seaslug.values.tree import Kind
from seaslug.values.words import readable

_MUCH = 1_000_000
_SHARE = 20
_CACHES = (
    ("var/lib/apt/lists/", "rm -rf /var/lib/apt/lists/* in the RUN of apt-get update"),
    ("var/cache/apt/", "apt-get clean in the RUN that installs"),
    ("var/cache/apk/", "apk add --no-cache"),
    ("etc/apk/cache/", "apk add --no-cache"),
    ("var/cache/yum/", "yum clean all in the RUN that installs"),
    ("var/cache/dnf/", "dnf clean all in the RUN that installs"),
    ("var/cache/debconf/", "rm -rf /var/cache/debconf/* in the RUN that installs"),
    ("root/.cache/", "PIP_NO_CACHE_DIR=1, or RUN --mount=type=cache,target=/root/.cache"),
    ("root/.npm/", "npm ci && npm cache clean --force, or RUN --mount=type=cache"),
    ("usr/local/share/.cache/", "yarn cache clean in the RUN that installs"),
    ("root/.m2/", "build in a stage of its own; COPY --from=build the jar only"),
    ("root/.gradle/", "build in a stage of its own; COPY --from=build the jar only"),
    ("root/.cargo/registry/", "build in a stage of its own; COPY --from=build the program only"),
    ("root/go/pkg/", "build in a stage of its own; COPY --from=build the program only"),
    ("go/pkg/mod/", "build in a stage of its own; COPY --from=build the program only"),
)
_VERSIONED = re.compile(r"(?:^|(.*)/)(\.git|\.svn|\.hg)/")
_LEFT = re.compile(
    r"(?:tmp|var/tmp)/.|var/log/.*\.log(?:\.[0-9]+)?(?:\.gz)?\Z|.*/?\.DS_Store\Z|"
    r".*/?(?:Dockerfile|Containerfile|docker-compose\.ya?ml|compose\.ya?ml|\.dockerignore)\Z"
)


def hidden_bytes(image: Specimen) -> Iterator[Finding]:
    """Layers hold files that a later layer replaces or removes: they are pulled, and never seen.

    Each copy of a file below the last one counts, and each removed file. Remove a file in the
    RUN that makes it, put what changes often into a late layer, and set owners and modes while
    copying (`COPY --chown=`) rather than afterwards, which copies the file once more.
    """
    shown = {item.origin for item in image.root.placed.values()}
    lost = sorted(
        ((row.size, at, row.path) for (at, path), row in image.rows.items()
         if row.kind is Kind.FILE and row.size and (at, path) not in shown
         and not row.path.rpartition("/")[2].startswith(".wh.")),
        reverse=True,
    )  # fmt: skip
    total, whole = sum(size for size, _, _ in lost), _whole(image)
    if total < _MUCH // 10:
        return
    worse = Severity.WARN if total >= _MUCH and total * _SHARE >= whole else Severity.INFO
    first = [f"/{path} (layer {at}, {readable(size)})" for size, at, path in lost]
    yield Finding(
        "IMG080", worse, "layers",
        f"{readable(total)} in {many(len(lost), 'file')} that later layers hide: {listed(first)}",
        "remove files in the RUN that makes them; COPY --chown and --chmod instead of RUN",
    )  # fmt: skip


def doubled_content(image: Specimen) -> Iterator[Finding]:
    """The same content lies at several paths. Each copy beyond the first counts once.

    Hard links are one file and do not count. Link the copies (`ln`), or copy one of them only.
    Below a megabyte in all, nothing is said.
    """
    copies: dict[str, dict[tuple[int, str], Row]] = {}
    for path, item in image.root.placed.items():
        row = image.row(path)
        if row is not None and row.kind is Kind.FILE and row.size:
            copies.setdefault(row.digest, {})[item.origin] = row
    doubled = [list(found.values()) for found in copies.values() if len(found) > 1]
    doubled.sort(key=lambda rows: -rows[0].size * (len(rows) - 1))
    total = sum(rows[0].size * (len(rows) - 1) for rows in doubled)
    if total >= _MUCH:
        first = [f"/{rows[0].path} ({len(rows)} times, {readable(rows[0].size)})"
                 for rows in doubled]  # fmt: skip
        yield Finding(
            "IMG081", Severity.INFO, "files",
            f"{readable(total)} are copies of what is there already: {listed(first)}",
            "link the copies (ln), or copy one of them only",
        )  # fmt: skip


def caches(image: Specimen) -> Iterator[Finding]:
    """A package manager's cache or index was left in the image.

    Nothing reads it when the container runs. Empty it in the same RUN that fills it, since a
    later step only hides it, or keep it out with `RUN --mount=type=cache`.
    """
    for folder, fix in _CACHES:
        rows = [
            row for entry in image.root.tree.under(folder.rstrip("/"))
            if entry.kind is Kind.FILE and (row := image.row(entry.path)) is not None and row.size
        ]  # fmt: skip
        size = sum(row.size for row in rows)
        if size:
            yield Finding(
                "IMG082", Severity.WARN if size >= _MUCH else Severity.INFO,
                f"/{folder.rstrip('/')}", f"a cache: {many(len(rows), 'file')}, {readable(size)}",
                fix,
            )  # fmt: skip


def version_control(image: Specimen) -> Iterator[Finding]:
    """A repository's history was copied into the image: .git, .svn or .hg.

    It is often larger than the application, and holds every secret that was ever committed.
    Name it in .dockerignore.
    """
    found: dict[str, int] = {}
    for entry in image.root.tree:
        match = _VERSIONED.match(entry.path)
        if match:
            row = image.row(entry.path)
            found[match[0]] = found.get(match[0], 0) + (row.size if row is not None else 0)
    for folder, size in found.items():
        name = folder.rstrip("/")
        yield Finding(
            "IMG083", Severity.WARN, f"/{name}", f"a repository's history: {readable(size)}",
            f"name it in .dockerignore: **/{name.rpartition('/')[2]}",
        )  # fmt: skip


def leftovers(image: Specimen) -> Iterator[Finding]:
    """Files were left that only the build, or another machine, has a use for.

    Temporary files, logs, Dockerfiles, .DS_Store. They are noise to who reads the image, and
    Dockerfiles tell how it is made. Remove them in the RUN that makes them, or name them in
    .dockerignore.
    """
    found = [
        entry.path for entry in image.root.tree
        if entry.kind is Kind.FILE and _LEFT.match(entry.path)
        and (row := image.row(entry.path)) is not None and row.size
    ]  # fmt: skip
    if found:
        yield Finding(
            "IMG084", Severity.INFO, f"/{found[0]}",
            f"{many(len(found), 'file')} left by a build: {listed(['/' + path for path in found])}",
            "remove them in the RUN that makes them, or name them in .dockerignore",
        )  # fmt: skip


def _whole(image: Specimen) -> int:
    return sum(row.size for row in image.rows.values())


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG080", "Bytes that later layers hide", Severity.WARN, hidden_bytes),
    Rule("IMG081", "The same content several times", Severity.INFO, doubled_content),
    Rule("IMG082", "Cache of a package manager", Severity.WARN, caches),
    Rule("IMG083", "History of a repository", Severity.WARN, version_control),
    Rule("IMG084", "Leftovers of a build", Severity.INFO, leftovers),
)
