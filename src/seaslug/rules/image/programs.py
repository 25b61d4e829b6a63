"""Programs that help an intruder more than the application: shells, package managers, tools."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import listed
from seaslug.values.tree import Entry, Kind

SHELLS = frozenset((
    "sh", "ash", "bash", "dash", "ksh", "ksh93", "mksh", "zsh", "fish", "csh", "tcsh", "rbash",
    "busybox", "toybox", "pwsh", "nu", "elvish",
))  # fmt: skip
MANAGERS = frozenset((
    "apt", "apt-get", "aptitude", "dpkg", "apk", "yum", "dnf", "dnf5", "microdnf", "tdnf", "rpm",
    "zypper", "pacman", "opkg", "pip", "pip3", "pipx", "npm", "npx", "yarn", "pnpm", "corepack",
    "gem", "bundle", "composer", "conda", "mamba", "brew", "cargo", "nix-env", "snap",
    "uv", "uvx", "poetry", "pdm", "pipenv",
))  # fmt: skip
TOOLS = frozenset((
    "curl", "wget", "nc", "ncat", "netcat", "socat", "telnet", "ftp", "tftp", "ssh", "scp", "sftp",
    "sshd", "rsync", "nmap", "tcpdump", "gdb", "strace", "ltrace", "gcc", "g++", "cc", "c++",
    "clang", "make", "ld", "as", "git", "svn", "hg", "vi", "vim", "nano", "emacs", "sudo", "doas",
    "su", "perl", "docker", "kubectl", "xxd", "openssl", "awk", "mawk", "gawk", "base64", "dd",
))  # fmt: skip
_FOLDERS = frozenset((
    "bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "busybox",
    "opt/bin", "usr/libexec",
))  # fmt: skip
_MANAGER_WORDS = frozenset(("dpkg", "apt", "apk", "rpm", "dnf", "pacman", "zypper"))
_MODULES = ("pip/__main__.py", "npm/bin/npm-cli.js", "corepack/dist/corepack.js",
            "yarn/bin/yarn.js")  # fmt: skip


def shells(image: Specimen) -> Iterator[Finding]:
    """There is a shell. It is found by its content as well, whatever it is called.

    An application that does not start one needs none, and with it a hole that runs one command
    runs any. Take a base without a shell (`seaslug build static`, `base`, `cc`, `python3`,
    `nodejs`, `java`). If the image only starts by a script, write its CMD as a list of words.
    For a look inside, no shell is needed: `seaslug ls IMAGE`, `seaslug cp IMAGE:/path .`
    """
    for path, names in _found(image, SHELLS).items():
        kind = image.root.program(path)
        if kind in _MANAGER_WORDS:
            continue
        said = kind or path.rpartition("/")[2]
        yield Finding(
            "IMG056", Severity.WARN, f"/{path}", f"a shell: {said}{_aliases(path, names)}",
            "take a base without a shell (seaslug families), or a stage of its own for building",
        )  # fmt: skip


def managers(image: Specimen) -> Iterator[Finding]:
    """There is a package manager: apt, apk, dpkg, rpm, pip, npm or another one.

    It installs an intruder's tools as readily as yours, and what it needs is often the most of
    the image. Install in a build stage and copy what came of it: `COPY --from=build`.
    """
    seen: dict[str, list[str]] = {}
    for path, names in _found(image, MANAGERS).items():
        kind = image.root.program(path)
        if not kind or kind in _MANAGER_WORDS:
            name = path.rpartition("/")[2].rstrip("0123456789.")
            seen.setdefault(kind or name, []).extend([path, *names])
    for entry in image.root.tree:
        if entry.path.endswith(_MODULES):
            seen.setdefault(entry.path.split("/")[-3 if ".js" in entry.path else -2], []).append(
                entry.path
            )
    for name, paths in seen.items():
        more = f", also as {listed(['/' + p for p in paths[1:]])}" if len(paths) > 1 else ""
        yield Finding(
            "IMG057", Severity.WARN, f"/{paths[0]}", f"a package manager: {name}{more}",
            "install in a build stage; COPY --from=build only what the application needs",
        )  # fmt: skip


def tools(image: Specimen) -> Iterator[Finding]:
    """There are tools that fetch, compile, debug or log in: curl, gcc, gdb, ssh, sudo and such.

    They serve whoever got in to get further. If a health check is what they are for, seaslug's
    own probe does without (`[health]` in seaslug.toml). The program that the image is there to
    start is none of them.
    """
    own = image.argv[0].rpartition("/")[2] if image.argv else ""
    for path, names in _found(image, TOOLS).items():
        kind = image.root.program(path)
        name = path.rpartition("/")[2]
        if not kind and own not in (name, *names):
            yield Finding(
                "IMG058", Severity.INFO, f"/{path}", f"a tool: {name}{_aliases(path, names)}",
                "leave its package out, or build in a stage of its own",
            )  # fmt: skip


def _found(image: Specimen, wanted: frozenset[str]) -> dict[str, list[str]]:
    """Return the real files that have one of the *wanted* names, or are known by content.

    Of each, the other names that lead to it.
    """
    found: dict[str, list[str]] = {}
    for entry in image.root.tree:
        folder, _, name = entry.path.rpartition("/")
        if entry.kind is Kind.FILE and _known(image, entry, wanted):
            found.setdefault(entry.path, [])
        elif name in wanted and folder in _FOLDERS and entry.kind is not Kind.DIR:
            real = image.root.tree.resolve(entry.path)
            if real is None or real.kind is not Kind.FILE or not real.mode & 0o111:
                continue
            aliases = found.setdefault(real.path, [])
            if real.path != entry.path:
                aliases.append(entry.path)
    return found


def _known(image: Specimen, entry: Entry, wanted: frozenset[str]) -> bool:
    return image.root.program(entry.path) in wanted


def _aliases(path: str, names: list[str]) -> str:
    return f", also as {listed(['/' + name for name in names])}" if names else ""


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG056", "Shell", Severity.WARN, shells),
    Rule("IMG057", "Package manager", Severity.WARN, managers),
    Rule("IMG058", "Tool that the application does not need", Severity.INFO, tools),
)
