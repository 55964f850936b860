"""The table that `rest_framework.authtoken` leaves in a database, whoever the users are."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import DateTimeField

from tessera.engine.rows.storage import quoted
from tessera.models import Grant

SINCE = datetime(2020, 2, 20, 20, 20, tzinfo=UTC)
SUBJECT: Any = Grant._meta.get_field("subject")


def make_table(*, constrained: bool = True) -> None:
    """Make it as the package's migrations do. Without its constraint, it may hold keys of users who are gone."""
    users: Any = get_user_model()._meta
    table, key = quoted(users.db_table), quoted(users.pk.column)
    whose = f"REFERENCES {table} ({key}){connection.ops.deferrable_sql()}" if constrained else ""
    execute(
        f"CREATE TABLE authtoken_token ({quoted('key')} varchar(40) NOT NULL PRIMARY KEY, "
        f"created {DateTimeField().db_type(connection)} NOT NULL, "
        f"user_id {SUBJECT.db_type(connection)} NOT NULL UNIQUE {whose})"
    )


def drop_table() -> None:
    connection.check_constraints()  # PostgreSQL drops none of which it still has to look at a row.
    execute("DROP TABLE IF EXISTS authtoken_token")


def keep(key: str, user_pk: Any, created: datetime = SINCE) -> None:
    """Put a key in it."""
    execute(
        f"INSERT INTO authtoken_token ({quoted('key')}, user_id, created) VALUES (%s, %s, %s)",
        key,
        SUBJECT.get_db_prep_save(user_pk, connection),
        connection.ops.adapt_datetimefield_value(created),
    )


def kept() -> list[str]:
    """The keys in it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {quoted('key')} FROM authtoken_token ORDER BY 1")
        return [key for (key,) in cursor.fetchall()]


def execute(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
