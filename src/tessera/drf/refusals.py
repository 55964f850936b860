"""Turning our errors into REST framework's."""

from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied, Throttled, ValidationError

from tessera.errors import TesseraError
from tessera.http.problems import problem
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
            return AuthenticationFailed(answer.detail)
        case 403:
            return PermissionDenied(answer.detail, code=answer.code)
        case 429:
            return Throttled(answer.retry_after)
        case 503:
            return ServiceUnavailable(answer.detail, answer.retry_after or 0)
    raise error


def required_headers(error: Exception) -> dict[str, str]:
    """The headers that must go with a 401 (RFC 9110 §15.5.2), a 429 (RFC 6585 §4) or a 503."""
    told = {"WWW-Authenticate": getattr(error, "auth_header", None), "Retry-After": getattr(error, "wait", None)}
    return {header: str(value) for header, value in told.items() if value}
