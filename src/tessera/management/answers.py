"""What the commands print: errors, and grants in a sentence, in a table or in JSON."""

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.core.management import BaseCommand, CommandError, CommandParser

from tessera.engine.rows.storage import storage
from tessera.errors import TesseraError
from tessera.http.problems import problem
from tessera.models import Grant

_COLUMNS = "{:<12} {:<36} {:<8} {:<7} {:<16} {:<16} {:<16} {:<16} {}"
_WIDTH = 40
"""Of the bar."""

HEADER = _COLUMNS.format("HINT", "ID", "KIND", "STATE", "CREATED (UTC)", "LAST USED", "ENDS", "USER", "NAME")


@contextmanager
def refusals() -> Iterator[None]:
    """Turn our errors into what a command prints: one sentence on stderr, and exit code 1."""
    try:
        with storage:
            yield
    except TesseraError as error:
        raise CommandError(problem(error).detail) from error


def json_argument(parser: CommandParser) -> None:
    """Take `--json`."""
    parser.add_argument("--json", action="store_true", help="Answer in JSON, one object a line.")


def tell(command: BaseCommand, asked: Namespace, sentence: str, **facts: str | int | None) -> None:
    """Print the sentence, or the facts in it as an object of JSON."""
    command.stdout.write(json.dumps(facts) if asked.json else sentence)


def bar(command: BaseCommand, total: int) -> Callable[[int], None]:
    """What shows, to people alone, how far it has come."""

    def show(done: int) -> None:
        full = _WIDTH * min(done, total) // max(total, 1)
        end = "\n" if done >= total else ""
        command.stderr.write(f"\r[{'=' * full:{_WIDTH}}] {done} of {total}", str, ending=end)

    return show if command.stderr.isatty() else lambda _: None


def in_words(grant: Grant) -> str:
    """The grant as a part of a sentence."""
    label = f' "{_printable(grant.label)}"' if grant.label else ""
    username = _username(grant)
    whose = f" of {_printable(username)}" if username is not None else ""
    return f"{grant.kind} token {grant.hint}{label}{whose}"


def as_line(grant: Grant, now: datetime) -> str:
    """The grant as a line of the table under `HEADER`."""
    moments = [f"{at:%Y-%m-%d %H:%M}" if at else "never" for at in _moments(grant).values()]
    names = [_printable(_username(grant) or "-"), _printable(grant.label)]
    return _COLUMNS.format(grant.hint, str(grant.pk), grant.kind, grant.state(now).value, *moments, *names).rstrip()


def as_json(grant: Grant, now: datetime) -> dict[str, str | None]:
    """The grant as an object of JSON."""
    return {
        "id": str(grant.pk),
        "hint": grant.hint,
        "user": _username(grant),
        "name": grant.label,
        "kind": grant.kind,
        "client": grant.client,
        "scope": grant.scope,
        "state": grant.state(now).value,
        **{name: at.isoformat() if at else None for name, at in _moments(grant).items()},
    }


def _moments(grant: Grant) -> dict[str, datetime | None]:
    told = {
        "created_at": grant.created_at,
        "last_used_at": grant.last_used_at,
        # For people it ended when it was revoked; what its row says then is for servers whose clock is behind.
        "ends_at": grant.revoked_at or grant.ends_at,
    }
    return {name: at and at.astimezone(UTC) for name, at in told.items()}


def _username(grant: Grant) -> str | None:
    # The field may hold a number.
    return None if grant.subject is None else str(grant.subject.get_username())


def _printable(text: str) -> str:
    # A label is somebody's own words: what steers a terminal, or turns a line round, must not reach one.
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
