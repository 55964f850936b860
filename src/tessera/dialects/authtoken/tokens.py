"""`Token`, as call sites written for `rest_framework.authtoken` know it, over our grants.

One thing cannot stay the same: a key can be read only when it is minted. So `create()` and `get_or_create()` always
mint a new one, unless they are told a key, and `.delete()` ends all tokens of the user. So "log in", "log out" and
"replace" keep their meaning.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.engine.adoption.key import adopt
from tessera.engine.issuance import Issued, issue
from tessera.engine.policy import Ask
from tessera.engine.proxies import ACCEPTED, PeersManager, PeersQuerySet, PeersToken, refuse
from tessera.engine.revocation import revoke
from tessera.engine.rows.spelling import key_of
from tessera.engine.verification import prove, verify
from tessera.errors import InvalidCredential, KeyTaken, SecretGone
from tessera.format.opaque import Purpose
from tessera.models import Grant, Kind

CLIENT = "authtoken"
"""The client of every grant that this dialect made."""


class TokenQuerySet(PeersQuerySet["Token"]):
    """What call sites of the peer ask of its tokens."""

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
        return found.with_subject(principal.subject).holding(key) if isinstance(found, Token) else found

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


@sensitive_variables()
def _known(user: AbstractBaseUser, key: str) -> "Token | None":
    """The token of `user` that has this adopted key and is accepted, or `None`."""
    try:
        _, grant = prove(key, {Purpose.ADOPTED}, clock.now())
    except InvalidCredential:
        return None
    return Token.of_issued(Issued(key, grant)) if grant.subject_id == key_of(user) else None


class TokenManager(PeersManager.from_queryset(TokenQuerySet)):  # type: ignore[misc]
    """The manager of live tokens."""


for _name in ("get", "create", "get_or_create"):
    # Django's step from the manager to the queryset holds the key, too, should a request crash.
    setattr(TokenManager, _name, sensitive_variables()(getattr(TokenManager, _name)))


class Token(PeersToken, Grant):
    """A grant, under the names that the peer's token has."""

    package = CLIENT
    gone = MappingProxyType({"key": "A key is not kept, so no query finds it: use Token.objects.get(key=…)."})
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
        return cls.of_grant(issued.grant).holding(issued.secret)

    def holding(self, secret: str) -> Self:
        """Have it know its key."""
        self._secret = secret
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

    @staticmethod
    def generate_key(*_: Any, **__: Any) -> NoReturn:
        """Refuse: a key that is only made opens nothing."""
        refuse(Token)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """End it, and every token of this dialect that the user has.

        Itself first: a token that was made elsewhere opens this dialect's doors, too, and a log-out has to end it.
        """
        ended = revoke(self, reason="deleted")
        if self.subject is not None:
            ended += revoke(subject=self.subject, client=CLIENT, reason="deleted")
        return ended, {"tessera.Token": ended}


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
