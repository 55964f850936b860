"""Reading rows: one for `verify`, or many for a list."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast, Substr
from django.db.models.lookups import Exact

from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import BATCH, alias, storage
from tessera.models import Grant


def find(*rows: UUID) -> Grant | None:
    """The grant that has one of these ids, with its subject, read by one statement, or `None`."""
    with storage:
        return grants().filter(pk__in=rows).first()


def grants() -> QuerySet[Grant]:
    """All grants with their subjects, the newest first, including those that have ended."""
    return Grant.objects.using(alias()).select_related("subject").order_by("-id")


def grants_of(subject: AbstractBaseUser) -> QuerySet[Grant]:
    """The grants of one user, as `grants()` orders them."""
    key = key_of(subject)
    # To the database, nobody's grants are the machines'.
    return grants().none() if key is None else grants().filter(subject_id=key)


def one_by_one(rows: QuerySet[Grant]) -> Iterator[Grant]:
    """All of `rows`, the newest first, read a batch at a time by their keys.

    A cursor of the database would go through all of them before it gave the first, and no pool may take its connection
    away meanwhile.
    """
    batch = list(rows[:BATCH])
    yield from batch
    while len(batch) == BATCH:
        batch = list(rows.filter(pk__lt=batch[-1].pk)[:BATCH])
        yield from batch


def live(now: datetime) -> Q:
    """`Grant.is_live` as a condition of a query."""
    return Q(ends_at=None) | Q(ends_at__gt=now)


def admits(now: datetime) -> Q:
    """That the grant is live, and the access token of its pair as well, as a condition of a query."""
    return live(now) & (Q(access_expires_at=None) | Q(access_expires_at__gt=now))


def slides() -> Q:
    """That a token lives on by being used, as a condition of a query. A pair does by being refreshed."""
    return Q(generation=None, idle_lifetime__isnull=False)


def inherited(client: str) -> Q:
    """That the row's id was made from a token that was adopted for `client`, and not from the time, as a condition of a
    query. Its kind does not tell: a refresh token makes a sign-in."""
    connection = connections[alias()]
    # PostgreSQL writes an id with hyphens.
    version = 15 if connection.vendor == "postgresql" else 13
    return Q(Exact(Substr(Cast("pk", CharField()), version, 1), "8"), client=client)
