"""What a site is told by mail when a request crashes: where, and nothing that opens a door."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from html import unescape
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.signals import user_logged_in
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.test import RequestFactory, override_settings
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import path
from django.views.decorators.debug import sensitive_variables
from rest_framework.test import APIClient
from rest_framework.views import APIView

from tessera import Kind, revoke
from tessera.dialects.authtoken import TokenAuthentication as AuthtokenAuthentication
from tessera.drf import TokenAuthentication
from tessera.drf.login import log_in
from tessera.format import foreign, hashing
from tessera.format.jwk import generate
from tessera.http.carriers import ACCESS_COOKIE, REFRESH_COOKIE
from tests import urls
from tests.traces import dice, report_of, traces

PASSWORD = "lovelace-1843"


class Crashing(APIView):
    """A view of a site that holds what it was given, and breaks."""

    def get(self, request):
        auth, user = request.auth, request.user
        raise RuntimeError(f"out of order for {user}, {auth}")


def out_of_order(*_, **__):
    raise RuntimeError("out of order")


def crashing_handler(error, context):
    raise RuntimeError("out of order")


class CrashingBackend:
    """A back end that breaks with the password in its hands."""

    def authenticate(self, request, username=None, password=None):
        raise RuntimeError("out of order")


class ByTheModel(AuthtokenAuthentication):
    """What a site wrote for the peer's model."""

    @sensitive_variables()
    def authenticate_credentials(self, key):
        token = self.get_model().objects.get(key=key)
        return token.user, token


urlpatterns = [
    *urls.urlpatterns,
    path("native/", Crashing.as_view(authentication_classes=[TokenAuthentication])),
    path("authtoken/", Crashing.as_view(authentication_classes=[AuthtokenAuthentication])),
    path("by-the-model/", Crashing.as_view(authentication_classes=[ByTheModel])),
]
pytestmark = pytest.mark.urls(__name__)
client = APIClient(raise_request_exception=False)


@contextmanager
def receiver_breaks():
    user_logged_in.connect(out_of_order)
    try:
        yield
    finally:
        user_logged_in.disconnect(out_of_order)


def on_grants(execute, sql, *rest):
    if "tessera_grant" in sql:
        raise RuntimeError("out of order")
    return execute(sql, *rest)


BREAKS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "a back end breaks": lambda: override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.CrashingBackend"]),
    "a hasher breaks": lambda: patch.object(MD5PasswordHasher, "verify", out_of_order),
    "a receiver of user_logged_in breaks": receiver_breaks,
    "the cache breaks": lambda: patch.object(RedisCache, "incr", out_of_order),
    "the database breaks": lambda: connection.execute_wrapper(out_of_order),
    "the table of grants breaks": lambda: connection.execute_wrapper(on_grants),
    "the time is up": lambda: patch.object(hashing, "_begun", out_of_order),
}


@pytest.mark.parametrize(
    ("encode", "content_type"),
    [
        pytest.param(json.dumps, "application/json", id="json"),
        pytest.param(urlencode, "application/x-www-form-urlencoded", id="form"),
        pytest.param(partial(encode_multipart, BOUNDARY), MULTIPART_CONTENT, id="multipart"),
    ],
)
@pytest.mark.parametrize("breaks", [pytest.param(breaks, id=how) for how, breaks in BREAKS.items()])
@pytest.mark.parametrize("path", ["/api-token-auth/", "/auth/login/"])
def test_a_log_in_that_crashes_tells_neither_the_password_nor_the_token(
    user, letters, encode, content_type, breaks, path
):
    body = encode({"username": "ada", "password": PASSWORD})

    with dice() as drawn, breaks():
        answer = client.post(path, body, content_type=content_type)

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order" in letters[0]
    assert traces(letters[0] + answer.content.decode(), PASSWORD, *drawn()) == set()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/whoami/", id="a view of the site"),
        pytest.param("GET", "/authtoken/", id="a view of the site, in the words of authtoken"),
        pytest.param("POST", "/api-token-auth/new/", id="replacing"),
        pytest.param("GET", "/api-token-auth/new/", id="replacing by GET"),
        pytest.param("POST", "/api-token-auth/revoke/", id="revoking"),
        pytest.param("POST", "/auth/logout/", id="signing out"),
    ],
)
@pytest.mark.parametrize("how", ["the table of grants breaks", "the time is up"])
def test_a_request_that_crashes_over_its_token_does_not_tell_it(hand_out, letters, method, path, how):
    issued = hand_out()

    with dice() as drawn, BREAKS[how]():
        answer = client.generic(method, path, headers={"Authorization": f"Token {issued.secret}"})

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order" in letters[0]
    assert traces(letters[0] + answer.content.decode(), issued.secret, *drawn()) == set()


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("path", ["/auth/refresh/", "/auth/logout/"])
@pytest.mark.parametrize("how", ["the table of grants breaks", "the time is up"])
def test_a_request_that_crashes_over_its_refresh_token_does_not_tell_it(hand_out, letters, settings, path, how, debug):
    issued = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    settings.DEBUG = debug

    with dice() as drawn, BREAKS[how]():
        answer = client.post(path, {"refresh_token": issued.refresh_secret})

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order" in letters[0]
    assert traces(letters[0] + answer.content.decode(), issued.refresh_secret, *drawn()) == set()


