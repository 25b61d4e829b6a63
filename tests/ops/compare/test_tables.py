"""Portraits of images like Alpine's, Debian's and ours, and the tables that they make."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from anatomy.made import alpine, ours, slim
from rules.making import File, specimen
from seaslug.anatomy.portrait import Portrait, Table
from seaslug.ops.compare.portrait import portrait, with_dive
from seaslug.ops.compare.tables import alike, missing, surface, tables
from seaslug.rules.specimen import Specimen
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.words import readable
from support.real import need


def layers(*sizes: int) -> list[Descriptor]:
    """Return a layer for each size; layers of one size are the same layer."""
    media = "application/vnd.oci.image.layer.v1.tar+gzip"
    return [Descriptor(media, Digest.of(str(size).encode()), size) for size in sizes]


def drawn(made: Specimen, *sizes: int) -> Portrait:
    return portrait(made, layers(*(sizes or (1_000_000,))), ["made by hand"] * 9)


@pytest.fixture(scope="module")
def three() -> tuple[Portrait, ...]:
    debian = drawn(slim({}), 100, 29_000_000)
    return drawn(ours(), 100, 200, 300), drawn(alpine(), 3_000_000), debian


def cells(found: tuple[Table, ...], title: str, row: str) -> tuple[str, ...]:
    rows = {(table.title, row.title): row.cells for table in found for row in table.rows}
    return rows[title, row]


@pytest.mark.parametrize(
    ("title", "row", "expected"),
    [
        ("Size", "Compressed", ("600 B", "3.00 MB", "29.0 MB")),
        ("Size", "Packages", ("4", "2", "2")),
        ("Size", "Package database", ("dpkg status.d", "apk", "dpkg status")),
        ("Size", "Layers", ("3", "1", "2")),
        ("Size", "Pull at 8 Mbit/s", ("0.00 s", "3.00 s", "29 s")),
        ("Size", "Pull at 8 Mbit/s, having example", ("0.00 s", "3.00 s", "29 s")),
        ("Security", "Attack surface", ("small", "small", "small")),
        ("Security", "Shell access", ("none", "/bin/sh", "/usr/bin/bash")),
        ("Security", "Package manager", ("none", "apk", "none")),
        ("Security", "SSL certificates", ("none", "none", "none")),
        ("Security", "Time zone data", ("none", "none", "none")),
        ("Security", "User management", ("none", "basic (1 user)", "none")),
        ("Security", "Runs as", ("root", "root", "root")),
        ("Security", "Executables", ("2", "2", "3")),
        ("Security", "Setuid and setgid", ("none", "none", "/usr/bin/su")),
        ("Security", "Interpreters", ("node", "awk, busybox", "python")),
        ("Security", "Listening tools", ("none", "nc", "none")),
        ("Security", "Vulnerabilities", ("no database",) * 3),
        ("Debugging", "Shell access", ("debug variant only", "/bin/sh", "/usr/bin/bash")),
        ("Debugging", "System tools", ("debug variant only", "nc", "none")),
        ("Debugging", "Package installation", ("none", "apk", "none")),
        ("Debugging", "File exploration", ("debug variant only", "none", "none")),
        ("Layers shared", "having example", ("—", "0 of 1, 3.00 MB more", "1 of 2, 29.0 MB more")),
    ],
)  # fmt: skip
def test_the_tables(
    three: tuple[Portrait, ...], title: str, row: str, expected: tuple[str, ...]
) -> None:
    found = tables(three, [8_000_000])
    if title == "Layers shared":
        assert found[-1].rows[0].cells == expected
    else:
        assert cells(found, title, row) == expected


def test_every_row_has_a_cell_for_each_image(three: tuple[Portrait, ...]) -> None:
    images = [
        with_dive(three[0], ours()),
        with_dive(three[1], alpine()),
        with_dive(three[2], slim()),
    ]
    for table in tables(images, [10_000_000, 100_000_000]):
        assert len(table.columns) == 3
        for row in table.rows:
            assert len(row.cells) == 3 and all(row.cells)
            assert len(row.numbers) in (0, 3)


def test_what_dive_says_is_shown_if_it_was_asked_for(three: tuple[Portrait, ...]) -> None:
    def titles(*images: Portrait) -> list[str]:
        return [row.title for row in tables(images, [])[0].rows]

    asked = with_dive(three[1], alpine())
    assert "Efficiency, as dive counts" in titles(asked)
    assert "Efficiency, as dive counts" not in titles(asked, three[0])


def test_one_image_shares_with_nobody() -> None:
    titles = [table.title for table in tables([drawn(slim())], [1000])]
    assert titles == ["Size", "Security", "Debugging"]


def test_executable_code_is_counted_once_per_file() -> None:
    data = Path(sys.executable).read_bytes()
    once = drawn(specimen({"usr/bin/python": File(data, 0o755)})).code
    twice = drawn(specimen({"a": File(data, 0o755), "b": data})).code
    assert 0 < once < len(data)
    assert twice == 2 * once, "whether it may be started or not"


def test_a_shell_under_another_name() -> None:
    busybox = Path(need("busybox")).read_bytes()
    found = drawn(specimen({"opt/helper": File(busybox, 0o755)}))
    assert found.shells == ("/opt/helper",)
    assert surface(found) == "small"


def test_what_is_to_be_pulled() -> None:
    one, two = drawn(slim({}), 5, 7), drawn(slim({}, {}), 5, 9, 11)
    assert missing(two, one) == 20
    assert missing(one, two) == 7
    assert missing(one, one) == 0


def test_a_layer_that_is_compressed_otherwise_is_fetched_though_it_is_there() -> None:
    told = {"rootfs": {"diff_ids": ["sha256:a", "sha256:b"]}}
    one, two = (
        drawn(specimen({"a": "1"}, layers=[{"b": "2"}], blob=told), *sizes)
        for sizes in ((5, 7), (5, 9))
    )
    assert (missing(two, one), alike(two, one), alike(one, one)) == (9, 1, 0)
    shared = tables([one, two], [])[-1]
    assert shared.rows[0].cells == ("—", "1 of 2 (1 more compressed otherwise), 9 B more")
    liar = drawn(specimen({}, blob={"rootfs": {"diff_ids": 7}}), 5)
    assert liar.layers[0].diff_id == "" and alike(liar, one) == 0


def test_shares_sum_up_to_the_image(three: tuple[Portrait, ...]) -> None:
    for image in three:
        assert sum(share.size for share in image.shares) == image.unpacked
        assert sum(share.files for share in image.shares) == image.files
        assert sum(layer.size for layer in image.layers) == image.size


def test_certificates_and_zones_are_seen() -> None:
    files = {
        "etc/ssl/certs/ca-certificates.crt": "-----BEGIN", "usr/share/zoneinfo/Europe/Rome": "TZif",
        "usr/share/zoneinfo/tzdata.zi": "#", "etc/passwd": "root:x:0:0::/:\nme:x:1:1::/:\n",
    }  # fmt: skip
    found = drawn(specimen(files, {"User": "me"}))
    assert (found.bundle, found.zones, found.accounts) == (
        "/etc/ssl/certs/ca-certificates.crt", 1, 2
    )  # fmt: skip
    assert surface(found) == "minimal"
    empty = drawn(specimen({"etc/ssl/certs/ca-certificates.crt": ""}))
    assert empty.bundle == ""


@pytest.mark.parametrize(
    ("user", "shown"),
    [("", "root"), ("0", "root"), ("0:0", "root"), ("root", "root"), ("65532:1", "65532:1")],
)
def test_who_it_runs_as(user: str, shown: str) -> None:
    found = tables([drawn(specimen({}, {"User": user}))], [])
    assert cells(found, "Security", "Runs as") == (shown,)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (1, "1 B"), (999_949, "999.9 kB"), (999_999, "1.00 MB"), (1_000_000, "1.00 MB"),
     (10_000_000, "10.0 MB"), (2_500_000_000, "2,500.0 MB"), (-1500, "-1.5 kB")],
)  # fmt: skip
def test_sizes_for_people(size: int, text: str) -> None:
    assert readable(size) == text


@pytest.mark.parametrize("made", [lambda: specimen({}), lambda: specimen({"a": "b"}, blob={})])
def test_an_image_of_next_to_nothing(made: Callable[[], Specimen]) -> None:
    found = drawn(made())
    assert found.packages == 0 and surface(found) == "minimal"
    assert found.as_dict()["vulnerabilities"] is None
