"""verify: credential → opaque → row → Principal."""

import hmac
import logging
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import current, prefixes
from tessera.engine.bond import bond_kept
from tessera.engine.keyring import keyring, keys_named
from tessera.engine.packages import packages
from tessera.engine.rows.lookup import find
from tessera.engine.rows.standing import Standing, standing_of
from tessera.engine.rows.use import note_use
from tessera.engine.signing.entrance import signed_reading
from tessera.errors import (
    Expired,
    InvalidCredential,
    Malformed,
    PasswordChanged,
    Revoked,
    SubjectGone,
    Unknown,
    UnknownKey,
    WrongPurpose,
)
from tessera.format import foreign, scope
from tessera.format.former import Former
from tessera.format.jws import looks_signed
from tessera.format.opaque import Opaque, Purpose, parse, to_bytes
from tessera.models import Grant, hint
from tessera.signals import token_refused

audit = logging.getLogger("tessera.audit")


@dataclass(frozen=True, slots=True)
class Principal:
    """For whom a request speaks, through what software, and with what scope. It is `request.auth`."""

    subject: AbstractBaseUser | None
    client: str
    scope: frozenset[str]
    row: bytes = field(repr=False)
    """The 16 bytes of `grant_id`."""

    @property
    def grant_id(self) -> UUID:
        """The id of its grant, made when asked for: most requests do without."""
        return UUID(bytes=self.row)

    @property
    def grant(self) -> Grant | None:
        """The row of the grant, read by a query at each access. `None` if it has been deleted since."""
        return find(self.grant_id)


@sensitive_variables()
def verify(secret: str | bytes | Former, *, accept: Container[Purpose]) -> Principal:
    """Return for whom `secret` speaks. It costs one query, and none if `secret` was not minted here.

    What was good once takes a second, to find out why it is refused. The access token before the current one of a pair
    takes two as well. A door that admits adopted keys asks the database about whatever has the form of one.

    `accept` holds the purposes that the caller admits. It has no default, so that a token of another purpose never
    passes unnoticed.

    Raises:
        Malformed: it was not minted here.
        WrongPurpose: it was minted for a purpose that `accept` does not hold.
        Dead: it has ended. The subclass says why: tell that to the log, never to the client.
        StoreDown: the storage does not answer.
    """
    now = clock.now()
    readings = read(secret, accept, now)
    found = standing_of([reading.row for reading in readings], now)
    if found is None:
        refuse_unknown(readings)
    opaque = _named(found.access_digest, readings)
    if opaque is None or not found.is_live or _is_forsaken(found) or bond_kept(opaque, found) is None:
        opaque, grant = _looked_up(readings, now)
        return Principal(grant.subject, grant.client, scope.split(grant.scope), opaque.row)
    if found.is_use_due:
        note_use(opaque, now)
    return Principal(found.subject, found.client, scope.split(found.scope), opaque.row)


@sensitive_variables()
def prove(secret: str | bytes | Former, accept: Container[Purpose], now: datetime) -> tuple[Opaque, Grant]:
    """Return the token as parsed and its live grant, for who needs the row. `verify` does with less of it."""
    return _looked_up(read(secret, accept, now), now)


def _looked_up(readings: Sequence[Opaque], now: datetime) -> tuple[Opaque, Grant]:
    grant = find(*(reading.grant_id for reading in readings))
    if grant is None:
        refuse_unknown(readings)
    with noting(grant.pk):
        opaque = _named(grant.access_digest, readings) or _before_the_current(readings, grant, now)
        refuse_ended(grant, now)
        if opaque.digest == grant.access_digest and grant.access_expires_at and grant.access_expires_at <= now:
            raise Expired
        refuse_broken_bond(opaque, grant)
    return opaque, grant


def refuse_unknown(readings: Sequence[Opaque]) -> NoReturn:
    """Say what a token is of which there is no row."""
    if readings[0].purpose is Purpose.ADOPTED:
        raise UnknownKey
    with noting(readings[0].grant_id):
        raise Unknown("row")


def _before_the_current(readings: Sequence[Opaque], grant: Grant, now: datetime) -> Opaque:
    """The access token before the current one: requests are under way with it while another tab refreshes."""
    opaque = _named(grant.previous_access_digest or b"", readings)
    keys = keys_named(grant.pepper)
    if opaque is None or keys is None or not grant.is_rotated_within(current().REUSE_WINDOW, now):
        raise Unknown("digest")
    return replace(opaque, keys=keys)  # To which the rotation may have moved the fingerprint.


def _named(digest: bytes | memoryview, readings: Sequence[Opaque]) -> Opaque | None:
    """The reading of which the row keeps the digest."""
    for reading in readings:
        # Bytes, after the read: the database compares neither in constant time nor, on some collations, exactly.
        if hmac.compare_digest(digest, reading.digest):
            return reading
    return None


def _is_forsaken(found: Standing | Grant) -> bool:
    # A LEFT JOIN shows a vanished user as no user, and so as a machine: the key tells them apart.
    return found.subject_id is not None and (found.subject is None or not found.subject.is_active)


def refuse_ended(grant: Grant, now: datetime) -> None:
    """Say why a grant that has ended opens nothing."""
    if not grant.is_live(now):
        raise Revoked(grant.revoked_reason) if grant.revoked_reason else Expired


def refuse_broken_bond(opaque: Opaque, grant: Grant) -> bool:
    """Say why a grant whose subject has gone, or has another password, opens nothing. Return whether the password
    is part of the bond."""
    if _is_forsaken(grant):
        raise SubjectGone
    kept = bond_kept(opaque, grant)
    if kept is None:
        raise PasswordChanged
    return kept


def read(secret: str | bytes | Former, accept: Container[Purpose], now: datetime | None) -> Sequence[Opaque]:
    """Return what the token says, if it was minted here and for an accepted purpose. Its row is not looked at.

    That is one reading. For what may be an adopted key it is one for each pepper, and each way in which its package
    knew its keys. `now` is for the end that a signed token names: `None` if that does not matter, because it is to be
    ended.
    """
    if isinstance(secret, Former):
        return [_admitted(secret.opaque, accept)]
    presented = secret if isinstance(secret, bytes) else to_bytes(secret)
    keys = keyring()
    try:
        opaque = parse(presented, prefixes(), keys)
    except Malformed:
        # First, as it is asked of whatever a stranger sends.
        if looks_signed(presented) and Purpose.ACCESS in accept and (signed := _signed(presented, now)):
            return [signed]
        if Purpose.ADOPTED in accept and (adopted := foreign.readings(presented, keys, packages())):
            return adopted
        raise
    return [_admitted(opaque, accept)]


def _admitted(opaque: Opaque, accept: Container[Purpose]) -> Opaque:
    if opaque.purpose not in accept:
        with noting(opaque.grant_id):
            raise WrongPurpose(opaque.purpose.name)
    return opaque


def _signed(presented: bytes, now: datetime | None) -> Opaque | None:
    try:
        return signed_reading(presented, now)
    except Expired as error:
        if error.grant_id is None:
            raise
        with noting(error.grant_id):
            raise


@contextmanager
def noting(grant_id: UUID) -> Iterator[None]:
    """Tell the signal and the log why a token of this grant is refused, if it is."""
    try:
        yield
    except InvalidCredential as error:
        error.grant_id = grant_id
        token_refused.send_robust(Grant, error=error, grant_id=grant_id)
        audit.info("refused %s: %s", hint(grant_id), type(error).__name__)
        raise
