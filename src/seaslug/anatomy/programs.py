"""Programs by what they are good for: to people, and to who broke in.

Names tell, with their version cut off (``python3.13`` is python) and links followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from seaslug.anatomy.rootfs import Rootfs
from seaslug.oci.files import Placed
from seaslug.values.tree import Kind


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHELLS = _names("sh ash bash dash zsh ksh mksh csh tcsh fish yash nu pwsh rbash")
MANAGERS = _names(
    "apt apt-get dpkg apk rpm dnf microdnf yum tdnf zypper pacman opkg xbps-install emerge"
)
LANGUAGES = _names("pip npm yarn pnpm gem cargo composer conda uv")
INTERPRETERS = _names(
    "python perl node lua luajit ruby awk gawk mawk php java tclsh guile bun deno qjs busybox"
    " toybox"
)
LISTENERS = _names(
    "nc ncat netcat socat sshd dropbear telnetd inetd xinetd httpd ftpd tftpd udpsvd"
)
FETCHERS = _names("curl wget ftp tftp ssh scp sftp rsync git")
EXPLORERS = _names("ls find cat tree stat less more head tail grep")
TOOLS = EXPLORERS | _names(
    "ps top kill ip ifconfig ss netstat ping nslookup dig host traceroute strace gdb ltrace lsof"
    " tcpdump vi vim nano ed tar env id whoami mount df du free dmesg curl wget nc"
)
USER_TOOLS = _names("adduser useradd usermod userdel deluser groupadd addgroup passwd")

_FOLDERS = frozenset(("bin", "sbin", "libexec", "busybox"))
_VERSION = re.compile(r"(?<=[a-z])-?\d[\d.]*\Z")
_SAME = {"nodejs": "node", "vim.basic": "vim", "vim.tiny": "vim"}


def programs(root: Rootfs, path: str) -> dict[str, str]:
    """Return the path of each program by its plain name; *path* is the image's ``PATH``."""
    folders = {part.strip("/") for part in path.split(":")}
    found: dict[str, str] = {}
    for where in sorted(root.placed):
        head, _, name = where.rpartition("/")
        if (head.rpartition("/")[2] in _FOLDERS or head in folders) and is_program(root, where):
            found.setdefault(plain(name), where)
    return found


def is_program(root: Rootfs, path: str) -> bool:
    """Tell whether *path*, links followed, is a program or a script that may be started."""
    real = root.tree.realpath(path)
    item = root.placed.get(real) if real else None
    if item is None or item.entry.kind in (Kind.DIR, Kind.SYMLINK) or not _mode(root, item) & 0o111:
        return False
    return _starts(root, item.entry.path)


def _starts(root: Rootfs, path: str) -> bool:
    facts = root.facts(path)
    return facts.binary.program if facts is not None else bool(root.script(path))


def _mode(root: Rootfs, item: Placed) -> int:
    """Return the mode of a file; a hard link has that of the file that it shares."""
    shared = root.placed.get(item.entry.target) if item.entry.kind is Kind.HARDLINK else None
    return (shared or item).entry.mode


def disguised(root: Rootfs) -> dict[str, str]:
    """Return the plain name of each program that is known by its content, by path."""
    found = {}
    for path, item in root.placed.items():
        at, origin = item.origin
        if item.entry.kind is Kind.FILE and at < len(root.layers):
            name = root.layers[at].programs.get(origin)
            if name:
                found[path] = name
    return found


def executables(root: Rootfs) -> Iterator[str]:
    """Yield the files that may be started, links not counted: programs and scripts."""
    for path, item in root.placed.items():
        if item.entry.kind is Kind.FILE and item.entry.mode & 0o111 and _starts(root, path):
            yield path


def plain(name: str) -> str:
    """Return a program's name without its version."""
    name = _SAME.get(name, name)
    short = _VERSION.sub("", name)
    return _SAME.get(short, short)


def some(found: Mapping[str, str], names: frozenset[str]) -> tuple[str, ...]:
    """Return those of *names* that were found, sorted."""
    return tuple(sorted(names & set(found)))
