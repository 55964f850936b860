"""A JWT of djangorestframework-simplejwt, which a site comes from: what it says, and which row it names here.

Its row is found by its id (`jti`), as that of an adopted key by the key:

    the hash by which it is known = SHA-256(its family 00 | its id 00 | what names its user)

That of a refresh token or a sliding one has no family, for both stand in one table of the package. An access token has
its own: a site may give it the id of the refresh token that it was made with. And should a site give one id to all of
its tokens, none of them names the row of another user.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from tessera.errors import Expired, Malformed
from tessera.format import foreign
from tessera.format.keys import Keys
from tessera.format.opaque import Opaque, Purpose

PACKAGE = "simplejwt"

PURPOSES = MappingProxyType({"refresh": Purpose.REFRESH, "access": Purpose.ADOPTED, "sliding": Purpose.ADOPTED})
"""What each type of token is for. A site may have made others, for a letter perhaps: those open nothing here."""

_LONGEST_WORD = 255
"""Letters of an id, or of what names a user, at most. The table of the package has room for as many."""

_NO_VALUE = re.compile("[\x00\ud800-\udfff]")
"""NUL, and halves of letters, which JSON may have in it."""

_LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Former:
    """A JWT that the package signed and that was taken over. The verbs take it in the place of a secret."""

    secret: bytes = field(repr=False)
    opaque: Opaque
    """The row that it names: for a refresh token of generation 0, for any other as of an adopted key."""

    type: str
    """What its package calls it: `access`, `refresh` or `sliding`."""

    claims: Mapping[str, Any] = field(repr=False)
    """All that it says. Nothing in it was obeyed that is not in the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a site's tokens say what they say, and what they have to."""

    type: str | None
    """The names of claims. Without this one or the next no token can be taken over: `None` names no claim."""

    id: str | None
    user: str
    refresh_end: str
    issuer: str | None
    audience: frozenset[str] | None
    leeway: timedelta


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, in our words."""

    type: str
    id: str
    user: str
    """What the site tells its users apart by."""

    issued_at: datetime | None
    not_before: datetime | None
    expires_at: datetime
    ends_at: datetime
    """Until when it may be put off: a sliding token is told again with another `exp`, and the same id."""

    said: Mapping[str, Any] = field(repr=False)


def claims_of(said: Mapping[str, Any], wording: Wording) -> Claims:
    """What a payload says. Whether that is still true is not looked at.

    Raises:
        Malformed: it is not of this package, or not for this site.
    """
    kind, name, user = (claim and said.get(claim) for claim in (wording.type, wording.id, wording.user))
    if not isinstance(kind, str) or kind not in PURPOSES:
        raise Malformed("type")
    if not isinstance(name, str) or not _is_word(name):
        raise Malformed("jti")
    # Older versions wrote a number. `True` is one to Python.
    user = str(user) if type(user) is int else user
    if not isinstance(user, str) or not _is_word(user):
        raise Malformed("user")
    _refuse_foreign(said, wording)
    expires_at = _moment(said, "exp")
    if expires_at is None:
        raise Malformed("exp")
    put_off = _moment(said, wording.refresh_end) if kind == "sliding" else None
    return Claims(
        type=kind,
        id=name,
        user=user,
        issued_at=_moment(said, "iat"),
        not_before=_moment(said, "nbf"),
        expires_at=expires_at,
        ends_at=max(expires_at, put_off or expires_at),
        said=said,
    )


def refuse_untimely(claims: Claims, now: datetime, leeway: timedelta) -> None:
    """Refuse what is over, or has not begun.

    Raises:
        Expired: it is over.
        Malformed: it is from the future.
    """
    if claims.expires_at + leeway <= now:
        raise Expired
    if any(moment and moment - leeway > now for moment in (claims.issued_at, claims.not_before)):
        raise Malformed("nbf")


def opaques(claims: Claims, keyring: Sequence[Keys]) -> list[Opaque]:
    """What names its row: under which pepper that was made, only the rows can tell."""
    family = b"access" if claims.type == "access" else b""
    known_by = hashlib.sha256(b"\x00".join((family, claims.id.encode(), claims.user.encode()))).digest()
    named = (foreign.named(PACKAGE, known_by, keys) for keys in keyring)
    return [replace(opaque, purpose=PURPOSES[claims.type]) for opaque in named]


def _refuse_foreign(said: Mapping[str, Any], wording: Wording) -> None:
    if wording.issuer is not None and said.get("iss") != wording.issuer:
        raise Malformed("iss")
    if wording.audience is not None:
        told = said.get("aud")
        names = told if isinstance(told, list) else [told]
        # Equal to a member, and not a part of one. A list in the list would have no hash.
        if not all(isinstance(name, str) for name in names) or wording.audience.isdisjoint(names):
            raise Malformed("aud")


def _is_word(text: str) -> bool:
    """Whether a database takes it for a value."""
    return 0 < len(text) <= _LONGEST_WORD and _NO_VALUE.search(text) is None


def _moment(said: Mapping[str, Any], claim: str) -> datetime | None:
    if claim not in said:
        return None
    seconds = said[claim]
    if type(seconds) not in {int, float}:
        raise Malformed(claim)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:  # Of no year that there is.
        raise Malformed(claim) from error
    if moment > _LATEST:
        raise Malformed(claim)
    return moment
