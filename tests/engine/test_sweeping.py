"""Now and then, an issuance deletes a few rows of what ended long ago."""

import os
import random
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tessera import Ask, Kind, issue, revoke
from tessera.engine import pruning
from tessera.engine.adoption.key import adopt
from tessera.engine.pruning import LOOK, SIDES, sweep_by_chance
from tessera.format.opaque import new_row
from tessera.models import Grant
from tests.racing import at_once

HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
EVERYWHERE = SIDES - 20
"""The die that says: sweep, and begin with the oldest row."""

# It waits for a commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dice(monkeypatch):
    """What the dice show from now on, at each issuance: at first, no sweep."""

    def dice(die):
        monkeypatch.setattr("secrets.randbelow", lambda sides: die)

    dice(1)
    return dice


def statements(queries):
    """The first words of those that read or write."""
    words = [query["sql"].split()[0] for query in queries]
    return [word for word in words if word in {"SELECT", "INSERT", "UPDATE", "DELETE"}]


def left():
    return set(Grant.objects.values_list("label", flat=True))


def test_what_ended_longer_ago_than_the_retention_goes_and_nothing_else(dice, clock, hand_out):
    hand_out(label="expired", lifetime=HOUR)
    revoke(hand_out(label="revoked", lifetime="never").grant)
    clock.turn(HOUR + MICROSECOND)
    revoke(hand_out(label="revoked just within", lifetime="never").grant)
    hand_out(label="never ending", lifetime="never")
    hand_out(label="a year's")
    clock.turn(30 * DAY)
    dice(EVERYWHERE)

    hand_out(label="new")

    assert left() == {"revoked just within", "never ending", "a year's", "new"}


def test_where_old_jwts_live_longer_what_ended_before_them_stays_as_long(settings, dice, clock, hand_out):
    settings.SIMPLE_JWT = {"REFRESH_TOKEN_LIFETIME": 90 * DAY}
    revoke(hand_out(label="revoked").grant)
    clock.turn(90 * DAY)
    dice(EVERYWHERE)
    hand_out(label="in time")
    clock.turn(HOUR)
    at_the_edge = left()

    hand_out(label="after it")

    assert (at_the_edge, left()) == ({"revoked", "in time"}, {"in time", "after it"})


def test_an_adopted_row_is_left_to_prune(dice, clock, user, hand_out):
    first = hand_out(label="first", lifetime=HOUR).grant
    adopt("a-key-of-another-package", user, lifetime=HOUR)
    Grant.objects.filter(kind=Kind.ADOPTED).update(id=UUID(int=first.pk.int + 1))  # Chance puts a few among the others.
    clock.turn(31 * DAY)
    dice(EVERYWHERE)

    hand_out(label="last")

    assert sorted(Grant.objects.values_list("kind", "label")) == [("adopted", ""), ("personal", "last")]


def test_so_is_a_sign_in_whose_refresh_token_another_package_made(dice, clock, hand_out):
    sign_in = {"kind": Kind.SIGN_IN, "client": "simplejwt", "lifetime": HOUR}
    hand_out(label="ours", **sign_in)
    made = hand_out(label="made", **sign_in).grant
    # Made from the hash of a token: chance puts a few among the others, and their version tells.
    Grant.objects.filter(pk=made.pk).update(id=UUID(int=made.pk.int & ~(0xF << 76) | 8 << 76))
    clock.turn(31 * DAY)
    dice(EVERYWHERE)

    hand_out(label="last")

    assert left() == {"made", "last"}


def test_one_issuance_in_twenty_sweeps(dice, hand_out):
    swept = []
    for die in range(60):
        dice(die)
        with CaptureQueriesContext(connection) as queries:
            hand_out()
        swept.append(statements(queries) != ["INSERT"])

    assert [die for die in range(60) if swept[die]] == [0, 20, 40]


@pytest.mark.parametrize(
    ("retention", "costs"),
    [
        # MySQL first asks which, and these are none.
        pytest.param(
            30 * DAY, ["INSERT", "SELECT", "SELECT" if connection.vendor == "mysql" else "DELETE"], id="old enough"
        ),
        pytest.param(60 * DAY, ["INSERT", "SELECT"], id="younger than the retention"),
        pytest.param(36_525 * DAY, ["INSERT"], id="a retention of a hundred years"),
    ],
)
def test_it_costs_two_statements_at_most(settings, dice, clock, hand_out, retention, costs):
    settings.TESSERA = {**settings.TESSERA, "RETENTION": retention}
    hand_out(lifetime=HOUR)
    clock.turn(40 * DAY)
    dice(0)

    with CaptureQueriesContext(connection) as queries:
        hand_out()

    assert statements(queries) == costs


