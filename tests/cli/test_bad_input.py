"""What goes wrong for a user, through the command line: the message, the status, the store after.

Every failure here is followed by a look at the store and by a good run: nothing
may be left that harms either.
"""

from __future__ import annotations

import resource
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.archive import ArchiveSimulator, Server
from support.cli import Cli, Done, harm
from support.debs import Item, MadeDeb, deb, folder, hard, link
from support.server import closed_port

RECIPE = 'name = "tiny"\ndistribution = "debian13"\npackages = ["hello"]\n'


class Desk:
    """A user's desk: an archive with a mirror, a recipe, and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive = ArchiveSimulator()
        self.hello = deb(
            "hello", files={"usr/bin/hello": b"hello" * 999}, fields={"Depends": "libgreet"}
        )
        self.archive.add(self.hello, deb("libgreet", files={"usr/lib/libgreet.so.1": "greet"}))
        self.archive.publish()
        self.server = self.archive.serve()
        self.recipe = folder / "tiny.toml"
        self.recipe.write_text(RECIPE)
        self.keyring = self.archive.keyring(folder)
        self.cli = Cli(folder / "home", env={"SEASLUG_TIMEOUT": "0.4"})

    def build(self, *args: str, subject: str = "", server: Server | None = None) -> Done:
        mirror = () if server is None else ("--mirror", f"{server.url}/debian")
        return self.cli(
            "build", subject or self.recipe, "--platform", "linux/amd64", *mirror,
            "--mirror", f"{self.server.url}/debian", "--keyring", self.keyring, *args,
        )  # fmt: skip

    def still_good(self) -> None:
        """After a failure: the store is whole, and with a good archive the build succeeds."""
        assert harm(self.cli.home) == []
        self.archive.restore()
        self.server.heal()
        done = self.build("--refresh", "--allow-downgrade")
        assert (done.status, done.out[:7]) == (0, "sha256:"), done.err
        assert harm(self.cli.home) == []


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    with made.server:
        yield made


def check(done: Done, status: int, *said: str) -> None:
    assert done.status == status, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    for text in said:
        assert text in done.error, done.err


# Names that nothing answers to.


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("buidl", "static"), ("unknown command 'buidl'", "build")),
        (("--vresion",), ("unknown option", "--vresion")),
        (("build", "pyton3"), ("unknown family 'pyton3'", "did you mean", "python3")),
        (("build", "static:nonrot"), ("unknown variant 'nonrot'", "nonroot")),
        (("build", "static", "--variant", "nonrot"), ("unknown variant", "nonroot")),
        (("build", "static-debian31"), ("unknown distribution 'debian31'", "debian13")),
        (("build", "static", "--platform", "linux/amd46"), ("linux/amd46", "linux/amd64")),
        (("build", "static", "--platform", "windows/amd64"), ("windows/amd64",)),
        (("build", "java11", "--platform", "linux/riscv64"), ("java11", "linux/amd64")),
        (("build", "static", "-o", "ocy:out"), ("unknown output 'ocy'", "oci")),
        (("build", "static", "-o", "out.tar"), ("not an output", "docker-archive:")),
        (("build", "Static!"), ("not a family reference", "seaslug families")),
        (("build", "no-such-recipe.toml"), ("no such recipe file", "seaslug families")),
        (("build", "static", "--locked"), ("--locked needs a lock", "--lock FILE")),
        (("build", "static", "--level", "99"), ("no level 99", "1 to 12")),
        (("build", "static", "--mirror", "ftp://host/debian"), ("not the address", "https://")),
        (("build", "static", "--with", "Hello World"), ("--with", "'Hello World' is not")),
    ],
)
def test_a_request_that_cannot_be_met(desk: Desk, args: tuple[str, ...], said: tuple[str]) -> None:
    done = desk.cli(*args)
    check(done, 3 if "--with" in args else 2, *said)
    assert not desk.server.requests


def test_a_package_that_does_not_exist_names_the_nearest(desk: Desk) -> None:
    check(desk.build("--with", "libgret"), 2, "libgret", "libgreet")
    desk.still_good()


def test_a_package_that_nothing_can_satisfy_says_who_asked(desk: Desk) -> None:
    desk.archive.add(deb("proud", fields={"Depends": "libgreet (>= 9)"}))
    desk.archive.publish()
    check(desk.build("--with", "proud"), 5, "libgreet", "proud", "9")
    desk.still_good()


def test_a_suite_that_a_package_is_not_in(desk: Desk) -> None:
    check(desk.build("--with", "hello@trixy"), 2, "unknown suite 'trixy'", "did you mean trixie")


def test_the_error_as_json_goes_to_stdout_too(desk: Desk) -> None:
    done = desk.cli("build", "pyton3", "--json")
    assert (done.status, done.json["error"]["code"]) == (2, "unknown-name")


# Recipes.

MISTAKEN = """\
name = "Tiny App"
distribution = "debian31"
pakages = ["hello"]
packages = ["hello", "Bad Name"]
effects = ["user"]

