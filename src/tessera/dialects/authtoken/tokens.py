"""`Token`, as call sites written for `rest_framework.authtoken` know it, over our grants.

One thing cannot stay the same: a key can be read only when it is minted. So `create()` and `get_or_create()` always
mint a new one, unless they are told a key, and `.delete()` ends all tokens of the user. So "log in", "log out" and
"replace" keep their meaning.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Self

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldError
from django.db import IntegrityError, models
from django.db.models.sql import Query
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.engine.adoption import adopt
from tessera.engine.issuance import Issued, issue
from tessera.engine.policy import Ask
from tessera.engine.revocation import revoke
from tessera.engine.rows.lookup import live
from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, batches
from tessera.engine.verification import Principal, prove, verify
from tessera.errors import InvalidCredential, KeyTaken, SecretGone
from tessera.format import scope
from tessera.format.opaque import Purpose
from tessera.models import Grant, Kind

CLIENT = "authtoken"
"""The client of every grant that this dialect made."""

ACCEPTED = frozenset({Purpose.ACCESS, Purpose.PERSONAL, Purpose.ADOPTED})
"""The purposes that open the doors of this dialect."""

_COLUMNS = MappingProxyType({"user": "subject", "user_id": "subject_id", "created": "created_at"})
"""The peer's names of our columns."""


class TokenQuery(Query):
    """Understands the peer's names wherever a query takes a name: in conditions, orders, values and expressions."""

    def names_to_path(self, names: Any, opts: Any, *args: Any, **kwargs: Any) -> Any:
        """Where Django turns each name into a column."""
        if opts is self.get_meta():
            if names[0] == "key":
                raise FieldError("A key is not kept, so no query finds it: use Token.objects.get(key=…).")
            names = [_COLUMNS.get(names[0], names[0]), *names[1:]]
        return super().names_to_path(names, opts, *args, **kwargs)


def _refused(*_: Any, **__: Any) -> Any:
    """Only the engine writes rows: one that was written past it would hold no token, or end the one that it holds."""
    raise TypeError("A token is made by Token.objects.create(user=…), one at a time, and never changed.")


class TokenQuerySet(models.QuerySet["Token"]):
    """What call sites of the peer ask of its tokens."""

    def __init__(self, model: Any = None, query: Any = None, using: str | None = None, hints: Any = None) -> None:
        super().__init__(model, query or TokenQuery(model), using, hints)

    def select_related(self, *fields: Any) -> Self:
        """As Django's, in the peer's names."""
        return super().select_related(*(_COLUMNS.get(field, field) for field in fields))

    @sensitive_variables()
    def get(self, *args: Any, **kwargs: Any) -> "Token":
        """As Django's, with two additions. Of several tokens of one user, it is the newest: the peer has one for each.
        And a `key` is verified: the token that it opens is one of these, or does not exist.
        """
        if "key" in kwargs:
            return self._with_key(kwargs.pop("key"), *args, **kwargs)
        try:
            return super().get(*args, **kwargs)
        except self.model.MultipleObjectsReturned:
            found = self.filter(*args, **kwargs)
            if len(found.order_by().values_list("subject_id").distinct()[:2]) > 1:
                raise
            return found.order_by("-created_at", "-pk")[0]

    def _with_key(self, key: Any, *args: Any, **kwargs: Any) -> "Token":
        key = "" if key is None else str(key)
        try:
            principal = verify(key, accept=ACCEPTED)
        except InvalidCredential as error:
            raise self.model.DoesNotExist("No live token has this key.") from error
        found: Any = super().get(*args, **kwargs, pk=principal.grant_id)
        # After values() it is none.
        return found._holding(key, principal.subject) if isinstance(found, Token) else found

    @sensitive_variables()
    def create(self, *, user: AbstractBaseUser, key: str | None = None) -> "Token":  # type: ignore[override]
        """Mint a token for `user`, or adopt `key`. Only the object that this returns knows its `key`.

        Raises:
            IntegrityError: that key was adopted before, for whomever, and whether or not it has ended since.
        """
        if not key:
            return Token.of_issued(issue(Ask(subject=user, kind=Kind.PERSONAL, client=CLIENT)))
        try:
            return Token.of_issued(adopt(key, user, package=CLIENT))
        except KeyTaken as error:
            raise IntegrityError(str(error)) from error

    @sensitive_variables()
    def get_or_create(  # type: ignore[override]
        self, defaults: Mapping[str, Any] | None = None, *, user: AbstractBaseUser, key: str | None = None
    ) -> tuple["Token", bool]:
        """Mint a token for `user`, or adopt `key` unless the user has it, and say whether it is the only one."""
        wanted = {"key": key, **(defaults or {})}
        had_one = self.filter(subject=user).exists()  # type: ignore[misc]  # The stubs know one user model only.
        known = _known(user, wanted["key"]) if had_one and wanted["key"] else None
        # The stubs know the names of our columns only.
        return known or self.create(user=user, **wanted), not had_one  # type: ignore[misc]

    update = update_or_create = bulk_create = _refused

    def delete(self) -> tuple[int, dict[str, int]]:
        """End these tokens. Unlike `Token.delete()`, leave the user's others alone."""
        ended = sum(revoke(*batch, reason="deleted") for batch in batches(self.values_list("pk", flat=True)))
        return ended, {"tessera.Token": ended}

    delete.queryset_only = True  # type: ignore[attr-defined]


