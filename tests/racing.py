"""Several things at once, each on a connection of its own; and one thing in the middle of another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from django.db import connection

from tests.processes import PATIENCE, on_a_database


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of them answered or raised."""
    results: list[Any] = [TimeoutError()] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            results[place] = work()
        except Exception as error:  # noqa: BLE001 - handed back, not swallowed
            results[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=each, daemon=True) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return results


@contextmanager
def before_writing(do: Callable[[], Any], table: str = "") -> Iterator[None]:
    """Before the first UPDATE (of `table`) on this thread's connection, `do`."""
    is_first = True

    def wrapper(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal is_first
        if is_first and sql.startswith("UPDATE") and table in sql:
            is_first = False
            do()
        return execute(sql, *rest)

    with connection.execute_wrapper(wrapper):
        yield


def meanwhile(do: Callable[[], Any]) -> Any:
    """`do` in another thread, from its start to its end."""
    (result,) = at_once(do)
    return result


@contextmanager
def rows_written() -> Iterator[list[int]]:
    """How many rows each UPDATE of this thread's connection changed."""
    counts: list[int] = []

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("UPDATE"):
            counts.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(wrapper):
        yield counts


SETUP = """
import os
import django
django.setup()
from django.db import connection
"""


def in_a_process(code: str, *args: str) -> int:
    """Run `code` in a process that has set Django up, on this test's database. Says how it ended."""
    done = on_a_database(SETUP + code, *args)
    assert done.stderr == ""
    return done.returncode
