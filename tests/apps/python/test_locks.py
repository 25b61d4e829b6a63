"""Every lock comes down to the same list; what does not fit the project is refused."""

from __future__ import annotations

import json

import pytest

from seaslug.apps.python.locks import pipfile, poetry
from seaslug.apps.python.manifest import document, read
from seaslug.apps.python.plan import Plan, plan
from seaslug.errors import ProjectError
from support.pythons import AMD64, ARM64, HASH, project, target, uv_lock, uv_package


def pyproject(*asked: str, more: str = "") -> str:
    needs = ", ".join(json.dumps(one) for one in asked)
    return f'[project]\nname = "thing"\nversion = "1"\ndependencies = [{needs}]\n{more}'


def planned(
    files: dict[str, str],
    config: str = "",
    distribution: str = "debian13",
    platform: object = AMD64,
) -> Plan:
    found = project(files, config)
    return plan(found, read(found), target(distribution, platform))  # type: ignore[arg-type]


def names(found: Plan) -> dict[str, str]:
    return {pin.name: pin.version for pin in found.pins}


def refused(files: dict[str, str], config: str = "") -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        planned(files, config)
    return caught.value


def needs(*rows: str) -> str:
    return f"dependencies = [{', '.join(rows)}]"


# uv


def test_uv_walks_the_edges_that_hold() -> None:
    lock = uv_lock(
        [
            uv_package("a", more=needs(
                '{ name = "b" }', "{ name = \"win\", marker = \"sys_platform == 'win32'\" }",
                "{ name = \"old\", marker = \"python_full_version < '3.12'\" }")),
            uv_package("b", "2.0"), uv_package("win"), uv_package("old"), uv_package("unrelated"),
        ],
        ["a>=1"],
    )  # fmt: skip
    files = {"pyproject.toml": pyproject("a>=1"), "uv.lock": lock}
    assert names(planned(files)) == {"a": "1.0", "b": "2.0"}
    assert names(planned(files, distribution="debian12")) == {"a": "1.0", "b": "2.0", "old": "1.0"}


def test_uv_gives_lines_with_hashes_and_file_names() -> None:
    lock = uv_lock([uv_package("my-lib", "1.2", "cp313-cp313-manylinux_2_28_x86_64")], ["my-lib"])
    found = planned({"pyproject.toml": pyproject("my-lib"), "uv.lock": lock})
    assert found.lines == (f"my-lib==1.2 --hash={HASH}",)
    assert found.complete and found.hashed and found.where == "uv.lock"
    (pin,) = found.pins
    assert pin.files == (
        "my_lib-1.2-cp313-cp313-manylinux_2_28_x86_64.whl", "my_lib-1.2.tar.gz",
    )  # fmt: skip


def test_uv_extras_of_packages_and_of_the_project() -> None:
    optional = '[package.optional-dependencies]\nfast = [{ name = "c" }]\n'
    root_extra = '[package.optional-dependencies]\ndb = [{ name = "d" }]\n'
    dist = ('requires-dist = [{ name = "a", extras = ["fast"] }, '
            "{ name = \"d\", marker = \"extra == 'db'\" }]")  # fmt: skip
    lock = (
        'version = 1\n[[package]]\nname = "thing"\nversion = "1"\nsource = { editable = "." }\n'
        'dependencies = [{ name = "a", extra = ["fast"] }]\n'
        + root_extra + f"[package.metadata]\n{dist}\n"
        + uv_package("a") + optional + uv_package("c") + uv_package("d")
    )  # fmt: skip
    more = '[project.optional-dependencies]\ndb = ["d"]\n'
    files = {"pyproject.toml": pyproject("a[fast]", more=more), "uv.lock": lock}
    assert set(names(planned(files))) == {"a", "c"}
    assert set(names(planned(files, '[python]\nextras = ["db"]\n'))) == {"a", "c", "d"}
    wrong = refused(files, '[python]\nextras = ["nothing"]\n')
    assert wrong.hint == "there are: db"


