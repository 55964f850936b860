"""Proving that the table of another package was taken over as it stood: row → reading → grant, and is it the same?"""

import hmac
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.engine.adoption.table import readings_of, users_of
from tessera.engine.bond import bond_kept
from tessera.engine.rows.foreign import Row, Table, count, pages
from tessera.engine.rows.lookup import grants
from tessera.engine.rows.storage import batches, storage
from tessera.format.opaque import Opaque, Purpose
from tessera.models import Grant, hint

SAMPLE = 10_000
"""How many rows of a larger table are looked at, unless all are."""


class Verdict(StrEnum):
    """What a row and its grant are to each other."""

    SAME = "same"
    OVER = "over"
    """The row opens nothing any more, and neither does what is here."""

    ENDED = "ended_since"
    """The grant was revoked here."""

    TRADED = "traded_since"
    """The refresh token was traded here, for one of ours."""

    MISSING = "not_adopted"
    OTHERS = "of_another_user"
    OTHER_TOKEN = "with_another_token"
    OTHER_END = "with_another_end"
    OTHER_PASSWORD = "bound_to_another_password"
    DEAD = "dead_before_its_end"
    ALIVE = "alive_though_spent"


RIGHT = frozenset({Verdict.SAME, Verdict.OVER, Verdict.ENDED, Verdict.TRADED})
"""The verdicts with which nobody is signed out, and nobody is let in, who was not."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A row, by the hint of its grant, and what became of it."""

    hint: str
    user: Any
    verdict: Verdict


def compare_table(package: str, table: Table, *, all_of_it: bool = False) -> Iterator[tuple[int, list[Compared]]]:
    """Compare rows in the table of `package` with the grants that they became, a page at a time: how many
    it holds, and those that were compared.

    Those are all, or of a table that holds more than `SAMPLE` so many, drawn by chance. Nothing is written.
    """
    found = count(table)
    share = 1.0 if all_of_it else SAMPLE / max(found, 1)
    for page in pages(table):
        with storage:
            yield len(page), _compared([row for row in page if share >= 1 or random.random() < share], package)  # noqa: S311


@sensitive_variables()
def _compared(rows: list[Row], package: str) -> list[Compared]:
    now, named = clock.now(), readings_of(rows, package)
    kept: dict[UUID, Grant] = {}
    for batch in batches(opaque.grant_id for _, readings in named for opaque in readings):
        kept.update(grants().in_bulk(batch))
    users = users_of({row.user for row, _ in named if row.user is not None})
    compared = []
    for row, readings in named:
        found = [(each, kept[each.grant_id]) for each in readings if each.grant_id in kept]
        # One that was adopted under two peppers is alive while either of its rows is.
        verdicts = {_verdict_of(row, opaque, grant, now) for opaque, grant in found}
        lacking = Verdict.MISSING if row.user in users and not _is_past(row, now) else Verdict.OVER
        verdict = next((each for each in Verdict if each in verdicts), lacking)
        compared.append(Compared(hint(readings[0].grant_id), row.user, verdict))
    return compared


def _is_past(row: Row, now: datetime) -> bool:
    return row.ends is not None and row.ends <= now


def _verdict_of(row: Row, opaque: Opaque, grant: Grant, now: datetime) -> Verdict:
    digest = (grant.refresh_digest if opaque.purpose is Purpose.REFRESH else grant.access_digest) or b""
    has_slid = grant.idle_lifetime is not None and (grant.last_used_at or grant.use_due_at) is not None
    ended = grant.revoked_at is not None
    tried = {
        Verdict.OTHERS: grant.subject_id != row.user,
        Verdict.ALIVE: row.is_spent and not ended,
        Verdict.OVER: row.is_spent,
        Verdict.ENDED: ended,
        Verdict.TRADED: bool(grant.generation),
        Verdict.OTHER_TOKEN: not hmac.compare_digest(bytes(digest), opaque.digest),
        Verdict.OTHER_PASSWORD: bond_kept(opaque, grant) is None,
        Verdict.OTHER_END: row.ends is not None and grant.ends_at != row.ends and not has_slid,
        Verdict.DEAD: not _is_past(row, now) and not grant.is_live(now),
    }
    return next((verdict for verdict, is_so in tried.items() if is_so), Verdict.SAME)
