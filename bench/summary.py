"""Timings as what is told of each candidate: ratios to what the same round measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.candidates import CANDIDATES, FLOOR, OPEN
from bench.proof import BAD, Conduct
from bench.rounds import Timings, ratio, spread


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All timings of one database."""

    few: Timings
    """Of good tokens of every candidate, in small tables."""

    many: Timings
    """The same in large ones."""

    log_ins: Timings
    sorts: Mapping[str, Timings]
    """Of all that one candidate may be shown."""


def summary(name: str, conduct: Conduct, measured: Measured) -> dict[str, Any]:
    """What one candidate costs."""
    few, many, log_ins, sorts = measured.few, measured.many, measured.log_ins, measured.sorts[name]
    answers = conduct.answers
    told: dict[str, Any] = {
        "cpu_us": spread([seconds * 1e6 for seconds in few[name]]).told(),
        "to_open": ratio(few[name], few[OPEN]).told(),
        "to_floor": ratio(few[name], few[FLOOR]).told(),
        "queries": answers["valid"].queries,
        "writes": answers["valid"].writes,
        # The tables of all candidates have grown, and with them what the open view costs by chance.
        "many_to_few": round(ratio(many[name], many[OPEN]).median / ratio(few[name], few[OPEN]).median, 4),
    }
    if CANDIDATES[name].login or name == OPEN:
        told["login"] = {
            "to_password_check": ratio(log_ins[name], log_ins[OPEN]).told(),
            "queries": answers["login"].queries,
            "writes": answers["login"].writes,
            "token_writes": answers["login"].token_writes,
        }
    if name != OPEN:
        told |= {"revocable": conduct.revocable, "stops_the_deactivated": conduct.stops_the_deactivated}
    for sort in set(BAD) & set(sorts):
        told[sort] = {
            "to_no_credential": ratio(sorts[sort], sorts["bare"]).told(),
            "status": answers[sort].status,
            "queries": answers[sort].queries,
        }
    if "crowd" in sorts:
        told["crowd"] = ratio(sorts["crowd"], sorts["valid"]).told()
    return told
