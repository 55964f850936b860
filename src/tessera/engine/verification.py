"""verify: credential → opaque → row → Principal."""

import hmac
import logging
from collections.abc import Container, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import Error, transaction
from django.db.transaction import TransactionManagementError
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import current, prefixes
from tessera.engine.bond import bond_kept
from tessera.engine.keyring import keyring
from tessera.engine.lookup import find
from tessera.engine.standing import Standing, standing_of, use_is_due
from tessera.engine.storage import alias
from tessera.errors import (
    Dead,
    Expired,
    InvalidCredential,
    Malformed,
    PasswordChanged,
    Revoked,
    SubjectGone,
    Unknown,
    WrongPurpose,
)
from tessera.format import foreign, scope
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
def verify(secret: str | bytes, *, accept: Container[Purpose]) -> Principal:
    """Return for whom `secret` speaks. It costs one query, and none if `secret` was not minted here.

    A door that admits adopted keys asks the database about whatever has the form of one.

    `accept` holds the purposes that the caller admits. It has no default, so that a token of another purpose never
    passes unnoticed.

    Raises:
        Malformed: it was not minted here.
        WrongPurpose: it was minted for a purpose that `accept` does not hold.
        Dead: it has ended. The subclass says why: tell that to the log, never to the client.
        StoreDown: the storage does not answer.
    """
    now, interval = clock.now(), current().LAST_USED_INTERVAL
    used_by, readings = now - (interval or timedelta(0)), read(secret, accept)
    opaque, found = _proved(readings, standing_of([reading.row for reading in readings], now, used_by))
    if found.is_use_due and interval is not None:
        _note_use(opaque.grant_id, now, used_by)
    return Principal(found.subject, found.client, scope.split(found.scope), opaque.row)


@sensitive_variables()
def prove(secret: str | bytes, accept: Container[Purpose], now: datetime) -> tuple[Opaque, Grant]:
    """Return the token as parsed and its live grant, for who needs the row. `verify` does with less of it."""
    readings = read(secret, accept)
    grant = find(*(reading.grant_id for reading in readings))
    opaque, _ = _proved(readings, Standing.of(grant, now) if grant else None)
    return opaque, cast(Grant, grant)


def _proved(readings: Sequence[Opaque], found: Standing | None) -> tuple[Opaque, Standing]:
    opaque = readings[0]
    try:
        opaque, found = confirmed(readings, found)
        if not found.is_live:
            raise Revoked(found.revoked_reason) if found.revoked_reason else Expired
        # A LEFT JOIN shows a vanished user as no user, and so as a machine: the key tells them apart.
        if found.subject_id is not None and (found.subject is None or not found.subject.is_active):
            raise SubjectGone
        if bond_kept(opaque, found) is None:
            raise PasswordChanged
    except Dead as error:
        _note_refusal(opaque, error)
        raise
    return opaque, found


def read(secret: str | bytes, accept: Container[Purpose]) -> Sequence[Opaque]:
    """Return what the token says, if it was minted here and for an accepted purpose. Its row is not looked at.

    That is one reading, and for what may be an adopted key one for each pepper.
    """
    presented = secret if isinstance(secret, bytes) else to_bytes(secret)
    keys = keyring()
    try:
        opaque = parse(presented, prefixes(), keys)
    except Malformed:
        if Purpose.ADOPTED in accept and (adopted := foreign.readings(presented, keys)):
            return adopted
        raise
    if opaque.purpose not in accept:
        error = WrongPurpose(opaque.purpose.name)
        _note_refusal(opaque, error)
        raise error
    return [opaque]


def _note_refusal(opaque: Opaque, error: InvalidCredential) -> None:
    token_refused.send_robust(Grant, error=error, grant_id=opaque.grant_id)
    audit.info("refused %s: %s", hint(opaque.grant_id), type(error).__name__)


def confirmed(readings: Sequence[Opaque], found: Standing | None) -> tuple[Opaque, Standing]:
    """Return the reading of which the row keeps the digest, and what was found there."""
    if found is None:
        # Nothing says that this ever was a key.
        raise Malformed("key") if readings[0].purpose is Purpose.ADOPTED else Unknown("row")
    for reading in readings:
        # Bytes, after the read: the database compares neither in constant time nor, on some collations, exactly.
        if hmac.compare_digest(found.access_digest, reading.digest):
            return reading, found
    raise Unknown("digest")


def _note_use(row: UUID, now: datetime, used_by: datetime) -> None:
    """Write the last use down. A statistic: never in the view's transaction, and never an error."""

    def write() -> None:
        # Of all who found it due, one writes.
        due = Grant.objects.using(alias()).filter(use_is_due(used_by), pk=row)
        try:
            due.update(last_used_at=now)
        except Error as error:
            audit.debug("last use of %s not written: %s", hint(row), type(error).__name__)

    with suppress(TransactionManagementError):  # A site that commits by hand would have to commit this as well.
        transaction.on_commit(write, using=alias(), robust=True)
