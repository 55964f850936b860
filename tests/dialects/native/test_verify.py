"""`POST /auth/verify/`: what a token is, told to whoever holds it and to nobody else."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from tessera import Kind, revoke
from tests.credentials import PAIR, bearing
from tests.dialects import hostile

VERIFY = "/auth/verify/"
INVALID = {"detail": "Invalid token.", "code": "invalid_token"}
NOT_PRESENTED = {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}
ASKED, REFUSED = 'Bearer realm="api"', 'Bearer realm="api", error="invalid_token"'

pytestmark = pytest.mark.django_db


def verified(client, secret, **more):
    return client.post(VERIFY, headers=bearing(secret), **more)


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        pytest.param(
            {**PAIR, "label": "phone"},
            {"kind": "sign-in", "label": "phone", "client": "", "user": "ada", "expires_in": 900},
            id="a sign-in",
        ),
        pytest.param(
            {"kind": Kind.PERSONAL, "client": "app", "lifetime": timedelta(hours=1)},
            {"kind": "personal", "label": "", "client": "app", "user": "ada", "expires_in": 3600},
            id="a personal token",
        ),
        pytest.param(
            {"kind": Kind.MACHINE, "subject": None, "lifetime": "never"},
            {"kind": "machine", "label": "", "client": "", "user": None, "expires_in": None},
            id="a machine's, without an end",
        ),
    ],
)
def test_who_holds_a_token_is_told_what_it_is(client, hand_out, clock, ask, told):
    issued = hand_out(**ask)

    answer = verified(client, issued.secret)

    assert (answer.status_code, answer.json()) == (200, {"id": str(issued.grant.pk), **told})
    assert {name: answer[name] for name in ("Cache-Control", "Pragma", "Vary")} == {
        "Cache-Control": "no-store",
        "Pragma": "no-cache",
        "Vary": "Authorization",
    }


def test_it_says_how_long_the_token_has_left(client, hand_out, clock):
    issued = hand_out(**PAIR)
    clock.turn(timedelta(minutes=14))

    assert verified(client, issued.secret).json()["expires_in"] == 60


@pytest.mark.parametrize("body", ["", "[", '{"refresh_token": "x"}', "x" * 60_000])
def test_no_body_is_looked_at(client, hand_out, body):
    answer = client.generic("POST", VERIFY, body, "application/json", headers=bearing(hand_out().secret))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("presented", "told", "challenge"),
    [
        pytest.param(lambda issued: {}, NOT_PRESENTED, ASKED, id="nothing"),
        pytest.param(lambda issued: {"Authorization": "Basic YTpi"}, NOT_PRESENTED, ASKED, id="another scheme"),
        pytest.param(lambda issued: bearing("what-is-this"), INVALID, REFUSED, id="garbage"),
        pytest.param(lambda issued: bearing(issued.refresh_secret), INVALID, REFUSED, id="the refresh token"),
    ],
)
def test_what_opens_nothing_here_is_a_401(client, hand_out, presented, told, challenge):
    answer = client.post(VERIFY, headers=presented(hand_out(**PAIR)))

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, told, challenge)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda issued, clock: clock.turn(timedelta(minutes=16)), id="expired"),
        pytest.param(lambda issued, clock: revoke(issued.grant), id="revoked"),
        pytest.param(lambda issued, clock: issued.grant.delete(), id="its row is gone"),
        pytest.param(lambda issued, clock: User.objects.update(is_active=False), id="its user is inactive"),
        pytest.param(lambda issued, clock: User.objects.update(password="!"), id="its user has another password"),
    ],
)
def test_a_token_that_is_over_is_one_and_the_same_401(client, hand_out, clock, end):
    issued = hand_out(**PAIR)
    end(issued, clock)

    answer = verified(client, issued.secret)

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, INVALID, REFUSED)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_a_503(client, hand_out):
    issued = hand_out(**PAIR)

    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answer = verified(client, issued.secret)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


@hostile.worlds
def test_a_hostile_default_of_the_site_changes_nothing(world, user, hand_out):
    issued = hand_out(**PAIR)

    with world() as client:
        client.force_login(user)
        answers = [verified(client, issued.secret), client.post(VERIFY)]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1]["WWW-Authenticate"] == ASKED
