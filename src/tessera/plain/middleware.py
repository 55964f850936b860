"""Tokens for every view of a site."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.views.decorators.debug import sensitive_variables

from tessera.conf import current, scopes
from tessera.errors import InsufficientScope, InvalidCredential, TesseraError
from tessera.format.opaque import Purpose
from tessera.format.scope import split
from tessera.http.carriers import ACCESS_COOKIE, Carrier
from tessera.plain.authentication import Needed, authenticate, presented
from tessera.plain.refusals import refused
from tessera.web.cookies import varied
from tessera.web.defaults import ADMITTED


class TokenMiddleware:
    """`MIDDLEWARE = [..., "tessera.plain.TokenMiddleware"]`, after `AuthenticationMiddleware`.

    `request.user` is whoever presents a token, and `request.auth` then a `tessera.Principal`. Without a token it is
    whoever the session says, and `request.auth` is `None`. A token in the header that opens nothing is answered 401,
    and one whose `scope` is too little 403.

    A cookie that opens nothing here is no token, as a dead session is none: a browser sends it unasked, and its user
    could not even reach a page to log in again. `token_required` answers 401 or 403 to that, too.

    It leaves alone every view that Django's `login_not_required` opens: log-in pages, those of REST framework, which
    has authenticators of its own, and those under `token_required`.
    """

    sync_capable = async_capable = True

    accept: ClassVar[frozenset[Purpose]] = ADMITTED
    """The purposes of the tokens that count."""

    scope: ClassVar[str | None] = None
    """What a token has to be good for, in words of the site's `SCOPES`; `None`: for all of them. The views that this
    opens ask for none: with a token to look at tracks, the admin would change passwords."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Look for a token, then pass the request on, or refuse it."""
        request.auth = None
        if self.is_async:
            return self._from_the_loop(request)
        refusal = self._refusal(request) if _may_carry_one(request) else None
        return varied(self.get_response(request) if refusal is None else refusal)

    async def _from_the_loop(self, request: HttpRequest) -> HttpResponseBase:
        refusal = await sync_to_async(self._refusal)(request) if _may_carry_one(request) else None
        return varied(await self.get_response(request) if refusal is None else refusal)

    @sensitive_variables()
    def _refusal(self, request: HttpRequest) -> HttpResponseBase | None:
        if _is_open(request):
            return None
        credential = None
        try:
            credential = presented(request)
            if credential is not None:
                scope = frozenset(scopes()) if self.scope is None else split(self.scope)
                authenticate(request, credential, Needed(self.accept, scope))
        except TesseraError as error:
            is_in_cookie = credential is not None and credential.carrier is Carrier.COOKIE
            opens_nothing = isinstance(error, InvalidCredential | InsufficientScope)
            return None if is_in_cookie and opens_nothing else refused(error, request)
        return None


def _may_carry_one(request: HttpRequest) -> bool:
    """Whether it is worth a closer look. Most requests of most sites carry no token."""
    if "HTTP_AUTHORIZATION" in request.META:
        return True
    return current().COOKIES and ACCESS_COOKIE in request.META.get("HTTP_COOKIE", "")


def _is_open(request: Any) -> bool:
    # It is looked up here and not in `process_view`: what stands between would not know the user yet, and
    # CsrfViewMiddleware would have refused what has a token in the header.
    try:
        view = resolve(request.path_info, getattr(request, "urlconf", None)).func
    except Resolver404:
        return True
    return not getattr(view, "login_required", True)
