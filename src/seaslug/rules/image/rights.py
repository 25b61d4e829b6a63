"""Capabilities of files: what they give to who starts the program, and when it may not start."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.anatomy.capabilities import CAPABILITY, Capabilities, read
from seaslug.rules.image import remedy
from seaslug.rules.image.launch import main
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import listed

LOW_PORTS = "net_bind_service"
_GIVEN = frozenset((
    "chown", "dac_override", "fsetid", "fowner", "mknod", "net_raw", "setgid", "setuid",
    "setfcap", "setpcap", "net_bind_service", "sys_chroot", "kill", "audit_write",
))  # fmt: skip
"""What Docker, containerd and CRI-O leave to a container that nothing else is said of."""
_DANGEROUS = frozenset((
    "sys_admin", "sys_module", "sys_rawio", "sys_ptrace", "sys_boot", "dac_override",
    "dac_read_search", "chown", "fowner", "setuid", "setgid", "setfcap", "setpcap", "mknod",
    "net_admin", "mac_admin", "mac_override", "bpf", "perfmon", "checkpoint_restore",
))  # fmt: skip
"""With one of these a process gets all others, or reads and changes what is not its own."""
_HARMLESS = frozenset((LOW_PORTS, "sys_nice", "ipc_lock", "wake_alarm", "net_broadcast"))


def capabilities(image: Specimen, path: str) -> Capabilities | None:
    """Return the capabilities of the file at the tree path *path*, None if it has none."""
    entry = image.root.tree.get(path)
    value = dict(entry.xattrs).get(CAPABILITY) if entry is not None else None
    return read(value) if value else None


def allowed(image: Specimen) -> frozenset[str]:
    """Return the capabilities that a container of the image may have."""
    dropped = {name.lower() for name in image.held.dropped}
    return frozenset() if "all" in dropped else _GIVEN - dropped


def binds_low_ports(image: Specimen, uid: int) -> bool:
    """Tell whether what starts may listen below 1024, wherever it runs: as root, or by its file."""
    own = capabilities(image, main(image).program)
    by_file = own is not None and own.effective and LOW_PORTS in own.permitted
    return LOW_PORTS in allowed(image) and (uid == 0 or by_file)


def has_capabilities(image: Specimen) -> Iterator[Finding]:
    """A program carries file capabilities: it gets a part of root's rights when it starts.

    Like setuid, though finer: `cap_net_bind_service` is for low ports and little else, while
    `cap_sys_admin`, `cap_setuid` or `cap_dac_override` are as good as root. Where the
    container may not have such a capability (`--cap-drop`), the program does not start at all;
    with no-new-privileges it starts without. Take them away with `setcap -r FILE`, and let the
    engine grant what is needed: `docker run --cap-add`. CIS Docker Benchmark 4.8.
    """
    for entry in image.root.tree:
        value = dict(entry.xattrs).get(CAPABILITY)
        if value is None:
            continue
        found = read(value)
        said, how = "has file capabilities that no kernel reads", Severity.WARN
        if found is not None:
            how = _how_bad(found)
            rootid = f", for the namespace of uid {found.rootid}" if found.rootid else ""
            said = f"{found}{rootid}: {_gives(found)}"
        fix = remedy.changed(f"setcap -r {remedy.quoted(entry.path)}", entry.path)
        yield Finding("IMG053", how, f"/{entry.path}", said, fix)


def _how_bad(found: Capabilities) -> Severity:
    if found.any & _DANGEROUS:
        return Severity.ERROR
    return Severity.WARN if found.any - _HARMLESS else Severity.INFO


def _gives(found: Capabilities) -> str:
    worst = sorted(found.any & _DANGEROUS)
    if worst:
        return f"who starts it gets {listed(worst)}, which is as good as root"
    if found.any == {LOW_PORTS}:
        return "who starts it may listen on ports below 1024"
    return "who starts it gets a part of root's rights"


def refused(image: Specimen) -> Iterator[Finding]:
    """The program's file capabilities are more than the container may have.

    The kernel starts a program with effective capabilities only if it can give all of them.
    Engines leave 14 of them to a container, and `--cap-drop all` none; the start then ends with
    "operation not permitted". Allow what is needed, or take the capabilities from the file.
    no-new-privileges does not keep it from starting: it then runs without them.
    """
    path = main(image).program
    own = capabilities(image, path)
    if own is None or not own.effective or own.rootid:
        return
    lacking = sorted(own.permitted - allowed(image))
    if not lacking:
        return
    held = "--cap-drop all " if "ALL" in image.held.dropped else ""
    adding = " ".join(f"--cap-add {name}" for name in sorted(own.permitted if held else lacking))
    yield Finding(
        "IMG039", Severity.FATAL, f"/{path}",
        f"it has {own}, and the container may not have {listed(lacking)}",
        remedy.either(
            f"docker run {held}{adding} IMAGE",
            remedy.changed(f"setcap -r {remedy.quoted(path)}", path),
        ),
        f"exec {main(image).opened}: operation not permitted",
    )  # fmt: skip


STARTING: tuple[Rule[Specimen], ...] = (
    Rule("IMG039", "File capabilities that the container may not have", Severity.FATAL, refused),
)
RULES: tuple[Rule[Specimen], ...] = (
    *STARTING, Rule("IMG053", "File capabilities", Severity.ERROR, has_capabilities),
)  # fmt: skip
