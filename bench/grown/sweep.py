"""Dead rows pruned while four processes verify.

The sweep is let run and halted in turn, every few seconds, so that what else the machine does falls on both alike.
"""

import os
import signal
import time
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess

from django.db import connections

from bench.grown import rows
from bench.grown.table import DOORS, Table
from tessera import verify
from tessera.engine.pruning import prune
from tessera.models import Grant

VERIFIERS = 4
WINDOW = 3.0
"""Seconds that the sweep runs, or is halted."""

WINDOWS = 40
"""How many, at most: a sweep that is not at its end by then is killed."""

SETTLING = 0.3
"""Seconds at the beginning of a window that do not count: the last statement of a halted sweep still runs."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How fast it was, and what the others felt of it: verifications a second, and the 99th percentile in ms."""

    deleted_per_second: float
    rates: tuple[float, float]
    p99s: tuple[float, float]


def sweep(table: Table, dead: int) -> Swept:
    """Bury `dead` rows among those of `table`, and prune them."""
    table.choose()
    rows.bury(table.database, dead, among=table.rows)
    before = Grant.objects.count()
    connections.close_all()  # They do not survive a fork.
    began = time.monotonic()
    pipes = [watch(table, began) for _ in range(VERIFIERS)]
    windows, ran = let_run_and_halt(began)
    times: tuple[list[float], list[float]] = ([], [])
    for pipe in pipes:
        pipe.send(None)
        for at, took in pipe.recv():
            window, into = divmod(at, WINDOW)
            if into > SETTLING and window < windows:
                times[int(window) % 2].append(took)
    felt = windows / 2 * (WINDOW - SETTLING)
    return Swept(
        deleted_per_second=(before - Grant.objects.count()) / ran,
        rates=(len(times[0]) / felt, len(times[1]) / felt),
        p99s=(percentile(times[0]), percentile(times[1])),
    )


def let_run_and_halt(began: float) -> tuple[int, float]:
    """How many whole windows there were, half of them with the sweep running, and for how long it ran."""
    sweeper = ForkProcess(target=prune, daemon=True)
    sweeper.start()
    for number in range(WINDOWS):
        is_halted = number % 2 == 1
        os.kill(sweeper.pid or 0, signal.SIGSTOP if is_halted else signal.SIGCONT)
        sweeper.join(max(0.0, began + (number + 1) * WINDOW - time.monotonic()))
        if sweeper.exitcode is not None:
            return number, time.monotonic() - began - number // 2 * WINDOW
    sweeper.kill()
    sweeper.join()
    return WINDOWS, WINDOWS // 2 * WINDOW


def watch(table: Table, began: float) -> Connection:
    """A process that verifies without a pause until it is told to stop, and then says when and how long."""
    ours, theirs = Pipe()
    ForkProcess(target=verifying, args=(table, began, theirs), daemon=True).start()
    return ours


def verifying(table: Table, began: float, pipe: Connection) -> None:
    times = []
    while not pipe.poll():
        secret, start = table.secret(), time.monotonic()
        verify(secret, accept=DOORS)
        times.append((start - began, time.monotonic() - start))
    pipe.send(times)


def percentile(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100] * 1000