def test_it_looks_at_a_hundred_rows(dice, clock, hand_out):
    for _ in range(LOOK + 5):
        hand_out(lifetime=HOUR)
    clock.turn(31 * DAY)
    dice(EVERYWHERE)

    hand_out()

    assert Grant.objects.count() == 5 + 1


def test_a_database_that_nests_no_limit_reads_them_first(monkeypatch, dice, clock, hand_out):
    monkeypatch.setattr(connection.features, "allow_sliced_subqueries_with_in", False)  # As on MySQL.
    hand_out(label="over", lifetime=HOUR)
    clock.turn(31 * DAY)
    dice(EVERYWHERE)

    with CaptureQueriesContext(connection) as queries:
        hand_out(label="new")

    assert (left(), statements(queries)) == ({"new"}, ["INSERT", "SELECT", "SELECT", "DELETE"])


def test_no_row_is_out_of_reach(monkeypatch, clock, hand_out):
    monkeypatch.setattr(pruning, "LOOK", 3)
    for number in range(60):
        hand_out(label=f"{number}", lifetime="never" if number % 2 else HOUR)
        clock.turn(DAY)
    clock.turn(30 * DAY)
    dice = random.Random("no row is out of reach")

    for _ in range(400):
        sweep_by_chance(clock.time, dice.randrange(0, SIDES, 20))

    assert left() == {f"{number}" for number in range(1, 60, 2)}


def test_within_a_block_it_waits_for_the_commit(dice, clock, hand_out):
    hand_out(label="over", lifetime=HOUR)
    clock.turn(31 * DAY)
    dice(EVERYWHERE)

    with transaction.atomic():
        hand_out(label="undone")
        transaction.set_rollback(True)
    undone = left()
    with transaction.atomic():
        hand_out(label="new")
        within = left()

    assert (undone, within, left()) == ({"over"}, {"over", "new"}, {"new"})


@pytest.mark.parametrize("word", ["SELECT", "DELETE"])
def test_whatever_becomes_of_it_the_log_in_succeeds(dice, clock, hand_out, caplog, word):
    hand_out(label="over", lifetime=HOUR)
    clock.turn(31 * DAY)
    dice(EVERYWHERE)

    def broken(execute, sql, *rest):
        if sql.startswith(word):
            raise OperationalError("Row (1, ada, 5f0c7a91) is in the way.")
        return execute(sql, *rest)

    with connection.execute_wrapper(broken):
        hand_out(label="new")

    assert left() == {"over", "new"}
    assert [record.getMessage() for record in caplog.records] == [
        "rows that are over were not deleted: OperationalError"
    ]
    assert "ada" not in caplog.text


def test_sweeps_at_once_all_succeed_and_so_do_their_log_ins(dice, clock, hand_out, user):
    for _ in range(LOOK):
        hand_out(lifetime=HOUR)
    clock.turn(31 * DAY)
    dice(EVERYWHERE)

    answers = at_once(*[lambda: issue(Ask(subject=user))] * 20)

    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert set(Grant.objects.all()) == {answer.grant for answer in answers}


def test_a_table_that_nobody_prunes_stays_small(settings, clock):
    """Of 20,000 tokens issued in forty days, 1,000 have to be there at any time; and 1,000 that never end are, too."""
    settings.TESSERA = {**settings.TESSERA, "RETENTION": DAY}
    dice, pause, sizes = random.Random("twenty thousand"), DAY / 500, []

    def bulk(moments, lifetime):
        common = {"kind": Kind.MACHINE, "access_digest": b"", "fingerprint": b"", "pepper": ""}
        Grant.objects.bulk_create(
            Grant(id=new_row(at, os.urandom(10)), created_at=at, ends_at=lifetime and at + lifetime, **common)
            for at in moments
        )

    bulk([clock.time - number * DAY / 10 for number in range(1_000)], None)
    for _ in range(200):
        bulk([clock.time + number * pause for number in range(100)], DAY)
        for _ in range(100):
            clock.turn(pause)
            sweep_by_chance(clock.time, dice.randrange(SIDES))
        sizes.append(Grant.objects.count())

    assert Grant.objects.filter(ends_at=None).count() == 1_000
    assert max(sizes) < 3_000
    assert not User.objects.exists()
