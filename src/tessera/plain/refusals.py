"""Turning our errors into responses, the same that REST framework gives."""

from typing import TypeVar

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from tessera.conf import current
from tessera.errors import InsufficientScope, InvalidCredential, NotPresented, TesseraError
from tessera.http.problems import challenge, problem
from tessera.web.refusals import counted

R = TypeVar("R", bound=HttpResponseBase)


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
