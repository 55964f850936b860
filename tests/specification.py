"""The life of a sign-in, as its specification: plain Python, which shares no code with the package.

`tests/test_state_machine.py` holds the engine to it. An answer is the name of an error, or "" for yes.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

WINDOW, RETRY_LIMIT = timedelta(seconds=10), timedelta(days=1)
ACCESS, REFRESH, TOKEN = timedelta(minutes=15), timedelta(days=30), timedelta(days=365)
RECORDED, RETENTION = timedelta(minutes=10), timedelta(days=30)
SLIDING = timedelta(minutes=1)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(eq=False)
class Site:
    """The time, the peppers in use, and with which one each token was minted."""

    now: datetime
    peppers: list[str]
    pepper_of: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Person:
    """A user."""

    passwords: int = 1
    """How many there were: one that is hashed anew is no other."""

    is_active: bool = True


@dataclass(eq=False)
class SignIn:
    """A pair; or a lone token, which is an access token without a refresh token."""

    site: Site
    person: Person
    idle: timedelta | None
    last: datetime
    access: str
    refresh: str = ""

    before: str | None = None
    """The access token before the current one."""

    parent: str | None = None
    """The refresh token that the current pair was traded for."""

    rotated: datetime | None = None
    used: datetime | None = None
    is_seen: bool = False
    revoked: datetime | None = None
    is_gone: bool = False

    def __post_init__(self) -> None:
        self.password = self.person.passwords
        self.slide()

    def slide(self) -> None:
        self.ends = min(self.site.now + self.idle, self.last) if self.idle else self.last
        self.access_ends = min(self.site.now + ACCESS, self.ends) if self.refresh else self.ends

    def verify(self, token: str) -> str:
        answer = self.opens(token)
        interval = SLIDING if self.idle and not self.refresh else RECORDED
        is_due = not self.is_seen or self.used is None or self.used <= self.site.now - interval
        if token == self.access and not answer and is_due:
            self.used = self.site.now
            self.see()
            if not self.refresh:
                self.slide()
        return answer

    def see(self) -> None:
        self.is_seen = True
        if self.rotated and self.site.now >= self.rotated + WINDOW:
            self.parent = None

    def opens(self, token: str) -> str:
        if self.site.pepper_of[token] not in self.site.peppers:
            return "Malformed"
        if token != self.access and not (token == self.before and self.is_rotated_within(WINDOW)):
            return "Unknown"
        is_over = token == self.access and self.site.now >= self.access_ends
        return self.has_ended() or ("Expired" if is_over else self.is_barred())

    def redeem(self, token: str) -> str:
        """It may also say "again": the pair is told again, and stays as it is."""
        if self.site.pepper_of[token] not in self.site.peppers:
            return "Malformed"
        if answer := self.has_ended():
            return answer
        is_again = token == self.parent and self.is_rotated_within(WINDOW)
        is_retry = token == self.parent and self.is_rotated_within(RETRY_LIMIT) and not self.is_seen
        if token == self.refresh or is_again or is_retry:
            return self.is_barred() or ("again" if is_again else "")
        self.revoke()
        return "Reused"

    def renew(self, token: str, access: str, refresh: str) -> None:
        """What follows when `redeem` says yes."""
        stays = token == self.refresh and self.site.now < self.access_ends
        self.before, self.parent = self.access if stays else None, token
        self.access, self.refresh = access, refresh
        self.rotated, self.is_seen = self.site.now, False
        self.slide()

    def replace(self, token: str) -> tuple[str, int]:
        """Also, how much is written: who asks with the access token of a pair has that pair."""
        answer = self.opens(token)
        if answer or not self.refresh:
            return answer, int(not answer)
        is_new = self.rotated is not None and not self.is_seen
        if is_new and token == self.access:
            self.see()
        return "NotAllowed", int(is_new)

    def sign_out(self, token: str) -> str | int:
        if self.site.pepper_of[token] not in self.site.peppers:
            return "Malformed"
        return self.revoke() if self.refresh or token == self.access else 0

    def revoke(self) -> int:
        is_live = not self.is_gone and not self.revoked
        self.revoked = self.revoked or self.site.now
        return int(is_live)

    def prune(self) -> int:
        is_over = not self.is_gone and (self.revoked or self.ends) < self.site.now - RETENTION
        self.is_gone |= is_over
        return int(is_over)

    def is_rotated_within(self, span: timedelta) -> bool:
        return self.rotated is not None and abs(self.site.now - self.rotated) < span

    def has_ended(self) -> str:
        if self.is_gone:
            return "Unknown"
        return "Revoked" if self.revoked else "Expired" if self.site.now >= self.ends else ""

    def is_barred(self) -> str:
        if not self.person.is_active:
            return "SubjectGone"
        return "PasswordChanged" if self.password != self.person.passwords else ""
