"""Turning our errors into responses, the same that REST framework gives."""

from django.http import HttpRequest, JsonResponse

from tessera.errors import TesseraError
from tessera.http.problems import problem
from tessera.web.refusals import counted, headers_of
from tessera.web.words import gettext


def refused(error: TesseraError, request: HttpRequest) -> JsonResponse:
    """The response that stands for `error`, with the headers that must go with it."""
    error = counted(error, request)
    answer = problem(error, gettext)
    headers = {"Cache-Control": "no-store", **headers_of(error)}
    return JsonResponse({"detail": answer.detail}, status=answer.status, headers=headers)
