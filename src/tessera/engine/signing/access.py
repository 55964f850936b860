"""A JSON Web Token: the access token of a grant, spelt so that others can read it too.

It is made from the row, and read back to what the opaque token is read to. So whatever ends that one ends this one, and
nothing is stored for it:

    sid    the row
    jti    base64url(name of the pepper | what the row keeps of the access token)

What is `jti` today is that of nobody after the next refresh. And a signing key alone opens nothing here: whoever has
stolen one would have to know what stands in the row.

It needs the package joserfc, so it is imported through `entrance` alone, where that is there.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import current, scopes
from tessera.engine.keyring import keys_named
from tessera.engine.policy import PURPOSES
from tessera.engine.signing.keys import accepted, signing_key
from tessera.errors import Expired, Malformed
from tessera.format import jws, jwt
from tessera.format.opaque import Opaque, Purpose
from tessera.http import carriers
from tessera.models import Grant, Kind
from tessera.peers import simplejwt

TYPE = "at+jwt"
"""Of an access token (RFC 9068 §2.1): no other token of ours is read as one."""

LONGEST = carriers.LONGEST - len("Bearer ")
"""As much as a header carries, or a browser keeps in one cookie, in bytes."""

OURS = frozenset({"iss", "exp", "iat", "aud", "sub", "client_id", "jti", "sid", "scope", "auth_time"})
"""The claims that say what the row says. Nobody else's are written over them, nor in their place."""

_TEXTS = ("sub", "client_id", "jti", "sid")
_ROW = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(r"[0-9A-Za-z_-]{38}")
_PEPPER = 4
"""How many bytes of an id are the name of the pepper."""


@sensitive_variables()
def sign(
    grant: Grant,
    *,
    lifetime: timedelta | None = None,
    claims: Mapping[str, Any] | None = None,
    typ: str = TYPE,
) -> str:
    """Return the access token of `grant`, as `entrance.sign` says. `typ` tells it from what is no access token."""
    if PURPOSES[Kind(grant.kind)] is not Purpose.ACCESS:
        raise ValueError(f"sign() takes a grant that has an access token, and none of the kind {grant.kind}.")
    now = clock.now()
    ends_at = _end(grant, lifetime, now)
    others = {**_of_the_site(grant), **(claims or {})}
    told = {name: value for name, value in others.items() if name not in OURS} | _claims(grant, ends_at, now)
    token = jwt.sign(told, signing_key(now, ends_at), typ, encoder=DjangoJSONEncoder)
    if len(token) > LONGEST:
        raise ValueError("The claims are too long for a header or a cookie.")
    return token


@sensitive_variables()
def reading(secret: bytes, now: datetime | None) -> Opaque:
    """Return what a token says that was signed here. Its row is not looked at. `now`: `None` if it may have expired.

    Raises:
        Malformed: it was not signed here, or not as an access token.
        Expired: it was, and has. It names its grant.
    """
    signed = jws.parts(secret)
    # What names no key, or is no access token, is not worth a look into the table of the keys.
    may_be = signed.type == TYPE and signed.key_id
    claims = jwt.proved(signed, accepted(may_be, now or clock.now()) if may_be else None, TYPE)
    jwt.refuse_foreign(claims, issuer(), audience())
    opaque = _named_in(claims)
    try:
        jwt.refuse_untimely(claims, now, leeway())
    except Expired as error:
        error.grant_id = opaque.grant_id
        raise
    return opaque


def issuer() -> str:
    """Who issues: `JWT_ISSUER`, or else whom the site's `SIMPLE_JWT` names, or where people reach the site, or the name
    of this deployment."""
    settings = current()
    return settings.JWT_ISSUER or simplejwt().ISSUER or settings.BASE_URL or settings.REALM


def audience() -> Any:
    """For whom: `JWT_AUDIENCE`, or else whom the site's `SIMPLE_JWT` names, one or several, or the issuer itself."""
    return current().JWT_AUDIENCE or simplejwt().AUDIENCE or issuer()


def leeway() -> timedelta:
    """How long after its end a token is still accepted: `JWT_LEEWAY`, or that of the site's `SIMPLE_JWT`."""
    return max(current().JWT_LEEWAY, simplejwt().leeway)


def _claims(grant: Grant, ends_at: datetime, now: datetime) -> dict[str, Any]:
    """What the row says (RFC 9068 §2.2)."""
    row = grant.pk.hex
    told = {
        "iss": issuer(),
        "exp": _seconds(ends_at),
        "iat": _seconds(now),
        "aud": audience(),
        # A client may be called as a user is numbered, and must not be taken for that (RFC 9068 §5).
        "sub": f"client:{grant.client or row}" if grant.subject_id is None else str(grant.subject_id),
        "client_id": grant.client,
        "jti": jws.encoded(bytes.fromhex(grant.pepper) + bytes(grant.access_digest)).decode("ascii"),
        "sid": row,
    }
    if grant.scope or scopes():
        told["scope"] = grant.scope
    if grant.subject_id is not None:
        told["auth_time"] = _seconds(grant.created_at)
    return told


def _of_the_site(grant: Grant) -> Mapping[str, Any]:
    path = current().JWT_CLAIMS
    told: Mapping[str, Any] = {} if path is None else import_string(path)(grant)
    return told


def _end(grant: Grant, lifetime: timedelta | None, now: datetime) -> datetime:
    of_grant, asked = grant.access_ends_at, lifetime
    if of_grant is None and asked is None:
        asked = current().ACCESS_LIFETIME
    ends = [of_grant, None if asked is None else now + asked]
    return min(end for end in ends if end is not None)


def _named_in(claims: Mapping[str, Any]) -> Opaque:
    """The token of which it is another spelling."""
    if not all(isinstance(claims.get(name), str) for name in _TEXTS) or type(claims.get("iat")) is not int:
        raise Malformed("claims")
    row, told = claims["sid"], claims["jti"]
    if not claims["sub"] or not _ROW.fullmatch(row) or not _ID.fullmatch(told):
        raise Malformed("claims")
    name = urlsafe_b64decode(told + "==")
    keys = keys_named(name[:_PEPPER].hex())
    if keys is None:  # Dropped since, or another site's that has the same signing key.
        raise Malformed("pepper")
    return Opaque(Purpose.ACCESS, UUID(row).bytes, name[_PEPPER:], keys)


def _seconds(moment: datetime) -> int:
    """As a whole number (RFC 7519 §2). What ends is over no later than its row says."""
    return int(moment.timestamp())