def test_uv_groups_only_on_request() -> None:
    lock = uv_lock([uv_package("a"), uv_package("t")], ["a"]).replace(
        "[package.metadata]",
        '[package.dev-dependencies]\ntools = [{ name = "t" }]\n[package.metadata]',
    )
    lock = lock.replace(
        "requires-dist", 'requires-dev = { tools = [{ name = "t" }] }\nrequires-dist'
    )
    more = '[dependency-groups]\ntools = ["t"]\n'
    files = {"pyproject.toml": pyproject("a", more=more), "uv.lock": lock}
    assert set(names(planned(files))) == {"a"}
    assert set(names(planned(files, '[python]\ngroups = ["tools"]\n'))) == {"a", "t"}


def test_uv_forks_are_decided_by_the_edge_or_by_markers() -> None:
    fork = "resolution-markers = [\"python_full_version {} '3.12'\"]"
    lock = uv_lock(
        [
            uv_package("a", more=needs('{ name = "n" }', '{ name = "m", version = "2" }')),
            uv_package("n", "1", more=fork.format("<")),
            uv_package("n", "2", more=fork.format(">=")),
            uv_package("m", "1"), uv_package("m", "2"),
        ],
        ["a"],
    )  # fmt: skip
    files = {"pyproject.toml": pyproject("a"), "uv.lock": lock}
    assert names(planned(files)) == {"a": "1.0", "n": "2", "m": "2"}
    assert names(planned(files, distribution="debian12"))["n"] == "1"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("a>=1", "b"), "b is not in it"),
        (("a>=2",), "a was asked for as a>=1, now as a>=2"),
        ((), "a is no longer asked for"),
        (("a[x]>=1",), "now as a[x]>=1"),
    ],
)
def test_uv_that_is_stale(asked: tuple[str, ...], said: str) -> None:
    lock = uv_lock([uv_package("a")], ["a>=1"])
    wrong = refused({"pyproject.toml": pyproject(*asked), "uv.lock": lock})
    assert said in wrong.what and wrong.where == "uv.lock" and wrong.hint == "uv lock"


@pytest.mark.parametrize("asked", ["a>=1.0", "a >= 1", "A>=1", 'a>=1 ; python_version > "3.1"'])
def test_uv_that_only_looks_stale(asked: str) -> None:
    lock = uv_lock([uv_package("a")], ["a>=1"])
    assert names(planned({"pyproject.toml": pyproject(asked), "uv.lock": lock})) == {"a": "1.0"}


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ("version = 7\n", "format 7"),
        ("version = 1\n", "not of this project"),
        ("package = 3\nversion = 1\n", "list of tables"),
        ("this is no TOML", "not TOML"),
        (uv_lock([], ["a"]), "a is asked for and not there"),
        (uv_lock([uv_package("a")], ["a"]).replace('">=3.9"', '"<3.13"'), "for Python <3.13"),
    ],
)
def test_uv_that_cannot_be_used(lock: str, said: str) -> None:
    assert said in refused({"pyproject.toml": pyproject("a"), "uv.lock": lock}).what


def test_uv_takes_folders_of_the_project_and_refuses_others() -> None:
    member = '[[package]]\nname = "lib"\nversion = "0"\nsource = {{ editable = "{}" }}\n'
    base = uv_lock([], ["lib"]).replace('{ name = "lib" }]', '{ name = "lib", editable = "x" }]')
    base = base.replace('dependencies = [{ name = "lib", editable = "x" }]',
                        'dependencies = [{ name = "lib" }]')  # fmt: skip
    files = {"pyproject.toml": pyproject("lib"), "libs/lib/pyproject.toml": "",
             "uv.lock": base + member.format("libs/lib")}  # fmt: skip
    found = planned(files)
    assert found.folders == ("libs/lib",) and found.lines == ()
    files["uv.lock"] = base + member.format("../lib")
    assert "lib at ../lib" in refused(files).what


# poetry


def poetry_package(name: str, version: str = "1.0", more: str = "", head: str = "") -> str:
    files = f'files = [{{ file = "{name}-{version}-py3-none-any.whl", hash = "{HASH}" }}]\n'
    return (f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\n'
            f'python-versions = ">=3.8"\n{head}{files}{more}')  # fmt: skip


