"""One contract for whatever starts an image: Docker, podman, bubblewrap, our own launcher.

The image is made here, of the machine's static busybox and layers written by
tarfile; no registry is asked for anything.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters import runners
from seaslug.adapters.launch import Launched
from seaslug.errors import EngineError, RunTimeoutError, SeaslugError, UnknownNameError
from seaslug.ports import Runner, Running, RunSpec
from seaslug.values.digest import Digest
from support.images import BlobDir, folder, image, layer, link, member
from support.real import missing, need

PASSWD = b"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:n:/home/nonroot:/no\n"
GROUP = b"root:x:0:\nnonroot:x:65532:\nstaff:x:50:\n"


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> BlobDir:
    return BlobDir(tmp_path_factory.mktemp("blobs"))


@pytest.fixture(scope="session")
def manifest(store: BlobDir) -> Digest:
    return image(store, toybox_layers(), CONFIG)


@pytest.fixture(scope="session", params=runners.NAMES)
def runner(request: pytest.FixtureRequest, store: BlobDir) -> Iterator[Runner]:
    made = runners.make(store, request.param)  # type: ignore[arg-type]
    if reason := made.why_not():
        missing(f"{request.param} cannot be used: {reason}")
    yield made
    made.close()


CONFIG = {
    "Env": ["PATH=/bin:/usr/bin", "FROM_IMAGE=yes"],
    "Entrypoint": ["/bin/sh", "-c"],
    "Cmd": ["echo from the image"],
    "User": "nonroot",
    "WorkingDir": "/home/nonroot",
}


def toybox_layers() -> list[bytes]:
    """A root in two layers: the second replaces a file and whites another one out."""
    busybox = Path(need("busybox")).resolve().read_bytes()
    applets = ("sh", "id", "cat", "echo", "touch", "sleep", "env", "pwd", "ls", "grep", "httpd")
    first = layer(
        folder("bin"),
        member("bin/busybox", busybox, mode=0o755),
        *(link(f"bin/{name}", "busybox") for name in applets),
        folder("etc"),
        member("etc/passwd", PASSWD),
        member("etc/group", GROUP),
        member("etc/version", b"one\n"),
        member("etc/gone", b"still here\n"),
        folder("home"),
        folder("home/nonroot", 0o700, 65532),
        folder("tmp", 0o1777),
        member("bin/orphan", b"#!/no/such/interpreter\n", mode=0o755),
        member("bin/notes", b"not a program\n", mode=0o644),
        member("etc/secret", b"for root\n", mode=0o600),
    )
    second = layer(member("etc/version", b"two\n"), member("etc/.wh.gone"))
    return [first, second]


def sh(script: str, **spec: object) -> RunSpec:
    return RunSpec(argv=("/bin/sh", "-c", script), **spec)  # type: ignore[arg-type]


def test_status_and_streams_are_kept_apart(runner: Runner, manifest: Digest) -> None:
    result = runner.run(manifest, sh("echo out; echo err >&2; exit 3"))
    assert (result.status, result.stdout, result.stderr) == (3, b"out\n", b"err\n")


def test_a_signal_is_128_more(runner: Runner, manifest: Digest) -> None:
    # A child of the first process: the first one itself is immune to its own signals.
    assert runner.run(manifest, sh("sh -c 'kill -9 $$'; exit $?")).status == 137


def test_the_image_says_what_to_run_as_whom(runner: Runner, manifest: Digest) -> None:
    result = runner.run(manifest, RunSpec())
    assert result.stdout == b"from the image\n"
    args = runner.run(manifest, RunSpec(args=("id -u; id -g; pwd; echo $HOME $FROM_IMAGE",)))
    assert args.stdout.split() == [b"65532", b"65532", b"/home/nonroot", b"/home/nonroot", b"yes"]


@pytest.mark.parametrize(
    ("user", "ids"), [("0", "0 0"), ("65532:65532", "65532 65532"), ("1000:50", "1000 50")]
)
def test_user(runner: Runner, manifest: Digest, user: str, ids: str) -> None:
    result = runner.run(manifest, sh("echo $(id -u) $(id -g)", user=user))
    assert result.stdout.decode().strip() == ids, result.stderr


def test_no_capabilities_and_no_new_privileges(runner: Runner, manifest: Digest) -> None:
    for user in ("0", "65532"):
        status = runner.run(manifest, sh("cat /proc/self/status", user=user)).stdout.decode()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert fields["CapEff"].strip("0") == "", user
        assert fields["CapBnd"].strip("0") == "" or runner.name == "bwrap"
        assert fields["NoNewPrivs"] == "1"


def test_root_is_read_only_and_tmp_is_not(runner: Runner, manifest: Digest) -> None:
    script = "touch /tmp/a && echo tmp; touch /home/nonroot/a || echo refused; cat /proc/mounts"
    result = runner.run(manifest, sh(script))
    assert result.stdout.startswith(b"tmp\nrefused\n")
    assert b"Read-only file system" in result.stderr


def test_a_writable_root_is_not_shared_between_runs(runner: Runner, manifest: Digest) -> None:
    writes = sh("echo mine > /home/nonroot/a && cat /home/nonroot/a", read_only=False)
    assert runner.run(manifest, writes).stdout == b"mine\n"
    assert runner.run(manifest, sh("ls /home/nonroot")).stdout == b""


def test_layers_are_laid_over_each_other(runner: Runner, manifest: Digest) -> None:
    result = runner.run(manifest, sh("cat /etc/version; ls /etc"))
    assert result.stdout.startswith(b"two\n")
    assert b"gone" not in result.stdout


def test_environment_and_working_directory(runner: Runner, manifest: Digest) -> None:
    spec = sh('echo "$A|$FROM_IMAGE"; pwd', env=(("A", "b c=d"),), workdir="/etc")
    assert runner.run(manifest, spec).stdout == b"b c=d|yes\n/etc\n"


def test_nothing_of_this_machine_shows_through(runner: Runner, manifest: Digest) -> None:
    os.environ["SEASLUG_SECRET_OF_THE_HOST"] = "1"
    try:
        result = runner.run(manifest, sh("env; ls /proc; ls /"))
    finally:
        del os.environ["SEASLUG_SECRET_OF_THE_HOST"]
    words = result.stdout.decode().split()
    assert not any("SEASLUG_SECRET" in word for word in words)
    assert str(os.getpid()) not in words or os.getpid() < 10
    assert "1" in words


def test_without_network_there_is_only_the_loopback(runner: Runner, manifest: Digest) -> None:
    result = runner.run(manifest, sh("grep : /proc/net/dev"))
    names = {line.split(":")[0].strip() for line in result.stdout.decode().splitlines()}
    assert "lo" in names
    assert "eth0" not in names


def test_standard_input(runner: Runner, manifest: Digest) -> None:
    assert runner.run(manifest, sh("cat", stdin=b"fed in\n")).stdout == b"fed in\n"
    assert runner.run(manifest, sh("cat")).stdout == b""


def test_files_are_mounted_read_only(runner: Runner, manifest: Digest, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("from here\n")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "inner").write_text("inner\n")
    mounts = ((str(tmp_path / "data"), "/check/data"), (str(tmp_path / "dir"), "/folder"))
    script = "cat /check/data /folder/inner; echo x > /check/data || echo refused"
    result = runner.run(manifest, sh(script, mounts=mounts, user="0"))
    assert result.stdout == b"from here\ninner\nrefused\n"
    assert (tmp_path / "data").read_text() == "from here\n"


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (("/no/such/program",), 127),
        (("nothing-in-path",), 127),
        (("/bin/notes",), 126),
        (("/etc",), 126),
    ],
)
def test_a_program_that_is_not_there(
    runner: Runner, manifest: Digest, argv: tuple[str, ...], status: int
) -> None:
    result = runner.run(manifest, RunSpec(argv=argv))
    assert result.status == status, result
    assert argv[0].encode() in result.stderr


def test_a_script_whose_interpreter_is_missing(runner: Runner, manifest: Digest) -> None:
    result = runner.run(manifest, RunSpec(argv=("/bin/orphan",)))
    assert result.status != 0
    assert b"no such file or directory" in result.stderr.lower()


@pytest.mark.parametrize("status", [125, 126, 127])
def test_a_program_may_end_with_the_statuses_of_engines(
    runner: Runner, manifest: Digest, status: int
) -> None:
    result = runner.run(manifest, sh(f"echo mine; exit {status}"))
    assert (result.status, result.stdout) == (status, b"mine\n")


def test_time_out_ends_every_process(runner: Runner, manifest: Digest) -> None:
    begun = time.monotonic()
    seconds = f"4711.{os.getpid()}"  # no other test, in no other process, sleeps as long
    with pytest.raises(RunTimeoutError) as caught:
        runner.run(manifest, sh(f"echo begun; sleep {seconds} & sleep {seconds}", timeout=1.5))
    assert caught.value.stdout == b"begun\n"
    assert time.monotonic() - begun < 20
    assert not processes_with(seconds)


def test_a_server_is_reached_and_stopped(runner: Runner, manifest: Digest, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # real users are not root: they must be let in
    (tmp_path / "hello.txt").write_text("hello from inside\n")
    # Taken on this machine, free in the container: the two have nothing to do with each other.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        spec = RunSpec(
            argv=("/bin/httpd", "-f", "-p", str(port), "-h", "/www"),
            port=port,
            mounts=((str(tmp_path), "/www"),),
        )
        running = runner.start(manifest, spec)
        try:
            host, reached = running.address
            assert (host, reached) != ("127.0.0.1", port)
            assert fetch(f"http://{host}:{reached}/hello.txt") == b"hello from inside\n"
        finally:
            running.stop()
    running.stop()
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://{host}:{reached}/hello.txt", timeout=2)


def test_a_program_that_ends_by_itself_can_be_asked_for_its_result(
    runner: Runner, manifest: Digest
) -> None:
    running = runner.start(manifest, sh("echo once; exit 5"))
    until_said(running, "once")
    time.sleep(0.3)
    result = running.stop()
    assert (result.status, result.stdout) == (5, b"once\n")


def test_stop_asks_politely_first(runner: Runner, manifest: Digest) -> None:
    running = runner.start(
        manifest, sh("trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    )
    until_said(running, "ready")
    result = running.stop()
    assert (result.status, result.stdout) == (7, b"ready\nasked\n")


def test_a_second_program_runs_beside_the_first(runner: Runner, manifest: Digest) -> None:
    first = sh(
        "echo mine > /tmp/here; echo ready; sleep 60; true", env=(("A", "b"),), user="1000:50"
    )
    running = runner.start(manifest, first)
    try:
        until_said(running, "ready")
        script = "cat /tmp/here; echo $A $(id -u) $(id -g); pwd; touch /x; sh -c 'kill -9 $$'"
        done = running.exec(("/bin/sh", "-c", script))
        assert done.stdout.decode() == "mine\nb 1000 50\n/home/nonroot\n", done
        assert (done.status, b"Read-only" in done.stderr) == (137, True)
        names = running.exec(("cat", "/proc/1/cmdline")).stdout.split(b"\0")
        assert names[:2] == [b"/bin/sh", b"-c"]  # the first one's processes are seen
        rights = running.exec(("grep", "-E", "CapEff|NoNewPrivs", "/proc/self/status"))
        assert [line.split()[1].strip(b"0") for line in rights.stdout.splitlines()] == [b"", b"1"]
    finally:
        running.stop(0)


def test_a_second_program_reaches_the_ports_of_the_first(
    runner: Runner, manifest: Digest, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "hello.txt").write_text("hello\n")
    argv = ("/bin/httpd", "-f", "-p", "8080", "-h", "/www")
    for port in (8080, 0):
        running = runner.start(
            manifest, RunSpec(argv, port=port, mounts=((str(tmp_path), "/www"),))
        )
        try:
            asked = ("/bin/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/hello.txt")
            end = time.monotonic() + 15
            while (done := running.exec(asked)).status and time.monotonic() < end:
                time.sleep(0.05)
            assert done.stdout == b"hello\n", done
        finally:
            running.stop(0)


def test_a_second_program_may_be_missing_or_late_or_too_late(
    runner: Runner, manifest: Digest
) -> None:
    running = runner.start(manifest, sh("echo ready; sleep 60"))
    try:
        assert running.exec(("/no/such",)).status == 127
        assert running.exec(("/bin/notes",)).status == 126
        with pytest.raises(RunTimeoutError) as caught:
            running.exec(("/bin/sh", "-c", "echo begun; sleep 30"), timeout=1.5)
        assert caught.value.stdout == b"begun\n"
    finally:
        running.stop(0)
    with pytest.raises(EngineError):
        running.exec(("/bin/echo", "x"))
    over = runner.start(manifest, sh("exit 0"))
    end = time.monotonic() + 15
    while not over.ended() and time.monotonic() < end:
        time.sleep(0.05)
    with pytest.raises(EngineError):
        over.exec(("/bin/echo", "x"))
    over.stop()


def test_endless_output_does_not_fill_the_memory(runner: Runner, manifest: Digest) -> None:
    from seaslug.adapters.process import OUTPUT_LIMIT

    script = f"cat /dev/zero | busybox head -c {OUTPUT_LIMIT + (8 << 20)}; echo end >&2"
    result = runner.run(manifest, sh(script, timeout=120))
    assert len(result.stdout) == OUTPUT_LIMIT
    assert result.stderr == b"end\n"


@pytest.mark.parametrize("packing", ["none", "zstd"])
def test_every_compression_of_layers(runner: Runner, store: BlobDir, packing: str) -> None:
    manifest = image(store, toybox_layers(), CONFIG, packing=packing)
    assert runner.run(manifest, sh("cat /etc/version")).stdout == b"two\n"


def test_neither_image_nor_spec_says_what_to_start(runner: Runner, store: BlobDir) -> None:
    bare = image(store, [layer(folder("etc"))])
    with pytest.raises(EngineError, match="no entrypoint"):
        runner.run(bare, RunSpec())


def test_a_shell_less_image_has_no_shell_to_start(runner: Runner, store: BlobDir) -> None:
    bare = image(store, [layer(folder("etc"), member("etc/passwd", PASSWD))])
    assert runner.run(bare, sh("true")).status == 127


def test_an_index_or_garbage_is_refused(runner: Runner, store: BlobDir) -> None:
    index = store.put([json.dumps({"manifests": []}).encode()]).digest
    with pytest.raises(EngineError, match="several platforms"):
        runner.run(index, RunSpec())
    with pytest.raises(EngineError, match="not JSON"):
        runner.run(store.put([b"\x00garbage"]).digest, RunSpec())
    with pytest.raises(SeaslugError):
        runner.run(Digest.of(b"absent"), RunSpec())


def test_close_leaves_no_trace(
    runner: Runner,
    store: BlobDir,
    manifest: Digest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # Other tests have containers at the same time: these are the names of ours.
    tokens: list[str] = []
    real = secrets.token_hex

    def token_hex(size: int) -> str:
        tokens.append(real(size))
        return tokens[-1]

    monkeypatch.setattr("secrets.token_hex", token_hex)
    before = Path("/proc/self/mounts").read_text()
    other = runners.make(store, runner.name)  # type: ignore[arg-type]
    assert other.run(manifest, sh("true")).status == 0
    assert other.run(manifest, sh("true", read_only=False)).status == 0
    with pytest.raises(RunTimeoutError):
        other.run(manifest, sh("sleep 60", timeout=1))
    other.close()
    assert list(tmp_path.iterdir()) == []
    mounts = Path("/proc/self/mounts").read_text()
    assert "seaslug" not in mounts or mounts == before
    if runner.name in ("docker", "podman"):
        listed = [need(runner.name), "ps", "-a", "--format", "{{.Names}}"]
        names = subprocess.run(listed, capture_output=True, text=True).stdout
        assert len(tokens) >= 3 and not any(token in names for token in tokens)


@pytest.mark.parametrize("name", ["bwrap", "unshare"])
def test_everything_ends_with_seaslug(store: BlobDir, manifest: Digest, name: str) -> None:
    made = runners.make(store, name)  # type: ignore[arg-type]
    if reason := made.why_not():
        missing(f"{name} cannot be used: {reason}")
    code = f"""
