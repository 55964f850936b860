"""Who signs in, and then refreshes or logs out everywhere. Each is a new user, so nothing is to be tidied."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from django.contrib.auth.models import User

from bench import wire
from bench.candidates import OPEN
from bench.candidates.candidate import Lasting
from bench.filling import give
from bench.rounds import WARM_UP, Series
from bench.wire import Answer, Environ

TOKENS = 1000
"""That one user has, all of them live."""

_numbers = count(1)


@dataclass(frozen=True)
class SignIn:
    """What a user has of a candidate."""

    candidate: Lasting
    header: str
    refresh_token: str

    @classmethod
    def of(cls, candidate: Lasting, user: User | None = None) -> "SignIn":
        return cls(candidate, *candidate.sign_in(user or arrival(candidate)))

    def refresh(self) -> Environ:
        return wire.post(f"/{self.candidate.name}/refresh/", {self.candidate.field: self.refresh_token})

    def log_out_all(self) -> Environ:
        return wire.post(f"/{self.candidate.name}/log-out-all/", {}, self.header)

    def after(self, refreshed: Answer) -> "SignIn":
        """With the refresh token of that answer."""
        return SignIn(self.candidate, self.header, refreshed.body[self.candidate.field])


def arrival(candidate: Lasting, tokens: int = 0) -> User:
    """A new user, who has so many tokens already, if a user may have several."""
    user = User.objects.create(username=f"{candidate.name}-{next(_numbers)}", password="!")
    if tokens and candidate.store.many:
        give(candidate.store, user.pk, tokens)
    return user


def opens(requests: int) -> Series:
    """What the others are compared with: as much to read, and nothing to do."""
    body: dict[str, Any] = {"refresh_token": "x" * 128}
    return Series(lambda: [wire.post(f"/{OPEN}/", body) for _ in range(WARM_UP + requests)])


def refreshes(candidate: Lasting, requests: int) -> Series:
    return Series(lambda: [SignIn.of(candidate).refresh() for _ in range(WARM_UP + requests)])


def log_outs(candidate: Lasting) -> Series:
    """One of a user with very many tokens. Those that go untimed have one each: they run the same code."""
    others = [0] * WARM_UP + [TOKENS - 1]
    return Series(lambda: [SignIn.of(candidate, arrival(candidate, tokens)).log_out_all() for tokens in others])
