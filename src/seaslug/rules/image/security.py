"""What an intruder would like to find: root, rights that grow, files that anybody may change."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.rules.image.users import GROUP, PASSWD, rows, runs_as_root
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import listed
from seaslug.values.tree import Entry, Kind

_SETUID, _SETGID, _STICKY, _ANYBODY = 0o4000, 0o2000, 0o1000, 0o002
_NO_PASSWORD = "an account without a password"  # noqa: S105


def root_user(image: Specimen) -> Iterator[Finding]:
    """The process runs as root, because User is empty, 0, root, or a name whose uid is 0.

    Whoever takes over the process can then change every file of the container, and a hole in
    the kernel or the engine gives the host away. Name an unprivileged user by number, so that
    Kubernetes (runAsNonRoot) can tell without a passwd file: `USER 65532:65532`. Members of
    seaslug's family have a variant for it, such as `python3:nonroot`.
    """
    if runs_as_root(image):
        said = f"User is {image.user!r}" if image.user else "no User is set"
        yield Finding(
            "IMG050", Severity.WARN, "User", f"{said}: the process runs as root",
            "USER 65532:65532, in the Dockerfile's last stage",
        )  # fmt: skip


def grows_rights(image: Specimen) -> Iterator[Finding]:
    """A program is setuid or setgid: whoever starts it gets its owner's rights.

    Each such program is a way from the application's user to root, and most images need none
    of them. Leave the package out that brings it, or take the bit away in the step that
    installs it: `RUN chmod u-s,g-s /usr/bin/NAME`. CIS Docker Benchmark 4.8.
    """
    for entry in _files(image):
        bits = [word for bit, word in ((_SETUID, "setuid"), (_SETGID, "setgid"))
                if entry.mode & bit]  # fmt: skip
        if bits:
            whose = f"uid {entry.uid}" if entry.mode & _SETUID else f"gid {entry.gid}"
            yield Finding(
                "IMG052", Severity.WARN, f"/{entry.path}",
                f"{' and '.join(bits)} ({entry.mode:04o}): who starts it becomes {whose}",
                f"chmod u-s,g-s /{entry.path}, or leave its package out",
            )  # fmt: skip


def anybody_writes(image: Specimen) -> Iterator[Finding]:
    """Anybody may change a file of the image.

    If it is a program, a library or a configuration, whoever gets any user in the container
    decides what the others run. Take the right away where the file is made:
    `chmod o-w FILE`, or `COPY --chmod=0644`.
    """
    for entry in _files(image):
        if entry.mode & _ANYBODY:
            runs = entry.mode & 0o111 or image.root.facts(entry.path)
            yield Finding(
                "IMG054", Severity.ERROR if runs else Severity.WARN, f"/{entry.path}",
                f"anybody may change it ({entry.mode:04o})"
                + (", and it is a program or a library" if runs else ""),
                f"chmod o-w /{entry.path}",
            )  # fmt: skip


def no_sticky_bit(image: Specimen) -> Iterator[Finding]:
    """Anybody may write to a folder that has no sticky bit.

    There any user may remove and replace the files of any other. /tmp is 1777 for that
    reason. Set the bit (`chmod +t`), or give the folder to the one user that needs it.
    """
    for entry in image.root.tree:
        if entry.kind is Kind.DIR and entry.mode & _ANYBODY and not entry.mode & _STICKY:
            yield Finding(
                "IMG055", Severity.WARN, f"/{entry.path}",
                f"anybody may replace what others put there ({entry.mode:04o}, no sticky bit)",
                f"chmod 1777 /{entry.path}, or 0755 and the owner that needs it",
            )  # fmt: skip


def password_hashes(image: Specimen) -> Iterator[Finding]:
    """There are passwords in /etc/shadow or /etc/passwd, or accounts that need none.

    Hashes can be tried out by anyone who pulls the image; an account with an empty password
    lets in who asks (CVE-2019-5021 was that in Alpine's images). Containers need no passwords:
    put `*` or `!` there, or leave /etc/shadow out.
    """
    for path in ("etc/shadow", "etc/shadow-"):
        kinds = dict.fromkeys(mark.kind for mark in image.root.secrets(path))
        for kind in kinds:
            yield Finding(
                "IMG059", Severity.ERROR, f"/{path}", f"holds {kind}",
                f"put * in the second field of each line of /{path}",
            )  # fmt: skip
    for row in rows(image, PASSWD):
        if row[1] == "" or len(row[1]) > 2:
            kind = "a password's hash" if row[1] else _NO_PASSWORD
            yield Finding(
                "IMG059", Severity.ERROR, "/etc/passwd", f"{row[0]}: {kind}",
                "put x in the second field of its line",
            )  # fmt: skip


def doubled_ids(image: Specimen) -> Iterator[Finding]:
    """Two accounts of /etc/passwd or two groups of /etc/group have one number or one name.

    Rights go by number, so both are one and the same; which name is shown depends on the
    order. A second account with uid 0 is another root. Give each its own number.
    """
    for path, what in ((PASSWD, "accounts"), (GROUP, "groups")):
        found = rows(image, path)
        for field, word in ((0, "name"), (2, "number")):
            seen: dict[str, list[str]] = {}
            for row in found:
                seen.setdefault(row[field], []).append(row[0])
            for value, names in seen.items():
                if len(names) > 1:
                    root = path == PASSWD and field == 2 and value == "0"
                    yield Finding(
                        "IMG060", Severity.ERROR if root else Severity.WARN, f"/{path}",
                        f"{what} with the same {word} {value}: {listed(names)}",
                        "give each its own",
                    )  # fmt: skip


def odd_members(image: Specimen) -> Iterator[Finding]:
    """A layer holds a device node or a FIFO.

    Engines make devices themselves; one in a layer needs privileges to unpack (rootless
    engines fail or leave it out) and opens hardware to who can read it. seaslug passes such
    members over. Remove them in the step that makes them: `rm -f /dev/*` before the copy.
    """
    for at, layer in enumerate(image.root.layers):
        for path, what in layer.odd:
            worse = Severity.INFO if what == "a FIFO" else Severity.WARN
            yield Finding(
                "IMG064", worse, f"/{path}", f"{what}, in layer {at}", f"rm /{path}"
            )  # fmt: skip


def _files(image: Specimen) -> Iterator[Entry]:
    return (entry for entry in image.root.tree if entry.kind is Kind.FILE)


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG050", "Runs as root", Severity.WARN, root_user),
    Rule("IMG052", "Setuid or setgid program", Severity.WARN, grows_rights),
    Rule("IMG054", "File that anybody may change", Severity.ERROR, anybody_writes),
    Rule("IMG055", "Folder for all without a sticky bit", Severity.WARN, no_sticky_bit),
    Rule("IMG059", "Passwords of accounts", Severity.ERROR, password_hashes),
    Rule("IMG060", "Two accounts in one", Severity.ERROR, doubled_ids),
    Rule("IMG064", "Device node or FIFO in a layer", Severity.WARN, odd_members),
)
