"""The peer's rows, as far as its call sites look at them: the sign-ins of a user, and their end."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.engine.proxies import PeersManager, PeersQuerySet, PeersToken
from tessera.engine.revocation import revoke
from tessera.engine.rows.storage import alias
from tessera.models import Grant

_ID = re.compile(r"([0-9a-f]{32})(?:\.\d+)?")
_NO_ROW = UUID(int=0)
_COLUMNS = MappingProxyType(
    {
        "user": "subject",
        "user_id": "subject_id",
        "jti": "id",
        "expires_at": "ends_at",
        "blacklistedtoken": "revoked_at",
        "blacklisted_at": "revoked_at",
    }
)
_GONE = MappingProxyType({"token": "A token is not kept, so no query finds it: use jti, which its payload has."})


def row_of(jti: Any) -> UUID:
    """The row that a `jti` names; for what names none, the id of no row."""
    named = _ID.fullmatch(jti) if isinstance(jti, str) else None
    return UUID(named[1]) if named else _NO_ROW


class OutstandingQuerySet(PeersQuerySet["OutstandingToken"]):
    """Looks a `jti` up by the row that it names."""

    def _filter_or_exclude_inplace(self, negate: bool, args: Any, kwargs: Any) -> None:
        told = {_named(name): _valued(name, value) for name, value in kwargs.items()}
        super()._filter_or_exclude_inplace(negate, args, told)  # type: ignore[misc]


def _named(name: str) -> str:
    return name.removeprefix("token__")


def _valued(name: str, value: Any) -> Any:
    match _named(name).split("__"):
        case ["jti"] | ["jti", "exact"]:
            return row_of(value)
        case ["jti", "in"]:
            return [row_of(each) for each in value]
    return value


class OutstandingManager(PeersManager.from_queryset(OutstandingQuerySet)):  # type: ignore[misc]
    """The manager of all tokens of this dialect. As at the peer, one that has ended is still there for a while."""

    def get_queryset(self) -> Any:
        """The tokens of this dialect."""
        rows = models.Manager.from_queryset(OutstandingQuerySet).get_queryset(self)
        return rows.using(alias()).filter(client=self.model.package)


class OutstandingToken(PeersToken, Grant):
    """A sign-in, under the names that the peer's row has. It holds no token."""

    package = "simplejwt"
    columns: ClassVar[Mapping[str, str]] = _COLUMNS
    gone: ClassVar[Mapping[str, str]] = _GONE
    objects: ClassVar = OutstandingManager()

    class Meta:
        proxy = True
        app_label = "tessera"
        default_permissions = ()
        verbose_name = _("token")
        verbose_name_plural = _("tokens")

    @property
    def jti(self) -> str:
        """Which it is, as its payload says."""
        return f"{self.pk.hex}.{self.generation or 0}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """End it."""
        return revoke(self, reason="deleted"), {}


class BlacklistedManager(OutstandingManager):
    """The manager of what was ended."""

    def get_queryset(self) -> Any:
        """Of the tokens of this dialect, those."""
        return super().get_queryset().filter(revoked_at__isnull=False)

    def get_or_create(self, defaults: Any = None, *, token: Grant) -> tuple["BlacklistedToken", bool]:
        """End a token. Whether it was live."""
        ended = revoke(token, reason="blacklisted")
        return BlacklistedToken.of_grant(token), ended > 0

    def create(self, *, token: Grant) -> "BlacklistedToken":
        """End a token."""
        return self.get_or_create(token=token)[0]


class BlacklistedToken(PeersToken, Grant):
    """A sign-in that was ended, under the names that the peer's row has."""

    package = "simplejwt"
    columns: ClassVar[Mapping[str, str]] = _COLUMNS
    objects: ClassVar = BlacklistedManager()

    class Meta:
        proxy = True
        app_label = "tessera"
        default_permissions = ()
        verbose_name = _("token")
        verbose_name_plural = _("tokens")

    @property
    def token(self) -> OutstandingToken:
        """The sign-in itself."""
        return OutstandingToken.of_grant(self)

    @property
    def blacklisted_at(self) -> Any:
        """When it was ended."""
        return self.revoked_at
