"""Two refreshes and whatever ends a grant, in every order of their statements."""

from datetime import timedelta
from functools import partial
from itertools import permutations
from threading import Event

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.db import connection

from tessera import Issued, revoke
from tessera.errors import PasswordChanged, Reused, Revoked, SubjectGone
from tessera.models import Grant
from tessera.signals import token_refreshed
from tests.credentials import PAIR, opens, secrets_of, traded
from tests.processes import PATIENCE
from tests.racing import at_once, before_writing, in_order, wait_until_waited_for
from tests.recording import listening

MINUTE = timedelta(minutes=1)

# Each of them has a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def orders(**statements):
    """Every order in which so many statements of each can come."""
    steps = [name for name, count in statements.items() for _ in range(count)]
    return sorted(set(permutations(steps)))


THIRTY = orders(tab=2, other=2, end=1)
"""A refresh reads and writes; a revocation writes."""


def two_tabs(first, clock):
    return first, first


def a_parent_and_its_child(first, clock):
    return first, traded(first)


def a_lost_answer_that_was_not_lost(first, clock):
    child = traded(first)
    clock.turn(MINUTE)
    return first, child


def all_of_the_user(grant):
    return revoke(subject=grant.subject)


@pytest.mark.parametrize(
    ("world", "end"),
    [
        (two_tabs, revoke),
        (two_tabs, all_of_the_user),
        (a_parent_and_its_child, revoke),
        (a_lost_answer_that_was_not_lost, revoke),
    ],
)
def test_after_a_revocation_nothing_of_the_grant_works_whatever_was_under_way(hand_out, clock, world, end):
    assert len(THIRTY) == 30
    for order in THIRTY:
        first = hand_out(**PAIR)
        generations: list[int] = []
        mine, others = world(first, clock)
        works = {"tab": partial(traded, mine), "other": partial(traded, others), "end": partial(end, first.grant)}

        with listening(token_refreshed) as rotations:
            results = in_order(order, works, partial(note_generation, first.grant, generations))

        pairs = [told for told in results.values() if isinstance(told, Issued)]
        for each in (mine, others, *pairs):
            assert not opens(each.secret), order
            with pytest.raises(Revoked):
                traded(each)
        assert {type(told) for told in results.values()} <= {Issued, Revoked, Reused, int}, order
        assert generations == sorted(generations), order
        reached = [told["grant"].generation for _, told in rotations]
        assert len(reached) == len(set(reached)), order


def note_generation(grant, generations):
    generations.append(generation_of(grant))


def generation_of(grant):
    return Grant.objects.values_list("generation", flat=True).get(pk=grant.pk)


@pytest.mark.parametrize("order", orders(tab=2, other=2), ids=" ".join)
def test_two_tabs_get_the_same_pair_in_every_order(hand_out, clock, order):
    first = hand_out(**PAIR)

    results = in_order(order, {"tab": lambda: traded(first), "other": lambda: traded(first)})

    assert secrets_of(results["tab"]) == secrets_of(results["other"])
    assert opens(results["tab"].secret)
    assert generation_of(first.grant) == 1


@pytest.mark.parametrize("order", THIRTY, ids=" ".join)
def test_a_refresh_that_ended_before_the_revocation_is_answered_and_one_begun_after_it_is_not(hand_out, clock, order):
    first = hand_out(**PAIR)
    works = {"tab": lambda: traded(first), "other": lambda: traded(first), "end": lambda: revoke(first.grant)}

    results = in_order(order, works)

    ended = order.index("end")
    assert results["end"] == 1
    for name in ("tab", "other"):
        begins, last = order.index(name), len(order) - 1 - order[::-1].index(name)
        if last < ended:
            assert isinstance(results[name], Issued)
        if begins > ended:
            assert isinstance(results[name], Revoked)


