"""The door to Django's own views, for a site without REST framework, or beside it.

Nothing is imported until a name is asked for: it could be asked for while the apps are still loading.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tessera.plain.decorators import token_required as token_required
    from tessera.plain.middleware import TokenMiddleware as TokenMiddleware

_HOME = {"TokenMiddleware": "tessera.plain.middleware", "token_required": "tessera.plain.decorators"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
