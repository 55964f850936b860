"""Reading what is typed at a terminal for a user, a token or a lifetime."""

import re
from collections.abc import Callable, Container
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management import CommandError

from tessera.conf import Lifetime
from tessera.engine.rows.lookup import grants
from tessera.engine.rows.storage import alias
from tessera.engine.verification import read
from tessera.errors import InvalidAsk, InvalidCredential
from tessera.format.opaque import MINTED, Purpose
from tessera.models import Grant

_UNITS = MappingProxyType({"m": "minutes", "h": "hours", "d": "days", "w": "weeks"})
_LIFETIME = re.compile(r"([0-9]{1,8})([mhdw])")
_HINT = re.compile(r"(?:[a-z0-9]{2,10}_)?([0-9a-f]{8})")


def user_named(name: str, *, unknown: str = "There is no user {}.") -> AbstractBaseUser:
    """The user whose natural key (`USERNAME_FIELD`) is `name`."""
    model = get_user_model()
    users: Any = model._default_manager.db_manager(alias())
    try:
        user: AbstractBaseUser = users.get_by_natural_key(name)
    # The second where the field cannot even hold what was typed: letters for a number.
    except (model.DoesNotExist, ValueError) as error:
        raise CommandError(unknown.format(name)) from error
    return user


def lifetime(text: str | None) -> Lifetime | None:
    """The lifetime that is written as `30m`, `12h`, `90d`, `2w` or `never`."""
    if text is None:
        return None
    if text == "never":
        return "never"
    match = _LIFETIME.fullmatch(text)
    if match is None:
        raise InvalidAsk(f"{text!r} is no lifetime: write it like 30m, 12h, 90d, 2w, or never.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def grants_named(word: str) -> list[Grant]:
    """The grants that `word` may mean: an id, a hint, or a whole secret."""
    meant = (which for reading in _READINGS if (which := reading(word)))
    return next((found for which in meant if (found := list(grants().filter(**which)))), [])


def _as_secret(word: str, accept: Container[Purpose] = MINTED) -> dict[str, Any] | None:
    # Its tag is proved: nobody gets another's token ended by a secret that he made up and says to have found. The rest
    # is not: a thief may have replaced it meanwhile, and what he has now is to end as well.
    try:
        return {"pk__in": [opaque.grant_id for opaque in read(word, accept, None)]}
    except InvalidCredential:
        return None


def _as_hint(word: str) -> dict[str, Any] | None:
    match = _HINT.fullmatch(word)
    return {"pk__endswith": match[1]} if match else None


def _as_id(word: str) -> dict[str, Any] | None:
    try:
        return {"pk": UUID(word)}
    except ValueError:
        return None


def _as_adopted(word: str) -> dict[str, Any] | None:
    # Last: a key may look like anything, a hint or an id among them.
    return _as_secret(word, {Purpose.ADOPTED})


_READINGS: tuple[Callable[[str], dict[str, Any] | None], ...] = (_as_secret, _as_hint, _as_id, _as_adopted)
