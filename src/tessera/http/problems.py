"""How an error is answered: its status, code and challenge. A dialect may change the body, never these."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

from tessera.errors import (
    InvalidAsk,
    InvalidCredential,
    MalformedHeader,
    NotAllowed,
    NotPresented,
    StoreDown,
    TesseraError,
    TooMany,
)
from tessera.words import gettext_noop as _

RETRY_AFTER = 5
"""Seconds until a client may try again after the storage was down (RFC 9110 §10.2.3)."""

INVALID = _("Invalid token.")
"""What every invalid token gets, whatever is wrong with it (RFC 6750 §3.1): a guesser learns nothing."""

_NO_TEXT = re.compile(r"[^ -~]")


class Problem(NamedTuple):
    """What a client is told of an error."""

    status: int
    code: str
    detail: str
    retry_after: int | None = None


STATUS: dict[type[TesseraError], int] = {
    NotPresented: 401,
    InvalidCredential: 401,
    InvalidAsk: 400,
    NotAllowed: 403,
    TooMany: 429,
    StoreDown: 503,
}


def problem(error: TesseraError, translate: Callable[[str], str] = str) -> Problem:
    """What a client is told of `error`.

    A door passes Django's `gettext`, so that the detail is in the client's language.
    """
    status = _status(type(error))  # type: ignore[arg-type] # mypy asks whether the errors have a hash, and not the class
    match error:
        case InvalidCredential() if not isinstance(error, MalformedHeader):
            return Problem(status, error.code, translate(INVALID))
        case StoreDown():
            told = translate(_("The service is not available for the moment. Try again."))
            return Problem(status, error.code, told, RETRY_AFTER)
        case TooMany():
            return Problem(status, error.code, error.in_words(translate), error.wait)
    return Problem(status, error.code, error.in_words(translate))


@cache
def _status(kind: type[TesseraError]) -> int:
    return next((STATUS[branch] for branch in kind.__mro__ if branch in STATUS), 500)


@lru_cache(maxsize=64)
def challenge(scheme: str, realm: str, error: str | None = None, scope: frozenset[str] = frozenset()) -> str:
    """The `WWW-Authenticate` of a refusal (RFC 6750 §3). Without `error` where no credential was presented.

    `scope` is what it takes, where a token has too little.
    """
    quoted = _NO_TEXT.sub("?", realm).replace("\\", "\\\\").replace('"', '\\"')
    told = {"error": error, "scope": " ".join(sorted(scope))}
    return f'{scheme} realm="{quoted}"' + "".join(f', {name}="{value}"' for name, value in told.items() if value)
