"""However many guesses come at once, as many as the rate allows reach the hasher, and no more."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from rest_framework.test import APIClient

from tests.processes import on_a_database
from tests.racing import at_once
from tests.recording import CountingHasher

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = pytest.mark.parametrize(
    ("path", "refused"),
    [pytest.param("/api-token-auth/", 400, id="authtoken"), pytest.param("/auth/login/", 401, id="native")],
)


@pytest.fixture(autouse=True)
def _counted(settings, monkeypatch, clock):
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher"]
    monkeypatch.setattr(CountingHasher, "passwords", [])


def guess_at_once(path, times, name="ada"):
    """The statuses, sorted, of so many guesses that come at once."""
    barrier = Barrier(times)

    def guess(_):
        barrier.wait()
        try:
            return APIClient().post(path, {"username": name, "password": "wrong"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(guess, range(times)))


@BOTH
@pytest.mark.parametrize(
    ("alias", "kind"),
    [pytest.param("default", RedisCache, id="Valkey"), pytest.param("locmem", LocMemCache, id="LocMem")],
)
def test_of_fifty_threads_ten_reach_the_hasher(user, settings, path, refused, alias, kind):
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": alias}
    assert type(caches[alias]) is kind
    caches[alias].clear()
    CountingHasher.passwords.clear()

    statuses = guess_at_once(path, 50)

    assert statuses == [refused] * 10 + [429] * 40
    assert len(CountingHasher.passwords) == 10


def test_fifty_threads_under_fifty_names_share_the_rate_of_their_address(user, settings):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"address": "7/minute"}}
    CountingHasher.passwords.clear()
    barrier = Barrier(50)

    def guess(number):
        barrier.wait()
        return APIClient().post("/auth/login/", {"username": f"user-{number}", "password": "wrong"}).status_code

    statuses = at_once(*(lambda number=number: guess(number) for number in range(50)))

    assert sorted(statuses) == [401] * 7 + [429] * 43
    assert len(CountingHasher.passwords) == 7


A_PROCESS = """
import django
django.setup()
from datetime import UTC, datetime
from threading import Barrier
from django.core.cache import cache
from django.test import override_settings
from tessera.testing import Clock
from tests.recording import CountingHasher
from tests.drf.test_parallel_guesses import guess_at_once

with override_settings(PASSWORD_HASHERS=["tests.recording.CountingHasher"], ALLOWED_HOSTS=["testserver"]):
    with Clock(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        cache.incr("ready")
        while cache.get("ready") < 2:
            pass
        statuses = guess_at_once(sys.argv[1], 25)
print(statuses.count(429), len(CountingHasher.passwords))
"""


@BOTH
def test_of_two_processes_of_twenty_five_threads_ten_reach_the_hasher(user, path, refused):
    assert type(caches["default"]) is RedisCache
    caches["default"].set("ready", 0)

    done = at_once(*[lambda: on_a_database(A_PROCESS, path)] * 2)

    assert [process.stderr for process in done] == ["", ""]
    counts = [tuple(map(int, process.stdout.split())) for process in done]
    assert tuple(map(sum, zip(*counts, strict=True))) == (40, 10)
