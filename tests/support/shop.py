"""A small family on a simulated archive: a recipe, a mirror, a store, and the command line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from seaslug.adapters.store import Store
from seaslug.api import ArchiveChoice, Workspace
from support.archive import ArchiveSimulator
from support.cli import Cli, Done
from support.debs import Item, MadeDeb, deb, folder, hard, link

AMD64, ARM64 = "linux/amd64", "linux/arm64"
OS_RELEASE = 'PRETTY_NAME="Debian"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n'
RECIPE = """\
name = "tiny"
distribution = "debian13"
packages = ["hello"]
exclude = ["docs-viewer"]
effects = ["users", "directories", "os-release", "usrmerge"]
version-from = "hello"
entrypoint = ["/usr/bin/hello"]

[only]
base-files = ["etc/debian_version"]

[env]
GREETING = "hi {arch}"

[variants.debug]
packages = ["tracer"]
"""


def hello(version: str = "1.0-1", text: str = "hello", arch: str = "amd64") -> MadeDeb:
    """Return the program: an executable, a link, a hard link, a manual that is left out."""
    return deb(
        "hello", version, arch=arch,
        files={"usr/share/man/man1/hello.1": "how to", "usr/share/hello/data": "d" * 3000},
        items=[
            folder("./usr/bin/"), Item("./usr/bin/hello", f"{text} {arch}".encode(), mode=0o755),
            link("./usr/bin/hi", "hello"), hard("./usr/bin/howdy", "./usr/bin/hello"),
        ],
        fields={
            "Depends": "libgreet, base-files, docs-viewer", "Installed-Size": "7",
            "Source": "hello-src",
        },
    )  # fmt: skip


def packages(arch: str) -> list[MadeDeb]:
    """Return everything that the recipe needs on *arch*."""
    return [
        hello(arch=arch),
        deb("libgreet", "2.1-3", arch=arch, files={"usr/lib/libgreet.so.1": f"greet {arch}"}),
        deb("tracer", arch=arch, files={"usr/bin/tracer": "trace"}),
        deb(
            "base-files", "13.8", arch=arch,
            files={
                "etc/debian_version": "13.2\n", "usr/lib/os-release": OS_RELEASE,
                "usr/share/common-licenses/MIT": "be kind",
            },
        ),
        deb("busybox-static", arch=arch, files={"usr/bin/busybox": "busybox"}),
        deb("docs-viewer", arch=arch, files={"usr/bin/docs-viewer": "pages"}),
    ]  # fmt: skip


class Shop:
    """Use as a context manager; ``build`` runs the command, ``workspace`` the Python surface."""

    def __init__(self, folder: Path, recipe: str = RECIPE) -> None:
        self.folder = folder
        self.archive = ArchiveSimulator()
        for arch in ("amd64", "arm64"):
            self.archive.add(*packages(arch))
        self.archive.publish()
        self.server = self.archive.serve()
        self.recipe = folder / "tiny.toml"
        self.recipe.write_text(recipe)
        self.keyring = self.archive.keyring(folder)
        self.cli = Cli(folder / "home")

    def __enter__(self) -> Shop:
        self.server.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.down()

    @property
    def store(self) -> Store:
        return Store(self.cli.home)

    def command(self, *args: object, subject: object = "", platform: str = AMD64) -> list[str]:
        """Return the arguments of a build."""
        mirror = ("--mirror", f"{self.server.url}/debian", "--keyring", self.keyring)
        return list(
            map(str, ("build", subject or self.recipe, "--platform", platform, *mirror, *args))
        )

    def build(self, *args: object, **more: Any) -> Done:
        """Run a build, which must succeed."""
        done = self.cli(*self.command(*args, **more))
        assert done.status == 0, done.err
        return done

    def replace(self, old: str, *new: MadeDeb) -> None:
        """Publish *new* in the place of every package called *old*, a second later."""
        debs = self.archive.debs["trixie"]
        debs[:] = [made for made in debs if made.name != old] + list(new)
        self.archive.date += 1
        self.archive.publish()

    def copy(self, home: Path) -> Cli:
        """Return the command line on a copy of the store, to be spoiled at will."""
        shutil.copytree(self.cli.home, home)
        return Cli(home)

    def workspace(self, home: str = "home", **choice: Any) -> Workspace:
        """Return a workspace over the store in the folder *home*."""
        options = ArchiveChoice(
            mirrors=(f"{self.server.url}/debian",), keyring=self.keyring, **choice
        )
        return Workspace(Store(self.folder / home), archive=options)
