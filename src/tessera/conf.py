"""The site's choices: `TESSERA = {…}` in its settings, one frozen object here."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from django.conf import settings as django_settings
from django.core.signals import setting_changed

Pepper = str | bytes | Callable[[], str | bytes]
Lifetime = timedelta | Literal["never"]

DEFAULT_LOGIN_RATES: Mapping[str, str] = MappingProxyType(
    {"name_and_address": "10/minute", "address": "60/minute", "failures_of_name": "100/hour", "slowed": "1/minute"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Every setting, its default, and what it is for. All spans are `timedelta`."""

    PREFIX: str | tuple[str, ...] = "tsr"
    """What every token of this site begins with, so that secret scanners find a leaked one: 2 to 10 of `a-z0-9`. Of
    several, the first mints and all are understood."""

    PEPPERS: tuple[Pepper, ...] = field(default=(), repr=False)
    """The secrets that key every tag, digest and fingerprint, 32 bytes or more each: text, bytes, or a callable that
    answers one (a key service). The first mints, all are understood. `manage.py tessera pepper` makes one. Unset, they
    are derived from `SECRET_KEY` and `SECRET_KEY_FALLBACKS`, which `check --deploy` refuses."""

    REALM: str = "api"
    """The name of this deployment. It enters every key and stands in the challenge (RFC 9110 §11.5): with the realm
    changed, every token made before is dead. Give staging and production different ones,
    in printable ASCII."""

    TOKEN_LIFETIME: Lifetime = timedelta(days=365)
    """How long a token lives for which nobody asked otherwise. `"never"` has to be spelled out."""

    UNBOUND_KINDS: tuple[str, ...] = ()
    """Kinds of token that outlive a changed password, such as `("machine",)`. Decided when the token is made."""

    LAST_USED_INTERVAL: timedelta | None = timedelta(minutes=10)
    """How often at most the last use of a token is written down. `None`: never."""

    RETENTION: timedelta = timedelta(days=30)
    """How long the row of an ended token is kept for people to look at, before `manage.py tessera prune` takes it."""

    TOKEN_FOR_NEW_USERS: str | None = None
    """The dotted path of a callable `(user, issued)`: every new user is given a token, and the callable tells it to
    somebody, because `issued.secret` can be read this once only."""

    POLICY: str = "tessera.engine.policy.Policy"
    """The dotted path of the class that says what may be had."""

    THROTTLE_CACHE: str = "default"
    """The alias of the cache that counts log-ins. It must count atomically: Redis, Valkey or memcached where more than
    one process serves."""

    LOGIN_RATES: Mapping[str, str | None] = field(default_factory=dict)
    """How many log-ins are let through to the password check, where a site wants other numbers than the default.
    `name_and_address` (10/minute) and `address` (60/minute) count attempts. Past `failures_of_name` (100/hour), an
    address that never signed in under that name gets `slowed` (1/minute) instead of `name_and_address`: a guesser with
    many addresses is slowed, and nobody is locked out. `None` counts nothing."""

    def prefixes(self) -> tuple[str, ...]:
        """`PREFIX` as a tuple."""
        return (self.PREFIX,) if isinstance(self.PREFIX, str) else tuple(self.PREFIX)

    def login_rates(self) -> Mapping[str, str | None]:
        """`LOGIN_RATES` over the defaults."""
        return {**DEFAULT_LOGIN_RATES, **self.LOGIN_RATES}


NAMES = frozenset(field.name for field in fields(Settings))


def raw(name: str = "TESSERA") -> Any:
    """What the site wrote under `name`, unproved: the system checks prove it."""
    return getattr(django_settings, name, {})


@cache
def current() -> Settings:
    """The site's choices, read when first asked and again after they change.

    A name that is no setting is left out here and refused by the system check `tessera.E002`.
    """
    return Settings(**{name: value for name, value in raw().items() if name in NAMES})


@cache
def peppers() -> tuple[bytes, ...]:
    """`PEPPERS` as bytes, or what stands in for them. A key service is asked once."""
    return tuple(_to_bytes(pepper() if callable(pepper) else pepper) for pepper in current().PEPPERS) or tuple(
        map(_derived, (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS))
    )


def secret_key_pepper() -> bytes:
    """What stands in for a pepper while there is none. The last of `PEPPERS`, it keeps the tokens made until then."""
    return _derived(django_settings.SECRET_KEY)


def _derived(secret: str | bytes) -> bytes:
    return hmac.digest(b"tessera/1/django", _to_bytes(secret), "sha256")


def _to_bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def _changed(*, setting: str, **_: object) -> None:
    if setting in {"TESSERA", "SECRET_KEY", "SECRET_KEY_FALLBACKS"}:
        current.cache_clear()
        peppers.cache_clear()


setting_changed.connect(_changed, dispatch_uid="tessera.conf")
