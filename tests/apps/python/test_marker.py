"""Requirements and markers: the packaging library is the oracle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from seaslug.apps.python.marker import holds, normal, requirement
from support.pythons import ARM64, target

ENVIRONMENT = target(platform=ARM64).environment()

ATOMS = st.sampled_from(
    [
        "python_version >= '3.10'",
        "python_version < '3.9'",
        "'3.13' == python_version",
        "python_full_version >= '3.13.1'",
        "python_version in '3.12 3.13'",
        "python_version not in '3.12 3.13'",
        "python_version != '3.*'",
        "sys_platform == 'win32'",
        'sys_platform != "win32"',
        "platform_machine == 'aarch64'",
        "platform_machine in 'x86_64 amd64'",
        "platform_system == 'Linux'",
        "os_name == 'posix'",
        "implementation_name == 'cpython'",
        "platform_python_implementation == 'PyPy'",
        "platform_release >= '5'",
    ]
)
MARKERS = st.recursive(
    ATOMS,
    lambda inner: st.builds(
        "{}{} {} {}{}".format, st.just("("), inner, st.sampled_from(["and", "or"]), inner,
        st.just(")"),
    ),
    max_leaves=6,
)  # fmt: skip


@given(MARKERS)
def test_markers_agree(text: str) -> None:
    theirs = Marker(text).evaluate({**ENVIRONMENT, "extra": ""})  # type: ignore[dict-item]
    assert holds(text, ENVIRONMENT) is theirs


@pytest.mark.parametrize(
    ("marker", "extras", "true"),
    [
        ("extra == 'db'", {"db"}, True),
        ("extra == 'DB_x'", {"db-x"}, True),
        ("extra == 'db'", set(), False),
        ("extra != 'db'", set(), True),
        ("extra == 'db' and sys_platform == 'linux'", {"db"}, True),
        ("extra == 'a' or extra == 'b'", {"b"}, True),
        ("", set(), True),
    ],
)
def test_extras(marker: str, extras: set[str], true: bool) -> None:
    environment = target().environment(extra=frozenset(extras))
    assert holds(marker, environment) is true


def test_groups_and_extras_of_pylock() -> None:
    environment = target().environment(
        extras=frozenset({"db"}), dependency_groups=frozenset({"default"})
    )
    assert holds("'db' in extras", environment)
    assert not holds("'dev' in dependency_groups", environment)
    assert holds("'dev' not in dependency_groups or 'x' in extras", environment)


@pytest.mark.parametrize(
    "text", ["nonsense", "os_name ==", "(os_name == 'nt'", "os_name == 'nt')", "foo == 'x'",
             "os_name ~~ 'nt'", "(" * 5000, "x" * 20000]
)  # fmt: skip
def test_what_cannot_be_read_holds(text: str) -> None:
    assert holds(text, ENVIRONMENT)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Foo_Bar.baz", "foo-bar-baz"),
        ("foo >= 1.0 , < 2", "foo>=1.0,<2"),
        ("foo(>=1)", "foo>=1"),
        ("foo[b, A] ~=1.4 ; python_version<'3'", "foo[a,b]~=1.4 ; python_version<'3'"),
        ("foo @ https://x.test/f.whl ; os_name=='nt'",
         "foo @ https://x.test/f.whl ; os_name=='nt'"),
        ("foo", "foo"),
    ],
)  # fmt: skip
def test_requirements(text: str, want: str) -> None:
    assert str(requirement(text)) == want


@pytest.mark.parametrize("text", ["", "-e .", "foo bar", "foo==", "foo>=1 <2", "==1"])
def test_what_is_no_requirement(text: str) -> None:
    assert requirement(text) is None


@given(st.text("aB1-_.", min_size=1, max_size=12))
def test_names_are_normal_only_once(name: str) -> None:
    assert normal(normal(name)) == normal(name)
