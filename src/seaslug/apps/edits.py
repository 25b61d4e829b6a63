"""What is remembered of an application's image, and which edits leave all but one layer as it is.

A full build leaves a :class:`Plan` in its note (see :mod:`seaslug.cli.again`). After an
edit, :func:`harmless` says whether detection and slicing, which decide base, packages,
settings and slice, would read the same in the file as before; if they would, the image
differs in the application's own layer only. When in doubt, they would not.

No dataclass and no regular expression: importing these would cost more than an edit does.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Place = tuple[str, int]

MAX_LAYER = 16 << 20
"""The most bytes that the layer's files may have: beyond that, it is made in several pieces."""

_HEAD = "edit "
_MAX_SOURCE = 1 << 20
_ELF = b"\x7fELF"
# What is looked for in the text itself, wherever in it.
_SEARCHED = (b"DJANGO_SETTINGS_MODULE", b"STATIC_ROOT")
_SCRIPTS = frozenset((".js", ".mjs", ".cjs"))
_SHOWN = frozenset((
    ".html", ".htm", ".css", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".woff",
    ".woff2", ".md", ".csv", ".sql", ".jinja", ".jinja2", ".j2", ".mo", ".po",
))  # fmt: skip
"""Files that a program gives to others, or fills in; nothing of seaslug reads them."""


class Plan:
    """An image with one layer that is the project's own files, as they lie.

    ``image``, ``config`` and ``layer`` are (digest, size in bytes) of its blobs, ``diff_id``
    and ``level`` the layer's own and its gzip level. ``row`` is what the store's index says
    of its name. ``title`` and ``parts`` stand before and behind the size of all layers,
    ``size``, in what people are told. ``files`` are (path in the image, path on
    this machine); ``home`` and ``command`` start the interpreter that compiles, empty if none does.
    """

    __slots__ = ("command", "config", "diff_id", "files", "home", "image", "kind", "layer",
                 "level", "parts", "row", "size", "title")  # fmt: skip

    def __init__(
        self, kind: str, said: Sequence[str], blobs: Sequence[Place], numbers: Sequence[int],
        files: Iterable[tuple[str, str]], compiler: tuple[str, Sequence[str]] = ("", ()),
    ) -> None:  # fmt: skip
        """*said* are row, title, parts and diff id; *numbers* are the level and the size."""
        self.kind = kind
        self.row, self.title, self.parts, self.diff_id = said
        self.image, self.config, self.layer = blobs
        self.level, self.size = numbers
        self.files = tuple(files)
        self.home, self.command = compiler[0], tuple(compiler[1])

    def line(self, how: str) -> str:
        """Return what people are told: name, platform, size, layers, packages, and *how*."""
        return f"{self.title}{self.size / 1e6:.2f} MB{self.parts}{how}"

    def sources(self) -> Iterator[tuple[str, str]]:
        """Yield (path in the project, path in the image) of the layer's files."""
        return ((source, path) for path, source in self.files)

    def after(self, image: Place, config: Place, layer: Place, diff_id: str, row: str) -> Plan:
        """Return the plan of the image that an edit gave."""
        size = self.size - self.layer[1] + layer[1]
        return Plan(
            self.kind, (row, self.title, self.parts, diff_id), (image, config, layer),
            (self.level, size), self.files, (self.home, self.command),
        )  # fmt: skip

    def encode(self) -> list[str]:
        """Return the plan as lines of a note."""
        said = (("kind", self.kind), ("row", self.row), ("title", self.title),
                ("parts", self.parts), ("diff_id", self.diff_id), ("home", self.home))  # fmt: skip
        blobs = (("image", self.image), ("config", self.config), ("layer", self.layer))
        rows = [f"{key} {text}" for key, text in said]
        rows += [f"{key} {digest} {size}" for key, (digest, size) in blobs]
        rows += [f"level {self.level}", f"size {self.size}"]
        rows += [f"word {word}" for word in self.command]
        rows += [f"file {path}\t{source}" for path, source in self.files]
        return [_HEAD + row for row in rows]


