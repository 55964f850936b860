"""verify: credential → opaque → row → Principal."""

import hmac
import logging
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import Error, transaction
from django.db.transaction import TransactionManagementError
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import current
from tessera.engine.bond import bond_kept
from tessera.engine.keyring import keyring
from tessera.engine.lookup import find
from tessera.engine.storage import alias
from tessera.errors import (
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
    grant_id: UUID

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
    now = clock.now()
    _, grant = prove(secret, accept, now)
    _note_use(grant, now)
    return Principal(grant.subject, grant.client, scope.split(grant.scope), grant.id)


@sensitive_variables()
def prove(secret: str | bytes, accept: Container[Purpose], now: datetime) -> tuple[Opaque, Grant]:
    """Return the token as parsed, and the live grant that it names."""
    opaque, grant = look_up(secret, accept)
    try:
        return opaque, _examine(opaque, grant, now)
    except InvalidCredential as error:
        _note_refusal(opaque, error)
        raise


@sensitive_variables()
def look_up(secret: str | bytes, accept: Container[Purpose]) -> tuple[Opaque, Grant | None]:
    """Return the token as parsed, and the row that it names, not yet examined."""
    read_as = read(secret, accept)
    for opaque in read_as:
        if (grant := find(opaque.row)) is not None:
            return opaque, grant
    if read_as[0].purpose is Purpose.ADOPTED:
        raise Malformed("key")  # Nothing says that it ever was one.
    return read_as[0], None


@sensitive_variables()
def read(secret: str | bytes, accept: Container[Purpose]) -> tuple[Opaque, ...]:
    """Return what the token says, if it was minted here and for an accepted purpose. Its row is not looked at.

    That is one reading, and for what may be an adopted key one for each pepper.
    """
    presented, keys = to_bytes(secret), keyring()
    try:
        opaque = parse(presented, current().prefixes(), keys)
    except Malformed:
        if Purpose.ADOPTED in accept and (adopted := foreign.readings(presented, keys)):
            return adopted
        raise
    if opaque.purpose not in accept:
        error = WrongPurpose(opaque.purpose.name)
        _note_refusal(opaque, error)
        raise error
    return (opaque,)


def _note_refusal(opaque: Opaque, error: InvalidCredential) -> None:
    token_refused.send_robust(Grant, error=error, grant_id=opaque.row)
    audit.info("refused %s: %s", hint(opaque.row), type(error).__name__)


def _examine(opaque: Opaque, grant: Grant | None, now: datetime) -> Grant:
    if grant is None:
        raise Unknown("row")
    # Bytes, after the read: the database compares neither in constant time nor, on some collations, exactly.
    if not hmac.compare_digest(bytes(grant.access_digest), opaque.digest):
        raise Unknown("digest")
    if not grant.is_live(now):
        raise Revoked(grant.revoked_reason) if grant.revoked_at else Expired
    # A LEFT JOIN shows a vanished user as no user, and so as a machine: the key tells them apart.
    if grant.subject_id is not None and (grant.subject is None or not grant.subject.is_active):
        raise SubjectGone
    if bond_kept(opaque.keys, grant) is None:
        raise PasswordChanged
    return grant


def _note_use(grant: Grant, now: datetime) -> None:
    """Write the last use down, once an interval. A statistic: never in the view's transaction, and never an error."""
    interval = current().LAST_USED_INTERVAL
    if interval is None or (grant.last_used_at is not None and now - grant.last_used_at < interval):
        return

    def write() -> None:
        # Of all who read the same last use, one writes.
        unchanged = Grant.objects.using(alias()).filter(pk=grant.pk, last_used_at=grant.last_used_at)
        try:
            unchanged.update(last_used_at=now)
        except Error as error:
            audit.debug("last use of %s not written: %s", grant.hint, type(error).__name__)

    with suppress(TransactionManagementError):  # A site that commits by hand would have to commit this as well.
        transaction.on_commit(write, using=alias(), robust=True)
