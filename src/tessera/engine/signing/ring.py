"""What a process knows of the keys that sign JWTs, and what follows from it at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tessera.format.jwk import Key
from tessera.models import SigningKey


@dataclass(frozen=True, slots=True)
class Held:
    """A row, and the key in it, unless that is gone or its pepper is."""

    row: SigningKey
    key: Key | None

    def has_begun(self, now: datetime) -> bool:
        """Whether it has signed. What was retired before never will."""
        return self.row.signs_from <= now and (
            self.row.retired_at is None or self.row.signs_from <= self.row.retired_at
        )

    def is_lived_on(self, now: datetime) -> bool:
        """Whether something lives that it has signed."""
        return self.row.ends_at is not None and now < self.row.ends_at


@dataclass(frozen=True, slots=True)
class Ring:
    """What a process knows of the keys."""

    of_site: Mapping[str, Key]
    """Those of `JWT_KEYS`, the first first. If there are any, no row signs."""

    of_table: Mapping[str, Held]
    """The rows, as they come to sign."""

    read_at: datetime
    block: object = None
    """The transaction in which the table was written before it was read. It may be rolled back, so this holds in it
    alone."""

    def is_younger_than(self, age: timedelta, now: datetime) -> bool:
        """Whether it may be gone by. The clock may have been put back."""
        return abs(now - self.read_at) < age

    def soonest(self, now: datetime) -> datetime:
        """From when one that is made now may sign: after whatever has begun to, by this clock or a faster one."""
        begun = [each.row.signs_from for each in self.of_table.values() if each.has_begun(now)]
        latest: datetime = max([now, *(signs_from + timedelta.resolution for signs_from in begun)])
        return latest

    def to_sign(self, now: datetime) -> list[Held]:
        """The row that signs, and those that will. One that another has followed never signs again."""
        held = list(self.of_table.values())
        begun = [place for place, each in enumerate(held) if each.has_begun(now)]
        return [each for each in held[begun[-1] if begun else 0 :] if each.row.retired_at is None]

    def signers(self, now: datetime) -> list[Held]:
        """Those of them that can: the first does. If there are keys of the site, none does."""
        return [] if self.of_site else [held for held in self.to_sign(now) if held.key]

    def accepted(self, now: datetime) -> list[Key]:
        """The keys whose tokens are accepted."""
        return [key for kid in (*self.of_site, *self.of_table) if (key := self.accepted_as(kid, now))]

    def accepted_as(self, kid: str, now: datetime) -> Key | None:
        """The one of that id. It is asked for each token, so what is most often so is looked at first."""
        held = self.of_table.get(kid)
        if held is None or kid in self.of_site:
            return self.of_site.get(kid)
        return held.key if held.is_lived_on(now) or held in self.signers(now) else None
