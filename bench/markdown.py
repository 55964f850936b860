"""What was measured, as the tables of `docs/explanation/performance.md`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.candidates import OPEN, OURS

Row = Mapping[str, Any]
Column = Callable[[Row], str]

REQUESTS: Mapping[str, Column] = {
    "to the open view": lambda row: f"{row['to_open']['median']:.2f}",
    "to floor-sql": lambda row: f"{row['to_floor']['median']:.2f}",
    "queries": lambda row: str(row["queries"]),
    "revoked at once": lambda row: _yes(row.get("revocable")),
    "deactivated at once": lambda row: _yes(row.get("stops_the_deactivated")),
}
OTHERS: Mapping[str, Column] = {
    "forged": lambda row: _refused(row, "forged"),
    "random": lambda row: _refused(row, "random"),
    "unknown": lambda row: _refused(row, "unknown"),
    "a log-in": lambda row: f"{row['login']['to_password_check']['median']:.2f}" if "login" in row else "",
    "its writes (of tokens)": lambda row: (
        f"{row['login']['writes']} ({row['login']['token_writes']})" if "login" in row else ""
    ),
    "bytes a token": lambda row: f"{row['bytes']:.0f}" if row.get("bytes") else "",
}
LASTING: Mapping[str, Column] = {
    "CPU, to the open view": lambda row: f"{row['to_open']['median']:,.1f}",
    "statements": lambda row: f"{row['statements']:,}",
    "of which write": lambda row: f"{row['writes']:,}",
}


def markdown(told: Mapping[str, Any]) -> str:
    """The tables, with what the databases say one behind the other where they differ."""
    databases = list(told["databases"].values())
    rows = {name: [each["candidates"][name] for each in databases] for name in databases[0]["candidates"]}
    cheapest_first = sorted(rows, key=lambda name: rows[name][-1]["to_open"]["median"])
    titles = {OPEN: "open view", **{name: f"**{name}**" for name in OURS}}
    parts = [" · ".join(f"{name} {value}" for name, value in told["machine"].items())]
    parts.append(table("", {titles.get(name, name): rows[name] for name in cheapest_first}, REQUESTS))
    parts.append(table("", {name: rows[name] for name in rows if name != OPEN}, OTHERS))
    for what, title in {"refresh": "a refresh", "revoke_all": "a log-out everywhere"}.items():
        has = [name for name, row in databases[0]["lasting"].items() if what in row]
        parts.append(table(title, {name: [each["lasting"][name][what] for each in databases] for name in has}, LASTING))
    return "\n\n".join(parts) + "\n"


def table(title: str, rows: Mapping[str, Sequence[Row]], columns: Mapping[str, Column]) -> str:
    """A table of these columns, a row for each name: the cells of all databases in one."""
    lines = [
        (title, *columns),
        *((name, *(_both(map(tell, of)) for tell in columns.values())) for name, of in rows.items()),
    ]
    head, *body = (f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join([head, "|---" * (len(columns) + 1) + "|", *body])


def _both(cells: Any) -> str:
    return " / ".join(dict.fromkeys(cell for cell in cells if cell))


def _refused(row: Row, sort: str) -> str:
    if sort not in row:
        return ""
    return f"{row[sort]['to_no_credential']['median']:.2f}" if row[sort]["status"] == 401 else "accepted"


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "**no**"
