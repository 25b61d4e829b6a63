"""The script that compiles Python files, and how the interpreter is told to run it.

Importing it costs nothing: a rebuild of one layer starts the interpreter first of all.
"""

from __future__ import annotations

# Bytes must not depend on what else the process has done. marshal marks an object as
# shared when something else holds it too, interned strings above all, so the code is
# loaded from its own first dump, in which nothing is held from outside, and interning
# is undone by the dump's own table: two passes are a fixed point. Up to Python 3.10
# marshal writes a set as it lies in memory: the hash seed is fixed for that, and files
# with a None in a set, which has no fixed hash there, are left to be compiled in memory.
WORKER = """\
import sys, marshal, _imp
from importlib._bootstrap_external import MAGIC_NUMBER
root, out = sys.argv[1], sys.argv[2]
def settle(code):
    data = marshal.dumps(code)
    for _ in range(4):
        again = marshal.dumps(marshal.loads(data))
        if again == data:
            break
        data = again
    return data
def shaky(value, inside=False):
    if isinstance(value, (tuple, frozenset)):
        inside = inside or isinstance(value, frozenset)
        return any(shaky(item, inside) for item in value)
    if hasattr(value, 'co_consts'):
        return any(map(shaky, value.co_consts))
    return inside and (value is None or value is ...)
key = int.from_bytes(MAGIC_NUMBER, 'little')
names = sys.stdin.buffer.read().decode('utf-8', 'surrogateescape').splitlines()
library = 'usr/lib/python%d.%d/' % sys.version_info[:2]
def frozen(name):
    # The interpreter carries these itself and never looks for their bytecode.
    if not name.startswith(library):
        return False
    module = name[len(library):-3].replace('/', '.')
    return _imp.is_frozen(module[:-9] if module.endswith('.__init__') else module)
for number, name in enumerate(names):
    if frozen(name):
        continue
    with open(root + '/' + name, 'rb') as file:
        source = file.read()
    try:
        code = compile(source, '/' + name, 'exec', dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        continue
    if sys.version_info < (3, 11) and shaky(code):
        continue
    check = _imp.source_hash(key, source)
    data = MAGIC_NUMBER + (1).to_bytes(4, 'little') + check
    with open(out + '/' + str(number), 'wb') as file:
        file.write(data + settle(code))
"""
"""What the matching interpreter runs: argv is the root and the output folder.

The paths below the root come line by line; each one's bytecode goes to its number.
"""

# Not -I: it would leave the fixed hash seed unread. Nor -B: what the interpreter itself loads is
# compiled once for all. The environment is ours alone.
OPTIONS = ("-s", "-S", "-X", "no_debug_ranges", "-c", WORKER)


def environment(home: str) -> dict[str, str]:
    """Return all that the interpreter whose root is the folder *home* has as its environment."""
    return {
        "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHOME": f"{home}/usr",
    }  # fmt: skip
