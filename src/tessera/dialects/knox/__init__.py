"""The interface of `knox`. Names are imported when first asked for: see `tessera.drf`.

The modules are called what the peer's are, so that a site's imports change in one word.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tessera.dialects.knox.auth import TokenAuthentication as TokenAuthentication
    from tessera.dialects.knox.models import AuthToken as AuthToken
    from tessera.dialects.knox.models import get_token_model as get_token_model
    from tessera.dialects.knox.serializers import UserSerializer as UserSerializer
    from tessera.dialects.knox.settings import knox_settings as knox_settings
    from tessera.dialects.knox.signals import token_expired as token_expired
    from tessera.dialects.knox.views import LoginView as LoginView
    from tessera.dialects.knox.views import LogoutAllView as LogoutAllView
    from tessera.dialects.knox.views import LogoutView as LogoutView

_HOME = {
    "AuthToken": "tessera.dialects.knox.models",
    "LoginView": "tessera.dialects.knox.views",
    "LogoutAllView": "tessera.dialects.knox.views",
    "LogoutView": "tessera.dialects.knox.views",
    "TokenAuthentication": "tessera.dialects.knox.auth",
    "UserSerializer": "tessera.dialects.knox.serializers",
    "get_token_model": "tessera.dialects.knox.models",
    "knox_settings": "tessera.dialects.knox.settings",
    "token_expired": "tessera.dialects.knox.signals",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
