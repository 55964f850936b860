"""Turning our errors into REST framework's."""

from django.http import HttpRequest
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    ErrorDetail,
    PermissionDenied,
    Throttled,
    ValidationError,
)

from tessera.errors import InvalidCredential, TesseraError
from tessera.http.problems import problem
from tessera.web.refusals import counted
from tessera.web.words import gettext


class ServiceUnavailable(APIException):
    """A 503. REST framework sends `wait` as the header `Retry-After`."""

    status_code = 503
    default_code = "temporarily_unavailable"

    def __init__(self, detail: str, wait: int) -> None:
        super().__init__(detail)
        self.wait = wait


def refusal(error: TesseraError) -> APIException:
    """The exception of REST framework that stands for `error`."""
    answer = problem(error, gettext)
    match answer.status:
        case 400:
            return ValidationError({"detail": answer.detail}, code=answer.code)
        case 401:
            return _unauthorized(answer.detail)
        case 403:
            return PermissionDenied(answer.detail, code=answer.code)
        case 429:
            return Throttled(answer.retry_after)
        case 503:
            return ServiceUnavailable(answer.detail, answer.retry_after or 0)
    raise error


def _unauthorized(detail: str) -> AuthenticationFailed:
    """A 401 with one sentence. REST framework's own way looks for lists in it, which counts where all else is cheap."""
    error = AuthenticationFailed.__new__(AuthenticationFailed, detail)
    error.detail = ErrorDetail(detail, error.default_code)
    return error


def recounted(refused: APIException, request: HttpRequest) -> APIException:
    """`refused` with the words that it has, or what takes its place if that credential was refused too often.

    For a class that words a refusal before it knows the request that is refused.
    """
    error = cause_of(refused)
    if not isinstance(error, InvalidCredential):
        return refused
    told = counted(error, request)
    return refused if told is error else refusal(told)


def cause_of(error: BaseException | None) -> TesseraError | None:
    """What the engine has said of it, if it has said anything."""
    while error is not None and not isinstance(error, TesseraError):
        error = error.__cause__
    return error


def required_headers(error: Exception) -> dict[str, str]:
    """The headers that must go with a 401 (RFC 9110 §15.5.2), a 429 (RFC 6585 §4) or a 503."""
    told = {"WWW-Authenticate": getattr(error, "auth_header", None), "Retry-After": getattr(error, "wait", None)}
    return {header: str(value) for header, value in told.items() if value}
