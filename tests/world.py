"""Two users, their sign-ins, and a site: the real ones beside those of the specification, and each answer compared."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings

from tessera import Ask, Issued, Kind, Purpose, issue, redeem, replace, verify
from tessera.engine.revocation import revoke_presented
from tessera.errors import TesseraError
from tessera.models import Grant
from tessera.testing import Clock
from tests.credentials import DOORS
from tests.specification import NEVER, REFRESH, TOKEN, Person, SignIn, Site

NAMES = ("ada", "eve")
REFRESHING = frozenset({Purpose.REFRESH})


class Slower(MD5PasswordHasher):
    """What the site prefers to MD5, or MD5 to this: whoever logs in then has the password hashed anew."""

    algorithm = "slower"


class Told(NamedTuple):
    """What a client is told at once: a pair, or a lone token."""

    access: str
    refresh: str


@dataclass(eq=False)
class Held:
    """A sign-in as its client holds it: all that it was ever told, and what is expected of it."""

    name: str
    row: UUID
    expected: SignIn
    told: list[Told] = field(default_factory=list)

    def earlier(self, steps: int) -> Told:
        return self.told[max(-1 - steps, -len(self.told))]

    def lives(self) -> bool:
        return self.expected.opens(self.expected.access) in {"", "Expired"}

    def is_pair(self) -> bool:
        return self.expected.refresh != ""


def told(issued: Issued) -> Told:
    """What its client hears of it."""
    return Told(issued.secret, issued.refresh_secret or "")


class World:
    """All of it. Each verb is asked, then the specification; then what both said is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.clock = self.open.enter_context(Clock(datetime(2026, 11, 23, 12, tzinfo=UTC)))
        self.open.enter_context(connection.execute_wrapper(self._count))
        self.writes = 0
        self.hashers = ["django.contrib.auth.hashers.MD5PasswordHasher", f"{__name__}.Slower"]
        self.site = Site(self.clock.time, ["pepper 1".ljust(32)])
        self.use_settings()
        self.people = {name: self.joined(name) for name in NAMES}
        self.held: list[Held] = []
        for name, kind in product(NAMES, (Kind.SIGN_IN, Kind.PERSONAL)):
            self.hand_out(name, kind)

    def teardown(self) -> None:
        """By hand: to flush every table takes longer than all the steps."""
        self.open.close()
        Grant.objects.all().delete()
        User.objects.all().delete()

    def hand_out(self, name: str, kind: Kind, lifetime: Any = None, idle: timedelta | None = None) -> None:
        person, is_pair, user = self.people[name], kind == Kind.SIGN_IN, User.objects.get(username=name)
        ask = Ask(subject=user, kind=kind, may_refresh=is_pair, lifetime=lifetime, idle_lifetime=idle)

        said, issued = self.said(lambda: issue(ask))

        assert said == ("" if person.is_active else "NotAllowed")
        if issued:
            last = NEVER if lifetime == "never" else self.site.now + (lifetime or TOKEN)
            idle = idle or (REFRESH if is_pair else None)
            expected = SignIn(self.site, person, idle, last, *told(issued))
            self.held.append(Held(name, issued.grant.pk, expected))
            self.take(self.held[-1], issued)

    def call(self, held: Held, secret: str) -> None:
        said, principal = self.said(lambda: verify(secret, accept=DOORS))

        assert said == held.expected.verify(secret)
        assert self.writes <= (not said)
        if principal:
            assert (principal.grant_id, principal.subject.username) == (held.row, held.name)
            assert (principal.grant.ends_at or NEVER) == held.expected.ends

    def trade(self, held: Held, secret: str) -> None:
        said, issued = self.said(lambda: redeem(secret, accept=REFRESHING))

        expected = held.expected.redeem(secret)
        assert said == expected.removeprefix("again")
        assert self.writes == (expected in {"", "Reused"})
        if expected == "again":
            assert told(issued) == (held.expected.access, held.expected.refresh)
        elif issued:
            held.expected.renew(secret, *told(issued))
            self.take(held, issued)

    def have_replaced(self, held: Held, secret: str) -> None:
        said, issued = self.said(lambda: replace(secret, accept=DOORS))

        assert (said, self.writes) == held.expected.replace(secret)
        if issued:
            held.expected.access = issued.secret
            self.take(held, issued)

    def end(self, held: Held, secret: str) -> None:
        said, ended = self.said(lambda: revoke_presented(secret, accept=DOORS | REFRESHING))

        assert (said or ended) == held.expected.sign_out(secret)

    def take(self, held: Held, issued: Issued) -> None:
        """Its client is told secrets that nobody was ever told, and that end when they should."""
        secrets = {*told(issued)} - {""}
        assert secrets.isdisjoint(self.site.pepper_of)
        ends = [each or NEVER for each in (issued.ends_at, issued.grant.ends_at)]
        assert (issued.grant.pk, ends) == (held.row, [held.expected.access_ends, held.expected.ends])
        self.site.pepper_of |= dict.fromkeys(secrets, self.site.peppers[0])
        held.told.append(told(issued))

    def said(self, ask: Callable[[], Any]) -> tuple[str, Any]:
        """The name of the error, or "" and the answer."""
        self.writes = 0
        try:
            return "", ask()
        except TesseraError as error:
            return type(error).__name__, None

    def nth(self, n: int, *, is_pair: bool | None = None) -> Held:
        """One of the sign-ins; 0 is the one that was used last.

        Those that have ended come after those that live. If none lives, all sign in anew: the dead are much alike.
        """

        def those() -> list[Held]:
            return sorted((each for each in self.held if is_pair in {None, each.is_pair()}), key=Held.lives)

        if not those()[-1].lives():
            for name in NAMES:
                self.hand_out(name, Kind.PERSONAL if is_pair is False else Kind.SIGN_IN)
        held = those()[-1 - n % len(those())]
        self.held.remove(held)
        self.held.append(held)
        return held

    def of(self, name: str) -> list[Held]:
        return [each for each in self.held if each.expected.person is self.people[name]]

    def turn_to(self, moment: datetime | None) -> None:
        if moment:
            self.clock.time = self.site.now = moment

    def joined(self, name: str) -> Person:
        User.objects.create_user(name, password=f"{name} 1")
        return Person()

    def password_of(self, name: str) -> str:
        return f"{name} {self.people[name].passwords}"

    def use_settings(self) -> None:
        peppers, hashers = [*self.site.peppers], [*self.hashers]
        self.open.enter_context(override_settings(TESSERA={"PEPPERS": peppers}, PASSWORD_HASHERS=hashers))

    def _count(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        self.writes += sql.startswith(("INSERT", "UPDATE", "DELETE"))
        return execute(sql, *rest)
