"""adopt: key → reading → row. The key goes on working, and is kept nowhere."""

import logging
from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import Lifetime
from tessera.engine.issuance import Issued, granted
from tessera.engine.keyring import keyring
from tessera.engine.packages import package_named
from tessera.engine.policy import Ask, judge
from tessera.engine.rows.storage import alias, batches, storage
from tessera.errors import InvalidAsk, KeyTaken, NotAllowed
from tessera.format.foreign import readings
from tessera.format.opaque import Opaque, to_bytes
from tessera.models import Grant, Kind
from tessera.signals import token_issued
from tessera.words import gettext_noop as _

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
    now, made_by = clock.now(), package_named(package)
    named = [] if made_by is None else readings(to_bytes(key), keyring(), [made_by])
    if not named:
        raise InvalidAsk(_("A key is a word that a header can carry, of the length that its package allows."))
    ask = Ask(subject=subject, kind=Kind.ADOPTED, client=package, lifetime=lifetime)
    grant = granted(ask, judge(ask, now), named[0], now)
    with storage:
        if here(named):
            raise KeyTaken(_("This key was adopted before."))
        try:
            with transaction.atomic(using=alias()):
                grant.save(using=alias(), force_insert=True)
        except IntegrityError as error:
            if here(named):  # Since we looked.
                raise KeyTaken(_("This key was adopted before.")) from error
            raise NotAllowed(_("The user is no longer there.")) from error
    token_issued.send_robust(Grant, grant=grant)
    audit.info("adopted %s subject=%r client=%r", grant.hint, grant.subject_id, grant.client)
    return Issued(key, grant)


def here(named: Iterable[Opaque]) -> set[UUID]:
    """Which of these rows there are, live or not."""
    found: set[UUID] = set()
    for batch in batches(opaque.grant_id for opaque in named):
        found.update(Grant.objects.using(alias()).filter(pk__in=batch).values_list("pk", flat=True))
    return found