@pytest.mark.parametrize(
    "path", [pytest.param("/authtoken/", id="a view of the site"), pytest.param("/by-the-model/", id="by the model")]
)
def test_a_request_that_crashes_while_its_adopted_key_is_read_does_not_tell_it(hand_out, letters, path):
    issued = hand_out(kind=Kind.ADOPTED)

    with patch.object(foreign, "_row", out_of_order):
        answer = client.get(path, headers={"Authorization": f"Token {issued.secret}"})

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order" in letters[0]
    assert traces(letters[0] + answer.content.decode(), issued.secret) == set()


@pytest.mark.parametrize("path", ["/native/", "/authtoken/"])
def test_a_sites_own_view_that_crashes_does_not_tell_the_token_that_opened_it(hand_out, letters, path):
    issued = hand_out()

    answer = client.get(path, headers={"Authorization": f"Bearer {issued.secret}"})

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order for ada" in letters[0]
    assert traces(letters[0], issued.secret) == set()


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("Bearer {}", id="revoked"),
        pytest.param("Bearer {}0", id="with a letter too many"),
        pytest.param("Bearer {} {}", id="twice"),
        pytest.param("Bearer {}\x01", id="with a control character"),
    ],
)
def test_a_refusal_that_a_site_handles_badly_does_not_tell_the_token(hand_out, letters, settings, header):
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": f"{__name__}.crashing_handler"}
    issued = hand_out()
    revoke(issued.grant)

    answer = client.get("/whoami/", headers={"Authorization": header.format(issued.secret, issued.secret)})

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order" in letters[0]
    assert traces(letters[0], issued.secret) == set()


@pytest.mark.parametrize(
    "debug", [pytest.param(True, id="to whoever asks, with DEBUG"), pytest.param(False, id="by mail")]
)
def test_a_crash_report_shows_the_settings_without_the_peppers(letters, settings, debug):
    settings.DEBUG = debug
    (pepper,) = settings.TESSERA["PEPPERS"]

    # With the server that Django brings along, the environment of the process is the request's as well.
    answer = client.get("/native/", TESSERA_PEPPER=pepper)

    told = unescape(letters[0] + answer.content.decode())
    assert answer.status_code == 500
    assert "'PEPPERS'" in told
    assert traces(told, pepper) == set()


@pytest.mark.parametrize(
    "debug", [pytest.param(True, id="to whoever asks, with DEBUG"), pytest.param(False, id="by mail")]
)
def test_a_crash_report_shows_the_settings_without_the_keys_that_sign(letters, settings, debug):
    secret = generate("EdDSA").material.as_dict(private=True)
    settings.DEBUG = debug
    settings.TESSERA = {**settings.TESSERA, "JWT_KEYS": [json.dumps(secret)]}

    answer = client.get("/native/")

    told = unescape(letters[0] + answer.content.decode())
    assert answer.status_code == 500
    assert "'JWT_KEYS'" in told
    assert traces(told, secret["d"]) == set()


@pytest.mark.parametrize(
    "debug", [pytest.param(True, id="to whoever asks, with DEBUG"), pytest.param(False, id="by mail")]
)
def test_a_crash_report_shows_the_cookies_without_the_tokens(letters, hand_out, settings, debug):
    settings.DEBUG = debug
    pair = hand_out(kind=Kind.SIGN_IN, may_refresh=True)

    answer = client.get(
        "/native/",
        headers={
            "Authorization": f"Bearer {pair.secret}",
            "Cookie": f"theme=dark; {ACCESS_COOKIE}={pair.secret}; {REFRESH_COOKIE}={pair.refresh_secret}",
        },
    )

    told = unescape(letters[0] + answer.content.decode())
    assert answer.status_code == 500
    assert {"theme", ACCESS_COOKIE, REFRESH_COOKIE} <= set(re.findall(r"\S+(?= =)|(?<=<td>)\S+(?=</td>)", told))
    assert traces(told, pair.secret, pair.refresh_secret) == set()


def test_a_log_in_from_a_sites_own_view_that_crashes_does_not_tell_the_password(user):
    request = RequestFactory().post("/")

    with receiver_breaks():
        report = report_of(lambda: log_in(request, "ada", PASSWORD))

    assert "out of order" in report
    assert traces(report, PASSWORD) == set()
