"""The interface of `rest_framework_simplejwt`. Names are imported when first asked for: see `tessera.drf`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tessera.dialects.simplejwt.authentication import JWTAuthentication as JWTAuthentication
    from tessera.dialects.simplejwt.authentication import (
        JWTStatelessUserAuthentication as JWTStatelessUserAuthentication,
    )
    from tessera.dialects.simplejwt.tokens import AccessToken as AccessToken
    from tessera.dialects.simplejwt.tokens import RefreshToken as RefreshToken
    from tessera.dialects.simplejwt.tokens import SlidingToken as SlidingToken

_HOME = {
    "AccessToken": "tessera.dialects.simplejwt.tokens",
    "JWTAuthentication": "tessera.dialects.simplejwt.authentication",
    "JWTStatelessUserAuthentication": "tessera.dialects.simplejwt.authentication",
    "RefreshToken": "tessera.dialects.simplejwt.tokens",
    "SlidingToken": "tessera.dialects.simplejwt.tokens",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
