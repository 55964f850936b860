"""The bond between a grant and its subject: who it is, and the password it was made under.

A password that is hashed anew at log-in is still the same password, so its grants must live on. That happens to every
user after each feature release of Django, which raises the iterations: `check_password` then stores a new hash. A
fingerprint cannot tell a new hash from a new password. The way in which the hash was saved can.
"""

import hmac
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import get_hasher, identify_hasher
from django.db import connections, transaction

from tessera.engine.keyring import keyring, keys_named
from tessera.engine.rows.spelling import key_of, prepared
from tessera.engine.rows.storage import alias, batches, insist
from tessera.format.fingerprint import fingerprint
from tessera.format.keys import Keys
from tessera.format.opaque import Opaque
from tessera.models import Grant


def bond(keys: Keys, row: UUID, subject: AbstractBaseUser | None, *, to_password: bool) -> bytes:
    """The fingerprint that the grant `row` has as long as its subject and the password stay the same."""
    if subject is None:
        return fingerprint(keys, row.bytes, "", None)
    return fingerprint(keys, row.bytes, str(key_of(subject)), subject.password if to_password else None)


def bond_kept(opaque: Opaque, found: Any) -> bool | None:
    """Whether the password is part of the bond of `found`, a grant or its standing. `None` if the bond is broken.

    The fingerprint itself tells. `opaque` has the keys under which it was made.
    """
    subject_key = "" if found.subject_id is None else str(found.subject_id)
    for password in (None,) if found.subject is None else (found.subject.password, None):
        if hmac.compare_digest(found.fingerprint, fingerprint(opaque.keys, opaque.row, subject_key, password)):
            return password is not None
    return None


def is_bound(grant: Grant, subject: AbstractBaseUser) -> bool:
    """Whether a grant of `subject` still has its bond, as far as its row tells."""
    keys = keys_named(grant.pepper)
    bonds = () if keys is None else (bond(keys, grant.pk, subject, to_password=each) for each in (True, False))
    return any(hmac.compare_digest(bytes(grant.fingerprint), each) for each in bonds)


def is_mere_rehash(stored: str, user: AbstractBaseUser) -> bool:
    """Whether `user`, about to be saved with only its password, holds the stored password in a newer hash.

    `check_password` sets the password, forgets the readable one and saves that field alone. It does so only when the
    stored hash is outdated. Whatever does not look like that is a change, and ends the grants.
    """
    # The class attribute is None as well: set_password alone puts one on the instance, check_password alone clears it.
    was_set_and_forgotten = vars(user).get("_password", "never set") is None
    return was_set_and_forgotten and _is_outdated(stored) and not _is_outdated(user.password)


def carry_over(user: AbstractBaseUser, stored: str) -> None:
    """Move the fingerprints of `user`'s grants from the hash `stored` to the one that the user has now."""
    keys_by_id, key = {keys.id: keys for keys in keyring()}, str(key_of(user))
    grants = Grant.objects.using(alias()).filter(subject_id=key_of(user), revoked_at=None, pepper__in=keys_by_id)
    for step in batches(grants):
        moves = []
        for grant in step:
            held = keys_by_id[grant.pepper]
            if not hmac.compare_digest(bytes(grant.fingerprint), fingerprint(held, grant.pk.bytes, key, stored)):
                continue
            # A refresh that has read the old hash may move the grant to the newest pepper still: so that comes second.
            for keys in dict.fromkeys((held, keyring()[0])):
                before = fingerprint(keys, grant.pk.bytes, key, stored)
                moves.append((bond(keys, grant.pk, user, to_password=True), grant.pk, before))
        insist(partial(_move, moves))


def _move(moves: list[tuple[bytes, UUID, bytes]]) -> None:
    """Write fingerprints, each in the place of the one before. One statement of the ORM for all takes far longer."""
    connection = connections[alias()]
    column, key = "fingerprint", "id"
    table = connection.ops.quote_name(Grant._meta.db_table)
    fields = (column, key, column)
    told = [[prepared(*each, connection) for each in zip(fields, move, strict=True)] for move in moves]
    with transaction.atomic(using=alias()), connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s", told)  # noqa: S608


def _is_outdated(encoded: str) -> bool:
    try:
        hasher, preferred = identify_hasher(encoded), get_hasher()
    except ValueError:
        return False
    return hasher.algorithm != preferred.algorithm or preferred.must_update(encoded)
