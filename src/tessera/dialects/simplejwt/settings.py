"""`api_settings`, as sites read it: what is in `SIMPLE_JWT`, or the peer's default."""

from typing import Any

from tessera.dialects.simplejwt.asked import asked, named

_NAMED = frozenset({"AUTH_TOKEN_CLASSES", "JSON_ENCODER", "USER_AUTHENTICATION_RULE"})


class ApiSettings:
    """Answers each key at each use."""

    def __getattr__(self, name: str) -> Any:
        value = asked(name)
        if name not in _NAMED:
            return value
        return tuple(map(named, value)) if isinstance(value, list | tuple) else named(value)


api_settings = ApiSettings()
