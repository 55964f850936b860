"""What tessera is to cost at most, and whether it does. It is told, and nothing fails for it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Row = Mapping[str, Any]

BOTH = ("sqlite", "postgres")

AIMS: tuple[tuple[str, Mapping[str, float], Callable[[Row], float]], ...] = (
    ("a request, to floor-sql", {"sqlite": 1.15, "postgres": 1.2}, lambda row: row["to_floor"]["median"]),
    (
        "a forged token, to no credential",
        dict.fromkeys(BOTH, 1.1),
        lambda row: row["forged"]["to_no_credential"]["median"],
    ),
    (
        "a random string, to no credential",
        dict.fromkeys(BOTH, 1.1),
        lambda row: row["random"]["to_no_credential"]["median"],
    ),
    ("token writes at a log-in", dict.fromkeys(BOTH, 1), lambda row: row["login"]["token_writes"]),
    ("a user's 1,000 other tokens, to none", dict.fromkeys(BOTH, 1.1), lambda row: row["crowd"]["median"]),
    ("many rows, to few", {"postgres": 1.1}, lambda row: row["many_to_few"]),
    ("bytes of a token", {"postgres": 220}, lambda row: row["bytes"]),
    ("statements of a refresh", dict.fromkeys(BOTH, 2), lambda row: row["refresh"]["statements"]),
    ("writes of a refresh", dict.fromkeys(BOTH, 1), lambda row: row["refresh"]["writes"]),
    ("rows of a sign-in, however often refreshed", dict.fromkeys(BOTH, 1), lambda row: row["refresh"]["rows_left"]),
    ("statements to revoke a user's 1,000 tokens", dict.fromkeys(BOTH, 3), lambda row: row["revoke_all"]["statements"]),
)


def verdicts(databases: Mapping[str, Any]) -> Iterator[str]:
    """A line for each aim and database."""
    for name, database in databases.items():
        row = database["candidates"]["tessera"] | database["lasting"]["tessera"]
        for what, limits, tell in AIMS:
            if name in limits:
                value, limit = tell(row), limits[name]
                word = "reached" if value <= limit else "MISSED"
                yield f"{word:8} {value:7.2f}  at most {limit:<6g} {database['server'].split()[0]:10}  {what}"
