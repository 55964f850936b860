"""`TokenAuthentication`, whose `request.auth` is a `Token`."""

from typing import Any, ClassVar

from django.views.decorators.debug import sensitive_variables
from rest_framework.request import Request

from tessera.dialects.authtoken.tokens import Token
from tessera.drf import authentication
from tessera.drf.refusals import refusal
from tessera.engine.proxies import ACCEPTED
from tessera.engine.verification import Principal
from tessera.errors import TesseraError
from tessera.format.opaque import to_bytes


class TokenAuthentication(authentication.TokenAuthentication):
    """As the peer's. A subclass may set another `keyword`; `Token` and `Bearer` are accepted as well.

    It may also override `authenticate_credentials`, to refuse more than we do. There is one model of tokens.
    """

    keyword = "Token"
    accept = ACCEPTED
    reads_cookies = False
    model: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse another model when the class is made: a request would never look at it."""
        super().__init_subclass__(**kwargs)
        if cls.model not in (None, Token) or "get_model" in vars(cls):
            raise TypeError(
                f"{cls.__name__} looks for keys in a table of its own: "
                "let it inherit from rest_framework.authentication.TokenAuthentication, as before."
            )

    def get_model(self) -> type[Token]:
        """The model of the tokens."""
        return Token

    @property
    def schemes(self) -> tuple[str, ...]:  # type: ignore[override]
        """The site's own keyword, then those that are always accepted."""
        return (self.keyword, *authentication.TokenAuthentication.schemes)

    def opened_by(self, secret: bytes) -> tuple[Any, Any]:
        """Hand the key to `authenticate_credentials`, which a subclass may have made its own."""
        return self.authenticate_credentials(secret.decode())

    @sensitive_variables()
    def authenticate_credentials(self, key: str | None) -> tuple[Any, Any]:
        """Return the user and the token of this key, wherever the caller found it.

        Raises:
            AuthenticationFailed: it is not valid.
        """
        try:
            return super().opened_by(to_bytes(key or ""))
        except TesseraError as error:
            raise refusal(error) from error

    def authenticated(self, principal: Principal, secret: bytes) -> tuple[Any, Any]:
        """Return the user and a `Token`, which call sites of the peer expect."""
        user, _ = super().authenticated(principal, secret)
        return user, Token.of_principal(principal).holding(secret.decode())

    def authenticate_header(self, request: Request) -> str:
        """Return the keyword alone, as the peer's clients expect it."""
        return self.keyword
