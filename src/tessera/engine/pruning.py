"""prune: deleting the rows of grants that ended long ago."""

from uuid import UUID

from django.db.models.functions import Coalesce

from tessera import clock
from tessera.conf import current
from tessera.engine.storage import alias, storage
from tessera.models import Grant

BATCH = 1000
"""Rows looked at in one step. Each step is a transaction of its own, so a run may be killed and started again."""


def prune() -> int:
    """Delete the rows of grants that ended longer ago than `RETENTION`, and return how many there were.

    It walks the primary key, so it needs no index of its own on what rotation writes.
    """
    before, after, gone = clock.now() - current().RETENTION, UUID(int=0), 0
    rows = Grant.objects.using(alias())
    while True:
        with storage():
            step = list(
                rows.filter(pk__gt=after)
                .order_by("pk")
                .annotate(over_at=Coalesce("revoked_at", "ends_at"))
                .values_list("pk", "over_at")[:BATCH]
            )
            over = [pk for pk, over_at in step if over_at is not None and over_at < before]
            if over:
                gone += rows.filter(pk__in=over).delete()[0]
        if len(step) < BATCH:
            return gone
        after = step[-1][0]
