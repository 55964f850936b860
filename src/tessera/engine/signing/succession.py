"""One signing key follows another: for people, at a terminal."""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from functools import partial
from typing import NamedTuple

from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from tessera.conf import current
from tessera.engine.keyring import keyring
from tessera.engine.rows.storage import alias, insist, storage
from tessera.engine.signing.keys import RELOAD, make, note_write, read, rows
from tessera.engine.signing.ring import Held, Ring
from tessera.format.jwk import sealed, without_private
from tessera.models import LONG_AGO, SigningKey


class Standing(Enum):
    """What a key does at a moment."""

    SIGNS = "signs"
    NEXT = "next"
    """It is published, so that others know it when it signs."""

    ACCEPTED = "accepted"
    """It signs no more, and something that it signed may live."""

    LOCKED = "locked"
    """Its pepper is gone, so it is as good as gone."""

    ENDED = "ended"


class Told(NamedTuple):
    """A key, without the key."""

    id: str
    algorithm: str
    standing: Standing
    row: SigningKey | None
    """`None`: it is one of `JWT_KEYS`."""


def told(now: datetime) -> Iterator[Told]:
    """All keys: those of the site, then the rows, the newest first. A row of another package has that key's end.

    Raises:
        StoreDown: the storage does not answer.
    """
    ring = read(now)
    for place, key in enumerate(ring.of_site.values()):
        yield Told(key.id, key.algorithm, Standing.ACCEPTED if place else Standing.SIGNS, None)
    for held in reversed(list(ring.of_table.values())):
        yield Told(held.row.pk, held.row.algorithm, _standing(ring, held, now), held.row)
    with storage:
        others = list(_all_rows().exclude(package="").order_by("pk"))
    for row in others:
        is_trusted = Held(row, None).is_lived_on(now)
        yield Told(row.pk, row.algorithm, Standing.ACCEPTED if is_trusted else Standing.ENDED, row)


def make_next(now: datetime, *, algorithm: str | None = None, at_once: bool = False) -> SigningKey:
    """Make a key that is published now, and signs once everybody has had the time to read it, or `at_once`.

    If none signs, it does so at once. Those that are there move to the newest pepper, and what has long ended goes.

    Raises:
        LookupError: the keys are in the settings.
        StoreDown: the storage does not answer.
    """
    ring = read(now)
    if ring.of_site:
        raise LookupError('The keys of this site are those of TESSERA["JWT_KEYS"]: put a new one there.')
    waits = ring.signers(now) and not at_once
    signs_from = now + current().JWKS_MAX_AGE + RELOAD if waits else ring.soonest(now)
    key = make(now, signs_from=signs_from, algorithm=algorithm)
    _move_to_newest_pepper(ring)
    _forget_long_ended(ring, now)
    return read(now).of_table[key.id].row


class Retired(NamedTuple):
    """A key that signs no more, and the one that was made in its place, if there was no other."""

    row: SigningKey
    successor: SigningKey | None


def retire(kid: str, now: datetime, *, at_once: bool = False) -> Retired:
    """Have a key sign no more. What it has signed is accepted until it ends by itself, or, `at_once`, no more.

    If it was the last that could sign, another is made, for which others must not have to wait.

    Raises:
        LookupError: there is no such key in the database.
        StoreDown: the storage does not answer.
    """
    with storage:
        row = _all_rows().filter(pk=kid).first()
    if row is None:
        raise LookupError("There is no key of that id in the database.")
    # That of another package signs nothing here. It is trusted, or it is not.
    over = {"ends_at": LONG_AGO, "sealed": ""} if at_once or row.package else _without_private(read(now), row)
    insist(lambda: _all_rows().filter(pk=kid).update(retired_at=row.retired_at or now, **over))
    note_write()
    ring = read(now)
    needs_one = not (row.package or ring.of_site or ring.signers(now))
    successor = make_next(now, algorithm=row.algorithm) if needs_one else None
    with storage:
        row.refresh_from_db()
    return Retired(row, successor)


def _all_rows() -> QuerySet[SigningKey]:
    return SigningKey.objects.using(alias())


def _standing(ring: Ring, held: Held, now: datetime) -> Standing:
    signers = ring.signers(now)
    if held in signers:
        return Standing.NEXT if signers.index(held) else Standing.SIGNS
    if held.is_lived_on(now) or (held in ring.to_sign(now) and not held.key):
        return Standing.ACCEPTED if held.key else Standing.LOCKED
    return Standing.ENDED


@sensitive_variables()
def _without_private(ring: Ring, row: SigningKey) -> dict[str, str]:
    key, keys = ring.of_table[row.pk].key, keyring()[0]
    return {} if key is None else {"sealed": sealed(without_private(key), keys.seal), "pepper": keys.id}


def _move_to_newest_pepper(ring: Ring) -> None:
    for held in ring.of_table.values():
        if held.row.pepper != keyring()[0].id:
            insist(partial(_move, held))
    note_write()


@sensitive_variables()
def _move(held: Held) -> None:
    if held.key:
        keys = keyring()[0]
        # Unless it was retired since: what it had then must not come back.
        same = rows().filter(pk=held.row.pk, sealed=held.row.sealed)
        same.update(sealed=sealed(held.key, keys.seal), pepper=keys.id)


def _forget_long_ended(ring: Ring, now: datetime) -> None:
    # Not the last that has begun to sign, even if it was retired: by it those before it are known to be over.
    before = list(ring.of_table.values())[: -len(ring.to_sign(now)) - 1]
    long_ago = now - current().RETENTION
    over = [held.row.pk for held in before if not held.is_lived_on(long_ago) and held.row.created_at < long_ago]
    insist(lambda: rows().filter(pk__in=over).delete())
