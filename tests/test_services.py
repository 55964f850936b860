"""The suite runs on what it says it runs on."""

import os
import sys

import pytest
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.db import connection

import run


@pytest.mark.django_db
def test_the_database_is_the_one_that_was_asked_for():
    asked = {"postgres": "postgresql", "sqlite": "sqlite", "mariadb": "mysql"}[os.environ["TEST_DB"]]

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        answer = cursor.fetchone()

    assert (connection.vendor, answer) == (asked, (1,))


@pytest.mark.skipif(
    sys.platform == "win32" and "TEST_REDIS_URL" not in os.environ, reason="no wheel brings Valkey to Windows"
)
def test_the_cache_is_a_real_server_that_counts():
    cache = caches["default"]
    cache.set("count", 1)

    total = cache.incr("count", 2)

    assert (type(cache), total) == (RedisCache, 3)


def test_where_there_is_no_chromium_the_browsers_tests_say_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match="apt-get install chromium"):
        run.main(["test", "--browser"])
