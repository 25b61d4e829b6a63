"""How projects start, by their signs; nothing is guessed where two answers are as good."""

from __future__ import annotations

import pytest

from seaslug.apps.python import sources
from seaslug.apps.python.detect import detect
from seaslug.apps.python.layout import packaged
from seaslug.apps.python.manifest import read
from seaslug.apps.python.start import Found, Look, find
from seaslug.errors import ProjectError
from seaslug.values.tree import Tree, file
from support.pythons import project

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
UVICORN = ("--host", "0.0.0.0", "--port", "8000")
BACKEND = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def found(files: dict[str, str], names: str = "", config: str = "") -> Found:
    one = project(files, config)
    manifest = read(one)
    known = frozenset(names.split())
    return find(
        Look(
            one, manifest, "/usr/bin/python3.13", known, sources.read(one), packaged(one, manifest)
        )
    )


def starts(files: dict[str, str], names: str = "", config: str = "") -> str:
    start = found(files, names, config).start
    assert start.entrypoint[0] in ("/usr/bin/python3.13",) or len(start.entrypoint) == 1
    words = start.entrypoint if len(start.entrypoint) == 1 else start.entrypoint[1:]
    return " ".join((*words, "|", *(start.cmd or ("",))))


def refused(files: dict[str, str], names: str = "", config: str = "") -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        found(files, names, config)
    return caught.value


@pytest.mark.parametrize(
    ("files", "names", "want"),
    [
        ({"main.py": FASTAPI}, "fastapi uvicorn",
         "-m uvicorn main:app | --host 0.0.0.0 --port 8000"),
        ({"app/main.py": FASTAPI, "app/__init__.py": ""}, "uvicorn",
         "-m uvicorn app.main:app | --host 0.0.0.0 --port 8000"),
        ({"src/svc/__init__.py": "", "src/svc/main.py": FASTAPI}, "uvicorn",
         "-m uvicorn svc.main:app | --host 0.0.0.0 --port 8000"),
        ({"main.py": FASTAPI}, "hypercorn", "-m hypercorn main:app | --bind 0.0.0.0:8000"),
        ({"main.py": FASTAPI}, "granian",
         "-m granian --interface asgi main:app | --host 0.0.0.0 --port 8000"),
        ({"main.py": FASTAPI}, "daphne", "-m daphne main:app | --bind 0.0.0.0 --port 8000"),
        ({"main.py": "import fastapi as f\napi: f.FastAPI = f.FastAPI()"}, "uvicorn",
         "-m uvicorn main:api | --host 0.0.0.0 --port 8000"),
        ({"main.py": "from starlette.applications import Starlette as S\ntry:\n  app = S()\n"
                     "except E:\n  pass"}, "uvicorn",
         "-m uvicorn main:app | --host 0.0.0.0 --port 8000"),
        ({"main.py": "from fastapi import FastAPI\ndef create_app(debug=False):\n"
                     "  app = FastAPI()\n  return app"}, "uvicorn",
         "-m uvicorn main:create_app --factory | --host 0.0.0.0 --port 8000"),
        ({"app.py": FLASK}, "flask gunicorn", "-m gunicorn app:app | --bind 0.0.0.0:8000"),
        ({"app.py": FLASK}, "waitress", "-m waitress --listen=0.0.0.0:8000 app:app | "),
        ({"site_/__init__.py": "from flask import Flask\ndef create_app():\n  a = Flask('x')\n"
                               "  return a"}, "gunicorn",
         "-m gunicorn site_:create_app() | --bind 0.0.0.0:8000"),
        ({"wsgi.py": "from site_ import create_app\napp = create_app()",
          "site_/__init__.py": "from flask import Flask\ndef create_app():\n  return Flask('x')"},
         "flask gunicorn", "-m gunicorn wsgi:app | --bind 0.0.0.0:8000"),
        ({"app.py": "from dash import Dash\napp = Dash()\nserver = app.server"}, "gunicorn",
         "-m gunicorn app:server | --bind 0.0.0.0:8000"),
        ({"app.py": "from pyramid.config import Configurator\nwith Configurator() as c:\n"
                    "  app = c.make_wsgi_app()"}, "waitress",
         "-m waitress --listen=0.0.0.0:8000 app:app | "),
        # The outermost one, and of the outermost the one that is made for servers.
        ({"main.py": FASTAPI, "pkg/main.py": FASTAPI, "pkg/__init__.py": ""}, "uvicorn",
         "-m uvicorn main:app | --host 0.0.0.0 --port 8000"),
        ({"main.py": FASTAPI, "asgi.py": "from main import create_app\napplication = create_app()"},
         "uvicorn", "-m uvicorn asgi:application | --host 0.0.0.0 --port 8000"),
        # What there is a server for.
        ({"api.py": FASTAPI, "web.py": FLASK}, "gunicorn",
         "-m gunicorn web:app | --bind 0.0.0.0:8000"),
        # Tests and examples do not count.
        ({"main.py": FASTAPI, "tests/app.py": FASTAPI, "examples/main.py": FASTAPI}, "uvicorn",
         "-m uvicorn main:app | --host 0.0.0.0 --port 8000"),
        ({"main.py": "this is (not python", "app.py": FASTAPI}, "uvicorn",
         "-m uvicorn app:app | --host 0.0.0.0 --port 8000"),
        ({"app.py": "import streamlit as st\nst.title('x')"}, "streamlit",
         "-m streamlit run app.py | --server.address 0.0.0.0 --server.port 8501 "
         "--server.headless true --browser.gatherUsageStats false"),
        ({"tasks.py": "from celery import Celery\nqueue = Celery('x')"}, "celery",
         "-m celery -A tasks:queue worker | --loglevel INFO"),
        ({"tool/__init__.py": "", "tool/__main__.py": "print()"}, "", "-m tool | "),
        ({"main.py": "print()"}, "", "-m main | "),
        ({"main.py": "print()", "helpers.py": ""}, "", "-m main | "),
        ({"main.py": "", "app.py": "if __name__ == '__main__':\n  pass"}, "", "-m app | "),
        ({"bot.py": "print()"}, "", "-m bot | "),
        ({"src/main.py": "print()"}, "", "-m main | "),
    ],
)  # fmt: skip
def test_signs(files: dict[str, str], names: str, want: str) -> None:
    assert starts(files, names) == want


