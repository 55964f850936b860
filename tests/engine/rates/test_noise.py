"""A letter is counted by the address that redeems it, and a refusal by its grant, whoever calls."""

from datetime import timedelta

import pytest

from tessera import Kind, Purpose, redeem, revoke, verify
from tessera.engine.rates.noise import admit_letter, admit_personal, note_refusal
from tessera.errors import Dead, TooMany
from tests.credentials import DOORS

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


def test_the_fourth_letter_of_an_address_in_a_minute_has_to_wait(settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"letter": "3/minute"}}
    for _ in range(3):
        admit_letter(HOME, clock())

    with pytest.raises(TooMany) as caught:
        admit_letter(HOME, clock())

    assert (caught.value.wait, caught.value.is_first) == (60, True)
    admit_letter(ELSEWHERE, clock())
    admit_letter(HOME, clock() + timedelta(minutes=1))


def test_nobody_chose_and_it_is_sixty_letters_a_minute(clock):
    for _ in range(60):
        admit_letter(HOME, clock())

    with pytest.raises(TooMany):
        admit_letter(HOME, clock())


def test_nobody_chose_and_it_is_sixty_personal_tokens_an_hour(clock):
    for _ in range(60):
        admit_personal("1", clock())

    with pytest.raises(TooMany):
        admit_personal("1", clock())
    admit_personal("2", clock())


def test_a_letter_is_redeemed_though_the_cache_does_not_answer(settings, clock):
    settings.CACHES = {
        **settings.CACHES,
        "broken": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere/at/all"},
    }
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "broken", "RATES": {"letter": "1/day"}}

    for _ in range(3):
        admit_letter(HOME, clock())


@pytest.mark.django_db
def test_a_refusal_knows_the_grant_that_it_is_about(hand_out, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refused": "1/minute"}}
    issued = hand_out()
    revoke(issued.grant)
    with pytest.raises(Dead) as refused:
        verify(issued.secret, accept=DOORS)
    note_refusal(refused.value, HOME, clock())

    with pytest.raises(TooMany):
        note_refusal(refused.value, ELSEWHERE, clock())

    assert refused.value.grant_id == issued.grant.pk


@pytest.mark.django_db(transaction=True)
def test_noise_with_a_token_of_before_keeps_nobody_from_hearing_that_his_has_expired(hand_out, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refused": "1/hour"}}
    found = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    held = redeem(found.refresh_secret, accept={Purpose.REFRESH})
    clock.turn(timedelta(minutes=20))

    def refused(secret):
        with pytest.raises(Dead) as refused:
            verify(secret, accept=DOORS)
        return refused.value

    note_refusal(refused(found.secret), ELSEWHERE, clock())
    with pytest.raises(TooMany):
        note_refusal(refused(found.secret), ELSEWHERE, clock())

    note_refusal(refused(held.secret), HOME, clock())
