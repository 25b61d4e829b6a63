"""Portraits to tables: size, security, debugging, and what the images share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from seaslug.anatomy.portrait import Portrait, Row, Table
from seaslug.values.words import readable

_FEW_PROGRAMS = 150
_SHOWN = 6


def tables(images: Sequence[Portrait], bandwidths: Sequence[int]) -> tuple[Table, ...]:
    """Return the tables of *images*; *bandwidths* are in bits per second.

    What dive says is among the sizes if all portraits have it.
    """
    columns = tuple(image.name for image in images)
    return (
        Table("Size", columns, (*_size(images, bandwidths), *_dive(images))),
        Table("Security", columns, tuple(_security(images))),
        Table("Debugging", columns, tuple(_debugging(images))),
        *((_shared(images, columns),) if len(images) > 1 else ()),
    )


def missing(image: Portrait, there: Portrait) -> int:
    """Return the bytes to fetch of *image* for who has the layers of *there*."""
    have = {layer.digest for layer in there.layers}
    return sum(layer.size for layer in image.layers if layer.digest not in have)


def alike(image: Portrait, there: Portrait) -> int:
    """Return how many layers of *image* *there* has compressed otherwise: the same when unpacked.

    A pull fetches them all the same.
    """
    have = {layer.digest for layer in there.layers}
    known = {layer.content for layer in there.layers}
    return sum(layer.digest not in have and layer.content in known for layer in image.layers)


def _row(
    images: Sequence[Portrait], title: str, show: Callable[[Portrait], str], note: str = ""
) -> Row:
    return Row(title, tuple(map(show, images)), note=note)


def _count(
    images: Sequence[Portrait], title: str, number: Callable[[Portrait], int], note: str = ""
) -> Row:
    numbers = tuple(map(number, images))
    return Row(title, tuple(f"{n:,}" for n in numbers), numbers, note)


def _bytes(
    images: Sequence[Portrait], title: str, number: Callable[[Portrait], int], note: str = ""
) -> Row:
    numbers = tuple(map(number, images))
    return Row(title, tuple(map(readable, numbers)), numbers, note)


def _size(images: Sequence[Portrait], bandwidths: Sequence[int]) -> list[Row]:
    return [
        _bytes(images, "Compressed", lambda i: i.size,
               "the layers as they lie there: in a registry compressed, in Docker not"),
        _bytes(images, "Unpacked", lambda i: i.unpacked, "the files that can be seen"),
        _count(images, "Layers", lambda i: len(i.layers)),
        _count(images, "Files", lambda i: i.files),
        _count(images, "Packages", lambda i: i.packages),
        _row(images, "Package database", lambda i: i.database or "none"),
        _row(images, "Libraries", _libraries,
             "packages of Python, Node.js, Java, Go and Rust that files in the image tell"),
        _bytes(images, "Wasted", lambda i: i.waste.total,
               "files that an upper layer hides, and contents that are there again"),
        *(row for speed in bandwidths for row in _pulls(images, speed)),
    ]  # fmt: skip


def _libraries(image: Portrait) -> str:
    """Return how many libraries there are of each language; one in two places is one."""
    found = Counter(kind for kind, *_ in {one.library[:3] for one in image.libraries})
    return ", ".join(f"{count} {kind}" for kind, count in sorted(found.items())) or "none"


def _pulls(images: Sequence[Portrait], speed: int) -> list[Row]:
    rate = f"{speed / 1e6:g} Mbit/s"
    first = images[0]
    times = tuple(image.size * 8 / speed for image in images)
    rows = [Row(f"Pull at {rate}", tuple(map(_seconds, times)), times, "transfer alone")]
    if len(images) > 1:
        rest = tuple(
            (missing(image, first) if image is not first else 0) * 8 / speed for image in images
        )
        title = f"Pull at {rate}, having {first.name}"
        rows.append(Row(title, tuple(map(_seconds, rest)), rest, "less the layers shared"))
    return rows


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:,.0f} s"


def _dive(images: Sequence[Portrait]) -> list[Row]:
    found = [image.dive for image in images if image.dive]
    if len(found) < len(images):
        return []
    wasted = tuple(dive.inefficient for dive in found)
    shares = tuple(100 * dive.efficiency for dive in found)
    note = "every copy of a path that is in more than one layer"
    return [
        Row("Wasted, as dive counts", tuple(map(readable, wasted)), wasted, note),
        Row("Efficiency, as dive counts", tuple(f"{share:.2f} %" for share in shares), shares),
    ]


def surface(image: Portrait) -> str:
    """Return ``minimal``, ``small`` or ``large``: by what can be misused, then how much of it."""
    if not (image.shells or image.managers or image.setuid or image.interpreters):
        return "minimal"
    return "small" if image.executables < _FEW_PROGRAMS else "large"


def _security(images: Sequence[Portrait]) -> list[Row]:
    return [
        _row(images, "Attack surface", surface,
             "minimal: no shell, package manager, setuid, interpreter; small: under 150 programs"),
        _row(images, "Shell access", lambda i: _some(i.shells)),
        _row(images, "Package manager", lambda i: _some(i.managers)),
        _row(images, "SSL certificates", lambda i: "included" if i.bundle else "none"),
        _row(images, "Time zone data", _zones),
        _row(images, "User management", _users),
        _row(images, "Runs as", _user),
        _count(images, "Executables", lambda i: i.executables, "programs and scripts, links not"),
        _row(images, "Setuid and setgid", lambda i: _some(i.setuid)),
        _row(images, "Interpreters", lambda i: _some(i.interpreters)),
        _row(images, "Language packages", lambda i: _some(i.languages), "pip, npm and the like"),
        _row(images, "Listening tools", lambda i: _some(i.listeners)),
        _row(images, "Fetching tools", lambda i: _some(i.fetchers)),
        _bytes(images, "Executable code", lambda i: i.code,
               "executable segments of ELF files: what gadgets are made of"),
        _row(images, "Vulnerabilities", lambda _: "no database"),
    ]  # fmt: skip


def _zones(image: Portrait) -> str:
    return f"included ({image.zones:,})" if image.zones else "none"


def _users(image: Portrait) -> str:
    if image.user_tools:
        return "full"
    many = "s" if image.accounts != 1 else ""
    return f"basic ({image.accounts} user{many})" if image.accounts else "none"


def _user(image: Portrait) -> str:
    name = image.user.partition(":")[0]
    return "root" if name in ("", "0", "root") else image.user


def _debugging(images: Sequence[Portrait]) -> list[Row]:
    return [
        _row(images, "Shell access", lambda i: _or_variant(i, i.shells)),
        _row(images, "System tools", lambda i: _or_variant(i, i.tools)),
        _row(images, "Package installation", lambda i: _some(i.managers)),
        _row(images, "File exploration", lambda i: _or_variant(i, i.explorers)),
    ]


def _or_variant(image: Portrait, found: Sequence[str]) -> str:
    return "debug variant only" if image.ours and not found else _some(found)


def _some(found: Sequence[str]) -> str:
    if not found:
        return "none"
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _shared(images: Sequence[Portrait], columns: tuple[str, ...]) -> Table:
    """Return, for who has the image of a row, what each image costs to pull."""
    rows = []
    for there in images:
        have = {layer.digest for layer in there.layers}
        cells, numbers = [], []
        for image in images:
            both = sum(layer.digest in have for layer in image.layers)
            left = missing(image, there)
            numbers.append(left)
            same = alike(image, there)
            packed = f" ({same} more compressed otherwise)" if same else ""
            cells.append(
                "—" if image is there
                else f"{both} of {len(image.layers)}{packed}, {readable(left)} more"
            )  # fmt: skip
        note = "a layer that is there, but compressed otherwise, is fetched all the same"
        rows.append(Row(f"having {there.name}", tuple(cells), tuple(numbers), note))
    return Table("Layers shared", columns, tuple(rows))
