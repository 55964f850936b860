"""prune and sweep: deleting the rows of grants that ended long ago."""

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from uuid import UUID

from django.db import Error, connections, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.db.transaction import TransactionManagementError

from tessera import clock, peers
from tessera.conf import current
from tessera.engine.rows.foreign import holds_keys, tables
from tessera.engine.rows.lookup import inherited
from tessera.engine.rows.storage import alias, storage
from tessera.format.former import PACKAGE
from tessera.format.opaque import new_row
from tessera.models import LONG_AGO, Grant, Kind, SigningKey

logger = logging.getLogger("tessera")

BATCH = 1000
"""Rows looked at in one step. Each step is a transaction of its own, so a run may be killed and started again."""

LOOK = 100
"""Rows that one sweep looks at."""

_EVERY = 20
_PLACES = 2**64
SIDES = _EVERY * _PLACES
"""Of the die that is thrown at an issuance: it says whether to sweep, which is one time in twenty, and where."""

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
"""Nothing was minted before. Of what lies there, all is adopted: those ids begin with chance and not with the time."""


def prune() -> int:
    """Delete the rows of grants that ended longer ago than `RETENTION`, and return how many there were.

    It walks the primary key, so it needs no index of its own on what rotation writes. After each step it rests for as
    long as the step took. An adopted row stays while the table of its key holds keys, or a key is trusted that signed
    it: it is what keeps from being taken over again what has ended. While one is trusted, every row stays for as long
    as a token may live that was signed before its end.
    """
    now, after, gone = clock.now(), UUID(int=0), 0
    before = now - current().RETENTION
    with storage:
        kept = {package for package, table in tables().items() if holds_keys(table)}
        if SigningKey.objects.using(alias()).filter(package=PACKAGE, ends_at__gt=LONG_AGO).exists():
            kept.add(PACKAGE)
            # By its other rows is known what a user had ended before such a token came here.
            before = min(before, now - peers.simplejwt().longest_life)
    rows = Grant.objects.using(alias()).exclude(kind=Kind.ADOPTED, client__in=kept)
    if PACKAGE in kept:
        rows = rows.exclude(inherited(PACKAGE))
    while True:
        began, step = monotonic(), rows.filter(pk__gt=after)
        with storage:
            last = step.order_by("pk").values_list("pk", flat=True)[BATCH - 1 : BATCH].first()
            gone += _delete(step if last is None else step.filter(pk__lte=last), before)
        if last is None:
            return gone
        after = last
        # A database that is busy makes the steps longer, and so the rests: it never has more than half of one process.
        sleep(monotonic() - began)


def sweep_by_chance(now: datetime, die: int) -> None:
    """Now and then, once an issuance is committed, delete what is over of `LOOK` rows, from anywhere in the table.

    So the table stays small where nobody runs `prune`. It costs two statements (on MySQL three), and never raises.
    Adopted rows are left to `prune`: no log-in adds one, and whether they may go, the tables of their keys would have
    to be asked.
    """
    place, chance = divmod(die, _EVERY)
    if chance:
        return

    def sweep() -> None:
        try:
            # Whether a key is trusted would be another query. Who comes from that package has its settings.
            lives = peers.simplejwt().longest_life if peers.written("SIMPLE_JWT") else timedelta(0)
            _sweep(now - max(current().RETENTION, lives), place)
        except Error as error:
            logger.warning("rows that are over were not deleted: %s", type(error).__name__)

    with suppress(TransactionManagementError):  # Where the site commits by hand, that would wait for it.
        transaction.on_commit(sweep, using=alias(), robust=True)


def _sweep(before: datetime, place: int) -> None:
    if before <= FIRST:
        return
    rows = Grant.objects.using(alias()).exclude(kind=Kind.ADOPTED).exclude(inherited(PACKAGE)).order_by("pk")
    # What was made later cannot have ended before.
    first, end = new_row(FIRST, bytes(10)), new_row(before, bytes(10))
    oldest = rows.filter(pk__gte=first, pk__lt=end).values_list("pk", flat=True).first()
    if oldest is None:
        return
    # The ids begin with the time. Squared, because rows come to be over at the young end, and among the old are those
    # that live on: there an even draw would look in vain. An eighth more than the span, or none would reach the oldest.
    span = (end.int - oldest.int) * 9 // 8
    start = UUID(int=end.int - span * place**2 // _PLACES**2)
    looked_at = rows.filter(pk__gte=start, pk__lt=end).values_list("pk", flat=True)[:LOOK]
    can_nest = connections[alias()].features.allow_sliced_subqueries_with_in  # MySQL cannot.
    _delete(Grant.objects.using(alias()).filter(pk__in=looked_at if can_nest else list(looked_at)), before)


def _delete(rows: QuerySet[Grant], before: datetime) -> int:
    """Delete those of `rows` that ended before that."""
    over = rows.alias(over_at=Coalesce("revoked_at", "ends_at")).filter(over_at__lt=before).order_by("pk").values("pk")
    with transaction.atomic(using=alias()):
        if connections[alias()].features.has_select_for_update_skip_locked:
            # Two that delete the same rows share them: neither waits for the other, so they never wait in a circle.
            over = over.select_for_update(skip_locked=True)
        return Grant.objects.using(alias()).filter(pk__in=over).delete()[0]
