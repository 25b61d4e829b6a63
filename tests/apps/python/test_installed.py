"""What installers leave, as it goes into the image: the same from uv and pip, on any machine."""

from __future__ import annotations

import pytest

from seaslug.apps.model import TIME
from seaslug.apps.python import installed
from seaslug.errors import ProjectError
from seaslug.values.tree import Entry, Tree, directory, file
from support.pythons import ARM64, target, wheel_files

PACKAGES = "usr/local/lib/python3.13/dist-packages"


def made(files: dict[str, bytes], **places: object) -> Tree:
    tree = Tree(file(path, data, mtime=5, uid=1000) for path, data in files.items())
    return Tree(installed.entries(tree, target(**places)))  # type: ignore[arg-type]


def text(tree: Tree, path: str) -> str:
    entry = tree.get(path)
    assert entry is not None, path
    return entry.read().decode()


def test_places_and_what_is_left_out() -> None:
    found = made({**wheel_files("my-lib"), ".lock": b""})
    assert [entry.path for entry in found] == [
        f"{PACKAGES}/my_lib-1.0.dist-info/METADATA",
        f"{PACKAGES}/my_lib-1.0.dist-info/RECORD",
        f"{PACKAGES}/my_lib-1.0.dist-info/WHEEL",
        f"{PACKAGES}/my_lib/__init__.py",
    ]
    assert {(e.uid, e.gid, e.mtime) for e in found} == {(0, 0, TIME)}
    assert installed.names(found, target()) == {"my-lib"}


def test_the_record_lists_what_is_there() -> None:
    record = text(made(wheel_files("a")), f"{PACKAGES}/a-1.0.dist-info/RECORD")
    assert [line.partition(",")[0] for line in record.splitlines()] == ["a/__init__.py"]
    shuffled = wheel_files("a")
    path = "a-1.0.dist-info/RECORD"
    shuffled[path] = b"".join(reversed(shuffled[path].splitlines(keepends=True)))
    assert made(shuffled) == made(wheel_files("a"))


def test_scripts_are_for_the_images_interpreter() -> None:
    scripts = {"run": "pkg.cli:main", "sub": "pkg:App.start [extra]"}
    found = made(wheel_files("pkg", scripts=scripts))
    assert text(found, "usr/local/bin/run") == (
        "#!/usr/bin/python3.13\nimport sys\nfrom pkg.cli import main\n"
        'if __name__ == "__main__":\n    sys.exit(main())\n'
    )
    assert "from pkg import App\n" in text(found, "usr/local/bin/sub")
    assert "sys.exit(App.start())" in text(found, "usr/local/bin/sub")
    entry = found.get("usr/local/bin/run")
    assert entry is not None and entry.mode == 0o755
    assert "/home/me" not in "".join(e.read().decode() for e in found)


@pytest.mark.parametrize(
    ("name", "to"),
    [("../escape", "pkg:main"), ("a/b", "pkg:main"), ("ok", "pkg; import os:x"), ("ok", "pkg"),
     ("ok", "pkg:main()"), ("", "pkg:main")],
)  # fmt: skip
def test_hostile_entry_points_make_nothing(name: str, to: str) -> None:
    files = wheel_files("pkg")
    files["pkg-1.0.dist-info/entry_points.txt"] = f"[console_scripts]\n{name} = {to}\n".encode()
    assert not [e for e in made(files) if e.path.startswith("usr/local/bin")]


def test_entry_points_that_cannot_be_read() -> None:
    files = wheel_files("pkg")
    files["pkg-1.0.dist-info/entry_points.txt"] = b"\xff no section\n"
    assert made(files).get(f"{PACKAGES}/pkg/__init__.py") is not None


def test_own_scripts_and_programs() -> None:
    files = {"bin/tool": b"#!/venv/bin/python3.11\nprint(1)\n", "bin/prog": b"\x7fELF...",
             "bin/sh": b"#!/bin/sh\n"}  # fmt: skip
    found = made(files)
    assert text(found, "usr/local/bin/tool") == "#!/usr/bin/python3.13\nprint(1)\n"
    assert text(found, "usr/local/bin/prog") == "\x7fELF..."
    assert text(found, "usr/local/bin/sh") == "#!/bin/sh\n"


def test_data_files_and_headers() -> None:
    found = made({"share/man/x.1": b"", "etc/x.conf": b"", "include/x.h": b"", "x.py": b""})
    assert [e.path for e in found] == [
        "usr/local/etc/x.conf", f"{PACKAGES}/x.py", "usr/local/share/man/x.1",
    ]  # fmt: skip
    package = made({"share/__init__.py": b"", "share/a.py": b""})
    assert [e.path for e in package] == [f"{PACKAGES}/share/__init__.py", f"{PACKAGES}/share/a.py"]


def test_folders_are_left_to_the_layer() -> None:
    tree = Tree([directory("a"), file("a/__init__.py", b"")])
    assert [e.path for e in installed.entries(tree, target())] == [f"{PACKAGES}/a/__init__.py"]


@pytest.mark.parametrize(
    ("tag", "fits"),
    [("py3-none-any", True), ("cp313-cp313-manylinux_2_17_aarch64", True),
     ("cp313-cp313-linux_x86_64", False), ("cp313-cp313-manylinux_2_17_x86_64", False),
     ("cp311-cp311-manylinux_2_17_aarch64", False)],
)  # fmt: skip
def test_what_was_built_for_this_machine_is_refused(tag: str, fits: bool) -> None:
    files = wheel_files("n", tag=tag)
    if fits:
        assert len(made(files, platform=ARM64))
        return
    with pytest.raises(ProjectError, match=r"not for CPython 3\.13 on linux/arm64: n-1\.0"):
        made(files, platform=ARM64)


def test_the_python_decides_the_folder() -> None:
    found = made(wheel_files("a"), distribution="debian11")
    assert all(
        isinstance(e, Entry) and e.path.startswith("usr/local/lib/python3.9/") for e in found
    )
