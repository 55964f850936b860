"""The key with which the former package signed is trusted for a while, and only that very key."""

import warnings
from datetime import timedelta

import pytest
from django.db import connection

from tessera.engine.adoption.simplejwt import longest_life
from tessera.engine.adoption.trust import end_trust, is_trusted, key_of_site, trust
from tessera.models import SigningKey
from tests.traces import rows, traces

DAY = timedelta(days=1)


@pytest.fixture
def now(db, clock):
    return clock()


def test_it_is_trusted_for_as_long_as_was_said(now, clock):
    assert trust(key_of_site(), now, DAY) == now + DAY

    assert is_trusted(key_of_site(), now + DAY - timedelta(seconds=1))
    assert not is_trusted(key_of_site(), now + DAY)


def test_whoever_asks_again_prolongs_it(now):
    trust(key_of_site(), now, DAY)

    assert trust(key_of_site(), now + DAY, DAY) == now + 2 * DAY

    assert SigningKey.objects.count() == 1


def test_once_ended_it_does_not_come_back(now):
    trust(key_of_site(), now, DAY)

    assert (end_trust(), end_trust()) == (1, 0)

    assert trust(key_of_site(), now, DAY) is None
    assert not is_trusted(key_of_site(), now)


def test_another_key_is_not_trusted_with_it(now, settings):
    trust(key_of_site(), now, DAY)

    settings.SIMPLE_JWT = {"SIGNING_KEY": "another key of this site, which is as long as it has to be"}

    assert not is_trusted(key_of_site(), now)


def test_it_is_known_under_each_pepper_that_is_in_use(now, settings):
    trust(key_of_site(), now, DAY)
    before, new = settings.TESSERA["PEPPERS"], "another pepper, which is thirty-two long"

    settings.TESSERA = {"PEPPERS": [new, *before]}
    assert is_trusted(key_of_site(), now)
    assert trust(key_of_site(), now, 2 * DAY) == now + 2 * DAY
    assert SigningKey.objects.count() == 1
    settings.TESSERA = {"PEPPERS": [new]}
    assert not is_trusted(key_of_site(), now)


def test_the_database_holds_nothing_of_the_key(now, settings):
    trust(key_of_site(), now, DAY)

    stored = [(place, value if isinstance(value, bytes) else str(value)) for place, value in rows(connection)]

    told = [settings.SECRET_KEY, key_of_site().id]
    assert [place for place, value in stored for secret in told for _ in traces(value, secret)] == []


WEAK = {
    "too short": ({"SIGNING_KEY": "x" * 31}, "shorter than 32 bytes"),
    "empty": ({"SIGNING_KEY": ""}, "not there"),
    "no text": ({"SIGNING_KEY": 7}, "not there"),
    "a public key as a secret": ({"SIGNING_KEY": f"-----BEGIN PUBLIC KEY-----\n{'x' * 64}"}, "no secret"),
    "a key of SSH as a secret": ({"SIGNING_KEY": f"ssh-rsa {'x' * 64}"}, "no secret"),
    "a JWK as a secret": ({"SIGNING_KEY": f'{{"kty": "oct", "k": "{"x" * 64}"}}'}, "no secret"),
    "an algorithm that there is not": ({"ALGORITHM": "none"}, "signed with none"),
    "one that is no text": ({"ALGORITHM": None}, "signed with None"),
    "no public key": ({"ALGORITHM": "RS256", "SIGNING_KEY": "private"}, "not there"),
    "a public key that is none": ({"ALGORITHM": "RS256", "VERIFYING_KEY": "x" * 64}, "no key for RS256"),
    "a secret for a public key": ({"ALGORITHM": "ES256", "VERIFYING_KEY": "x" * 64}, "no key for ES256"),
}


@pytest.mark.parametrize(("told", "sentence"), WEAK.values(), ids=WEAK)
def test_a_key_that_is_none_or_weak_is_refused_and_not_repeated(settings, told, sentence):
    settings.SIMPLE_JWT = told

    with warnings.catch_warnings(action="error"), pytest.raises(ValueError, match=sentence) as refused:
        key_of_site()

    assert "x" * 8 not in str(refused.value)


def test_the_longest_life_is_that_of_what_lives_longest(settings):
    assert longest_life() == timedelta(days=1, minutes=5)

    settings.SIMPLE_JWT = {"REFRESH_TOKEN_LIFETIME": timedelta(days=90), "LEEWAY": 7}

    assert longest_life() == timedelta(days=90, seconds=7)
