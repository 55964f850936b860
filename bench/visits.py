"""Who visits a candidate, and with what: users with a token each, strangers, one with very many tokens, newcomers."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

from bench import wire
from bench.candidates.candidate import Candidate
from bench.filling import forget
from bench.rounds import WARM_UP, Series
from bench.wire import Environ

PASSWORD = "lovelace-1843"
OTHERS = 1000
"""Tokens that the collector has beside the one that is presented."""

_addresses = count(1)


@dataclass(frozen=True)
class People:
    """The users of the site, the same for every candidate."""

    users: list[User]
    newcomers: list[User]
    """They log in, and have no token before."""

    @classmethod
    def arrive(cls, number: int = 64) -> "People":
        return cls(_people("user", number), _people("newcomer", number))


@dataclass(frozen=True)
class Visits:
    """The requests that a candidate gets; each list of headers is used in turn."""

    candidate: Candidate
    people: People
    headers: dict[str, list[str | None]]

    @classmethod
    def of(cls, candidate: Candidate, people: People) -> "Visits":
        return cls(candidate, people, _headers(candidate, people.users))

    def request(self, header: str | None) -> Environ:
        return wire.get(f"/{self.candidate.name}/", header)

    def log_in(self, user: User) -> Environ:
        # No address comes twice, so no throttle that counts by address ever has its fill.
        number = next(_addresses)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return wire.log_in(f"/{self.candidate.name}/login/", user.username, PASSWORD, address)

    def forget_newcomers(self) -> None:
        if self.candidate.store:
            forget(self.candidate.store, [user.pk for user in self.people.newcomers])

    def series(self, sort: str, requests: int) -> Series:
        """Requests of one sort, so many to be timed in each round."""
        requests += WARM_UP
        if sort == "login":
            return Series(_portions(self.log_in, self.people.newcomers, requests), self.forget_newcomers)
        return Series(_portions(self.request, self.headers[sort], requests))


def _portions(make: Callable[[Any], Environ], of: list[Any], size: int) -> Callable[[], list[Environ]]:
    forever: Iterator[Any] = cycle(of)
    return lambda: [make(one) for one in islice(forever, size)]


def _headers(candidate: Candidate, users: list[User]) -> dict[str, list[str | None]]:
    if candidate.mint is None or candidate.forge is None:
        return {"valid": [None]}
    valid = [candidate.mint(user) for user in users]
    headers: dict[str, list[str | None]] = {
        "valid": [*valid],
        "bare": [None],
        "forged": [candidate.forge(header) for header in valid],
        "random": [f"{header.split()[0]} {secrets.token_hex(4)}" for header in valid],
        "unknown": [_header_of_the_gone(candidate, candidate.mint)],
    }
    if candidate.store and candidate.store.many:
        (collector,) = _people(f"{candidate.name}-collector", 1)
        headers["crowd"] = [[candidate.mint(collector) for _ in range(OTHERS + 1)][OTHERS // 2]]
    return headers


def _header_of_the_gone(candidate: Candidate, mint: Callable[[Any], str]) -> str:
    """A token that was good. Where no row holds tokens, only the user can go."""
    (gone,) = _people(f"{candidate.name}-gone", 1)
    header = mint(gone)
    if candidate.store:
        forget(candidate.store, [gone.pk])
    else:
        gone.delete()
    return header


def _people(name: str, number: int) -> list[User]:
    encoded = make_password(PASSWORD)
    return [User.objects.create(username=f"{name}-{place}", password=encoded) for place in range(number)]
