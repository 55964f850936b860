"""What the tests of the admin share: somebody at the browser, and an eye for secrets."""

import re

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Permission, User
from django.test import Client

from tessera.format.opaque import expression

TOKENS = "/admin/tessera/grant/"
ADD = f"{TOKENS}add/"
SECRET = re.compile(expression(["tsr"]))


def root() -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def staff(*permissions: str, name: str = "clerk") -> Client:
    """The browser of somebody who may do what is named: `"tessera.add_grant"`."""
    user = User.objects.create_user(name, is_staff=True)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return client


def asked(user: AbstractBaseUser | None, **other: str | list[str]) -> dict[str, str | list[str]]:
    """The form, filled in."""
    whom = "" if user is None else str(user.pk)
    return {"subject": whom, "label": "", "kind": "personal", "lifetime": "", **other}
