"""The bond between a grant and its subject: who it is, and the password it was made under."""

import hmac
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from tessera.format.fingerprint import fingerprint
from tessera.format.keys import Keys
from tessera.models import Grant


def key_of(subject: AbstractBaseUser) -> Any:
    """What a grant's row calls `subject`, spelt as the database spells it; `None` for nobody, or nobody saved.

    A UUID may have been given as text, and a child of the user model may have a primary key of its own.
    """
    if subject.pk is None:
        return None
    column = Grant._meta.get_field("subject").target_field
    return column.to_python(getattr(subject, column.attname))


def bond(keys: Keys, row: UUID, subject: AbstractBaseUser | None, *, to_password: bool) -> bytes:
    """The fingerprint that the grant `row` has while nothing has changed."""
    return fingerprint(
        keys,
        row,
        subject_key="" if subject is None else str(key_of(subject)),
        password=subject.password if subject is not None and to_password else None,
    )


def bond_kept(keys: Keys, grant: Grant) -> bool | None:
    """`None` where the bond is broken; else whether the password is part of it. The kept fingerprint itself tells."""
    for to_password in (True, False):
        intact = bond(keys, grant.pk, grant.subject, to_password=to_password)
        if hmac.compare_digest(bytes(grant.fingerprint), intact):
            return to_password
    return None