@pytest.mark.parametrize(
    ("files", "names", "said", "hint"),
    [
        ({"main.py": FASTAPI}, "fastapi", "FastAPI has no server", "add uvicorn"),
        ({"app.py": FLASK}, "flask", "Flask has no server for production", "add gunicorn"),
        ({"main.py": FASTAPI, "app.py": FASTAPI}, "uvicorn",
         "more than one application: app:app, main:app", 'app = "app:app"'),
        ({"a/main.py": FASTAPI, "b/main.py": FASTAPI}, "uvicorn", "a.main:app, b.main:app",
         "choose one"),
        ({"main.py": "from fastapi import FastAPI\none = FastAPI()\ntwo = FastAPI()"}, "uvicorn",
         "main:one, main:two", "choose one"),
        ({"one.py": "", "two.py": ""}, "", "nothing was found", "app = "),
        ({"main.py": "x = 1", "app.py": "y = 2"}, "", "more than one script: app.py, main.py",
         "name the one"),
        ({"a/__main__.py": "", "b/__main__.py": ""}, "", "a/__main__.py, b/__main__.py", "name"),
        ({}, "", "nothing was found", "entrypoint"),
    ],
)  # fmt: skip
def test_what_is_not_decided(files: dict[str, str], names: str, said: str, hint: str) -> None:
    wrong = refused(files, names)
    assert said in wrong.what and hint in wrong.hint


MANAGE = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_.settings')\n"
DJANGO = {"manage.py": MANAGE, "site_/__init__.py": "", "site_/settings.py": "DEBUG = False\n",
          "site_/wsgi.py": "", "site_/asgi.py": ""}  # fmt: skip