[env]
PORT = 8080

[[links]]
path = "a"
"""


def test_every_mistake_in_a_recipe_at_once_with_line_and_key(desk: Desk) -> None:
    desk.recipe.write_text(MISTAKEN)
    done = desk.build()
    check(done, 3, "7 mistakes")
    for line, key, said in (
        (1, "name", "'Tiny App' is not a name"), (2, "distribution", "debian13"),
        (3, "pakages", "did you mean packages"), (4, "packages", "'Bad Name'"),
        (5, "effects", "did you mean users"), (8, "env.PORT", "must be text, is a number"),
        (10, "links.0", "target is missing"),
    ):  # fmt: skip
        row = next(row for row in done.error.splitlines() if f"tiny.toml:{line}: {key}:" in row)
        assert said in row
    assert not desk.server.requests


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name is missing"),
        ('name = "x"\npackages = [\n', "tiny.toml:2"),
        ('name = "x"\nname = "y"\n', "tiny.toml:2"),
        ('name = "x"\nfrom = "statik"\n', "did you mean static"),
        ('name = "x"\nfrom = "java11"\ndistribution = "debian13"\n', "made for debian11"),
        ('name = "x"\npackages = ["{pyton}-minimal"]\n', "unknown word {pyton}"),
        ('name = "x"\n[variants.debgu]\n', "debgu"),
        ('name = "x"\n[npm]\npackage = "y"\n', "version is missing"),
    ],
)
def test_recipe_mistakes(desk: Desk, text: str, said: str) -> None:
    desk.recipe.write_text(text)
    check(desk.build(), 3, said)


def test_a_recipe_that_is_no_text(desk: Desk) -> None:
    desk.recipe.write_bytes(b"\xff\xfe\0\1")
    check(desk.build(), 2, "cannot read the recipe", "tiny.toml")


# Mirrors.

Break = Callable[[Desk], object]

BROKEN: dict[str, tuple[Break, int, tuple[str, ...]]] = {
    "down": (lambda d: d.server.down(), 6, ("does not answer", "--mirror", "InRelease")),
    "silent": (lambda d: d.server.fail("*", "stall"), 6, ("timed out",)),
    "refusing": (lambda d: d.server.fail("*", "status", 503), 6, ("answers 503",)),
    "empty": (lambda d: d.server.fail("*", "status", 404), 6, ("answers 404",)),
    "of another suite": (lambda d: d.archive.another_suite(), 7, ("is for bookworm", "--mirror")),
    "stale": (lambda d: d.archive.expired(), 7, ("valid until", "--allow-expired")),
    "signed by another": (lambda d: d.archive.signed_by_another(), 7, ("--keyring",)),
    "unsigned": (lambda d: d.archive.unsigned(), 7, ("clear-signed",)),
    "altered": (lambda d: d.archive.altered_release(), 7, ("no good signature",)),
    "lying in an index": (lambda d: d.archive.tampered_index(), 8, ("stale or lying",)),
    "lying about a package": (lambda d: d.archive.swapped(d.hello), 8, ("hello_1.0-1", "sha256:")),
    "cutting a package": (lambda d: d.archive.truncated(d.hello), 8, ("hello_1.0-1", "instead of")),
    "growing a package": (lambda d: d.archive.grown(d.hello), 8, ("hello_1.0-1", "more than")),
    "endless": (lambda d: d.server.fail("*.deb", "endless"), 8, ("more than",)),
    "dropping a package": (lambda d: d.archive.dropped(d.hello), 6, ("hello_1.0-1", "404")),
    "silent half way": (lambda d: d.server.fail("*.deb", "stall", 99), 6, ("timed out",)),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_mirror_that_is(desk: Desk, name: str) -> None:
    attack, status, said = BROKEN[name]
    attack(desk)
    check(desk.build(), status, *said)
    if name == "down":
        desk.server = desk.archive.serve()
        with desk.server:
            desk.still_good()
    else:
        desk.still_good()


@pytest.mark.parametrize("name", BROKEN)
def test_a_good_mirror_beside_a_broken_one(desk: Desk, name: str) -> None:
    with desk.archive.copy() as good:
        BROKEN[name][0](desk)
        done = desk.cli(
            "build", desk.recipe, "--platform", "linux/amd64", "--keyring", desk.keyring,
            "--mirror", f"{desk.server.url}/debian", "--mirror", f"{good.url}/debian",
        )  # fmt: skip
    assert done.status == 0, done.err
    assert harm(desk.cli.home) == []


def test_no_mirror_at_all(desk: Desk) -> None:
    desk.cli.env["SEASLUG_MIRROR"] = ""
    (desk.folder / "no-config/seaslug").mkdir(parents=True)
    nobody = f"http://127.0.0.1:{closed_port()}/debian"
    (desk.folder / "no-config/seaslug/config.toml").write_text(f'mirrors = ["{nobody}"]\n')
    done = desk.cli("build", desk.recipe, "--platform", "linux/amd64")
    check(done, 6, "does not answer", nobody)


def test_an_older_release_than_seen_before(desk: Desk) -> None:
    assert desk.build().status == 0
    desk.archive.downgraded()
    check(desk.build("--refresh"), 7, "older than", "--allow-downgrade")
    assert desk.build("--refresh", "--allow-downgrade").status == 0
    desk.still_good()


def test_a_stale_mirror_is_taken_when_the_user_insists(desk: Desk) -> None:
    desk.archive.expired()
    assert desk.build("--allow-expired").status == 0


def test_offline_before_anything_is_known(desk: Desk) -> None:
    check(desk.build("--offline"), 6, "--offline forbids", "run it once without")
    desk.still_good()
    desk.server.down()
    assert desk.build("--offline").status == 0


def test_a_keyring_that_is_not_there_or_no_keyring(desk: Desk) -> None:
    desk.keyring = str(desk.folder / "nowhere")
    check(desk.build(), 7, "cannot read the certificates", "nowhere")
    Path(desk.keyring).write_text("no key")
    check(desk.build(), 7, "certificate")


def test_slow_mirrors_are_waited_for(desk: Desk) -> None:
    desk.server.fail("*.deb", "slow", 120)
    assert desk.build().status == 0


# Hostile packages: right digest, wrong contents.


def plain(*items: Item) -> MadeDeb:
    return deb("hello", items=[folder("./"), *items])


def bomb(size: int = 18 << 30) -> MadeDeb:
    """A package whose tar promises *size* bytes of zeros; unpacked they would fill the disk."""
    head = tarfile.TarInfo("./usr/zeros")
    head.size = size
    return deb("hello", data_tar=head.tobuf(tarfile.GNU_FORMAT) + bytes(64 << 20))


def cut(made: MadeDeb, size: int) -> MadeDeb:
    made.raw = made.raw[:size]
    return made


HOSTILE: dict[str, tuple[Callable[[], MadeDeb], str]] = {
    "parents": (lambda: plain(Item("./usr/../../etc/passwd", b"x")), "leads out of the root"),
    "absolute": (lambda: plain(Item("/etc/passwd", b"x")), "absolute"),
    "device": (lambda: plain(Item("./dev/sda", kind=tarfile.BLKTYPE)), "type"),
    "character device": (lambda: plain(Item("./dev/mem", kind=tarfile.CHRTYPE)), "type"),
    "pipe": (lambda: plain(Item("./run/pipe", kind=tarfile.FIFOTYPE)), "type"),
    "hard link to nothing": (lambda: plain(hard("./usr/a", "./usr/b")), "hard link"),
    "hard link outside": (lambda: plain(hard("./usr/a", "../../etc/shadow")), "leads out"),
    "link to nowhere": (lambda: plain(link("./usr/a", "")), "link"),
    "bomb": (bomb, "more than"),
    "cut in half": (lambda: cut(deb("hello", files={"a": "b" * 9999}), 200), "truncated"),
    "not a package": (lambda: cut(deb("hello"), 0), "empty"),
    "no tar": (lambda: deb("hello", data_tar=b"x" * 2048), "checksum"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_package(desk: Desk, name: str) -> None:
    make, said = HOSTILE[name]
    good = desk.archive.debs["trixie"]
    desk.archive.debs["trixie"] = [make()]
    desk.archive.publish()
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check(desk.build(), 9, said, "hello")
    assert time.monotonic() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 << 10  # KiB
    desk.archive.debs["trixie"] = good
    desk.still_good()
