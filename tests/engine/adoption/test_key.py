"""A key that another package made goes on working here, and is kept nowhere."""

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tessera import Kind, Policy, Purpose, revoke, verify
from tessera.conf import peppers
from tessera.engine.adoption.key import adopt
from tessera.engine.revocation import revoke_presented
from tessera.errors import Expired, InvalidAsk, KeyTaken, Malformed, NotAllowed, PasswordChanged, Revoked, SubjectGone
from tessera.models import Grant
from tessera.signals import token_issued, token_refused
from tests.traces import rows, traces

KEY = "4f1c0d2b9e8a7f6c5d4e3f2a1b0c9d8e7f6a5b4c"
ADOPTED = frozenset({Purpose.ADOPTED})
ANOTHER, A_THIRD = "another pepper, which is thirty-two long", "a third pepper, as long as the others are"


def use(settings, *peppers):
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": list(peppers)}


def test_an_adopted_key_speaks_for_its_user(user, clock):
    issued = adopt(KEY, user)

    principal = verify(KEY, accept=ADOPTED)
    grant = Grant.objects.get()
    assert (principal.subject, principal.client, principal.grant_id) == (user, "authtoken", issued.grant.pk)
    assert (issued.secret, issued.grant, grant.kind, grant.pk.version) == (KEY, grant, Kind.ADOPTED, 8)
    assert (grant.created_at, grant.ends_at) == (clock(), clock() + timedelta(days=365))


def test_no_id_is_one_that_the_database_does_not_take(user):
    key = f"{50:040x}"

    issued = adopt(key, user)

    assert issued.grant.pk.bytes[8] == 0x80  # What MariaDB's own type takes in no UUIDv8.
    assert verify(key, accept=ADOPTED).grant_id == issued.grant.pk


def test_the_database_holds_neither_the_key_nor_a_plain_hash_of_it(user):
    adopt(KEY, user)

    stored = [(place, value if isinstance(value, bytes) else str(value)) for place, value in rows(connection)]
    found = [(place, trace) for place, value in stored for trace in traces(value, KEY)]

    assert found == []


def test_a_key_costs_one_query_and_none_where_it_is_not_admitted(user, settings, django_assert_num_queries):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": None}
    adopt(KEY, user)

    with django_assert_num_queries(1):
        verify(KEY, accept=ADOPTED)
    with django_assert_num_queries(0), pytest.raises(Malformed):
        verify(KEY, accept=frozenset(Purpose) - ADOPTED)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda key: key.upper(), id="in upper case"),
        pytest.param(lambda key: key[:-1], id="cut short"),
        pytest.param(lambda key: key.encode() + b"\n", id="a newline at the end"),
        pytest.param(lambda key: f"{key[:-1]}\ud800", id="half a letter"),
        pytest.param(lambda key: "", id="nothing"),
    ],
)
def test_what_is_not_the_very_key_opens_nothing_and_leaves_no_line(user, caplog, spoil):
    adopt(f"{KEY[:-1]}?", user)
    adopt(KEY, User.objects.create_user("eve"))
    caplog.clear()
    caplog.set_level(logging.INFO, "tessera")

    with pytest.raises(Malformed):
        verify(spoil(KEY), accept=ADOPTED)

    assert caplog.messages == []


def test_a_token_of_ours_with_a_wrong_tag_costs_no_query_at_a_door_for_keys(hand_out, django_assert_num_queries):
    secret = hand_out().secret

    with django_assert_num_queries(0), pytest.raises(Malformed):
        verify(secret[:-16] + "0" * 16, accept=frozenset(Purpose))


@pytest.mark.parametrize(
    ("end", "error"),
    [
        pytest.param(lambda user, clock: revoke(subject=user), Revoked, id="revoked"),
        pytest.param(lambda user, clock: clock.turn(timedelta(days=366)), Expired, id="expired"),
        pytest.param(lambda user, clock: User.objects.update(is_active=False), SubjectGone, id="deactivated"),
        pytest.param(lambda user, clock: User.objects.update(password="x"), PasswordChanged, id="another password"),
        pytest.param(lambda user, clock: user.delete(), Malformed, id="deleted"),
    ],
)
def test_it_ends_as_every_token_does(user, clock, end, error):
    adopt(KEY, user)

    end(user, clock)

    with pytest.raises(error):
        verify(KEY, accept=ADOPTED)


