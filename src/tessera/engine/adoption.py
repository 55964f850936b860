"""adopt: key → reading → row. The key goes on working, and is kept nowhere."""

import logging
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import Lifetime
from tessera.engine.bond import bond
from tessera.engine.issuance import Issued
from tessera.engine.keyring import keyring
from tessera.engine.policy import Ask, Terms, judge
from tessera.engine.storage import alias, batches, storage
from tessera.errors import InvalidAsk, KeyTaken, NotAllowed
from tessera.format.foreign import fits, reading
from tessera.format.opaque import Opaque, to_bytes
from tessera.models import Grant, Kind
from tessera.signals import token_issued

audit = logging.getLogger("tessera.audit")


@sensitive_variables()
def adopt(
    key: str, subject: AbstractBaseUser, *, package: str = "authtoken", lifetime: Lifetime | None = None
) -> Issued:
    """Make a grant whose token is `key`, which `package` made for `subject`. The policy judges it as it does an issue.

    Raises:
        KeyTaken: it was adopted before, for whomever, and whether or not it has ended since.
        InvalidAsk: no request can carry such a key.
        NotAllowed: the policy says no, or the user is not active, or no longer there.
        StoreDown: the storage does not answer.
    """
    now, presented = clock.now(), to_bytes(key)
    if not fits(package, presented):
        raise InvalidAsk("A key is a word that a header can carry, of the length that its package allows.")
    ask = Ask(subject=subject, kind=Kind.ADOPTED, client=package, lifetime=lifetime)
    terms, named = judge(ask, now), [reading(package, presented, keys) for keys in keyring()]
    grant = _grant(named[0], ask, terms, now)
    with storage():
        if _here(named):
            raise KeyTaken("This key was adopted before.")
        try:
            with transaction.atomic(using=alias()):
                grant.save(using=alias(), force_insert=True)
        except IntegrityError as error:
            if _here(named):  # Since we looked.
                raise KeyTaken("This key was adopted before.") from error
            raise NotAllowed("The user is no longer there.") from error
    token_issued.send_robust(Grant, grant=grant)
    audit.info("adopted %s subject=%r client=%r", grant.hint, grant.subject_id, grant.client)
    return Issued(key, grant)


def _here(named: Iterable[Opaque]) -> set[UUID]:
    """Which of these rows there are, live or not."""
    found: set[UUID] = set()
    for batch in batches(opaque.row for opaque in named):
        found.update(Grant.objects.using(alias()).filter(pk__in=batch).values_list("pk", flat=True))
    return found


def _grant(opaque: Opaque, ask: Ask, terms: Terms, created_at: datetime) -> Grant:
    return Grant(
        id=opaque.row,
        subject=ask.subject,  # type: ignore[misc]  # The stubs know one user model only.
        client=ask.client,
        kind=ask.kind,
        created_at=created_at,
        ends_at=terms.ends_at,
        access_digest=opaque.digest,
        fingerprint=bond(opaque.keys, opaque.row, ask.subject, to_password=terms.bound),
        pepper=opaque.keys.id,
    )
