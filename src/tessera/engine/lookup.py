"""Reading rows: one for `verify`, many for people."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from tessera.engine.storage import alias, storage
from tessera.models import Grant


def find(row: UUID) -> Grant | None:
    """The grant joined with its subject, in one statement, or `None`."""
    with storage():
        return Grant.objects.using(alias()).select_related("subject").filter(pk=row).first()


def grants_of(subject: AbstractBaseUser) -> QuerySet[Grant]:
    """All grants of a user, the newest first, ended ones too."""
    return Grant.objects.using(alias()).filter(subject_id=subject.pk).order_by("-id")