def poetry_files(asked: str, *packages: str, lock_version: str = "2.1") -> dict[str, str]:
    text = f'[tool.poetry]\nname = "thing"\n[tool.poetry.dependencies]\npython = "^3.9"\n{asked}'
    found = project({"pyproject.toml": text})
    (digest, *_) = sorted(poetry.content_hashes(document(found, "pyproject.toml")))
    end = f'[metadata]\nlock-version = "{lock_version}"\ncontent-hash = "{digest}"\n'
    return {"pyproject.toml": text, "poetry.lock": "\n".join((*packages, end))}


def test_poetry_walks_from_the_projects_own_dependencies() -> None:
    deps = ('[package.dependencies]\nb = ">=1"\nold = {version = "*", markers = '
            '"python_version < \\"3.12\\""}\nc = {version = "*", optional = true}\n'
            '[package.extras]\nmore = ["c (>=1)"]\n')  # fmt: skip
    files = poetry_files(
        'a = {version = "^1.0", extras = ["more"]}\nw = {version = "*", platform = "win32"}\n'
        'p = {version = "*", python = "<3.10"}\n',
        poetry_package("a", more=deps), poetry_package("b"), poetry_package("c"),
        poetry_package("old"), poetry_package("dev"), poetry_package("w"), poetry_package("p"),
    )  # fmt: skip
    found = planned(files)
    assert set(names(found)) == {"a", "b", "c"}
    assert found.lines[0] == f"a==1.0 --hash={HASH}"
    assert set(names(planned(files, distribution="debian11"))) == {"a", "b", "c", "old", "p"}


def test_poetry_extras_and_groups() -> None:
    files = poetry_files(
        'a = "*"\ng = {version = "*", optional = true}\n[tool.poetry.extras]\nprod = ["g"]\n'
        '[tool.poetry.group.dev.dependencies]\nt = "*"\n',
        poetry_package("a"), poetry_package("g"), poetry_package("t"),
    )  # fmt: skip
    assert set(names(planned(files))) == {"a"}
    assert set(names(planned(files, '[python]\nextras = ["prod"]\n'))) == {"a", "g"}
    assert set(names(planned(files, '[python]\ngroups = ["dev"]\n'))) == {"a", "t"}


def test_poetry_chooses_among_versions_by_constraint_and_marker() -> None:
    old = 'markers = "python_version < \\"3.12\\""\n'
    new = 'markers = "python_version >= \\"3.12\\""\n'
    files = poetry_files('a = ">=1"\n', poetry_package("a", "1.0", head=old),
                         poetry_package("a", "2.0", head=new))  # fmt: skip
    assert names(planned(files)) == {"a": "2.0"}
    assert names(planned(files, distribution="debian12")) == {"a": "1.0"}


def test_poetry_of_the_first_format_keeps_files_apart() -> None:
    package = '[[package]]\nname = "a"\nversion = "1.0"\ncategory = "main"\n'
    files = poetry_files('a = "*"\n', package, lock_version="1.1")
    files["poetry.lock"] += (
        f'[metadata.files]\na = [{{ file = "a-1.0.tar.gz", hash = "{HASH}" }}]\n'
    )
    (pin,) = planned(files).pins
    assert pin.files == ("a-1.0.tar.gz",) and pin.hashes == (HASH,)


def test_poetry_that_is_stale() -> None:
    files = poetry_files('a = "*"\n', poetry_package("a"))
    files["pyproject.toml"] += 'b = "*"\n'
    wrong = refused(files)
    assert "changed after it was made" in wrong.what and wrong.hint == "poetry lock"


NEW = '[project]\nname = "x"\nrequires-python = ">=3.9"\ndependencies = ["a"]\n'
OLD = '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.9"\n'


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (NEW, "bffdf672c7879f32e2b9f0c7ca866fe486db51450e473a665ce3545442654725"),
        (NEW + '[dependency-groups]\ndev = ["b"]\n[tool.poetry]\npackage-mode = false\n',
         "723be4cf9693fea04ad8484601b6dbae69f53daa738ba0b8637abc4525485f78"),
        (OLD + 'a = "*"\n', "943e60591ebcb603965438742ed903b9d504565c032e1f5cceb1e929977f2a29"),
        (OLD + '[tool.poetry.group.dev.dependencies]\nt = "*"\n',
         "804f5f1fdf0f502e3e851fac18706017622834a03a8feff9610fa2371a53a7f9"),
    ],
)  # fmt: skip
def test_poetry_hashes(text: str, digest: str) -> None:
    """The digests are what Poetry itself (2.x, November 2026) gave."""
    data = document(project({"pyproject.toml": text}), "pyproject.toml")
    assert digest in poetry.content_hashes(data)


