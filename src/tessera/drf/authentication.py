"""The user by the token in the header."""

from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from tessera.conf import current
from tessera.drf.refusals import refusal
from tessera.engine.verification import Principal, verify
from tessera.errors import InvalidCredential, TesseraError
from tessera.format.opaque import Purpose
from tessera.http.carriers import LONGEST, from_header
from tessera.http.problems import challenge


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`, or `Token …`, in any letter case. `request.auth` is a `tessera.Principal`.

    A token that is not there is not this class's affair: the next one is asked. A token that opens nothing is a 401.
    """

    schemes: ClassVar[tuple[str, ...]] = ("Bearer", "Token")
    """What may stand before the token, in any letter case. The first is named in the challenge."""

    accept: ClassVar[frozenset[Purpose]] = frozenset({Purpose.ACCESS, Purpose.PERSONAL})

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The user and what `request.auth` shall be, or `None` where no token of ours is presented."""
        try:
            secret = self.presented(request)
            if secret is None:
                return None
            return self.authenticated(verify(secret, accept=self.accept), secret)
        except TesseraError as error:
            raise refusal(error) from error

    def presented(self, request: Request) -> bytes | None:
        """The credential that the request carries, unproved, or `None` where it carries none of ours.

        Raises:
            MalformedHeader: the header cannot be read.
        """
        return from_header(_authorization(request), {scheme.lower().encode("latin-1") for scheme in self.schemes})

    def authenticated(self, principal: Principal, secret: bytes) -> tuple[Any, Any]:
        """`request.user` and `request.auth`. A dialect answers the token object that its call sites expect."""
        return principal.subject or AnonymousUser(), principal

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401 (RFC 6750 §3): with an error only where a token was presented."""
        try:
            presented = self.presented(request) is not None
        except InvalidCredential:
            presented = True
        return challenge(self.schemes[0], current().REALM, InvalidCredential.code if presented else None)


def _authorization(request: Request) -> bytes:
    """The value of the `Authorization` header, no longer than anybody looks at."""
    value: str | bytes = request.META.get("HTTP_AUTHORIZATION", b"")
    value = value[: LONGEST + 1]
    return value.encode("latin-1", "replace") if isinstance(value, str) else value
