"""`POST /auth/refresh/`: one answer to all that opens nothing, and an end that no rollback undoes."""

import secrets
import sys
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from example.tour import ADA, Walk
from tessera import Kind, Purpose, issue, redeem, revoke
from tessera.engine.keyring import keyring
from tessera.engine.policy import Ask
from tessera.format.opaque import mint
from tessera.models import Grant
from tests.credentials import bearing, opens
from tests.dialects import hostile
from tests.example import serving
from tests.racing import at_once

REFRESH = "/auth/refresh/"
INVALID = {"detail": "Invalid token.", "code": "invalid_token"}
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(hand_out, clock):
    """A sign-in of ada's."""
    return lambda **ask: hand_out(kind=Kind.SIGN_IN, may_refresh=True, **ask)


def traded(token, client=None):
    return (client or APIClient()).post(REFRESH, {"refresh_token": token}, format="json")


def spent(issued):
    """The first of three: of two, within the window, it is told the same pair again."""
    traded(traded(issued.refresh_secret).json()["refresh_token"])
    return issued.refresh_secret


def unheard_of(issued):
    return mint("tsr", Purpose.REFRESH, issued.grant.pk, secrets.token_bytes(32), keyring()[0], 7)[0]


def another_tag(issued):
    return issued.refresh_secret[:-1] + ("1" if issued.refresh_secret[-1] == "0" else "0")


OVER = [
    pytest.param(lambda issued, clock: clock.turn(31 * DAY), id="expired"),
    pytest.param(lambda issued, clock: revoke(issued.grant), id="revoked"),
    pytest.param(lambda issued, clock: Grant.objects.all().delete(), id="its row is gone"),
    pytest.param(lambda issued, clock: User.objects.all().delete(), id="its user is gone"),
    pytest.param(lambda issued, clock: User.objects.update(is_active=False), id="its user is inactive"),
    pytest.param(lambda issued, clock: User.objects.update(password="!"), id="its user has another password"),
    pytest.param(lambda issued, clock: Grant.objects.update(client="app"), id="it is another client's"),
]
OTHERS = [
    pytest.param(spent, id="spent"),
    pytest.param(unheard_of, id="of a generation that there never was"),
    pytest.param(another_tag, id="with another tag"),
    pytest.param(lambda issued: issued.secret, id="the access token"),
    pytest.param(lambda issued: issue(Ask(subject=issued.grant.subject)).secret, id="a personal token"),
    pytest.param(lambda issued: "what-is-this", id="garbage"),
    pytest.param(lambda issued: "tsrr_\U0001f511", id="no ASCII"),
    pytest.param(lambda issued: 123, id="a number, which is read as text"),
]


def refused(answer):
    """The same to the last byte, so that nobody learns which of them it was."""
    assert (answer.status_code, answer.content) == (401, b'{"detail":"Invalid token.","code":"invalid_token"}')
    assert dict(answer.headers) == {
        "Content-Type": "application/json",
        "Content-Length": "50",
        "Allow": "POST, OPTIONS",
        "WWW-Authenticate": 'Bearer realm="api", error="invalid_token"',
        "Cache-Control": "no-store",
        "Pragma": "no-cache",
        "Vary": "Authorization",
    }


@pytest.mark.parametrize("end", OVER)
def test_a_token_that_is_over_is_one_and_the_same_401(sign_in, clock, end):
    issued = sign_in()
    end(issued, clock)

    answer = traded(issued.refresh_secret)

    refused(answer)


@pytest.mark.parametrize("other", OTHERS)
def test_a_token_that_was_never_to_be_traded_here_is_that_401_too(sign_in, other):
    token = other(sign_in())

    answer = traded(token)

    refused(answer)


def test_a_spent_token_ends_its_sign_in_and_no_other(sign_in):
    phone, laptop = sign_in(label="phone"), sign_in(label="laptop")
    token = spent(phone)

    traded(token)

    ended = Grant.objects.get(revoked_at__isnull=False)
    assert (ended.label, ended.revoked_reason) == ("phone", "reuse")
    assert traded(laptop.refresh_secret).status_code == 200


