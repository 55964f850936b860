"""What stands in the `Authorization` header: one door for what we minted, and one answer for all the rest."""

import secrets
import tracemalloc

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from tessera import Purpose
from tessera.drf.authentication import TokenAuthentication
from tessera.engine.keyring import keyring
from tessera.format.opaque import mint
from tests.headers import DRESSES, INVALID, NOT_OURS, NOT_PRESENTED, OTHER_SCHEMES, REFUSED, SPOILT, UNREADABLE


@pytest.mark.parametrize("dress", DRESSES)
def test_a_live_token_opens_the_door_with_one_query(client, hand_out, django_assert_num_queries, dress):
    header = dress.format(hand_out().secret)

    with django_assert_num_queries(1):
        answer = client.get("/whoami/", headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (200, {"username": "ada"})


@pytest.mark.parametrize("header", OTHER_SCHEMES)
def test_another_scheme_is_nobody_to_us(client, hand_out, django_assert_num_queries, header):
    value = header(hand_out().secret)

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": value})

    assert (answer.status_code, answer.json()) == (401, {"detail": NOT_PRESENTED})
    assert answer["WWW-Authenticate"] == NOT_OURS


@pytest.mark.parametrize(("header", "detail"), UNREADABLE)
def test_a_header_that_carries_no_single_credential_says_what_is_wrong_with_it(
    client, hand_out, django_assert_num_queries, header, detail
):
    value = header(hand_out().secret)

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": value})

    assert (answer.status_code, answer.json()) == (401, {"detail": detail})
    assert answer["WWW-Authenticate"] == REFUSED


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_was_not_minted_here_is_refused_without_a_query(client, hand_out, django_assert_num_queries, spoilt):
    token = hand_out().secret
    value = spoilt(token)
    assert value != token

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": f"Bearer {value}"})

    assert (answer.status_code, answer.json()) == (401, {"detail": INVALID})
    assert answer["WWW-Authenticate"] == REFUSED


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - TokenAuthentication.accept))
def test_a_secret_of_another_purpose_is_refused_without_a_query(client, hand_out, django_assert_num_queries, purpose):
    grant = hand_out().grant
    secret, _ = mint("tsr", purpose, grant.pk, secrets.token_bytes(32), keyring()[0])

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": f"Bearer {secret}"})

    assert (answer.status_code, answer.json()) == (401, {"detail": INVALID})


def test_a_query_string_and_a_body_carry_no_credential(client, hand_out):
    token = hand_out().secret

    answers = [
        client.get(f"/whoami/?access_token={token}&token={token}&auth_token={token}"),
        client.post("/whoami/", {"access_token": token, "token": token}),
    ]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, {"detail": NOT_PRESENTED})] * 2


def test_beside_a_header_the_query_string_is_ignored(client, hand_out):
    answer = client.get("/whoami/?access_token=zzz", headers={"Authorization": f"Bearer {hand_out().secret}"})

    assert answer.status_code == 200


def test_a_hundred_tokens_that_were_not_minted_here_cost_no_query(client, hand_out, django_assert_num_queries):
    token = hand_out().secret
    chance = [token[:-16] + secrets.token_hex(8) for _ in range(100)]

    with django_assert_num_queries(0):
        statuses = {client.get("/whoami/", headers={"Authorization": f"Bearer {each}"}).status_code for each in chance}

    assert statuses == {401}


def test_a_rejected_credential_writes_nothing(client, hand_out, user):
    issued = hand_out()
    type(user).objects.filter(pk=user.pk).update(is_active=False)

    with CaptureQueriesContext(connection) as queries:
        client.get("/whoami/", headers={"Authorization": f"Bearer {issued.secret}"})

    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}


def test_a_giant_header_handed_straight_to_the_authenticator_costs_no_memory():
    request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION="Bearer " + "x" * 5_000_000))
    authenticator = TokenAuthentication()

    tracemalloc.start()
    try:
        with pytest.raises(AuthenticationFailed):
            authenticator.authenticate(request)
        authenticator.authenticate_header(request)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 200_000
