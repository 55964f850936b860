"""The tables of other packages, whose keys are adopted. The package itself need not be installed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections
from django.db.models import DateTimeField
from django.db.models.expressions import Col
from django.utils import timezone

from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, execute, has_tables, quoted
from tessera.models import Grant

PAGE = 1000
"""Keys that are in memory at once."""


@dataclass(frozen=True, slots=True)
class Table:
    """Where a package keeps its keys."""

    app: str
    name: str
    key: str
    user: str
    created: str
    verbose_name: str
    """What Django's admin calls one of its rows, in English."""


TABLES = MappingProxyType(
    {
        "authtoken": Table(
            "rest_framework.authtoken",
            "authtoken_token",
            key="key",
            user="user_id",
            created="created",
            verbose_name="Token",
        )
    }
)
"""The table of each package whose keys can be adopted."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of such a table. `user` is the primary key of a user, who may be gone."""

    key: str = field(repr=False)
    user: Any
    created: datetime | None


def is_there(table: Table, using: str | None = None) -> bool:
    """Whether the database of the grants, or another, has the table."""
    return has_tables(table.name, using=using)


def holds_keys(table: Table) -> bool:
    """Whether there is a key in it that anybody who reads the database could use."""
    return is_there(table) and bool(execute(f"SELECT 1 FROM {quoted(table.name)} {_limit(1)}"))


def count(table: Table) -> int:
    """How many keys are in it."""
    ((found,),) = execute(f"SELECT COUNT(*) FROM {quoted(table.name)}")
    return int(found)


def pages(table: Table) -> Iterator[list[Row]]:
    """All of it in the order of the keys, `PAGE` of them at a time."""
    columns = ", ".join(map(quoted, (table.key, table.user, table.created)))
    select, key = f"SELECT {columns} FROM {quoted(table.name)}", quoted(table.key)
    rest = f"ORDER BY {key} {_limit(PAGE)}"
    user = _reader(Grant._meta.get_field("subject").get_col(Grant._meta.db_table))
    created = _reader(Col("", DateTimeField()))
    step = execute(f"{select} {rest}")
    while step:
        yield [Row(str(each[0]), user(each[1]), _aware(created(each[2]))) for each in step]
        step = execute(f"{select} WHERE {key} > %s {rest}", step[-1][0]) if len(step) == PAGE else []


def forget(table: Table, user: AbstractBaseUser, using: str) -> None:
    """Delete the keys of `user`, as Django does while the package is installed: they would keep him from going."""
    if apps.is_installed(table.app) or not is_there(table, using):
        return
    whose = Grant._meta.get_field("subject").get_db_prep_save(key_of(user), connections[using])
    name, column = quoted(table.name, using), quoted(table.user, using)
    execute(f"DELETE FROM {name} WHERE {column} = %s", whose, using=using)


def _reader(column: Col) -> Callable[[Any], Any]:
    """What turns a value of the database into one of Python, as Django does for `column`."""
    connection = connections[alias()]
    converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]

    def read(value: Any) -> Any:
        for convert in converters:
            value = convert(value, column, connection)
        return value

    return read


def _aware(value: datetime | None) -> datetime | None:
    return timezone.make_aware(value) if value is not None and timezone.is_naive(value) else value


def _limit(rows: int) -> str:
    return connections[alias()].ops.limit_offset_sql(0, rows)
