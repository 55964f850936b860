"""The room for what is signed, opened only where it is needed.

The package joserfc, which signs, comes with the extra `jwt`. Without it nothing is signed and nothing is looked at: a
system check says so, and no request fails.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables

from tessera.conf import current
from tessera.format.opaque import Opaque
from tessera.models import Grant

CURE = 'pip install "django-tessera[jwt]"'


@cache
def signing() -> Any:
    """The module `access`, or `None` without the package that it needs."""
    return import_module("tessera.engine.signing.access") if find_spec("joserfc") else None


@sensitive_variables()
def sign(grant: Grant, *, lifetime: timedelta | None = None, claims: Mapping[str, Any] | None = None) -> str:
    """Return the access token of `grant` as a JSON Web Token (RFC 9068), which other services can read.

    It is the one that the grant has now: it dies with the grant, and when that is refreshed. `lifetime` may end it
    sooner. The token of a grant that never ends lives for `ACCESS_LIFETIME`, because each has to have an end.

    `claims` are told beside those of `JWT_CLAIMS`, and never in place of what is always in one.

    Raises:
        ValueError: the token of such a grant is no access token, as that of a letter is none; or a claim cannot be
            written, or there are too many of them.
        StoreDown: there is no key in this process yet, and the storage does not answer.
        ImproperlyConfigured: the extra `jwt` is not installed.
    """
    if (room := signing()) is None:
        raise ImproperlyConfigured(f"Signing takes the package joserfc: {CURE}")
    token: str = room.sign(grant, lifetime=lifetime, claims=claims)
    return token


@sensitive_variables()
def sealed_in(grant: Grant, refresh_secret: str, claims: Mapping[str, Any], ends_at: datetime) -> str:
    """Return the refresh token of `grant` as a JSON Web Token, which tells a front end when it ends. See `envelope`.

    Raises:
        ValueError: a claim cannot be written, or there are too many of them.
        StoreDown: there is no key in this process yet, and the storage does not answer.
        ImproperlyConfigured: the extra `jwt` is not installed.
    """
    if signing() is None:
        raise ImproperlyConfigured(f"Signing takes the package joserfc: {CURE}")
    sealed: str = import_module("tessera.engine.signing.envelope").sealed_in(grant, refresh_secret, claims, ends_at)
    return sealed


def hands_out_signed() -> bool:
    """Whether this site's access tokens are JSON Web Tokens."""
    return current().ACCESS_FORMAT == "jwt" and signing() is not None


def signed_reading(secret: bytes, now: datetime | None) -> Opaque | None:
    """What a token says that was signed here; `None` where nothing is. See `access.reading`."""
    room = signing()
    read: Opaque | None = None if room is None else room.reading(secret, now)
    return read
