"""The keys that sign JWTs, in the database: which one signs, and how long what it signed is accepted."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from tessera.conf import current
from tessera.engine.signing.keys import AT_MOST_EVERY, RELOAD, accepted, forget, published, signing_key
from tessera.errors import StoreDown
from tessera.models import SigningKey

QUARTER = timedelta(minutes=15)


@pytest.mark.django_db
def test_where_there_is_none_the_first_is_made(clock):
    now = clock()

    key = signing_key(now, now + QUARTER)

    assert (key.algorithm, key.is_private) == ("EdDSA", True)
    assert accepted(key.id, now) == key
    assert [each.id for each in published(now)] == [key.id]
    assert signing_key(now, now + QUARTER).id == key.id


@pytest.mark.django_db
def test_an_id_that_nobody_knows_has_the_table_read_every_ten_seconds(clock, django_assert_num_queries):
    accepted("nobody's", clock())

    with django_assert_num_queries(0):
        for number in range(10_000):
            assert accepted(f"nobody's {number}", clock()) is None
    clock.turn(AT_MOST_EVERY)
    with django_assert_num_queries(1):
        for number in range(10_000):
            assert accepted(f"nobody's {number}", clock()) is None


@pytest.mark.django_db
def test_what_is_known_is_read_again_each_minute_and_not_for_each_token(clock, django_assert_num_queries):
    key = signing_key(clock(), clock() + QUARTER)
    accepted(key.id, clock())

    with django_assert_num_queries(0):
        for _ in range(100):
            assert accepted(key.id, clock())
            assert signing_key(clock(), clock() + QUARTER).id == key.id
    clock.turn(RELOAD)
    with django_assert_num_queries(1):
        for _ in range(100):
            assert accepted(key.id, clock())
            assert signing_key(clock(), clock() + QUARTER).id == key.id


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda now: signing_key(now, now + QUARTER), id="which one signs"),
        pytest.param(lambda now: accepted("nobody's", now), id="whether one is accepted"),
        pytest.param(published, id="which are published"),
    ],
)
def test_a_database_that_is_away_says_nothing_of_a_key(clock, ask):
    def away(*_):
        raise OperationalError("connection refused")

    forget()

    with connection.execute_wrapper(away), pytest.raises(StoreDown):
        ask(clock())


@pytest.mark.django_db
def test_the_row_holds_no_key_that_can_be_read(clock):
    key = signing_key(clock(), clock() + QUARTER)

    row = SigningKey.objects.get()

    secret = key.material.as_dict(private=True)["d"]
    assert secret not in str(vars(row))
    assert row.algorithm == current().JWT_ALGORITHM
