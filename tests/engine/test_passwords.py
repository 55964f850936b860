"""A changed password ends the tokens made under it, however it came to change; one hashed anew ends nothing."""

import asyncio
from itertools import product

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import authenticate
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.hashers import MD5PasswordHasher, PBKDF2PasswordHasher, check_password, make_password
from django.contrib.auth.models import User
from django.core import serializers
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from tessera import Ask, Kind, Purpose, issue, redeem, revoke, verify
from tessera.engine.rows import storage
from tessera.errors import PasswordChanged
from tessera.models import Grant
from tests.credentials import DOORS, opens
from tests.racing import before_writing

OLD, NEW = "lovelace-1843", "analytical-engine"
REFRESH = frozenset({Purpose.REFRESH})


class Cheap(PBKDF2PasswordHasher):
    """The hasher of last year."""

    iterations = 1


class Dearer(PBKDF2PasswordHasher):
    """The same of this year: what Cheap made, it would make anew."""

    iterations = 2


def words(function):
    return function.__name__.replace("_", " ")


def prefer(settings, *hashers):
    settings.PASSWORD_HASHERS = [f"{each.__module__}.{each.__qualname__}" for each in hashers]


def out_of_order():
    raise OperationalError("the server closed the connection unexpectedly")


def set_and_save(user):
    user.set_password(NEW)
    user.save()


def set_and_save_that_field(user):
    user.set_password(NEW)
    user.save(update_fields=["password"])


def set_the_same_again(user):
    user.set_password(OLD)
    user.save(update_fields=["password"])


def fill_in_the_form(user):
    form = SetPasswordForm(user, {"new_password1": NEW, "new_password2": NEW})
    assert form.is_valid()
    form.save()


def assign_a_hash(user):
    user.password = make_password(NEW)
    user.save()


def assign_a_hash_and_save_that_field(user):
    user.password = make_password(NEW)
    user.save(update_fields=["password"])


def assign_an_old_hash_and_save_that_field(user):
    user.password = make_password(NEW, hasher="md5")
    user.save(update_fields=["password"])


def update_the_queryset(user):
    User.objects.filter(pk=user.pk).update(password=make_password(NEW))


def update_in_bulk(user):
    user.set_password(NEW)
    User.objects.bulk_update([user], ["password"])


def write_sql(user):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE auth_user SET password = %s WHERE id = %s", [make_password(NEW), user.pk])


def make_unusable(user):
    user.set_unusable_password()
    user.save()


def make_unusable_and_save_that_field(user):
    user.set_unusable_password()
    user.save(update_fields=["password"])


def log_in_and_then_change(user):
    assert user.check_password(OLD)
    set_and_save_that_field(user)


def log_in_and_then_assign(user):
    assert user.check_password(OLD)
    assign_a_hash_and_save_that_field(user)


CHANGES = [
    set_and_save,
    set_and_save_that_field,
    set_the_same_again,
    fill_in_the_form,
    assign_a_hash,
    assign_a_hash_and_save_that_field,
    assign_an_old_hash_and_save_that_field,
    update_the_queryset,
    update_in_bulk,
    write_sql,
    make_unusable,
    make_unusable_and_save_that_field,
    log_in_and_then_change,
    log_in_and_then_assign,
]


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES, ids=words)
@pytest.mark.parametrize(
    "hashers",
    [
        pytest.param([MD5PasswordHasher], id="hash up to date"),
        pytest.param([Dearer, MD5PasswordHasher], id="hash outdated"),
    ],
)
def test_a_changed_password_ends_the_tokens(settings, hand_out, user, hashers, change):
    before = [hand_out(), hand_out(kind=Kind.SIGN_IN), hand_out(kind=Kind.MACHINE)]
    prefer(settings, *hashers, MD5PasswordHasher)

    change(user)

    after = hand_out(subject=User.objects.get())
    assert [opens(each.secret) for each in before] == [False] * 3
    assert opens(after.secret)


def authenticates(user):
    assert authenticate(username="ada", password=OLD)


def checks_the_password(user):
    assert user.check_password(OLD)


def checks_it_on_a_fresh_instance(user):
    assert User.objects.get().check_password(OLD)


def checks_it_without_the_other_columns(user):
    assert User.objects.only("password").get().check_password(OLD)


def guesses_wrong_and_then_right(user):
    assert not user.check_password("wrong")
    assert user.check_password(OLD)


LOG_INS = [
    authenticates,
    checks_the_password,
    checks_it_on_a_fresh_instance,
    checks_it_without_the_other_columns,
    guesses_wrong_and_then_right,
]


