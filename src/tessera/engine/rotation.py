"""A refresh token, traded for the next pair.

What one with a right tag may be, its row alone can tell:

    current   generation and digest are the row's: it is traded, by one UPDATE that only one of many can win
    parent    the row's pair derives from it: within `REUSE_WINDOW` it is told that pair again (two tabs). Later, if
              nobody has used that pair yet, another takes its place, up to `RETRY_LIMIT` (a lost answer)
    reused    anything else: it was traded, and who holds it has missed that, or is a thief. The grant ends
"""

import hmac
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tessera.conf import current, prefixes, scopes
from tessera.engine.bond import bond
from tessera.engine.issuance import Issued, columns_of, take
from tessera.engine.keyring import keyring, keys_named
from tessera.engine.policy import Ask, judge, nearest_end
from tessera.engine.revocation import Which, end
from tessera.engine.rows.lookup import live
from tessera.engine.rows.storage import alias, update
from tessera.engine.verification import refuse_broken_bond
from tessera.errors import Expired, InvalidScope, Reused, Unknown
from tessera.format import scope
from tessera.format.opaque import LAST_GENERATION, Opaque
from tessera.format.pair import Pair, mint_pair, successor
from tessera.models import Grant, Kind
from tessera.signals import reuse_detected, token_refreshed
from tessera.words import gettext_noop as _

audit = logging.getLogger("tessera.audit")


class Reuse(StrEnum):
    """How it shows that a refresh token was traded before: the reason for which its grant is revoked."""

    ANCESTOR = "reuse"
    """It is of an earlier generation, and not the parent of the current one, or not in time."""

    CLONE = "clone"
    """It is of the row's generation, and not its token: the grant lives in two databases, or its pepper leaked."""

    RESTORED = "restored"
    """It is of a generation that the row has not reached: the database was restored from a backup."""

    @classmethod
    def of(cls, opaque: Opaque, generation: int) -> "Reuse":
        """What that token says of a row of that generation."""
        if opaque.generation == generation:
            return cls.CLONE
        return cls.ANCESTOR if opaque.generation < generation else cls.RESTORED


@dataclass(frozen=True, slots=True)
class Trade:
    """A refresh token that was presented, for what and when, and the chance that its successor is derived with."""

    secret: bytes = field(repr=False)
    opaque: Opaque
    scope: frozenset[str] | None
    now: datetime
    nonce: bytes = field(repr=False)
    access_lifetime: timedelta | None = None
    """That of the next access token, if not the site's `ACCESS_LIFETIME`."""

    def answer(self, grant: Grant) -> Issued | None:
        """What the token gets from a live grant; `None` if that has changed since it was read."""
        if grant.generation is None:
            raise Unknown("row")
        if is_current(self.opaque, grant):
            return self._rotated(grant, self.opaque, {"previous_access_digest": _access_before(grant, self.now)})
        child = child_of(self.secret, grant)
        if child and grant.is_rotated_within(current().REUSE_WINDOW, self.now):
            refuse_broken_bond(child.refresh, grant)
            if not scope.split(grant.scope) <= scope.part(_whole(grant), self.scope):
                raise InvalidScope(_("The token was traded just now, for one of another scope."))
            return Issued(child.access_secret, grant, child.refresh_secret)
        if child and grant.seen_at is None and grant.is_rotated_within(current().RETRY_LIMIT, self.now):
            # The access token before has had its window, and may have expired since: another would bring it back.
            issued = self._rotated(grant, child.refresh, {"previous_access_digest": None}, seen_at=None)
            if issued:
                audit.info("forked %s: the pair before was never used", grant.hint)
            return issued
        end_reused(self.opaque, grant)
        return None

    def _rotated(self, grant: Grant, held: Opaque, changes: dict[str, Any], **still: Any) -> Issued | None:
        """The next pair, put in place of the current one, that of `held`, if the row is `still` so."""
        if held.generation == LAST_GENERATION:
            raise Expired
        ask = ask_of(grant, self.access_lifetime)
        is_bound, terms, keys = refuse_broken_bond(held, grant), judge(ask, self.now), keyring()[0]
        generation, ends_at = held.generation + 1, nearest_end(self.now, grant.idle_lifetime, grant.expires_at)
        chance = successor(self.secret, grant.pk, generation, self.nonce, keys)
        pair = mint_pair(prefixes()[0], grant.pk, generation, chance, keys)
        changes |= columns_of(pair, nearest_end(self.now, terms.access_lifetime, ends_at))
        changes |= {"ends_at": ends_at, "rotated_at": self.now, "nonce": self.nonce, "seen_at": None}
        changes |= self._scopes(grant, terms.scope)
        changes["fingerprint"] = bond(keys, grant.pk, grant.subject, to_password=is_bound)
        # A generation has one pair, so its number stands for it. The fingerprint: it may have been moved meanwhile.
        unchanged = {"pk": grant.pk, "generation": held.generation, "fingerprint": grant.fingerprint, **still}
        if not update(Grant.objects.using(alias()).filter(live(self.now), **unchanged), changes):
            return None
        take(grant, changes)
        token_refreshed.send_robust(Grant, grant=grant)
        return Issued(pair.access_secret, grant, pair.refresh_secret)

    def _scopes(self, grant: Grant, whole: frozenset[str]) -> dict[str, Any]:
        """What the row says of the scope of the next pair."""
        asked = scope.part(whole, self.scope)
        told = {"scope": scope.join(asked), "refresh_scope": None if asked == whole else scope.join(whole)}
        # The row has one scope for both: the access token before must not have, for the window, what it never had.
        return told if asked <= scope.split(grant.scope) else {**told, "previous_access_digest": None}


