"""adopt: key → reading → row. The key goes on working, and is kept nowhere."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, connections, transaction
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import Lifetime
from tessera.engine.issuance import Issued, granted
from tessera.engine.keyring import keyring
from tessera.engine.policy import Ask, Policy, judge
from tessera.engine.rows.foreign import TABLES, Row, pages
from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, batches, storage
from tessera.errors import InvalidAsk, KeyTaken, NotAllowed
from tessera.format.foreign import fits, reading
from tessera.format.opaque import Opaque, to_bytes
from tessera.models import Grant, Kind
from tessera.signals import token_issued
from tessera.words import gettext_noop as _

audit = logging.getLogger("tessera.audit")


class Outcome(StrEnum):
    """What became of a key in the table of its package."""

    ADOPTED = "adopted"
    HERE = "already_here"
    NOBODYS = "without_user"
    UNFIT = "unfit"


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
        raise InvalidAsk(_("A key is a word that a header can carry, of the length that its package allows."))
    ask = Ask(subject=subject, kind=Kind.ADOPTED, client=package, lifetime=lifetime)
    terms, named = judge(ask, now), [reading(package, presented, keys) for keys in keyring()]
    grant = granted(ask, terms, named[0], now)
    with storage:
        if _here(named):
            raise KeyTaken(_("This key was adopted before."))
        try:
            with transaction.atomic(using=alias()):
                grant.save(using=alias(), force_insert=True)
        except IntegrityError as error:
            if _here(named):  # Since we looked.
                raise KeyTaken(_("This key was adopted before.")) from error
            raise NotAllowed(_("The user is no longer there.")) from error
    token_issued.send_robust(Grant, grant=grant)
    audit.info("adopted %s subject=%r client=%r", grant.hint, grant.subject_id, grant.client)
    return Issued(key, grant)


def adopt_table(package: str, *, lifetime: Lifetime | None = None, dry_run: bool = False) -> Iterator[Counter[Outcome]]:
    """Adopt every key in the table of `package`, a page at a time, and say after each what became of its keys.

    Those keys are in use, so the site's policy is not asked: they get the terms that `Policy` grants. A key whose grant
    is here is left alone, also if that was revoked or replaced, so a run can be killed and started again. No signal is
    sent, and at the end one line is logged.
    """
    adopted = 0
    try:
        for page in pages(TABLES[package]):
            with storage:
                became = _adopt_page(page, package, lifetime, dry_run=dry_run)
            adopted += became[Outcome.ADOPTED]
            yield became
    finally:
        if not dry_run:
            audit.info("adopted %d client=%r", adopted, package)


@sensitive_variables()
def _adopt_page(page: list[Row], package: str, lifetime: Lifetime | None, *, dry_run: bool) -> Counter[Outcome]:
    now, ring = clock.now(), keyring()
    fit = [row for row in page if fits(package, to_bytes(row.key))]
    named = [[reading(package, to_bytes(row.key), keys) for keys in ring] for row in fit]
    here = _here(opaque for each in named for opaque in each)
    pairs = zip(fit, named, strict=True)
    new = [(row, each[0]) for row, each in pairs if here.isdisjoint(opaque.grant_id for opaque in each)]
    with _passwords_held():
        users = _users({row.user for row, _ in new}, held=not dry_run)
        grants = []
        for row, opaque in new:
            if row.user in users:
                ask = Ask(subject=users[row.user], kind=Kind.ADOPTED, client=package, lifetime=lifetime)
                grants.append(granted(ask, Policy().judge(ask, now), opaque, row.created or now))
        if not dry_run:
            # Another run may be at it, or a log-out: what is here stays as it is.
            Grant.objects.using(alias()).bulk_create(grants, ignore_conflicts=True)
    return Counter(
        {
            Outcome.ADOPTED: len(grants),
            Outcome.HERE: len(fit) - len(new),
            Outcome.NOBODYS: len(new) - len(grants),
            Outcome.UNFIT: len(page) - len(fit),
        }
    )


def _here(named: Iterable[Opaque]) -> set[UUID]:
    """Which of these rows there are, live or not."""
    found: set[UUID] = set()
    for batch in batches(opaque.grant_id for opaque in named):
        found.update(Grant.objects.using(alias()).filter(pk__in=batch).values_list("pk", flat=True))
    return found


def _passwords_held() -> AbstractContextManager[None]:
    """A transaction that holds the users it reads: no password is hashed anew between its reading and the grant's.

    On SQLite, which holds no row, a transaction that reads before it writes would fail whenever somebody else wrote.
    """
    return transaction.atomic(using=alias()) if _can_hold() else nullcontext()


def _users(keys: Iterable[Any], *, held: bool) -> dict[Any, AbstractBaseUser]:
    """Those of the users that there are, by their keys."""
    users = get_user_model()._base_manager.using(alias()).filter(pk__in=keys).only("password").order_by("pk")
    if held and _can_hold():
        users = users.select_for_update(no_key=connections[alias()].features.has_select_for_no_key_update)
    return {key_of(user): user for user in users}


def _can_hold() -> bool:
    return bool(connections[alias()].features.has_select_for_update)
