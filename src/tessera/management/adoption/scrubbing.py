"""Emptying the table of another package so that no key can be read from the database any more."""

from collections.abc import Callable
from types import MappingProxyType

from django.core.management import CommandError
from django.db import DatabaseError, ProgrammingError, connections, transaction

from tessera.engine.adoption.table import Outcome, adopt_table
from tessera.engine.rows.foreign import Table
from tessera.engine.rows.storage import alias, execute, has_tables, quoted

_LOG, _TYPES = "django_admin_log", "django_content_type"
_CLOSE_IT = "End what else has it open, and run this again."
_ELSEWHERE = "Copies, such as backups, dumps and replicas that lag, keep the keys until they go."


def scrub(package: str, table: Table) -> str:
    """Empty `table` and what the admin logged of it, and return what may still hold a key.

    It can be run again, and completes what was cut short.
    """
    vendor = connections[alias()].vendor
    ready, hold, empty, clean, left = _WAYS.get(vendor, _ANY_WAY)
    try:
        ready(table)
        with transaction.atomic(using=alias()):
            hold(table)
            _refuse_to_lose(package, table)
            empty(table)
            _forget_log(table)
        clean(table)
    except DatabaseError as error:
        # PostgreSQL says so of a role, and no database of what is open elsewhere.
        is_forbidden = isinstance(error, ProgrammingError)
        cure = f"Let the owner of {table.name} and {_LOG} run this." if is_forbidden else _CLOSE_IT
        raise CommandError(f"The database did not let it be scrubbed: {error}\n{cure}") from error
    return f"{left} {_ELSEWHERE}"


def _refuse_to_lose(package: str, table: Table) -> None:
    pages = adopt_table(package, table, dry_run=True)
    lost = sum(became[outcome] for became in pages for outcome in (Outcome.ADOPTED, Outcome.SPENT, Outcome.PUT_OFF))
    if lost:
        raise CommandError(f"Keys not adopted yet: {lost}. Without --finish, they are.")


def _forget_log(table: Table) -> None:
    # Its admin named each key by itself, and early versions did so by the column of the id as well.
    if has_tables(_LOG, _TYPES):
        execute(
            f"UPDATE {_LOG} SET object_repr = '', object_id = NULL WHERE content_type_id IN "
            f"(SELECT id FROM {_TYPES} WHERE {' OR '.join(['(app_label = %s AND model = %s)'] * len(table.models))})",
            *(word for label in table.models for word in label.split(".")),
        )
        # In the page of a user, an inline named it in the message. On SQLite, LIKE would take our own "token" for it.
        execute(
            f"UPDATE {_LOG} SET change_message = '' WHERE REPLACE(change_message, %s, '') <> change_message",
            f'{{"name": "{table.verbose_name}", "object": "',
        )


def _nothing(_: Table) -> None:
    pass


def _delete(table: Table) -> None:
    for name in _tables_of(table):
        execute(f"DELETE FROM {quoted(name)}")


def _truncate(table: Table) -> None:
    execute(f"TRUNCATE {', '.join(map(quoted, _tables_of(table)))}")  # They get new files.
    for column in table.secrets:
        _drop_samples(table.name, column)


def _tables_of(table: Table) -> list[str]:
    """All that is emptied, in an order that no foreign key minds."""
    return [table.name] if table.spent is None else [table.spent.table, table.name]


def _rewrite_file(table: Table) -> None:
    """Free no page with a key in it: neither in the file, nor in what SQLite writes beside it."""
    if "sqlite_stat4" in {name for (name,) in execute("SELECT name FROM sqlite_master")}:
        execute("DELETE FROM sqlite_stat4 WHERE tbl IN (%s, %s)", table.name, _LOG)
    execute("VACUUM")
    _empty_wal(table)
    if _journal_mode() == "persist":
        execute("PRAGMA journal_mode = DELETE")


def _empty_wal(_: Table) -> None:
    if _journal_mode() == "wal":
        ((busy, *_rest),) = execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if busy:
            raise DatabaseError("another connection still reads what was before.")


def _journal_mode() -> str:
    ((mode,),) = execute("PRAGMA journal_mode")
    return str(mode)


def _lock(table: Table) -> None:
    execute(f"LOCK TABLE {quoted(table.name)} IN ACCESS EXCLUSIVE MODE")


def _rewrite_log(_: Table) -> None:
    if has_tables(_LOG):
        for column in ("object_repr", "object_id", "change_message"):
            _drop_samples(_LOG, column)
        execute(f"VACUUM FULL {_LOG}")


def _drop_samples(table: str, column: str) -> None:
    # PostgreSQL drops what it knows of a column that gets a type, even the one that it has. Nothing less than a
    # superuser may touch pg_statistic itself.
    ((kind,),) = execute(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        table,
        column,
    )
    execute(f"ALTER TABLE {quoted(table)} ALTER COLUMN {quoted(column)} TYPE {kind}")


_Step = Callable[[Table], None]
_Way = tuple[_Step, _Step, _Step, _Step, str]
_ANY_WAY: _Way = (_nothing, _nothing, _delete, _nothing, "Freed pages may still hold one.")
_WAYS: MappingProxyType[str, _Way] = MappingProxyType(
    {
        "sqlite": (_empty_wal, _nothing, _delete, _rewrite_file, "The file of the database holds none."),
        "postgresql": (
            _nothing,
            _lock,
            _truncate,
            _rewrite_log,
            "The write-ahead log, archived or not, may still hold one, and so may freed pages of pg_statistic.",
        ),
    }
)
"""For each database: what is refused while others stand in the way, what holds them off, how it is emptied, what comes
after, and what may still hold a key then."""
