"""`AuthToken`, as call sites written for knox know it, over our grants."""

from datetime import datetime, timedelta
from types import EllipsisType, MappingProxyType
from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from tessera import peers
from tessera.conf import Lifetime
from tessera.engine.issuance import issue
from tessera.engine.policy import Ask
from tessera.engine.proxies import PeersManager, PeersQuerySet, PeersToken, refuse
from tessera.engine.revocation import revoke
from tessera.models import Grant, Kind

CLIENT = "knox"
"""The client of every grant that this dialect made, and of those that were adopted from the peer's table."""


class AuthTokenQuerySet(PeersQuerySet["AuthToken"]):
    """What call sites of the peer ask of its tokens."""

    @sensitive_variables()
    def create(  # type: ignore[override]
        self, user: AbstractBaseUser, expiry: timedelta | EllipsisType | None = ..., prefix: str | None = None
    ) -> tuple["AuthToken", str]:
        """Mint a token for `user`, and return it with its secret, which can be read nowhere else.

        It lives for `expiry`, or for the `TOKEN_TTL` of `REST_KNOX`; `None` is for ever. It begins as all tokens of
        the site do: with `PREFIX`, whatever `prefix` says.

        Raises:
            InvalidAsk: what was given for a span is none.
            NotAllowed: the policy says no, or the user is not active, or has as many as he may have.
        """
        span = peers.knox().TOKEN_TTL if isinstance(expiry, EllipsisType) else expiry
        lifetime, idle_lifetime = _life(span)
        issued = issue(
            Ask(subject=user, kind=Kind.SIGN_IN, client=CLIENT, lifetime=lifetime, idle_lifetime=idle_lifetime)
        )
        return AuthToken.of_grant(issued.grant), issued.secret

    get_or_create = PeersQuerySet.refused  # It would not say the secret.


def _life(span: timedelta | None) -> tuple[Lifetime | None, timedelta | None]:
    """How long a token lives that is given `span`, and after what time without use it ends before that."""
    if span is None:
        return "never", None
    if isinstance(span, timedelta):  # Tests of a site's make one that is over.
        span = max(span, timedelta.resolution)
    # A token that is refreshed by its use lives for its own span each time, and not for that of the setting.
    return (peers.knox().AUTO_REFRESH_MAX_TTL, span) if peers.knox().AUTO_REFRESH else (span, None)


class AuthTokenManager(PeersManager.from_queryset(AuthTokenQuerySet)):  # type: ignore[misc]
    """The manager of live tokens."""

    create = sensitive_variables()(PeersManager.from_queryset(AuthTokenQuerySet).create)


class AuthToken(PeersToken, Grant):
    """A grant, under the names that the peer's token has."""

    package = CLIENT
    columns = MappingProxyType({**PeersToken.columns, "digest": "id", "expiry": "ends_at"})
    gone = MappingProxyType(
        {
            "token_key": "No letters of a token are kept, so no query finds it by them: "
            "use AuthToken.objects.get(pk=…), or tessera.verify()."
        }
    )
    objects: ClassVar = AuthTokenManager()

    class Meta:
        proxy = True
        app_label = "tessera"
        default_permissions = ()
        verbose_name = _("token")
        verbose_name_plural = _("tokens")

    @property
    def digest(self) -> Any:
        """What names its row, which the peer's digest does, too: the id. No digest leaves the database."""
        return self.pk

    @property
    def token_key(self) -> str:
        """What people may see of it: a piece of its id, and never letters of the token."""
        return self.hint

    @property
    def created(self) -> datetime:
        """When it was made."""
        return cast(datetime, _as_django_tells(self.created_at))

    @property
    def expiry(self) -> datetime | None:
        """When it ends, unless it is used before, if it has an idle end; `None` for never."""
        return _as_django_tells(self.ends_at)

    @expiry.setter
    def expiry(self, expiry: datetime | None) -> None:
        """Refuse: a token ends when it was said that it would, or sooner."""
        refuse(type(self))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """End it, and no other of its user."""
        ended = revoke(self, reason="deleted")
        return ended, {self._meta.label: ended}


def get_token_model() -> type[AuthToken]:
    """The model of the tokens. There is one."""
    return AuthToken


def _as_django_tells(moment: datetime | None) -> datetime | None:
    """A moment of ours, which are aware, as the site's own columns have it."""
    if moment is None or settings.USE_TZ:
        return moment
    return timezone.make_naive(moment, timezone.get_default_timezone())


class TokensOfUser(AuthTokenManager):
    """The live tokens of one user."""

    def __init__(self, user: AbstractBaseUser) -> None:
        super().__init__()
        self.model, self.user = AuthToken, user

    def get_queryset(self) -> Any:
        """Those of that user."""
        tokens = super().get_queryset()
        # To the database, the tokens of nobody are the machines'.
        return tokens.none() if self.user.pk is None else tokens.filter(subject=self.user)

    @sensitive_variables()
    def create(self, *args: Any, **kwargs: Any) -> tuple[AuthToken, str]:
        """Mint another, as `AuthToken.objects.create` does."""
        made: tuple[AuthToken, str] = AuthToken.objects.create(self.user, *args, **kwargs)
        return made


class AuthTokensOfUser:
    """`user.auth_token_set`."""

    def __get__(self, user: AbstractBaseUser | None, owner: type) -> Any:
        return self if user is None else TokensOfUser(user)


def give_users_their_auth_token_set() -> None:
    """Give the user model its `auth_token_set`, unless it has an attribute of that name already."""
    user_model = get_user_model()
    if not hasattr(user_model, "auth_token_set"):
        user_model.auth_token_set = AuthTokensOfUser()  # type: ignore[attr-defined]
