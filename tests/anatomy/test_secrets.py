"""Secrets: found by their shape and place, told by kind and line, never taken from what is none."""

from __future__ import annotations

import base64
import hashlib
import sysconfig
from pathlib import Path

import pytest

from rules.judging import chance, key
from seaslug.anatomy.secrets import Mark, scan

HEX = "0123456789abcdef"
AUTH = base64.b64encode(b"user:" + chance("auth", 20).encode()).decode()

FOUND = [
    ("app/key.pem", key(), "a private key"),
    ("app/key.pem", key("EC "), "a private key"),
    ("root/.ssh/id_ed25519", key("OPENSSH "), "a private key"),
    ("app/pkcs8.pem", key(""), "a private key"),
    ("app/pgp.asc", key("PGP ").replace("PRIVATE KEY", "PRIVATE KEY BLOCK"), "a private key"),
    ("app/locked.pem", key("ENCRYPTED "), "an encrypted private key"),
    ("app/old.pem",
     key().replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\n", 1),
     "an encrypted private key"),
    ("app/gcp.json", '{"private_key": "' + key("").replace("\n", "\\n") + '"}', "a private key"),
    ("app/x.ppk", "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", "a private key"),
    ("app/a.py", "KEY = 'AKIA" + chance("aws", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") + "'",
     "an AWS access key"),
    ("app/a.txt", f"aws_secret_access_key = {chance('s', 40)}", "an AWS secret key"),
    ("app/a.js", f"const k = 'AIza{chance('google', 35)}';", "a Google API key"),
    ("app/a.txt", f"AccountKey={chance('azure', 86)}==;", "an Azure storage key"),
    ("app/a.txt", f"secret: abc8Q~{chance('azure', 34)}", "an Azure client secret"),
    ("app/a.sh", f"export T=ghp_{chance('gh', 36)}", "a GitHub token"),
    ("app/a.sh", f"export T=github_pat_{chance('pat', 82)}", "a GitHub token"),
    ("app/a.sh", f"export T=glpat-{chance('gl', 20)}", "a GitLab token"),
    ("app/a.py", f"T = 'xoxb-{chance('slack', 40)}'", "a Slack token"),
    ("app/a.py", f"https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFG/{chance('h', 24)}",
     "a Slack webhook"),
    ("app/a.rb", f"key = 'sk_live_{chance('stripe', 24)}'", "a Stripe key"),
    ("app/a.sh", f"npm_{chance('npm', 36)}", "an npm token"),
    ("app/a.sh", f"pypi-AgEIcHlwaS5vcmc{chance('pypi', 80)}", "a PyPI token"),
    ("app/a.py", f"K = 'sk-ant-{chance('ai', 60)}'", "a key of an AI service"),
    ("app/a.sh", f"SG.{chance('a', 22)}.{chance('b', 43)}", "a SendGrid key"),
    ("root/.npmrc", f"//r.example/:_authToken={chance('n', 30)}", "an npm login"),
    ("root/.pypirc", "[pypi]\nusername = me\npassword = hunter22\n", "a PyPI login"),
    ("root/.netrc", "machine a.example login me password hunter22\n", "a login of .netrc"),
    ("root/.git-credentials", "https://me:hunter22@git.example\n", "a Git login"),
    ("root/.pgpass", "db:5432:*:me:hunter22\n", "a PostgreSQL password"),
    ("root/.my.cnf", "[client]\npassword=hunter22\n", "a MySQL password"),
    ("root/.aws/credentials", f"[default]\naws_secret_access_key = {chance('k', 40)}\n",
     "an AWS login"),
    ("root/.docker/config.json", '{"auths": {"r.example": {"auth": "' + AUTH + '"}}}',
     "a registry login"),
    ("root/.kube/config", f"users:\n- user:\n    token: {chance('kube', 40)}\n",
     "a Kubernetes login"),
    ("etc/shadow", f"root:$y$j9T${chance('y', 60)}:19000::::::\n", "a password's hash"),
    ("etc/shadow", "root:::0:::::\n", "an account without a password"),
    ("app/.htpasswd", f"me:$apr1$salt${chance('ht', 22)}\n", "a password's hash"),
    ("app/.env", f"DB_PASSWORD=7{chance('env', 16)}\n", "a password"),
    ("app/config.yaml", f"db:\n  api_key: '{chance('y', 32)}'\n", "a password"),
    ("app/config.json", '{\n  "client_secret": "' + chance("j", 32) + '"\n}', "a password"),
    ("app/settings.ini", f"url = postgres://me:{chance('url', 16)}@db/x\n", "a password"),
]  # fmt: skip

NONE = [
    ("app/a.py", "if b'-----BEGIN RSA PRIVATE KEY-----' in data:\n    raise ValueError\n"),
    ("app/docs.md", "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n"),
    ("app/pub.pem", key().replace("PRIVATE", "PUBLIC")),
    ("app/cert.pem", key().replace("RSA PRIVATE KEY", "CERTIFICATE")),
    ("app/a.py", "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("app/a.py", "aws_secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'"),
    ("app/a.md", "export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ("app/a.js", f"npm_config_{chance('npm', 36)}"),
    ("app/sums", "".join(chance(str(n), 64, HEX) + "  file\n" for n in range(40))),
    ("root/.npmrc", "//r.example/:_authToken=${NPM_TOKEN}\nregistry=https://r.example/\n"),
    ("root/.netrc", "machine a.example login me\n"),
    ("root/.docker/config.json", '{"credsStore": "desktop", "auths": {"r.example": {}}}'),
    ("etc/shadow", "root:*:19000:0:99999:7:::\nme:!:19000::::::\nx:!!:1::::::\n"),
    ("app/.env", "DB_PASSWORD=\nSECRET_KEY=changeme123\nTOKEN=<your token>\nAPI_KEY=${API_KEY}\n"),
    ("app/.env", "PASSWORD_FILE=/run/secrets/db_password\ntoken_url=https://a.example/token1\n"),
    ("app/config.yaml", "password: password123\ntoken: ../token/Path9\nsecret: my-secret-name1\n"),
    ("app/config.yaml", "url: postgres://user:password@localhost/db\n"),
    ("app/settings.py", "PASSWORD = os.environ['DB_PASSWORD']\n"),
    ("usr/lib/python3/dist-packages/x/conf.json", f'{{\n"token": "{chance("x", 32)}"\n}}'),
    ("app/paginators.json", '{\n"output_token": "StreamNames[-1]"\n}'),
    ("app/package-lock.json", '  "integrity": "sha512-' + chance("i", 86) + '=="\n'),
    ("app/locale.json", '{\n"password": "Passwort",\n"token": "Zugangsschlüssel"\n}'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "kind"), FOUND, ids=lambda value: value[:24])
def test_what_is_a_secret(path: str, text: str, kind: str) -> None:
    found = scan(path, text.encode())
    assert kind in [mark.kind for mark in found]
    assert scan(path, b"\n\n" + text.encode())[0].line == found[0].line + 2


@pytest.mark.parametrize(("path", "text"), NONE, ids=lambda value: value[:24])
def test_what_is_none(path: str, text: str) -> None:
    assert scan(path, text.encode()) == ()


def test_each_line_is_told_once_and_the_secret_never() -> None:
    token = f"ghp_{chance('one', 36)}"
    found = scan("app/a.sh", f"a\n{token} {token}\n\n{token}\n".encode())
    assert found == (Mark("a GitHub token", 2), Mark("a GitHub token", 4))
    assert token not in repr(found)


@pytest.mark.parametrize(
    "data",
    [
        b"-----BEGIN RSA PRIVATE KEY-----" * 30_000,
        b"-----BEGIN RSA PRIVATE KEY-----\n" + b"A" * 1_000_000,
        b"password=" * 100_000,
        f"ghp_{chance('many', 36)} ".encode() * 20_000,
        b"a://b:c" * 140_000,
        b"x:" * 500_000,
        hashlib.sha256(b"x").digest() * 30_000,
    ],
    ids=["headers", "long", "names", "tokens", "addresses", "colons", "noise"],
)  # fmt: skip
@pytest.mark.timeout(20)
@pytest.mark.parametrize("path", ["app/.env", "root/.pgpass"])
def test_hostile_texts_are_over_soon(path: str, data: bytes) -> None:
    assert len(scan(path, data)) <= 64


def test_python_s_own_library_has_none() -> None:
    root = Path(sysconfig.get_path("stdlib"))
    skipped = {"test", "tests", "idlelib", "lib2to3", "site-packages"}
    found = {}
    for path in root.rglob("*.py"):
        if not skipped & set(path.relative_to(root).parts):
            marks = scan(f"usr/lib/python3.13/{path.relative_to(root)}", path.read_bytes())
            found.update({str(path): marks} if marks else {})
    assert found == {}
