"""Authentication by the token in the `Authorization` header, or by the one in a browser's cookie."""

from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from tessera.conf import current
from tessera.drf.refusals import recounted, refusal
from tessera.engine.verification import Principal, verify
from tessera.errors import InvalidCredential, TesseraError
from tessera.format.opaque import Purpose
from tessera.http.carriers import ACCESS_COOKIE, from_header
from tessera.http.problems import challenge
from tessera.web.cookies import cookie, refuse_forgery
from tessera.web.defaults import ADMITTED, SCHEMES, in_lower_case
from tessera.web.refusals import counted


class ByToken(BaseAuthentication):
    """What knows a request by a token of ours, in any dialect. That is not enough to be given another token."""


class TokenAuthentication(ByToken):
    """`Authorization: Bearer …`, or `Token …`, in any letter case. `request.auth` is a `tessera.Principal`.

    Without one in the header, and where the site's `COOKIES` says so, the token in the browser's cookie counts. That is
    under CSRF protection: what changes something, and was not sent by a page of the site, is answered 403.

    Without a token of ours, the site's next authentication class is asked. If it is not valid, the answer is 401.
    """

    schemes: ClassVar[tuple[str, ...]] = SCHEMES
    """The words accepted before the token, in any letter case. The challenge of a 401 names the first."""

    accept: ClassVar[frozenset[Purpose]] = ADMITTED

    reads_cookies: ClassVar[bool] = True
    """Whether a cookie counts at all. A dialect whose peer knows none says no."""

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return `request.user` and `request.auth`, or `None` if the request carries no token of ours."""
        try:
            secret = self.presented(request)
            return None if secret is None else self.opened_by(secret)
        except TesseraError as error:
            # Never by a variable: an exception that a frame of its own traceback holds waits for the garbage collector.
            raise refusal(counted(error, request)) from error
        except AuthenticationFailed as refused:
            # A dialect's `authenticate_credentials` has worded it, and knew no request.
            raise recounted(refused, request) from refused.__cause__

    def presented(self, request: Request) -> bytes | None:
        """Return the credential that the request carries, not yet verified, or `None` if it carries none of ours.

        Raises:
            MalformedHeader: a header cannot be read, or has two cookies of one name.
            CsrfFailed: it came in a cookie, and another site's page may have sent it.
        """
        secret = self.in_header(request)
        if secret is None and (secret := self.in_cookie(request)) is not None:
            refuse_forgery(of_django(request))
        return secret

    def in_header(self, request: Request) -> bytes | None:
        """Return what the header holds, or `None` if there is none of ours."""
        return from_header(request.META.get("HTTP_AUTHORIZATION", b""), in_lower_case(self.schemes))

    def in_cookie(self, request: Request) -> bytes | None:
        """Return what the cookie holds, whoever sent it, or `None` where cookies do not count."""
        if not (self.reads_cookies and current().COOKIES):
            return None
        _vary_on_cookie(request)
        return cookie(of_django(request), ACCESS_COOKIE)

    def opened_by(self, secret: bytes) -> tuple[Any, Any]:
        """Verify the credential, and return what `authenticate` does."""
        return self.authenticated(verify(secret, accept=self.accept), secret)

    def authenticated(self, principal: Principal, secret: bytes) -> tuple[Any, Any]:
        """Return `request.user` and `request.auth`. A dialect overrides it to return its own token object."""
        return principal.subject or AnonymousUser(), principal

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 (RFC 6750 §3). It names an error only if a token was presented."""
        try:
            presented = (self.in_header(request) or self.in_cookie(request)) is not None
        except InvalidCredential:
            presented = True
        return challenge(self.schemes[0], current().REALM, InvalidCredential.code if presented else None)


def of_django(request: Request) -> HttpRequest:
    """Django's request: REST framework's would read the whole body, of any kind, where the proof of a page looks for a
    form. Some call sites of the peers have no other."""
    return getattr(request, "_request", request)


def _vary_on_cookie(request: Request) -> None:
    """Have the answer say that it depends on the cookies: a cache knows that of the header `Authorization` alone."""
    view = (getattr(request, "parser_context", None) or {}).get("view")
    headers = getattr(view, "headers", None)
    if headers is not None:  # Those that REST framework adds to whatever the view answers.
        told = [name for name in headers.get("Vary", "").split(", ") if name]
        headers["Vary"] = ", ".join(dict.fromkeys([*told, "Cookie"]))