def is_current(opaque: Opaque, grant: Grant) -> bool:
    """Whether it is the refresh token that the row has."""
    return opaque.generation == grant.generation and hmac.compare_digest(grant.refresh_digest or b"", opaque.digest)


def child_of(secret: bytes, grant: Grant) -> Pair | None:
    """The row's pair, told again, if it derives from this refresh token."""
    keys, generation = keys_named(grant.pepper), grant.generation
    if keys is None:  # Another server has it. This one cannot tell a parent from an ancestor, and must end nothing.
        raise Unknown("pepper")
    if grant.nonce is None or generation is None:
        return None
    chance = successor(secret, grant.pk, generation, bytes(grant.nonce), keys)
    pairs = (mint_pair(prefix, grant.pk, generation, chance, keys) for prefix in prefixes())
    return next((pair for pair in pairs if is_current(pair.refresh, grant)), None)


def end_reused(opaque: Opaque, grant: Grant) -> None:
    """End a grant whose token was traded before, unless it has ended just now.

    Raises:
        Reused: it has ended by this.
    """
    reason = Reuse.of(opaque, grant.generation or 0)
    if end(
        Grant.objects.using(alias()).filter(pk=grant.pk, revoked_at=None),
        reason.value,
        Which([grant.pk], grant.subject_id),
    ):
        audit.warning("reuse %s: %s subject=%r client=%r", grant.hint, reason, grant.subject_id, grant.client)
        reuse_detected.send_robust(Grant, grant_id=grant.pk, subject_id=grant.subject_id, reason=reason)
        raise Reused(reason)


def _access_before(grant: Grant, now: datetime) -> bytes | memoryview | None:
    """The digest of an access token that has not expired: it is good for `REUSE_WINDOW` longer."""
    is_over = grant.access_expires_at is not None and grant.access_expires_at <= now
    return None if is_over else grant.access_digest


def _whole(grant: Grant) -> frozenset[str]:
    """What the refresh token may be traded for."""
    return scope.split(grant.scope if grant.refresh_scope is None else grant.refresh_scope)


def ask_of(grant: Grant, access_lifetime: timedelta | None) -> Ask:
    """What the policy is asked for at a refresh. Words that the site no longer has fall away."""
    return Ask(
        subject=grant.subject,
        kind=Kind(grant.kind),
        client=grant.client,
        label=grant.label,
        scope=_whole(grant) & scopes().keys(),
        idle_lifetime=grant.idle_lifetime,
        may_refresh=True,
        access_lifetime=access_lifetime,
    )
