"""Log-in attempts, counted in a cache before the password is looked at.

`add` and `incr` are atomic on Redis, Valkey and memcached: parallel guesses do not slip past a counter.
"""

import hashlib
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import BaseCache, caches

from tessera.conf import current
from tessera.errors import StoreDown, TooMany

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_KNOWN_FOR = 30 * 86400
_UNSEEN = frozenset({"Mn", "Cf", "Cc"})
"""Marks on a letter, and what shows nothing at all."""

_CLIENT_ERRORS = (
    "redis.exceptions.RedisError",
    "valkey.exceptions.ValkeyError",
    "pymemcache.exceptions.MemcacheError",
    "pylibmc.Error",
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt, from `address`, to log in as `name`."""

    name: str
    address: str


def admit(attempt: Attempt, now: datetime) -> None:
    """Count the attempt, and let it through to the password check.

    Raises:
        TooMany: there were too many; it carries the seconds to wait.
        StoreDown: the cache does not answer. Guessing must not become free because of that.
    """
    with _counting() as cache:
        _spend(cache, "address", now, attempt.address)
        slowed = not cache.get(_known(attempt)) and _is_spent(cache, "failures_of_name", now, attempt.name)
        _spend(cache, "slowed" if slowed else "name_and_address", now, attempt.name, attempt.address)


def note_failure(attempt: Attempt, now: datetime) -> None:
    """Count a wrong password."""
    with _counting() as cache:
        _count(cache, "failures_of_name", now, attempt.name)


def note_success(attempt: Attempt) -> None:
    """Remember that this address has logged in under this name, so that strangers cannot slow it down.

    No counter is cleared.
    """
    with _counting() as cache:
        cache.set(_known(attempt), 1, _KNOWN_FOR)


def parse_rate(rate: str) -> tuple[int, int]:
    """`"10/minute"`, or `"10/m"`, as (10, 60 seconds). A `ValueError` if it is not a rate."""
    number, _, period = rate.partition("/")
    # By its first letter alone, a month would be a minute.
    seconds = next((seconds for name, seconds in _SECONDS.items() if period and name.startswith(period)), None)
    if not number.isascii() or not number.isdigit() or seconds is None:
        raise ValueError(f"{rate!r} is no rate: write it like '10/minute'.")
    return int(number), seconds


def _spend(cache: BaseCache, rate: str, now: datetime, *who: str) -> None:
    counted, allowed, wait = _count(cache, rate, now, *who)
    if allowed is not None and counted > allowed:
        raise TooMany(wait, is_first=counted == allowed + 1)


def _count(cache: BaseCache, name: str, now: datetime, *who: str) -> tuple[int, int | None, int]:
    """Count one more, and return the count of this window, the limit, and the seconds until the next window."""
    rate = current().login_rates()[name]
    if rate is None:
        return 0, None, 0
    allowed, seconds = parse_rate(rate)
    window, into = divmod(int(now.timestamp()), seconds)
    key = _key(name, str(window), *who)
    cache.add(key, 0, seconds * 2)
    try:
        return cache.incr(key), allowed, seconds - into
    except ValueError as error:
        raise StoreDown("the cache lost the counter") from error


def _is_spent(cache: BaseCache, name: str, now: datetime, *who: str) -> bool:
    rate = current().login_rates()[name]
    if rate is None:
        return False
    allowed, seconds = parse_rate(rate)
    return bool(cache.get(_key(name, str(int(now.timestamp()) // seconds), *who), 0) >= allowed)


def _known(attempt: Attempt) -> str:
    # As it was spelt: whoever owns "ADA" has not signed in as "ada".
    return _hashed("known", attempt.name, attempt.address)


def _key(*parts: str) -> str:
    # Folded: one name has one counter, however it is spelt.
    return _hashed(*map(_folded, parts))


def _folded(name: str) -> str:
    """`name` as the databases read it that read the loosest: those of MySQL and MariaDB see no accent, and no case."""
    bare = (each for each in unicodedata.normalize("NFKD", name) if unicodedata.category(each) not in _UNSEEN)
    return unicodedata.normalize("NFKC", "".join(bare)).casefold()


def _hashed(*parts: str) -> str:
    # A cache's keys are short and of few letters, and who tries to sign in is nobody's business.
    told = "\x00".join(parts)
    return f"tessera:{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()}"


@contextmanager
def _counting() -> Iterator[BaseCache]:
    try:
        yield caches[current().THROTTLE_CACHE]
    except _errors_of_clients() as error:
        raise StoreDown("cache") from error


def _errors_of_clients() -> tuple[type[Exception], ...]:
    """What the client libraries of caches raise when a server does not answer, of those libraries that are loaded."""
    known = [OSError]
    for path in _CLIENT_ERRORS:
        module, _, name = path.rpartition(".")
        if module in sys.modules:
            known.append(getattr(sys.modules[module], name))
    return tuple(known)