@pytest.mark.django_db
@pytest.mark.parametrize("log_in", LOG_INS, ids=words)
@pytest.mark.parametrize(
    ("made_by", "now"),
    [
        pytest.param([MD5PasswordHasher], [Dearer, MD5PasswordHasher], id="another hasher"),
        pytest.param([Cheap], [Dearer], id="more iterations"),
    ],
)
def test_a_password_hashed_anew_at_log_in_ends_nothing(settings, user, hand_out, log_in, made_by, now):
    prefer(settings, *made_by)
    user.set_password(OLD)
    user.save()
    tokens = [hand_out(kind=kind) for kind in Kind]
    prefer(settings, *now)

    log_in(user)

    assert User.objects.get().password.startswith("pbkdf2_sha256$2$")
    assert {verify(each.secret, accept=set(Purpose)).subject for each in tokens} == {user}


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["current", "parent"])
def test_nor_any_sign_in_that_is_refreshed(settings, hand_out, user, which):
    parent = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    current = redeem(parent.refresh_secret, accept=REFRESH)
    prefer(settings, Dearer, MD5PasswordHasher)

    assert user.check_password(OLD)

    assert [opens(pair.secret) for pair in (parent, current)] == [True, True]
    again = redeem({"parent": parent, "current": current}[which].refresh_secret, accept=REFRESH)
    assert opens(again.secret)
    assert opens(redeem(again.refresh_secret or "", accept=REFRESH).secret)


@pytest.mark.django_db(transaction=True)
def test_nor_does_one_hashed_anew_by_an_async_view(settings, hand_out, user):
    issued = hand_out()
    prefer(settings, Dearer, MD5PasswordHasher)

    async def log_in():
        assert await user.acheck_password(OLD)
        await sync_to_async(connections.close_all)()  # The thread in which it was saved has one of its own.

    asyncio.run(log_in())

    assert User.objects.get().password.startswith("pbkdf2_sha256$2$")
    assert opens(issued.secret)


@pytest.mark.django_db
def test_a_log_in_whose_hash_is_up_to_date_writes_no_grant(hand_out, user):
    issued = hand_out()

    with CaptureQueriesContext(connection) as queries:
        assert user.check_password(OLD)

    assert (len(queries), opens(issued.secret)) == (0, True)


@pytest.mark.django_db
def test_another_field_of_a_user_is_saved_without_a_query_more(user, django_assert_num_queries):
    with django_assert_num_queries(1):
        user.save(update_fields=["last_login"])


@pytest.mark.django_db
def test_tokens_that_a_change_has_ended_are_not_revived_by_the_next_log_in(settings, hand_out, user):
    issued = hand_out()
    user.set_password(NEW)
    user.save()
    prefer(settings, Dearer, MD5PasswordHasher)

    assert User.objects.get().check_password(NEW)

    assert User.objects.get().password.startswith("pbkdf2_sha256$2$")
    assert not opens(issued.secret)


@pytest.mark.django_db
def test_a_new_password_after_a_log_in_that_could_not_be_saved_ends_the_tokens(settings, hand_out, user):
    issued = hand_out()
    prefer(settings, Dearer, MD5PasswordHasher)
    with pytest.raises(OperationalError), transaction.atomic(), before_writing(out_of_order, table="auth_user"):
        user.check_password(OLD)

    user.set_password(NEW)
    user.save()

    assert not opens(issued.secret)


@pytest.mark.django_db
def test_a_change_while_the_grants_are_carried_over_wins(settings, hand_out, user):
    issued = hand_out()
    prefer(settings, Dearer, MD5PasswordHasher)

    with before_writing(lambda: update_the_queryset(user), table="tessera_grant"):
        user.check_password(OLD)

    assert not opens(issued.secret)


def one_after_the_other(first, second):
    first()
    second()


def before_the_hash_is_written(first, second):
    with before_writing(second, table="auth_user"):
        first()


def before_the_grants_are_carried_over(first, second):
    with before_writing(second, table="tessera_grant"):
        first()


MOMENTS = [one_after_the_other, before_the_hash_is_written, before_the_grants_are_carried_over]
ACTS = [checks_the_password, set_and_save_that_field, fill_in_the_form]


@pytest.mark.django_db
@pytest.mark.parametrize("moment", MOMENTS, ids=words)
@pytest.mark.parametrize("acts", list(product(ACTS, repeat=2)), ids=lambda acts: " and ".join(map(words, acts)))
def test_of_two_at_once_whatever_they_do_no_token_outlives_its_password(settings, hand_out, user, acts, moment):
    first, second = acts
    one, other, made = User.objects.get(), User.objects.get(), []
    prefer(settings, Dearer, MD5PasswordHasher)

    def hand_out_now():
        now = User.objects.get()
        made.append((password_of(now), hand_out(subject=now)))

    def meanwhile():
        hand_out_now()
        second(other)
        hand_out_now()

    hand_out_now()
    moment(lambda: first(one), meanwhile)
    hand_out_now()

    stands = password_of(User.objects.get())
    assert {password for password, issued in made if opens(issued.secret)} == {stands}


def password_of(user):
    return next(password for password in (OLD, NEW) if check_password(password, user.password))


