"""Shared objects made in memory: just enough ELF for ldconfig and for us."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree, directory, file, symlink

_LOAD, _DYNAMIC, _INTERP, _NOTE = 1, 2, 3, 4
_NULL, _NEEDED, _STRTAB, _STRSZ, _SONAME = 0, 1, 5, 10, 14


def shared(
    platform: Platform,
    soname: str = "",
    needed: Sequence[str] = (),
    *,
    interpreter: str = "",
    kernel: tuple[int, int, int] | None = None,
    flags: int | None = None,
    kind: int = 3,
    more: bytes = b"",
) -> bytes:
    """Return a shared object. *kernel* is the ABI note's, *more* any bytes at its end."""
    names = platform.names
    wide, order = names.bits == 64, "<" if names.little else ">"
    head, step, pair = (64, 56, "qQ") if wide else (52, 32, "iI")
    count = 2 + bool(interpreter) + bool(kernel)
    strings = b"\0"
    tags = []
    for tag, text in ((_SONAME, soname), *((_NEEDED, name) for name in needed)):
        if text:
            tags.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    at = head + step * count
    note = b""
    if kernel:
        note = struct.pack(f"{order}III4sIIII", 4, 16, 1, b"GNU\0", 0, *kernel)
    loader = interpreter.encode() + b"\0" if interpreter else b""
    loader += bytes(-len(loader) % 8)
    size = struct.calcsize("=" + pair) * (len(tags) + 3)
    table = at + len(note) + len(loader) + size
    tags = [*tags, (_STRTAB, table), (_STRSZ, len(strings)), (_NULL, 0)]
    dynamic = b"".join(struct.pack(order + pair, *tag) for tag in tags)
    body = note + loader + dynamic + strings + more
    whole = at + len(body)
    segments = [(_LOAD, 0, whole), (_DYNAMIC, at + len(note) + len(loader), size)]
    if kernel:
        segments.append((_NOTE, at, len(note)))
    if interpreter:
        segments.append((_INTERP, at + len(note), len(interpreter) + 1))
    if flags is None:
        flags = {"arm": 0x05000400, "riscv64": 0x5, "ppc64le": 2}.get(platform.arch, 0)
    ident = bytes((0x7F, *b"ELF", 2 if wide else 1, 1 if names.little else 2, 1)) + bytes(9)
    word = "Q" if wide else "I"
    start = ident + struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH",
        kind, names.machine, 1, 0, head, 0, flags, head, step, count, 0, 0, 0,
    )  # fmt: skip
    rows = b"".join(_segment(order, wide, *segment) for segment in segments)
    return start + rows + body


def _segment(order: str, wide: bool, kind: int, at: int, size: int) -> bytes:
    if wide:
        return struct.pack(order + "IIQQQQQQ", kind, 4, at, at, at, size, size, 4)
    return struct.pack(order + "IIIIIIII", kind, at, at, at, size, size, 4, 4)


def banner(version: str, package: str = "1") -> bytes:
    """Return the line by which a C library says what it is."""
    text = f"GNU C Library (Debian GLIBC {version}-{package}) stable release version {version}.\n"
    return b"\0" + text.encode()


def put(path: str, data: bytes | str) -> Entry:
    """Return a file; text is a configuration file's."""
    return file(path, data.encode() if isinstance(data, str) else data)