def decode(lines: Iterable[str]) -> Plan | None:
    """Return the plan in the *lines* of a note; None if there is none. Raises ValueError."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith(_HEAD):
            key, _, text = line[len(_HEAD) :].partition(" ")
            found.setdefault(key, []).append(text)
    if not found:
        return None
    try:
        one = {key: texts[0] for key, texts in found.items()}
        return Plan(
            one["kind"], [one[key] for key in ("row", "title", "parts", "diff_id")],
            [_place(one[key]) for key in ("image", "config", "layer")],
            [int(one["level"]), int(one["size"])], list(_pairs(found.get("file", []))),
            (one["home"], found.get("word", [])),
        )  # fmt: skip
    except KeyError as error:
        raise ValueError(f"a plan without {error}") from None


def _place(text: str) -> Place:
    digest, _, size = text.partition(" ")
    if len(digest) != 71 or not digest.startswith("sha256:"):
        raise ValueError("no digest")
    int(digest[7:], 16)
    return digest, int(size)


def _pairs(rows: Iterable[str]) -> Iterator[tuple[str, str]]:
    for row in rows:
        path, tab, source = row.partition("\t")
        if not tab:
            raise ValueError("a file without its source")
        yield path, source


def compiled(path: str, present: Iterable[str]) -> str:
    """Return which of *present* is the bytecode of the Python file *path*, empty if none is."""
    folder, slash, name = path.rpartition("/")
    head = f"{folder}{slash}__pycache__/{name[:-3]}."
    found = [one for one in present if one.startswith(head) and one.endswith(".pyc")]
    return found[0] if len(found) == 1 and "." not in found[0][len(head) : -4] else ""


def may(kind: str, path: str) -> bool:
    """Tell whether an edit of the project's file *path* can be harmless at all."""
    name = path.rpartition("/")[2]
    suffix = name[name.rfind(".") :] if "." in name else ""
    if suffix in _SHOWN:
        return True
    if kind == "python":
        return suffix in _SCRIPTS or (suffix == ".py" and name not in ("setup.py", "manage.py"))
    return kind == "node" and suffix in _SCRIPTS and ".config." not in name and name[:1] != "."


def harmless(kind: str, path: str, old: bytes, new: bytes) -> bool:
    """Tell whether everything decided about the application is as before.

    *path* is in the project; *old* and *new* are what it held and holds.
    """
    if not may(kind, path) or _ELF in (old[:4], new[:4]):
        return False
    if path.endswith(".py"):
        return _python(old, new)
    return kind != "node" or not path.endswith(tuple(_SCRIPTS)) or _script(old, new)


def _script(old: bytes, new: bytes) -> bool:
    from seaslug.apps.node.scan import told

    first = [text[:256].split(b"\n")[0] if text[:2] == b"#!" else b"" for text in (old, new)]
    return first[0] == first[1] and told(old) == told(new)


def _python(old: bytes, new: bytes) -> bool:
    from seaslug.apps.slicing.edges import said

    if max(len(old), len(new)) > _MAX_SOURCE or not (_plain(old) and _plain(new)):
        return False
    if any(word in old or word in new for word in _SEARCHED) or said(old) != said(new):
        return False
    try:
        return _alike(_syntax(old), _syntax(new)) or _reads_the_same(old, new)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _plain(source: bytes) -> bool:
    """Tell whether *source* is UTF-8 and says nothing else of itself."""
    try:
        source.decode()
    except UnicodeDecodeError:
        return False
    head = b"".join(source.split(b"\n", 2)[:2]).lower()
    return b"coding" not in head or b"utf-8" in head


def _reads_the_same(old: bytes, new: bytes) -> bool:
    from seaslug.apps.python.sources import told
    from seaslug.apps.slicing.scan import scan

    return scan(old) == scan(new) and told(old) == told(new)


def _syntax(source: bytes) -> object:
    import warnings
    from _ast import PyCF_ONLY_AST  # ast itself brings regular expressions

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(source, "<edit>", "exec", PyCF_ONLY_AST, dont_inherit=True)


def _alike(one: object, other: object) -> bool:
    """Tell whether two syntax trees are the same but for where their nodes stand."""
    todo = [(one, other)]
    while todo:
        a, b = todo.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, list):
            assert isinstance(b, list)
            if len(a) != len(b):
                return False
            todo += zip(a, b, strict=True)
        elif fields := getattr(a, "_fields", ()):
            todo += ((getattr(a, name, None), getattr(b, name, None)) for name in fields)
        elif a != b and not hasattr(a, "_fields"):
            return False
    return True