def test_it_outlives_a_changed_password_where_the_site_says_so(user, settings):
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": ("adopted",)}
    adopt(KEY, user)
    User.objects.update(password="another")

    assert verify(KEY, accept=ADOPTED).subject == user


def test_it_never_ends_if_that_is_spelled_out(user):
    assert adopt(KEY, user, lifetime="never").ends_at is None


def test_whoever_presents_it_ends_it(user):
    adopt(KEY, user)

    ended = revoke_presented(KEY, accept=ADOPTED, reason="logout"), revoke_presented(KEY, accept=ADOPTED)

    assert (ended, Grant.objects.get().revoked_reason) == ((1, 0), "logout")
    with pytest.raises(Malformed):
        revoke_presented("no such key", accept=ADOPTED)


@pytest.mark.parametrize("again_for", ["ada", "eve"])
def test_a_key_is_adopted_once(user, again_for):
    User.objects.create_user("eve")
    adopt(KEY, user)

    with pytest.raises(KeyTaken):
        adopt(KEY, User.objects.get(username=again_for))

    assert verify(KEY, accept=ADOPTED).subject == user


@pytest.mark.parametrize("later", [(ANOTHER,), (ANOTHER, A_THIRD)], ids=["put first", "two put first"])
def test_a_key_works_and_stays_taken_while_its_pepper_is_in_use(user, settings, later):
    adopt(KEY, user)
    use(settings, *later, *peppers())

    principal = verify(KEY, accept=ADOPTED)

    with pytest.raises(KeyTaken):
        adopt(KEY, user)
    assert (principal.subject, revoke_presented(KEY, accept=ADOPTED)) == (user, 1)
    assert Grant.objects.count() == 1


def test_a_key_ends_with_its_pepper(user, settings):
    adopt(KEY, user)

    use(settings, ANOTHER)

    with pytest.raises(Malformed):
        verify(KEY, accept=ADOPTED)


class NoKeys(Policy):
    """A site that takes over nothing."""

    def judge(self, ask, now):
        if ask.kind == Kind.ADOPTED:
            raise NotAllowed("No keys.")
        return super().judge(ask, now)


def test_the_sites_policy_may_say_no(user, settings):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.NoKeys"}

    with pytest.raises(NotAllowed, match="No keys"):
        adopt(KEY, user)

    assert Grant.objects.count() == 0


def test_an_inactive_user_gets_none(user):
    user.is_active = False

    with pytest.raises(NotAllowed):
        adopt(KEY, user)


@pytest.mark.parametrize("key", ["", "two words", "k" * 41, "k\x00"])
def test_what_no_request_can_carry_is_not_adopted(user, key):
    with pytest.raises(InvalidAsk):
        adopt(key, user)

    assert Grant.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_user_who_was_deleted_meanwhile_gets_none(user):
    User.objects.all().delete()

    with pytest.raises(NotAllowed):
        adopt(KEY, user)


def test_a_site_hears_of_it_and_no_secret_is_told(user, caplog):
    caplog.set_level(0)
    heard = []

    def hear(**told):
        heard.append(told)

    token_issued.connect(hear)
    token_refused.connect(hear)

    grant = adopt(KEY, user).grant
    revoke(grant)
    with pytest.raises(Revoked):
        verify(KEY, accept=ADOPTED)

    assert [(told.get("grant"), told.get("grant_id")) for told in heard] == [(grant, None), (None, grant.pk)]
    assert f"adopted {grant.hint} subject={user.pk} client='authtoken'" in caplog.messages
    assert [trace for text in (caplog.text, str(heard)) for trace in traces(text, KEY)] == []


def test_a_key_that_was_adopted_under_two_peppers_ends_under_both(user, settings):
    peppers = ["a" * 64, "b" * 64]
    for pepper in peppers:
        settings.TESSERA = {"PEPPERS": [pepper]}
        adopt(KEY, user)
    settings.TESSERA = {"PEPPERS": peppers}

    ended = revoke_presented(KEY, accept=ADOPTED)

    assert (ended, Grant.objects.filter(revoked_at=None).count()) == (2, 0)
