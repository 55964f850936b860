"""What becomes of log-ins, refreshes and readings while the cache that counts is down, hangs or forgets."""

import socket
from datetime import timedelta
from time import monotonic

import pytest
from django.core.cache.backends.redis import RedisCache
from rest_framework.test import APIClient

from tessera import revoke
from tests.credentials import PAIR, bearing
from tests.recording import CountingHasher

ADA = {"username": "ada", "password": "lovelace-1843"}
DOWN = "The service is not available for the moment. Try again."
PROMPT = 10.0
"""Seconds that nobody has to wait, though the client of the cache tries again a few times."""

pytestmark = pytest.mark.django_db


class Forgetful(RedisCache):
    """A server whose memory is full: what it was just given, it has thrown out."""

    def add(self, key, *rest, **more):
        added = super().add(key, *rest, **more)
        self.delete(key)
        return added


@pytest.fixture(params=["down", "hangs", "forgets"])
def store(request, settings):
    """The cache that counts, in one of these states."""
    with socket.create_server(("127.0.0.1", 0)) as silent:  # The kernel accepts, and nobody answers.
        redis = "django.core.cache.backends.redis.RedisCache"
        silent_url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        caches = {
            "down": {"BACKEND": redis, "LOCATION": "unix:///nowhere/at/all"},
            "hangs": {"BACKEND": redis, "LOCATION": silent_url, "OPTIONS": {"socket_timeout": 0.1}},
            "forgets": {**settings.CACHES["default"], "BACKEND": f"{__name__}.Forgetful"},
        }
        settings.CACHES = {**settings.CACHES, "counting": caches[request.param]}
        settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "counting"}
        yield request.param


@pytest.mark.parametrize("path", ["/api-token-auth/", "/auth/login/"])
@pytest.mark.parametrize("password", ["lovelace-1843", "wrong"])
def test_a_log_in_is_refused_politely_and_no_guess_is_free(client, user, store, settings, monkeypatch, path, password):
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher"]
    monkeypatch.setattr(CountingHasher, "passwords", [])
    began = monotonic()

    answer = client.post(path, {**ADA, "password": password})

    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "5", "no-store")
    assert answer.json()["detail"] == DOWN
    assert "WWW-Authenticate" not in answer
    assert CountingHasher.passwords == []
    assert monotonic() - began < PROMPT


def test_what_is_signed_in_already_goes_on(client, hand_out, store, clock):
    issued = hand_out(**PAIR)
    refreshed = client.post("/auth/refresh/", {"refresh_token": issued.refresh_secret})
    access = refreshed.json()["access_token"]
    clock.turn(timedelta(minutes=1))

    read = client.get("/whoami/", headers=bearing(access))
    ended = client.post("/auth/logout/", headers=bearing(access))

    assert (refreshed.status_code, read.status_code, ended.status_code) == (200, 200, 204)


def test_a_dead_token_stays_a_401(client, hand_out, store):
    issued = hand_out()
    revoke(issued.grant)
    began = monotonic()

    answer = client.get("/whoami/", headers=bearing(issued.secret))

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})
    assert monotonic() - began < PROMPT


def test_once_it_is_back_log_ins_are_as_ever(user, store, settings):
    assert APIClient().post("/auth/login/", ADA).status_code == 503

    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "default"}

    assert APIClient().post("/auth/login/", ADA).status_code == 200
