"""The database that holds the grants, and what to say when it does not answer."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connections, router
from django.db.models import QuerySet

from tessera.errors import StoreDown
from tessera.models import Grant

T = TypeVar("T")

BATCH = 1000
"""Rows named by one statement, under any database's limit of parameters, or written in one transaction."""

_READ_ONLY = "25006"
_NO_COLUMN = 1054
_LOST_RACES = {"40001", "40P01", 1213}
"""PostgreSQL: serialization failure, deadlock. MySQL: both."""

_TRIES = 5


def alias() -> str:
    """The database that takes writes. Reads go there as well: a replica may still show a revoked grant as live."""
    return router.db_for_write(Grant)


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    """`rows` in lists of at most `BATCH`."""
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch


def execute(sql: str, *values: Any, using: str | None = None) -> list[Any]:
    """Run SQL of ours on the database of the grants, or on another, and return the rows that it answers."""
    with connections[using or alias()].cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def quoted(name: str, using: str | None = None) -> str:
    """The name of a table or column, as that database wants it in SQL."""
    return connections[using or alias()].ops.quote_name(name)


def has_tables(*names: str, using: str | None = None) -> bool:
    """Whether that database has all of these tables."""
    connection = connections[using or alias()]
    with connection.cursor() as cursor:
        return set(names) <= set(connection.introspection.table_names(cursor))


def is_in_block() -> bool:
    """Whether a caller's block is open. That of Django's `TestCase` is none that commits, or is undone by mistake."""
    blocks: list[Any] = connections[alias()].atomic_blocks
    return bool(blocks) and not blocks[-1]._from_testcase


def refuse_transaction(verb: str) -> None:
    """A verb that ends a grant when it refuses must not have that undone, and one that waits must not hold rows."""
    connection = connections[alias()]
    with storage:
        commits = connection.get_autocommit()
    if commits or (connection.in_atomic_block and not is_in_block()):
        return
    raise RuntimeError(
        f"{verb}() commits what it does, so it must not be called within a transaction. Call it before or after, "
        "and exempt its view from ATOMIC_REQUESTS by django.db.transaction.non_atomic_requests."
    )


class Storage:
    """`with storage:` raises `StoreDown` if the database does not answer.

    A table or a column that is missing stays the site's error.
    """

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Tell the one from the other."""
        if error is not None and _is_down(error):
            raise StoreDown("database") from error


storage = Storage()


def update(rows: QuerySet[Grant], changes: Mapping[str, Any]) -> int:
    """Change all of `rows`, and say how many there were.

    Raises:
        StoreDown: the storage does not answer, or is too busy, and nothing has changed.
    """
    return insist(lambda: rows.update(**changes))


def insist(write: Callable[[], T]) -> T:
    """Do it, and if a transaction of others was faster, again, a few times.

    Stricter isolation than PostgreSQL's usual makes that an error. It leaves a transaction of the caller's to be rolled
    back, so within one it stays an error.

    Raises:
        StoreDown: the storage does not answer, or is too busy, and nothing is written.
    """
    with storage:
        for _ in range(_TRIES - 1):
            try:
                return write()
            except OperationalError as error:
                if not _is_lost_race(error) or not connections[alias()].get_autocommit():
                    raise
        return write()


def _is_lost_race(error: OperationalError) -> bool:
    return bool({getattr(error.__cause__, "sqlstate", None), _code(error)} & _LOST_RACES)


def _is_down(error: BaseException) -> bool:
    if not isinstance(error, OperationalError | InterfaceError | InternalError):
        return False
    if isinstance(error, InternalError):
        # What PostgreSQL says of writing while it is failed over; MySQL and SQLite call that "operational".
        return getattr(error.__cause__, "sqlstate", None) == _READ_ONLY
    # SQLite calls a missing table or column "operational" as well, and MySQL a column; PostgreSQL neither.
    return getattr(error.__cause__, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR and _code(error) != _NO_COLUMN


def _code(error: BaseException) -> Any:
    """The number that MySQL gives to an error."""
    return next(iter(getattr(error.__cause__, "args", ())), None)
