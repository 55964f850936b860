"""What the endpoints answer of a token."""

from datetime import datetime
from typing import Any

from rest_framework.response import Response

from tessera import clock
from tessera.conf import scopes
from tessera.engine.issuance import Issued, spelt
from tessera.format import scope
from tessera.web.cookies import keep


def pair(issued: Issued) -> Response:
    """The answer with a pair (RFC 6749 §5.1). Without a refresh token, or an end, it says nothing of one."""
    return Response(_told_of(spelt(issued), clock.now()))


def kept_pair(issued: Issued) -> Response:
    """The same with the tokens in cookies, where no script of the page can read them."""
    issued, now = spelt(issued), clock.now()
    told = _told_of(issued, now)
    response = Response({name: told[name] for name in told if name not in {"access_token", "refresh_token"}})
    keep(response, issued, now)
    return response


def _told_of(issued: Issued, now: datetime) -> dict[str, Any]:
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
