"""File capabilities: the extended attribute ``security.capability``, read and named.

Source: the kernel's include/uapi/linux/capability.h (vfs_cap_data, revisions 1 to 3), and
libcap's cap_to_text for how people read them.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass

CAPABILITY = "security.capability"
MAX_VALUE = 64
_TEXT = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap "
    "linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner "
    "sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice "
    "sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap "
    "mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf "
    "checkpoint_restore"
)
NAMES = tuple(_TEXT.split())
"""By their numbers, without ``cap_``."""

_REVISION, _EFFECTIVE = 0xFF000000, 1
_WORDS = {0x01000000: 1, 0x02000000: 2, 0x03000000: 2}
_NAMESPACED = 0x03000000
_E, _P, _I = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a file has, by names without ``cap_``.

    ``effective`` tells whether the process has the permitted ones from its start: it does not
    start at all where it may not have them. ``rootid`` is the uid of the namespace's root that
    they hold for, 0 for the machine's own.
    """

    permitted: frozenset[str]
    inheritable: frozenset[str]
    effective: bool
    rootid: int = 0

    @property
    def any(self) -> frozenset[str]:
        """Every name in it."""
        return self.permitted | self.inheritable

    def __str__(self) -> str:
        """The text that getcap prints: ``cap_net_bind_service=ep``."""
        flags = {name: self._flags(name) for name in (*NAMES, *sorted(self.any - set(NAMES)))}
        counted = Counter(flags.values())
        base = max(sorted(counted), key=lambda found: counted[found])
        parts = [f"={_letters(base)}"] if base else []
        for found in sorted(counted, reverse=True):
            if found != base:
                some = ",".join(_called(name) for name, own in flags.items() if own == found)
                parts.append(f"{some}{_change(found, base, first=not parts)}")
        return " ".join(parts) or "="

    def _flags(self, name: str) -> int:
        permitted, inheritable = name in self.permitted, name in self.inheritable
        effective = self.effective and (permitted or inheritable)
        return _E * effective | _P * permitted | _I * inheritable


def read(value: bytes) -> Capabilities | None:
    """Return what the attribute's *value* says; None if the kernel would not take it."""
    if len(value) < 4:
        return None
    (magic,) = struct.unpack_from("<I", value)
    count = _WORDS.get(magic & _REVISION, 0)
    size = 4 + 8 * count
    rooted = magic & _REVISION == _NAMESPACED
    if not count or len(value) != size + 4 * rooted:
        return None
    words = struct.unpack_from(f"<{2 * count}I", value, 4)
    rootid = struct.unpack_from("<I", value, size)[0] if rooted else 0
    return Capabilities(_named(words[::2]), _named(words[1::2]), bool(magic & _EFFECTIVE), rootid)


def _named(words: tuple[int, ...]) -> frozenset[str]:
    bits = sum(word << (32 * at) for at, word in enumerate(words))
    return frozenset(
        NAMES[at] if at < len(NAMES) else str(at) for at in range(64) if bits >> at & 1
    )


def _called(name: str) -> str:
    return name if name.isdecimal() else f"cap_{name}"


def _letters(flags: int) -> str:
    rows = (("e", _E), ("i", _I), ("p", _P))
    return "".join(letter for letter, bit in rows if flags & bit)


def _change(flags: int, base: int, *, first: bool) -> str:
    more, less = flags & ~base, base & ~flags
    added = f"{'=' if first else '+'}{_letters(more)}" if more else ""
    return added + (f"-{_letters(less)}" if less else "")
