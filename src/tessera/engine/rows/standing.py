"""The standing of a token: what its grant and its subject say of it at this moment.

It is one SELECT. The ORM would build it anew each time, which costs more than the database takes to answer, so the ORM
compiles it once, and a cursor runs it from then on. Which columns there are, how they are spelt and what they become in
Python is still for the ORM to say: any user model does, and any database.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.signals import setting_changed
from django.db import Error, connections
from django.db.models import Q

from tessera.conf import current
from tessera.engine.rows.lookup import admits, grants, slides
from tessera.engine.rows.spelling import prepared, spelling
from tessera.engine.rows.storage import alias, storage


class Standing(NamedTuple):
    """What `verify` has to know of a grant."""

    access_digest: bytes
    fingerprint: bytes
    client: str
    scope: str
    subject_id: Any
    is_live: bool
    """Whether it is accepted by the clock."""

    is_use_due: bool
    """Whether its use is to be recorded."""

    subject: AbstractBaseUser | None


_COLUMNS = tuple(name for name in Standing._fields if name not in {"is_live", "is_use_due", "subject"})


def standing_of(rows: Sequence[bytes], now: datetime) -> Standing | None:
    """The standing of the grant that has one of these ids, or `None`. Its use is due as `use_is_due` says.

    Raises:
        StoreDown: the database does not answer.
    """
    try:
        return _statement(alias(), len(rows), current().LAST_USED_INTERVAL is not None).run(rows, now)
    except Error:
        with storage:  # It costs less here than around it all.
            raise


def use_is_due(now: datetime, *, is_recorded: bool) -> Q:
    """`Standing.is_use_due` as a condition of a query.

    That a client has its pair is written down at once, as the detection of a theft depends on it. Where the site
    records no use, that is written all the same, and what a use puts off.
    """
    is_unseen = Q(rotated_at__isnull=False, seen_at=None)
    is_due = Q(use_due_at=None) | Q(use_due_at__lte=now)
    return is_unseen | (is_due if is_recorded else is_due & slides())


@dataclass(frozen=True, slots=True)
class Statement:
    """The SELECT as the ORM has compiled it, and how the ORM reads its answer."""

    database: str
    sql: str
    names: tuple[str, ...]
    """Those of the ids in it."""

    spell: Callable[[datetime], Any]
    converters: tuple[tuple[int, Callable[..., Any], Any], ...]
    grant_of: Callable[[Sequence[Any]], tuple[Any, ...]]
    subject_of: Callable[[Sequence[Any]], tuple[Any, ...]]
    subject: type[AbstractBaseUser]
    attributes: Sequence[str]
    key: int

    def run(self, rows: Sequence[bytes], now: datetime) -> Standing | None:
        """Ask the database."""
        connection = connections[self.database]
        values = {"now": self.spell(now)}
        for name, row in zip(self.names, rows, strict=True):
            # In text: every database takes it for an id, and psycopg takes its time over a UUID.
            values[name] = row.hex()
        with connection.cursor() as cursor:
            cursor.execute(self.sql, values)
            answer = cursor.fetchone()
        if answer is None:
            return None
        columns = list(answer)
        for place, convert, column in self.converters:
            columns[place] = convert(columns[place], column, connection)
        subject = None
        if columns[self.key] is not None:
            subject = self.subject.from_db(self.database, self.attributes, self.subject_of(columns))
        return Standing._make((*self.grant_of(columns), subject))


@cache
def _statement(database: str, count: int, is_recorded: bool) -> Statement:
    """The statement for the grant that has one of `count` ids.

    What it takes from the compiler is not public. A test compares the answers with those of `select_related`, for all
    sorts of user models and on each version of Django.
    """
    connection = connections[database]
    rows = {f"row{place}": UUID(int=place) for place in range(count)}
    now = datetime(2001, 1, 1, tzinfo=UTC)
    compiler = (
        grants()  # type: ignore[no-redef]
        .using(database)
        .order_by()
        .filter(pk__in=rows.values())
        .only("subject", *_COLUMNS)
        .annotate(is_live=admits(now), is_use_due=use_is_due(now, is_recorded=is_recorded))
        .query.get_compiler(database)
    )
    sql, params = compiler.as_sql()
    names = {prepared("id", row, connection): name for name, row in rows.items()}
    names[prepared("ends_at", now, connection)] = "now"
    # By their names: SQLite's cursor puts those into the statement ten times as fast as it numbers those without.
    told = (f"%({names[param]})s" for param in params)
    sql = re.sub(r"(?<!%)%s", lambda _: next(told), sql)

    of_subject = compiler.klass_info["related_klass_infos"][0]
    grant = _places(compiler, compiler.klass_info) | compiler.annotation_col_map
    subject = _places(compiler, of_subject)
    attributes = [field.attname for field in of_subject["model"]._meta.concrete_fields]
    of_grant = [grant[name] for name in Standing._fields if name != "subject"]
    of_user = [subject[name] for name in attributes]
    converted = {*of_grant, *of_user} - {*compiler.annotation_col_map.values()}  # Any truth will do for those.
    by_place = compiler.get_converters([expression for expression, *_ in compiler.select])
    return Statement(
        database=database,
        sql=sql,
        names=tuple(rows),
        spell=spelling(connection),
        converters=tuple(
            (place, convert, column)
            for place, (converters, column) in by_place.items()
            if place in converted
            for convert in converters
        ),
        grant_of=itemgetter(*of_grant),
        subject_of=itemgetter(*of_user),
        subject=of_subject["model"],
        attributes=attributes,
        key=subject[of_subject["model"]._meta.pk.attname],
    )


def _changed(*, setting: str, **_: object) -> None:
    if setting in {"USE_TZ", "TIME_ZONE"}:  # They decide how a moment is spelt.
        _statement.cache_clear()


setting_changed.connect(_changed, dispatch_uid="tessera.engine.rows.standing")


def _places(compiler: Any, selected: dict[str, Any]) -> dict[str, int]:
    return {compiler.select[place][0].target.attname: place for place in selected["select_fields"]}
