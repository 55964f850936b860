"""How often a password is looked at. Counted without any setting, and so that no stranger locks anybody out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from rest_framework.test import APIClient

from tessera.drf.login import Failure
from tessera.signals import login_failed
from tests.dialects import hostile
from tests.recording import CountingHasher, audited, listening

OBTAIN = "/api-token-auth/"
RIGHT, WRONG = "lovelace-1843", "wrong"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def _counted(settings, monkeypatch, clock):
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher"]
    monkeypatch.setattr(CountingHasher, "passwords", [])


@pytest.fixture
def try_once(user):
    """One attempt: its status."""
    client = APIClient()

    def try_once(password=WRONG, *, name="ada", address=HOME, forwarded=None):
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
        return client.post(
            OBTAIN, {"username": name, "password": password}, REMOTE_ADDR=address, headers=headers
        ).status_code

    return try_once


@pytest.fixture
def rates(settings):
    """Other rates than the default."""

    def rates(**rates):
        settings.TESSERA = {**settings.TESSERA, "RATES": rates}

    return rates


def test_the_eleventh_attempt_in_a_minute_is_a_429_and_its_password_is_not_looked_at(client, user):
    CountingHasher.passwords.clear()
    answers = [client.post(OBTAIN, {"username": "ada", "password": WRONG}) for _ in range(11)]

    right = client.post(OBTAIN, {"username": "ada", "password": RIGHT})

    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert (right.status_code, right["Retry-After"], right["Cache-Control"]) == (429, "60", "no-store")
    assert right.json() == {"detail": "Request was throttled. Expected available in 60 seconds."}
    assert CountingHasher.passwords == [WRONG] * 10


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, (429, "60")), (59, (429, "1")), (59.9, (429, "1")), (60, (200, None))],
)
def test_the_minute_ends_by_the_clock(client, try_once, clock, seconds, expected):
    for _ in range(11):
        try_once()

    clock.turn(timedelta(seconds=seconds))
    answer = client.post(OBTAIN, {"username": "ada", "password": RIGHT}, REMOTE_ADDR=HOME)

    assert (answer.status_code, answer.headers.get("Retry-After")) == expected


@pytest.mark.parametrize(
    ("rate", "name"),
    [
        pytest.param("name_and_address", "ada", id="for one name"),
        pytest.param("address", "name-{}", id="from one address"),
    ],
)
def test_of_those_that_are_not_looked_at_the_first_in_each_minute_is_told(try_once, rates, clock, caplog, rate, name):
    rates(**{rate: "2/minute"})
    caplog.set_level("INFO", logger="tessera.audit")

    with listening(login_failed) as told:
        for _ in range(2):
            for n in range(50):
                try_once(name=name.format(n))
            clock.turn(timedelta(minutes=1))

    reasons = [Failure.CREDENTIALS, Failure.CREDENTIALS, Failure.TOO_MANY] * 2
    assert [what["reason"] for _, what in told] == reasons
    assert audited(caplog) == [f"login failed: {reason} address={HOME!r}" for reason in reasons]


def test_sixty_attempts_a_minute_is_what_one_address_has_for_all_names(try_once):
    statuses = [try_once(name=f"user-{n}") for n in range(61)]

    assert statuses == [400] * 60 + [429]
    assert try_once(RIGHT) == 429
    assert try_once(RIGHT, address=ELSEWHERE) == 200


def test_another_address_and_another_name_have_counters_of_their_own(try_once):
    for _ in range(11):
        try_once()

    assert (try_once(), try_once(name="bob"), try_once(address=ELSEWHERE)) == (429, 400, 400)


def test_a_success_clears_no_counter(try_once):
    statuses = [*(try_once() for _ in range(5)), try_once(RIGHT), *(try_once() for _ in range(5))]

    assert statuses == [400] * 5 + [200] + [400] * 4 + [429]


def test_a_success_clears_no_counter_of_anybody_elses(try_once, django_user_model):
    django_user_model.objects.create_user("eve", password=RIGHT)
    for _ in range(10):
        try_once()

    assert try_once(RIGHT, name="eve") == 200
    assert try_once() == 429


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param("ADA", id="upper case"),
        pytest.param("\uff41\uff44\uff41", id="full-width"),
        pytest.param(" ada ", id="spaces around"),
        pytest.param("\u00e0d\u00e1", id="accents"),
        pytest.param("ad\u00ada", id="a hyphen that does not show"),
        pytest.param("\U0001d4ea\U0001d4ed\U0001d4ea", id="mathematical script"),
    ],
)
def test_one_name_has_one_counter_however_it_is_spelt(try_once, spelling):
    for _ in range(10):
        try_once(name=spelling)

    assert try_once(RIGHT) == 429


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        pytest.param("2001:db8::1", "2001:db8::ffff:1", 429, id="two of one /64"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", 400, id="two of two /64"),
        pytest.param("192.0.2.1", "::ffff:192.0.2.1", 429, id="IPv4, and the same in IPv6"),
        pytest.param("192.0.2.1", "192.0.2.2", 400, id="two of IPv4"),
    ],
)
def test_an_address_is_what_one_customer_has(try_once, first, then, status):
    for _ in range(10):
        try_once(address=first)

    assert try_once(address=then) == status


def test_what_a_client_says_of_its_address_changes_no_counter(try_once):
    statuses = [try_once(forwarded=f"203.0.113.{n}") for n in range(11)]

    assert statuses == [400] * 10 + [429]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "other"),
    [
        pytest.param(1, "203.0.113.{}, 192.0.2.9", "203.0.113.1, 192.0.2.8", id="one proxy"),
        pytest.param(2, "203.0.113.{}, 192.0.2.9, 10.0.0.1", "192.0.2.8, 10.0.0.1", id="two proxies"),
        pytest.param(1, "203.0.113.{},192.0.2.9:5{:03}", "192.0.2.8:5000", id="a proxy that writes the port"),
        pytest.param(1, "x, [2001:db8::{}]:443", "[2001:db8:0:1::1]:443", id="a proxy that writes the port of IPv6"),
        pytest.param(1, "{}, , 192.0.2.9, ", "192.0.2.8", id="empty entries"),
    ],
)
def test_behind_proxies_that_the_site_counts_the_client_is_what_the_outermost_wrote(
    try_once, settings, proxies, forwarded, other
):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}

    statuses = [try_once(address="10.0.0.1", forwarded=forwarded.format(n, n)) for n in range(1, 12)]

    assert statuses == [400] * 10 + [429]
    assert try_once(address="10.0.0.1", forwarded=other) == 400


def test_a_guesser_with_many_addresses_is_slowed_and_the_user_at_home_is_not(try_once, rates):
    rates(failures_of_name="5/hour")
    assert try_once(RIGHT, address=HOME) == 200
    for n in range(5):
        try_once(address=f"203.0.113.{n}")

    stranger = [try_once(address="203.0.113.99") for _ in range(2)]
    at_home = [try_once(address=HOME) for _ in range(9)]

    assert stranger == [400, 429]
    assert at_home == [400] * 9
    assert try_once(RIGHT, address=HOME) == 429  # The eleventh from there: home is not free, it is as ever.


@pytest.mark.skipif(connection.vendor == "mysql", reason="MariaDB takes both names for one")
def test_a_guesser_is_slowed_though_he_signs_in_by_a_name_of_his_own_that_is_counted_as_the_users(
    try_once, rates, django_user_model
):
    rates(failures_of_name="5/hour")
    django_user_model.objects.create_user("ADA", password="a guesser's own")
    for n in range(5):
        try_once(address=f"203.0.113.{n}")

    own = try_once("a guesser's own", name="ADA", address=ELSEWHERE)
    guesses = [try_once(address=ELSEWHERE) for _ in range(2)]

    assert (own, guesses) == (200, [429, 429])  # One attempt a minute, and his own log-in was it.


def test_a_hundred_failures_in_an_hour_slow_a_stranger_where_nobody_chose(try_once):
    for n in range(99):
        try_once(address=f"203.0.113.{n}")

    the_hundredth_and_on = [try_once(address="198.51.100.1") for _ in range(3)]
    a_stranger = [try_once(address="198.51.100.2") for _ in range(2)]

    assert the_hundredth_and_on == [400, 400, 429]
    assert a_stranger == [400, 429]


def test_a_stranger_cannot_lock_a_user_out_who_comes_from_an_address_never_seen(try_once, rates, clock):
    rates(failures_of_name="5/hour")
    for n in range(50):
        try_once(address=f"203.0.113.{n}")

    assert try_once(RIGHT, address=ELSEWHERE) == 200
    assert try_once(RIGHT, address=ELSEWHERE) == 200  # From there, he is at home by now.


def test_who_is_slowed_has_another_attempt_in_the_next_minute_and_all_in_the_next_hour(try_once, rates, clock):
    rates(failures_of_name="5/hour")
    for n in range(5):
        try_once(address=f"203.0.113.{n}")
    slowed = [try_once(), try_once()]

    clock.turn(timedelta(minutes=1))
    next_minute = [try_once(), try_once()]
    clock.turn(timedelta(hours=1))
    next_hour = [try_once(), try_once()]

    assert (slowed, next_minute, next_hour) == ([400, 429], [400, 429], [400, 400])


@pytest.mark.parametrize(
    ("changed", "statuses"),
    [
        pytest.param({"name_and_address": "2/second"}, [400, 400, 429], id="fewer of a name"),
        pytest.param({"address": "1/day"}, [400, 429, 429], id="fewer of an address"),
        pytest.param({"name_and_address": "0/hour"}, [429, 429, 429], id="none"),
        pytest.param({"failures_of_name": "1/hour"}, [400, 400, 429], id="slowed at once"),
        pytest.param({"failures_of_name": "0/hour", "slowed": None}, [400, 400, 400], id="slowed by nothing"),
    ],
)
def test_a_site_may_have_other_rates(try_once, rates, changed, statuses):
    rates(**changed)

    assert [try_once() for _ in range(3)] == statuses


def test_an_exception_handler_of_the_sites_does_not_forget_when_to_try_again(user, rates):
    rates(name_and_address="0/hour")

    with hostile.WORLDS["a forgetful exception handler"]() as client:
        answer = client.post(OBTAIN, {"username": "ada", "password": RIGHT}, format="json")

    assert (answer.status_code, list(answer.json())) == (429, ["error"])
    assert 0 < int(answer["Retry-After"]) <= 3600


def test_a_rate_of_none_counts_nothing(try_once, rates):
    rates(name_and_address=None, address=None, failures_of_name=None)

    assert {try_once() for _ in range(70)} == {400}


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_exactly_ten_reach_the_hasher(user):
    assert isinstance(caches["default"], RedisCache)
    CountingHasher.passwords.clear()
    barrier = Barrier(20)

    def attempt(_):
        barrier.wait()
        try:
            return APIClient().post(OBTAIN, {"username": "ada", "password": WRONG}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(attempt, range(20)))

    assert statuses == [400] * 10 + [429] * 10
    assert len(CountingHasher.passwords) == 10


@pytest.mark.parametrize(
    "cache",
    [
        pytest.param(
            {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere/at/all"},
            id="does not answer",
        ),
        # Evicted between the two, as it may be where memory is short.
        pytest.param({"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, id="forgets at once"),
    ],
)
def test_a_cache_that_cannot_count_is_a_503_and_no_free_guess(client, user, settings, cache):
    settings.CACHES = {**settings.CACHES, "broken": cache}
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "broken"}
    CountingHasher.passwords.clear()

    answer = client.post(OBTAIN, {"username": "ada", "password": RIGHT})

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert CountingHasher.passwords == []


def test_nobody_who_reads_the_cache_learns_who_signs_in(try_once, settings):
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "locmem"}
    cache = caches["locmem"]
    assert isinstance(cache, LocMemCache)
    cache.clear()

    try_once()

    keys = list(vars(cache)["_cache"])
    assert len(keys) == 3
    assert not [key for key in keys if "ada" in key or HOME in key]
