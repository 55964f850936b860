"""Taking over the table of another package: row → reading → row of ours."""

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, transaction
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from tessera import clock, peers
from tessera.conf import Lifetime
from tessera.engine.adoption.key import here
from tessera.engine.adoption.simplejwt import grant_of
from tessera.engine.adoption.simplejwt import readings_of as readings_of_tokens
from tessera.engine.issuance import granted, take
from tessera.engine.keyring import keyring
from tessera.engine.packages import package_named
from tessera.engine.policy import Ask, Policy, nearest_end
from tessera.engine.revocation import ended_for
from tessera.engine.rows.foreign import Row, Table, pages
from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, batches, storage, update
from tessera.format.foreign import named
from tessera.format.former import PACKAGE
from tessera.format.opaque import Opaque
from tessera.models import Grant, Kind

audit = logging.getLogger("tessera.audit")


class Outcome(StrEnum):
    """What became of a row in the table of a package."""

    ADOPTED = "adopted"
    HERE = "already_here"
    PUT_OFF = "put_off"
    """Its grant is here, and it ends later than that: its package renewed it after it was adopted."""

    SPENT = "spent"
    """It opens nothing any more, as its package has it, and its row here keeps it so."""

    EXPIRED = "expired"
    NOBODYS = "without_user"
    UNFIT = "unfit"


def _as_its_package_says(row: Row, *_: object) -> Mapping[str, Any]:
    """Its own end, if it has one, in the place of that which the policy grants."""
    return {} if row.ends is None else {"ends_at": row.ends}


def _as_knox_says(row: Row, grant: Grant, now: datetime) -> Mapping[str, Any]:
    """Its own end, which `AUTO_REFRESH` puts off at each use."""
    told = peers.knox()
    if row.ends is None or row.created is None or not told.AUTO_REFRESH:
        return _as_its_package_says(row)
    # Where the peer sets no bound, that is the one which the policy grants to what has no end.
    cap = told.AUTO_REFRESH_MAX_TTL
    latest = grant.ends_at if cap is None else nearest_end(row.created, cap, None)
    span = _span_in_knox(row.ends - row.created, row.ends - now, told.TOKEN_TTL)
    return {"ends_at": row.ends, "idle_lifetime": span, "expires_at": latest and max(latest, row.ends)}


def _span_in_knox(age: timedelta, rest: timedelta, usual: timedelta | None) -> timedelta | None:
    """For how long a token that would be `age` old at its end, and has `rest` to live, is put off at each use.

    The peer puts each off by what is usual, its own span or not (K7). One that was made for less keeps to that; and no
    use makes the end of any come sooner.
    """
    span = age if usual is None else max(min(age, usual), rest)
    return span if span > timedelta(0) else None


CHANGES = MappingProxyType[str, Callable[[Row, Grant, datetime], Mapping[str, Any]]](
    {"authtoken": _as_its_package_says, "knox": _as_knox_says}
)
"""What a grant has in the place of what the policy grants, for each package."""


def adopt_table(
    package: str, table: Table, *, lifetime: Lifetime | None = None, dry_run: bool = False
) -> Iterator[Counter[Outcome]]:
    """Adopt every key in the table of `package`, a page at a time, and say after each what became of its keys.

    Those keys are in use, so the site's policy is not asked: they get the terms that `Policy` grants, and the end that
    the package gave them. A key whose grant is here is left alone, also if that was revoked or replaced, so a run can
    be killed and started again; only where the package has put off its end since, so is it here. No signal is sent, and
    at the end one line is logged.
    """
    adopted = 0
    try:
        for page in pages(table):
            with storage:
                became = _adopt_page(page, package, lifetime, dry_run=dry_run)
            adopted += became[Outcome.ADOPTED]
            yield became
    finally:
        if not dry_run:
            audit.info("adopted %d client=%r", adopted, package)


