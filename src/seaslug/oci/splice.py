"""An image's own bytes with one layer exchanged: what the config and the manifest say of it.

The bytes are canonical JSON (see :func:`seaslug.oci.config.canonical`), so that a digest
and a size in them can be exchanged as they stand, and the result is canonical as well.
Importing it costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Place = tuple[str, int]


def renamed(config: bytes, old: str, new: str) -> bytes | None:
    """Return *config* with the diff id *new* for *old*; None unless *old* is there once."""
    before = b'"%s"' % old.encode()
    return config.replace(before, b'"%s"' % new.encode()) if config.count(before) == 1 else None


def described(data: bytes, old: Place, new: Place) -> bytes | None:
    """Return *data* with the digest and the size of *new* in the descriptor of *old*.

    None unless there is one descriptor of *old*, with this size. Quotes in a text have a
    backslash before them, so that no text can look like a descriptor.
    """
    head = b'"digest":"%s"' % old[0].encode()
    before, found, rest = data.partition(head)
    inside, brace, after = rest.partition(b'"size":%d' % old[1])
    if not (found and brace) or head in rest or after[:1] not in b",}":
        return None
    # A platform may stand between digest and size, but no other descriptor's end or beginning.
    if b'"digest":' in inside or b"}" in inside.partition(b"{")[0]:
        return None
    return b'%s"digest":"%s"%s"size":%d%s' % (before, new[0].encode(), inside, new[1], after)