import sys, os
sys.path[:0] = {[str(Path(__file__).parents[1])]!r}
from pathlib import Path
from support.images import BlobDir
from seaslug.adapters import runners
from seaslug.adapters.launch import Launched
from seaslug.ports import RunSpec
from seaslug.values.digest import Digest
runner = runners.make(BlobDir(Path({str(store.root)!r})), {name!r})
runner.start(Digest({manifest.text!r}), RunSpec(argv=("/bin/sleep", "4712")))
print("started", flush=True)
os.kill(os.getpid(), 9)
"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert child.stdout == "started\n", child.stderr
    deadline = time.monotonic() + 10
    while processes_with("4712") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes_with("4712")


@pytest.mark.parametrize("name", ["bwrap", "unshare"])
def test_an_unprivileged_user_can_do_it_too(
    store: BlobDir, manifest: Digest, name: str, everyones: Path
) -> None:
    made = runners.make(store, name)  # type: ignore[arg-type]
    if reason := made.why_not():
        missing(f"{name} cannot be used: {reason}")
    code = f"""
import os, sys
sys.path[:0] = ["src", "."]
from pathlib import Path
from support.images import BlobDir
from seaslug.adapters import runners
from seaslug.adapters.launch import Launched
from seaslug.ports import RunSpec
from seaslug.values.digest import Digest
runner = runners.make(BlobDir(Path("blobs")), {name!r})
print(repr(runner.why_not()))
script = "echo $(id -u) $(id -g); cat /etc/secret; touch /x; touch /tmp/y && echo tmp"
for user in ("0", "65532", "1000:50"):
    argv = ("/bin/sh", "-c", script)
    result = runner.run(Digest({manifest.text!r}), RunSpec(argv=argv, user=user))
    sys.stdout.write(result.stdout.decode())
    sys.stderr.write(result.stderr.decode())
spec = RunSpec(argv=("/bin/sleep", "60"), user="1000:50", port=80)
running = runner.start(Digest({manifest.text!r}), spec)
done = running.exec(("/bin/sh", "-c", script))
sys.stdout.write(done.stdout.decode())
sys.stderr.write(done.stderr.decode())
running.stop(0)
runner.close()
"""
    child = subprocess.run(
        [need("/usr/bin/python3"), "-c", code],
        **({"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}),
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(everyones / "tmp")},
        cwd=everyones,
    )
    lines = child.stdout.splitlines()
    assert lines[:1] == ["''"], child.stderr
    expected = [f"{ids}|for root|tmp" for ids in ("0 0", "65532 65532", "1000 50", "1000 50")]
    assert ["|".join(lines[at : at + 3]) for at in (1, 4, 7, 10)] == expected, child.stderr
    assert list((everyones / "tmp").iterdir()) == []


@pytest.fixture
def everyones(store: BlobDir, manifest: Digest) -> Iterator[Path]:
    """A directory with seaslug, the helpers and the blobs that every user may read."""
    import seaslug

    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        root = Path(made)
        root.chmod(0o755)
        shutil.copytree(Path(seaslug.__file__).parent, root / "src" / "seaslug")
        shutil.copytree(Path(__file__).parents[1] / "support", root / "support")
        shutil.copytree(store.root, root / "blobs")
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        for path in root.rglob("*"):
            if path.name != "tmp":
                path.chmod(0o755)
        yield root


def test_pick_says_why_nothing_works(store: BlobDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineError, match="docker is not installed"):
        runners.pick(store, "docker")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="podmann"):
        runners.pick(store, "podmann")  # type: ignore[arg-type]


