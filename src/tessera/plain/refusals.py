"""Turning our errors into responses, the same that REST framework gives."""

from typing import TypeVar

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from tessera import clock
from tessera.conf import current
from tessera.engine.noise import Costly, note_refusal
from tessera.errors import InsufficientScope, InvalidCredential, NotPresented, TesseraError, TooMany
from tessera.http.problems import challenge, problem
from tessera.plain.origin import address_of

R = TypeVar("R", bound=HttpResponseBase)


def counted(error: TesseraError, request: HttpRequest) -> TesseraError:
    """`error`, or what takes its place if that credential was refused too often."""
    if isinstance(error, Costly):
        try:
            note_refusal(error, address_of(request), clock.now())
        except TooMany as too_many:
            return too_many
    return error


def refused(error: TesseraError, request: HttpRequest) -> JsonResponse:
    """The response that stands for `error`, with the headers that must go with it."""
    error = counted(error, request)
    answer = problem(error, gettext)
    response = JsonResponse({"detail": answer.detail}, status=answer.status, headers={"Cache-Control": "no-store"})
    told = {"WWW-Authenticate": _challenge(error), "Retry-After": answer.retry_after}
    for header, value in told.items():
        if value:
            response[header] = str(value)
    return response


def _challenge(error: TesseraError) -> str | None:
    match error:
        case NotPresented():
            return challenge("Bearer", current().REALM)
        case InvalidCredential():
            return challenge("Bearer", current().REALM, error.code)
        case InsufficientScope():
            return challenge("Bearer", current().REALM, error.code, error.scope)
    return None


def varied(response: R) -> R:
    """The response, which depends on what carries a credential (RFC 9110 §12.5.5)."""
    patch_vary_headers(response, ["Authorization", "Cookie"] if current().COOKIES else ["Authorization"])
    return response
