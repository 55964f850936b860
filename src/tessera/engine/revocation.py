"""revoke: ending one grant, or all of a subject."""

import logging
from collections.abc import Container
from contextlib import suppress
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.engine.keyring import keyring
from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, storage, update
from tessera.engine.verification import read
from tessera.errors import UnknownKey
from tessera.format.foreign import named
from tessera.format.former import PACKAGE, Former
from tessera.format.opaque import Opaque, Purpose
from tessera.models import LONG_AGO, LONGEST_REASON, Grant, Kind, SigningKey, hint
from tessera.signals import token_revoked

audit = logging.getLogger("tessera.audit")


class Which(NamedTuple):
    """Which grants end: what the signal and the log say of them."""

    grant_ids: list[UUID]
    subject_id: Any = None
    client: str | None = None
    kept: UUID | None = None

    def __str__(self) -> str:
        named = " ".join(map(hint, self.grant_ids)) or f"subject={self.subject_id!r} client={self.client!r}"
        return named if self.kept is None else f"{named} kept={hint(self.kept)}"


def revoke(
    *grants: Grant | UUID,
    subject: AbstractBaseUser | None = None,
    client: str | None = None,
    keep: Grant | UUID | None = None,
    reason: str = "revoked",
) -> int:
    """End these grants, or all of `subject` (through `client`, if given), in one statement. Returns how many ended.

    `keep` is the one of `subject` that lives on: `revoke(subject=request.user, keep=request.auth.grant_id)` signs a
    user out everywhere else.

    The tokens are refused from the next request on. Within a transaction of yours that is from its commit on, and not
    at all if it is rolled back.

    Raises:
        StoreDown: the storage does not answer, and nothing has ended.
    """
    if bool(grants) == (subject is not None):
        raise TypeError("revoke() takes the grants to end, or the subject whose grants end.")
    if grants and keep is not None:
        raise TypeError("revoke() keeps one of a subject's grants. Of those that are named, all end.")
    subject_id = None if subject is None else key_of(subject)
    if not grants and subject_id is None:
        return 0  # To the database, nobody's grants are the machines'.
    which = Which(list(map(_id_of, grants)), subject_id, client, None if keep is None else _id_of(keep))
    rows = _rows().filter(Q(pk__in=which.grant_ids) if grants else Q(subject_id=subject_id))
    if client is not None:
        rows = rows.filter(client=client)
    ended = end(rows if which.kept is None else rows.exclude(pk=which.kept), reason, which)
    if not ended and not grants and client is None:
        show_the_end(subject_id)
    return ended


@sensitive_variables()
def revoke_presented(secret: str | bytes | Former, *, accept: Container[Purpose], reason: str = "revoked") -> int:
    """End the grant of a presented token, in one statement. Returns how many ended: 0 if it had ended before.

    It does not matter whether its subject is active: a user who is deactivated today may be back tomorrow, and then
    this token must not work again.

    Raises:
        Malformed: it was not minted here.
        WrongPurpose: it was minted for another door.
        StoreDown: the storage does not answer, and nothing has ended.
    """
    readings = read(secret, accept, None)
    grant_ids = [reading.grant_id for reading in readings]
    if readings[0].purpose is Purpose.ADOPTED:  # Which of its readings are right, only the rows tell.
        with storage:
            grant_ids = list(Grant.objects.using(alias()).filter(pk__in=grant_ids).values_list("pk", flat=True))
        if not grant_ids:
            raise UnknownKey
    # All of them: a key that was adopted anew, while its pepper was missing, has a row under each.
    return end(_rows().filter(reduce(or_, map(_presented, readings))), reason, Which(grant_ids))


def _presented(opaque: Opaque) -> Q:
    """The row of a presented token. Of a pair, any token that there was will do: its tag proves that it was one.

    A tab that has slept signs out with what it has. But what was replaced had leaked, and must not end its successor.
    """
    row = Q(pk=opaque.grant_id)
    if opaque.purpose is Purpose.REFRESH:
        return row
    return row & (Q(access_digest=opaque.digest) | Q(generation__isnull=False))


def _id_of(grant: Grant | UUID) -> UUID:
    if isinstance(grant, str | bytes):  # Nothing of it in the message: it may be a secret.
        raise TypeError("revoke() takes grants, such as issued.grant, or verify(secret, accept=…).grant.")
    return grant if isinstance(grant, UUID) else grant.pk


def _rows() -> QuerySet[Grant]:
    return Grant.objects.using(alias()).filter(revoked_at=None)


def end(rows: QuerySet[Grant], reason: str, which: Which) -> int:
    """End all of `rows`, and tell the signal and the log."""
    ended = update(rows, ended_for(reason))
    tell(ended, reason, which)
    return ended


@sensitive_variables()
def show_the_end(subject_id: Any) -> None:
    """Where all of a user was to end, and nothing was here: leave a row that says so, while a former key is trusted.

    What that key has signed is taken over when it first comes, unless rows show that its user had all ended since. Each
    user has one such row at the most, however often this is asked for.
    """
    now = clock.now()
    row = named(PACKAGE, f"all ended {subject_id}".encode(), keyring()[0])
    with storage:
        if not SigningKey.objects.using(alias()).filter(package=PACKAGE, ends_at__gt=now).exists():
            return
        with suppress(IntegrityError), transaction.atomic(using=alias()):  # The user may be gone.
            of_nothing = {"client": PACKAGE, "kind": Kind.ADOPTED, "created_at": now, "access_digest": row.digest}
            Grant.objects.using(alias()).update_or_create(
                {"subject_id": subject_id, **of_nothing, **ended_for("all")}, pk=row.grant_id
            )


def ended_for(reason: str) -> dict[str, Any]:
    """What the row of an ended grant has."""
    # Nothing must end the less for a long reason, or for none.
    why = reason[:LONGEST_REASON] or "revoked"
    return {"ends_at": LONG_AGO, "revoked_at": clock.now(), "revoked_reason": why}


def tell(ended: int, reason: str, which: Which) -> None:
    """Tell the signal and the log of so many that ended."""
    if ended:
        token_revoked.send_robust(Grant, ended=ended, reason=reason, **which._asdict())
    audit.info("revoked %d reason=%r %s", ended, reason, which)
