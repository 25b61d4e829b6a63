"""What the configuration adds to an application: files, directories, certificates, the probe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from seaslug.apps.config import AppConfig, Directory, plain
from seaslug.apps.ignore import looks_secret
from seaslug.apps.model import TIME, AppLayer
from seaslug.apps.probe.check import HealthCheck, probe_path, uses_probe
from seaslug.apps.probe.program import TLS_PATH, program
from seaslug.apps.project import Project
from seaslug.deb.effects import ca, jks
from seaslug.errors import HostileError, ProjectError, UsageError
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree, directory, file

_USERS = {"root": 0, "nobody": 65534, "nonroot": 65532}


def uid_of(user: str, where: str) -> int:
    """Return the number of *user* (``uid``, ``uid:gid`` or a name of the base image)."""
    name = user.partition(":")[0]
    if name.isdigit():
        return int(name)
    if name in _USERS:
        return _USERS[name]
    raise UsageError(
        f"the base image has no user {name!r}", where=where,
        hint="user = a number, or nonroot, nobody, root",
    )  # fmt: skip


def machinery(
    project: Project, base: Tree | None, platform: Platform, check: HealthCheck | None
) -> tuple[AppLayer, ...]:
    """Return the layer of what changes least: the probe for *check*, certificates, directories.

    *base* is the base image's tree, needed where there are certificates to add.
    """
    config = project.config
    entries = list(_directories(config))
    if check is not None and uses_probe(check):
        path = probe_path(check)
        data = program(platform, tls=path == TLS_PATH)
        entries.append(file(path, data, 0o755, mtime=TIME))
    if config.certificates and base is not None:
        entries += _certificates(project, base)
    return (AppLayer("seaslug: health probe and settings", tuple(entries)),) if entries else ()


def _directories(config: AppConfig) -> Iterator[Entry]:
    uid = uid_of(config.user, config.where)
    for item in (*config.directories, *(Directory(path) for path in config.volumes)):
        owner = item.owner or (uid, uid)
        made = directory(item.path.strip("/"), item.mode, mtime=TIME)
        yield replace(made, uid=owner[0], gid=owner[1])


def _certificates(project: Project, base: Tree) -> Iterator[Entry]:
    own = []
    for path in project.config.certificates:
        place = plain(path)
        entry = project.tree.resolve(place) or project.named.get(place)
        if entry is None or entry.kind is not Kind.FILE:
            raise ProjectError(
                "no such certificate file", where=f"{project.config.where}: certificates: {path}",
                hint="a path below the project's folder",
            )  # fmt: skip
        own.append((path.rpartition("/")[2], entry.read()))
    bundle = base.resolve(ca.BUNDLE)
    try:
        yield from ca.ca_bundle(
            Tree(), [bundle.read() if bundle else b"", *(pem for _, pem in own)], TIME
        )
        store = base.resolve(jks.PATH)
        if store is not None:
            yield file(jks.PATH, jks.added(store.read(), own, TIME), mtime=TIME)
    except HostileError as error:
        where = f"{project.config.where}: certificates"
        raise ProjectError(f"not a certificate: {error.what}", where=where) from None


def secrets(project: Project) -> Iterator[str]:
    """Yield a note for each file that ``[[files]]`` names and that looks like a secret."""
    for rule in project.config.files:
        entry = project.named.get(rule.path)
        if entry is not None and looks_secret(rule.path):
            yield (
                f"{rule.path} is in the image, as {rule.target}: it looks like a secret, and "
                "whoever can pull the image can read it"
            )


def files(project: Project) -> tuple[AppLayer, ...]:
    """Return the layer of ``[[files]]``. Raises ProjectError for a source that is not there."""
    entries: list[Entry] = []
    missing = []
    for rule in project.config.files:
        source, target = rule.path, rule.target.strip("/")
        whole = not source
        below = project.tree.entries if whole else project.tree.under(source)
        below = below or project.named.under(source)
        found = project.tree.get(source) or project.named.get(source)
        if found is None and not below:
            missing.append(rule.source)
            continue
        chosen = [found, *below] if found is not None else list(below)
        for entry in chosen:
            rest = entry.path if whole else entry.path[len(source) :].strip("/")
            path = "/".join(filter(None, (target, rest)))
            mode = rule.mode if rule.mode >= 0 and entry.kind is Kind.FILE else entry.mode
            uid, gid = rule.owner
            entries.append(replace(entry, path=path, mode=mode, uid=uid, gid=gid, mtime=TIME))
    if missing:
        raise ProjectError(
            "no such files: " + ", ".join(missing), where=f"{project.config.where}: files",
            hint="paths are below the project's folder",
        )  # fmt: skip
    return (AppLayer("files", tuple(entries)),) if entries else ()
