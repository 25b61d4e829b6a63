"""The peers: apt in a folder of its own, mmdebstrap, dpkg-deb with tar and gzip, docker build."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import corpus
from corpus import Corpus, run
from timing import Method, environment

# Debian's own docker command speaks to BuildKit itself; newer ones need a plug-in for it.
DOCKER = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = (("/debian/", "trixie"), ("/debian/", "trixie-updates"),
          ("/debian-security/", "trixie-security"))  # fmt: skip
_CACHE = ("local source for ", "fileop target", "[1/1] COPY")


def have(*programs: str) -> bool:
    """Tell whether all *programs* are on this machine."""
    return all(shutil.which(program) for program in programs)


class Apt:
    """apt-get with its state in *folder*, no packages installed, the machine's own mirror."""

    def __init__(self, folder: Path) -> None:
        for name in ("lists/partial", "archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        rows = (f"deb [signed-by={KEYRING}] {_mirror(end)} {suite} main\n" for end, suite in SUITES)
        (folder / "sources.list").write_text("".join(rows))
        self.conf = folder / "apt.conf"
        self.conf.write_text(
            f'Dir::Etc::SourceList "{folder}/sources.list"; Dir::Etc::SourceParts "/dev/null";\n'
            'Dir::Etc::Preferences "/dev/null"; Dir::Etc::PreferencesParts "/dev/null";\n'
            f'Dir::State "{folder}"; Dir::State::Lists "{folder}/lists"; Dir::Cache "{folder}";\n'
            f'Dir::State::status "{folder}/status"; APT::Sandbox::User "root";\n'
            'APT::Architecture "amd64"; APT::Architectures "amd64"; Acquire::Languages "none";\n'
        )

    def update(self) -> str:
        """Return the command that fetches the indices."""
        return f"APT_CONFIG={self.conf} apt-get -q update"

    def solve(self, names: Sequence[str]) -> str:
        """Return the command that says what installing *names* would take."""
        return f"APT_CONFIG={self.conf} apt-get -q install -s --no-install-recommends " + " ".join(
            names
        )


def apt_cold(names: Sequence[str]) -> Method:
    """Fetch indices and solve."""

    def prepare(fresh: Path) -> list[str]:
        apt = Apt(fresh / "apt")
        return ["sh", "-c", f"{apt.update()} && {apt.solve(names)}"]

    return Method("apt-get update + install -s", prepare)


def apt_again(names: Sequence[str], temporary: Path) -> Method:
    """Solve with the indices there."""
    apt = Apt(temporary / "apt")
    run("sh", "-c", apt.update())
    return Method("apt-get install -s", lambda fresh: ["sh", "-c", apt.solve(names)])


def mmdebstrap(packages: Corpus, temporary: Path) -> Method:
    """Unpack the same packages from a local archive and compress the root.

    ``extract`` is the variant that can do this: to configure them, as ``custom`` does,
    the root would have to hold dpkg and a shell. apt insists on the dependencies that
    our recipe leaves out, so these are there too.
    """
    archive = temporary / "archive"
    archive.mkdir()
    for name, path in packages.files():
        (archive / name).hardlink_to(path)
    names = [row["name"] for row in packages.packages]
    apt = Apt(temporary / "apt-archive")
    run("sh", "-c", apt.update())
    planned = run("sh", "-c", apt.solve(names)).splitlines()
    wanted = {line.split()[1] for line in planned if line.startswith("Inst ")} - set(names)
    run("sh", "-c", f"APT_CONFIG={apt.conf} apt-get -q download {' '.join(sorted(wanted))}",
        cwd=archive)  # fmt: skip
    run("sh", "-c", "dpkg-scanpackages -m . >Packages 2>/dev/null", cwd=archive)
    source = f"deb [trusted=yes] copy://{archive} ./"

    def prepare(fresh: Path) -> list[str]:
        return [
            "mmdebstrap", "--mode=root", "--variant=extract", "--include=" + ",".join(names),
            "trixie", str(fresh / "root.tar.gz"), source,
        ]  # fmt: skip

    return Method("mmdebstrap --variant=extract", prepare, env={"TMPDIR": str(temporary)})


def dpkg(packages: Corpus, temporary: Path) -> Method:
    """Unpack with dpkg-deb, then tar and gzip."""
    folder = temporary / "debs"
    folder.mkdir()
    for name, path in packages.files():
        (folder / name).hardlink_to(path)

    def prepare(fresh: Path) -> list[str]:
        script = (
            f'cd {fresh} && mkdir root && for deb in {folder}/*.deb; do dpkg-deb -x "$deb" root; '
            "done && tar -C root -cf - . | gzip -6 >root.tar.gz"
        )
        return ["sh", "-c", script]

    return Method("dpkg-deb -x, tar, gzip -6", prepare)


class Docker:
    """docker build of ``FROM scratch`` and ``COPY root /``; leaves nothing in the daemon."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self.root, self.folder = root, temporary / "docker"
        self.folder.mkdir()
        self.before = {row["ID"] for row in self._cache()}
        self.images: list[str] = []

    def methods(self, name: str, *, cached: bool) -> tuple[Method, ...]:
        """Return the two builders' methods; *cached* builds the same again and again."""
        return tuple(
            Method(
                f"docker build, {title}{name}", partial(self._prepare, kit, cached),
                partial(self._finish, cached), True, self._env(kit),
            )
            for kit, title in (("1", "BuildKit"), ("0", "classic"))
        )  # fmt: skip

    def close(self) -> None:
        """Remove images and cache entries that came into the daemon by us."""
        for image in set(self.images):
            self._quiet("image", "rm", "-f", image)
        for row in self._cache():
            if row["ID"] not in self.before and row["Description"].startswith(_CACHE):
                self._quiet("builder", "prune", "-f", "--filter", f"id={row['ID']}")

    def _prepare(self, kit: str, cached: bool, fresh: Path) -> list[str]:
        context = self.folder / f"context-{kit}" if cached else fresh / "context"
        identity = fresh / "image"
        if not context.exists():
            context.mkdir()
            corpus.copy(self.root, context / "root")
            (context / "Dockerfile").write_text("FROM scratch\nCOPY root /\n")
        command = [DOCKER, "build", "-q", "--iidfile", str(identity), str(context)]
        return command if cached else [*command, "--no-cache"]

    def _finish(self, cached: bool, fresh: Path) -> None:
        image = (fresh / "image").read_text().strip()
        self.images.append(image)
        if not cached:
            self._quiet("image", "rm", "-f", image)

    def _env(self, kit: str) -> dict[str, str]:
        # The client keeps a key of its own in its configuration: not in the user's.
        return {"DOCKER_BUILDKIT": kit, "DOCKER_CONFIG": str(self.folder / "config")}

    def _quiet(self, *arguments: str) -> None:
        subprocess.run(
            [DOCKER, *arguments], check=False, env=environment() | self._env("0"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _cache(self) -> list[dict[str, str]]:
        found = run(DOCKER, "system", "df", "-v", "--format", "{{json .BuildCache}}")
        rows: list[dict[str, str]] = json.loads(found or "[]")
        return rows


def docker_works() -> bool:
    """Tell whether a daemon answers."""
    if not have(DOCKER):
        return False
    done = subprocess.run(
        [DOCKER, "info"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return done.returncode == 0


def versions() -> dict[str, str]:
    """Return the peers' versions, the word with the first digit in what they say."""
    commands = {
        "apt": "apt-get --version", "dpkg": "dpkg --version", "mmdebstrap": "mmdebstrap --version",
        "gzip": "gzip --version", "skopeo": "skopeo --version", "docker": f"{DOCKER} --version",
    }  # fmt: skip
    found = {}
    for name, command in commands.items():
        if have(command.split()[0]):
            words = run(*command.split()).split("\n")[0].split()
            found[name] = next((w.strip(",") for w in words if w[:1].isdigit()), "?")
    if docker_works():
        found["dockerd"] = run(DOCKER, "version", "--format", "{{.Server.Version}}").strip()
    return found


def _mirror(end: str) -> str:
    """Return the address of the mirror that this machine's apt uses for a Debian archive."""
    said = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    return next(line for line in said.split() if line.endswith(end))