@pytest.mark.parametrize(
    ("names", "want"),
    [
        ("django gunicorn", "-m gunicorn site_.wsgi:application | --bind 0.0.0.0:8000"),
        ("django uvicorn", "-m uvicorn site_.asgi:application | --host 0.0.0.0 --port 8000"),
        ("django gunicorn uvicorn", "-m gunicorn site_.wsgi:application | --bind 0.0.0.0:8000"),
    ],
)
def test_django(names: str, want: str) -> None:
    assert starts(DJANGO, names) == want
    assert ("DJANGO_SETTINGS_MODULE", "site_.settings") in found(DJANGO, names).start.env


def test_django_elsewhere_and_with_split_settings() -> None:
    files = {"backend/manage.py": MANAGE.replace(".settings", ".settings.prod"),
             "backend/site_/settings/__init__.py": "", "backend/site_/settings/prod.py": "",
             "backend/site_/wsgi.py": "",
             "backend/site_/urls.py": "urlpatterns = [path('health/', x)]"}  # fmt: skip
    start = found(files, "gunicorn").start
    assert start.entrypoint[-1] == "site_.wsgi:application"
    assert (start.workdir, start.health_path) == ("/app/backend", "/health/")


def test_django_without_a_server_and_with_uncollected_files() -> None:
    assert "add gunicorn" in refused(DJANGO, "django").hint
    files = {**DJANGO, "site_/settings.py": "STATIC_ROOT = BASE_DIR / 'static'\n"}
    assert "collectstatic" in found(files, "gunicorn").notes[0]
    assert not found({**files, "static/a.css": ""}, "gunicorn").notes


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ('@app.get("/health")\ndef h(): ...', "/health"),
        ('@app.route("/healthz", methods=["GET"])\ndef h(): ...', "/healthz"),
        ('app.add_api_route("/livez", h)', "/livez"),
        ('router = APIRouter(prefix="/v1")\n@router.get("/health")\ndef h(): ...', ""),
        ('@app.get("/health/{x}")\ndef h(): ...', ""),
        ('PATH = "/health"', ""),
        ('@app.post("/health")\ndef h(): ...', ""),
    ],
)
def test_health_routes(source: str, want: str) -> None:
    assert found({"main.py": FASTAPI + source}, "uvicorn").start.health_path == want


@pytest.mark.parametrize(
    ("config", "files", "names", "want"),
    [
        ("main:other", {"main.py": FASTAPI + "other = wrap(app)"}, "fastapi uvicorn",
         "-m uvicorn main:other | --host 0.0.0.0 --port 8000"),
        ("pkg.sub.web:make()", {"pkg/sub/web.py": "from flask import x"}, "flask gunicorn",
         "-m gunicorn pkg.sub.web:make() | --bind 0.0.0.0:8000"),
        ("jobs.nightly", {"jobs/nightly.py": ""}, "", "-m jobs.nightly | "),
        ("celery", {"x.py": ""}, "", "-m celery | "),
    ],
)  # fmt: skip
def test_the_configuration_decides(
    config: str, files: dict[str, str], names: str, want: str
) -> None:
    assert starts(files, names, f'[python]\napp = "{config}"\n') == want


@pytest.mark.parametrize(
    ("config", "said"),
    [("gone:app", "there is no module gone"), ("a b", "not an entry point"), (":x", "not an")],
)
def test_an_entry_point_that_is_not_there(config: str, said: str) -> None:
    wrong = refused({"main.py": FASTAPI}, "uvicorn", f'[python]\napp = "{config}"\n')
    assert said in wrong.what and wrong.where == "python.app"


def scripts(*names: str) -> str:
    rows = "".join(f'{name} = "thing:{name}"\n' for name in names)
    return f'[project]\nname = "thing"\n{BACKEND}[project.scripts]\n{rows}'


def test_console_scripts() -> None:
    package = {"thing/__init__.py": ""}
    assert starts({**package, "pyproject.toml": scripts("run-it")}) == "/usr/local/bin/run-it | "
    assert starts({**package, "pyproject.toml": scripts("a", "thing")}) == "/usr/local/bin/thing | "
    wrong = refused({**package, "pyproject.toml": scripts("a", "b")})
    assert "more than one script: a, b" in wrong.what and "/usr/local/bin/a" in wrong.hint
    # A tool that can also serve, without a server among its dependencies.
    files = {**package, "pyproject.toml": scripts("cli"), "thing/app.py": FLASK}
    assert starts(files, "flask") == "/usr/local/bin/cli | "


