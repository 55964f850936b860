"""A user's columns are written, and a user is deleted."""

from functools import partial
from typing import Any

from django.contrib.auth.models import User

from tests.admin import root
from tests.life import PASSWORD, Way, World, execute, post


def save(world: World, **changes: Any) -> None:
    user = world.ada()
    vars(user).update(changes)
    user.save()


def save_that_field(world: World, **changes: Any) -> None:
    user = world.ada()
    vars(user).update(changes)
    user.save(update_fields=list(changes))


def update(world: World, **changes: Any) -> None:
    User.objects.filter(pk=world.user.pk).update(**changes)


def bulk_update(world: World, **changes: Any) -> None:
    user = world.ada()
    vars(user).update(changes)
    User.objects.bulk_update([user], list(changes))


def write_sql(world: World, **changes: Any) -> None:
    columns = ", ".join(f"{name} = %s" for name in changes)
    execute(f"UPDATE auth_user SET {columns} WHERE id = %s", *changes.values(), world.user.pk)


def fill_in_the_admin(world: World, **changes: Any) -> None:
    user = world.ada()
    shown = {name: getattr(user, name) for name in ("username", "email", "is_active", "is_staff", "is_superuser")}
    joined = {"date_joined_0": f"{user.date_joined:%Y-%m-%d}", "date_joined_1": f"{user.date_joined:%H:%M:%S}"}
    form = {name: value for name, value in {**shown, **joined, **changes}.items() if value is not False}
    post(root(), f"/admin/auth/user/{user.pk}/change/", **form)
    assert User.objects.filter(pk=user.pk, **changes).exists()


def in_code(**changes: Any) -> dict[str, Way]:
    """The ways in which code of a site writes columns, with Django's signals and without."""
    ways = {"`save()`": save, "`update()`": update, "`bulk_update()`": bulk_update, "SQL": write_sql}
    return {name: partial(way, **changes) for name, way in ways.items()}


def anyhow(**changes: Any) -> dict[str, Way]:
    """Those, and the form of the admin."""
    return {**in_code(**changes), "the admin": partial(fill_in_the_admin, **changes)}


def delete_in_the_admin(world: World) -> None:
    post(root(), f"/admin/auth/user/{world.user.pk}/delete/", post="yes")


def delete_by_sql(world: World) -> None:
    execute("DELETE FROM tessera_grant WHERE subject_id = %s", world.user.pk)
    execute("DELETE FROM auth_user WHERE id = %s", world.user.pk)


def leave_the_tokens_behind(world: World) -> None:
    execute("DELETE FROM auth_user WHERE id = %s", world.user.pk)


def let_eve_have_the_key(world: World) -> None:
    leave_the_tokens_behind(world)
    User.objects.create_user("eve", password=PASSWORD, pk=world.user.pk)


EVENTS: dict[str, dict[str, Way]] = {
    "The user is deactivated": anyhow(is_active=False),
    "The user is deleted": {
        "`delete()`": lambda world: world.ada().delete(),
        "`queryset.delete()`": lambda world: User.objects.filter(pk=world.user.pk).delete(),
        "the admin": delete_in_the_admin,
        "SQL": delete_by_sql,
    },
    "The user is deleted past the foreign keys": {"SQL": leave_the_tokens_behind},
    "The user is deleted so, and another gets the primary key": {"SQL": let_eve_have_the_key},
    "The e-mail address is changed": anyhow(email="countess@example.org"),
    "The name is changed": anyhow(username="countess"),
    "Rights are withdrawn": anyhow(is_staff=False, is_superuser=False),
}
"""What becomes of the user, and by what."""
