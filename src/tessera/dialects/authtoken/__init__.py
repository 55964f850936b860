"""The interface of `rest_framework.authtoken`. Names are imported when first asked for: see `tessera.drf`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tessera.dialects.authtoken.authentication import TokenAuthentication as TokenAuthentication
    from tessera.dialects.authtoken.tokens import Token as Token
    from tessera.dialects.authtoken.views import AuthTokenSerializer as AuthTokenSerializer
    from tessera.dialects.authtoken.views import ObtainAuthToken as ObtainAuthToken
    from tessera.dialects.authtoken.views import obtain_auth_token as obtain_auth_token

_HOME = {
    "AuthTokenSerializer": "tessera.dialects.authtoken.views",
    "ObtainAuthToken": "tessera.dialects.authtoken.views",
    "Token": "tessera.dialects.authtoken.tokens",
    "TokenAuthentication": "tessera.dialects.authtoken.authentication",
    "obtain_auth_token": "tessera.dialects.authtoken.views",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
