"""`manage.py tessera keys`: the keys that sign JWTs."""

import json
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from tessera import clock
from tessera.conf import ALGORITHMS, current
from tessera.engine.signing.entrance import CURE
from tessera.management.answers import json_argument, tell
from tessera.models import LONG_AGO, SigningKey

_COLUMNS = "{:<43} {:<9} {:<8} {:<16} {:<16} {:<16} {}"
_HEADER = _COLUMNS.format("ID", "ALGORITHM", "STATE", "CREATED (UTC)", "SIGNS FROM", "ENDS", "FROM")


def list_keys(command: BaseCommand, asked: Namespace) -> None:
    """Show the keys, the newest first.

    One signs. What a key is accepted for as well is published, so that others
    can verify: the next one, before it signs, and the one before, until the last
    token that it signed has ended. The keys themselves are never shown.
    """
    now = clock.now()
    if not asked.json:
        command.stdout.write(_HEADER)
    with _succession() as succession:
        for told in succession.told(now):
            command.stdout.write(json.dumps(_as_json(told)) if asked.json else _as_line(told))


def new_arguments(parser: CommandParser) -> None:
    """What `new` takes."""
    parser.add_argument("--algorithm", choices=ALGORITHMS, help="Default: the site's JWT_ALGORITHM.")
    parser.add_argument("--at-once", action="store_true", help="Let it sign at once, whoever does not know it yet.")
    json_argument(parser)


def new_key(command: BaseCommand, asked: Namespace) -> None:
    """Make the next key.

    It is published at once, and signs when everybody has had the time to read
    it: JWKS_MAX_AGE, and a minute for the processes of this site. The first one
    signs at once. The others move to the newest pepper.
    """
    with _succession() as succession:
        row = succession.make_next(clock.now(), algorithm=asked.algorithm, at_once=asked.at_once)
    sentence = f"Key {row.pk} ({row.algorithm}) is published, and signs from {_written(row.signs_from)} UTC."
    tell(command, asked, sentence, id=row.pk, algorithm=row.algorithm, signs_from=_as_json_moment(row.signs_from))


def retire_arguments(parser: CommandParser) -> None:
    """What `retire` takes."""
    parser.add_argument("id", metavar="ID", help="Its id, as keys list shows it.")
    parser.add_argument("--now", action="store_true", help="Accept nothing more that it has signed: it has leaked.")
    json_argument(parser)
    parser.set_defaults(skip_checks=True)  # Whatever else is wrong with a site, what leaked has to end.


def retire_key(command: BaseCommand, asked: Namespace) -> None:
    """Have a key sign no more.

    What it has signed is accepted until it ends by itself. With --now it is not:
    every process here knows that within a minute, and whoever else verifies
    when he reads the keys again, within JWKS_MAX_AGE.

    If there is no other, one is made, and signs at once.
    """
    with _succession() as succession:
        row, made = succession.retire(asked.id, clock.now(), at_once=asked.now)
    sentences = [f"What it signed is accepted {_until(row)}."]
    if made:
        sentences.append(f"Key {made.pk} ({made.algorithm}) signs from now on.")
    facts = {"id": row.pk, "ends_at": _as_json_moment(_end(row)), "successor": made and made.pk}
    tell(command, asked, " ".join(sentences), **facts)


def _until(row: SigningKey) -> str:
    if row.ends_at == LONG_AGO:
        return f"no more: here within a minute, and by others within {current().JWKS_MAX_AGE}"
    return f"until {_written(row.ends_at)} UTC" if row.ends_at else "no more, for it signed nothing"


@contextmanager
def _succession() -> Iterator[Any]:
    """The engine's part of it, which needs an extra, and what it refuses."""
    try:
        yield import_module("tessera.engine.signing.succession")
    except ModuleNotFoundError as error:
        raise CommandError(f"This needs the package joserfc: {CURE}") from error
    except LookupError as error:
        raise CommandError(str(error)) from error


def _as_line(told: Any) -> str:
    row = told.row
    moments = [_written(at) for at in ((row.created_at, row.signs_from, _end(row)) if row else (None, None, None))]
    source = (row.package or "") if row else "JWT_KEYS"
    return _COLUMNS.format(told.id, told.algorithm, told.standing.value, *moments, source).rstrip()


def _as_json(told: Any) -> dict[str, str | None]:
    names = ("created_at", "signs_from", "retired_at", "ends_at")
    moments = {name: getattr(told.row, name, None) for name in names} | {"ends_at": told.row and _end(told.row)}
    return {
        "id": told.id,
        "algorithm": told.algorithm,
        "state": told.standing.value,
        "from": (told.row.package or "database") if told.row else "JWT_KEYS",
        **{name: _as_json_moment(at) for name, at in moments.items()},
    }


def _as_json_moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _end(row: SigningKey) -> datetime | None:
    # For people it ended when it was retired; what its row says then is for servers whose clock is behind.
    end: datetime | None = row.retired_at if row.ends_at == LONG_AGO else row.ends_at
    return end


def _written(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "-"
