"""A user's password is set, and its hash made anew."""

import re
from functools import partial
from typing import Any
from unittest.mock import patch

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.test import Client, override_settings

from tests.admin import root
from tests.life import ANOTHER, PASSWORD, Way, World, post
from tests.life.users import in_code, save_that_field
from tests.management.terminal import called
from tests.recording import CountingHasher

HASH = make_password(ANOTHER, hasher="md5")
UNUSABLE = make_password(None)

hashing_anew: Any = override_settings(
    PASSWORD_HASHERS=["tests.recording.CountingHasher", "django.contrib.auth.hashers.MD5PasswordHasher"]
)
"""While this holds, every log-in finds its hash outdated."""


def set_and_save(world: World, password: str | None = ANOTHER) -> None:
    user = world.ada()
    user.set_password(password)
    user.save()


def set_in_the_admin(world: World, password: str = ANOTHER) -> None:
    form = {"password1": password, "password2": password, "usable_password": "true"}
    post(root(), f"/admin/auth/user/{world.user.pk}/password/", **form)


def unset_in_the_admin(world: World) -> None:
    form = {"usable_password": "false", "unset-password": "1"}
    post(root(), f"/admin/auth/user/{world.user.pk}/password/", **form)


def type_changepassword(world: World, password: str = ANOTHER) -> None:
    # It asks a terminal, and here is none.
    with patch("getpass.getpass", return_value=password):
        called("changepassword", world.user.get_username())


def fill_in_ones_own_form(world: World, password: str = ANOTHER) -> None:
    browser = Client()
    browser.force_login(world.ada())
    form = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    post(browser, "/accounts/password_change/", **form)


def reset_by_mail(address: str) -> None:
    browser = Client()
    post(browser, "/accounts/password_reset/", email=address)
    link = re.search(r"/accounts/reset/\S+", str(mail.outbox[-1].body))
    assert link
    page: Any = browser.get(link[0], follow=True)
    post(browser, page.redirect_chain[-1][0], new_password1=ANOTHER, new_password2=ANOTHER)


@hashing_anew
def be_authenticated(world: World) -> None:
    assert authenticate(username=world.user.get_username(), password=PASSWORD)
    assert is_hashed_anew(world)


@hashing_anew
def log_in_to_the_admin(world: World) -> None:
    post(Client(), "/admin/login/?next=/admin/", username=world.user.get_username(), password=PASSWORD)
    assert is_hashed_anew(world)


@hashing_anew
def sign_in(world: World) -> None:
    Client().post("/api-token-auth/", {"username": world.user.get_username(), "password": PASSWORD})
    assert is_hashed_anew(world)


def is_hashed_anew(world: World) -> bool:
    return world.ada().password.startswith(CountingHasher.algorithm)


EVENTS: dict[str, dict[str, Way]] = {
    "The password is changed": {
        "`set_password()`": set_and_save,
        "`save(update_fields=…)`": partial(save_that_field, password=HASH),
        **in_code(password=HASH),
        "the admin": set_in_the_admin,
        "`changepassword`": type_changepassword,
        "`PasswordChangeView`": fill_in_ones_own_form,
    },
    "The same password is set again": {
        "`set_password()`": partial(set_and_save, password=PASSWORD),
        "the admin": partial(set_in_the_admin, password=PASSWORD),
        "`changepassword`": partial(type_changepassword, password=PASSWORD),
        "`PasswordChangeView`": partial(fill_in_ones_own_form, password=PASSWORD),
    },
    "The password is reset by mail": {"`PasswordResetView`": lambda world: reset_by_mail(world.user.email)},
    "The password is made unusable": {
        "`set_unusable_password()`": partial(set_and_save, password=None),
        "`save(update_fields=…)`": partial(save_that_field, password=UNUSABLE),
        **in_code(password=UNUSABLE),
        "the admin": unset_in_the_admin,
    },
    "An unusable password is put in place of another": {
        "`set_unusable_password()`": partial(set_and_save, password=None),
        "`save(update_fields=…)`": partial(save_that_field, password=UNUSABLE),
        **in_code(password=UNUSABLE),
    },
    "The same password is hashed anew at a log-in": {
        "`authenticate()`": be_authenticated,
        "the admin": log_in_to_the_admin,
        "the sign-in endpoint": sign_in,
    },
}
"""What becomes of the password, and by what."""
