"""Log-in with a name and a password."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers

from tessera import clock
from tessera.engine.rates.attempts import Attempt, admit, note_failure, note_success
from tessera.engine.rows.storage import storage
from tessera.errors import TooMany
from tessera.models import Grant
from tessera.signals import login_failed
from tessera.web.origin import address_of

audit = logging.getLogger("tessera.audit")


class Failure(StrEnum):
    """Why a log-in failed."""

    CREDENTIALS = "credentials"
    """No back end knows this name with this password. Django's own says the same of a user who is not active."""

    INACTIVE = "inactive"
    """A back end let a user in who is not active."""

    TOO_MANY = "too_many"
    """There were too many attempts, and the password was not looked at."""


class NameAndPassword(serializers.Serializer[Any]):
    """A name and a password. `username` carries the value of `USERNAME_FIELD`, whose own name is understood too."""

    username = serializers.CharField(label=_("Username"), max_length=1024, write_only=True)
    password = serializers.CharField(
        label=_("Password"), max_length=4096, trim_whitespace=False, write_only=True, style={"input_type": "password"}
    )

    def to_internal_value(self, data: Any) -> Any:
        """Accept the name under the field's own name, too."""
        name = get_user_model().USERNAME_FIELD
        if isinstance(data, Mapping) and name in data and "username" not in data:
            data = {**{key: data[key] for key in data}, "username": data[name]}
        return super().to_internal_value(data)


@sensitive_variables()
def log_in(
    request: HttpRequest | None, name: str, password: str, *, is_nobodys: bool = False, field: str | None = None
) -> AbstractBaseUser | None:
    """Return the user whom the site's authentication backends recognise, or `None`. No session is opened.

    Some call sites of the peers pass no request. All their attempts for one name then count as coming from one address.

    With `is_nobodys`, the name is an e-mail address that stands for no name. It is tried all the same, for the same
    work, and lets in nobody.

    `field` is what the backends are told that the name is, if not `USERNAME_FIELD`.

    Raises:
        TooMany: there were too many attempts; the password was not looked at.
        StoreDown: the database or the cache does not answer.
    """
    now, attempt = clock.now(), Attempt(name, address_of(request), is_nobodys)
    try:
        admit(attempt, now)
    except TooMany as error:
        if error.is_first:
            _tell(request, attempt, Failure.TOO_MANY)
        raise
    credentials = {field or get_user_model().USERNAME_FIELD: name, "password": password}
    with storage:
        user = authenticate(request, **credentials)
        if user is None or not user.is_active or is_nobodys:
            note_failure(attempt, now)
            if user is not None:  # a back end that lets inactive users in, or a name that is like an address: not here
                user_login_failed.send(
                    sender=__name__, credentials={**credentials, "password": "*" * 20}, request=request
                )
            _tell(request, attempt, Failure.INACTIVE if user is not None and not is_nobodys else Failure.CREDENTIALS)
            return None
        note_success(attempt)
        user_logged_in.send(sender=type(user), request=request, user=user)
    return user


def _tell(request: HttpRequest | None, attempt: Attempt, reason: Failure) -> None:
    # Never the name: who is in the wrong field types the password there.
    login_failed.send_robust(Grant, request=request, reason=reason)
    audit.info("login failed: %s address=%r", reason, attempt.address)
