"""Values on their way to the database: as the ORM spells them, without asking it each time.

It takes several calls for each value, which counts in the one statement of every request. What stands here in its place
is a line of Python, and is used only where it was seen to give the same.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.backends.base.base import BaseDatabaseWrapper

from tessera.models import Grant

_PROBE = datetime(2001, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)


def prepared(field: str, value: Any, connection: BaseDatabaseWrapper) -> Any:
    """What the ORM hands over for a value of that field of `Grant`."""
    column: Any = Grant._meta.get_field(field)
    return column.get_db_prep_value(value, connection)


def key_of(subject: AbstractBaseUser) -> Any:
    """What a grant's row calls `subject`, spelt as the database spells it; `None` for nobody, or nobody saved.

    It is not always `subject.pk`: a UUID may have been given as text, and a child of the user model may have a primary
    key of its own.
    """
    column = _column_of_key()
    key = getattr(subject, column.attname)
    return None if key is None else column.to_python(key)


@cache
def _column_of_key() -> Any:
    return Grant._meta.get_field("subject").target_field


def spelling(connection: BaseDatabaseWrapper) -> Callable[[datetime], Any]:
    """How a moment is handed over."""

    def by_the_orm(moment: datetime) -> Any:
        return prepared("ends_at", moment, connection)

    handed_over = by_the_orm(_PROBE)
    # A database whose times have no zone may keep them in one that is UTC in winter, and so at the probe, only.
    is_text_in_utc = isinstance(handed_over, str) and connection.timezone in (None, UTC)
    # PostgreSQL reads text as well, and psycopg takes its time over a datetime.
    if is_text_in_utc or connection.vendor == "postgresql":
        for in_text in (str, _without_zone):
            if in_text(_PROBE) == str(handed_over):
                return in_text
    return by_the_orm


def _without_zone(moment: datetime) -> str:
    # Python forgets a zone in less time than it spells one; `replace` would take longer.
    return str(datetime.combine(moment, moment.time()))
