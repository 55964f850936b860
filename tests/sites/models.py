"""User models as sites have them. Which of them is the site's, its settings say."""

from collections.abc import Collection
from typing import Any, ClassVar, Self
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class People(BaseUserManager[Any]):
    def create_user(self, name: str, *, password: str, **more: Any) -> Any:
        user = self.model(**{self.model.USERNAME_FIELD: name, **more})
        user.set_password(password)
        user.save()
        return user


class Person(AbstractBaseUser):
    username = models.CharField(max_length=50, unique=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    objects: ClassVar = People()

    class Meta:
        abstract = True


class UuidKey(Person):
    id = models.UUIDField(primary_key=True, default=uuid4)


class CharKey(Person):
    id = models.CharField(primary_key=True, max_length=20)


class OtherKey(Person):
    number = models.BigAutoField(primary_key=True)


class Proxied(OtherKey):
    """A proxy of the user model, where that is `OtherKey`."""

    class Meta:
        proxy = True


class Supplier(OtherKey):
    """A child of the user model, with a key of its own."""

    id = models.BigAutoField(primary_key=True)
    person = models.OneToOneField(OtherKey, models.CASCADE, parent_link=True)


class NoUsername(AbstractBaseUser):
    id = models.BigAutoField(primary_key=True)
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    objects: ClassVar = People()


class Employee(OtherKey):
    """A user model that is the child of another."""

    room = models.CharField(max_length=20)


class Tags(models.TextField):  # type: ignore[type-arg]
    """Words, which the database has in one text."""

    def from_db_value(self, value: str, *_: object) -> tuple[str, ...]:
        return tuple(value.split())

    def get_prep_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else " ".join(value)


class Converted(Person):
    """A user whose columns are something else in Python, and who knows which of them were read."""

    id = models.BigAutoField(primary_key=True)
    tags = Tags(default=())
    likes = models.JSONField(default=dict)
    were_read: list[str]

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], *args: Any, **kwargs: Any) -> Self:
        user = super().from_db(db, field_names, *args, **kwargs)
        user.were_read = list(field_names)
        return user


class OddColumns(Person):
    """A user whose columns are hard to spell. A percent sign in a name, Django itself cannot spell."""

    id = models.BigAutoField(primary_key=True, db_column="the key")
    nick = models.CharField(max_length=20, db_column="ada's :row0", default="")
    share = models.TextField(db_column=":now", default="")


class Present(People):
    def get_queryset(self) -> Any:
        return super().get_queryset().filter(has_left=False)


class Hidden(Person):
    """A user whom the default manager does not show once he has left."""

    id = models.BigAutoField(primary_key=True)
    has_left = models.BooleanField(default=False)

    objects: ClassVar = Present()


class Creature(models.Model):
    id = models.BigAutoField(primary_key=True)


class Child(Person, Creature):
    """A user model whose key is another's, and whose name is not its first column."""
