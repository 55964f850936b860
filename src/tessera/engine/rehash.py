"""A password hashed anew at log-in is the same password, and its grants live on.

Every feature release of Django raises the iterations, so every user's hash changes at the next log-in: `check_password`
then sets it again and saves it. The fingerprint cannot tell that from a new password; how it was saved can.
"""

import hmac
from itertools import islice

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import get_hasher, identify_hasher
from django.db.models import BinaryField, Case, F, Value, When

from tessera.engine.bond import bond, key_of
from tessera.engine.keyring import keyring
from tessera.engine.storage import alias, storage
from tessera.format.fingerprint import fingerprint
from tessera.models import Grant

BATCH = 200
"""Grants moved by one statement, well under any database's limit of parameters."""


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
    keys_by_id = {keys.id: keys for keys in keyring()}
    grants = iter(Grant.objects.using(alias()).filter(subject_id=key_of(user), revoked_at=None, pepper__in=keys_by_id))
    while step := list(islice(grants, BATCH)):
        moves = []
        for grant in step:
            keys = keys_by_id[grant.pepper]
            before = fingerprint(keys, grant.pk, str(key_of(user)), stored)
            if hmac.compare_digest(bytes(grant.fingerprint), before):
                after = bond(keys, grant.pk, user, to_password=True)
                moves.append(When(pk=grant.pk, fingerprint=before, then=Value(after, BinaryField())))
        if moves:
            with storage():
                Grant.objects.using(alias()).filter(pk__in=[grant.pk for grant in step]).update(
                    fingerprint=Case(*moves, default=F("fingerprint"))
                )


def _is_outdated(encoded: str) -> bool:
    try:
        hasher, preferred = identify_hasher(encoded), get_hasher()
    except ValueError:
        return False
    return hasher.algorithm != preferred.algorithm or preferred.must_update(encoded)
