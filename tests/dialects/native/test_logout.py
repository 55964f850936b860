"""`POST /auth/logout/`: the end of a sign-in, by any token that it ever had."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from tessera import Kind, Purpose, redeem, revoke
from tessera.models import Grant
from tests.credentials import bearing, opens
from tests.dialects import hostile

LOGOUT = "/auth/logout/"
INVALID = {"detail": "Invalid token.", "code": "invalid_token"}
NOT_PRESENTED = {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}
ASKED, REFUSED = 'Bearer realm="api"', 'Bearer realm="api", error="invalid_token"'

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(hand_out, clock):
    """A sign-in of ada's."""
    return lambda **ask: hand_out(kind=Kind.SIGN_IN, may_refresh=True, **ask)


def by_header(client, issued):
    return client.post(LOGOUT, headers=bearing(issued.secret))


def by_json(client, issued):
    return client.post(LOGOUT, {"refresh_token": issued.refresh_secret}, format="json")


def by_form(client, issued):
    return client.post(LOGOUT, {"refresh_token": issued.refresh_secret}, format="multipart")


in_any_way = pytest.mark.parametrize("leave", [by_header, by_json, by_form])


def next_pair(issued):
    return redeem(issued.refresh_secret, accept={Purpose.REFRESH})


@in_any_way
def test_it_ends_the_sign_in_in_one_statement_and_no_other(client, sign_in, django_assert_num_queries, leave):
    phone, laptop = sign_in(), sign_in()

    with django_assert_num_queries(1):
        answer = leave(client, phone)

    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (204, b"", "no-store")
    assert Grant.objects.get(revoked_reason="logout") == phone.grant
    assert (opens(phone.secret), opens(laptop.secret)) == (False, True)


@in_any_way
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda issued, clock: clock.turn(timedelta(days=366)), id="expired"),
        pytest.param(lambda issued, clock: revoke(issued.grant, reason="logout"), id="signed out"),
        pytest.param(lambda issued, clock: Grant.objects.all().delete(), id="its row is gone"),
        pytest.param(lambda issued, clock: User.objects.all().delete(), id="its user is gone"),
    ],
)
def test_what_is_over_is_a_204_as_often_as_it_is_asked(client, sign_in, clock, leave, end):
    issued = sign_in()
    end(issued, clock)

    assert [leave(client, issued).status_code for _ in range(2)] == [204, 204]


@in_any_way
@pytest.mark.parametrize(
    "pass_by",
    [
        pytest.param(lambda issued, clock: clock.turn(timedelta(minutes=16)), id="the access token has expired"),
        pytest.param(lambda issued, clock: next_pair(issued), id="refreshed elsewhere"),
        pytest.param(lambda issued, clock: next_pair(next_pair(issued)), id="refreshed elsewhere, twice"),
        pytest.param(lambda issued, clock: User.objects.update(is_active=False), id="the user is inactive"),
        pytest.param(lambda issued, clock: User.objects.update(password="!"), id="the password is another"),
    ],
)
def test_a_dead_token_that_is_ours_ends_its_sign_in_all_the_same(client, sign_in, clock, leave, pass_by):
    issued = sign_in()
    pass_by(issued, clock)

    answer = leave(client, issued)

    assert (answer.status_code, Grant.objects.get().revoked_reason) == (204, "logout")


@pytest.mark.parametrize("header", ["Bearer", "Bearer x y", "Bearer what-is-this", "Basic YWRhOmxvdmVsYWNl"])
def test_a_token_in_the_body_counts_whatever_the_header_says(client, sign_in, header):
    issued = sign_in()

    answer = client.post(LOGOUT, {"refresh_token": issued.refresh_secret}, headers={"Authorization": header})

    assert (answer.status_code, opens(issued.secret)) == (204, False)


def test_of_two_sign_ins_the_one_in_the_body_ends(client, sign_in):
    in_header, in_body = sign_in(), sign_in()

    client.post(LOGOUT, {"refresh_token": in_body.refresh_secret}, headers=bearing(in_header.secret))

    assert (opens(in_header.secret), opens(in_body.secret)) == (True, False)


@pytest.mark.parametrize(
    ("headers", "body", "told", "challenge"),
    [
        pytest.param({}, {}, NOT_PRESENTED, ASKED, id="nothing"),
        pytest.param({"Authorization": "Basic YWRhOmxvdmVsYWNl"}, {}, NOT_PRESENTED, ASKED, id="another scheme"),
        pytest.param({}, {"access_token": "tsra_"}, NOT_PRESENTED, ASKED, id="another field"),
        pytest.param({"Authorization": "Bearer what-is-this"}, {}, INVALID, REFUSED, id="garbage in the header"),
        pytest.param({}, {"refresh_token": "what-is-this"}, INVALID, REFUSED, id="garbage in the body"),
    ],
)
def test_what_names_no_sign_in_is_a_401(client, sign_in, headers, body, told, challenge):
    issued = sign_in()

    answer = client.post(LOGOUT, body, format="json", headers=headers)

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, told, challenge)
    assert opens(issued.secret)


@pytest.mark.parametrize("door", ["header", "body"])
def test_each_token_has_its_own_way_in(client, sign_in, door):
    issued = sign_in()

    if door == "header":
        answer = client.post(LOGOUT, headers=bearing(issued.refresh_secret))
    else:
        answer = client.post(LOGOUT, {"refresh_token": issued.secret})

    assert (answer.status_code, answer.json(), opens(issued.secret)) == (401, INVALID, True)


@pytest.mark.django_db(transaction=True)
@in_any_way
def test_a_database_that_does_not_answer_is_a_503_and_nothing_has_ended(client, sign_in, leave):
    issued = sign_in()

    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answer = leave(client, issued)

    assert (answer.status_code, answer["Retry-After"], opens(issued.secret)) == (503, "5", True)


@hostile.worlds
def test_a_hostile_default_of_the_site_changes_nothing(world, user, sign_in):
    issued = sign_in()

    with world() as client:
        client.force_login(user)
        answers = [by_json(client, issued), by_header(client, issued), client.post(LOGOUT)]

    assert [answer.status_code for answer in answers] == [204, 204, 401]
    assert answers[2]["WWW-Authenticate"] == ASKED
