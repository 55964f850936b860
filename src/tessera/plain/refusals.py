"""Turning our errors into responses, the same that REST framework gives."""

from typing import TypeVar

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from tessera.conf import current
from tessera.errors import TesseraError
from tessera.http.problems import problem
from tessera.web.refusals import counted, headers_of

R = TypeVar("R", bound=HttpResponseBase)


def refused(error: TesseraError, request: HttpRequest) -> JsonResponse:
    """The response that stands for `error`, with the headers that must go with it."""
    error = counted(error, request)
    answer = problem(error, gettext)
    headers = {"Cache-Control": "no-store", **headers_of(error)}
    return JsonResponse({"detail": answer.detail}, status=answer.status, headers=headers)


def varied(response: R) -> R:
    """The response, which depends on what carries a credential (RFC 9110 §12.5.5)."""
    patch_vary_headers(response, ["Authorization", "Cookie"] if current().COOKIES else ["Authorization"])
    return response
