"""The two cookies in which a browser keeps a pair, and the proof that the site's own page has sent them.

A browser sends a cookie whatever page has made the request. So whoever acts on one, or answers with one, calls
`refuse_forgery` before that.
"""

from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.cache import patch_vary_headers

from tessera.conf import current
from tessera.engine.issuance import Issued
from tessera.errors import CsrfFailed, MalformedHeader
from tessera.http.carriers import ACCESS_COOKIE, REFRESH_COOKIE, from_cookies
from tessera.words import gettext_noop

LONGEST_AGE = timedelta(days=400)
"""No browser keeps a cookie for longer (RFC 6265bis §5.5), so one whose token never ends has this age."""

_SAME_SITE: Literal["Lax"] = "Lax"

R = TypeVar("R", bound=HttpResponseBase)


def cookie(request: HttpRequest, name: str) -> bytes | None:
    """The value of the cookie of that name, or `None`. It may be anything.

    Raises:
        MalformedHeader: there are two of that name.
    """
    return from_cookies(request.META.get("HTTP_COOKIE", ""), name)


def has_cookies(request: HttpRequest) -> bool:
    """Whether the browser has kept any of the two, or what stands in its place."""
    try:
        return any(cookie(request, name) is not None for name in (ACCESS_COOKIE, REFRESH_COOKIE))
    except MalformedHeader:
        return True


def refuse_forgery(request: HttpRequest) -> None:
    """Refuse a request that changes something, unless a page of the site has sent it, by Django's own check.

    Whatever the view is exempt from: the middleware would go by that.

    Raises:
        CsrfFailed: another site's page may have sent it. The detail says what is missing.
    """
    check = _Check(lambda _: None)  # type: ignore[arg-type]
    try:
        reason = check.process_view(request, None, (), {})  # type: ignore[arg-type]
    except (BadRequest, LookupError, UnicodeError) as error:  # It looks into a form, whatever charset that has.
        raise CsrfFailed(gettext_noop("CSRF Failed: %(reason)s"), reason="the body cannot be read.") from error
    if reason:
        raise CsrfFailed(gettext_noop("CSRF Failed: %(reason)s"), reason=reason)


def varied(response: R) -> R:
    """The response, which depends on what carries a credential (RFC 9110 §12.5.5)."""
    patch_vary_headers(response, ["Authorization", "Cookie"] if current().COOKIES else ["Authorization"])
    return response


def keep(response: HttpResponseBase, issued: Issued, now: datetime) -> None:
    """Have the browser keep the pair, each token for as long as it lives, and none of the pair before."""
    _set(response, ACCESS_COOKIE, issued.secret, issued.ends_at, now)
    if issued.refresh_secret is None:
        response.delete_cookie(REFRESH_COOKIE, samesite=_SAME_SITE)
    else:
        _set(response, REFRESH_COOKIE, issued.refresh_secret, issued.grant.ends_at, now)


def clear(response: HttpResponseBase) -> None:
    """Have the browser forget both."""
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        response.delete_cookie(name, samesite=_SAME_SITE)


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _set(response: HttpResponseBase, name: str, secret: str, ends_at: datetime | None, now: datetime) -> None:
    left = LONGEST_AGE if ends_at is None else min(ends_at - now, LONGEST_AGE)
    # `__Host-` wants all of it: Secure, the path of the whole site, and no Domain (RFC 6265bis §4.1.3.2).
    response.set_cookie(
        name, secret, max_age=round(left.total_seconds()), path="/", secure=True, httponly=True, samesite=_SAME_SITE
    )
