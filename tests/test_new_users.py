"""`TOKEN_FOR_NEW_USERS`: a token for every new user, told once the user is there for good."""

import pytest
from django.contrib.auth.models import Group, User
from django.core import serializers
from django.core.management import call_command
from django.db import transaction

from tessera import Issued, Purpose, verify
from tessera.models import Grant

PERSONAL = frozenset({Purpose.PERSONAL})

told: list[tuple[User, Issued]] = []


def tell(user: User, issued: Issued) -> None:
    told.append((user, issued))


def explode(user: User, issued: Issued) -> None:
    tell(user, issued)
    raise ConnectionError(f"POST https://mail.example/?body={issued.secret} timed out")


class Customer(User):
    """A proxy of the user model, as shops have one."""

    class Meta:
        proxy = True
        app_label = "tests"


@pytest.fixture(autouse=True)
def _telling(settings):
    settings.TESSERA = {**settings.TESSERA, "TOKEN_FOR_NEW_USERS": f"{__name__}.tell"}
    told.clear()


# What waits for a commit must see one.
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_user_is_given_a_token_and_the_site_is_told_of_it_once():
    User.objects.bulk_create([User(username="eve")])

    ada = User.objects.create_user("ada", password="lovelace-1843")

    ((user, issued),) = told
    assert (user, verify(issued.secret, accept=PERSONAL).subject) == (ada, ada)
    assert (issued.grant.label, Grant.objects.count()) == ("first", 1)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: User.objects.create(username="ada"), id="create"),
        pytest.param(lambda: User(username="ada").save(), id="save"),
        pytest.param(lambda: User.objects.create_superuser("ada"), id="a superuser"),
        pytest.param(lambda: User.objects.get_or_create(username="ada"), id="get or create"),
        pytest.param(lambda: User.objects.update_or_create(username="ada"), id="update or create"),
        pytest.param(lambda: Customer.objects.create(username="ada"), id="a proxy"),
        pytest.param(
            lambda: call_command("createsuperuser", username="ada", email="", interactive=False), id="command"
        ),
    ],
)
def test_however_a_user_is_made(made):
    made()

    ((user, issued),) = told
    assert (type(user), user.username) == (User, "ada")
    assert verify(issued.secret, accept=PERSONAL).subject == user


def test_a_password_set_before_the_commit_does_not_end_the_token_at_birth():
    with transaction.atomic():
        ada = User.objects.create(username="ada")
        ada.set_password("lovelace-1843")
        ada.save()
        before_commit = list(told)

    ((user, issued),) = told
    assert (before_commit, user) == ([], ada)
    assert verify(issued.secret, accept=PERSONAL).subject == ada


def test_a_user_who_is_rolled_back_is_given_none():
    with transaction.atomic():
        User.objects.create(username="ada")
        transaction.set_rollback(True)

    assert (told, Grant.objects.count()) == ([], 0)


def test_a_user_who_is_deleted_before_the_commit_is_given_none(caplog):
    with transaction.atomic():
        User.objects.create(username="ada").delete()

    assert (told, Grant.objects.count(), caplog.records) == ([], 0, [])


@pytest.mark.parametrize(
    "done",
    [
        pytest.param(lambda: User.objects.bulk_create([User(username="ada")]), id="users made in bulk"),
        pytest.param(
            lambda: User.objects.bulk_create([User(pk=7)]) and Group.objects.create(pk=7, name="poets"),
            id="something else that is new, with the key of a user",
        ),
        pytest.param(lambda: User.objects.create(username="ada", is_active=False), id="an inactive user"),
    ],
)
def test_nobody_else_is_given_one(caplog, done):
    done()

    assert (told, Grant.objects.count()) == ([], 0)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_user_who_is_saved_again_is_given_no_second_one():
    ada = User.objects.create(username="ada")

    ada.save()

    assert len(told) == 1


def test_users_that_are_loaded_from_a_fixture_are_given_none(tmp_path):
    fixture = tmp_path / "users.json"
    fixture.write_text(serializers.serialize("json", [User(pk=1, username="ada")]))

    call_command("loaddata", fixture, verbosity=0)

    assert (User.objects.count(), told, Grant.objects.count()) == (1, [], 0)


def test_without_the_setting_nobody_is_given_one(settings):
    settings.TESSERA = {**settings.TESSERA, "TOKEN_FOR_NEW_USERS": None}

    User.objects.create(username="ada")

    assert Grant.objects.count() == 0


@pytest.mark.parametrize("is_atomic", [pytest.param(True, id="in a transaction"), pytest.param(False, id="alone")])
def test_a_callable_that_fails_breaks_nothing_and_the_log_holds_no_secret(settings, caplog, is_atomic):
    settings.TESSERA = {**settings.TESSERA, "TOKEN_FOR_NEW_USERS": f"{__name__}.explode"}

    if is_atomic:
        with transaction.atomic():
            User.objects.create(username="ada")
    else:
        User.objects.create(username="ada")

    assert User.objects.get().username == "ada"
    assert "ConnectionError" in caplog.text
    assert "in explode" in caplog.text
    assert told[0][1].secret[40:] not in caplog.text


@pytest.mark.parametrize("is_atomic", [pytest.param(True, id="in a transaction"), pytest.param(False, id="alone")])
def test_a_callable_that_cannot_be_imported_breaks_nothing(settings, caplog, is_atomic):
    settings.TESSERA = {**settings.TESSERA, "TOKEN_FOR_NEW_USERS": "nowhere.tell"}

    if is_atomic:
        with transaction.atomic():
            User.objects.create(username="ada")
    else:
        User.objects.create(username="ada")

    assert User.objects.get().username == "ada"
    assert "nowhere" in caplog.text
    assert Grant.objects.count() == 0
