"""`POST /api-token-auth/revoke/`: the end of the token in the header."""

import secrets
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from tessera import Kind, Purpose
from tessera.engine.adoption.key import adopt
from tessera.engine.keyring import keyring
from tessera.engine.replacement import replace
from tessera.engine.revocation import revoke
from tessera.format.opaque import mint
from tessera.models import Grant
from tests.credentials import bearing, opens
from tests.recording import audited

REVOKE = "/api-token-auth/revoke/"
INVALID = {"detail": "Invalid token."}
NOT_PRESENTED = {"detail": "Authentication credentials were not provided."}


def test_it_ends_the_token_by_the_next_request(client, hand_out):
    token = bearing(hand_out().secret)

    answers = [client.get("/whoami/", headers=token), client.post(REVOKE, headers=token)]
    afterwards = client.get("/whoami/", headers=token)

    assert [answer.status_code for answer in answers] == [200, 204]
    assert answers[1].content == b""
    assert answers[1]["Cache-Control"] == "no-store"
    assert (afterwards.status_code, afterwards.json()) == (401, INVALID)


def test_a_second_time_it_is_as_ended_as_it_was_asked_to_be(client, hand_out):
    issued = hand_out()
    client.post(REVOKE, headers=bearing(issued.secret))
    first = Grant.objects.get(pk=issued.grant.pk)

    answer = client.post(REVOKE, headers=bearing(issued.secret))

    again = Grant.objects.get(pk=issued.grant.pk)
    assert answer.status_code == 204
    assert (again.revoked_at, again.revoked_reason) == (first.revoked_at, "logout")


def test_it_costs_one_statement(client, hand_out, django_assert_num_queries):
    token = bearing(hand_out().secret)

    with django_assert_num_queries(1):
        client.post(REVOKE, headers=token)


def test_nobody_elses_token_ends(client, hand_out):
    others = hand_out().secret

    client.post(REVOKE, headers=bearing(hand_out().secret))

    assert client.get("/whoami/", headers=bearing(others)).status_code == 200


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda user, issued, clock: clock.turn(timedelta(days=366)), id="expired"),
        pytest.param(lambda user, issued, clock: revoke(issued.grant), id="revoked"),
        pytest.param(lambda user, issued, clock: Grant.objects.all().delete(), id="its row is gone"),
        pytest.param(lambda user, issued, clock: user.delete(), id="its user is gone"),
    ],
)
def test_a_token_that_is_over_is_a_204(client, hand_out, user, clock, end):
    issued = hand_out()
    end(user, issued, clock)

    answer = client.post(REVOKE, headers=bearing(issued.secret))

    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("suspend", "restore"),
    [
        pytest.param({"is_active": False}, {"is_active": True}, id="deactivated"),
        pytest.param({"password": "!"}, {}, id="password replaced"),
    ],
)
def test_a_token_revoked_while_its_user_was_suspended_stays_dead_afterwards(client, hand_out, user, suspend, restore):
    token, users = bearing(hand_out().secret), type(user).objects.filter(pk=user.pk)
    users.update(**suspend)

    answer = client.post(REVOKE, headers=token)

    users.update(**{"password": user.password, **restore})
    assert answer.status_code == 204
    assert client.get("/whoami/", headers=token).status_code == 401


def test_the_old_token_of_a_replaced_one_ends_nothing(client, hand_out):
    old = hand_out()
    new = replace(old.secret, accept={Purpose.PERSONAL})

    answer = client.post(REVOKE, headers=bearing(old.secret))

    assert answer.status_code == 204
    assert client.get("/whoami/", headers=bearing(new.secret)).status_code == 200


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda issued: issued.secret[:-1] + ("0" if issued.secret[-1] != "0" else "1"), id="wrong tag"),
        pytest.param(lambda issued: "0123456789abcdeg" * 4, id="a token of another make"),
        pytest.param(
            lambda issued: mint("tsr", Purpose.REFRESH, issued.grant.pk, secrets.token_bytes(32), keyring()[0])[0],
            id="another purpose",
        ),
    ],
)
def test_what_was_never_minted_for_this_door_is_a_401_without_a_query(
    client, hand_out, django_assert_num_queries, spoil
):
    token = bearing(spoil(hand_out()))

    with django_assert_num_queries(0):
        answer = client.post(REVOKE, headers=token)

    assert (answer.status_code, answer.json()) == (401, INVALID)
    assert answer["WWW-Authenticate"] == "Token"


def test_an_adopted_key_is_ended(client, user):
    adopt("test-key", user)

    answers = [client.post(REVOKE, headers=bearing("test-key")).status_code for _ in range(2)]

    assert (answers, Grant.objects.get().revoked_reason, opens("test-key")) == ([204, 204], "logout", False)


def test_a_key_that_was_never_adopted_is_a_401(client, user, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = client.post(REVOKE, headers=bearing("test-key"))

    assert (answer.status_code, answer.json()) == (401, INVALID)


def test_without_a_header_nothing_is_ended(client, hand_out):
    issued = hand_out()

    answer = client.post(f"{REVOKE}?token={issued.secret}", {"token": issued.secret})

    assert (answer.status_code, answer.json()) == (401, NOT_PRESENTED)
    assert answer["WWW-Authenticate"] == "Token"
    assert client.get("/whoami/", headers=bearing(issued.secret)).status_code == 200


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "trace"])
def test_any_other_method_is_a_405_and_ends_nothing(client, hand_out, method):
    token = bearing(hand_out().secret)

    answer = client.generic(method.upper(), REVOKE, headers=token)

    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")
    assert client.get("/whoami/", headers=token).status_code == 200


def test_a_machines_token_ends_too(client, hand_out):
    token = bearing(hand_out(subject=None, kind=Kind.MACHINE).secret)

    client.post(REVOKE, headers=token)

    assert Grant.objects.get().revoked_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_a_503_and_nothing_has_ended(client, hand_out):
    token = bearing(hand_out().secret)

    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answer = client.post(REVOKE, headers=token)

    assert answer.status_code == 503
    assert answer.json() == {"detail": "The service is not available for the moment. Try again."}
    assert answer["Retry-After"] == "5"
    assert client.get("/whoami/", headers=token).status_code == 200


def test_what_is_logged_of_it_names_the_row_and_holds_no_secret(client, hand_out, caplog):
    issued = hand_out()
    caplog.set_level("DEBUG")

    with CaptureQueriesContext(connection):
        client.post(REVOKE, headers=bearing(issued.secret))

    assert audited(caplog) == [f"revoked 1 reason='logout' {issued.grant.hint}"]
    assert issued.secret not in caplog.text
