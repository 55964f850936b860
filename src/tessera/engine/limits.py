"""The limit of live grants that a subject may have of one kind, kept when one more is issued."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, transaction
from django.db.models import QuerySet

from tessera.engine.bond import is_bound
from tessera.engine.policy import Limit
from tessera.engine.revocation import Which, ended_for, tell
from tessera.engine.rows.lookup import live, one_by_one
from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, insist, is_in_block, storage
from tessera.errors import LimitReached
from tessera.models import Grant, Kind
from tessera.words import gettext_noop as _

_NOBODYS = UUID(int=0)


@contextmanager
def counted(subject: AbstractBaseUser | None, kind: Kind, limit: Limit | None, now: datetime) -> Iterator[None]:
    """Where one too many is refused: a transaction to store it in, while nobody else counts those of its subject.

    Raises:
        LimitReached: there are as many as there may be. Nothing that the caller wrote is undone.
    """
    if limit is None or limit.when_full != "refuse" or subject is None:
        yield
        return
    with transaction.atomic(using=alias()):
        hold(subject)
        # Of those of an old password none opens anything: who has changed it must be able to sign in.
        good = (grant for grant in one_by_one(_live(subject, kind, limit, now)) if is_bound(grant, subject))
        if len(list(islice(good, limit.count))) == limit.count:
            raise LimitReached(
                _(
                    "The limit of live tokens of the kind %(kind)s is %(count)d, and is reached. "
                    "End one of them, then try again."
                ),
                kind=limit.client or kind,
                count=limit.count,
            )
        yield


def end_surplus(grant: Grant, limit: Limit | None, now: datetime) -> None:
    """Where one too many ends the oldest: once `grant` is committed, end what is older than as many as there may be.

    Each log-in looks after its own commit, so when the last of those that came together has answered, no more are live.
    None ends its own grant, which is not the newest if the clock of its server is behind.
    """
    subject = grant.subject
    if limit is None or limit.when_full != "evict" or subject is None:
        return
    rows, room = _live(subject, Kind(grant.kind), limit, now), limit.count - 1

    def ended() -> tuple[int, list[UUID]]:
        with transaction.atomic(using=alias()):
            # One log-in after another, or two that came together could each end the other's.
            hold(subject)
            # Read first: whoever is told of an end is told of whose.
            found = list(rows.values_list("pk", flat=True))
            surplus = [pk for pk in found if pk != grant.pk][room:]
            if not surplus or grant.pk not in found:  # One that came with it has seen to the others.
                return 0, []
            return rows.filter(pk__lte=surplus[0]).exclude(pk=grant.pk).update(**ended_for("limit")), surplus

    def evict() -> None:
        with storage:
            is_full = rows.exclude(pk=grant.pk).values("pk")[room:].exists()
        if is_full:
            count, surplus = insist(ended)
            if surplus:
                tell(count, "limit", Which(surplus, key_of(subject)))

    if is_in_block():
        transaction.on_commit(evict, using=alias(), robust=True)
    else:
        evict()


def _live(subject: AbstractBaseUser, kind: Kind, limit: Limit, now: datetime) -> QuerySet[Grant]:
    """Those that count, the newest first, as their ids begin with the time."""
    which = {"kind": kind} if limit.client is None else {"client": limit.client}
    return Grant.objects.using(alias()).filter(live(now), subject_id=key_of(subject), **which).order_by("-pk")


def hold(subject: AbstractBaseUser) -> None:
    """Until the end of the transaction, whoever else would hold this subject has to wait."""
    features = connections[alias()].features
    if features.has_select_for_update:
        users = get_user_model()._base_manager.using(alias()).filter(pk=key_of(subject))
        users.select_for_update(no_key=features.has_select_for_no_key_update).values_list("pk").first()
    else:
        # SQLite: what reads before it writes would fail if somebody else wrote in between. This changes no row.
        Grant.objects.using(alias()).filter(pk=_NOBODYS).update(label="")
