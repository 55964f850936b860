"""All that is measured on one database, the one that TEST_DB names; told as JSON on the output."""

import argparse
import json
import sqlite3
from typing import Any

import django

django.setup()

from django.db import connection

from bench.candidates import CANDIDATES, STORES
from bench.filling import bytes_of_a_row, fill, make_tables
from bench.proof import Wrong, examine
from bench.rounds import Series, run
from bench.summary import Measured, summary
from bench.visits import People, Visits

FEW = 1000
"""Rows of a small table."""


def main() -> None:
    words = argparse.ArgumentParser()
    for name in ("rounds", "requests", "rows"):
        words.add_argument(f"--{name}", type=int, required=True)
    try:
        print(json.dumps(measure(**vars(words.parse_args()))))
    except Wrong as wrong:
        raise SystemExit(str(wrong)) from wrong


def measure(rounds: int, requests: int, rows: int) -> dict[str, Any]:
    make_tables()
    people = People.arrive()
    visits = {name: Visits.of(candidate, people) for name, candidate in CANDIDATES.items()}
    fill(FEW)
    conducts = {name: examine(visits[name]) for name in CANDIDATES}
    few = run(side_by_side(visits, "valid", requests), rounds)
    log_ins = run(side_by_side(visits, "login", requests), rounds // 4)
    sorts = {name: run(of_one(visits[name], requests), rounds) for name in CANDIDATES}
    fill(rows)
    sizes = {table: bytes_of_a_row(store) for table, store in STORES.items()}
    many = run(side_by_side(visits, "valid", requests), rounds)
    measured = Measured(few=few, many=many, log_ins=log_ins, sorts=sorts)
    told = {name: summary(name, conducts[name], measured) for name in CANDIDATES}
    for name, candidate in CANDIDATES.items():
        if candidate.store:
            told[name]["bytes"] = sizes[candidate.store.table]
    return {"server": server(), "few": FEW, "many": rows, "candidates": told}


def side_by_side(visits: dict[str, Visits], sort: str, requests: int) -> dict[str, Series]:
    """The same sort of request, to each candidate."""
    return {name: one.series(sort, requests) for name, one in visits.items()}


def of_one(visits: Visits, requests: int) -> dict[str, Series]:
    """Each sort of request, to the same candidate."""
    return {sort: visits.series(sort, requests) for sort in visits.headers}


def server() -> str:
    if connection.vendor == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    connection.ensure_connection()
    major, minor = divmod(connection.connection.info.server_version, 10_000)
    return f"PostgreSQL {major}.{minor}"


if __name__ == "__main__":
    main()