def odd_root(platform: Platform, libc: bytes) -> Tree:
    """Return a root with everything in it that ldconfig has an opinion about.

    *libc* is a C library of the release, a real one or a made one.
    """
    lib = f"usr/lib/{platform.names.triplet}"

    def so(soname: str = "", needed: Sequence[str] = ("libc.so.6",), **more: object) -> bytes:
        return shared(platform, soname, needed, **more)  # type: ignore[arg-type]

    z = so("libz.so.1")
    folders = (
        "x", "x2/", "sub", "dot", "kind=libc6", "two words", "a,b", "a:b", "late", "no", "twice",
    )  # fmt: skip
    return Tree([
        put(f"{lib}/libc.so.6", libc),
        symlink("lib", "usr/lib"),
        put("etc/ld.so.conf", (
            "/opt/x2/ # a remark\n \t/opt/x//  \n/opt/kind=libc6\n/opt/two words\n/opt/a,b\n"
            "/opt/a:b\n#/opt/no\n\ninclude /etc/ld.so.conf.d/*.conf\t/etc/more/[ab] /etc/none/*\n"
            "include\n/opt/x\n/nowhere\n/opt/late"
        )),
        put("etc/ld.so.conf.d/z.conf", f"/usr/local/lib\n/lib/{platform.names.triplet}\n"),
        put("etc/ld.so.conf.d/.hidden.conf", "/opt/dot\n"),
        put("etc/ld.so.conf.d/remark", "/opt/no\n"),
        put("etc/more/a", "include /etc/more/sub\n"),
        put("etc/more/sub", "/opt/sub\n"),
        *(put(f"opt/{name.rstrip('/')}/libz.so.1", z) for name in folders),
        put("opt/kind/libz.so.1", z),
        put("usr/local/lib/libz.so.1", z),
        put("usr/lib/libz.so.1", z),
        # Names and links: the newest file of a soname, the compiler's link, a hard link.
        put(f"{lib}/libz.so.1.9", z),
        put(f"{lib}/libz.so.1.10", z),
        symlink(f"{lib}/libz.so.1", "libz.so.1.9"),
        symlink(f"{lib}/libz.so", "libz.so.1"),
        symlink(f"{lib}/libzother.so", "libz.so.1"),
        put(f"{lib}/libplain.so", so()),
        Entry(f"{lib}/libsame.so", Kind.HARDLINK, 0o644, target=f"{lib}/libplain.so"),
        put(f"{lib}/ld64.so.9", so("ld64.so.9")),
        put(f"{lib}/ld.so.9", so("ld.so.9")),
        put(f"{lib}/ld-x.so.9", so("ld-x.so.9")),
        put(f"{lib}/lib٣.so", so("lib٣.so")),
        put(f"{lib}/libdb-5.3.so", so("libdb-5.3.so")),
        # Kinds: what needs no libc, what says which kernel it wants, what is a program.
        put(f"{lib}/libdata.so.1", so("libdata.so.1", ())),
        put(f"{lib}/libmath.so.1", so("libmath.so.1", ("libm.so.6",))),
        put(f"{lib}/libkernel.so.1", so("libkernel.so.1", kernel=(3, 2, 0))),
        put(f"{lib}/librun.so.1", so("librun.so.1", (), interpreter=platform.names.loader)),
        put(f"{lib}/libstatic.so.1", so("libstatic.so.1", kind=2)),
        # What only looks like a library.
        put(f"{lib}/xlib.so.1", z),
        put(f"{lib}/libscript.so", "/* GNU ld script */ GROUP ( /lib/libz.so.1 )" + " " * 64),
        symlink(f"{lib}/libgone.so.1", "nowhere"),
        directory(f"{lib}/libfolder.so"),
        *_better(lib, z),
    ])  # fmt: skip


def _better(lib: str, z: bytes) -> list[Entry]:
    """Return what is for better processors, new style and old."""
    new, old = ("one", "two"), ("sse2", "i686/sse2", "haswell", "tls", "vfp")
    return [
        *(put(f"{lib}/glibc-hwcaps/{name}/libz.so.1.9", z) for name in new),
        *(symlink(f"{lib}/glibc-hwcaps/{name}/libz.so.1", "libz.so.1.9") for name in new),
        directory(f"{lib}/glibc-hwcaps/empty"),
        directory(f"{lib}/glibc-hwcaps/.hidden"),
        directory(f"{lib}/glibc-hwcaps/a:b"),
        put(f"{lib}/glibc-hwcaps/remark", "no folder"),
        *(put(f"{lib}/{name}/libz.so.1", z) for name in old),
    ]