@pytest.mark.django_db
@pytest.mark.parametrize("moment", MOMENTS, ids=words)
def test_of_two_log_ins_at_once_the_second_ends_the_tokens_which_is_safe(settings, hand_out, user, moment):
    issued, one, other = hand_out(), User.objects.get(), User.objects.get()
    prefer(settings, Dearer, MD5PasswordHasher)

    moment(lambda: checks_the_password(one), lambda: checks_the_password(other))

    assert not opens(issued.secret)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "spare", [pytest.param(-1, id="one less"), pytest.param(0, id="full"), pytest.param(1, id="one more")]
)
def test_many_grants_are_carried_over_in_batches(settings, monkeypatch, hand_out, user, spare):
    monkeypatch.setattr(storage, "BATCH", 4)
    tokens = [hand_out() for _ in range(8 + spare)]
    prefer(settings, Dearer, MD5PasswordHasher)

    assert user.check_password(OLD)

    assert [opens(each.secret) for each in tokens] == [True] * (8 + spare)


@pytest.mark.django_db
def test_only_the_users_own_grants_are_carried_over(settings, hand_out, user):
    eve = User.objects.create_user("eve", password=OLD)
    User.objects.filter(pk=eve.pk).update(password=user.password)
    eve.refresh_from_db()
    hers, machine = hand_out(subject=eve), issue(Ask(subject=None, kind=Kind.MACHINE))
    prefer(settings, Dearer, MD5PasswordHasher)

    assert user.check_password(OLD)
    after_his = opens(hers.secret)
    assert eve.check_password(OLD)
    after_hers = opens(hers.secret)

    assert (after_his, after_hers, opens(machine.secret)) == (True, True, True)


@pytest.mark.django_db
def test_a_grant_under_an_older_pepper_is_carried_over_too(settings, hand_out, user):
    issued, (pepper,) = hand_out(), settings.TESSERA["PEPPERS"]
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["n" * 64, pepper]}
    prefer(settings, Dearer, MD5PasswordHasher)

    assert user.check_password(OLD)

    assert opens(issued.secret)


@pytest.mark.django_db
def test_a_grant_under_a_pepper_that_is_gone_keeps_nobody_from_logging_in(settings, hand_out, user):
    hand_out()
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["n" * 64]}
    issued = hand_out()
    prefer(settings, Dearer, MD5PasswordHasher)

    assert user.check_password(OLD)

    assert opens(issued.secret)


@pytest.mark.django_db
def test_a_token_that_was_revoked_before_stays_so(settings, hand_out, user):
    issued = hand_out()
    revoke(issued.grant)
    prefer(settings, Dearer, MD5PasswordHasher)

    assert user.check_password(OLD)

    assert not opens(issued.secret)


@pytest.mark.django_db
def test_a_fixture_that_is_loaded_is_a_change(settings, hand_out, user, tmp_path):
    issued = hand_out()
    user.set_password(NEW)
    fixture = tmp_path / "users.json"
    fixture.write_text(serializers.serialize("json", [user]))

    call_command("loaddata", fixture, verbosity=0)

    assert not opens(issued.secret)


@pytest.mark.django_db
@pytest.mark.parametrize("how", [make_unusable, make_unusable_and_save_that_field])
def test_one_unusable_password_is_as_good_as_another(user, how):
    user.set_unusable_password()
    user.save()
    issued, first = issue(Ask(subject=user)), user.password

    how(user)

    assert User.objects.get().password != first
    assert opens(issued.secret)


@pytest.mark.django_db
def test_an_unusable_password_that_becomes_usable_is_a_change(user):
    user.set_unusable_password()
    user.save()
    issued = issue(Ask(subject=user))

    set_and_save(user)

    assert not opens(issued.secret)


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES, ids=words)
def test_a_kind_that_the_site_unbound_outlives_the_password(settings, hand_out, user, change):
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": ("machine",)}
    machine, personal = hand_out(kind=Kind.MACHINE), hand_out()

    change(user)

    assert (opens(machine.secret), opens(personal.secret)) == (True, False)


@pytest.mark.django_db
def test_a_log_in_does_not_bind_what_was_unbound(settings, hand_out, user):
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": ("machine",)}
    machine = hand_out(kind=Kind.MACHINE)
    prefer(settings, Dearer, MD5PasswordHasher)
    assert user.check_password(OLD)

    set_and_save(user)

    assert opens(machine.secret)


@pytest.mark.django_db
@pytest.mark.parametrize("is_unbound", [True, False])
def test_nor_does_a_refresh_bind_what_was_unbound_or_the_reverse(settings, hand_out, user, is_unbound):
    unbound = {True: ("sign-in",), False: ()}
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": unbound[is_unbound]}
    issued = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": unbound[not is_unbound]}
    refreshed = redeem(issued.refresh_secret, accept={Purpose.REFRESH})

    set_and_save(user)

    assert opens(refreshed.secret) is is_unbound


@pytest.mark.django_db
def test_the_setting_decides_when_a_token_is_made_and_not_later(settings, hand_out, user):
    bound = hand_out(kind=Kind.MACHINE)
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": ("machine",)}

    set_and_save(user)

    with pytest.raises(PasswordChanged):
        verify(bound.secret, accept=DOORS)


@pytest.mark.django_db
def test_a_mismatch_refuses_and_writes_nothing(hand_out, user):
    issued = hand_out()
    row = Grant.objects.values().get()
    set_and_save(user)

    with pytest.raises(PasswordChanged):
        verify(issued.secret, accept=DOORS)

    assert Grant.objects.values().get() == row
