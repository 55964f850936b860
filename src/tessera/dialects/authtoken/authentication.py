"""`TokenAuthentication`, whose `request.auth` is a `Token`."""

from typing import Any

from rest_framework.request import Request

from tessera.dialects.authtoken.tokens import Token
from tessera.drf import authentication
from tessera.engine.verification import Principal


class TokenAuthentication(authentication.TokenAuthentication):
    """As the peer's: `keyword` may be another word. `Token` and `Bearer` are understood beside it."""

    keyword = "Token"

    @property
    def schemes(self) -> tuple[str, ...]:  # type: ignore[override]
        """The site's own keyword first."""
        return (self.keyword, *authentication.TokenAuthentication.schemes)

    def authenticated(self, principal: Principal, secret: bytes) -> tuple[Any, Any]:
        """The user and the token object that call sites of the peer expect."""
        user, _ = super().authenticated(principal, secret)
        return user, Token.presented(principal, secret.decode("ascii"))

    def authenticate_header(self, request: Request) -> str:
        """The keyword alone, as the peer's clients expect it."""
        return self.keyword
