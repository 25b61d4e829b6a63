"""Python's installed packages: the header fields of METADATA and PKG-INFO.

Source: PyPA's core metadata, and the database of installed projects.
"""

from __future__ import annotations

from seaslug.anatomy.packages.model import Library, sound

_INTERPRETER = "Python"
"""What older Debians' interpreter calls itself in an egg-info; it is no package of its own."""


def tells(path: str) -> bool:
    """Tell whether the file at *path* is a package's metadata."""
    head, _, name = path.rpartition("/")
    folder = head.rpartition("/")[2].lower()
    if name == "METADATA":
        return folder.endswith(".dist-info")
    if name == "PKG-INFO":
        return folder.endswith((".egg-info", "egg-info"))
    return name.endswith(".egg-info")


def libraries(data: bytes) -> tuple[Library, ...]:
    """Return the package of the metadata *data*."""
    head = data.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if colon and not line[:1].isspace():
            fields.setdefault(key.lower(), value)
    name, version = sound(fields.get("name")), sound(fields.get("version"))
    if not name or not version or name == _INTERPRETER:
        return ()
    return (Library("python", name, version),)
