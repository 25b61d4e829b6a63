"""Imports inside the standard library that happen only for those who ask for something special.

An edge is followed if code outside the standard library says one of its words; an edge
without words belongs to interactive use, to self-tests, or to other systems, and is never
followed. What nobody says cannot be asked for: these modules act on names in code.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Table = Mapping[str, Mapping[str, tuple[str, ...]]]

NEVER: tuple[str, ...] = ()
_ARCHIVES = ("make_archive", "unpack_archive", "archive_format")

EDGES: Table = {
    # Names of Python 2's modules, for old pickles.
    "_compat_pickle": {"*": NEVER},
    "_sitebuiltins": {"pydoc": ("pydoc",)},
    "site": {"_pyrepl": NEVER, "readline": NEVER, "rlcompleter": NEVER, "code": NEVER},
    "pickle": {"doctest": NEVER, "pprint": NEVER, "argparse": NEVER},
    "pickletools": {"doctest": NEVER, "argparse": NEVER},
    "bdb": {"pdb": ("pdb", "breakpoint(")},
    "doctest": {"pdb": ("doctest",)},
    "trace": {"pdb": NEVER},
    "heapq": {"doctest": NEVER},
    "difflib": {"doctest": NEVER},
    "http.cookies": {"doctest": NEVER},
    "random": {"statistics": NEVER, "doctest": NEVER, "argparse": NEVER},
    "webbrowser": {"argparse": NEVER},
    "http.server": {"argparse": NEVER},
    # Both are frozen into the interpreter, under other names.
    "importlib": {"importlib._bootstrap": NEVER, "importlib._bootstrap_external": NEVER},
    "importlib.abc": {"importlib._bootstrap_external": NEVER},
    "importlib._abc": {"importlib._bootstrap": NEVER},
    "importlib.machinery": {
        "importlib._bootstrap": NEVER,
        "importlib._bootstrap_external": NEVER,
    },
    "importlib.util": {"importlib._bootstrap": NEVER, "importlib._bootstrap_external": NEVER},
    "inspect": {"argparse": NEVER},
    "tokenize": {"argparse": NEVER},
    "ast": {"argparse": NEVER},
    "dis": {"argparse": NEVER},
    "gzip": {"argparse": NEVER},
    "base64": {"getopt": NEVER},
    "calendar": {"argparse": NEVER},
    "uuid": {"argparse": NEVER, "_uuid": ("uuid1(", "getnode(")},
    "platform": {"plistlib": NEVER, "winreg": NEVER, "_wmi": NEVER, "vms_lib": NEVER},
    "sysconfig": {"_osx_support": NEVER, "_aix_support": NEVER},
    "mimetypes": {"_winapi": NEVER, "winreg": NEVER},
    "ctypes.util": {"ctypes.macholib": NEVER, "ctypes._aix": NEVER},
    "shutil": {
        "tarfile": _ARCHIVES,
        "zipfile": _ARCHIVES,
        "bz2": _ARCHIVES,
        "lzma": _ARCHIVES,
    },
    "zipfile": {
        "bz2": ("ZIP_BZIP2", "BZIP2"),
        "lzma": ("ZIP_LZMA", "LZMA"),
        "py_compile": ("PyZipFile",),
        "argparse": NEVER,
    },
    "encodings.bz2_codec": {"bz2": ("bz2",)},
    "tarfile": {"bz2": ("bz2", "tarfile"), "lzma": ("xz", "lzma", "tarfile"), "argparse": NEVER},
    "logging.handlers": {
        "smtplib": ("SMTPHandler",),
        "email": ("SMTPHandler",),
        "http": ("HTTPHandler",),
        "win32evtlogutil": NEVER,
        "win32evtlog": NEVER,
    },
    "logging.config": {"socketserver": ("config.listen", "listen(")},
    "urllib.request": {"ftplib": ("ftplib", "ftp:", "FTPHandler"), "getpass": ("FancyURLopener",)},
    "concurrent.futures": {"concurrent.futures.process": ("ProcessPool", "futures.process")},
    "multiprocessing.context": {
        "multiprocessing.managers": (".Manager(", "SyncManager", "BaseManager"),
        "multiprocessing.pool": ("Pool(", "ThreadPool", "multiprocessing.pool"),
        "multiprocessing.sharedctypes": (
            "RawValue",
            "RawArray",
            ".Value(",
            ".Array(",
            "sharedctypes",
        ),
    },
    "email.message": {"email.policy": ("EmailMessage", "MIMEPart", "email.policy")},
    # Written in C as well, which is there.
    "zoneinfo": {"zoneinfo._zoneinfo": NEVER},
    "warnings": {"tracemalloc": ("tracemalloc",)},
    "multiprocessing.connection": {"xmlrpc": ("XmlListener", "XmlClient")},
    "multiprocessing.util": {"test": NEVER},
}
"""Module to what it imports for some only: the words that tell who."""

_ENCODINGS = tuple(
    f"encodings.{name}"
    for name in (
        "gb",
        "big5",
        "hz",
        "euc_",
        "shift_jis",
        "iso2022",
        "johab",
        "cp93",
        "cp94",
        "cp95",
    )
)
"""Encodings with tables of a megabyte, for languages of East Asia: kept where a name is said."""

ENCODING_WORDS = (
    "gb2312", "gbk", "gb18030", "big5", "shift_jis", "shift-jis", "euc-", "euc_", "iso-2022",
    "iso2022", "johab", "cp932", "cp949", "cp950", "hz-gb",
)  # fmt: skip

ZONE_WORDS = ("africa/", "america/", "antarctica/", "asia/", "atlantic/", "australia/", "europe/",
              "indian/", "pacific/")  # fmt: skip
"""What names of time zones begin with."""

STUB_WORDS = ("attach_stub",)
"""What says that a description of types is read when the program runs."""

_LOW = (*STUB_WORDS, *ENCODING_WORDS, *ZONE_WORDS)

WORDS = tuple(
    sorted({word for table in EDGES.values() for words in table.values() for word in words})
)


def is_large(module: str) -> bool:
    """Tell whether *module* is an encoding with large tables."""
    return module.lower().startswith(_ENCODINGS)


def said(source: bytes) -> tuple[str, ...]:
    """Return which words of the edges, of encodings and of time zones the text *source* has."""
    low = source.lower()
    found = [word for word in WORDS if word.encode() in source]
    return tuple(found + [word for word in _LOW if word.encode() in low])


def followed(module: str, imported: str, words: frozenset[str]) -> bool:
    """Tell whether the standard library's *module* may import *imported*, given what was said."""
    table = EDGES.get(module)
    if table is None:
        return True
    for name, wanted in table.items():
        if name == "*" or imported == name or imported.startswith(name + "."):
            return bool(words.intersection(wanted))
    return True
