"""prune: deleting the rows of grants that ended long ago."""

from datetime import datetime
from time import monotonic, sleep
from uuid import UUID

from django.db import connections, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from tessera import clock
from tessera.conf import current
from tessera.engine.foreign import TABLES, holds_keys
from tessera.engine.storage import alias, storage
from tessera.models import Grant, Kind

BATCH = 1000
"""Rows looked at in one step. Each step is a transaction of its own, so a run may be killed and started again."""


def prune() -> int:
    """Delete the rows of grants that ended longer ago than `RETENTION`, and return how many there were.

    It walks the primary key, so it needs no index of its own on what rotation writes. After each step it rests for as
    long as the step took. An adopted row stays while the table of its key holds keys: it is what keeps `adopt_table`
    from taking over again what has ended.
    """
    before, after, gone = clock.now() - current().RETENTION, UUID(int=0), 0
    with storage:
        kept = [package for package, table in TABLES.items() if holds_keys(table)]
    rows = Grant.objects.using(alias()).exclude(kind=Kind.ADOPTED, client__in=kept)
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


def _delete(rows: QuerySet[Grant], before: datetime) -> int:
    """Delete those of `rows` that ended before that."""
    over = rows.alias(over_at=Coalesce("revoked_at", "ends_at")).filter(over_at__lt=before).order_by("pk").values("pk")
    with transaction.atomic(using=alias()):
        if connections[alias()].features.has_select_for_update_skip_locked:
            # Two that delete the same rows share them: neither waits for the other, so they never wait in a circle.
            over = over.select_for_update(skip_locked=True)
        return Grant.objects.using(alias()).filter(pk__in=over).delete()[0]