@sensitive_variables()
def _known(user: AbstractBaseUser, key: str) -> "Token | None":
    """The token of `user` that has this adopted key and is accepted, or `None`."""
    try:
        _, grant = prove(key, {Purpose.ADOPTED}, clock.now())
    except InvalidCredential:
        return None
    return Token.of_issued(Issued(key, grant)) if grant.subject_id == key_of(user) else None


class TokenManager(models.Manager.from_queryset(TokenQuerySet)):  # type: ignore[misc]
    """The manager of live tokens. One that has ended is not found, as the peer's deleted row would not be."""

    def get_queryset(self) -> TokenQuerySet:
        """The live tokens of this dialect."""
        queryset: TokenQuerySet = super().get_queryset()
        return queryset.using(alias()).filter(live(clock.now()), client=CLIENT)


for _name in ("get", "create", "get_or_create"):
    # Django's step from the manager to the queryset holds the key, too, should a request crash.
    setattr(TokenManager, _name, sensitive_variables()(getattr(TokenManager, _name)))


class Token(Grant):
    """A grant, under the names that the peer's token has."""

    objects: ClassVar = TokenManager()

    class Meta:
        proxy = True
        app_label = "tessera"
        default_permissions = ()
        verbose_name = _("token")
        verbose_name_plural = _("tokens")

    @classmethod
    def of_issued(cls, issued: Issued) -> Self:
        """The token of a grant that was just issued. It knows its key."""
        names = [field.attname for field in cls._meta.concrete_fields]
        token = cls.from_db(alias(), names, [getattr(issued.grant, name) for name in names])
        return token._holding(issued.secret, issued.grant.subject)

    @classmethod
    def presented(cls, principal: Principal, secret: str) -> Self:
        """The token that a request carried. It knows its key, and reads other columns when they are asked for."""
        subject = principal.subject
        known = {
            "id": principal.grant_id,
            "subject_id": None if subject is None else subject.pk,
            "scope": _spelt(principal.scope),
        }
        token = cls.from_db(alias(), [*known], [*known.values()])
        return token._holding(secret, subject)

    def _holding(self, secret: str, subject: AbstractBaseUser | None) -> Self:
        self._secret = secret
        self._state.fields_cache["subject"] = subject
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Leave the secret out: what is pickled ends up in caches and queues."""
        return {name: value for name, value in super().__getstate__().items() if name != "_secret"}

    @property
    def key(self) -> str:
        """The secret, where this very object was minted or presented.

        Raises:
            SecretGone: it was read from the database, which does not hold it.
        """
        secret: str | None = vars(self).get("_secret")
        if secret is None:
            raise SecretGone(
                "The key of a token can be read only where the token is made: "
                "use what Token.objects.create() answers, or mint another."
            )
        return secret

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

    save = _refused
    generate_key = staticmethod(_refused)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """End it, and every token of this dialect that the user has.

        Itself first: a token that was made elsewhere opens this dialect's doors, too, and a log-out has to end it.
        """
        ended = revoke(self, reason="deleted")
        if self.subject is not None:
            ended += revoke(subject=self.subject, client=CLIENT, reason="deleted")
        return ended, {"tessera.Token": ended}


@lru_cache(maxsize=1024)
def _spelt(words: frozenset[str]) -> str:
    """The scope as its column has it: each request asks for it."""
    return scope.join(words)


class NoAuthToken(Token.DoesNotExist, AttributeError):
    """The user has no live token. It is an `AttributeError`, so that `hasattr(user, "auth_token")` is false."""


class AuthTokenOfUser:
    """`user.auth_token`: the newest live token. Its `key` cannot be read any more; `.delete()` works."""

    def __get__(self, user: AbstractBaseUser | None, owner: type) -> Any:
        if user is None:
            return self
        # To the database, the tokens of nobody are the machines'.
        token = None if user.pk is None else Token.objects.filter(subject=user).order_by("-created_at", "-pk").first()
        if token is None:
            raise NoAuthToken(f"{owner.__name__} has no auth_token.")
        return token


def give_users_their_auth_token() -> None:
    """Give the user model its `auth_token`, unless it has an attribute of that name already."""
    user_model = get_user_model()
    if not hasattr(user_model, "auth_token"):
        user_model.auth_token = AuthTokenOfUser()  # type: ignore[attr-defined]
