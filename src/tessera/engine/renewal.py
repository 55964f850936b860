"""renew: another access token for a refresh token that is not traded for it.

That is how packages do it that a site comes from: one refresh token for the whole of a sign-in. It is good for whoever
holds it until the sign-in ends, and nothing shows when two do; so `redeem` is better where there is a choice.
"""

import logging
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, Value, When
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import current
from tessera.engine.issuance import take
from tessera.engine.policy import judge, nearest_end
from tessera.engine.redemption import settled
from tessera.engine.rotation import ask_of, child_of, end_reused, is_current
from tessera.engine.rows.lookup import find, live
from tessera.engine.rows.storage import alias, refuse_transaction, update
from tessera.engine.verification import noting, read, refuse_broken_bond, refuse_ended
from tessera.errors import Unknown, WrongClient
from tessera.format import scope
from tessera.format.former import Former
from tessera.format.opaque import Opaque, Purpose, to_bytes
from tessera.models import Grant, InstantField

audit = logging.getLogger("tessera.audit")


@sensitive_variables()
def renew(
    secret: str | bytes | Former, *, accept: Container[Purpose], client: str | None, lifetime: timedelta | None
) -> Grant:
    """Let the access token of a refresh token live for `lifetime` from now on. It costs a SELECT and an UPDATE.

    No secret is made: the access token stays what it is, so whoever signs another spelling of it may do so until the
    `access_ends_at` of the grant that this returns. Those of before are good until the end that they were told.

    A refresh token that was traded is no longer good for this, and ends its grant, as `redeem` does: but for the
    window in which another tab may have traded it.

    Raises:
        Reused: it was traded before, and its grant has now ended.
        Dead: it has ended otherwise. The subclass says why: tell that to the log, never to the client.
        WrongClient: it was issued to another client.
        WrongPurpose: it is no refresh token, or `accept` does not hold that.
        Malformed: it was not minted here.
        NotAllowed: the policy says no. Nothing has ended.
        StoreDown: the storage does not answer, or is too busy. Present the same token again.
        RuntimeError: it was called within a transaction, which could undo that it ends what was reused.
    """
    renewal = _presented(secret, accept, lifetime)
    refuse_transaction("renew")
    return settled(renewal.opaque, client, renewal.now, renewal.answer)


@sensitive_variables()
def prove_refresh(secret: str | bytes | Former, *, accept: Container[Purpose], client: str | None) -> Grant:
    """Return the live grant of a refresh token that `renew` would take. It is one query, and writes nothing.

    Raises:
        InvalidCredential: as `renew`; also if it was traded, and then its grant lives on.
        StoreDown: the storage does not answer.
    """
    renewal = _presented(secret, accept, None)
    grant = find(renewal.opaque.grant_id)
    with noting(renewal.opaque.grant_id):
        if grant is None:
            raise Unknown("row")
        if client is not None and client != grant.client:
            raise WrongClient
        refuse_ended(grant, renewal.now)
        held = renewal.stands_for(grant)
        if held is None:
            raise Unknown("generation")
        refuse_broken_bond(held, grant)
    return grant


def put_off(grant: Grant, lifetime: timedelta | None, now: datetime) -> bool:
    """Let the access token of a live grant live for `lifetime` from `now` on. Whether the row was still as it was read.

    Raises:
        NotAllowed: the policy says no.
        StoreDown: the storage does not answer, or is too busy.
    """
    terms = judge(ask_of(grant, lifetime), now)
    until = nearest_end(now, terms.access_lifetime, grant.ends_at)
    kept = scope.split(grant.scope) & terms.scope
    changes: dict[str, Any] = {"scope": scope.join(kept)}
    changes["refresh_scope"] = None if kept == terms.scope else scope.join(terms.scope)
    # Never sooner: another that was signed meanwhile, by another clock or for longer, was told its end.
    later = Case(When(access_expires_at__gt=until, then=F("access_expires_at")), default=Value(until, InstantField()))
    # A rotation that came first has another access token, and another fingerprint may be that of another password.
    unchanged = Q(pk=grant.pk, generation=grant.generation, fingerprint=grant.fingerprint)
    rows = Grant.objects.using(alias()).filter(live(now), unchanged)
    if not update(rows, {**changes, "access_expires_at": later}):
        return False
    take(grant, {**changes, "access_expires_at": until})
    return True


@dataclass(frozen=True, slots=True)
class Renewal:
    """A refresh token that was presented, when that was, and for how long an access token is wanted."""

    secret: bytes = field(repr=False)
    opaque: Opaque
    now: datetime
    lifetime: timedelta | None

    def answer(self, grant: Grant) -> Grant | None:
        """A live grant, whose access token lives on; `None` if it has changed since it was read."""
        held = self.stands_for(grant)
        if held is None:
            end_reused(self.opaque, grant)
            return None
        refuse_broken_bond(held, grant)
        if not put_off(grant, self.lifetime, self.now):
            return None
        audit.info("renewed %s", grant.hint)
        return grant

    def stands_for(self, grant: Grant) -> Opaque | None:
        """The current refresh token of the grant, if it is that, or was until a moment ago; `None` if it was traded."""
        if grant.generation is None:
            raise Unknown("row")
        if is_current(self.opaque, grant):
            return self.opaque
        child = child_of(self.secret, grant)
        return child.refresh if child and grant.is_rotated_within(current().REUSE_WINDOW, self.now) else None


def _presented(secret: str | bytes | Former, accept: Container[Purpose], lifetime: timedelta | None) -> Renewal:
    presented, now = secret.secret if isinstance(secret, Former) else to_bytes(secret), clock.now()
    opaque = read(secret, {Purpose.REFRESH} if Purpose.REFRESH in accept else (), now)[0]
    return Renewal(presented, opaque, now, lifetime)
