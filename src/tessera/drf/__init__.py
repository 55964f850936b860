"""The REST framework door.

REST framework imports the authentication classes of a site's defaults while its own `views` is half loaded. So no
authentication class stands beside a view, and this file imports nothing until a name is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tessera.drf.authentication import TokenAuthentication as TokenAuthentication
    from tessera.drf.endpoint import Endpoint as Endpoint
    from tessera.drf.permissions import HasScope as HasScope

_HOME = {
    "TokenAuthentication": "tessera.drf.authentication",
    "Endpoint": "tessera.drf.endpoint",
    "HasScope": "tessera.drf.permissions",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
