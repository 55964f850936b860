"""`JWTAuthentication`, whose `request.auth` is a token of the peer's kind."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework.request import Request

from tessera.conf import current
from tessera.dialects.simplejwt.asked import asked, header_types, named
from tessera.dialects.simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError
from tessera.dialects.simplejwt.tokens import Token
from tessera.drf.authentication import ByToken
from tessera.drf.refusals import cause_of, recounted, refusal
from tessera.errors import Dead, TesseraError
from tessera.format.jws import LONGEST
from tessera.http.problems import challenge

_LONGEST = LONGEST + 128
"""The longest header, in bytes: a token, and a word before it."""


class JWTAuthentication(ByToken):
    """`Authorization: Bearer …`, in any letter case, or with what `AUTH_HEADER_TYPES` says.

    A subclass may override any of the four steps.
    """

    www_authenticate_realm: str | None = None
    """The name in the challenge of a 401, if not the site's `REALM`."""

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the user and the token, or `None` if the request carries none of this kind."""
        header = self.get_header(request)
        raw_token = None if header is None else self.get_raw_token(header)
        if raw_token is None:
            return None
        try:
            token = self.get_validated_token(raw_token)
        except InvalidToken as refused:
            raise recounted(refused, request) from refused.__cause__
        return self.get_user(token), token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401, as the peer's clients expect it."""
        return challenge(header_types()[0], self.www_authenticate_realm or current().REALM)

    def get_header(self, request: Request) -> Any:
        """Return the header that may hold a token, or `None`."""
        header = request.META.get(asked("AUTH_HEADER_NAME"))
        return header.encode("latin-1", "replace") if isinstance(header, str) else header

    def get_raw_token(self, header: bytes) -> bytes | None:
        """Return the token in the header, or `None` if it has another scheme.

        Raises:
            AuthenticationFailed: it has this scheme, and not two words.
        """
        words = header[: _LONGEST + 1].split()
        if not words or words[0].lower() not in {word.encode().lower() for word in header_types()}:
            return None
        if len(words) != 2 or len(header) > _LONGEST:
            raise AuthenticationFailed(
                _("Authorization header must contain two space-delimited values"), code="bad_authorization_header"
            )
        return words[1]

    @sensitive_variables()
    def get_validated_token(self, raw_token: Any) -> Token:
        """Return the token, if it is valid for one of `AUTH_TOKEN_CLASSES`.

        Raises:
            InvalidToken: it is valid for none.
        """
        messages: list[dict[str, Any]] = []
        cause: TokenError | None = None
        for kind in map(named, asked("AUTH_TOKEN_CLASSES")):
            try:
                token: Token = kind(raw_token)
            except TokenError as error:
                if not isinstance(cause_of(cause), Dead):  # That took a query, and is to be counted.
                    cause = error
                told = {"token_class": kind.__name__, "token_type": kind.token_type, "message": error.args[0]}
                messages.append(told)
            except TesseraError as error:
                raise refusal(error) from error
            else:
                return token
        told = {"detail": _("Given token not valid for any token type"), "messages": messages}
        try:
            raise InvalidToken(told) from cause
        finally:
            del cause  # Its traceback holds this frame: both would wait for the garbage collector, and the token too.

    def get_user(self, validated_token: Token) -> AbstractBaseUser:
        """Return the user for whom the token speaks. It was found when the token was validated.

        Raises:
            InvalidToken: it speaks for nobody, as that of a machine does.
        """
        if validated_token.subject is None:
            raise InvalidToken(_("Token contained no recognizable user identification"))
        return validated_token.subject


class JWTStatelessUserAuthentication(JWTAuthentication):
    """The same. A user who is made of what a token says would be active for ever, and so would the token."""


JWTTokenUserAuthentication = JWTStatelessUserAuthentication


def default_user_authentication_rule(user: AbstractBaseUser | None) -> bool:
    """Whether a user may have tokens: anybody who is active."""
    return user is not None and bool(user.is_active)
