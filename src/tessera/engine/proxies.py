"""Grants under the names of another package, whose call sites ask for them as for its own rows.

A dialect's token is a proxy of `Grant` with `PeersToken` before it and `PeersManager` for its `objects`.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.sql import Query

from tessera import clock
from tessera.engine.revocation import revoke
from tessera.engine.rows.lookup import live
from tessera.engine.rows.storage import alias, batches
from tessera.engine.verification import Principal
from tessera.format import scope
from tessera.format.opaque import Purpose
from tessera.models import Grant

T = TypeVar("T", bound=models.Model)

if TYPE_CHECKING:
    _Row = Grant
else:  # What has no table of its own stands beside the proxies, and is none.
    _Row = object

ACCEPTED = frozenset({Purpose.ACCESS, Purpose.PERSONAL, Purpose.ADOPTED})
"""The purposes that open the doors of such a dialect."""


class PeersQuery(Query):
    """Understands the peer's names wherever a query takes a name: in conditions, orders, values and expressions."""

    def names_to_path(self, names: Any, opts: Any, *args: Any, **kwargs: Any) -> Any:
        """Where Django turns each name into a column."""
        model: Any = self.model
        if opts is self.get_meta():
            if names[0] in model.gone:
                raise FieldError(model.gone[names[0]])
            names = [model.columns.get(names[0], names[0]), *names[1:]]
        return super().names_to_path(names, opts, *args, **kwargs)


class PeersQuerySet(models.QuerySet[T]):
    """What call sites of a peer ask of its tokens."""

    def __init__(self, model: Any = None, query: Any = None, using: str | None = None, hints: Any = None) -> None:
        super().__init__(model, query or PeersQuery(model), using, hints)

    def select_related(self, *fields: Any) -> Self:
        """As Django's, in the peer's names."""
        model: Any = self.model
        return super().select_related(*(model.columns.get(field, field) for field in fields))

    def refused(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse a write that the engine knows nothing of."""
        refuse(self.model)

    update = update_or_create = bulk_create = refused

    def delete(self) -> tuple[int, dict[str, int]]:
        """End these tokens, and no other of their users."""
        ended = sum(revoke(*batch, reason="deleted") for batch in batches(self.values_list("pk", flat=True)))
        return ended, {self.model._meta.label: ended}

    delete.queryset_only = True  # type: ignore[attr-defined]


class PeersManager(models.Manager.from_queryset(PeersQuerySet)):  # type: ignore[misc]
    """The manager of live tokens. One that has ended is not found, as the peer's deleted row would not be."""

    def get_queryset(self) -> Any:
        """The live tokens of this dialect."""
        return super().get_queryset().using(alias()).filter(live(clock.now()), client=self.model.package)


class PeersToken(_Row):
    """A grant, under the names that a peer's token has."""

    package: ClassVar[str]
    """The client of every grant that the dialect made."""

    columns: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"user": "subject", "user_id": "subject_id", "created": "created_at"}
    )
    """The peer's names of our columns."""

    gone: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The names of what is not kept, and what to do without it."""

    @classmethod
    def of_grant(cls, grant: Grant) -> Self:
        """The token of a grant that is in memory."""
        names = [field.attname for field in cls._meta.concrete_fields]
        return cls.from_db(alias(), names, [getattr(grant, name) for name in names]).with_subject(grant.subject)

    @classmethod
    def of_principal(cls, principal: Principal) -> Self:
        """The token that a request carried. It reads other columns when they are asked for."""
        subject = principal.subject
        known = {
            "id": principal.grant_id,
            "subject_id": None if subject is None else subject.pk,
            "scope": _spelt(principal.scope),
        }
        return cls.from_db(alias(), [*known], [*known.values()]).with_subject(subject)

    def with_subject(self, subject: AbstractBaseUser | None) -> Self:
        """Spare whoever asks for its user the query."""
        self._state.fields_cache["subject"] = subject
        return self

    @property
    def grant_id(self) -> Any:
        """The id of its grant, under the name that `Principal` has for it."""
        return self.pk

    @property
    def user(self) -> AbstractBaseUser | None:
        """The user whom it speaks for."""
        return self.subject

    @user.setter
    def user(self, user: AbstractBaseUser | None) -> None:
        """So that `Token(user=…)` comes as far as `save()`, whose error says the cure."""
        self.subject = user  # type: ignore[assignment]

    @property
    def user_id(self) -> Any:
        """The user's primary key, without a query."""
        return self.subject_id

    @property
    def created(self) -> datetime:
        """When it was made."""
        created: datetime = self.created_at
        return created

    def save(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a row that was written past the engine would hold no token, or end the one that it holds."""
        refuse(type(self))


def refuse(model: type[models.Model]) -> NoReturn:
    """Say that only the engine writes rows, and by what."""
    raise TypeError(f"A token is made by {model.__name__}.objects.create(user=…), one at a time, and never changed.")


@lru_cache(maxsize=1024)
def _spelt(words: frozenset[str]) -> str:
    """The scope as its column has it: each request asks for it."""
    return scope.join(words)
