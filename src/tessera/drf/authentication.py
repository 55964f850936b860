"""Authentication by the token in the `Authorization` header."""

from functools import lru_cache
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from tessera.conf import current
from tessera.drf.refusals import counted, refusal
from tessera.engine.verification import Principal, verify
from tessera.errors import InvalidCredential, TesseraError
from tessera.format.opaque import Purpose
from tessera.http.carriers import LONGEST, from_header
from tessera.http.problems import challenge


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`, or `Token …`, in any letter case. `request.auth` is a `tessera.Principal`.

    Without a token of ours, the site's next authentication class is asked. If it is not valid, the answer is 401.
    """

    schemes: ClassVar[tuple[str, ...]] = ("Bearer", "Token")
    """The words accepted before the token, in any letter case. The challenge of a 401 names the first."""

    accept: ClassVar[frozenset[Purpose]] = frozenset({Purpose.ACCESS, Purpose.PERSONAL})

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return `request.user` and `request.auth`, or `None` if the request carries no token of ours."""
        try:
            secret = self.presented(request)
            return None if secret is None else self.opened_by(secret)
        except TesseraError as error:
            raise refusal(counted(error, request)) from error

    def presented(self, request: Request) -> bytes | None:
        """Return the credential that the request carries, not yet verified, or `None` if it carries none of ours.

        Raises:
            MalformedHeader: the header cannot be read.
        """
        value: str | bytes = request.META.get("HTTP_AUTHORIZATION", b"")
        value = value[: LONGEST + 1]  # Just past the length at which it is refused.
        value = value.encode("latin-1", "replace") if isinstance(value, str) else value
        return from_header(value, _in_lower_case(self.schemes))

    def opened_by(self, secret: bytes) -> tuple[Any, Any]:
        """Verify the credential, and return what `authenticate` does."""
        return self.authenticated(verify(secret, accept=self.accept), secret)

    def authenticated(self, principal: Principal, secret: bytes) -> tuple[Any, Any]:
        """Return `request.user` and `request.auth`. A dialect overrides it to return its own token object."""
        return principal.subject or AnonymousUser(), principal

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 (RFC 6750 §3). It names an error only if a token was presented."""
        try:
            presented = self.presented(request) is not None
        except InvalidCredential:
            presented = True
        return challenge(self.schemes[0], current().REALM, InvalidCredential.code if presented else None)


@lru_cache(maxsize=64)
def _in_lower_case(schemes: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(scheme.encode().lower() for scheme in schemes)
