"""The endpoints with which a user looks after his tokens: the list, another name, the end of one, of others, of all."""

import re
from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from tessera import clock
from tessera.conf import current, scopes
from tessera.dialects.native.answers import scope_told, seconds
from tessera.dialects.native.bodies import NativeLabelSerializer, NativePersonalSerializer
from tessera.dialects.native.endpoint import FIRST_PARTY, NativeEndpoint
from tessera.drf.presented import PresentedToken
from tessera.engine.bond import is_bound
from tessera.engine.holdings import (
    end_all,
    end_held,
    end_other_log_ins,
    held_by,
    issue_from,
    refuse_old,
    rename,
    sign_in_of,
)
from tessera.engine.policy import Ask
from tessera.engine.rates.noise import admit_personal
from tessera.engine.verification import verify
from tessera.format import scope
from tessera.models import Grant, Kind
from tessera.web.cookies import clear
from tessera.web.origin import origin_of

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The one spelling of an id: Python would also take capitals, braces, and no dashes at all."""


def row_named(text: str) -> UUID:
    """The id, if it is spelt as one."""
    if not _ID.fullmatch(text):
        raise NotFound
    return UUID(text)


class NewestFirst(CursorPagination):
    """Pages that stay what they are while tokens come and go. They are of the caller's own tokens, whatever the cursor
    says: that is no secret, and nothing is signed."""

    page_size = 100
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Refuse a cursor that was made up: the database would take it for an id, and Django crash."""
        cursor: Any = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not _ID.fullmatch(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor  # type: ignore[no-any-return]


class FromASignIn(NativeEndpoint, PresentedToken):
    """An endpoint for whoever has signed in. Another token, or one of nobody's, has no business here."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the sign-in that the request was made with."""
        super().initial(request, *args, **kwargs)
        principal = verify(self.presented(request), accept=self.authenticator.accept)
        self.now, self.sign_in = clock.now(), sign_in_of(principal)
        self.user: Any = principal.subject
        self.scope = principal.scope

    def signed_out(self, request: Request, response: Response) -> Response:
        """Have the browser forget its cookies, if it is they that have just ended."""
        if self.authenticator.in_header(request) is None:
            clear(response)
        return response

    def told(self, grant: Grant) -> dict[str, Any]:
        """What the user sees of a token. Its scope is all that it can be refreshed to."""
        names = ("id", "kind", "label", "client", "created_at", "last_used_at", "ends_at", *current().RECORDED)
        whole = grant.scope if grant.refresh_scope is None else grant.refresh_scope
        of_scope = {"scope": whole} if scopes() else {}
        return {name: getattr(grant, name) for name in names} | of_scope | {"is_current": grant.pk == self.sign_in.pk}


class Tokens(FromASignIn):
    """The list."""

    pagination_class = NewestFirst

    def get(self, request: Request) -> Response:
        """One page of it. What has ended is not shown, nor what a changed password has shut out."""
        pages = self.pagination_class()
        page = pages.paginate_queryset(held_by(self.user, self.now), request, self) or []
        return pages.get_paginated_response([self.told(grant) for grant in page if is_bound(grant, self.user)])


class OneToken(FromASignIn):
    """One of them. That of somebody else is answered as one that there is not."""

    serializer_class = NativeLabelSerializer

    def patch(self, request: Request, token: str) -> Response:
        """Give it another name."""
        row, label = row_named(token), self.sent(request)["label"]
        grant = rename(row, self.user, label, self.now)
        if grant is None:
            raise NotFound
        return Response(self.told(grant))

    def delete(self, request: Request, token: str) -> Response:
        """End it. It may be the one that the request was made with."""
        row, response = row_named(token), Response(status=204)
        if not end_held(row, self.user):
            raise NotFound
        return self.signed_out(request, response) if row == self.sign_in.pk else response


class RevokeOthers(FromASignIn):
    """The end of all other sign-ins."""

    def post(self, request: Request) -> Response:
        """End them. Personal tokens go on working: they are in scripts, and each is ended by itself."""
        return Response({"ended": end_other_log_ins(self.sign_in, self.now)})


class RevokeAll(FromASignIn):
    """The end of all."""

    def post(self, request: Request) -> Response:
        """End every token of the user, personal ones and that of the request as well."""
        return self.signed_out(request, Response({"ended": end_all(self.sign_in, self.now)}))


class Personal(FromASignIn):
    """A token for a script of the user's."""

    serializer_class = NativePersonalSerializer

    def post(self, request: Request) -> Response:
        """Make one, for whoever has just logged in."""
        refuse_old(self.sign_in, self.now)
        sent = self.sent(request)
        ask = Ask(
            subject=self.user,
            kind=Kind.PERSONAL,
            client=FIRST_PARTY,
            label=sent["label"],
            scope=sent["scope"],
            lifetime=sent.get("lifetime"),
            **origin_of(request._request),
        )
        admit_personal(str(self.sign_in.subject_id), self.now)
        issued = issue_from(self.sign_in, ask, self.scope, self.now)
        told = {
            "id": issued.grant.pk,
            "token": issued.secret,
            "token_type": "Bearer",
            "label": issued.grant.label,
            **scope_told(scope.split(issued.grant.scope)),
            "expires_in": seconds(clock.now(), issued.ends_at),
        }
        return Response({name: value for name, value in told.items() if value is not None}, status=201)
