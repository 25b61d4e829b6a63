"""Runners that need no engine: bubblewrap, and namespaces made by our own launcher.

Both work for any user who may make user namespaces; the wanted uid is then a map
of one id to the caller. As root, the own launcher gives files and processes their
real ids instead.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from seaslug.adapters import guest
from seaslug.adapters.launch import Launched
from seaslug.adapters.unpack import discard, unpack
from seaslug.errors import EngineError
from seaslug.oci.runnable import RunImage, read_image
from seaslug.ports import BlobStore, Running, RunResult, RunSpec
from seaslug.values.digest import Digest

HOSTNAME = "seaslug"


@dataclass(frozen=True, slots=True)
class _Start:
    """All that is decided about one start."""

    root: str
    argv: tuple[str, ...]
    program: str
    user: guest.User
    env: dict[str, str]
    workdir: str
    binds: tuple[tuple[str, str], ...]
    emulated: bool
    spec: RunSpec


class _Ended:
    """The handle to a program that could not be started."""

    def __init__(self, why: guest.NotStartable) -> None:
        self._result = RunResult(why.status, b"", why.reason.encode() + b"\n")

    @property
    def address(self) -> tuple[str, int]:
        raise EngineError(self.logs().strip())

    def logs(self) -> str:
        return self._result.stderr.decode()

    def ended(self) -> bool:
        return True

    def exec(self, argv: Sequence[str], timeout: float = 60.0) -> RunResult:
        raise EngineError(self.logs().strip())

    def stop(self, grace: float = 0) -> RunResult:
        return self._result

    def wait(self, timeout: float) -> RunResult:
        return self._result


class _Container(Launched):
    """A program that was started, and what a second one beside it has to know."""

    def __init__(
        self, start: _Start, plan: dict[str, Any], cleanup: Callable[[], None] | None
    ) -> None:
        super().__init__(plan, start.spec.stdin, start.spec.port, cleanup)
        self._start = start
        self._real = plan["real"]

    def exec(self, argv: Sequence[str], timeout: float = 60.0) -> RunResult:
        """Run a second program in the same namespaces; see ports.Running."""
        from seaslug.adapters.nsenter import enter

        if self.ended():
            raise EngineError("what was started has ended")
        start = _with_program(self._start, tuple(argv))
        if isinstance(start, guest.NotStartable):
            return RunResult(start.status, b"", start.reason.encode() + b"\n")
        plan = {
            "pid": self.pid, "root": start.root, "real": self._real, "argv": start.argv,
            "program": start.program, "env": start.env, "workdir": start.workdir,
            "uid": start.user.uid, "gid": start.user.gid,
        }  # fmt: skip
        return enter(plan, timeout)


class _RootRunner:
    """Unpacks images and decides what to start; subclasses say how."""

    name = ""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._roots: dict[tuple[Digest, bool], str] = {}

    def run(self, manifest: Digest, spec: RunSpec) -> RunResult:
        """Start the image, wait for its end; see ports.Runner."""
        return self._begin(manifest, spec).wait(spec.timeout)

    def start(self, manifest: Digest, spec: RunSpec) -> Running:
        """Start the image and return at once; see ports.Runner."""
        return self._begin(manifest, spec)

    def close(self) -> None:
        """Remove the unpacked roots."""
        while self._roots:
            _, root = self._roots.popitem()
            discard(os.path.dirname(root))

    def why_not(self) -> str:
        """Return why this runner cannot work here, or an empty string."""
        if sys.platform != "linux":
            return "namespaces are a feature of Linux"
        return self._obstacle

    @property
    def _obstacle(self) -> str:
        raise NotImplementedError

    @property
    def _owners(self) -> bool:
        return False

    def _plan(self, start: _Start) -> dict[str, Any]:
        raise NotImplementedError

    def _begin(self, manifest: Digest, spec: RunSpec) -> _Container | _Ended:
        image = read_image(self._store, manifest)
        if reason := self.why_not():
            raise EngineError(f"{self.name} cannot be used here: {reason}")
        argv = image.argv(spec)
        root = self._root(image) if spec.read_only else self._unpack(image)
        start = _decide(root, image, replace(spec, argv=argv))
        if isinstance(start, guest.NotStartable):
            return _Ended(start)
        cleanup = None if spec.read_only else lambda: discard(os.path.dirname(root))
        return _Container(start, self._plan(start), cleanup)

    def _root(self, image: RunImage) -> str:
        key = (image.manifest, self._owners)
        if key not in self._roots:
            self._roots[key] = self._unpack(image)
        return self._roots[key]

    def _unpack(self, image: RunImage) -> str:
        # The outer directory is closed to everyone else: setuid programs lie inside.
        outer = tempfile.mkdtemp(prefix="seaslug-run-")
        root = os.path.join(outer, "root")
        try:
            os.mkdir(root, 0o755)
            unpack(self._store, image, root, owners=self._owners)
        except BaseException:
            discard(outer)
            raise
        return root


def _decide(root: str, image: RunImage, spec: RunSpec) -> _Start | guest.NotStartable:
    """Return what is started in *root* for *spec*, whose argv is complete."""
    user = guest.find_user(root, spec.user or image.user)
    workdir = guest.place_in(root, spec.workdir or image.workdir)
    for path in ("/proc", "/dev", workdir, *spec.tmpfs):
        guest.ensure_place(root, path, directory=True)
    binds = []
    for source, path in spec.mounts:
        guest.ensure_place(root, path, directory=not guest.is_file(source))
        binds.append((os.path.realpath(source), guest.place_in(root, path)))
    env = guest.with_home(image.environment(spec), user, HOSTNAME)
    if qemu := guest.emulator(image.platform):
        binds.append((qemu, guest.QEMU_INSIDE))
    return _with_program(
        _Start(root, (), "", user, env, workdir, tuple(binds), bool(qemu), spec), spec.argv
    )


def _with_program(start: _Start, argv: tuple[str, ...]) -> _Start | guest.NotStartable:
    """Return *start* with the program that *argv* names in its root."""
    mounted = {path: source for source, path in start.binds}
    name = argv[0]
    if mounted.get(name) and os.access(mounted[name], os.X_OK):
        program: str | guest.NotStartable = name
    else:
        program = guest.find_program(start.root, name, start.env["PATH"], start.workdir)
    if isinstance(program, guest.NotStartable):
        return program
    if start.emulated:
        argv = (guest.QEMU_INSIDE, "-0", name, program, *argv[1:])
        program = guest.QEMU_INSIDE
    return replace(start, argv=argv, program=program)


class UnshareRunner(_RootRunner):
    """Namespaces made by seaslug's own launcher."""

    name = "unshare"

    @property
    def _obstacle(self) -> str:
        return self._found[1]

    @property
    def _owners(self) -> bool:
        return self._found[0]

    @cached_property
    def _found(self) -> tuple[bool, str]:
        """Whether files can have their real owners, and what stands in the way of all."""
        if os.geteuid() == 0 and not self._probe(real=True):
            return True, ""
        return False, self._probe(real=False)

    def _probe(self, real: bool) -> str:
        """Make all the namespaces and mounts around an empty root; say what failed."""
        with tempfile.TemporaryDirectory(prefix="seaslug-probe-") as outer:
            root = os.path.join(outer, "root")
            for name in ("proc", "dev", "tmp"):
                os.makedirs(os.path.join(root, name))
            user = guest.User(0, 0, "/")
            start = _Start(root, (), "", user, {}, "/", (), False, RunSpec())
            try:
                result = Launched(self._describe(start, real)).wait(20)
            except EngineError as error:
                return error.what
        return "" if result.status == 0 else f"the probe ended with status {result.status}"

    def _plan(self, start: _Start) -> dict[str, Any]:
        return self._describe(start, self._owners)

    def _describe(self, start: _Start, real: bool) -> dict[str, Any]:
        return {
            "mode": "unshare",
            "root": start.root,
            "argv": start.argv,
            "program": start.program,
            "uid": start.user.uid,
            "gid": start.user.gid,
            "real": real,
            "env": start.env,
            "workdir": start.workdir,
            "hostname": HOSTNAME,
            "read_only": start.spec.read_only,
            "network": start.spec.network,
            "port": start.spec.port,
            "tmpfs": [guest.place_in(start.root, path) for path in start.spec.tmpfs],
            "binds": start.binds,
        }


