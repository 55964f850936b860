"""User models as sites have them. Which of them is the site's, its settings say."""

from typing import Any, ClassVar
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


class Creature(models.Model):
    id = models.BigAutoField(primary_key=True)


class Child(Person, Creature):
    """A user model whose key is another's, and whose name is not its first column."""
