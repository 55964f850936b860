"""Turning our errors into responses, the same that REST framework gives."""

from typing import TypeVar

from django.http import HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers

from tessera.conf import current
from tessera.errors import InvalidCredential, TesseraError
from tessera.http.problems import challenge, problem

R = TypeVar("R", bound=HttpResponseBase)


def refused(error: TesseraError) -> JsonResponse:
    """The response that stands for `error`, with the headers that must go with it."""
    answer = problem(error)
    response = JsonResponse({"detail": answer.detail}, status=answer.status, headers={"Cache-Control": "no-store"})
    if answer.status == 401:
        presented = error.code if isinstance(error, InvalidCredential) else None
        response["WWW-Authenticate"] = challenge("Bearer", current().REALM, presented)
    if answer.retry_after:
        response["Retry-After"] = str(answer.retry_after)
    return response


def varied(response: R) -> R:
    """The response, which depends on what carries a credential (RFC 9110 §12.5.5)."""
    patch_vary_headers(response, ["Authorization", "Cookie"] if current().COOKIES else ["Authorization"])
    return response
