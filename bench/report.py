"""What was measured, as a table for a terminal, with what we aim at beside it."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.aims import verdicts
from bench.candidates import CANDIDATES

Row = Mapping[str, Any]

COLUMNS: dict[str, Callable[[Row], str]] = {
    "CPU µs": lambda row: f"{row['cpu_us']['median']:.0f}",
    "to open view": lambda row: _spread(row["to_open"]),
    "to floor-sql": lambda row: _spread(row["to_floor"]),
    "queries/writes": lambda row: f"{row['queries']}/{row['writes']}",
    "revoked": lambda row: _yes(row.get("revocable")),
    "deactivated": lambda row: _yes(row.get("stops_the_deactivated")),
    "many to few": lambda row: f"{row['many_to_few']:.2f}" if "bytes" in row else "",
    "of 1,000": lambda row: f"{row['crowd']['median']:.2f}" if "crowd" in row else "",
    "bytes": lambda row: f"{row['bytes']:.0f}" if row.get("bytes") else "",
}
STRANGERS: dict[str, Callable[[Row], str]] = {
    "forged": lambda row: _bad(row, "forged"),
    "random": lambda row: _bad(row, "random"),
    "unknown": lambda row: _bad(row, "unknown"),
    "log-in": lambda row: _spread(row["login"]["to_password_check"]) if "login" in row else "",
    "queries/writes": lambda row: f"{row['login']['queries']}/{row['login']['writes']}" if "login" in row else "",
    "of which tokens": lambda row: str(row["login"]["token_writes"]) if "login" in row else "",
}

REFRESHES: dict[str, Callable[[Row], str]] = {
    "a refresh: CPU µs": lambda row: f"{row['cpu_us']['median']:.0f}",
    "to open POST": lambda row: _spread(row["to_open"]),
    "statements/writes": lambda row: f"{row['statements']}/{row['writes']}",
    "rows left": lambda row: f"{row['rows_left']:,}",
}
REVOCATIONS: dict[str, Callable[[Row], str]] = {
    "revoke-all: CPU µs": lambda row: f"{row['cpu_us']['median']:.0f}",
    "to open POST": lambda row: _spread(row["to_open"]),
    "statements/writes": lambda row: f"{row['statements']}/{row['writes']}",
    "of tokens": lambda row: f"{row['tokens']:,}",
    "access ended": lambda row: _yes(row["ends_access"]),
}

LEGEND = """\
CPU µs, to open view, to floor-sql: CPU of one request with a good token, as median (quartiles) over the rounds.
revoked, deactivated: whether the next request is refused after the token was revoked, after its user was deactivated.
many to few: {many:,} rows beside {few:,}.  of 1,000: a user with 1,000 other tokens.  bytes: a row and its indexes.
forged, random, unknown: to a request without credential, with the queries behind it. Random is eight hex digits.
Unknown was good once: its row is gone, or for a JWT its user. Forged is:
{forged}
log-in: to a log-in that checks the password (MD5, so that the rest shows) and hands out nothing.
a refresh, revoke-all: a whole request, to one that reads a body and answers it. Who refreshes nothing is left out.
statements: the beginnings and ends of transactions too.
rows left: in all tables of the candidate, of one sign-in that was refreshed {cycles:,} times.
access ended: whether the next request with an access token is refused, or only the next refresh.
"""


def report(told: Mapping[str, Any]) -> str:
    """The tables of each database, the legend, the machine, and how we stand to our aims."""
    parts = [" · ".join(f"{name} {value}" for name, value in told["machine"].items())]
    size = told["size"]
    parts.append(
        f"{size['rounds']} rounds of {size['requests']} requests, each candidate once in a round, in random order"
    )
    for database in told["databases"].values():
        parts += ["", f"== {database['server']}", ""]
        parts += [*_table(database["candidates"], COLUMNS), "", *_table(database["candidates"], STRANGERS), ""]
        parts += [
            *_table(_with("refresh", database), REFRESHES),
            "",
            *_table(_with("revoke_all", database), REVOCATIONS),
        ]
    forged = "\n".join(f"  {one.name}: {one.forged}" for one in CANDIDATES.values() if one.forged)
    parts += ["", LEGEND.format(forged=forged, many=database["many"], few=database["few"], cycles=size["cycles"])]
    parts += ["What tessera aims at:", "", *verdicts(told["databases"])]
    return "\n".join(parts)


def _table(rows: Mapping[str, Row], columns: Mapping[str, Callable[[Row], str]]) -> list[str]:
    cells = [["", *columns], *([name, *(tell(row) for tell in columns.values())] for name, row in rows.items())]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in cells
    ]


def _with(what: str, database: Mapping[str, Any]) -> dict[str, Row]:
    return {name: row[what] for name, row in database["lasting"].items() if what in row}


def _spread(of: Mapping[str, float]) -> str:
    return f"{of['median']:.2f} ({of['low']:.2f} to {of['high']:.2f})"


def _bad(row: Row, sort: str) -> str:
    if sort not in row:
        return ""
    told = row[sort]
    if told["status"] != 401:
        return "accepted"
    return f"{told['to_no_credential']['median']:.2f} ({told['queries']})"


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "NO"
