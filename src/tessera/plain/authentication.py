"""For whom a request of Django's speaks: who opens it, and what protects it from a page of another site."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from tessera.conf import current
from tessera.engine.verification import verify
from tessera.errors import InsufficientScope
from tessera.format.opaque import Purpose
from tessera.http.carriers import Carrier, Credential, from_request
from tessera.web.cookies import refuse_forgery
from tessera.web.defaults import SCHEMES, in_lower_case


@dataclass(frozen=True, slots=True)
class Needed:
    """What a token has to be, to open a view."""

    accept: Container[Purpose]
    scope: frozenset[str]


def presented(request: HttpRequest) -> Credential | None:
    """Return the credential that the request carries, not yet verified, or `None` if it carries none of ours.

    Raises:
        MalformedHeader: a header cannot be read.
    """
    cookies = request.META.get("HTTP_COOKIE", "") if current().COOKIES else ""
    return from_request(request.META.get("HTTP_AUTHORIZATION", ""), cookies, in_lower_case(SCHEMES))


@sensitive_variables()
def authenticate(request: Any, credential: Credential, needed: Needed) -> None:
    """Have the request speak for whom the credential speaks: `request.user`, `request.auser` and `request.auth`.

    Raises:
        InvalidCredential: it opens nothing.
        InsufficientScope: it is good, and not for this.
        CsrfFailed: it came in a cookie, and may have been sent by a page of another site.
        StoreDown: the storage does not answer.
    """
    # Before anything is looked up: a forged request must not even count as a use.
    if credential.carrier is Carrier.COOKIE:
        refuse_forgery(request)
    principal = verify(credential.secret, accept=needed.accept)
    if not needed.scope <= principal.scope:
        raise InsufficientScope(needed.scope)
    # No page of another site can have a browser send the header. The middleware and the decorators of Django go by this
    # attribute of theirs, and look no further.
    request.csrf_processing_done = True
    user = principal.subject or AnonymousUser()

    async def auser() -> AbstractBaseUser | AnonymousUser:
        return user

    request.user, request.auser, request.auth = user, auser, principal
