"""Secrets in texts: keys, tokens, passwords, by their own shape and by where they stand.

What is found is its kind and its line; the secret itself is never kept. A token counts only if
it looks like chance (placeholders repeat themselves) and is not one of the examples that
documentation and SDKs carry.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import islice
from math import log2
from typing import NamedTuple

MAX_TEXT = 1 << 20
"""Larger files are data, not configuration: they are not searched."""

PRIVATE_KEY = "a private key"
PASSWORD = "a password"  # noqa: S105
HASH = "a password's hash"
NO_PASSWORD = "an account without a password"  # noqa: S105
ENCRYPTED_KEY = "an encrypted private key"


_MOST = 64
"""More in one file tell nothing new, and take time."""


class Mark(NamedTuple):
    """A secret: what kind it is, and the line it stands in, from 1."""

    kind: str
    line: int


_AWS = rb"(?i:aws_?secret_?access_?key)[\"']?\s*[=:]\s*[\"']?([A-Za-z0-9/+]{40})(?![\w/+=])"
# Each with what must be there at all, which begins with plain letters: that is looked for ten
# times as fast. Patterns are compiled when they are first used: most runs have all remembered.
_TOKENS: tuple[tuple[str, bytes, bytes], ...] = (
    ("an AWS access key", b"A[KS]IA",
     rb"(?<![A-Za-z0-9/+])(A[KS]IA[A-Z2-7]{16})(?![A-Za-z0-9/+=])"),
    ("an AWS secret key", b"aws", _AWS),
    ("an AWS secret key", b"AWS", _AWS),
    ("a Google API key", b"AIza", rb"(?<![\w-])(AIza[\w-]{35})(?![\w-])"),
    ("an Azure storage key", b"AccountKey=", rb"AccountKey=([A-Za-z0-9+/]{86}==)"),
    ("an Azure client secret", b"8Q~", rb"(?<![\w~.-])([\w~.-]{3}8Q~[\w~.-]{34})(?![\w~.-])"),
    ("a GitHub token", b"gh[pousr]_", rb"(?<!\w)gh[pousr]_([A-Za-z0-9]{36,251})(?!\w)"),
    ("a GitHub token", b"github_pat_", rb"(?<!\w)github_pat_(\w{60,90})(?!\w)"),
    ("a GitLab token", b"glpat-", rb"(?<![\w-])glpat-([\w-]{20,64})(?![\w-])"),
    ("a Slack token", b"xox", rb"(?<![\w-])xox[abeprs]-([0-9A-Za-z-]{20,250})"),
    ("a Slack webhook", rb"hooks\.slack\.com",
     rb"hooks\.slack\.com/services/T\w{6,14}/B\w{6,14}/(\w{20,28})"),
    ("a Stripe key", b"k_live_", rb"(?<!\w)[rs]k_live_([0-9A-Za-z]{20,120})"),
    ("an npm token", b"npm_", rb"(?<!\w)npm_([A-Za-z0-9]{36})(?!\w)"),
    ("a PyPI token", b"pypi-AgE", rb"pypi-AgE([\w-]{50,250})"),
    ("a SendGrid key", rb"SG\.", rb"(?<![\w.])SG\.([\w-]{22}\.[\w-]{43})(?![\w-])"),
    ("a key of an AI service", b"sk-(?:proj|ant)-", rb"(?<![\w-])sk-(?:proj|ant)-([\w-]{40,200})"),
)  # fmt: skip

_WORDS = (b"passw", b"secret", b"token", b"key")

_KEY = (
    rb"-----BEGIN (?:[A-Z0-9]{1,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:\\[rn]|[\s\"',]|[A-Za-z-]{3,20}: [^\n]{1,200}\n){1,40}"
    rb"((?:[A-Za-z0-9+/=]|\\[rn]|\s){100,20000})"
)
_LOCKED = (b"ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")
_PUTTY, _PUTTY_LINE = b"PuTTY-User-Key-File-", rb"(?m)^PuTTY-User-Key-File-[0-9]: "

_NAMED = (
    rb"(?im)^[ \t]*(?:export[ \t]+)?[\"']?[\w.-]{0,40}?(?:password|passwd|secret|token|api_?key|"
    rb"private_?key|access_?key)[\"']?[ \t]*[=:][ \t]*[\"']?([^\s\"'#;,]{8,200})"
)
_IN_URL = rb"://[^\s:/@\"']{1,64}:([^\s:/@\"']{6,128})@"
_SETTINGS = (
    r"(?i)(?:\.(?:env|ini|cfg|conf|cnf|ya?ml|toml|json|properties|config|credentials)|"
    r"(?:^|/)\.env(?:\.[\w-]+)?|(?:^|/)(?:credentials|config|\.[a-z]+rc|\.[a-z]+pass))\Z"
)
_LIBRARIES = (
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|python3[^/]*|perl5?|doc|locale|i18n|man)/"
)
_PLACEHOLDER = (
    rb"(?i)example|change.?me|your|placeholder|dummy|sample|redacted|replace|insert|secret|"
    rb"password|\bnone\b|xxx|\*\*\*|<|\{|\[|\(|\$|%\(|\.\.\.|0000|1234567|abcdef|test"
)
_FILES: tuple[tuple[str, str, bytes], ...] = (
    (r"\.npmrc", "an npm login", rb"(?m)(?:_authToken|_password|_auth)\s*=\s*([^\s$]{8,})"),
    (r"\.yarnrc\.yml", "an npm login", rb"(?m)npmAuth(?:Token|Ident):\s*[\"']?([^\s$\"']{8,})"),
    (r"\.pypirc", "a PyPI login", rb"(?m)^\s*password\s*[=:]\s*([^\s$]{4,})"),
    (r"[._]netrc", "a login of .netrc", rb"\bpassword\s+([^\s$]{3,})"),
    (r"\.git-credentials", "a Git login", rb"://[^\s:/@]+:([^\s@]{3,})@"),
    (r"\.pgpass", "a PostgreSQL password", rb"(?m)^(?:[^:#\n]*:){4}(\S+)"),
    (r"\.my\.cnf", "a MySQL password", rb"(?m)^\s*password\s*=\s*([^\s$]{3,})"),
    (r"\.aws/credentials", "an AWS login", rb"(?m)^aws_secret_access_key\s*=\s*(\S{16,})"),
    (r"(?:\.docker/config\.json|\.dockercfg|\.dockerconfigjson|containers/auth\.json)",
     "a registry login", rb"\"auth\"\s*:\s*\"([A-Za-z0-9+/=]{8,})\""),
    (r"(?:\.kube/config|[^/]*kubeconfig[^/]*)", "a Kubernetes login",
     rb"(?m)^\s*(?:client-key-data|token|password):\s*[\"']?([^\s\"']{8,})"),
    (r"etc/shadow-?", HASH, rb"(?m)^[^:\n]+:(\$[^:\n]{8,}|[./0-9A-Za-z]{13}):"),
    (r"etc/shadow-?", NO_PASSWORD, rb"(?m)^([^:\n]+)::"),
    (r"\.htpasswd", HASH, rb"(?m)^[^:\n]+:(\$[^:\n]{8,}|\{SHA\}[^:\n]+)"),
)  # fmt: skip

LOGINS = frozenset(kind for _, kind, _ in _FILES) - {HASH, NO_PASSWORD}
"""Kinds that are told by the name of a file and its format."""


def scan(path: str, data: bytes) -> tuple[Mark, ...]:
    """Return what secrets the text *data* of the file at *path* holds, by line."""
    spots: dict[tuple[str, int], None] = {}
    for kind, at in islice(_spots(path, data), _MOST):
        spots[kind, data.count(b"\n", 0, at) + 1] = None
    return tuple(sorted((Mark(*spot) for spot in spots), key=lambda mark: (mark.line, mark.kind)))


def tokens(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield (kind, offset) of each key and token that is known by its own shape."""
    if b"PRIVATE KEY" in data or _PUTTY in data:
        yield from _keys(data)
    for kind, anchor, pattern in _TOKENS:
        if re.search(anchor, data):
            for found in re.finditer(pattern, data):
                if _by_chance(found[1]):
                    yield kind, found.start()