def test_what_is_logged_of_a_spent_token_says_why_its_sign_in_ended(sign_in, user, caplog):
    issued = sign_in()
    token = spent(issued)
    caplog.set_level("INFO", "tessera.audit")

    traded(token)

    hint = issued.grant.hint
    assert [record.getMessage() for record in caplog.records if record.name == "tessera.audit"] == [
        f"revoked 1 reason='reuse' {hint}",
        f"reuse {hint}: reuse subject={user.pk} client=''",
        f"refused {hint}: Reused",
    ]


def test_a_sign_in_through_a_client_is_neither_refreshed_here_nor_ended(sign_in):
    issued = sign_in(client="app")

    refused(traded(issued.refresh_secret))

    assert redeem(issued.refresh_secret, accept={Purpose.REFRESH}, client="app").grant == issued.grant


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_are_told_the_same_pair(sign_in):
    token = sign_in().refresh_secret

    answers = at_once(*[lambda: traded(token)] * 8)

    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.content for answer in answers}) == 1
    assert Grant.objects.get().generation == 1


@pytest.mark.parametrize("header", ["Bearer", "Bearer x y", "Bearer \xff", "Bearer dead", "Basic YWRhOmxvdmVsYWNl"])
def test_whatever_stands_in_the_authorization_header_is_no_hindrance(sign_in, header):
    client = APIClient(headers={"Authorization": header})

    assert traded(sign_in().refresh_secret, client).status_code == 200


@pytest.mark.parametrize(
    "send",
    [
        pytest.param(lambda client, token: client.post(f"{REFRESH}?refresh_token={token}"), id="in the URL"),
        pytest.param(lambda client, token: client.post(REFRESH, headers=bearing(token)), id="in the header"),
        pytest.param(
            lambda client, token: client.post(REFRESH, headers={"Cookie": f"refresh_token={token}"}), id="in a cookie"
        ),
    ],
)
def test_only_the_body_counts(client, sign_in, send):
    answer = send(client, sign_in().refresh_secret)

    assert (answer.status_code, answer.json()) == (400, {"refresh_token": ["This field is required."]})
    assert Grant.objects.get().generation == 0


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_a_503_and_the_token_is_as_good_as_before(sign_in):
    issued = sign_in()

    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answer = traded(issued.refresh_secret)

    down = {"detail": "The service is not available for the moment. Try again.", "code": "temporarily_unavailable"}
    assert (answer.status_code, answer.json(), answer["Retry-After"]) == (503, down, "5")
    assert traded(issued.refresh_secret).status_code == 200


@hostile.worlds
def test_a_hostile_default_of_the_site_changes_nothing(world, user, sign_in):
    issued = sign_in()

    with world() as client:
        client.force_login(user)
        first = traded(issued.refresh_secret, client)
        traded(first.json()["refresh_token"], client)
        replayed = traded(issued.refresh_secret, client)

    assert (first.status_code, replayed.status_code) == (200, 401)
    assert replayed["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert not opens(first.json()["access_token"])


@pytest.fixture(scope="module")
def atomic(tmp_path_factory):
    """A walk through an example with ATOMIC_REQUESTS."""
    with serving(tmp_path_factory.mktemp("atomic"), "tests.sites.atomic") as url:
        yield Walk(url)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_under_atomic_requests_too_a_spent_token_ends_its_sign_in(atomic):
    spent = atomic("POST", "/auth/login/", json=ADA).expect(200)
    child = atomic("POST", REFRESH, json={"refresh_token": spent["refresh_token"]}).expect(200)
    latest = atomic("POST", REFRESH, json={"refresh_token": child["refresh_token"]}).expect(200)
    atomic("GET", "/tracks/", token=latest["access_token"]).expect(200)

    atomic("POST", REFRESH, json={"refresh_token": spent["refresh_token"]}).expect(401, **INVALID)

    atomic("GET", "/tracks/", token=latest["access_token"]).expect(401)
    atomic("POST", REFRESH, json={"refresh_token": latest["refresh_token"]}).expect(401, **INVALID)
