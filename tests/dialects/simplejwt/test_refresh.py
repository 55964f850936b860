"""One refresh token in several hands, and in the hands of a client whose answer was lost."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from tessera.dialects.simplejwt.exceptions import TokenError
from tessera.dialects.simplejwt.tokens import RefreshToken
from tessera.models import Grant
from tessera.signals import reuse_detected
from tests.dialects.simplejwt.test_contract import ADA, DEAD, ROTATING, whoami
from tests.forging import payload
from tests.processes import PATIENCE
from tests.racing import at_once, before_writing
from tests.recording import listening

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _rotating(settings):
    settings.SIMPLE_JWT = ROTATING


@pytest.fixture
def pair(client, user, clock):
    return client.post("/api/token/", ADA, format="json").json()


def refreshed(client, pair):
    return client.post("/api/token/refresh/", {"refresh": pair["refresh"]})


def within(pair):
    """What an envelope and an access token stand for."""
    return payload(pair["refresh"])["refresh_token"], payload(pair["access"])["jti"]


def test_two_tabs_get_the_same_pair(client, pair, clock):
    first = refreshed(client, pair).json()
    clock.turn(9 * SECOND)

    second = refreshed(client, pair).json()

    assert within(first) == within(second)
    assert whoami(client, second["access"]).status_code == 200


@pytest.mark.parametrize("rotates", [True, False])
def test_of_many_who_refresh_at_once_each_gets_what_is_good(settings, client, pair, rotates):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": rotates}
    all_have_read = Barrier(8)

    def refresh():
        with before_writing(lambda: all_have_read.wait(PATIENCE)):
            return refreshed(Client(), pair).json()

    told = at_once(*[refresh] * 8)

    assert {whoami(client, each["access"]).status_code for each in told} == {200}
    assert Grant.objects.get().generation == int(rotates)
    assert len({within(each) for each in told if rotates}) == int(rotates)


def test_a_lost_answer_logs_nobody_out(client, pair, clock):
    lost = refreshed(client, pair).json()
    clock.turn(HOUR)

    again = refreshed(client, pair)

    assert again.status_code == 200
    assert within(again.json()) != within(lost)
    assert whoami(client, again.json()["access"]).status_code == 200


def test_a_spent_one_ends_the_sign_in_and_all_that_it_had(client, pair, clock):
    second = refreshed(client, pair).json()
    assert whoami(client, second["access"]).status_code == 200
    clock.turn(MINUTE)

    with listening(reuse_detected) as told:
        answer = refreshed(client, pair)

    assert (answer.status_code, answer.json()) == (401, DEAD)
    assert [each["reason"] for _, each in told] == ["reuse"]
    assert whoami(client, second["access"]).status_code == 401
    assert refreshed(client, second).json() == DEAD


def test_so_it_does_where_they_rotate_no_more(settings, client, pair, clock):
    second = refreshed(client, pair).json()
    settings.SIMPLE_JWT = {}
    assert refreshed(client, second).json().keys() == {"access"}
    clock.turn(MINUTE)

    assert refreshed(client, pair).json() == DEAD

    assert refreshed(client, second).json() == DEAD


def test_an_envelope_that_has_expired_is_refused_for_what_it_says(client, pair, clock):
    refreshed(client, pair)
    clock.turn(2 * DAY)

    answer = refreshed(client, pair)

    assert (answer.status_code, answer.json()["detail"]) == (401, "Token is expired")


def test_where_they_rotate_a_sign_in_goes_on_as_long_as_it_is_used(client, pair, clock):
    for _ in range(40):
        clock.turn(DAY - HOUR)
        pair = refreshed(client, pair).json()

    clock.turn(DAY)

    assert refreshed(client, pair).json()["detail"] == "Token is expired"


def test_where_they_do_not_it_ends_as_it_said(settings, client, user, clock):
    settings.SIMPLE_JWT = {"REFRESH_TOKEN_LIFETIME": 2 * HOUR}
    pair = client.post("/api/token/", ADA, format="json").json()
    clock.turn(2 * HOUR - SECOND)
    answer = refreshed(client, pair)
    assert payload(answer.json()["access"])["exp"] == payload(pair["refresh"])["exp"]

    clock.turn(SECOND)

    assert refreshed(client, pair).json()["detail"] == "Token is expired"


def test_to_look_at_a_spent_one_ends_nothing(client, pair, clock):
    second = refreshed(client, pair).json()
    clock.turn(MINUTE)

    with pytest.raises(TokenError, match="Token is blacklisted"):
        RefreshToken(pair["refresh"])

    assert client.post("/api/token/verify/", {"token": pair["refresh"]}).json() == DEAD
    assert refreshed(client, second).status_code == 200


def test_an_old_one_signs_out_all_the_same(client, pair, clock):
    second = refreshed(client, pair).json()
    clock.turn(2 * DAY - HOUR)
    Grant.objects.update(ends_at=clock() + DAY)  # Another tab has gone on refreshing.

    answer = client.post("/api/token/blacklist/", {"refresh": pair["refresh"]})

    assert (answer.status_code, answer.json()) == (200, {})
    assert Grant.objects.get().revoked_reason == "blacklisted"
    assert whoami(client, second["access"]).status_code == 401


def test_a_client_in_a_loop_is_told_to_wait(settings, client, pair, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refresh": "3/minute"}}

    answers = [refreshed(client, pair) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "Retry-After" in answers[-1]


def test_a_site_whose_requests_are_atomic_ends_what_was_reused(monkeypatch, client, pair, clock):
    assert whoami(client, refreshed(client, pair).json()["access"]).status_code == 200
    clock.turn(MINUTE)
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    answer = refreshed(client, pair)

    assert answer.json() == DEAD
    assert Grant.objects.get().revoked_reason == "reuse"
