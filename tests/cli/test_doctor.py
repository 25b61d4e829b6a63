"""seaslug doctor: verdict and findings, statuses, messages, other ways to start, other places."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from rules.broken import DYNAMIC, GLIBC, RUN, STATIC
from rules.making import File
from support.archive import ArchiveSimulator
from support.binaries import LOADER, elf
from support.cli import Cli
from support.debs import deb
from support.failing import archive


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home", "-q")


def saved(folder: Path, name: str, files: dict[str, object], config: object = RUN) -> str:
    path = folder / f"{name}.tar"
    path.write_bytes(archive(f"{name}:1", [files], config))  # type: ignore[list-item,arg-type]
    return f"docker-archive:{path}"


def test_what_does_not_start(cli: Cli, tmp_path: Path) -> None:
    place = saved(tmp_path, "app", {"app": DYNAMIC})
    done = cli("doctor", place)
    assert (done.status, done.err) == (15, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"{place}: does not start: /app: its dynamic loader")
    assert lines[2] == "fatal  IMG004  /app"
    assert lines[4] == "  prints  exec /app: no such file or directory   (status 1)"
    assert lines[5].startswith("  fix     seaslug build base-nossl")
    found = cli("doctor", place, "--json").json
    assert not found["starts"]
    assert found["findings"][0]["rule"] == "IMG004" and found["findings"][0]["status"] == 1


def test_what_is_well(cli: Cli, tmp_path: Path) -> None:
    files = {"app": File(DYNAMIC.data, 0o755), "tmp/x": b"", **GLIBC}
    done = cli("doctor", saved(tmp_path, "app", files))
    assert done.status == 0 and "nothing keeps it from starting" in done.out


def test_another_way_to_start(cli: Cli, tmp_path: Path) -> None:
    place = saved(tmp_path, "app", {"app": File(STATIC.data, 0o700)})
    assert cli("doctor", place).status == 0
    assert "IMG011" in cli("doctor", place, "--user", "65532").out
    assert "IMG011" not in cli("doctor", place, "--cap-drop", "all").out
    assert "the root is read-only" in cli("doctor", place, "--read-only").out
    shell = saved(tmp_path, "shell", {"app": STATIC}, {"Cmd": ["/app"]})
    assert "there is no file /bin/nothing" in cli("doctor", shell, "--", "/bin/nothing").out


def test_a_message_with_an_image(cli: Cli, tmp_path: Path) -> None:
    place = saved(tmp_path, "app", {"app": DYNAMIC})
    done = cli("doctor", place, "--error", "exec /app: no such file or directory")
    assert done.status == 15
    assert "  certain   IMG004  /app: its dynamic loader" in done.out
    row = cli("doctor", place, "--json", "--error", "exec /app: no such file or directory").json
    assert row["messages"][0]["causes"][0]["sure"] == "certain"
    assert "IMG004" in cli("doctor", place, "--error", "hello").out


def test_a_message_alone(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x\nexec /app: exec format error\n"))
    done = cli("doctor", "--error", "-")
    assert done.status == 0
    assert "exec /app: exec format error" in done.out and "  look    " in done.out
    assert cli("doctor", "--error", "hello").out == "no message in it is known\n"


def test_a_program_on_a_base(cli: Cli, tmp_path: Path) -> None:
    program = tmp_path / "server"
    program.write_bytes(DYNAMIC.data)  # type: ignore[arg-type]
    bare, full = saved(tmp_path, "bare", {"etc/x": b""}), saved(tmp_path, "full", dict(GLIBC))
    assert "IMG011" in cli("doctor", program, "--on", full).out
    program.chmod(0o755)
    done = cli("doctor", program, "--on", bare)
    assert done.status == 15
    assert done.out.startswith(f"{program} on {bare}: does not start: /app/server: its dynamic")
    assert cli("doctor", program, "--on", full).status == 0


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        ((), 2, "no image is named"), (("--on", "x"), 2, "no image is named"),
        (("nothing-here",), 2, "unknown"),
        (("docker-archive:/nothing/here",), 10, "cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged(cli: Cli, args: tuple[str, ...], status: int, said: str) -> None:
    done = cli("doctor", *args)
    assert said in done.err and done.out == "" and "Traceback" not in done.err
    assert done.status == status


def test_a_file_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    done = cli("doctor", tmp_path / "none", "--on", saved(tmp_path, "b", {"etc/x": b""}))
    assert done.status == 13 and "cannot be read" in done.err


def test_packages_as_the_archive_has_them(tmp_path: Path) -> None:
    """Only --online asks; what it fetched is used from then on."""
    archive = ArchiveSimulator()
    archive.add(deb("libodd", files={"usr/lib/x86_64-linux-gnu/libq.so.1": b"q"}))
    archive.add(deb("tool-base", files={"usr/bin/tool": b"t"}))
    archive.contents = True
    archive.publish()
    release = {"etc/os-release": 'ID=debian\nVERSION_ID="13"\n'}
    needy = File(elf(kind=2, interpreter=LOADER, needed=["libq.so.1", "libc.so.6"]), 0o755)
    library = saved(tmp_path, "library", {"app": needy, **GLIBC, **release})
    script = saved(tmp_path, "script", {"app": File("#!/usr/bin/tool\n", 0o755), **release})
    program = saved(tmp_path, "program", release, {"Entrypoint": ["tool"]})
    cli = Cli(tmp_path / "home", "-q")
    with archive.serve() as server:
        options = (
            "--mirror",
            f"{server.url}/debian",
            "--security-mirror",
            f"{server.url}/debian-security",
            "--keyring",
            str(archive.keyring(tmp_path)),
        )

        def fix(place: str, *more: str) -> str:
            found = cli("doctor", place, "--json", *options, *more).json["findings"]
            return str(found[0]["fix"])

        assert "--with libq1   # by its name alone; to be sure: seaslug doctor --online" in fix(
            library
        )
        assert "COPY --from=build /usr/bin/tool" in fix(script) and not server.paths()
        assert "--with libodd; or COPY --from=build" in fix(library, "--online")
        count = len(server.paths())
        assert "--with libodd; or COPY --from=build" in fix(library)
        assert fix(script).startswith("seaslug build base-debian13 --with tool-base; or COPY")
        assert fix(program).startswith("seaslug build base-debian13 --with tool-base; or COPY tool")
        assert len(server.paths()) == count
