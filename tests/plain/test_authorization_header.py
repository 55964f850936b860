"""What stands in the `Authorization` header is read as REST framework's door reads it, and answered the same."""

import pytest
from django.test import Client

from tests.headers import DRESSES, INVALID, NOT_OURS, NOT_PRESENTED, OTHER_SCHEMES, REFUSED, SPOILT, UNREADABLE

pytestmark = pytest.mark.urls("tests.plain.views")


def assert_refused(header, detail, challenge, django_assert_num_queries):
    """The plain view and the one of REST framework refuse it in the same words, and neither asks the database."""
    headers = {"Authorization": header}

    with django_assert_num_queries(0):
        answer, same = Client().get("/function/", headers=headers), Client().get("/whoami/", headers=headers)

    told = [(each.status_code, each.json(), each["WWW-Authenticate"]) for each in (answer, same)]
    assert told == [(401, {"detail": detail}, challenge)] * 2
    assert (answer["Vary"], answer["Cache-Control"]) == ("Authorization", "no-store")


@pytest.mark.parametrize("dress", DRESSES)
def test_a_live_token_opens_a_view_with_one_query(hand_out, django_assert_num_queries, dress):
    issued = hand_out()

    with django_assert_num_queries(1):
        answer = Client().get("/function/", headers={"Authorization": dress.format(issued.secret)})

    assert (answer.status_code, answer.json()) == (200, {"username": "ada", "grant": str(issued.grant.pk)})
    assert answer["Vary"] == "Authorization"


@pytest.mark.parametrize("header", OTHER_SCHEMES)
def test_another_scheme_presents_no_token(hand_out, django_assert_num_queries, header):
    assert_refused(header(hand_out().secret), NOT_PRESENTED, NOT_OURS, django_assert_num_queries)


@pytest.mark.parametrize(("header", "detail"), UNREADABLE)
def test_a_header_that_carries_no_single_credential_says_what_is_wrong_with_it(
    hand_out, django_assert_num_queries, header, detail
):
    assert_refused(header(hand_out().secret), detail, REFUSED, django_assert_num_queries)


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_was_not_minted_here_is_refused_without_a_query(hand_out, django_assert_num_queries, spoilt):
    value = spoilt(hand_out().secret)

    assert_refused(f"Bearer {value}", INVALID, REFUSED, django_assert_num_queries)


def test_a_query_string_and_a_body_carry_no_credential(hand_out):
    token = hand_out().secret

    answers = [
        Client().get(f"/function/?access_token={token}&token={token}"),
        Client().post("/function/", {"access_token": token, "token": token}),
    ]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, {"detail": NOT_PRESENTED})] * 2
