"""The endpoints: who somebody is for a pair, a refresh token for the next pair, what a token is, and its end."""

from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

from django.middleware.csrf import get_token
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    ErrorDetail,
    NotAuthenticated,
    NotFound,
)
from rest_framework.request import Request
from rest_framework.response import Response

from tessera import clock
from tessera.conf import current, scopes
from tessera.dialects.native.bodies import (
    COOKIE,
    NativeLoginSerializer,
    NativeLogoutSerializer,
    NativeRefreshSerializer,
)
from tessera.drf.endpoint import Endpoint
from tessera.drf.login import log_in
from tessera.drf.presented import PresentedToken
from tessera.engine.issuance import Issued, issue
from tessera.engine.noise import admit_refresh
from tessera.engine.policy import Ask
from tessera.engine.redemption import redeem
from tessera.engine.revocation import revoke_presented
from tessera.engine.verification import verify
from tessera.errors import CsrfFailed, InvalidCredential, TesseraError, Unknown
from tessera.format import scope
from tessera.format.opaque import Purpose
from tessera.http.carriers import ACCESS_COOKIE, REFRESH_COOKIE
from tessera.http.problems import challenge
from tessera.models import Kind
from tessera.web.cookies import clear, cookie, has_cookies, keep, refuse_forgery
from tessera.web.origin import origin_of
from tessera.web.refusals import challenge_of

FIRST_PARTY = ""
"""The site's own software is no client that has to be named. A sign-in through a client that has a name is refreshed
where that one is asked who it is, and not here."""

REFRESH = frozenset({Purpose.REFRESH})


class InvalidLogin(AuthenticationFailed):
    """A 401 like that of any credential that opens nothing, so a client has one rule: 401 is "sign in, with others".

    Not the 400 `invalid_grant` of RFC 6749 §5.2: nobody asks for a grant type here, and a body that cannot be read, a
    400 as well, is a fault of the client's, which it must not show its user as a wrong password.
    """

    default_detail = _("Unable to log in with provided credentials.")
    default_code = "invalid_login"


class NativeEndpoint(Endpoint):
    """Says a `code` beside each `detail`: that is for programs to compare, never translated, and this for people."""

    serializer_class: ClassVar[type[serializers.Serializer[Any]]]

    def sent(self, request: Request) -> Any:
        """Return what the body says, once it is known to have the right form."""
        serializer = self.serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def refused(self, error: Exception) -> Exception:
        """Put the code beside the detail. What is wrong with a field stands beside the field's name."""
        refusal = super().refused(error)
        if isinstance(refusal, APIException):
            told, code = refusal.detail, None
            if isinstance(error, TesseraError):
                told, code = told["detail"] if isinstance(told, dict) else told, error.code
            if isinstance(told, ErrorDetail):
                refusal.detail = {"detail": told, "code": ErrorDetail(code or told.code or refusal.default_code)}
        return refusal

    def get_authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 to whoever presented no token."""
        return challenge("Bearer", current().REALM)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Say that the answer depends on the cookies, where it may."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if current().COOKIES:
            patch_vary_headers(response, ["Cookie"])
        return response

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an error. The challenge names it if a token was presented, in the header or the body (RFC 6750 §3)."""
        response = super().handle_exception(exc)
        if isinstance(exc, TesseraError) and "Retry-After" not in response and (told := challenge_of(exc)):
            response["WWW-Authenticate"] = told
        return response


class LogIn(NativeEndpoint):
    """Sign in with a name or an address, and a password, for an access token and a refresh token."""

    serializer_class = NativeLoginSerializer

    def post(self, request: Request) -> Response:
        """Log in, and issue a pair."""
        sent = self.sent(request)
        if sent["carrier"] == COOKIE:
            # Before the password: another site's page must not sign its visitor in, as somebody else.
            refuse_forgery(request._request)
        user = log_in(request._request, sent["username"], sent["password"])
        if user is None:
            raise InvalidLogin
        issued = issue(
            Ask(
                subject=user,
                kind=Kind.SIGN_IN,
                client=FIRST_PARTY,
                label=sent["label"],
                scope=sent["scope"],
                lifetime=None if sent["remember"] else current().short_lifetime(),
                may_refresh=True,
                **origin_of(request._request),
            )
        )
        return kept_pair(issued) if sent["carrier"] == COOKIE else pair(issued)


