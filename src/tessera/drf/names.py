"""Who it is that wants to log in: by the name, or by the e-mail address in its place."""

import unicodedata
from collections.abc import Mapping
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from tessera.drf.login import NameAndPassword
from tessera.engine.rows.storage import storage


class NameOrEmail(NameAndPassword):
    """A name or an e-mail address, and a password. `username` is the name, whichever it was.

    `is_nobodys` says that it was an address, and that nobody has it, or two users. It is still the address then.
    """

    username = serializers.CharField(label=_("Username"), max_length=1024, required=False, write_only=True)
    email = serializers.EmailField(label=_("E-mail address"), max_length=254, required=False, write_only=True)

    def get_fields(self) -> dict[str, Any]:
        """Leave the address out where users have none, or where it is their name."""
        fields = super().get_fields()
        if _email_field() is None:
            del fields["email"]
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """Require the one or the other."""
        is_by_email = "email" in self.fields and isinstance(data, Mapping) and "email" in data
        self.fields["username"].required = not is_by_email
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Look up whose the address is."""
        if "email" in attrs:
            if "username" in attrs:
                raise serializers.ValidationError({"email": _("Send the name or the address, not both.")})
            address = attrs.pop("email")
            name = name_at(address)
            return {**attrs, "username": name or address, "is_nobodys": name is None}
        return {**attrs, "is_nobodys": False}


def name_at(address: str) -> str | None:
    """The name of the one active user with this e-mail address. `None` if there is none, or a second one."""
    name, address_of = get_user_model().USERNAME_FIELD, _email_field() or ""
    with storage:
        users = get_user_model()._default_manager.filter(**{f"{address_of}__iexact": address}).iterator()
        theirs = (user for user in users if user.is_active and _folded(getattr(user, address_of)) == _folded(address))
        found = list(islice(theirs, 2))
    return str(getattr(found[0], name)) if len(found) == 1 else None


def _email_field() -> str | None:
    users = get_user_model()
    name = users.get_email_field_name()
    try:
        users._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return None if name == users.USERNAME_FIELD else name


def _folded(address: str) -> str:
    # To a database, a dotless i may be an i: its domain is somebody else's.
    return unicodedata.normalize("NFKC", address).casefold()
