"""Counters in the site's cache, each held to one of the `RATES`.

`add` and `incr` are atomic on Redis, Valkey and memcached: what comes at once does not slip past a counter.
"""

import hashlib
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.core.cache import BaseCache, caches

from tessera.conf import current
from tessera.errors import StoreDown, TooMany

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_UNSEEN = frozenset({"Mn", "Cf", "Cc"})
"""Marks on a letter, and what shows nothing at all."""

_CLIENT_ERRORS = (
    "redis.exceptions.RedisError",
    "valkey.exceptions.ValkeyError",
    "pymemcache.exceptions.MemcacheError",
    "pylibmc.Error",
)


class Rate(NamedTuple):
    """So many are `allowed` in each window of so many `seconds`."""

    allowed: int
    seconds: int


def parse_rate(rate: str) -> Rate:
    """`"10/minute"`, or `"10/m"`, as 10 in 60 seconds. A `ValueError` if it is not a rate."""
    number, _, period = rate.partition("/")
    # By its first letter alone, a month would be a minute.
    seconds = next((seconds for name, seconds in _SECONDS.items() if period and name.startswith(period)), None)
    if not number.isascii() or not number.isdigit() or seconds is None:
        raise ValueError(f"{rate!r} is no rate: write it like '10/minute'.")
    return Rate(int(number), seconds)


@dataclass(frozen=True, slots=True)
class Counter:
    """What one rate counts, from `who`, in the window of that moment."""

    rate: Rate
    key: str
    wait: int
    """Seconds until the next window."""

    def count(self) -> int:
        """Count one more, and return how many there were.

        Raises:
            StoreDown: the cache does not answer, or has lost the counter.
        """
        with store() as cache:
            cache.add(self.key, 0, self.rate.seconds * 2)
            try:
                return cache.incr(self.key)
            except ValueError as error:
                raise StoreDown("the cache lost the counter") from error

    def spend(self) -> None:
        """Count one more, and let it pass if it is within the rate.

        Raises:
            TooMany: it is not. It carries the seconds to wait.
            StoreDown: the cache does not answer, or has lost the counter.
        """
        counted = self.count()
        if counted > self.rate.allowed:
            raise TooMany(self.wait, is_first=counted == self.rate.allowed + 1)

    def is_spent(self) -> bool:
        """Whether the rate is used up."""
        with store() as cache:
            return bool(cache.get(self.key, 0) >= self.rate.allowed)

    def kept(self, value: int) -> int:
        """What was kept beside it first in this window: `value`, if nothing was."""
        with store() as cache:
            return int(cache.get_or_set(self.key, value, self.rate.seconds * 2) or 0)


def counter(name: str, now: datetime, *who: str) -> Counter | None:
    """The counter of the rate of that name, or `None` if the site sets no limit."""
    rate = current().rates()[name]
    if rate is None:
        return None
    parsed = parse_rate(rate)
    window, into = divmod(int(now.timestamp()), parsed.seconds)
    # Folded: one name has one counter, however it is spelt.
    return Counter(parsed, hashed(*map(_folded, (name, str(window), *who))), parsed.seconds - into)


def spend(name: str, now: datetime, *who: str) -> None:
    """Count one more, and let it pass if it is within the rate of that name."""
    if found := counter(name, now, *who):
        found.spend()


def hashed(*parts: str) -> str:
    """A key of the cache. Those are short and of few letters, and who tries to sign in is nobody's business."""
    told = "\x00".join(parts)
    return f"tessera:{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()}"


@contextmanager
def store() -> Iterator[BaseCache]:
    """The cache that counts. What its client raises when it does not answer becomes `StoreDown`."""
    try:
        yield caches[current().THROTTLE_CACHE]
    except _errors_of_clients() as error:
        raise StoreDown("cache") from error


def _folded(name: str) -> str:
    """`name` as the databases read it that read the loosest: those of MySQL and MariaDB see no accent, and no case."""
    bare = (each for each in unicodedata.normalize("NFKD", name) if unicodedata.category(each) not in _UNSEEN)
    return unicodedata.normalize("NFKC", "".join(bare)).casefold()


def _errors_of_clients() -> tuple[type[Exception], ...]:
    """What the client libraries of caches raise when a server does not answer, of those libraries that are loaded."""
    known = [OSError]
    for path in _CLIENT_ERRORS:
        module, _, name = path.rpartition(".")
        if module in sys.modules:
            known.append(getattr(sys.modules[module], name))
    return tuple(known)
