"""Letters: each is traded, once, for the grant that it promises."""

import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from tessera.conf import scopes
from tessera.engine.issuance import Issued, exchange
from tessera.engine.policy import REFRESHABLE, Ask
from tessera.engine.revocation import Which, ended_for, tell
from tessera.engine.rows.lookup import live
from tessera.engine.rows.storage import alias
from tessera.engine.verification import refuse_broken_bond
from tessera.errors import Unknown
from tessera.format import scope
from tessera.format.opaque import Opaque
from tessera.models import Grant, Kind

audit = logging.getLogger("tessera.audit")

PROMISED = frozenset({Kind.SIGN_IN, Kind.PERSONAL})
"""What a letter may be traded for."""

CLAIM = "claim"
"""The client of the letters that new users get."""

REASON = "redeemed"


class _Overtaken(Exception):
    """The letter has changed since it was read."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A letter that was presented, when that was, and what it is to be traded for."""

    opaque: Opaque
    scope: frozenset[str] | None
    now: datetime
    into: Kind

    def answer(self, grant: Grant) -> Issued | None:
        """What the letter gets for its own, live grant; `None` if that has changed since it was read."""
        if not hmac.compare_digest(grant.access_digest, self.opaque.digest):
            raise Unknown("digest")
        refuse_broken_bond(self.opaque, grant)
        try:
            issued = exchange(self._ask(grant), self._spent(grant))
        except _Overtaken:
            return None
        audit.info("redeemed %s for %s", grant.hint, issued.grant.hint)
        tell(1, REASON, Which([grant.pk], grant.subject_id))
        return issued

    def _ask(self, letter: Grant) -> Ask:
        """What it promises, or the part that is asked for. Words that the site no longer has fall away."""
        promised = scope.split(letter.scope) & scopes().keys()
        return Ask(
            subject=letter.subject,
            kind=self.into,
            label=letter.label,
            scope=scope.part(promised, self.scope),
            may_refresh=self.into in REFRESHABLE,
        )

    @contextmanager
    def _spent(self, letter: Grant) -> Iterator[None]:
        """A transaction that ends the letter, if nobody else has, and is held until what it is traded for is stored.

        Whoever presents it at the same moment waits for that, and then finds it ended. If what it promises is not to be
        had, or the server dies, it can be presented again.
        """
        # The fingerprint: if it was moved, the user as he was read has the password hash of before.
        unchanged = {"pk": letter.pk, "access_digest": self.opaque.digest, "fingerprint": letter.fingerprint}
        with transaction.atomic(using=alias()):
            rows = Grant.objects.using(alias()).filter(live(self.now), **unchanged)
            if not rows.update(**ended_for(REASON)):
                raise _Overtaken
            yield