@sensitive_variables()
def _adopt_page(page: list[Row], package: str, lifetime: Lifetime | None, *, dry_run: bool) -> Counter[Outcome]:
    now, fit = clock.now(), readings_of(page, package)
    taken = here(opaque for _, named in fit for opaque in named)
    new = [(row, named[0]) for row, named in fit if taken.isdisjoint(opaque.grant_id for opaque in named)]
    live = [(row, opaque) for row, opaque in new if row.ends is None or now < row.ends]
    with _passwords_held():
        users = users_of({row.user for row, _ in live if row.user is not None}, held=not dry_run)
        grants = [
            _grant(row, opaque, users[row.user], package, lifetime, now) for row, opaque in live if row.user in users
        ]
        if not dry_run:
            # Another run may be at it, or a log-out: what is here stays as it is.
            Grant.objects.using(alias()).bulk_create(grants, ignore_conflicts=True)
    put_off, spent_since = (change(fit, taken, dry_run=dry_run) for change in (_put_off, _spent_since))
    spent = sum(grant.revoked_at is not None for grant in grants)
    return Counter(
        {
            Outcome.ADOPTED: len(grants) - spent,
            Outcome.SPENT: spent + spent_since,
            Outcome.HERE: len(fit) - len(new) - put_off - spent_since,
            Outcome.PUT_OFF: put_off,
            Outcome.EXPIRED: len(new) - len(live),
            Outcome.NOBODYS: len(live) - len(grants),
            Outcome.UNFIT: len(page) - len(fit),
        }
    )


def _put_off(fit: Iterable[tuple[Row, list[Opaque]]], taken: set[UUID], *, dry_run: bool) -> int:
    """Give the grants that are here the end that their package has put off since, and say how many those are."""
    changed = 0
    ends = {each.grant_id: (each, row.ends) for row, named in fit if row.ends is not None for each in named}
    for batch in batches(taken & ends.keys()):
        for key, ends_at in _live_by_use(batch).values_list("pk", "ends_at"):
            opaque, later = ends[key]
            if ends_at is not None and ends_at < later:
                kept = _live_by_use([key]).filter(ends_at=ends_at, access_digest=opaque.digest)
                changed += kept.count() if dry_run else update(kept, {"ends_at": later})
    return changed


def _spent_since(fit: Iterable[tuple[Row, list[Opaque]]], taken: set[UUID], *, dry_run: bool) -> int:
    """End the grants that are here of what its package has marked as spent since, and say how many those are."""
    changed = 0
    spent = {each.grant_id for row, readings in fit if row.is_spent for each in readings}
    for batch in batches(taken & spent):
        rows = Grant.objects.using(alias()).filter(pk__in=batch, revoked_at=None)
        changed += rows.count() if dry_run else update(rows, ended_for("spent"))
    return changed


def _live_by_use(keys: Iterable[UUID]) -> QuerySet[Grant]:
    """Those whose end is put off by use, here as it was there."""
    return Grant.objects.using(alias()).filter(pk__in=keys, revoked_at=None, idle_lifetime__isnull=False)


def readings_of(page: Iterable[Row], package: str) -> list[tuple[Row, list[Opaque]]]:
    """The rows whose keys can be presented, with what each may name: under the newest pepper first."""
    if package == PACKAGE:
        return readings_of_tokens(page)
    made_by, ring, found = package_named(package), keyring(), []
    for row in page:
        known = None if made_by is None else made_by.kept(row.key)
        if known is not None:
            found.append((row, [named(package, known, keys) for keys in ring]))
    return found


def _grant(  # noqa: PLR0913, PLR0917 - these are the parts of a grant
    row: Row, opaque: Opaque, user: AbstractBaseUser, package: str, lifetime: Lifetime | None, now: datetime
) -> Grant:
    if package == PACKAGE:
        grant = grant_of(user, opaque, row.created or now, row.ends or now, secrets.token_bytes(24), now)
    else:
        ask = Ask(subject=user, kind=Kind.ADOPTED, client=package, lifetime=lifetime)
        grant = granted(ask, Policy().judge(ask, now), opaque, row.created or now)
        take(grant, CHANGES[package](row, grant, now))
    if row.is_spent:
        take(grant, ended_for("spent"))
    return grant


def _passwords_held() -> AbstractContextManager[None]:
    """A transaction that holds the users it reads: no password is hashed anew between its reading and the grant's.

    On SQLite, which holds no row, a transaction that reads before it writes would fail whenever somebody else wrote.
    """
    return transaction.atomic(using=alias()) if _can_hold() else nullcontext()


def users_of(keys: Iterable[Any], *, held: bool = False) -> dict[Any, AbstractBaseUser]:
    """Those of the users that there are, by their keys."""
    users = get_user_model()._base_manager.using(alias()).filter(pk__in=keys).only("password").order_by("pk")
    if held and _can_hold():
        users = users.select_for_update(no_key=connections[alias()].features.has_select_for_no_key_update)
    return {key_of(user): user for user in users}


def _can_hold() -> bool:
    return bool(connections[alias()].features.has_select_for_update)
