"""Secrets: in files of any layer, removed ones too, and in what the configuration says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from seaslug.anatomy.secrets import (
    ENCRYPTED_KEY,
    HASH,
    LOGINS,
    NO_PASSWORD,
    PASSWORD,
    PRIVATE_KEY,
    tokens,
)
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import listed
from seaslug.values.tree import Kind

_FIX = "revoke it; give it at run time (a mounted secret), at build time by RUN --mount=type=secret"
_NAMES = re.compile(
    r"(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.env(?:\.(?!example|sample|template|dist|defaults)"
    r"[\w-]+)?|\.npmrc|[._]netrc|\.pypirc|\.git-credentials|\.pgpass|\.htpasswd|\.my\.cnf|"
    r"\.vault-token|\.aws/credentials|\.docker/config\.json|\.dockercfg|\.kube/config|"
    r"\.(?:ba|z|a)?sh_history|\.python_history|\.psql_history|[^/]+\.tfstate|[^/]+\.kdbx|"
    r"[^/]+\.(?:p12|pfx|jks|keystore|ppk|ovpn))\Z"
)
_LIBRARIES = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|usr/share/doc)/")
_FIXTURES = re.compile(
    r"(?:^|/)(?:usr/share/doc/|(?:site-packages|dist-packages|node_modules)/(?:.*/)?"
    r"(?:tests?|testing|testdata|test_data|fixtures|examples?|certs)/)"
)
_SECRET_NAME = re.compile(
    r"(?i)(?:^|_)(?:password|passwd|passphrase|secret|token|credentials|api_?key|access_?key|"
    r"private_?key|secret_?key|auth_?key)\Z"
)
_ASSIGNED = re.compile(r"(?<![\w.-])([A-Za-z]\w{2,60})=(\"[^\"]*\"|'[^']*'|[^\s\"';&|]+)")
_HARMLESS = re.compile(r"(?i)\A(?:true|false|yes|no|on|off|none|null|[0-9]*|/.*|.*[${<*].*)\Z")


def private_keys(image: Specimen) -> Iterator[Finding]:
    """A file of a layer holds a private key.

    Whoever can pull the image has it, for ever: a later layer that removes the file hides it
    and no more. Take the key back where it is trusted, make a new one, and mount it when the
    container starts. For a step of the build that needs one: `RUN --mount=type=secret` or
    `--mount=type=ssh`. A key that is encrypted by a passphrase is a warning only. CIS Docker
    Benchmark 4.10.
    """
    yield from _in_files(
        image, "IMG070", {PRIVATE_KEY: Severity.ERROR, ENCRYPTED_KEY: Severity.WARN}
    )


def service_tokens(image: Specimen) -> Iterator[Finding]:
    """A file of a layer holds the token or key of a service, known by its shape.

    AWS, Azure, Google, GitHub, GitLab, Slack, Stripe, npm, PyPI and others. Revoke it first:
    it is to be taken as known. Then give it to the container when it starts, by a mounted
    secret, and to a build by `RUN --mount=type=secret`. Examples of documentation do not count.
    """
    for at, path, kind, line in _marks(image):
        if kind not in _OTHERS | LOGINS:
            yield _finding(image, "IMG071", Severity.ERROR, (at, path, kind, line))


def login_files(image: Specimen) -> Iterator[Finding]:
    """A login of a tool was copied into the image: .npmrc, .netrc, .pypirc, Docker, Kubernetes.

    These files come along with a home folder, or are written by a step that installs from a
    private registry. Revoke what is in it. Name them in .dockerignore, and let the step see
    them only while it runs: `RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci`.
    """
    for at, path, kind, line in _marks(image):
        if kind in LOGINS or (kind == HASH and "shadow" not in path):
            yield _finding(image, "IMG072", Severity.ERROR, (at, path, kind, line))


def passwords(image: Specimen) -> Iterator[Finding]:
    """A settings file has what looks like a password: a secret's name, a value made by chance.

    Seen in .env, .ini, .yaml, .json, .properties and such, and in addresses with a password
    (postgres://user:…@host). Give it by the environment or a mounted file when the container
    starts. If it is no secret, ignore the finding with a reason (`[check]` in seaslug.toml).
    """
    yield from _in_files(image, "IMG073", {PASSWORD: Severity.WARN})


def names_of_secrets(image: Specimen) -> Iterator[Finding]:
    """A file has the name of one that holds secrets: .env, id_rsa, key stores, shell histories.

    What is in it is not known as a secret, or not readable as text. Such files belong to the
    machine of who built the image. Name them in .dockerignore.
    """
    for path, item in image.root.placed.items():
        entry = item.entry
        if (
            entry.kind is Kind.FILE and _NAMES.search(path) and not _LIBRARIES.search(path)
            and not image.root.secrets(path) and _size(image, path)
        ):  # fmt: skip
            yield Finding(
                "IMG074", Severity.WARN, f"/{path}", "files of this name usually hold secrets",
                f"name it in .dockerignore: **/{path.rpartition('/')[2]}",
            )  # fmt: skip


def in_environment(image: Specimen) -> Iterator[Finding]:
    """A variable of the image's environment is a secret, by its name or by its value.

    It is in the configuration, which `docker inspect` shows to anyone, and in the environment
    of every process. Set it when the container starts (`--env-file`, a Kubernetes secret), or
    better mount a file.
    """
    for row in image.run.get("Env") or ():
        name, _, value = str(row).partition("=")
        kind = _secret(name, value)
        if kind:
            yield Finding("IMG075", Severity.ERROR, f"Env {name}", f"holds {kind}", _FIX)


def in_history(image: Specimen) -> Iterator[Finding]:
    """A step of the image's history shows a secret: in an ARG, an ENV, or a command.

    `docker history --no-trunc` shows it to anyone who has the image, and so do layers' steps
    when a build argument is used in RUN. Revoke it, and pass it by `RUN --mount=type=secret`,
    which leaves no trace.
    """
    for at, said in enumerate(image.history):
        kinds = dict.fromkeys(kind for kind, _ in tokens(said.encode("utf-8", "replace")))
        for name, value in _ASSIGNED.findall(said):
            kind = _secret(name, value.strip("\"'"))
            if kind:
                kinds[f"{kind} ({name})" if kind == PASSWORD else kind] = None
        if kinds:
            yield Finding(
                "IMG076", Severity.ERROR, f"history {at}", f"shows {listed(list(kinds))}", _FIX
            )  # fmt: skip


def in_labels(image: Specimen) -> Iterator[Finding]:
    """A label or annotation holds a key or token.

    Labels are meant to be read by everyone: registries and scanners show them without the
    image being pulled. Revoke what is in it, and build again without.
    """
    for where, rows in (("label", image.labels), ("annotation", image.annotations or {})):
        for name, value in rows.items():
            for kind in dict.fromkeys(kind for kind, _ in tokens(value.encode("utf-8", "replace"))):
                yield Finding("IMG077", Severity.ERROR, f"{where} {name}", f"holds {kind}", _FIX)


_OTHERS = frozenset((PRIVATE_KEY, ENCRYPTED_KEY, PASSWORD, HASH, NO_PASSWORD))
_Spot = tuple[int, str, str, int]


def _in_files(
    image: Specimen, rule: str, kinds: Mapping[str, Severity]
) -> Iterator[Finding]:  # fmt: skip
    for at, path, kind, line in _marks(image):
        if kind in kinds:
            yield _finding(image, rule, kinds[kind], (at, path, kind, line))


def _marks(image: Specimen) -> Iterator[_Spot]:
    """Yield (layer, path, kind, line) of each secret, of one kind in a file the first only."""
    for at, layer in enumerate(image.root.layers):
        for path, marks in layer.secrets.items():
            seen = set[str]()
            for kind, line in marks:
                if kind not in seen:
                    seen.add(kind)
                    yield at, path, kind, line


def _finding(image: Specimen, rule: str, severity: Severity, spot: _Spot) -> Finding:
    at, path, kind, line = spot
    item = image.root.placed.get(path)
    gone = "" if item is not None and item.origin == (at, path) else (
        f"; a later layer hides the file, yet layer {at} still has it"
    )  # fmt: skip
    if _FIXTURES.search(path):
        severity, gone = Severity.INFO, f"{gone}; it seems to belong to a library's tests"
    return Finding(rule, severity, f"/{path}", f"{kind} in line {line}{gone}", _FIX)


def _size(image: Specimen, path: str) -> int:
    row = image.row(path)
    return row.size if row is not None else 0


def _secret(name: str, value: str) -> str:
    """Return what kind of secret a variable's *value* is; empty if it is none."""
    for kind, _ in tokens(value.encode("utf-8", "replace")):
        return kind
    named = _SECRET_NAME.search(name) and not name.upper().endswith(("_FILE", "_PATH"))
    return PASSWORD if named and not _HARMLESS.match(value) else ""


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG070", "Private key in a layer", Severity.ERROR, private_keys),
    Rule("IMG071", "Token of a service in a layer", Severity.ERROR, service_tokens),
    Rule("IMG072", "Login of a tool in a layer", Severity.ERROR, login_files),
    Rule("IMG073", "Password in a settings file", Severity.WARN, passwords),
    Rule("IMG074", "File with the name of a secret", Severity.WARN, names_of_secrets),
    Rule("IMG075", "Secret in the environment", Severity.ERROR, in_environment),
    Rule("IMG076", "Secret in the history", Severity.ERROR, in_history),
    Rule("IMG077", "Secret in a label", Severity.ERROR, in_labels),
)
