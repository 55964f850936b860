"""`knox_settings`: what the site wrote into `REST_KNOX`, as the peer's call sites ask for it."""

from types import MappingProxyType
from typing import Any

from django.utils.module_loading import import_string
from rest_framework.settings import api_settings

from tessera import peers

_IMPORTED = frozenset({"SECURE_HASH_ALGORITHM", "USER_SERIALIZER"})
"""Those that may be dotted paths."""

_MOVED = MappingProxyType({"knox.serializers.UserSerializer": "tessera.dialects.knox.serializers.UserSerializer"})
"""What a site may name of the peer's own, which need not be installed any more."""


class KnoxSettings:
    """Every key of `REST_KNOX`, read whenever it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "EXPIRY_DATETIME_FORMAT" and name not in peers.written("REST_KNOX"):
            return api_settings.DATETIME_FORMAT
        value = getattr(peers.knox(), name)
        return import_string(_MOVED.get(value, value)) if name in _IMPORTED and isinstance(value, str) else value


knox_settings = KnoxSettings()
