"""A view that takes more than any token: one with a scope."""

import pytest
from django.test import Client

from tessera.errors import InvalidScope
from tessera.plain import token_required
from tests.credentials import bearing
from tests.headers import NOT_OURS

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.plain.views"),
    pytest.mark.usefixtures("scopes"),
]

WRITING = ["writing", "writing-class"]


def with_scope(hand_out, *words):
    return bearing(hand_out(scope=frozenset(words)).secret)


@pytest.mark.parametrize("path", [*WRITING, "both"])
def test_a_token_with_the_scope_opens_it(hand_out, path):
    answer = Client().get(f"/{path}/", headers=with_scope(hand_out, "tracks:read", "tracks:write"))

    assert (answer.status_code, answer.json()["username"]) == (200, "ada")


@pytest.mark.parametrize("path", WRITING)
def test_one_without_it_is_told_what_it_takes_as_rest_framework_tells_it(hand_out, path):
    headers = with_scope(hand_out, "tracks:read")

    answers = [Client().get(f"/{each}/", headers=headers) for each in (path, "writing-of-rest-framework")]

    told = [(answer.status_code, answer.json(), answer["WWW-Authenticate"]) for answer in answers]
    challenge = 'Bearer realm="api", error="insufficient_scope", scope="tracks:write"'
    assert told == [(403, {"detail": "This takes a token with the scope tracks:write."}, challenge)] * 2


@pytest.mark.parametrize("words", [[], ["tracks:read"], ["tracks:write"], ["tokens"]])
def test_of_several_words_all_are_needed(hand_out, words):
    answer = Client().get("/both/", headers=with_scope(hand_out, *words))

    assert answer.status_code == 403
    assert answer["WWW-Authenticate"].endswith('error="insufficient_scope", scope="tracks:read tracks:write"')


def test_the_view_does_not_run_and_the_request_speaks_for_nobody_else(hand_out, user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    answer = client.post("/writing/", headers=with_scope(hand_out))

    assert answer.status_code == 403


def test_a_token_without_it_does_not_say_who_asks(hand_out):
    answer = Client().get("/writing/", headers=with_scope(hand_out))

    assert (answer.status_code, answer.wsgi_request.user.is_anonymous) == (403, True)


def test_without_a_token_it_is_a_401(db):
    answer = Client().get("/writing/")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, NOT_OURS)


def test_what_is_no_scope_is_told_when_the_view_is_made():
    with pytest.raises(InvalidScope):
        token_required(scope='tracks"write')


def test_a_word_in_the_place_of_the_view_is_told_when_the_view_is_made():
    with pytest.raises(TypeError, match="token_required"):
        token_required("tracks:write")  # type: ignore[call-overload]
