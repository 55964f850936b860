"""The tables that `rest_framework.authtoken` and knox leave in a database, whoever the users are."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import DateTimeField

from tessera.engine.rows.storage import quoted
from tessera.models import Grant

SINCE = datetime(2020, 2, 20, 20, 20, tzinfo=UTC)
TABLES = (
    "authtoken_token",
    "knox_authtoken",
    "token_blacklist_blacklistedtoken",
    "token_blacklist_outstandingtoken",
)
"""All that the tests make, in an order in which they can be dropped."""

SUBJECT: Any = Grant._meta.get_field("subject")


def make_table(*, constrained: bool = True) -> None:
    """Make it as the package's migrations do. Without its constraint, it may hold keys of users who are gone."""
    execute(
        f"CREATE TABLE authtoken_token ({quoted('key')} varchar(40) NOT NULL PRIMARY KEY, "
        f"created {DateTimeField().db_type(connection)} NOT NULL, "
        f"user_id {SUBJECT.db_type(connection)} NOT NULL UNIQUE {_of_a_user(constrained)})"
    )


def make_knox_table(name: str = "knox_authtoken", *, constrained: bool = True) -> None:
    """Make it as the migrations of knox 5 do."""
    moment, key = DateTimeField().db_type(connection), SUBJECT.db_type(connection)
    execute(
        f"CREATE TABLE {name} (digest varchar(128) NOT NULL PRIMARY KEY, token_key varchar(25) NOT NULL, "
        f"user_id {key} NOT NULL {_of_a_user(constrained)}, created {moment} NOT NULL, expiry {moment} NULL)"
    )
    execute(f"CREATE INDEX {name}_of_user ON {name} (user_id)")
    execute(f"CREATE INDEX {name}_beginning ON {name} (token_key)")


def _of_a_user(constrained: bool) -> str:
    users: Any = get_user_model()._meta
    table, key = quoted(users.db_table), quoted(users.pk.column)
    return f"REFERENCES {table} ({key}){connection.ops.deferrable_sql()}" if constrained else ""


def drop_table(name: str = "authtoken_token") -> None:
    connection.check_constraints()  # PostgreSQL drops none of which it still has to look at a row.
    execute(f"DROP TABLE IF EXISTS {name}")


def keep(key: str, user_pk: Any, created: datetime = SINCE) -> None:
    """Put a key in it."""
    execute(
        f"INSERT INTO authtoken_token ({quoted('key')}, user_id, created) VALUES (%s, %s, %s)",
        key,
        SUBJECT.get_db_prep_save(user_pk, connection),
        connection.ops.adapt_datetimefield_value(created),
    )


def since_5(token: str, algorithm: str = "sha512") -> str:
    """What knox keeps of a token since version 5."""
    return hashlib.new(algorithm, token.encode()).hexdigest()


def before_5(token: str, algorithm: str = "sha512") -> str:
    """What knox kept of a token until then."""
    return hashlib.new(algorithm, bytes.fromhex(token)).hexdigest()


def keep_knox(
    token: str,
    user_pk: Any,
    expiry: datetime | None = None,
    created: datetime = SINCE,
    digest: Callable[[str], str] = since_5,
    table: str = "knox_authtoken",
) -> None:
    """Put a token of knox in its table."""
    moments = [value and connection.ops.adapt_datetimefield_value(value) for value in (created, expiry)]
    whose = SUBJECT.get_db_prep_save(user_pk, connection)
    execute(
        f"INSERT INTO {table} (digest, token_key, user_id, created, expiry) VALUES (%s, %s, %s, %s, %s)",
        digest(token),
        token[: 8 if digest is before_5 else 15],
        whose,
        *moments,
    )


def kept() -> list[str]:
    """The keys in it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {quoted('key')} FROM authtoken_token ORDER BY 1")
        return [key for (key,) in cursor.fetchall()]


def execute(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