class BwrapRunner(_RootRunner):
    """Namespaces made by bubblewrap."""

    name = "bwrap"

    @property
    def _obstacle(self) -> str:
        return self._found

    @cached_property
    def _found(self) -> str:
        program = shutil.which("bwrap")
        if program is None:
            return "bubblewrap is not installed"
        from seaslug.adapters.process import complete

        argv = (program, "--unshare-all", "--uid", "1", "--ro-bind", "/", "/", "--proc", "/proc")
        try:
            tried = complete((*argv, "--dev", "/dev", "true"), timeout=20)
        except EngineError as error:
            return error.what
        return "" if tried.status == 0 else tried.complaint

    def _plan(self, start: _Start) -> dict[str, Any]:
        words = [shutil.which("bwrap") or "bwrap", "--json-status-fd", "@STATUS"]
        words += ["--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1"]
        # A port leads into a network namespace that our launcher makes around bwrap.
        words += ["--share-net"] if start.spec.network or start.spec.port else []
        words += ["--hostname", HOSTNAME, "--cap-drop", "ALL", "--clearenv"]
        words += ["--uid", str(start.user.uid), "--gid", str(start.user.gid)]
        words += ["--bind", start.root, "/", "--proc", "/proc", "--dev", "/dev"]
        for path in start.spec.tmpfs:
            words += ["--perms", "1777", "--tmpfs", guest.place_in(start.root, path)]
        for source, path in start.binds:
            words += ["--ro-bind", source, path]
        words += ["--remount-ro", "/"] if start.spec.read_only else []
        for name, value in start.env.items():
            words += ["--setenv", name, value]
        # bwrap looks argv[0] up in the PATH that it was told to set, as we did.
        return {
            "mode": "command",
            "argv": [*words, "--chdir", start.workdir, "--", *start.argv],
            "uid": os.geteuid(),
            "gid": os.getegid(),
            "real": False,
            "network": start.spec.network,
            "port": start.spec.port,
        }