def until_said(running: Running, word: str) -> None:
    deadline = time.monotonic() + 15
    while word not in running.logs() and time.monotonic() < deadline:
        time.sleep(0.05)


def processes_with(word: str) -> list[str]:
    """Return the command lines of processes that have *word* as an argument."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if word.encode() in words and b"run" not in words:
            found.append(b" ".join(words).decode())
    return found


def fetch(url: str, timeout: float = 15) -> bytes:
    end = time.monotonic() + timeout
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def test_a_command_has_the_status_to_itself() -> None:
    """bwrap reports in pieces: a line of ours between two of them would spoil its own."""
    code = (
        "import os, sys, time\n"
        "for piece in (b'{ \"child-pid\"', b': %d' % os.getpid(), b' }\\n'):\n"
        "    os.write(int(sys.argv[1]), piece)\n"
        "    time.sleep(0.1)\n"
        "sys.exit(3)"
    )
    plan = {
        "mode": "command", "argv": [sys.executable, "-c", code, "@STATUS"], "port": 0,
        "network": True, "uid": os.geteuid(), "gid": os.getegid(), "real": False,
    }  # fmt: skip
    launched = Launched(plan)
    assert launched.wait(20).status == 3
    assert set(launched._words) == {"pid", "child-pid", "exit"}
