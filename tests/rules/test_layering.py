"""What an upper layer takes from the lower ones: which one it was, and what it put there."""

from __future__ import annotations

import pytest

from rules.broken import ARM, DYNAMIC, GLIBC, LIB, RUN, STATIC, versioned
from rules.making import File, Files, Folder, Link, specimen
from seaslug.ops.doctor import Diagnosis, diagnose
from support.binaries import LOADER, elf

STEPS = [
    {"created_by": "/bin/sh -c #(nop) COPY dir:1 in / "},
    {"created_by": "CMD", "empty_layer": True},
    {"created_by": "RUN |0 /bin/sh -c tidy # buildkit"},
]  # fmt: skip
Z = f"{LIB}/libz.so.1"
NEEDY = File(elf(kind=2, interpreter=LOADER, needed=["libz.so.1", "libc.so.6"]), 0o755)
WITH_Z: Files = {"app": NEEDY, **GLIBC, Z: elf(soname="libz.so.1")}
LOADING = "error while loading shared libraries: libz.so.1: "
BELOW, ABOVE = "layer 0 (COPY dir:1 in /)", "layer 1 (RUN |0 /bin/sh -c tidy)"


def told(below: Files, above: Files) -> Diagnosis:
    return diagnose(specimen(below, RUN, (above,), blob={"history": STEPS}))


DELETED: dict[str, tuple[Files, Files, str, str]] = {
    "the program": ({"app": STATIC}, {".wh.app": ""}, "/app",
                    'exec: "/app": stat /app: no such file or directory'),
    "its folder, hidden whole": (
        {"app": NEEDY, **GLIBC, "opt/z/libz.so.1": elf(soname="libz.so.1"), **WITH_Z},
        {f"{LIB}/.wh.libz.so.1": "", "opt/z/.wh..wh..opq": ""}, f"/{Z}",
        f"{LOADING}cannot open shared object file",
    ),
    "its loader": ({"app": DYNAMIC, **GLIBC}, {"usr/lib64/.wh.ld-linux-x86-64.so.2": ""},
                   "/lib64/ld-linux-x86-64.so.2", "exec /app: no such file or directory"),
    "a link in the place of the folder": (
        WITH_Z, {LIB: Link("/srv")}, f"/{Z}", f"{LOADING}cannot open shared object file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DELETED)
def test_what_is_gone(case: str) -> None:
    below, above, where, symptom = DELETED[case]
    assert not told(below, {}).bad
    found = [one for one in told(below, above).findings if one.rule == "IMG038"]
    one = next(one for one in found if one.where == where)
    assert (one.severity.word, one.symptom) == ("fatal", symptom)
    assert one.message.startswith(f"{BELOW} has it, {ABOVE} deletes it")
    assert one.fix.startswith(
        f"COPY --from=build {where} {where}   # or leave it out of what layer 1"
    )


REPLACED: dict[str, tuple[Files, Files, str, str, str]] = {
    "nothing": (WITH_Z, {Z: ""}, "IMG008", "libz.so.1: file too short", "an empty file"),
    "a text": (WITH_Z, {Z: "x" * 80}, "IMG008", "libz.so.1: invalid ELF header",
               "a file of 80 bytes"),
    "a folder": (WITH_Z, {Z: Folder()}, "IMG008",
                 "libz.so.1: cannot read file data", "a folder"),
    "another machine's": (
        WITH_Z, {Z: elf(ARM, soname="libz.so.1")}, "IMG008",
        f"{LOADING}cannot open shared object file", "a library for linux/arm64, ",
    ),
    "an older one": (
        {"app": versioned("GLIBC_2.36"), **GLIBC},
        {f"{LIB}/libc.so.6": elf(soname="libc.so.6", defines=["GLIBC_2.2.5"])}, "IMG009",
        "version `GLIBC_2.36' not found (required by", "a library for linux/amd64, ",
    ),
    "a program for another machine": (
        {"app": STATIC}, {"app": File(elf(ARM, kind=2), 0o755)}, "IMG006",
        "exec /app: exec format error", "a program for linux/arm64, ",
    ),
    "a link to nowhere": (
        {"app": STATIC}, {"app": Link("/srv/app")}, "IMG003",
        'exec: "/app": stat /app: no such file or directory', "a link to /srv/app",
    ),
    "a program that may not be executed": (
        {"app": STATIC}, {"app": STATIC.data}, "IMG011", 'exec: "/app": permission denied',
        "a program for linux/amd64, ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REPLACED)
def test_what_is_replaced(case: str) -> None:
    below, above, rule, symptom, what = REPLACED[case]
    assert not told(below, {}).bad
    first, *rest = told(below, above).findings
    assert (first.rule, first.symptom, first.severity.word) == (rule, symptom, "fatal")
    one = next(one for one in rest if one.rule == "IMG038")
    assert one.severity.word == "error" and one.message.startswith(f"{ABOVE} puts {what}")
    assert f" in the place of a {'library' if 'lib' in one.where else 'program'}" in one.message
    assert one.message.endswith(f", of {BELOW}")


def test_a_later_layer_may_change_what_it_likes() -> None:
    same = told(WITH_Z, WITH_Z)
    better = told(WITH_Z, {Z: elf(soname="libz.so.1", needed=["libc.so.6"])})
    assert not same.bad and not better.bad
    # One layer alone has nothing to take away from; no history names no instruction.
    assert "IMG038" not in {one.rule for one in diagnose(specimen({"app": NEEDY}, RUN)).findings}
    bare = diagnose(specimen({"app": STATIC}, RUN, ({".wh.app": ""},)))
    assert bare.findings[0].message == "layer 0 has it, layer 1 deletes it"
