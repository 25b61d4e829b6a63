"""``seaslug cp``: what images and containers hold, put where ``cp`` would put it."""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from seaslug.adapters import copyout
from seaslug.adapters.engines import containers
from seaslug.adapters.store import Store
from seaslug.errors import HostileError, UsageError
from seaslug.oci import images as known
from support.cli import Cli
from support.images import folder, image, layer, link, member
from support.real import need


def hard(path: str, target: str) -> Any:
    return member(path, kind=tarfile.LNKTYPE, link=target)


LAYERS = (
    layer(
        folder("etc", 0o750), member("etc/first", b"one", mode=0o640), member("etc/gone", b"gone"),
        folder("usr/lib/app"), member("usr/lib/app/main", b"main", mode=0o4755, uid=7),
        link("lib", "usr/lib"), link("usr/lib/up", "../../etc"), link("usr/lib/out", "/etc/first"),
        folder("srv/old"), member("srv/old/page", b"old"), folder("locked"),
        member("locked/in", b"in"),
    ),
    layer(
        member("etc/.wh.gone"), hard("etc/second", "etc/first"), member("etc/first", b"new"),
        hard("usr/lib/app/other", "usr/lib/app/main"), member("srv/.wh..wh..opq"),
        folder("srv/fresh"), member("bare/deep/file", b"deep"), folder("locked", 0o555),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    home = tmp_path_factory.mktemp("store")
    store = Store(home)
    store.tag("app:latest", known.image_at(store, image(store, LAYERS)).descriptor)
    # Engines take no hard link to a file of a lower layer.
    store.tag("one:latest", known.image_at(store, image(store, LAYERS[:1])).descriptor)
    return Cli(home)


@pytest.fixture(autouse=True)
def no_engines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "engine" not in request.keywords:
        monkeypatch.setattr(containers, "engines_with", lambda name: ())


def listed(place: Path) -> dict[str, str]:
    """Return each path below *place*, with its content, link, or ``/``."""
    found = {}
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        else:
            found[name] = "/" if path.is_dir() else path.read_text()
    return found


@pytest.mark.parametrize(
    ("source", "dest", "found"),
    [
        ("/etc/first", "here", {"here": "new"}), ("/etc/first", ".", {"first": "new"}),
        ("/etc", ".", {"etc": "/", "etc/first": "new", "etc/second": "one"}),
        ("/etc", "new", {"new": "/", "new/first": "new", "new/second": "one"}),
        ("/etc/.", "new", {"new": "/", "new/first": "new", "new/second": "one"}),
        ("/etc/.", ".", {"first": "new", "second": "one"}),
        ("/etc/second", ".", {"second": "one"}), ("/srv", ".", {"srv": "/", "srv/fresh": "/"}),
        ("/lib/app", ".", {"app": "/", "app/main": "main", "app/other": "main"}),
        ("/lib", ".", {"lib": "-> usr/lib"}), ("/lib/out", ".", {"out": "-> /etc/first"}),
        ("/lib/up/first", ".", {"first": "new"}), ("/bare", ".", {
            "bare": "/", "bare/deep": "/", "bare/deep/file": "deep",
        }),
        ("/lib/app/../up/second", ".", {"second": "one"}),
    ],
)  # fmt: skip
def test_where_things_go(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, dest: str,
    found: dict[str, str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = cli("cp", f"app:{source}", dest)
    assert done.status == 0, done.err
    assert listed(tmp_path) == found
    assert Path(done.out.strip()).exists() or Path(done.out.strip()).is_symlink()


def test_links_are_followed_when_asked(cli: Cli, tmp_path: Path) -> None:
    assert cli("cp", "-L", "app:/lib/out", tmp_path / "file").status == 0
    assert cli("cp", "-L", "app:/lib/up", tmp_path / "up").status == 0
    assert listed(tmp_path) == {"file": "new", "up": "/", "up/first": "new", "up/second": "one"}


def test_modes_and_times_are_kept_and_setuid_is_not(cli: Cli, tmp_path: Path) -> None:
    assert cli("cp", "app:/usr/lib/app", tmp_path / "app").status == 0
    assert cli("cp", "app:/etc", tmp_path / "etc").status == 0
    assert cli("cp", "app:/locked", tmp_path / "locked").status == 0
    main = (tmp_path / "app/main").stat()
    assert (stat.S_IMODE(main.st_mode), main.st_uid, main.st_mtime) == (0o755, os.geteuid(), 0)
    assert main.st_ino == (tmp_path / "app/other").stat().st_ino
    assert stat.S_IMODE((tmp_path / "etc").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "locked").stat().st_mode) == 0o555
    assert (tmp_path / "locked").stat().st_mtime == 0
    if os.geteuid() == 0:
        assert cli("cp", "--owners", "app:/usr/lib/app/main", tmp_path / "own").status == 0
        own = (tmp_path / "own").stat()
        assert (stat.S_IMODE(own.st_mode), own.st_uid) == (0o4755, 7)


def test_what_is_there_is_merged_and_replaced(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/mine").write_text("mine")
    (tmp_path / "etc/first").write_text("old")
    assert cli("cp", "app:/etc", tmp_path).status == 0
    assert listed(tmp_path / "etc") == {"first": "new", "mine": "mine", "second": "one"}


def test_no_link_below_dest_is_followed(cli: Cli, tmp_path: Path) -> None:
    outside, dest = tmp_path / "outside", tmp_path / "dest"
    outside.mkdir()
    (dest / "etc").mkdir(parents=True)
    (outside / "first").write_text("safe")
    (dest / "etc/first").symlink_to(outside / "first")
    (dest / "usr").symlink_to(outside)
    assert cli("cp", "app:/etc", dest).status == 0
    assert (outside / "first").read_text() == "safe"
    assert not (dest / "etc/first").is_symlink()
    done = cli("cp", "app:/usr", dest)
    assert done.status == 2 and f"{dest}/usr: what is no folder is in the way" in done.error
    assert listed(outside) == {"first": "safe"}


@pytest.mark.parametrize(
    ("source", "dest", "said"),
    [
        ("app:/etc", "file", "what is no folder is in the way of one"),
        ("app:/etc/first", "folder", "a folder is in the way of a file"),
        ("app:/etc/first", "none/", "no such folder"), ("app:/etc", "no/ne", "mkdir -p"),
        ("app:/etc/frist", ".", "did you mean /etc/first"), ("app:/etc/gone", ".", "unknown path"),
        ("app:/etc/..", ".", "must end in a name"), ("app:/etc/first/.", ".", "not a folder"),
        ("app", ".", "no path in 'app'"), ("docker://app/x", ".", "no path in"),
        ("apq:/etc", ".", "unknown image 'apq'"), ("container:apq:/etc", ".", "unknown container"),
        (":/etc", ".", "no path in"),
    ],
)  # fmt: skip
def test_what_cannot_be_copied(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, dest: str, said: str
) -> None:
    monkeypatch.setattr(containers, "names", lambda: ())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder/first").mkdir(parents=True)
    done = cli("cp", source, dest)
    assert (done.status, done.out) == (2, "") and said in done.error
    assert listed(tmp_path) == {"file": "kept", "folder": "/", "folder/first": "/"}


def tar(*members: Any) -> list[bytes]:
    return [layer(*members)]


@pytest.mark.parametrize(
    "members",
    [
        [folder("x"), member("x/../../out", b"!")], [folder("x"), member("/tmp/out", b"!")],
        [folder("x"), link("x/up", ".."), hard("x/h", "x/up/../../../etc/passwd")],
        [folder("x"), member("x/dev", kind=tarfile.CHRTYPE)], [folder("x"), hard("x/h", "x/none")],
    ],
)  # fmt: skip
def test_a_hostile_tar_leaves_nothing(tmp_path: Path, members: Any) -> None:
    dest = tmp_path / "in" / "dest"
    dest.mkdir(parents=True)
    with pytest.raises(HostileError):
        copyout.put(tar(*members), "x", str(dest), owners=False)
    assert listed(tmp_path) == {"in": "/", "in/dest": "/"}


def test_a_link_in_a_tar_is_not_written_through(tmp_path: Path) -> None:
    outside, dest = tmp_path / "outside", tmp_path / "dest"
    outside.mkdir()
    dest.mkdir()
    members = (folder("x"), link("x/out", str(outside)), member("x/out/file", b"!"))
    with pytest.raises(HostileError, match="2 things"):
        copyout.put(tar(*members), "x", str(dest), owners=False)
    assert listed(outside) == listed(dest) == {}


def test_a_name_like_a_whiteout_is_a_name_in_a_container(tmp_path: Path) -> None:
    members = (folder("x"), member("x/a", b"a"), member("x/.wh.a", b"w"))
    copyout.put(tar(*members), "x", str(tmp_path), owners=False)
    assert listed(tmp_path / "x") == {".wh.a": "w", "a": "a"}


def test_a_cut_stream_leaves_nothing(tmp_path: Path) -> None:
    data = layer(folder("x"), member("x/a", b"a" * 9000))
    with pytest.raises(HostileError, match="too early"):
        copyout.put([data[:4000]], "x", str(tmp_path), owners=False)
    assert listed(tmp_path) == {}
    with pytest.raises(UsageError, match="no such folder"):
        copyout.put([data], "x", str(tmp_path / "none" / "x"), owners=False)


def test_a_tar_on_stdout(cli: Cli) -> None:
    done = cli("cp", "app:/usr/lib/app", "-")
    with tarfile.open(fileobj=BytesIO(done.raw)) as found:
        assert sorted(found.getnames()) == ["app", "app/main", "app/other"]
        assert found.getmember("app/main").uid == 7


def test_a_name_that_is_both_must_be_told_apart(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "engines_with", lambda name: ("docker",))
    done = cli("cp", "app:/etc", tmp_path)
    assert done.status == 2 and "write container:app:/PATH for the container" in done.error
    assert listed(tmp_path) == {}


@pytest.fixture(params=["docker", "podman"])
def container(request: pytest.FixtureRequest, cli: Cli, tmp_path: Path) -> Iterator[list[str]]:
    """The engine's command, and the name of a container of our image, which was never started."""
    engine = need(request.param)
    name = f"seaslug-test-{secrets.token_hex(4)}"
    kind = "docker-daemon" if request.param == "docker" else "podman"
    assert cli("copy", "one", f"{kind}:localhost/{name}:latest").status == 0
    told = {"capture_output": True, "check": True, "text": True}
    subprocess.run([engine, "create", "--name", name, f"localhost/{name}", "/x"], **told)  # type: ignore[call-overload]
    yield [engine, name]
    subprocess.run([engine, "rm", "-f", name], **told)  # type: ignore[call-overload]
    subprocess.run([engine, "rmi", "-f", f"localhost/{name}"], **told)  # type: ignore[call-overload]


@pytest.mark.engine
def test_as_the_engines_own_cp(cli: Cli, container: list[str], tmp_path: Path) -> None:
    engine, name = container
    for at, path in enumerate(("/usr", "/lib", "/srv/.")):
        ours, theirs, of_image = (tmp_path / f"{who}{at}" for who in ("ours", "theirs", "image"))
        for dest in (ours, theirs, of_image):
            dest.mkdir()
        done = cli("cp", f"{name}:{path}", ours)
        assert done.status == 0, done.err
        subprocess.run([engine, "cp", f"{name}:{path}", str(theirs)], check=True)
        assert listed(ours) == listed(theirs)
        # podman follows a link that is named, whatever it is told.
        follow = ["-L"] if engine.endswith("podman") else []
        assert cli("cp", *follow, f"one:{path}", of_image).status == 0
        assert listed(ours) == listed(of_image)
    done = cli("cp", f"container:{name}:/none", tmp_path)
    assert done.status != 0 and "Traceback" not in done.err
