"""A token that leaked, traded for a fresh one by one UPDATE: before it the old one works, after it the new."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tessera import Issued, Kind, Purpose, redeem, replace, revoke
from tessera.errors import Malformed, NotAllowed, PasswordChanged, Revoked, SubjectGone, Unknown, WrongPurpose
from tessera.models import Grant
from tests.credentials import DOORS, opens
from tests.processes import PATIENCE
from tests.racing import at_once, before_writing, in_a_process, meanwhile, rows_written

CHANGED = ("access_digest", "fingerprint", "pepper")
INHERITED = ("id", "subject_id", "client", "kind", "label", "scope", "created_at", "last_used_at", "ends_at")


def kept(issued: Issued) -> dict[str, object]:
    row: dict[str, object] = Grant.objects.values(*INHERITED).get(pk=issued.grant.pk)
    return row


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param({}, id="all defaults"),
        pytest.param({"label": "laptop", "client": "web", "scope": frozenset({"tracks:read"})}, id="words"),
        pytest.param({"kind": Kind.SIGN_IN, "lifetime": timedelta(hours=1)}, id="a sign-in"),
        pytest.param({"lifetime": "never"}, id="never ending"),
        pytest.param({"kind": Kind.MACHINE}, id="a user's machine"),
        pytest.param({"kind": Kind.MACHINE, "subject": None}, id="a machine without a user"),
    ],
)
def test_the_fresh_token_is_of_the_same_grant_in_everything(scopes, clock, hand_out, ask):
    old = hand_out(**ask)
    before = kept(old)
    clock.turn(timedelta(minutes=30))

    fresh = replace(old.secret, accept=DOORS)

    assert (kept(fresh), fresh.grant, fresh.ends_at) == (before, old.grant, old.ends_at)
    assert Grant.objects.filter(**{name: getattr(fresh.grant, name) for name in CHANGED}).get() == fresh.grant
    assert (fresh.secret != old.secret, fresh.secret[:37]) == (True, old.secret[:37])
    assert (opens(old.secret), opens(fresh.secret)) == (False, True)


@pytest.mark.django_db
def test_it_is_one_reading_and_one_writing(hand_out, django_assert_num_queries):
    old = hand_out()

    with django_assert_num_queries(2), rows_written() as counts:
        replace(old.secret, accept=DOORS)

    assert counts == [1]


@pytest.mark.django_db
def test_a_chain_of_replacements_leaves_one_row_and_its_last_token_alive(hand_out):
    chain = [hand_out()]
    for _ in range(5):
        chain.append(replace(chain[-1].secret, accept=DOORS))

    alive = [opens(each.secret) for each in chain]

    assert (alive, Grant.objects.count()) == ([False] * 5 + [True], 1)


@pytest.mark.django_db
@pytest.mark.parametrize("was_unbound", [True, False])
@pytest.mark.parametrize("is_unbound", [True, False])
def test_whether_it_outlives_a_changed_password_is_inherited_too(settings, hand_out, was_unbound, is_unbound):
    unbound = {True: ("personal",), False: ()}
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": unbound[was_unbound]}
    old = hand_out()
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": unbound[is_unbound]}

    fresh = replace(old.secret, accept=DOORS)

    User.objects.update(password="md5$salt$another")
    assert opens(fresh.secret) == was_unbound


@pytest.mark.django_db
def test_it_moves_the_grant_to_the_newest_pepper(settings, hand_out):
    old, (pepper,) = hand_out(), settings.TESSERA["PEPPERS"]
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["n" * 64, pepper]}
    fresh = replace(old.secret, accept=DOORS)

    settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["n" * 64]}

    assert (opens(fresh.secret), opens(old.secret)) == (True, False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda old: revoke(old.grant), Revoked, id="revoked"),
        pytest.param(lambda old: User.objects.update(is_active=False), SubjectGone, id="user deactivated"),
        pytest.param(lambda old: User.objects.update(password="x"), PasswordChanged, id="password changed"),
        pytest.param(lambda old: User.objects.all().delete(), Unknown, id="user deleted"),
    ],
)
def test_a_token_that_is_over_is_traded_for_nothing(hand_out, spoil, reason):
    old = hand_out()
    spoil(old)

    with rows_written() as counts, pytest.raises(reason):
        replace(old.secret, accept=DOORS)

    assert counts == []


@pytest.mark.django_db
def test_a_token_of_another_purpose_is_traded_for_nothing(hand_out):
    old = hand_out(kind=Kind.SIGN_IN)

    with pytest.raises(WrongPurpose):
        replace(old.secret, accept={Purpose.PERSONAL})

    assert opens(old.secret)


@pytest.mark.django_db(transaction=True)
def test_who_asks_it_of_a_pair_is_seen_to_have_that_pair(hand_out):
    pair = redeem(hand_out(kind=Kind.SIGN_IN, may_refresh=True).refresh_secret, accept={Purpose.REFRESH})

    with pytest.raises(NotAllowed):
        replace(pair.secret, accept=DOORS)

    assert Grant.objects.get().seen_at is not None


@pytest.mark.django_db
def test_what_was_not_minted_here_is_traded_for_nothing_without_a_query(hand_out, django_assert_num_queries):
    old = hand_out()

    with django_assert_num_queries(0), pytest.raises(Malformed):
        replace(old.secret[:-1] + ("0" if old.secret[-1] != "0" else "1"), accept=DOORS)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_read_the_same_token_the_first_to_write_wins(hand_out):
    old, won = hand_out(), []

    with (
        before_writing(lambda: won.append(meanwhile(lambda: replace(old.secret, accept=DOORS)))),
        pytest.raises(Unknown),
    ):
        replace(old.secret, accept=DOORS)

    assert [opens(each.secret) for each in won] == [True]
    assert not opens(old.secret)


@pytest.mark.django_db(transaction=True)
def test_who_reads_after_the_other_has_written_loses_as_well(hand_out):
    old = hand_out()
    fresh = meanwhile(lambda: replace(old.secret, accept=DOORS))

    with pytest.raises(Unknown):
        replace(old.secret, accept=DOORS)

    assert (opens(old.secret), opens(fresh.secret)) == (False, True)


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_one_wins_and_the_others_are_refused(hand_out):
    old, all_have_read = hand_out(), Barrier(20)

    def trade():
        with before_writing(lambda: all_have_read.wait(PATIENCE)):
            return replace(old.secret, accept=DOORS)

    results = at_once(*[trade] * 20)

    fresh = [each for each in results if isinstance(each, Issued)]
    assert [type(each) for each in results].count(Unknown) == 19
    assert [opens(each.secret) for each in fresh] == [True]
    assert not opens(old.secret)


@pytest.mark.django_db(transaction=True)
def test_a_revocation_between_its_reading_and_its_writing_wins(hand_out):
    old = hand_out(lifetime="never")

    with before_writing(lambda: meanwhile(lambda: revoke(old.grant))), pytest.raises(Revoked):
        replace(old.secret, accept=DOORS)

    assert not opens(old.secret)


@pytest.mark.django_db(transaction=True)
def test_a_revocation_just_after_it_takes_the_fresh_token_too(hand_out):
    old, traded = hand_out(), []

    with before_writing(lambda: traded.append(meanwhile(lambda: replace(old.secret, accept=DOORS)))):
        ended = revoke(old.grant)

    assert ended == 1
    assert [opens(each.secret) for each in (old, *traded)] == [False, False]


@pytest.mark.django_db(transaction=True)
def test_a_password_hashed_anew_between_its_reading_and_its_writing_does_no_harm(settings, hand_out, user):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    old = hand_out()

    def log_in_elsewhere():
        assert User.objects.get().check_password("lovelace-1843")

    with before_writing(lambda: meanwhile(log_in_elsewhere)):
        fresh = replace(old.secret, accept=DOORS)

    assert User.objects.get().password != user.password
    assert (opens(old.secret), opens(fresh.secret)) == (False, True)


@pytest.mark.django_db(transaction=True)
def test_a_password_changed_between_its_reading_and_its_writing_ends_both(hand_out):
    old = hand_out()

    with before_writing(lambda: meanwhile(lambda: User.objects.update(password="md5$salt$another"))):
        fresh = replace(old.secret, accept=DOORS)

    assert (opens(old.secret), opens(fresh.secret)) == (False, False)


@pytest.mark.django_db
def test_a_row_that_changes_faster_than_it_is_read_is_a_refusal_and_no_crash(hand_out):
    old = hand_out()

    def too_late(execute, sql, *rest):
        return (
            execute(sql.replace(" WHERE ", " WHERE 1 = 0 AND "), *rest)
            if sql.startswith("UPDATE")
            else execute(sql, *rest)
        )

    with connection.execute_wrapper(too_late), pytest.raises(Unknown):
        replace(old.secret, accept=DOORS)

    assert opens(old.secret)


WORKER = """
from contextlib import nullcontext
from django.db import transaction
from tessera import Purpose, replace
moment, secret = sys.argv[1:]

def killed(execute, sql, *rest):
    if sql.startswith("UPDATE") and moment == "before":
        os._exit(9)
    result = execute(sql, *rest)
    if sql.startswith("UPDATE"):
        os._exit(9)
    return result

with transaction.atomic() if moment == "uncommitted" else nullcontext(), connection.execute_wrapper(killed):
    replace(secret, accept=set(Purpose))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("moment", "old_works"),
    [
        pytest.param("before", True, id="before the writing"),
        pytest.param("uncommitted", True, id="after it, in a transaction of the site's"),
        pytest.param("after", False, id="after it, before the answer"),
    ],
)
def test_for_a_worker_that_is_killed_the_commit_decides_which_token_works(hand_out, moment, old_works):
    old = hand_out()

    ended = in_a_process(WORKER, moment, old.secret)

    assert (ended, opens(old.secret)) == (9, old_works)
