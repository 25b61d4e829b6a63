"""The launcher that stands between seaslug and a program in namespaces of its own.

Started as ``python -I -S nsinit.py LIFELINE STATUS`` with a JSON plan on the
LIFELINE descriptor; it imports nothing of seaslug, so it starts in a few
milliseconds. Three processes take part::

    seaslug ── monitor (this file) ── first process of the new pid namespace = the program

The monitor ends everything when the LIFELINE reaches its end, be it because
seaslug wants so or because seaslug died; and it ends only after the last process
of the container is gone. STATUS receives one JSON object per line:
``{"listening": n}`` where a port leads in, ``{"pid": n}``, ``{"failed": stage,
"errno": n}`` if it could not begin, then ``{"begun": true}``, and in the end
``{"exit": status}`` (128 + n after signal n). A command has STATUS for itself from its
``pid`` to its end.

The plan: ``mode`` (``unshare`` or ``command``), ``argv`` (in a command, ``@STATUS``
stands for the STATUS descriptor), ``port`` (of the program, to be reached from
outside; 0 for none), ``network`` (share this machine's), ``uid``, ``gid``, ``real``
(really those ids, or a map of one id to the caller), and for ``unshare`` ``root``,
``program``, ``env``, ``workdir``, ``hostname``, ``read_only``, ``tmpfs`` and
``binds`` ([source, path] pairs).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
# statvfs flags that a mount in a new user namespace must keep, as mount(2) flags.
_LOCKED = {1: 1, 2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_PROC_READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_PROC_HIDDEN = ("kcore", "keys", "latency_stats", "timer_list", "sched_debug")
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}

libc = ctypes.CDLL(None, use_errno=True)


class _StepError(Exception):
    def __init__(self, stage: str, errno: int) -> None:
        super().__init__(stage, errno)
        self.stage = stage
        self.errno = errno


def main() -> int:
    """Carry out the plan; return the exit status of the program."""
    lifeline, status = int(sys.argv[1]), int(sys.argv[2])
    plan = _read_plan(lifeline)
    os.set_inheritable(status, False)
    os.set_inheritable(lifeline, False)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    # Made before the new network namespace, the door's outside stays on this machine.
    door = _Door(plan["port"]) if plan["port"] and not plan["network"] else None
    if door is not None:
        _tell(status, listening=door.number)
    try:
        _unshare(plan)
    except _StepError as failed:
        _tell(status, failed=failed.stage, errno=failed.errno)
        return 125
    begun, begin = os.pipe()  # both close on exec: the end of it says that exec went well
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        os.close(tell)
        os.read(told, 1)
        _become(plan, status)
    os.close(begin)
    _tell(status, pid=child)
    os.close(tell)
    os.read(begun, 1)
    # A command reports on STATUS by itself, in pieces: nobody else may write there meanwhile.
    if plan["mode"] != "command":
        _tell(status, begun=True)
    code = _watch(child, lifeline, woken, door)
    _tell(status, exit=code)
    return code


def _read_plan(lifeline: int) -> dict[str, Any]:
    # One line; the descriptor stays open behind it as the lifeline.
    data = bytearray()
    while not data.endswith(b"\n"):
        piece = os.read(lifeline, 1 << 16)
        if not piece:
            raise SystemExit(125)
        data += piece
    plan: dict[str, Any] = json.loads(data)
    return plan


def _tell(fd: int, **words: object) -> None:
    # Nobody may be listening any more.
    with contextlib.suppress(OSError):
        os.write(fd, json.dumps(words).encode() + b"\n")


class _Door:
    """A loopback port of this machine that leads to *inner* in the new network namespace."""

    # One loop without threads: a process whose children live in another pid namespace
    # may not have any.

    def __init__(self, inner: int) -> None:
        import socket

        self._inner = inner
        self._made = socket.socket
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._socket.setblocking(False)
        self.number = int(self._socket.getsockname()[1])
        self._peers: dict[Any, Any] = {}
        self._waiting: dict[Any, bytes] = {}
        self._ended: set[Any] = set()

    def readers(self) -> list[Any]:
        """Return the sockets to read from: none whose other side has not taken the last piece."""
        open_ = (s for s in self._peers if s not in self._ended)
        return [self._socket, *(s for s in open_ if not self._waiting[self._peers[s]])]

    def writers(self) -> list[Any]:
        """Return the sockets that have something to be sent."""
        return [s for s, data in self._waiting.items() if data]

    def carry(self, ready: list[Any]) -> None:
        """Do what can be done with the sockets that are *ready* in either way."""
        for one in ready:
            try:
                if one is self._socket:
                    self._accept()
                elif self._waiting.get(one):
                    self._waiting[one] = self._waiting[one][one.send(self._waiting[one]) :]
                elif one in self._peers:
                    self._receive(one)
            except BlockingIOError:
                continue
            except OSError:
                self._forget(one)

    def _accept(self) -> None:
        near, _ = self._socket.accept()
        far = self._made()
        try:
            far.connect(("127.0.0.1", self._inner))
        except OSError:
            near.close()  # nobody listens there yet: as a closed port, to whoever asked
            far.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setblocking(False)
            self._peers[one] = other
            self._waiting[one] = b""

    def _receive(self, one: Any) -> None:
        other = self._peers[one]
        piece = one.recv(1 << 16)
        if piece:
            self._waiting[other] = piece
            return
        self._ended.add(one)
        other.shutdown(1)
        if other in self._ended:
            self._forget(one)

    def _forget(self, one: Any) -> None:
        other = self._peers.get(one)
        for end in (one, other):
            self._peers.pop(end, None)
            self._waiting.pop(end, None)
            self._ended.discard(end)
            if end is not None and end is not self._socket:
                end.close()


def _watch(child: int, lifeline: int, woken: int, door: _Door | None) -> int:
    """Wait for *child*, ending it when the lifeline ends; then for every orphan."""
    code = None
    listening = [lifeline, woken]
    while code is None:
        more, writers = (door.readers(), door.writers()) if door else ([], [])
        ready, writable, _ = select.select([*listening, *more], writers, [], 5.0)
        if door:
            door.carry([s for s in (*writable, *ready) if not isinstance(s, int)])
        if lifeline in ready and not os.read(lifeline, 1):
            listening = [woken]
            os.kill(child, signal.SIGKILL)
        if woken in ready:
            os.read(woken, 4096)
        pid, state = os.waitpid(child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(state)
    with contextlib.suppress(ChildProcessError):
        while True:
            # bwrap killed before it tied its own child to its life leaves that one to us.
            for orphan in _children():
                os.kill(orphan, signal.SIGKILL)
            os.waitpid(-1, 0)
    return code if code >= 0 else 128 - code


def _children() -> list[int]:
    me, found = str(os.getpid()), []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            # "pid (command, which may hold anything) state parent ..."
            if file.read(4096).rpartition(b")")[2].split()[1].decode() == me:
                found.append(int(name))
    return found


def _call(stage: str, name: str, *args: object) -> None:
    values = [a.encode("utf-8", "surrogateescape") if isinstance(a, str) else a for a in args]
    if getattr(libc, name)(*values) != 0:
        raise _StepError(stage, ctypes.get_errno())


def _mount(stage: str, source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _call(stage, "mount", source, target, kind or None, ctypes.c_ulong(flags), data or None)


def _unshare(plan: dict[str, Any]) -> None:
    """Enter the new namespaces; a command makes its own, all but a network with a door."""
    flags = 0 if plan["network"] else CLONE_NEWNET
    if plan["mode"] == "unshare":
        flags |= CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS
    elif not plan["port"] or plan["network"]:
        return
    flags |= 0 if plan["real"] else CLONE_NEWUSER
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    _call("making namespaces", "unshare", flags)
    if not plan["real"]:
        _map_ids(plan, outside_uid, outside_gid)
    if not plan["network"]:
        _loopback()
        # As in Docker: port 80 is for everyone, where it is nobody else's.
        with contextlib.suppress(OSError):
            _write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")


def _map_ids(plan: dict[str, Any], outside_uid: int, outside_gid: int) -> None:
    try:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{plan['uid']} {outside_uid} 1")
        _write("/proc/self/gid_map", f"{plan['gid']} {outside_gid} 1")
    except OSError as error:
        raise _StepError("mapping user ids", error.errno or 0) from error


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _become(plan: dict[str, Any], status: int) -> NoReturn:
    """Turn this process into the program; never returns."""
    stage = "starting"
    try:
        die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if plan["mode"] == "command":
            os.set_inheritable(status, True)  # bwrap reports there too
            argv = [str(status) if word == "@STATUS" else word for word in plan["argv"]]
            os.execv(argv[0], argv)  # noqa: S606
        _furnish(plan)
        stage = "entering the working directory"
        os.chdir(plan["workdir"])  # while we still may: it can be closed to the wanted user
        give_up_rights(plan)
        if not plan["program"]:
            os._exit(0)  # asked only whether all of this is possible
        stage = "exec"
        os.execve(plan["program"], plan["argv"], plan["env"])  # noqa: S606
    except _StepError as failed:
        _tell(status, failed=failed.stage, errno=failed.errno)
    except OSError as error:
        _tell(status, failed=stage, errno=error.errno or 0)
    except Exception as error:
        _tell(status, failed=f"{stage} ({error!r})", errno=0)
    os._exit(125)


def die_with_parent() -> None:
    """Let this process be killed when its parent ends."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _furnish(plan: dict[str, Any]) -> None:
    """Build the mounts that the program sees, and enter them."""
    root = plan["root"]
    # Mounts are the program's alone: the monitor still needs its own root.
    _call("making namespaces", "unshare", CLONE_NEWNS)
    _mount("keeping mounts private", "none", "/", "", MS_REC | MS_PRIVATE)
    _mount("binding the root", root, root, "", MS_BIND)
    for point in plan["tmpfs"]:
        options = f"mode=1777,size={512 << 20}"
        _mount(f"mounting {point}", "tmpfs", root + point, "tmpfs", MS_NOSUID | MS_NODEV, options)
    _mount("mounting /proc", "proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _guard_proc(root + "/proc")
    _devices(root + "/dev")
    for source, path in plan["binds"]:
        _bind_read_only(source, root + path)
    if plan["read_only"]:
        _remount(root, MS_RDONLY | MS_NOSUID)
    name = plan["hostname"].encode()
    _call("naming the host", "sethostname", name, len(name))
    os.chdir(root)
    _call("entering the root", "pivot_root", ".", ".")
    _call("leaving the old root", "umount2", ".", MNT_DETACH)
    os.chdir("/")


def _guard_proc(proc: str) -> None:
    # Uid 0 needs no capability to write files of uid 0: core_pattern would lead out.
    for name in _PROC_READ_ONLY:
        if os.path.exists(path := f"{proc}/{name}"):
            _mount(f"binding /proc/{name}", path, path, "", MS_BIND | MS_REC)
            _remount(path, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in _PROC_HIDDEN:
        if os.path.isfile(path := f"{proc}/{name}"):
            _mount(f"hiding /proc/{name}", "/dev/null", path, "", MS_BIND)


def _devices(dev: str) -> None:
    _mount("mounting /dev", "tmpfs", dev, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=65536k")
    for name in _DEVICES:
        if not os.path.exists(f"/dev/{name}"):
            continue
        os.close(os.open(f"{dev}/{name}", os.O_WRONLY | os.O_CREAT, 0o666))
        _mount(f"binding /dev/{name}", f"/dev/{name}", f"{dev}/{name}", "", MS_BIND)
    for name, target in _LINKS.items():
        os.symlink(target, f"{dev}/{name}")
    os.mkdir(f"{dev}/shm")
    _mount("mounting /dev/shm", "tmpfs", f"{dev}/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")


def _bind_read_only(source: str, target: str) -> None:
    if not os.path.lexists(target):
        # Only below /dev, the one place of the root that is made anew for each run.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o755))
    _mount(f"binding {source}", source, target, "", MS_BIND | MS_REC)
    _remount(target, MS_RDONLY | MS_NOSUID)


def _remount(target: str, flags: int) -> None:
    have = os.statvfs(target).f_flag
    keep = sum(bit for mask, bit in _LOCKED.items() if have & mask)
    _mount(f"remounting {target}", "none", target, "", MS_BIND | MS_REMOUNT | flags | keep)


def _loopback() -> None:
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        up = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(control.fileno(), 0x8914, up)  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING


def give_up_rights(plan: Mapping[str, Any]) -> None:
    """Drop every capability for ever, then become the wanted user."""
    os.setsid()
    os.umask(0o022)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if plan["real"]:
        os.setgroups([])
        os.setresgid(plan["gid"], plan["gid"], plan["gid"])
        os.setresuid(plan["uid"], plan["uid"], plan["uid"])
    _call("giving up new privileges", "prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    die_with_parent()  # a change of user clears it


if __name__ == "__main__":
    sys.exit(main())