def test_folders_that_are_roots_of_their_own() -> None:
    files = {"backend/main.py": FASTAPI + "import models\n", "backend/models.py": ""}
    one = found(files, "uvicorn")
    assert one.start.entrypoint[-1] == "main:app" and one.start.workdir == "/app/backend"
    files = {"backend/main.py": FASTAPI + "from backend import models\n", "backend/models.py": ""}
    assert found(files, "uvicorn").start.entrypoint[-1] == "backend.main:app"


def test_ports_of_scripts() -> None:
    text = "import os\nserve(port=int(os.environ.get('PORT', 9000)))"
    assert found({"main.py": text}).start.ports == (9000,)
    text = "from http.server import *\nHTTPServer(('', 8080), H).serve_forever()"
    assert found({"main.py": text}).start.ports == (8080,)
    assert found({"main.py": "print()"}).start.ports == ()


@pytest.mark.parametrize(
    ("files", "want"),
    [
        ({"pyproject.toml": '[project]\nname = "a-b"\n' + BACKEND, "a_b/__init__.py": ""}, True),
        ({"pyproject.toml": '[project]\nname = "a-b"\n' + BACKEND, "src/x/__init__.py": ""}, True),
        ({"pyproject.toml": '[project]\nname = "a-b"\n', "a_b/__init__.py": ""}, False),
        ({"pyproject.toml": '[project]\nname = "svc"\n' + BACKEND, "app/main.py": ""}, False),
        ({"pyproject.toml": '[project]\nname = "a"\n' + BACKEND, "a.py": "", "manage.py": ""},
         False),
        ({"pyproject.toml": '[project]\nname = "a"\n[tool.uv]\npackage = false\n' + BACKEND,
          "a.py": ""}, False),
        ({"pyproject.toml": '[tool.poetry]\nname = "a"\npackage-mode = false\n' + BACKEND,
          "a.py": ""}, False),
        ({"pyproject.toml": BACKEND, "a.py": ""}, False),
    ],
)  # fmt: skip
def test_what_is_installed_rather_than_copied(files: dict[str, str], want: bool) -> None:
    one = project(files)
    assert packaged(one, read(one)) is want


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ({"requirements.txt": "fastapi[standard]\n", "main.py": FASTAPI},
         "Python 3.13, FastAPI under uvicorn"),
        ({"pyproject.toml": '[project]\nname = "x"\nrequires-python = "<3.12"\n', "main.py": ""},
         "Python 3.11, the script main.py"),
        ({"requirements.txt": "flask\n", "app.py": FLASK}, "Python 3.13"),
        ({"pyproject.toml": "[broken"}, "Python"),
        ({"app.py": ""}, "Python 3.13, the script app.py"),
        ({"Pipfile.lock": "{"}, "Python 3.13"),
    ],
)  # fmt: skip
def test_detection(files: dict[str, str], title: str) -> None:
    seen = detect(project(files))
    assert seen is not None and seen.kind == "python"
    assert seen.title == title and seen.evidence[0].where in files


@pytest.mark.parametrize(
    "files",
    [{}, {"package.json": "{}"}, {"pyproject.toml": "[tool.ruff]\nline-length = 100\n"},
     {"tools/thing.py": "", "go.mod": ""}],
)  # fmt: skip
def test_what_is_no_python_project(files: dict[str, str]) -> None:
    assert detect(project(files)) is None


def test_a_hundred_thousand_files_are_no_burden() -> None:
    from seaslug.apps.project import Project

    many = [file(f"data/{n // 100}/{n}.py", b"") for n in range(100_000)]
    one = Project("/p", Tree([*many, file("main.py", FASTAPI.encode())]))
    seen = detect(one)
    assert seen is not None and len(sources.read(one)) < 310
