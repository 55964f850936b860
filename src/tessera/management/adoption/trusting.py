"""`manage.py tessera adopt simplejwt`: what it does beside the table, which not every site has."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from django.core.management import BaseCommand, CommandError

from tessera import clock, peers
from tessera.engine.adoption.simplejwt import longest_life, waiting
from tessera.engine.signing.entrance import CURE
from tessera.format.former import PACKAGE
from tessera.management.answers import tell
from tessera.management.names import lifetime
from tessera.models import LONG_AGO

_ENDED = "The trust in this key was ended. That is for good: nothing that it signed is taken over any more."


def prove(asked: Namespace) -> None:
    """Refuse a site of whose tokens none could be taken over, before anything is written."""
    if find_spec("joserfc") is None:
        raise CommandError(f"To prove what was signed takes the package joserfc: {CURE}")
    if asked.finish:
        return
    told = peers.simplejwt()
    for name in ("TOKEN_TYPE_CLAIM", "JTI_CLAIM"):
        if getattr(told, name) is None:
            raise CommandError(f"SIMPLE_JWT has {name} = None: its tokens cannot be told apart, so none is taken over.")
    if told.JWK_URL and not told.VERIFYING_KEY:
        raise CommandError("No key is fetched from the JWK_URL of SIMPLE_JWT: put the public key into VERIFYING_KEY.")
    _key()


def take_over(command: BaseCommand, asked: Namespace) -> None:
    """Trust the key, for as long as anything may live that it has signed."""
    now, span = clock.now(), lifetime(asked.lifetime) or longest_life()
    if not isinstance(span, timedelta):
        raise CommandError("A key is not trusted for ever: say for how long.")
    until = now + span if asked.dry_run else _trust().trust(_key(), now, span)
    if until is None or _trust().trusted_until(_key()) == LONG_AGO:
        raise CommandError(_ENDED)
    verb = "would be" if asked.dry_run else "is"
    tell(
        command,
        asked,
        f"The key of SIMPLE_JWT {verb} trusted until {_written(until)}: what it signed is taken over at its first use.",
        trusted_until=until.isoformat(),
    )


def verify(command: BaseCommand, asked: Namespace) -> None:
    """Say until when the key is trusted, and how many would be signed out if it were not."""
    until, now = _trust().trusted_until(_key()), clock.now()
    if until is None or until <= now:
        raise CommandError("The key of SIMPLE_JWT is not trusted, so none of its tokens opens anything.")
    left = waiting(now)
    sentence = f"The key of SIMPLE_JWT is trusted until {_written(until)}. Live with a token that it signed: {left}."
    tell(command, asked, sentence, trusted_until=until.isoformat(), waiting=left)


def finish(command: BaseCommand, asked: Namespace) -> None:
    """End the trust, whatever the key is by now."""
    left = waiting(clock.now())
    ended = _trust().end_trust()
    told = f"Keys not trusted any more: {ended}. Signed out, because all they hold was signed by them: {left}."
    tell(command, asked, told, keys_ended=ended, signed_out=left)


def _key() -> Any:
    try:
        return _trust().key_of_site()
    except ValueError as error:
        raise CommandError(f"The key of SIMPLE_JWT cannot be trusted: {error}.") from None


def _trust() -> Any:
    return import_module("tessera.engine.adoption.trust")  # It takes an extra.


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Beside:
    """What is done for a package beside its table."""

    prove: Callable[[Namespace], None] = _nothing
    take_over: Callable[[BaseCommand, Namespace], None] = _nothing
    ways: Mapping[str, Callable[[BaseCommand, Namespace], None]] = field(default_factory=dict)
    """What is done in the place of `take_over`, for each option that says so."""


BESIDE = MappingProxyType({PACKAGE: Beside(prove, take_over, {"verify": verify, "finish": finish})})
"""The packages whose table may be missing, for it is not all that there is of them."""
