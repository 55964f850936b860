"""revoke: ending one grant, or all of a subject."""

import logging
from collections.abc import Container
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.engine.bond import key_of
from tessera.engine.storage import alias, storage
from tessera.engine.verification import read
from tessera.format.opaque import Purpose
from tessera.models import LONG_AGO, Grant

audit = logging.getLogger("tessera.audit")


def revoke(
    *grants: Grant | UUID,
    subject: AbstractBaseUser | None = None,
    client: str | None = None,
    reason: str = "revoked",
) -> int:
    """End the grants named, or all of `subject` (through `client`, if given), in one statement. Says how many ended.

    It holds from the next request on; inside a transaction of yours from its commit on, and not if that rolls back.

    Raises:
        StoreDown: the storage does not answer, and nothing has ended.
    """
    if bool(grants) == (subject is not None):
        raise TypeError("revoke() takes the grants to end, or the subject whose grants end.")
    which: dict[str, Any] = (
        {"subject_id": key_of(subject)} if subject is not None else {"pk__in": [_key(each) for each in grants]}
    )
    if which.get("subject_id", ...) is None:
        return 0  # To the database, nobody's grants are the machines'.
    if client is not None:
        which["client"] = client
    return _end(which, reason)


@sensitive_variables()
def revoke_presented(secret: str | bytes, *, accept: Container[Purpose], reason: str = "revoked") -> int:
    """End the grant that `secret` names and proves, in one statement. Says how many ended: none where it was over.

    Its subject is not asked after: who is deactivated today may be back tomorrow, and the token must not.

    Raises:
        Malformed: it was not minted here.
        WrongPurpose: it was minted for another door.
        StoreDown: the storage does not answer, and nothing has ended.
    """
    opaque = read(secret, accept)
    return _end({"pk": opaque.row, "access_digest": opaque.digest}, reason)


def _end(which: dict[str, Any], reason: str) -> int:
    with storage():
        ended = (
            Grant.objects.using(alias())
            .filter(**which, revoked_at=None)
            .update(ends_at=LONG_AGO, revoked_at=clock.now(), revoked_reason=reason)
        )
    named = {name: value for name, value in which.items() if name != "access_digest"}
    audit.info("revoked %d reason=%r %r", ended, reason, named)
    return ended


def _key(grant: Grant | UUID) -> UUID:
    return grant if isinstance(grant, UUID) else grant.pk