def deactivate(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user):
    User.objects.filter(pk=user.pk).update(password="another")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(deactivate, SubjectGone, id="a deactivation"),
        pytest.param(change_password, PasswordChanged, id="another password"),
    ],
)
@pytest.mark.parametrize("order", orders(tab=2, change=1), ids=" ".join)
def test_no_pair_outlives_a_change_of_the_user_that_a_refresh_has_missed(hand_out, user, clock, order, change, error):
    first = hand_out(**PAIR)

    told = in_order(order, {"tab": lambda: traded(first), "change": lambda: change(user)})["tab"]

    latest = told if isinstance(told, Issued) else first
    assert isinstance(told, Issued | error)
    assert not opens(latest.secret)
    with pytest.raises(error):
        traded(latest)


# Making the new one, counting, ending the oldest.
@pytest.mark.parametrize("order", orders(tab=2, log_in=3), ids=" ".join)
def test_a_log_in_that_takes_the_place_of_a_sign_in_ends_whatever_its_refresh_gets(settings, hand_out, clock, order):
    settings.TESSERA = {**settings.TESSERA, "LIMITS": {"sign-in": (1, "evict")}}
    first = hand_out(**PAIR)
    clock.turn(MINUTE)

    results = in_order(order, {"tab": lambda: traded(first), "log_in": lambda: hand_out(**PAIR)})

    latest = results["tab"] if isinstance(results["tab"], Issued) else first
    assert isinstance(results["tab"], Issued | Revoked)
    assert (opens(latest.secret), opens(results["log_in"].secret)) == (False, True)
    with pytest.raises(Revoked):
        traded(latest)


class Dearer(MD5PasswordHasher):
    """The hasher of this year, as fast as the one of last year."""

    algorithm = "dearer"


# Reading the hash that is stored, writing the new one, reading the grants, binding them to it.
@pytest.mark.parametrize("order", orders(tab=2, log_in=4), ids=" ".join)
@pytest.mark.parametrize("has_new_pepper", [False, True], ids=["the same pepper", "a newer pepper"])
def test_a_password_hashed_anew_meanwhile_leaves_the_client_its_sign_in(
    settings, hand_out, user, clock, has_new_pepper, order
):
    first = hand_out(**PAIR)
    settings.PASSWORD_HASHERS = [f"{__name__}.Dearer", *settings.PASSWORD_HASHERS]
    if has_new_pepper:
        settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["n" * 64, *settings.TESSERA["PEPPERS"]]}

    results = in_order(order, {"tab": lambda: traded(first), "log_in": lambda: user.check_password("lovelace-1843")})

    # Between the hash and the fingerprints it is refused, for a moment.
    assert results["log_in"] is True
    assert isinstance(results["tab"], Issued | PasswordChanged)
    latest = results["tab"] if isinstance(results["tab"], Issued) else first
    assert opens(latest.secret)
    assert opens(traded(latest).secret)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="It looks at PostgreSQL's locks; SQLite lets nobody in")
def test_nor_does_a_refresh_between_the_statements_for_two_peppers(settings, hand_out, user, clock):
    first, has_read, may_write, has_written = hand_out(**PAIR), Event(), Event(), Event()
    settings.PASSWORD_HASHERS = [f"{__name__}.Dearer", *settings.PASSWORD_HASHERS]
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["n" * 64, *settings.TESSERA["PEPPERS"]]}

    def wait():
        has_read.set()
        assert may_write.wait(PATIENCE)

    def refresh():
        try:
            with before_writing(wait):
                return traded(first)
        finally:
            has_written.set()

    def one_by_one(run, sql, rows, many, context):
        if not many:
            return run(sql, rows, many, context)
        for row in rows:
            run(sql, [row], True, context)
            may_write.set()
            wait_until_waited_for(has_written.is_set)
        return None

    def log_in():
        assert has_read.wait(PATIENCE)
        with connection.execute_wrapper(one_by_one):
            return user.check_password("lovelace-1843")

    second, is_right = at_once(refresh, log_in)

    assert is_right is True
    assert opens(second.secret)
