"""The receivers of Django's signals about users who are saved or deleted. `tessera.apps` connects them."""

import logging
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from types import MappingProxyType
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Model
from django.utils.module_loading import import_string

from tessera.conf import current
from tessera.engine.bond import carry_over, is_mere_rehash
from tessera.engine.issuance import issue
from tessera.engine.letters import CLAIM
from tessera.engine.policy import Ask
from tessera.engine.rows.foreign import forget, tables
from tessera.engine.rows.spelling import key_of
from tessera.errors import NotAllowed
from tessera.models import Kind

logger = logging.getLogger("tessera")

_GIFTS = MappingProxyType[str, Callable[..., Ask]](
    {
        "TOKEN_FOR_NEW_USERS": partial(Ask, label="first"),
        "LETTER_FOR_NEW_USERS": partial(Ask, label="first", kind=Kind.LETTER, client=CLAIM),
    }
)
"""What new users are given, under the setting that names who is told of it."""

_REHASHED_FROM = "_tessera_rehashed_from"
"""The attribute that holds, while a user is saved, the hash that his grants are still bound to."""


def notice_rehash(instance: Model, raw: bool, using: str, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Before a user is saved: remember the stored hash, if only the hash is new and not the password."""
    # A save that failed has left it: with the next one, of a new password, the grants of the old would live on.
    vars(instance).pop(_REHASHED_FROM, None)
    if raw or not update_fields or "password" not in update_fields or not isinstance(instance, get_user_model()):
        return
    stored = (
        get_user_model()
        ._base_manager.using(using)
        .filter(pk=key_of(instance))
        .values_list("password", flat=True)
        .first()
    )
    if stored and is_mere_rehash(stored, instance):
        vars(instance)[_REHASHED_FROM] = stored


def carry_grants_over(instance: Any, **_: Any) -> None:
    """After a user was saved: bind the grants to the new hash of the same password."""
    stored = vars(instance).pop(_REHASHED_FROM, None)
    if stored is not None:
        carry_over(instance, stored)


def forget_old_keys(instance: Any, using: str, **_: Any) -> None:
    """Before a user is deleted: delete what tables of other packages, which Django no longer looks at, have of him."""
    for table in tables().values():
        forget(table, instance, using)


def models_of_users() -> Iterator[type[Model]]:
    """The user model and its proxies: as which of them a user is deleted, that one sends the signal."""
    users = get_user_model()
    return (model for model in apps.get_models() if model._meta.concrete_model is users._meta.concrete_model)


def give_token(instance: Model, created: bool, raw: bool, using: str, **_: Any) -> None:
    """After a user was created: issue what `TOKEN_FOR_NEW_USERS` and its like ask for, once that has committed."""
    if not created or raw or not isinstance(instance, get_user_model()):
        return
    for setting in _GIFTS:
        if getattr(current(), setting):
            transaction.on_commit(_giving(setting, key_of(instance), using), using=using, robust=True)


def _giving(setting: str, user_pk: Any, using: str) -> Callable[[], None]:
    def give() -> None:
        _give(setting, user_pk, using)

    return give


def _give(setting: str, user_pk: Any, using: str) -> None:
    # Read again: what is set between create() and the commit, the password above all, must not end the token at birth.
    user: AbstractBaseUser | None = get_user_model()._base_manager.using(using).filter(pk=user_pk).first()
    if user is None:
        return
    tell = import_string(getattr(current(), setting))
    try:
        issued = issue(_GIFTS[setting](subject=user))
    except NotAllowed as refusal:
        logger.info("no token for the new user %r: %r", user_pk, str(refusal))
        return
    try:
        tell(user, issued)
    except Exception as error:  # noqa: BLE001 - the user is made, whatever becomes of the news
        # Where it happened, and not what it said: that may hold the secret, as the URL of a request that failed does.
        trace = "".join(traceback.format_tb(error.__traceback__))
        logger.error("the new user %r was not told of a token: %s\n%s", user_pk, type(error).__name__, trace)
