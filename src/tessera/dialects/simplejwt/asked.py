"""What the site has asked of the peer, in `SIMPLE_JWT`: read at each use, and its own names taken for ours."""

from datetime import timedelta
from typing import Any, cast

from django.utils.module_loading import import_string

from tessera import peers

THEIRS, OURS = "rest_framework_simplejwt.", "tessera.dialects.simplejwt."


def asked(name: str) -> Any:
    """The value of that key, or the peer's default."""
    return getattr(peers.simplejwt(), name)


def named(value: Any) -> Any:
    """The class or function that the site has named. A name of the peer's is one of ours."""
    if not isinstance(value, str):
        return value
    return import_string(OURS + value.removeprefix(THEIRS) if value.startswith(THEIRS) else value)


def is_theirs(value: Any) -> bool:
    """Whether the site has left it as the peer has it."""
    return isinstance(value, str) and value.startswith(THEIRS)


def header_types() -> tuple[str, ...]:
    """The words before the token. The challenge of a 401 names the first."""
    told = asked("AUTH_HEADER_TYPES")
    return tuple(told) if isinstance(told, list | tuple) else (told,)


class Asked:
    """An attribute of a class that answers what the site asks now, and not what it asked when we were imported.

    The peer has it on the class, and sites read it there: `AccessToken.lifetime`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, token: object, owner: type) -> timedelta:
        return cast("timedelta", asked(self.name))
