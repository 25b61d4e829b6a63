"""What a registry says when it refuses, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from seaslug.adapters.registry.message import Response
from seaslug.errors import LoginError, RegistryError, SeaslugError, UnreachableError
from seaslug.values.words import printable

_MAX_BODY = 64 << 10
_MAX_TEXT = 300


class RefusedError(RegistryError):
    """A refusal, with its HTTP *status* and the registry's own *codes* (``BLOB_UNKNOWN``)."""

    status = 0
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is none of those hoped for: its status, codes, what it says, to whom."""

    status: int
    codes: tuple[str, ...]
    text: str
    caller: str = ""

    def has(self, status: int, *codes: str) -> bool:
        """Tell whether it has this status or one of these codes."""
        return self.status == status or any(code in self.codes for code in codes)

    @property
    def told(self) -> str:
        """What the registry answered, for people."""
        said = f", {self.text}" if self.text else ""
        return f"the registry answers {self.status}{said}"


def read(answer: Response) -> Refusal:
    """Read a refusal; the answer is closed then."""
    raw = answer.begin(_MAX_BODY)
    for secret in answer.secrets:
        raw = raw.replace(secret.encode(), b"...")
    codes, texts = [], []
    for row in _rows(raw):
        code = printable(str(row.get("code", "")), 60)
        said = printable(str(row.get("message") or ""), _MAX_TEXT)
        codes.append(code)
        texts.append(": ".join(filter(None, (code, said))))
    if not texts and raw and "html" not in (answer.headers["Content-Type"] or ""):
        texts = [printable(raw[:_MAX_TEXT].decode("utf-8", "replace"), _MAX_TEXT)]
    shown = "; ".join(dict.fromkeys(texts))[:_MAX_TEXT]
    return Refusal(answer.status, tuple(codes), shown, answer.caller)


def explained(found: Refusal, host: str, where: str, doing: str) -> SeaslugError:
    """Return the error for *found*, met while *doing* something (``cannot be read``)."""
    for status, codes, make in _KINDS:
        if found.has(status, *codes):
            return make(found, host, where)
    if "HTTPS server" in found.text:
        return UnreachableError(
            "speaks HTTPS, not plain HTTP", where=host,
            hint=f"trust its certificate: --ca FILE; or do without: --insecure https://{host}",
        )  # fmt: skip
    hint = "try again later; the registry itself is in trouble" if found.status >= 500 else ""
    return _refused(found, f"{doing}: {found.told}", where, hint)


def refused(answer: Response, host: str, where: str, doing: str) -> SeaslugError:
    """Read *answer* and return the error for it."""
    return explained(read(answer), host, where, doing)


def _refused(found: Refusal, what: str, where: str, hint: str) -> RefusedError:
    error = RefusedError(what, where=where, hint=hint)
    error.status, error.codes = found.status, found.codes
    return error


def _unknown_caller(found: Refusal, host: str, where: str) -> SeaslugError:
    return LoginError(
        f"needs a login: {found.told}", where=where, hint=f"log in: seaslug login {host}"
    )


def _denied(found: Refusal, host: str, where: str) -> SeaslugError:
    return LoginError(
        f"{found.caller or 'who asks'} may not do this: {found.told}", where=where,
        hint=f"check the name, or log in as someone who may: seaslug login {host}",
    )  # fmt: skip


def _busy(found: Refusal, host: str, where: str) -> SeaslugError:
    hint = f"try again later; many registries allow more to who logs in: seaslug login {host}"
    return _refused(found, f"too many requests: {found.told}", where, hint)


def _no_repository(found: Refusal, host: str, where: str) -> SeaslugError:
    hint = f"check the name; private ones are seen after a login only: seaslug login {host}"
    return _refused(found, f"no such repository: {found.told}", where, hint)


def _unsupported(found: Refusal, host: str, where: str) -> SeaslugError:
    hint = "the registry, or its administrator, does not provide for this"
    return _refused(found, f"not supported: {found.told}", where, hint)


def _too_large(found: Refusal, host: str, where: str) -> SeaslugError:
    hint = "the registry, or a proxy before it, has a limit; its administrator can raise it"
    return _refused(found, f"larger than it may be: {found.told}", where, hint)


_Maker = Callable[[Refusal, str, str], SeaslugError]
_KINDS: tuple[tuple[int, tuple[str, ...], _Maker], ...] = (
    (401, ("UNAUTHORIZED",), _unknown_caller),
    (403, ("DENIED",), _denied),
    (429, ("TOOMANYREQUESTS",), _busy),
    (-1, ("NAME_UNKNOWN",), _no_repository),
    (405, ("UNSUPPORTED",), _unsupported),
    (413, (), _too_large),
)


def _rows(raw: bytes) -> list[dict[str, object]]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    rows = data.get("errors") if isinstance(data, dict) else None
    return [row for row in rows if isinstance(row, dict)][:8] if isinstance(rows, list) else []
