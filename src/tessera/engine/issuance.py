"""issue: ask → policy → mint → store → Issued."""

import logging
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import prefixes
from tessera.engine.bond import bond
from tessera.engine.keyring import keyring
from tessera.engine.limits import counted, end_surplus
from tessera.engine.policy import Ask, Terms, judge, nearest_end
from tessera.engine.pruning import SIDES, sweep_by_chance
from tessera.engine.rows.storage import alias, storage
from tessera.engine.signing.entrance import hands_out_signed, signing
from tessera.errors import InvalidAsk, NotAllowed
from tessera.format import scope
from tessera.format.opaque import Opaque, mint, new_row
from tessera.format.pair import Pair, mint_pair
from tessera.models import Grant, Kind
from tessera.signals import token_issued
from tessera.words import gettext_noop as _

audit = logging.getLogger("tessera.audit")


@dataclass(frozen=True, slots=True)
class Issued:
    """A grant and its secrets, which can be read from this object only and are stored nowhere."""

    secret: str = field(repr=False)
    grant: Grant
    refresh_secret: str | None = field(default=None, repr=False)
    """If it comes with a refresh token, that; `secret` is then the access token."""

    @property
    def ends_at(self) -> datetime | None:
        """When `secret` ends by itself; `None` for never. The refresh token ends with the grant."""
        return self.grant.access_ends_at


@sensitive_variables()  # Without names it hides all: what `format` holds further down, too, which knows no Django.
def issue(ask: Ask) -> Issued:
    """Make a grant and the token that names it.

    Raises:
        InvalidAsk: the ask makes no sense. (A key is adopted by `adopt`, and never minted.)
        NotAllowed: the policy says no, or the user is not active, or no longer there, or has as many as he may have.
        StoreDown: the storage does not answer.
    """
    return exchange(ask, nullcontext())


@sensitive_variables()
def exchange(ask: Ask, giving: AbstractContextManager[None]) -> Issued:
    """`issue`, while something is given for it.

    The grant is stored within `giving`, after all that can be known before. Its end commits both or neither, and only
    then is anybody told.
    """
    now, die = clock.now(), secrets.randbelow(SIDES)
    row_chance, chance = secrets.token_bytes(10), secrets.token_bytes(64)
    terms = judge(ask, now)
    if ask.kind == Kind.ADOPTED:
        raise InvalidAsk(_("An adopted token has the key that another package made: none is issued."))
    prefix, row, keys = prefixes()[0], new_row(now, row_chance), keyring()[0]
    if terms.access_lifetime is None:
        secret, opaque = mint(prefix, terms.purpose, row, chance[:32], keys)
        issued = Issued(secret, granted(ask, terms, opaque, now))
    else:
        pair = mint_pair(prefix, row, 0, chance, keys)
        issued = Issued(pair.access_secret, granted(ask, terms, pair.access, now), pair.refresh_secret)
        take(issued.grant, columns_of(pair, nearest_end(now, terms.access_lifetime, issued.grant.ends_at)))
    grant = issued.grant
    try:
        with storage, giving, counted(ask.subject, ask.kind, terms.limit, now):
            grant.save(using=alias(), force_insert=True)
    except IntegrityError as error:  # Deleted since it was read.
        raise NotAllowed(_("The user is no longer there.")) from error
    token_issued.send_robust(Grant, grant=grant)
    audit.info("issued %s kind=%s subject=%r client=%r", grant.hint, grant.kind, grant.subject_id, grant.client)
    end_surplus(grant, terms.limit, now)
    sweep_by_chance(now, die)
    return issued


def spelt(issued: Issued) -> Issued:
    """The same, its access token as the site hands it out: where `ACCESS_FORMAT` says so, as a JSON Web Token."""
    return replace(issued, secret=signing().sign(issued.grant)) if hands_out_signed() else issued


def granted(ask: Ask, terms: Terms, opaque: Opaque, created_at: datetime) -> Grant:
    """The grant that `opaque` names, not yet stored."""
    return Grant(
        id=opaque.grant_id,
        subject=ask.subject,  # type: ignore[misc]  # The stubs know one user model only.
        client=ask.client,
        kind=ask.kind,
        label=ask.label,
        address=ask.address,
        agent=ask.agent,
        scope=scope.join(terms.scope),
        created_at=created_at,
        ends_at=nearest_end(created_at, terms.idle_lifetime, terms.ends_at),
        idle_lifetime=terms.idle_lifetime,
        expires_at=None if terms.idle_lifetime is None else terms.ends_at,
        access_digest=opaque.digest,
        fingerprint=bond(opaque.keys, opaque.grant_id, ask.subject, to_password=terms.bound),
        pepper=opaque.keys.id,
    )


def columns_of(pair: Pair, access_ends_at: datetime | None) -> dict[str, Any]:
    """What a row has of its current pair."""
    return {
        "access_digest": pair.access.digest,
        "access_expires_at": access_ends_at,
        "refresh_digest": pair.refresh.digest,
        "generation": pair.refresh.generation,
        "pepper": pair.refresh.keys.id,
    }


def take(grant: Grant, changes: Mapping[str, Any]) -> None:
    """Put on the object what is, or will be, in its row."""
    for name, value in changes.items():
        setattr(grant, name, value)
