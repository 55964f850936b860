"""What a stranger presents: a JWT of ours, the opaque spelling of one, or one that the peer signed before the move."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.dialects.simplejwt.asked import asked, is_theirs, named
from tessera.dialects.simplejwt.exceptions import ExpiredTokenError, TokenError
from tessera.engine.renewal import prove_refresh
from tessera.engine.rows.lookup import find
from tessera.engine.signing.entrance import signing
from tessera.engine.verification import Principal, verify
from tessera.errors import Dead, Expired, InvalidCredential, Malformed, Revoked, WrongPurpose
from tessera.format import jws
from tessera.format.former import Former
from tessera.format.opaque import Purpose
from tessera.models import Grant
from tessera.web.defaults import ADMITTED

CLIENT = "simplejwt"
"""The client of every grant that this dialect made."""

REFRESH = frozenset({Purpose.REFRESH})
FORMER = frozenset({Purpose.ADOPTED})

ACCESS, OF_REFRESH = "access", "refresh"

_TYPES = MappingProxyType({"at+jwt": ACCESS, "rt+jwt": OF_REFRESH})
"""What our own are, by their header, unless they say more."""

WORDS: Mapping[type[InvalidCredential], Any] = MappingProxyType(
    {
        Expired: _("Token is expired"),
        # One answer for all that has ended: whoever found a token learns nothing of its user.
        Dead: _("Token is blacklisted"),
        WrongPurpose: _("Token has wrong type"),
        InvalidCredential: _("Token is invalid"),
    }
)
"""What the peer says of a token that is not good."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that somebody has presented, and what it stands for."""

    claims: dict[str, Any] = field(repr=False)
    type: str
    secret: bytes | Former = field(repr=False)
    """What the engine takes. Of an envelope, what is within."""

    principal: Principal | None = None
    grant: Grant | None = None


class InTheirWords:
    """`with in_their_words:` has a credential that is refused raise what the peer raises.

    No generator: on Python 3.13 one that crashes keeps the frames of whoever crashed, and the token in them.
    """

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Tell the one from the other."""
        if isinstance(error, InvalidCredential):
            words = next(WORDS[branch] for branch in type(error).__mro__ if branch in WORDS)
            raise (ExpiredTokenError if isinstance(error, Expired) else TokenError)(words) from error


in_their_words = InTheirWords()


@sensitive_variables()
def read(secret: Any, wanted: str | None, now: datetime | None) -> Presented:
    """Return what a token says, and what the engine takes for it. Of an access token, that proves it; an envelope is
    proved here. No row is looked at. `now`: `None` if it may have expired.

    Raises:
        InvalidCredential: it is none, or not of the `wanted` type.
    """
    if not isinstance(secret, bytes):  # A site's own view may hand over whatever a body had.
        raise Malformed("type")
    if not jws.looks_signed(secret) or signing() is None:
        # Of the others there is one spelling, and this one says nothing that is not proved.
        if wanted not in {None, ACCESS} or now is None:
            raise Malformed("spelling")
        return Presented({}, ACCESS, secret)
    signed = jws.parts(secret)
    if signed.type not in _TYPES:
        return _former(secret, signed, wanted, to_end=now is None)
    told = jws.claims_in(signed.payload)
    kind = type_of(told, _TYPES[signed.type])
    if signed.type == "rt+jwt":
        claims = _envelope().opened(secret, now)
        within = claims.pop(_envelope().WITHIN).encode()
        found = Presented(claims, OF_REFRESH, within)
    else:
        found = Presented(told, kind, secret)
    if wanted not in {None, kind}:
        if found.type != OF_REFRESH:
            signing().reading(secret, now)
        raise WrongPurpose(kind)
    return found


@sensitive_variables()
def proved(secret: Any, wanted: str | None) -> Presented:
    """Prove that a token opens something: one query.

    Raises:
        InvalidCredential: it does not.
        StoreDown: the storage does not answer.
    """
    found = read(secret, wanted, clock.now())
    if found.type == OF_REFRESH:
        grant = prove_refresh(found.secret, accept=REFRESH, client=CLIENT)
        return Presented(found.claims, found.type, found.secret, grant=grant)
    principal = verify(found.secret, accept=FORMER if isinstance(found.secret, Former) else ADMITTED)
    return Presented(found.claims or _told(principal), found.type, found.secret, principal)


def refuse_by_rule(found: Presented) -> None:
    """Ask the site's own rule about the user of a refresh token, before it is traded.

    Raises:
        Revoked: the rule says no.
    """
    rule = asked("USER_AUTHENTICATION_RULE")
    if is_theirs(rule):
        return  # The engine does what the peer's own does.
    # Whether it is spent is not asked here: that it is, has to end its grant.
    row = found.secret.opaque.grant_id if isinstance(found.secret, Former) else UUID(found.claims["sid"])
    grant = find(row)
    if grant is not None and not named(rule)(grant.subject):
        raise Revoked("rule")


def type_of(claims: Mapping[str, Any], otherwise: str) -> str:
    """What a token says it is."""
    name = asked("TOKEN_TYPE_CLAIM")
    told = otherwise if name is None else claims.get(name, otherwise)
    return told if isinstance(told, str) else ""


@sensitive_variables()
def _former(secret: bytes, signed: jws.Signed, wanted: str | None, *, to_end: bool) -> Presented:
    if wanted not in {None, type_of(jws.claims_in(signed.payload), wanted or "")}:
        raise WrongPurpose("former")  # Nothing is taken over at a door where it opens nothing.
    former: Former = _admit()(secret, to_end=to_end)
    return Presented(dict(former.claims), former.type, former)


def _told(principal: Principal) -> dict[str, Any]:
    """What the opaque spelling of a token would say."""
    user = principal.subject
    told = {asked("TOKEN_TYPE_CLAIM"): ACCESS, "sid": principal.row.hex(), "client_id": principal.client}
    told |= {} if user is None else {asked("USER_ID_CLAIM"): str(getattr(user, asked("USER_ID_FIELD"), user.pk))}
    return {name: value for name, value in told.items() if name is not None}


@cache
def _envelope() -> Any:
    return import_module("tessera.engine.signing.envelope")


@cache
def _admit() -> Callable[..., Former]:
    admit: Callable[..., Former] = import_module("tessera.engine.adoption.jwt").admit
    return admit
