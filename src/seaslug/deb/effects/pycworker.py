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
import sys
del sys.path[0]  # the current folder
import marshal, _imp
from importlib._bootstrap_external import MAGIC_NUMBER
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
bare = 'bare' in sys.argv
ONLY_AST = 0x400
def is_text(node):
    value = getattr(node, 'value', None)
    return type(node).__name__ == 'Expr' and isinstance(getattr(value, 'value', None), str)
def bared(tree):
    todo = [tree]
    while todo:
        node = todo.pop()
        if type(node).__name__ in ('Module', 'ClassDef', 'FunctionDef', 'AsyncFunctionDef'):
            while node.body and is_text(node.body[0]):
                if len(node.body) == 1:
                    node.body[0].value.value = None
                else:
                    del node.body[0]
        for field in getattr(node, '_fields', ()):
            part = getattr(node, field, None)
            todo += part if isinstance(part, list) else ()
    return tree
key = int.from_bytes(MAGIC_NUMBER, 'little')
library = 'usr/lib/python%d.%d/' % sys.version_info[:2]
def frozen(name):
    # The interpreter carries these itself and never looks for their bytecode.
    if not name.startswith(library):
        return False
    module = name[len(library):-3].replace('/', '.')
    return _imp.is_frozen(module[:-9] if module.endswith('.__init__') else module)
def compiled(name, source):
    if frozen(name):
        return b''
    try:
        tree = bared(compile(source, '/' + name, 'exec', ONLY_AST, True)) if bare else source
        code = compile(tree, '/' + name, 'exec', dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return b''
    if sys.version_info < (3, 11) and shaky(code):
        return b''
    check = _imp.source_hash(key, source)
    return MAGIC_NUMBER + (1).to_bytes(4, 'little') + check + settle(code)
given, made = sys.stdin.buffer, sys.stdout.buffer
while True:
    line = given.readline().decode('utf-8', 'surrogateescape')
    if not line:
        break
    size, _, name = line.rstrip('\\n').partition(' ')
    data = compiled(name, given.read(int(size)))
    made.write(b'%d\\n' % len(data) + data)
made.flush()
"""
"""What the matching interpreter runs, from its standard input to its standard output.

In comes ``<size> <path>`` on a line and the source, for every file; out goes the size of the
bytecode on a line and the bytecode, in the same order. It has size 0 where there is none.
With the argument ``bare``, the texts that begin modules, classes and functions are left out.
"""

# Not -I: it would leave the fixed hash seed unread. Nor -B: what the interpreter itself loads is
# compiled once for all. The environment is ours alone.
OPTIONS = ("-s", "-S", "-X", "no_debug_ranges", "-c", WORKER)


BARE = ("bare",)
"""What comes after OPTIONS for bytecode without documentation."""


def asked(path: str, source: bytes) -> bytes:
    """Return what the script is given for the file *path* of the image."""
    return b"%d %s\n%s" % (len(source), path.encode("utf-8", "surrogateescape"), source)


def answered(data: bytes) -> list[bytes]:
    """Return the bytecode of each file, in the order asked. Raises ValueError if cut short."""
    found, at = [], 0
    while at < len(data):
        end = data.index(b"\n", at) + 1
        size = int(data[at:end])
        if size < 0 or end + size > len(data):
            raise ValueError("bytecode that ends too early")
        found.append(data[end : end + size])
        at = end + size
    return found


def environment(home: str) -> dict[str, str]:
    """Return all that the interpreter whose root is the folder *home* has as its environment."""
    return {
        "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHOME": f"{home}/usr",
    }  # fmt: skip
