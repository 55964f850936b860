"""What the peer raises, under its names."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions


class TokenError(Exception):
    """A token is not good for this. What it says is for the client."""


class ExpiredTokenError(TokenError):
    """It was, until it expired."""


class TokenBackendError(Exception):
    """A token was not signed here."""


class TokenBackendExpiredToken(TokenBackendError):
    """It was, and has expired."""


class DetailDictMixin:
    """Says a `code` beside the `detail`, in the body too."""

    default_detail: Any
    default_code: str

    def __init__(self, detail: Any = None, code: str | None = None) -> None:
        """Take a text, or a dict with more to be said beside it."""
        told = {"detail": self.default_detail, "code": self.default_code}
        told |= detail if isinstance(detail, dict) else {} if detail is None else {"detail": detail}
        super().__init__(told if code is None else {**told, "code": code})  # type: ignore[call-arg]


class AuthenticationFailed(DetailDictMixin, exceptions.AuthenticationFailed):
    """A 401 with a `code`."""


class InvalidToken(AuthenticationFailed):
    """The answer to a token that is not good for this."""

    default_detail = _("Token is invalid or expired")
    default_code = "token_not_valid"
