"""How often one sign-in is refreshed, and that its rate is no hiding-place for a thief."""

import secrets
from datetime import timedelta

import pytest
from django.core.cache import caches
from rest_framework.test import APIClient

from tessera import Kind, Purpose
from tessera.engine.keyring import keyring
from tessera.format.opaque import mint
from tessera.models import Grant
from tests.credentials import bearing

REFRESH = "/auth/refresh/"
TOO_MANY = {"detail": "Request was throttled. Expected available in 60 seconds.", "code": "too_many_attempts"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _three(settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refresh": "3/minute"}}


@pytest.fixture
def sign_in(hand_out):
    """A sign-in of ada's: its refresh token."""
    return lambda: hand_out(kind=Kind.SIGN_IN, may_refresh=True).refresh_secret


def traded(token):
    return APIClient().post(REFRESH, {"refresh_token": token})


def chain(token, length):
    """Each answer, and the newest refresh token."""
    answers = []
    for _ in range(length):
        answers.append(traded(token))
        token = answers[-1].json().get("refresh_token", token)
    return answers, token


def test_a_sign_in_that_is_refreshed_without_a_pause_is_a_429_and_nothing_has_ended(sign_in, clock):
    answers, newest = chain(sign_in(), 4)

    refused = answers[-1]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert (refused.json(), refused["Retry-After"], refused["Cache-Control"]) == (TOO_MANY, "60", "no-store")
    assert "WWW-Authenticate" not in refused
    assert Grant.objects.get().generation == 3

    clock.turn(timedelta(minutes=1))
    assert traded(newest).status_code == 200


def test_what_is_refused_costs_no_query(sign_in, django_assert_num_queries):
    _, newest = chain(sign_in(), 3)

    with django_assert_num_queries(0):
        answer = traded(newest)

    assert answer.status_code == 429


def test_another_sign_in_has_a_counter_of_its_own(sign_in):
    chain(sign_in(), 4)

    assert traded(sign_in()).status_code == 200


def test_a_dead_refresh_token_is_a_429_as_well_when_it_came_too_often(sign_in):
    token = sign_in()
    Grant.objects.all().delete()

    answers = [traded(token) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].json() == TOO_MANY


def test_a_thief_who_refreshes_without_a_pause_does_not_keep_the_owner_from_ending_it(sign_in, client):
    stolen = sign_in()
    answers, _ = chain(stolen, 4)
    theirs = answers[-2].json()["access_token"]
    assert answers[-1].status_code == 429

    owners = traded(stolen)

    assert owners.status_code == 401
    assert client.get("/whoami/", headers=bearing(theirs)).status_code == 401
    assert Grant.objects.get().revoked_reason == "reuse"


def another_tag(token):
    return token[:-1] + ("1" if token[-1] == "0" else "0")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(another_tag, id="not minted here"),
        pytest.param(lambda token: secrets.token_hex(20), id="garbage"),
        pytest.param(
            lambda token: mint("tsr", Purpose.ACCESS, Grant.objects.get().pk, bytes(32), keyring()[0])[0],
            id="minted here for another door",
        ),
    ],
)
def test_nobody_without_a_refresh_token_of_it_uses_its_rate_up(sign_in, spoil):
    token = sign_in()

    seen = {traded(spoil(token)).status_code for _ in range(10)}

    assert seen == {401}
    assert traded(token).status_code == 200


@pytest.mark.parametrize(
    "cache",
    [
        pytest.param(
            {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere/at/all"},
            id="does not answer",
        ),
        pytest.param({"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, id="forgets at once"),
    ],
)
def test_where_the_cache_cannot_count_a_sign_in_is_refreshed_all_the_same(sign_in, settings, cache):
    settings.CACHES = {**settings.CACHES, "broken": cache}
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "broken"}

    answers, _ = chain(sign_in(), 5)

    assert [answer.status_code for answer in answers] == [200] * 5


def test_a_cache_that_goes_away_in_between_lets_it_pass(sign_in, settings, monkeypatch):
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "locmem"}
    caches["locmem"].clear()
    _, newest = chain(sign_in(), 3)
    monkeypatch.setattr(type(caches["locmem"]), "get_or_set", gone)

    assert traded(newest).status_code == 200


def gone(*_, **__):
    raise ConnectionResetError


def test_a_site_may_set_no_limit(sign_in, settings):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refresh": None}}

    answers, _ = chain(sign_in(), 40)

    assert {answer.status_code for answer in answers} == {200}


def test_nobody_chose_and_it_is_thirty_a_minute(sign_in, settings):
    settings.TESSERA = {name: value for name, value in settings.TESSERA.items() if name != "RATES"}

    answers, _ = chain(sign_in(), 31)

    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
