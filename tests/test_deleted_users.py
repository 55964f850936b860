"""A user can be deleted while a table that Django no longer looks at has a key of his."""

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError

from tessera.engine.adoption.key import adopt
from tessera.models import Grant
from tests.former import drop_table, keep, kept, make_table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keys(user):
    make_table()
    keep("ada's", user.pk)
    keep("eve's", User.objects.create_user("eve").pk)
    yield
    drop_table()


@pytest.mark.parametrize(
    "delete",
    [
        pytest.param(lambda ada: ada.delete(), id="a user"),
        pytest.param(lambda ada: User.objects.filter(pk=ada.pk).delete(), id="a selection of users"),
    ],
)
def test_the_keys_of_a_deleted_user_go_and_nobody_elses(user, keys, delete):
    adopt("ada's", user)

    delete(user)

    assert (kept(), Grant.objects.count()) == (["eve's"], 0)


def test_while_the_package_is_installed_that_is_its_own_affair(user, keys, monkeypatch):
    is_installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "rest_framework.authtoken" or is_installed(name))

    with pytest.raises(IntegrityError):
        user.delete()

    assert kept() == ["ada's", "eve's"]


def test_without_the_table_users_are_deleted_as_ever(user):
    user.delete()

    assert not User.objects.exists()
