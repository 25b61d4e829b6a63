"""Where mirrors come from: option, environment, configuration, apt's own sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from seaslug.adapters.mirrors import SNAPSHOT, Mirrors, config_path, find
from seaslug.errors import UsageError

A, B = "https://a.example/debian", "http://b.example/debian"


def apt(folder: Path, **files: str) -> Path:
    """Write apt's configuration: ``list_x`` is a .list file, ``sources_x`` a .sources one."""
    etc = folder / "apt"
    (etc / "sources.list.d").mkdir(parents=True)
    for name, text in files.items():
        kind, _, stem = name.partition("_")
        path = etc / "sources.list" if not stem else etc / "sources.list.d" / f"{stem}.{kind}"
        path.write_text(text)
    return etc


def nothing(folder: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(folder / "config")}


def configure(folder: Path, text: str) -> None:
    path = config_path(nothing(folder))
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_the_order_is_option_environment_configuration_apt(tmp_path: Path) -> None:
    etc = apt(tmp_path, list="deb http://apt.example/debian trixie main\n")
    configure(tmp_path, 'mirrors = ["http://config.example/debian"]\n')
    environ = {**nothing(tmp_path), "SEASLUG_MIRROR": f"{A} {B}/"}
    assert find([B], environ=environ, etc=etc).bases["debian"] == (B,)
    assert find(environ=environ, etc=etc).bases["debian"] == (A, B)
    environ["SEASLUG_MIRROR"] = ""
    assert find(environ=environ, etc=etc).bases["debian"] == ("http://config.example/debian",)
    config_path(environ).unlink()
    assert find(environ=environ, etc=etc).bases["debian"] == ("http://apt.example/debian",)


def test_the_origin_is_told(tmp_path: Path) -> None:
    etc = apt(tmp_path)
    assert "--mirror" in find([A], etc=etc).origin
    assert find(environ={"SEASLUG_MIRROR": A}, etc=etc).origin == "SEASLUG_MIRROR"
    assert "no mirror" in find(environ=nothing(tmp_path), etc=etc).origin
    configure(tmp_path, f'mirrors = ["{A}"]')
    assert find(environ=nothing(tmp_path), etc=etc).origin.endswith("config.toml")


@pytest.mark.parametrize(
    ("main", "security", "expected"),
    [
        ([A], [], ("https://a.example/debian-security",)),
        ([f"{A}/"], [], ("https://a.example/debian-security",)),
        ([A], ["https://s.example/x"], ("https://s.example/x",)),
        (["https://a.example/mirror"], [], ()),
        ([A, B], [], ("https://a.example/debian-security", "http://b.example/debian-security")),
        (["/srv/debian"], [], ("/srv/debian-security",)),
    ],
)
def test_security_lies_beside_the_main_archive(
    main: list[str], security: list[str], expected: tuple[str, ...]
) -> None:
    assert find(main, security).bases["debian-security"] == expected


@pytest.mark.parametrize("address", ["", "debian", "ftp://a/debian", "https://", "http://a b", "x"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="not the address of a mirror"):
        find([address])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mirrors = [", "cannot be read"),
        ('mirrors = "x"', "must be a list"),
        ("mirrors = [1]", "must be a list"),
        ('security-mirrors = "x"', "must be a list"),
        ('mirrors = ["x y"]', "not the address"),
    ],
)
def test_mistakes_in_the_configuration(tmp_path: Path, text: str, said: str) -> None:
    configure(tmp_path, text)
    with pytest.raises(UsageError, match=said):
        find(environ=nothing(tmp_path), etc=tmp_path)


def test_addresses_end_with_the_snapshot_once_a_time_is_known() -> None:
    mirrors = Mirrors({"debian": (A, B)}, "")
    path, moment = "pool/main/h/hello.deb", "20250809T000000Z"
    assert mirrors.urls("debian", path) == (f"{A}/{path}", f"{B}/{path}")
    assert mirrors.urls("debian", path, moment)[-1] == f"{SNAPSHOT}/debian/{moment}/{path}"
    assert mirrors.urls("debian-security", path, moment) == (
        f"{SNAPSHOT}/debian-security/{moment}/{path}",
    )


ONE_LINE = """\
# deb http://comment.example/debian trixie main
deb http://one.example/debian trixie main contrib  # why not
deb-src http://source.example/debian trixie main
deb [arch=amd64 signed-by=/x.gpg] http://two.example/debian/ trixie-updates main
deb http://one.example/debian-security trixie-security main
deb http://other.example/ubuntu noble main
deb http://vendor.example/debian stable main
deb cdrom:[Debian]/ trixie main
deb http://flat.example/debian ./
deb
"""

DEB822 = """\
Types: deb deb-src
URIs: http://one.example/debian http://two.example/debian/
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/x.gpg

# off
Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie

Types: deb-src
URIs: http://source.example/debian
Suites: trixie

types: deb
uris:
 http://one.example/debian-security
suites: trixie-security
"""


@pytest.mark.parametrize("files", [{"list": ONE_LINE}, {"list_x": ONE_LINE}, {"sources_x": DEB822}])
def test_apts_own_sources(tmp_path: Path, files: dict[str, str]) -> None:
    bases = find(environ=nothing(tmp_path), etc=apt(tmp_path, **files)).bases
    assert bases["debian"][:2] == ("http://one.example/debian", "http://two.example/debian")
    assert bases["debian-security"] == ("http://one.example/debian-security",)
    everything = " ".join((*bases["debian"], *bases["debian-security"]))
    for other in ("comment", "source", "other", "cdrom", "flat", "off"):
        assert other not in everything


@pytest.mark.parametrize(
    "text",
    [
        "deb http://a.example/ubuntu noble main",
        "deb http://a.example/raspbian trixie main",
        "deb http://a.example/kali kali-rolling main",
        "\0\xff",
        "",
    ],
)
def test_sources_that_are_not_debians_are_left_alone(tmp_path: Path, text: str) -> None:
    assert not find(environ=nothing(tmp_path), etc=apt(tmp_path, list=text)).bases


def test_files_that_apt_would_not_read_are_not_read(tmp_path: Path) -> None:
    etc = apt(tmp_path)
    (etc / "sources.list.d/x.list.save").write_text("deb http://a.example/debian trixie main")
    (etc / "sources.list.d/folder.list").mkdir()
    assert not find(environ=nothing(tmp_path), etc=etc).bases