# pylock


def pylock(*packages: str, head: str = "") -> str:
    return "\n".join(('lock-version = "1.0"\ncreated-by = "test"\n' + head, *packages))


def pylock_package(name: str, version: str = "1.0", more: str = "") -> str:
    stem = name.replace("-", "_")
    digest = HASH.removeprefix("sha256:")
    return (f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}\n'
            f'wheels = [{{ url = "https://x.test/{stem}-{version}-py3-none-any.whl", '
            f'hashes = {{ sha256 = "{digest}" }} }}]\n')  # fmt: skip


def test_pylock_takes_what_markers_allow() -> None:
    lock = pylock(
        pylock_package("a"),
        pylock_package("win", more="marker = \"sys_platform == 'win32'\""),
        pylock_package("new", more='requires-python = ">=3.12"'),
        pylock_package("dev", more="marker = \"'dev' in dependency_groups\""),
        pylock_package("db", more="marker = \"'db' in extras\""),
        pylock_package("std", more="marker = \"'std' in dependency_groups\""),
        head='default-groups = ["std"]\n',
    )
    files = {"pylock.toml": lock}
    assert set(names(planned(files))) == {"a", "new", "std"}
    assert set(names(planned(files, distribution="debian12"))) == {"a", "std"}
    config = '[python]\nlock = "pylock.toml"\n'
    assert planned(files, config).lines[0] == f"a==1.0 --hash={HASH}"


def test_pylock_against_the_manifest() -> None:
    files = {"pylock.toml": pylock(pylock_package("a")), "pyproject.toml": pyproject("a>=2", "b")}
    wrong = refused(files)
    assert "a 1.0 is not >=2, b is not in it" in wrong.what


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ('lock-version = "9.0"\n', "lock-version '9.0'"),
        (pylock(head='requires-python = "<3.13"\n'), "for Python <3.13"),
        (pylock(pylock_package("a", "1"), pylock_package("a", "2")), "more than one a"),
        (pylock('[[packages]]\nname = "a"\nversion = "1"\n'), "no hashes for a"),
    ],
)
def test_pylock_that_cannot_be_used(lock: str, said: str) -> None:
    assert said in refused({"pylock.toml": lock}).what


def test_a_named_pylock() -> None:
    files = {"pylock.web.toml": pylock(pylock_package("a")), "uv.lock": "x"}
    assert names(planned(files, '[python]\nlock = "pylock.web.toml"\n')) == {"a": "1.0"}
    assert refused({}, '[python]\nlock = "no.lock"\n').where == "python.lock"


# Pipfile

PIPFILE = (
    '[[source]]\nurl = "https://pkgs.test/simple"\nverify_ssl = true\nname = "pypi"\n\n[packages]\n'
    'flask = "*"\nuvicorn = {extras=["standard"], version=">=0.30"}\n\n'
    '[dev-packages]\npytest="*"\n\n'
    '[requires]\npython_version = "3.11"\n'
)


def pipfile_lock(text: str = PIPFILE, **default: str) -> dict[str, str]:
    data = document(project({"Pipfile": text}), "Pipfile")
    rows = {
        name: {"version": "==" + version, "hashes": [HASH]} for name, version in default.items()
    }
    rows["win"] = {"version": "==1", "hashes": [HASH], "markers": "sys_platform == 'win32'"}  # type: ignore[dict-item]
    lock = {"_meta": {"hash": {"sha256": pipfile.content_hash(data)}}, "default": rows,
            "develop": {"pytest": {"version": "==9", "hashes": [HASH]}}}  # fmt: skip
    return {"Pipfile": text, "Pipfile.lock": json.dumps(lock)}


