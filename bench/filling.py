"""Rows that nobody uses, so that those in use are found among many."""

from collections.abc import Iterable, Mapping

from django.core.management import call_command
from django.db import connection
from django.utils.module_loading import import_string

from bench.candidates import CANDIDATES, STORES
from bench.candidates.candidate import Store
from bench.sql import Sql


def make_tables() -> None:
    """The tables of every candidate, empty."""
    call_command("migrate", verbosity=0)
    for candidate in CANDIDATES.values():
        if candidate.prepare:
            import_string(candidate.prepare)()


def fill(count: int, stores: Mapping[str, Store] = STORES) -> None:
    """Bring the users up to `count`, and give each new one a row in every store."""
    sql = Sql(connection.vendor == "postgresql")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), coalesce(max(id), 0) FROM auth_user")
        there, last = cursor.fetchone()
        cursor.execute(sql.users(there + 1, count))
        for store in stores.values():
            cursor.execute(_rows(store, sql, f"auth_user WHERE id > {last} ORDER BY id"))
        cursor.execute("VACUUM ANALYZE" if sql.postgres else "ANALYZE")


def give(store: Store, owner: int, count: int) -> None:
    """So many tokens that nobody knows, to one user."""
    sql = Sql(connection.vendor == "postgresql")
    with connection.cursor() as cursor:
        cursor.execute(_rows(store, sql, f"auth_user, ({sql.numbers(1, count)}) AS counted WHERE id = {owner}"))


def bytes_of_a_row(store: Store) -> float | None:
    """What PostgreSQL keeps for it, in the table and its indexes; SQLite does not tell."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_total_relation_size('{store.table}')::float / count(*) FROM {store.table}")
        size: float = cursor.fetchone()[0]
    return round(size, 1)


def forget(store: Store, owners: Iterable[int]) -> None:
    """Delete every token of these users."""
    numbers = ", ".join(map(str, owners))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {store.table} WHERE {store.owner} IN ({numbers})")


def _rows(store: Store, sql: Sql, users: str) -> str:
    """A statement that adds a row for each of `users`."""
    columns = store.filler(sql)
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {store.table} ({names}) SELECT {', '.join(columns.values())} FROM {users}"
