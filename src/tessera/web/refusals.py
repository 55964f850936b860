"""What a refusal takes, however it is answered."""

from django.http import HttpRequest

from tessera import clock
from tessera.conf import current
from tessera.engine.rates.noise import Costly, note_refusal
from tessera.errors import InsufficientScope, InvalidCredential, NotPresented, TesseraError, TooMany
from tessera.http.problems import challenge, problem
from tessera.web.origin import address_of


def counted(error: TesseraError, request: HttpRequest) -> TesseraError:
    """`error`, or what takes its place if that credential was refused too often."""
    if isinstance(error, Costly):
        try:
            note_refusal(error, address_of(request), clock.now())
        except TooMany as too_many:
            return too_many
    return error


def headers_of(error: TesseraError) -> dict[str, str]:
    """The headers that must go with the answer to `error`, whatever it says (RFC 9110 §15.5.2, RFC 6585 §4)."""
    told = {"WWW-Authenticate": challenge_of(error), "Retry-After": problem(error).retry_after}
    return {header: str(value) for header, value in told.items() if value}


def challenge_of(error: TesseraError) -> str | None:
    """What a token takes here, if that is why `error` was answered (RFC 6750 §3), for a door that says `Bearer`."""
    match error:
        case NotPresented():
            return challenge("Bearer", current().REALM)
        case InvalidCredential():
            return challenge("Bearer", current().REALM, error.code)
        case InsufficientScope():
            return challenge("Bearer", current().REALM, error.code, error.scope)
    return None
