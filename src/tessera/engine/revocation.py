"""revoke: ending one grant, or all of a subject."""

import logging
from collections.abc import Container
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.engine.bond import key_of
from tessera.engine.storage import alias, storage
from tessera.engine.verification import read
from tessera.errors import Malformed
from tessera.format.opaque import Opaque, Purpose
from tessera.models import LONG_AGO, LONGEST_REASON, Grant, hint
from tessera.signals import token_revoked

audit = logging.getLogger("tessera.audit")


def revoke(
    *grants: Grant | UUID,
    subject: AbstractBaseUser | None = None,
    client: str | None = None,
    reason: str = "revoked",
) -> int:
    """End these grants, or all of `subject` (through `client`, if given), in one statement. Returns how many ended.

    Their tokens are refused from the next request on. Within a transaction of yours that is from its commit on, and not
    at all if it is rolled back.

    Raises:
        StoreDown: the storage does not answer, and nothing has ended.
    """
    if bool(grants) == (subject is not None):
        raise TypeError("revoke() takes the grants to end, or the subject whose grants end.")
    grant_ids = [each if isinstance(each, UUID) else each.pk for each in grants]
    subject_id = None if subject is None else key_of(subject)
    if not grant_ids and subject_id is None:
        return 0  # To the database, nobody's grants are the machines'.
    rows = _rows().filter(Q(pk__in=grant_ids) if grant_ids else Q(subject_id=subject_id))
    if client is not None:
        rows = rows.filter(client=client)
    return end(rows, reason, grant_ids, subject_id, client)


@sensitive_variables()
def revoke_presented(secret: str | bytes, *, accept: Container[Purpose], reason: str = "revoked") -> int:
    """End the grant of a presented token, in one statement. Returns how many ended: 0 if it had ended before.

    It does not matter whether its subject is active: a user who is deactivated today may be back tomorrow, and then
    this token must not work again.

    Raises:
        Malformed: it was not minted here.
        WrongPurpose: it was minted for another door.
        StoreDown: the storage does not answer, and nothing has ended.
    """
    readings = read(secret, accept)
    grant_ids = [reading.grant_id for reading in readings]
    if readings[0].purpose is Purpose.ADOPTED:  # Which of its readings are right, only the rows tell.
        with storage:
            grant_ids = list(Grant.objects.using(alias()).filter(pk__in=grant_ids).values_list("pk", flat=True))
        if not grant_ids:
            raise Malformed("key")
    # All of them: a key that was adopted anew, while its pepper was missing, has a row under each.
    return end(_rows().filter(reduce(or_, map(_presented, readings))), reason, grant_ids)


def _presented(opaque: Opaque) -> Q:
    """The row of a presented token. An access token may be the one before the current one."""
    row = Q(pk=opaque.grant_id)
    if opaque.purpose is Purpose.REFRESH:
        return row  # Traded or not: that it was one of this grant's, its tag proves.
    return row & (Q(access_digest=opaque.digest) | Q(previous_access_digest=opaque.digest))


def _rows() -> QuerySet[Grant]:
    return Grant.objects.using(alias()).filter(revoked_at=None)


def end(
    rows: QuerySet[Grant], reason: str, grant_ids: list[UUID], subject_id: Any = None, client: str | None = None
) -> int:
    """End all of `rows`, and tell the signal and the log."""
    with storage:
        # Nothing must end the less for a long reason, or for none.
        why = reason[:LONGEST_REASON] or "revoked"
        ended = rows.update(ends_at=LONG_AGO, revoked_at=clock.now(), revoked_reason=why)
    if ended:
        token_revoked.send_robust(
            Grant, ended=ended, reason=reason, grant_ids=grant_ids, subject_id=subject_id, client=client
        )
    which = " ".join(map(hint, grant_ids)) or f"subject={subject_id!r} client={client!r}"
    audit.info("revoked %d reason=%r %s", ended, reason, which)
    return ended
