"""How cost grows with the number of grants, on PostgreSQL.

    python3 run.py bench scale [--rows N …] [--rounds N] [--only WORD …] [--dead N]

Tables of all the sizes stand beside each other, and each round asks every one of them, in random order: whatever else
the machine does falls on all alike. The times are wall times of one process that asks one thing after another.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence

import django

from bench.server import postgres

SIZES = (1_000, 1_000_000, 10_000_000)


def scale(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="run.py bench scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], help="Operations whose name holds one of these words.")
    parser.add_argument("--dead", type=int, default=1_000_000, help="Rows to prune at each size; 0 skips it.")
    asked = parser.parse_args(words)
    with postgres() as url:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "bench.grown.settings",
            "TEST_POSTGRES_URL": url,
            "BENCH_ROWS": " ".join(map(str, asked.rows)),
        }
        django.setup()
        report(asked)
    return 0


def report(asked: argparse.Namespace) -> None:
    # Only now do Django's models know their database.
    from bench.grown.operations import OPERATIONS
    from bench.grown.sweep import sweep
    from bench.grown.table import Table

    tables = [Table(rows) for rows in asked.rows]
    for table in tables:
        started = time.monotonic()
        table.make()
        note(f"{table.rows:,} rows made in {time.monotonic() - started:.0f} s")
    head("", asked.rows)
    line("bytes a token: table + indexes", ["{} + {}".format(*table.weight()) for table in tables])

    names = [name for name in OPERATIONS if any(word in name for word in asked.only)]
    told: dict[tuple[str, int], list[float]] = {(name, table.rows): [] for name in names for table in tables}
    for number in range(asked.rounds + 1):
        for name in names:
            for table in random.sample(tables, len(tables)):
                table.choose()
                for _ in range(OPERATIONS[name].times):
                    act = OPERATIONS[name].prepare(table)
                    start = time.perf_counter()
                    act()
                    if number:  # The first round is there to warm up.
                        told[name, table.rows].append((time.perf_counter() - start) * 1000)
        note(f"round {number} of {asked.rounds}")
    for name in names:
        line(name, [f"{statistics.median(told[name, table.rows]):.3g} ms" for table in tables])
    if not asked.dead:
        return
    head(f"{asked.dead:,} dead rows pruned while four processes verify", asked.rows)
    swept = [sweep(table, asked.dead) for table in tables]
    line("rows deleted a second", [f"{each.deleted_per_second:,.0f}" for each in swept])
    line("verified a second: with the sweep, without", ["{:,.0f}, {:,.0f}".format(*each.rates) for each in swept])
    line("p99 of verify: with the sweep, without", ["{:.2f}, {:.2f} ms".format(*each.p99s) for each in swept])
    line("ratio", [f"{each.p99s[0] / each.p99s[1]:.2f}" for each in swept])


def head(title: str, sizes: Sequence[int]) -> None:
    print()
    line(title, [f"{rows:,} rows" for rows in sizes])
    print("|---" * (len(sizes) + 1) + "|", flush=True)


def line(name: str, cells: list[str]) -> None:
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
