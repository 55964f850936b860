"""Reading rows: one for `verify`, many for people."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from tessera.engine.bond import key_of
from tessera.engine.storage import alias, storage
from tessera.models import Grant


def find(row: UUID) -> Grant | None:
    """The grant joined with its subject, in one statement, or `None`."""
    with storage():
        return Grant.objects.using(alias()).select_related("subject").filter(pk=row).first()


def grants_of(subject: AbstractBaseUser) -> QuerySet[Grant]:
    """All grants of a user, the newest first, ended ones too."""
    rows, key = Grant.objects.using(alias()), key_of(subject)
    # To the database, nobody's grants are the machines'.
    return rows.none() if key is None else rows.filter(subject_id=key).order_by("-id")
