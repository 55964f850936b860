"""issue: ask → policy → mint → store → Issued."""

import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import prefixes
from tessera.engine.bond import bond
from tessera.engine.keyring import keyring
from tessera.engine.policy import Ask, Terms, judge
from tessera.engine.storage import alias, storage
from tessera.errors import InvalidAsk, NotAllowed
from tessera.format import scope
from tessera.format.opaque import Opaque, mint, new_row
from tessera.models import Grant, Kind
from tessera.signals import token_issued

audit = logging.getLogger("tessera.audit")


@dataclass(frozen=True, slots=True)
class Issued:
    """A grant and its secret, which can be read from this object only and is stored nowhere."""

    secret: str = field(repr=False)
    grant: Grant

    @property
    def ends_at(self) -> datetime | None:
        """When it ends by itself; `None` for never."""
        ends_at: datetime | None = self.grant.ends_at
        return ends_at


@sensitive_variables()  # Without names it hides all: what `format` holds further down, too, which knows no Django.
def issue(ask: Ask) -> Issued:
    """Make a grant and the token that names it.

    Raises:
        InvalidAsk: the ask makes no sense. (A key is adopted by `adopt`, and never minted.)
        NotAllowed: the policy says no, or the user is not active, or no longer there.
        StoreDown: the storage does not answer.
    """
    now, row_chance, secret_chance = clock.now(), secrets.token_bytes(10), secrets.token_bytes(32)
    terms = judge(ask, now)
    if ask.kind == Kind.ADOPTED:
        raise InvalidAsk("An adopted token has the key that another package made: none is issued.")
    secret, opaque = mint(prefixes()[0], terms.purpose, new_row(now, row_chance), secret_chance, keyring()[0])
    grant = granted(ask, terms, opaque, now)
    try:
        with storage:
            grant.save(using=alias(), force_insert=True)
    except IntegrityError as error:  # Deleted since it was read.
        raise NotAllowed("The user is no longer there.") from error
    token_issued.send_robust(Grant, grant=grant)
    audit.info("issued %s kind=%s subject=%r client=%r", grant.hint, grant.kind, grant.subject_id, grant.client)
    return Issued(secret, grant)


def granted(ask: Ask, terms: Terms, opaque: Opaque, created_at: datetime) -> Grant:
    """The grant that `opaque` names, not yet stored."""
    return Grant(
        id=opaque.grant_id,
        subject=ask.subject,  # type: ignore[misc]  # The stubs know one user model only.
        client=ask.client,
        kind=ask.kind,
        label=ask.label,
        scope=scope.join(ask.scope),
        created_at=created_at,
        ends_at=terms.ends_at,
        access_digest=opaque.digest,
        fingerprint=bond(opaque.keys, opaque.grant_id, ask.subject, to_password=terms.bound),
        pepper=opaque.keys.id,
    )
