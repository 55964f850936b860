"""The endpoints: who somebody is for a pair, a refresh token for the next pair, what a token is, and its end."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from tessera import clock
from tessera.conf import current
from tessera.dialects.native.answers import kept_pair, pair, scope_told, seconds
from tessera.dialects.native.bodies import (
    COOKIE,
    NativeLoginSerializer,
    NativeLogoutSerializer,
    NativeRefreshSerializer,
)
from tessera.dialects.native.endpoint import FIRST_PARTY, NativeEndpoint
from tessera.drf.login import log_in
from tessera.drf.presented import PresentedToken
from tessera.engine.issuance import Issued, issue
from tessera.engine.policy import Ask
from tessera.engine.rates.noise import admit_refresh
from tessera.engine.redemption import redeem
from tessera.engine.revocation import revoke_presented
from tessera.engine.verification import verify
from tessera.errors import CsrfFailed, InvalidCredential, Unknown
from tessera.format.opaque import Purpose
from tessera.http.carriers import ACCESS_COOKIE, REFRESH_COOKIE
from tessera.models import Kind
from tessera.web.cookies import clear, cookie, has_cookies, refuse_forgery
from tessera.web.defaults import ADMITTED
from tessera.web.origin import origin_of

REFRESH = frozenset({Purpose.REFRESH})


class InvalidLogin(AuthenticationFailed):
    """A 401 like that of any credential that opens nothing, so a client has one rule: 401 is "sign in, with others".

    Not the 400 `invalid_grant` of RFC 6749 §5.2: nobody asks for a grant type here, and a body that cannot be read, a
    400 as well, is a fault of the client's, which it must not show its user as a wrong password.
    """

    default_detail = _("Unable to log in with provided credentials.")
    default_code = "invalid_login"


class LogIn(NativeEndpoint):
    """Sign in with a name or an address, and a password, for an access token and a refresh token."""

    serializer_class = NativeLoginSerializer

    def post(self, request: Request) -> Response:
        """Log in, and issue a pair."""
        sent = self.sent(request)
        in_cookies = sent["carrier"] == COOKIE
        if in_cookies:
            # Before the password: another site's page must not sign its visitor in, as somebody else.
            refuse_forgery(request._request)
        user = log_in(request._request, sent["username"], sent["password"], is_nobodys=sent["is_nobodys"])
        if user is None:
            raise InvalidLogin
        if in_cookies:
            # The browser forgets the pair that it had: left alive, that would be a device which nobody can sign out
            # there. And counted beside the new one, it would use up the room of another device.
            end_kept(request._request, "replaced")
        issued = issue(self.ask(user, request._request, sent))
        return kept_pair(issued) if in_cookies else pair(issued)

    def ask(self, user: AbstractBaseUser, request: HttpRequest, sent: Mapping[str, Any]) -> Ask:
        """What was asked for, in the words of the engine."""
        return Ask(
            subject=user,
            kind=Kind.SIGN_IN,
            client=FIRST_PARTY,
            label=sent["label"],
            scope=sent["scope"],
            lifetime=None if sent["remember"] else current().short_lifetime(),
            may_refresh=True,
            **origin_of(request),
        )


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
        elif in_header := self.authenticator.in_header(request):
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
        end_kept(request._request, "logout")
        response = Response(status=204)
        clear(response)
        return response


def end_kept(request: HttpRequest, reason: str) -> None:
    """End what the cookies name. They may hold anything."""
    for name, accept in ((REFRESH_COOKIE, REFRESH), (ACCESS_COOKIE, ADMITTED)):
        with suppress(InvalidCredential):
            revoke_presented(cookie(request, name) or b"", accept=accept, reason=reason)
