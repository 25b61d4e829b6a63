"""File capabilities, as setcap writes them and getcap names them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rules.broken import STATIC
from rules.making import File, specimen
from seaslug.anatomy.capabilities import read
from seaslug.rules.image.rights import has_capabilities
from support.real import need

WRITTEN = {
    "cap_net_bind_service=ep": "0100000200040000000000000000000000000000",
    "cap_sys_admin=ep": "0100000200002000000000000000000000000000",
    "cap_net_admin,cap_net_raw=eip": "0100000200300000003000000000000000000000",
    "cap_net_raw=ip cap_sys_admin+p": "0000000200202000002000000000000000000000",
    "=ep": "01000002ffffffff00000000ff01000000000000",
    "cap_net_raw=p": "000000010020000000000000",
}
"""Names as getcap prints them, and values as the kernel has them; the last one of revision 1."""


@pytest.mark.parametrize("text", WRITTEN)
def test_a_value_is_named(text: str) -> None:
    found = read(bytes.fromhex(WRITTEN[text]))
    assert found is not None and str(found) == text
    assert (found.effective, found.rootid) == ("e" in text.rpartition("=")[2], 0)


def test_the_root_of_a_namespace() -> None:
    found = read(bytes.fromhex("0100000300040000000000000000000000000000a0860100"))
    assert found is not None and (found.rootid, str(found)) == (100000, "cap_net_bind_service=ep")
    unknown = read(bytes.fromhex("0000000200000000000000000002000000000000"))
    assert unknown is not None and unknown.permitted == {"41"} and str(unknown) == "41=p"


@pytest.mark.parametrize(
    "value",
    ["", "01", "01000002", "01000004" + "00" * 16, "01000003" + "00" * 16, "01000002" + "00" * 15,
     "01000002" + "00" * 20],
)  # fmt: skip
def test_what_the_kernel_would_not_take(value: str) -> None:
    assert read(bytes.fromhex(value)) is None


@pytest.mark.parametrize(
    ("value", "how", "said"),
    [
        ("\1\0\0\2\0\4" + 14 * "\0", "info", "cap_net_bind_service=ep: who starts it may listen"),
        ("\1\0\0\2\0\x20" + 14 * "\0", "warn", "cap_net_raw=ep: who starts it gets a part"),
        ("\1\0\0\2\2" + 15 * "\0", "error", "cap_dac_override=ep: who starts it gets dac_override"),
        ("\1\0", "warn", "has file capabilities that no kernel reads"),
        ("\1\0\0\3\0\4" + 14 * "\0" + "\x10\0\0\0", "info", ", for the namespace of uid 16: "),
    ],
)
def test_how_bad_they_are(value: str, how: str, said: str) -> None:
    item = File(STATIC.data, 0o755, xattrs={"security.capability": value})
    (one,) = has_capabilities(specimen({"app": item}))
    assert one.severity.word == how and said in one.message
    assert one.fix.startswith("RUN setcap -r /app   # in the stage that builds\n")


def test_what_setcap_writes(tmp_path: Path) -> None:
    path = tmp_path / "app"
    path.write_bytes(STATIC.data)  # type: ignore[arg-type]
    for text in WRITTEN:
        done = subprocess.run([need("setcap"), text, path], capture_output=True, timeout=10)
        if done.returncode:
            pytest.skip("setcap needs root and a file system with extended attributes")
        found = read(os.getxattr(path, "security.capability"))
        told = subprocess.run([need("getcap"), path], capture_output=True, text=True, timeout=10)
        assert told.stdout.strip() == f"{path} {found}" == f"{path} {text}"