class Refresh(NativeEndpoint):
    """Trade a refresh token for the next pair."""

    serializer_class = NativeRefreshSerializer

    def post(self, request: Request) -> Response:
        """Trade it. One that was traded before ends the sign-in, and is answered like any other that opens nothing."""
        sent = self.sent(request)
        if in_body := sent.get("refresh_token"):
            return pair(self.traded(in_body, sent["scope"]))
        in_cookie = cookie(request._request, REFRESH_COOKIE)
        if in_cookie is None:
            raise NotAuthenticated
        refuse_forgery(request._request)
        return kept_pair(self.traded(in_cookie, sent["scope"]))

    def traded(self, secret: str | bytes, scope: frozenset[str] | None) -> Issued:
        """The next pair."""
        admit_refresh(secret, clock.now())
        # A refusal leaves the cookies as they are. It may come later than the answer to a log-in of another tab, and
        # would take away what that has brought. A dead cookie is in nobody's way.
        return redeem(secret, accept=REFRESH, client=FIRST_PARTY, scope=scope)


class Csrf(NativeEndpoint):
    """Prepare a page for what cookies carry: it sends along what another site's page cannot know."""

    def get(self, request: Request) -> Response:
        """Tell it, and have Django set the cookie that it is compared with."""
        if not current().COOKIES:
            raise NotFound
        return Response({"csrf_token": get_token(request._request)})


class Verify(NativeEndpoint, PresentedToken):
    """Tell whoever holds a token what it is, and whom it speaks for."""

    def post(self, request: Request) -> Response:
        """Verify it, as any other view does, and read its row for the rest."""
        principal = verify(self.presented(request), accept=self.authenticator.accept)
        grant = principal.grant
        if grant is None:
            raise Unknown("row")  # Deleted just now.
        return Response(
            {
                "id": grant.pk,
                "kind": grant.kind,
                "label": grant.label,
                "client": principal.client,
                "user": principal.subject and principal.subject.get_username(),
                **scope_told(principal.scope),
                "expires_in": seconds(clock.now(), grant.access_ends_at),
            }
        )


class LogOut(NativeEndpoint, PresentedToken):
    """Sign out: the sign-in ends, and with it every token that it ever had."""

    serializer_class = NativeLogoutSerializer

    def post(self, request: Request) -> Response:
        """End it. If it has ended already, that is a success as well (RFC 7009 §2.2)."""
        # Many clients put a header on every request, live or stale. So where the body has a token, that one counts.
        if in_body := self.sent(request).get("refresh_token"):
            revoke_presented(in_body, accept=REFRESH, reason="logout")
        elif in_header := self.authenticator.presented(request):
            revoke_presented(in_header, accept=self.authenticator.accept, reason="logout")
        elif current().COOKIES:
            return self.forgotten(request)
        else:
            raise NotAuthenticated
        return Response(status=204)

    def forgotten(self, request: Request) -> Response:
        """End what the cookies name, and clear them whatever they are: it is how a browser gets rid of a dead one.

        Another site's page could not have sent the cookies, but could have an answer clear them. A tab that signs out
        after another has nothing to send, and that is a success too, if it can show that it is the site's.
        """
        try:
            refuse_forgery(request._request)
        except CsrfFailed as refusal:
            raise refusal if has_cookies(request._request) else NotAuthenticated from refusal
        for name, accept in ((REFRESH_COOKIE, REFRESH), (ACCESS_COOKIE, self.authenticator.accept)):
            with suppress(InvalidCredential):
                revoke_presented(cookie(request._request, name) or b"", accept=accept, reason="logout")
        response = Response(status=204)
        clear(response)
        return response


def pair(issued: Issued) -> Response:
    """The answer with a pair (RFC 6749 §5.1). Without a refresh token, or an end, it says nothing of one."""
    return Response(told_of(issued, clock.now()))


def kept_pair(issued: Issued) -> Response:
    """The same with the tokens in cookies, where no script of the page can read them."""
    now = clock.now()
    told = told_of(issued, now)
    response = Response({name: told[name] for name in told if name not in {"access_token", "refresh_token"}})
    keep(response, issued, now)
    return response


def told_of(issued: Issued, now: datetime) -> dict[str, Any]:
    """What a client is told of a pair."""
    told = {
        "access_token": issued.secret,
        "token_type": "Bearer",
        "expires_in": seconds(now, issued.ends_at),
        "refresh_token": issued.refresh_secret,
        "refresh_expires_in": seconds(now, issued.grant.ends_at) if issued.refresh_secret else None,
    }
    of_scope = scope_told(scope.split(issued.grant.scope))
    return {name: value for name, value in told.items() if value is not None} | of_scope


def scope_told(words: frozenset[str]) -> dict[str, str]:
    """What is said of the scope, where the site has any."""
    return {"scope": scope.join(words)} if scopes() else {}


def seconds(now: datetime, end: datetime | None) -> int | None:
    """To the nearest one: what was made a moment ago, for 15 minutes, lives for 900 seconds and not for 899."""
    return None if end is None else round((end - now).total_seconds())