def _spots(path: str, data: bytes) -> Iterator[tuple[str, int]]:
    yield from tokens(data)
    known = False
    for where, kind, pattern in _FILES:
        if re.search(rf"(?:^|/){where}\Z", path):
            for found in re.finditer(pattern, data):
                yield kind, found.start()
            known = True
    if not known and re.search(_SETTINGS, path) and not re.search(_LIBRARIES, path):
        lower = data.lower()
        named = any(word in lower for word in _WORDS)
        for pattern in (*((_NAMED,) if named else ()), _IN_URL):
            for found in re.finditer(pattern, data):
                if _mixed(found[1]) and not re.search(_PLACEHOLDER, found[1]):
                    yield PASSWORD, found.start(1)


def _keys(data: bytes) -> Iterator[tuple[str, int]]:
    for found in re.finditer(_KEY, data):
        locked = any(word in found[0][:200] for word in _LOCKED)
        if _decodes(found[1]):
            yield (ENCRYPTED_KEY if locked else PRIVATE_KEY), found.start()
    for found in re.finditer(_PUTTY_LINE, data):
        yield PRIVATE_KEY, found.start()


def _decodes(body: bytes) -> bool:
    """Tell whether *body* begins with so much of base64 that it is a key, not a mention of one."""
    text = re.sub(rb"\\[rn]|\s", b"", body)[:400]
    try:
        return len(set(base64.b64decode(text[: len(text) // 4 * 4]))) > 16
    except (binascii.Error, ValueError):
        return False


def _by_chance(text: bytes) -> bool:
    return b"EXAMPLE" not in text and len(set(text)) >= 10


def _mixed(text: bytes) -> bool:
    """Tell whether *text* is no word, path or number: letters and digits, near chance."""
    digits = any(48 <= c <= 57 for c in text)
    letters = any(65 <= c <= 90 or 97 <= c <= 122 for c in text)
    return digits and letters and text[:1] not in b"/.~@" and _entropy(text) >= 2.9


def _entropy(text: bytes) -> float:
    """Return how many bits a byte of *text* tells, from how often each occurs."""
    return -sum(n / len(text) * log2(n / len(text)) for n in map(text.count, set(text)))
