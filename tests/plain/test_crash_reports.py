"""What a site is told by mail when a view crashes: where, and nothing that opens a door."""

from unittest.mock import patch

import pytest
from django.test import AsyncClient, Client

from tessera.format import hashing
from tests.credentials import bearing
from tests.traces import traces

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.plain.views")]


def out_of_order(*_, **__):
    raise RuntimeError("out of order")


def carried(how, secret):
    return {"header": bearing(secret), "cookie": {"Cookie": f"__Host-access={secret}"}}[how]


@pytest.mark.parametrize("how", ["header", "cookie"])
@pytest.mark.parametrize("path", ["function", "class", "coroutine", "async-class"])
def test_a_request_that_crashes_over_its_token_does_not_tell_it(hand_out, letters, settings, path, how):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}
    secret = hand_out().secret

    with patch.object(hashing, "_begun", out_of_order):
        answer = Client(raise_request_exception=False).get(f"/{path}/", headers=carried(how, secret))

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order" in letters[0]
    assert traces(letters[0], secret) == set()


@pytest.mark.parametrize("how", ["header", "cookie"])
@pytest.mark.parametrize("path", ["crashing", "async-crashing"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_view_that_crashes_does_not_tell_the_token_that_opened_it(hand_out, letters, settings, path, how, debug):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}
    settings.DEBUG = debug
    secret = hand_out().secret

    answer = Client(raise_request_exception=False).get(f"/{path}/", headers=carried(how, secret))

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order for ada" in letters[0]
    assert traces(letters[0] + answer.content.decode(), secret) == set()


def test_under_asgi_it_is_the_same(hand_out, letters, run):
    secret = hand_out().secret

    answer = run(AsyncClient(raise_request_exception=False).get("/async-crashing/", headers=bearing(secret)))

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order for ada" in letters[0]
    assert traces(letters[0], secret) == set()
