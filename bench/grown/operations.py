"""What is asked of a table. Each prepares, and answers what is to be timed."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from django.core.management import call_command

from bench.grown.table import DOORS, Table
from tessera import Ask, issue, revoke, verify
from tessera.engine.rows.lookup import grants_of
from tessera.models import hint

Timed = Callable[[], object]


class Closing:
    """A terminal that closes after so many lines."""

    def __init__(self, lines: int) -> None:
        self.left = lines

    def write(self, text: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise BrokenPipeError

    def isatty(self) -> bool:
        return False


def verifying(table: Table) -> Timed:
    secret = table.secret()
    return lambda: verify(secret, accept=DOORS)


def verifying_first(table: Table) -> Timed:
    secret = table.fresh()
    return lambda: verify(secret, accept=DOORS)


def issuing(table: Table) -> Timed:
    ask = Ask(subject=table.user())
    return lambda: table.unused.append(issue(ask).secret)


def listing(table: Table) -> Timed:
    grants = grants_of(table.user())
    return lambda: list(grants)


def listing_of_heavy(table: Table) -> Timed:
    grants = grants_of(table.heavy())[:100]
    return lambda: list(grants)


def revoking(table: Table) -> Timed:
    user = table.leaver()
    return lambda: revoke(subject=user)


def revoking_of_heavy(table: Table) -> Timed:
    user = table.heavy()
    return lambda: revoke(subject=user)


def command_for_one(table: Table) -> Timed:
    name = table.user().username
    return lambda: call_command("tessera", "list", name, stdout=Closing(100))


def command_for_all(_: Table) -> Timed:
    def first_lines() -> None:
        with suppress(BrokenPipeError):
            call_command("tessera", "list", stdout=Closing(10_000))

    return first_lines


def page(**query: str) -> Callable[[Table], Timed]:
    return lambda table: partial(table.page, **query)


def searching_name(table: Table) -> Timed:
    name = table.user().username
    return lambda: table.page(q=name)


def searching_hint(table: Table) -> Timed:
    term = hint(table.row())
    return lambda: table.page(q=term)


def searching_id(table: Table) -> Timed:
    term = str(table.row())
    return lambda: table.page(q=term)


@dataclass(frozen=True, slots=True)
class Operation:
    """How it is prepared, and how often it is timed in a round."""

    prepare: Callable[[Table], Timed]
    times: int


OPERATIONS = MappingProxyType(
    {
        "verify": Operation(verifying, 200),
        "issue": Operation(issuing, 30),
        "verify, and note the use": Operation(verifying_first, 30),
        "list a user's 5": Operation(listing, 20),
        "list the newest 100 of a user's 10,000": Operation(listing_of_heavy, 5),
        "revoke a user's 5": Operation(revoking, 10),
        "revoke a user's 10,000": Operation(revoking_of_heavy, 1),
        "`tessera list USER`": Operation(command_for_one, 5),
        "`tessera list`, to line 10,000": Operation(command_for_all, 1),
        "admin: the list": Operation(page(), 2),
        "admin: the live": Operation(page(state="live"), 1),
        "admin: the revoked": Operation(page(state="revoked"), 1),
        "admin: search by name": Operation(searching_name, 1),
        "admin: search by hint": Operation(searching_hint, 1),
        "admin: search by id": Operation(searching_id, 1),
    }
)
