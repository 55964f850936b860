"""Log-in attempts, counted before the password is looked at."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from tessera.engine.rates.counters import counter, hashed, spend, store

_KNOWN_FOR = 30 * 86400


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt, from `address`, to log in as `name`."""

    name: str
    address: str
    is_nobodys: bool = False
    """Whether `name` is an e-mail address that stands for no user's name."""

    @property
    def who(self) -> tuple[str, ...]:
        """Under what it is counted.

        Nobody's address apart from the same text as a name: as an address that is somebody's is counted under another
        name, a guesser could use up the one and learn from the other which of the two it is. So it must not be folded
        any further, either, than when it is looked up.
        """
        if not self.is_nobodys:
            return (self.name,)
        return "", hashed(self.name.upper(), unicodedata.normalize("NFKC", self.name).casefold())


def admit(attempt: Attempt, now: datetime) -> None:
    """Count the attempt, and let it through to the password check.

    Raises:
        TooMany: there were too many; it carries the seconds to wait.
        StoreDown: the cache does not answer. Guessing must not become free because of that.
    """
    spend("address", now, attempt.address)
    failures = counter("failures_of_name", now, *attempt.who)
    slowed = failures is not None and not _is_known(attempt) and failures.is_spent()
    spend("slowed" if slowed else "name_and_address", now, *attempt.who, attempt.address)


def note_failure(attempt: Attempt, now: datetime) -> None:
    """Count a wrong password."""
    if failures := counter("failures_of_name", now, *attempt.who):
        failures.count()


def note_success(attempt: Attempt) -> None:
    """Remember that this address has logged in under this name, so that strangers cannot slow it down.

    No counter is cleared.
    """
    with store() as cache:
        cache.set(_known(attempt), 1, _KNOWN_FOR)


def _is_known(attempt: Attempt) -> bool:
    if attempt.is_nobodys:
        return False
    with store() as cache:
        return bool(cache.get(_known(attempt)))


def _known(attempt: Attempt) -> str:
    # As it was spelt: whoever owns "ADA" has not signed in as "ada".
    return hashed("known", attempt.name, attempt.address)
