"""Several things at once, each on a connection of its own; and one thing in the middle of another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Semaphore, Thread
from time import monotonic
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


def wait_until_waited_for(is_over: Callable[[], bool] = bool) -> None:
    """Until somebody waits for a lock that this thread's transaction holds (PostgreSQL), or it `is_over`.

    Of ours only: the locks of a server are listed for all its databases, and other tests wait in those.
    """
    began = monotonic()
    with connection.cursor() as cursor:
        while not is_over():
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchall():
                return
            if monotonic() - began > PATIENCE:
                raise TimeoutError


def meanwhile(do: Callable[[], Any]) -> Any:
    """`do` in another thread, from its start to its end."""
    (result,) = at_once(do)
    return result


def in_order(
    order: Sequence[str], works: Mapping[str, Callable[[], Any]], watch: Callable[[], Any] = bool
) -> dict[str, Any]:
    """What each of `works` answered or raised, when each runs its next statement as its name comes in `order`.

    Those that it is not named for, it runs together with its last. After each step, `watch`.
    """
    stopped, over = Semaphore(0), set()
    turns = {name: Semaphore(0) for name in works}

    def step_by_step(name: str, work: Callable[[], Any]) -> Any:
        steps = order.count(name)

        def wrapper(execute: Callable[..., Any], *rest: Any) -> Any:
            nonlocal steps
            if steps:
                steps -= 1
                stopped.release()
                assert turns[name].acquire(timeout=PATIENCE)
            return execute(*rest)

        try:
            with connection.execute_wrapper(wrapper):
                return work()
        finally:
            over.add(name)
            stopped.release()

    def conduct() -> None:
        for _ in works:
            assert stopped.acquire(timeout=PATIENCE)
        for name in order:
            if name not in over:
                turns[name].release()
                assert stopped.acquire(timeout=PATIENCE)
            watch()

    conducted, *results = at_once(conduct, *(partial(step_by_step, *each) for each in works.items()))
    if conducted is not None:
        raise conducted
    return dict(zip(works, results, strict=True))


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


JOURNALS = {"sqlite": ["delete", "wal"]}.get(connection.vendor, ["the server's"])
"""Those that this database can be in."""


@contextmanager
def in_the_journal(mode: str) -> Iterator[None]:
    """SQLite's file, and every connection to it, with this journal. Other databases have one only."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        assert cursor.execute(f"PRAGMA journal_mode = {mode}").fetchone() == (mode,)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            assert cursor.execute(f"PRAGMA journal_mode = {before}").fetchone() == (before,)
        connection.close()  # Back from WAL, this one alone would go on reading the pages that it knew before.
