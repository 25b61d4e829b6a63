"""What an application's own settings and libraries say: the port, the path of its health check."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seaslug.apps.java.archive import Archive
from seaslug.apps.java.jar import BOOT, QUARKUS, Jar

DEFAULT_PORT = 8080
_FILES = (
    "BOOT-INF/classes/application.properties", "BOOT-INF/classes/application.yml",
    "BOOT-INF/classes/application.yaml", "WEB-INF/classes/application.properties",
    "WEB-INF/classes/application.yml", "application.properties", "application.yml",
)  # fmt: skip
_LIMIT = 1 << 20
_VALUE = re.compile(r"(?:\$\{[^:}]*:)?(\d{1,5})\}?\s*\Z")
_PROPERTY = re.compile(r"^[ \t]*([^#!\s=:]+)[ \t]*[=: \t][ \t]*(.*)$", re.MULTILINE)
_KEYS = ("server.port", "quarkus.http.port")
_SERVERS = (
    "tomcat-embed-core", "spring-boot-tomcat", "reactor-netty-http", "jetty-server",
    "undertow-core", "quarkus-vertx-http",
)  # fmt: skip
_HEALTH = (("spring-boot-actuator", "/actuator/health"), ("quarkus-smallrye-health", "/q/health"))


def ports(jar: Jar, libraries: Iterable[str], others: Iterable[Archive] = ()) -> tuple[int, ...]:
    """Return the TCP port that the application listens on, or none if it serves nothing.

    *libraries* are file names of all jars that belong to it; *others* are jars with its own
    classes, as Quarkus keeps them apart.
    """
    if jar.shape not in (BOOT, QUARKUS) or not _named(libraries, _SERVERS):
        return ()
    for archive in (jar.archive, *others):
        for name in _FILES:
            if archive.has(name):
                found = port(archive.read(name, _LIMIT).decode("utf-8", "replace"), name)
                if found is not None:
                    return (found,) if found else ()
    return (DEFAULT_PORT,)


def health_path(libraries: Iterable[str]) -> str:
    """Return the path that a health library answers on, or an empty string."""
    names = tuple(libraries)
    return next((path for name, path in _HEALTH if _named(names, (name,))), "")


def port(text: str, name: str) -> int | None:
    """Return the port that a properties or YAML file sets; None if it sets none, 0 for any."""
    rows = _properties(text) if name.endswith(".properties") else _yaml(text)
    for key, value in rows:
        number = _VALUE.match(value) if key in _KEYS else None
        if number and int(number[1]) < 65536:
            return int(number[1])
    return None


def _properties(text: str) -> Iterable[tuple[str, str]]:
    return ((found[1], found[2]) for found in _PROPERTY.finditer(text))


def _yaml(text: str) -> Iterable[tuple[str, str]]:
    """Yield dotted keys and plain values; lists and other finer points are passed over."""
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        bare = line.split(" #")[0].rstrip()
        name, colon, value = bare.strip().partition(":")
        if line.strip() == "---":
            above = []
        if not colon or name.startswith(("#", "-")):
            continue
        depth = len(bare) - len(bare.lstrip())
        above = [(d, n) for d, n in above if d < depth]
        if value.strip():
            key = ".".join((*(n for _, n in above), name))
            yield key, value.strip().strip("\"'")
        else:
            above.append((depth, name))


def _named(libraries: Iterable[str], starts: tuple[str, ...]) -> bool:
    # Quarkus puts the group before the name.
    names = (path.rpartition("/")[2].removeprefix("io.quarkus.") for path in libraries)
    return any(name.startswith(starts) for name in names)
