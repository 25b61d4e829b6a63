"""``ldconfig -p`` for images without ldconfig, in Python.

``ctypes.util.find_library`` asks ``/sbin/ldconfig -p``, a compiler or a linker, and finds
nothing where all three are left out. This program answers the first of them from
/etc/ld.so.cache, in the words that ctypes looks for; it is no shell and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.values.tree import Entry, Tree, file

PATHS = ("usr/sbin/ldconfig", "sbin/ldconfig")

_PROGRAM = """\
#!/usr/bin/python3 -IS
# Prints the cache of shared libraries, as "ldconfig -p" does, for ctypes.util.find_library.
# Made by seaslug: the real ldconfig is not in this image, and the cache is up to date.
import struct
import sys

KINDS = {
    0x0300: "libc6,x86-64", 0x0400: "libc6,64bit", 0x0500: "libc6,64bit",
    0x0900: "libc6,hard-float", 0x0A00: "libc6,AArch64", 0x1000: "libc6,double-float",
}
if sys.argv[1:] not in (["-p"], ["--print-cache"]):
    sys.exit("ldconfig: only -p works in this image")
with open("/etc/ld.so.cache", "rb") as cache:
    data = cache.read()
data = data[data.find(b"glibc-ld.so.cache1.1"):]
(count,) = struct.unpack_from("=I", data, 20)
print(count, "libs found in cache `/etc/ld.so.cache\'")
for at in range(48, 48 + 24 * count, 24):
    flags, key, value = struct.unpack_from("=iII", data, at)
    name, path = (data[start:data.index(0, start)].decode() for start in (key, value))
    print(f"\\t{name} ({KINDS.get(flags & 0xFF00, 'libc6')}) => {path}")
"""


def reader(tree: Tree, *, usrmerge: bool, mtime: int = 0) -> Sequence[Entry]:
    """Return the program, or nothing where the image has an ldconfig of its own."""
    if any(path in tree for path in PATHS):
        return ()
    return (file(PATHS[0 if usrmerge else 1], _PROGRAM.encode(), 0o755, mtime=mtime),)
