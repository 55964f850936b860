"""The keys that sign JWTs: which one signs, which are accepted, and which are published.

They are those of `JWT_KEYS`, or rows. A key has this life:

    made ─────── published, accepted ──── signs ──── the next signs ──── all that it signed has ended
          JWKS_MAX_AGE and RELOAD

So whoever keeps the published keys for `JWKS_MAX_AGE` meets none that he does not know, and each process here may keep
what it read for `RELOAD`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from threading import local

from django.core.signals import setting_changed
from django.db import connections
from django.db.models import Q, QuerySet
from django.db.models.signals import post_migrate
from django.views.decorators.debug import sensitive_variables

from tessera import conf
from tessera.engine.keyring import keyring, keys_named
from tessera.engine.rows.storage import alias, insist, storage
from tessera.engine.signing.ring import Held, Ring
from tessera.format.jwk import Key, generate, load, opened, sealed
from tessera.models import LONG_AGO, SigningKey

RELOAD = timedelta(minutes=1)
"""How old may be what a process knows of the table. What was done to a key elsewhere is known here by then."""

AT_MOST_EVERY = timedelta(seconds=10)
"""How often an id that nobody knows has the table read."""

SKEW = timedelta(minutes=1)
"""How much longer than it lives a token may be accepted somewhere (RFC 7519 §4.1.4)."""

SLACK = timedelta(hours=1)
"""How much longer than it has to a key is kept. So that is written once an hour, and not for each token."""


@sensitive_variables()
def signing_key(now: datetime, until: datetime) -> Key:
    """Return the key that signs a token which lives until then. If there is none, it is made.

    It is accepted and published for at least as long.

    Raises:
        StoreDown: the storage does not answer.
    """
    for ring_of in (_known, read):  # What was known may have changed.
        ring = ring_of(now)
        if ring.of_site:
            return next(iter(ring.of_site.values()))
        for held in ring.signers(now)[:1]:
            if held.key and _is_kept(held.row, until):
                return held.key
    return make(now, signs_from=ring.soonest(now), ends_at=until + SLACK)


def accepted(kid: str, now: datetime) -> Key | None:
    """Return the key of that id, if what it has signed is accepted.

    One that is not known has the table read, every ten seconds at the most: the key may just have been made elsewhere.

    Raises:
        StoreDown: the storage does not answer.
    """
    return _known(now).accepted_as(kid, now) or _known(now, AT_MOST_EVERY).accepted_as(kid, now)


def published(now: datetime) -> list[Key]:
    """Return the keys by which others verify: all that are accepted, save symmetric ones.

    Raises:
        StoreDown: the storage does not answer.
    """
    return [key for key in _known(now).accepted(now) if not key.is_symmetric]


def forget() -> None:
    """Have the keys read anew."""
    _memory.clear()


_memory: dict[str, Ring] = {}
"""What this process knows, by the database that it is from."""

_written = local()
"""The transaction of this thread in which the table was last written."""


def _known(now: datetime, age: timedelta = RELOAD) -> Ring:
    ring = _memory.get(alias())
    if ring is None or not ring.is_younger_than(age, now) or not (ring.block is None or _is_open(ring.block)):
        return read(now)
    return ring


@sensitive_variables()
def read(now: datetime) -> Ring:
    """Read the keys, whenever that was last done.

    Raises:
        StoreDown: the storage does not answer.
    """
    block = getattr(_written, "block", None)
    with storage:
        held = {row.pk: Held(row, _key_in(row)) for row in rows().order_by("signs_from", "pk")}
    ring = Ring(_of_site(), held, now, block if _is_open(block) else None)
    _memory[alias()] = ring
    return ring


def rows() -> QuerySet[SigningKey]:
    """The rows of keys of ours."""
    return SigningKey.objects.using(alias()).filter(package="")


def _is_open(block: object) -> bool:
    return any(block is each for each in connections[alias()].atomic_blocks)


def note_write() -> None:
    """Have this process read what it has just written."""
    blocks = connections[alias()].atomic_blocks
    _written.block = blocks[-1] if blocks else None
    forget()


@cache
@sensitive_variables()
def _of_site() -> Mapping[str, Key]:
    return {key.id: key for key in map(load, conf.jwt_keys())}


@sensitive_variables()
def _key_in(row: SigningKey) -> Key | None:
    keys = keys_named(row.pepper)
    try:
        key = None if keys is None else _opened(row.sealed, keys.seal)
    except ValueError:
        return None
    # A writer of the table may have put the key of one row into another, to bring it back.
    return key if key and key.id == row.pk else None


_opened = lru_cache(maxsize=64)(opened)
"""To prove a key of RSA takes longer than the whole request."""


def _is_kept(row: SigningKey, until: datetime) -> bool:
    """Whether the key is accepted until then, now if it was not before. One that has leaked is not."""
    if row.ends_at is not None and until + SKEW <= row.ends_at:
        return True
    ends_at = until + SLACK
    is_less = Q(ends_at=None) | Q(ends_at__gt=LONG_AGO, ends_at__lt=ends_at)
    kept = insist(lambda: rows().filter(is_less, pk=row.pk).update(ends_at=ends_at))
    note_write()
    return bool(kept)


@sensitive_variables()
def make(now: datetime, *, signs_from: datetime, ends_at: datetime | None = None, algorithm: str | None = None) -> Key:
    """Make a key, sealed under the newest pepper.

    Raises:
        StoreDown: the storage does not answer.
    """
    key, keys = generate(algorithm or conf.current().JWT_ALGORITHM), keyring()[0]
    row = SigningKey(
        id=key.id,
        algorithm=key.algorithm,
        sealed=sealed(key, keys.seal),
        pepper=keys.id,
        created_at=now,
        signs_from=signs_from,
        ends_at=ends_at,
    )
    with storage:
        row.save(using=alias(), force_insert=True)
    note_write()
    return key


def _changed(*, setting: str, **_: object) -> None:
    if setting in conf.OURS:
        _of_site.cache_clear()
        forget()


def _emptied(**_: object) -> None:
    forget()


setting_changed.connect(_changed, dispatch_uid="tessera.engine.signing.keys")
post_migrate.connect(_emptied, dispatch_uid="tessera.engine.signing.keys")
