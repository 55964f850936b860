"""`TokenAuthentication`, whose `request.auth` is a `Token`."""

from typing import Any

from rest_framework.request import Request

from tessera.dialects.authtoken.tokens import Token
from tessera.drf import authentication
from tessera.engine.verification import Principal
from tessera.format.opaque import Purpose


class TokenAuthentication(authentication.TokenAuthentication):
    """As the peer's. A subclass may set another `keyword`; `Token` and `Bearer` are accepted as well."""

    keyword = "Token"
    accept = authentication.TokenAuthentication.accept | {Purpose.ADOPTED}

    @property
    def schemes(self) -> tuple[str, ...]:  # type: ignore[override]
        """The site's own keyword, then those that are always accepted."""
        return (self.keyword, *authentication.TokenAuthentication.schemes)

    def authenticated(self, principal: Principal, secret: bytes) -> tuple[Any, Any]:
        """Return the user and a `Token`, which call sites of the peer expect."""
        user, _ = super().authenticated(principal, secret)
        return user, Token.presented(principal, secret.decode())

    def authenticate_header(self, request: Request) -> str:
        """Return the keyword alone, as the peer's clients expect it."""
        return self.keyword
