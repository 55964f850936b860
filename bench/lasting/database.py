"""All that is measured of sign-ins on one database, the one that TEST_DB names; told as JSON on the output."""

import argparse
import json
from typing import Any

import django

django.setup()

from django.db import connection

from bench import wire
from bench.candidates import LASTING, OPEN
from bench.candidates.candidate import Lasting
from bench.filling import fill, make_tables
from bench.lasting.proof import examine
from bench.lasting.visits import TOKENS, SignIn, log_outs, opens, refreshes
from bench.proof import Wrong
from bench.rounds import Timings, ratio, run, spread
from bench.wire import Answer

OTHERS = 1000
"""Users who have a row in every table, so that none is empty."""


def main() -> None:
    words = argparse.ArgumentParser()
    for name in ("rounds", "requests", "cycles"):
        words.add_argument(f"--{name}", type=int, required=True)
    try:
        print(json.dumps(measure(**vars(words.parse_args()))))
    except Wrong as wrong:
        raise SystemExit(str(wrong)) from wrong


def measure(rounds: int, requests: int, cycles: int) -> dict[str, Any]:
    make_tables()
    fill(OTHERS, {candidate.store.table: candidate.store for candidate in LASTING.values()})
    conducts = {name: examine(candidate) for name, candidate in LASTING.items()}
    refreshing = {name: refreshes(one, requests) for name, one in LASTING.items() if one.refresh}
    leaving = {name: log_outs(one) for name, one in LASTING.items()}
    refreshed = run({OPEN: opens(requests), **refreshing}, rounds // 4)
    # Fewer: whoever writes a row for each token needs as long for one of them as for hundreds of refreshes.
    logged_out = run({OPEN: opens(requests), **leaving}, rounds // 24, warm_up=1)
    told: dict[str, Any] = {}
    for name, candidate in LASTING.items():
        conduct = conducts[name]
        told[name] = {"revoke_all": cost(conduct.logged_out, logged_out, name)}
        told[name]["revoke_all"] |= {
            "ends_access": conduct.ends_access,
            "tokens": TOKENS if candidate.store.many else 1,
        }
        if conduct.refreshed:
            told[name]["refresh"] = cost(conduct.refreshed, refreshed, name)
            told[name]["refresh"]["rows_left"] = rows_left(candidate, cycles)
    return told


def cost(answer: Answer, timings: Timings, name: str) -> dict[str, Any]:
    """What one request costs."""
    return {
        "cpu_us": spread([seconds * 1e6 for seconds in timings[name]]).told(),
        "to_open": ratio(timings[name], timings[OPEN]).told(),
        "statements": len(answer.statements),
        "queries": answer.queries,
        "writes": answer.writes,
    }


def rows_left(candidate: Lasting, cycles: int) -> int:
    """What one sign-in has in the tables after so many refreshes, each with the token that the last one gave."""
    before = _rows(candidate)
    sign_in = SignIn.of(candidate)
    for _ in range(cycles):
        sign_in = sign_in.after(wire.answer(sign_in.refresh()))
    return _rows(candidate) - before


def _rows(candidate: Lasting) -> int:
    counts = " + ".join(f"(SELECT count(*) FROM {table})" for table in candidate.tables)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        count: int = cursor.fetchone()[0]
    return count


if __name__ == "__main__":
    main()
