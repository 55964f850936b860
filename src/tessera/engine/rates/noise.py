"""What nobody guesses, and costs queries or rows all the same, counted so that a client in a loop is told to wait.

When the cache does not answer, all of it passes: no credential becomes weaker by that.
"""

from contextlib import suppress
from datetime import datetime

from tessera.conf import prefixes
from tessera.engine.keyring import keyring
from tessera.engine.rates.counters import counter, spend
from tessera.errors import Dead, Malformed, StoreDown, TooMany, UnknownKey
from tessera.format.former import Former
from tessera.format.opaque import Opaque, Purpose, parse, to_bytes

Costly = Dead | UnknownKey
"""The refusals that took a query. To count any other would cost more than to refuse it."""


def admit_refresh(secret: str | bytes | Former, now: datetime) -> None:
    """Count a refresh by its sign-in, which the token names. What was not minted here passes, and is refused for less.

    Raises:
        TooMany: there were too many; it carries the seconds to wait.
    """
    try:
        opaque = secret.opaque if isinstance(secret, Former) else parse(to_bytes(secret), prefixes(), keyring())
    except Malformed:
        return
    if opaque.purpose is not Purpose.REFRESH:
        return
    try:
        with suppress(StoreDown):
            spend("refresh", now, opaque.row.hex())
    except TooMany:
        if not _is_older(opaque, now):
            raise


def admit_letter(address: str, now: datetime) -> None:
    """Count a letter that is to be redeemed, by the address that it comes from.

    Raises:
        TooMany: there were too many; it carries the seconds to wait.
    """
    with suppress(StoreDown):
        spend("letter", now, address)


def admit_personal(user: str, now: datetime) -> None:
    """Count a personal token that a user is about to make. Each is a row.

    Raises:
        TooMany: there were too many; it carries the seconds to wait.
    """
    with suppress(StoreDown):
        spend("personal", now, user)


def note_refusal(error: Costly, address: str, now: datetime) -> None:
    """Count a refused credential, by its grant, or by `address` if it names none. A live one is not counted anywhere.

    Why it is refused counts as well: whoever has found a token that was replaced long ago must not keep from its owner,
    whose own has just expired, the 401 that tells him to refresh.

    Raises:
        TooMany: there were too many; it carries the seconds to wait.
    """
    with suppress(StoreDown):
        spend("refused", now, str(error.grant_id or address), type(error).__name__)


def _is_older(opaque: Opaque, now: datetime) -> bool:
    """Whether it is of an earlier generation than the first that was refused in this window.

    Somebody has traded it then, who may be a thief. By refreshing without a pause he must not keep its owner from
    presenting it, because that ends the sign-in.
    """
    first = counter("refresh", now, opaque.row.hex(), "generation")
    with suppress(StoreDown):
        return first is not None and opaque.generation < first.kept(opaque.generation)
    return True