def test_pipfile() -> None:
    files = pipfile_lock(flask="3.1", uvicorn="0.40")
    found = planned(files)
    assert names(found) == {"flask": "3.1", "uvicorn": "0.40"} and found.hashed
    assert "pytest" in names(planned(files, '[python]\ngroups = ["dev"]\n'))


def test_pipfile_that_is_stale() -> None:
    files = pipfile_lock(flask="3.1", uvicorn="0.40")
    files["Pipfile"] = PIPFILE.replace('flask = "*"', 'flask = "*"\nredis = "*"')
    assert refused(files).hint == "pipenv lock"
    assert "uvicorn 0.2 is not >=0.30" in refused(pipfile_lock(flask="3", uvicorn="0.2")).what


def test_pipfile_hash() -> None:
    """The digest is what Pipenv itself (November 2026) gave."""
    data = document(project({"Pipfile": PIPFILE}), "Pipfile")
    want = "7a82d1e0f0054ca3d19e1aad71198652c1cc893351edd29e210f72c88c07dafd"
    assert pipfile.content_hash(data) == want


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_pipfile_lock_that_is_none(text: str) -> None:
    with pytest.raises(ProjectError):
        planned({"Pipfile": PIPFILE, "Pipfile.lock": text})


# what is preferred


def test_the_order_of_locks() -> None:
    files = {
        "pyproject.toml": pyproject("a"),
        "uv.lock": uv_lock([uv_package("a")], ["a"]),
        "pylock.toml": pylock(pylock_package("a", "2")),
        "requirements.txt": "a==3\n",
    }
    assert planned(files).where == "uv.lock"
    del files["uv.lock"]
    assert planned(files).where == "pylock.toml"
    del files["pylock.toml"]
    assert planned(files).where == "requirements.txt"
    assert planned(files, '[python]\nrequirements = "requirements.txt"\n').lines == ("a==3",)
    files["requirements.txt"] = "a\n"
    found = planned(files)
    assert (found.where, found.lines, found.complete) == ("pyproject.toml", ("a",), False)
    assert "no lock" in found.notes[0]


def test_nothing_to_install() -> None:
    found = planned({"main.py": ""})
    assert found.lines == () and found.notes == ()


def test_dependencies_that_only_a_build_would_tell() -> None:
    text = '[project]\nname = "x"\ndynamic = ["dependencies"]\n'
    assert "only a build" in refused({"pyproject.toml": text}).what
    assert "only a build" in refused({"setup.py": "setup()"}).what
    more = text + '[tool.setuptools.dynamic]\ndependencies = { file = ["reqs.txt"] }\n'
    assert planned({"pyproject.toml": more, "reqs.txt": "a==1\n"}).lines == ("a==1",)


def test_indexes_beside_the_usual_one_are_passed_on() -> None:
    more = '[[tool.uv.index]]\nname = "own"\nurl = "https://own.test/simple"\n'
    lock = uv_lock([uv_package("a")], ["a"])
    found = planned({"pyproject.toml": pyproject("a", more=more), "uv.lock": lock})
    assert found.options == ("--extra-index-url https://own.test/simple",)


def test_a_manifest_with_mistakes() -> None:
    wrong = refused({"pyproject.toml": pyproject("a b", "==1", "fine")})
    assert wrong.where == "pyproject.toml: project.dependencies"
    assert "'a b', '==1'" in wrong.what
    assert "not TOML" in refused({"pyproject.toml": "[x"}).what


def test_groups_that_include_groups_in_a_circle() -> None:
    more = (
        '[dependency-groups]\na = ["x", {include-group = "b"}]\nb = [{include-group = "a"}, "y"]\n'
    )
    manifest = read(project({"pyproject.toml": pyproject(more=more)}))
    assert [str(one) for one in manifest.groups["a"]] == ["x", "y"]


def test_platforms_differ() -> None:
    edge = '{ name = "arm", marker = "platform_machine == \'aarch64\'" }'
    lock = uv_lock([uv_package("a", more=needs(edge)), uv_package("arm")], ["a"])
    files = {"pyproject.toml": pyproject("a"), "uv.lock": lock}
    assert set(names(planned(files, platform=ARM64))) == {"a", "arm"}
    assert set(names(planned(files))) == {"a"}
