"""Subclasses of `TokenAuthentication`, as sites wrote them for REST framework's own: only the import is another."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from tessera import clock as time
from tessera.dialects.authtoken import Token, TokenAuthentication
from tests.credentials import opens

pytestmark = pytest.mark.django_db


class Expiring(TokenAuthentication):
    def authenticate_credentials(self, key):
        user, token = super().authenticate_credentials(key)
        if time.now() - token.created > timedelta(hours=8):
            token.delete()
            raise AuthenticationFailed("Log in again.")
        return user, token


class ByTheModel(TokenAuthentication):
    model = Token

    def authenticate_credentials(self, key):
        model = self.get_model()
        try:
            token = model.objects.select_related("user").get(key=key)
        except model.DoesNotExist as error:
            raise AuthenticationFailed("No such key.") from error
        return token.user, token


class Forgiving(TokenAuthentication):
    def authenticate_credentials(self, key):
        try:
            return super().authenticate_credentials(key)
        except AuthenticationFailed:
            return None


class FromCookie(TokenAuthentication):
    def authenticate(self, request):
        if "key" in request.COOKIES:
            return self.authenticate_credentials(request.COOKIES["key"])
        return super().authenticate(request)


def asked_by(key, authenticator):
    get = APIRequestFactory().get("/", headers={"Authorization": f"Token {key}"})
    return Request(get, authenticators=[authenticator()])


@pytest.mark.parametrize("authenticator", [Expiring, ByTheModel, Forgiving, FromCookie])
def test_a_step_of_the_sites_own_lets_a_live_key_in(user, authenticator):
    token = Token.objects.create(user=user)

    request = asked_by(token.key, authenticator)

    assert (request.user, request.auth, request.auth.key, request.auth.user) == (user, token, token.key, user)


@pytest.mark.parametrize(
    ("authenticator", "told"),
    [(Expiring, "Invalid token."), (ByTheModel, "No such key."), (FromCookie, "Invalid token.")],
)
@pytest.mark.parametrize("key", ["x", "é", "401f7ac837da42b97f613d789819ff93537bee6a"])
def test_a_step_of_the_sites_own_lets_no_other_key_in(authenticator, told, key):
    request = asked_by(key.encode().decode("latin-1"), authenticator)

    with pytest.raises(AuthenticationFailed, match=told):
        _ = request.user


def test_a_step_of_the_sites_own_may_refuse_what_we_would_not(user, clock):
    token = Token.objects.create(user=user)
    clock.turn(timedelta(hours=9))

    with pytest.raises(AuthenticationFailed, match=r"Log in again\."):
        _ = asked_by(token.key, Expiring).user

    assert not opens(token.key)


def test_a_step_of_the_sites_own_may_leave_a_dead_key_to_the_next_class():
    request = asked_by("x", Forgiving)

    assert (request.user.is_anonymous, request.auth) == (True, None)


def test_a_key_may_come_from_where_the_site_looks_for_it(user):
    token = Token.objects.create(user=user)
    factory = APIRequestFactory()
    factory.cookies["key"] = token.key

    request = Request(factory.get("/"), authenticators=[FromCookie()])

    assert (request.user, request.auth.key) == (user, token.key)


@pytest.mark.parametrize("key", [None, "", "x", "\ud800", "tsra_\x00", "401f7ac837da42b97f613d789819ff93537bee6a"])
def test_a_key_from_anywhere_that_opens_nothing_is_no_crash(key):
    with pytest.raises(AuthenticationFailed, match=r"Invalid token\."):
        TokenAuthentication().authenticate_credentials(key)


def test_a_key_from_anywhere_is_read_letter_for_letter(user):
    Token.objects.create(user=user, key="what?")

    with pytest.raises(AuthenticationFailed, match=r"Invalid token\."):
        TokenAuthentication().authenticate_credentials("what\ud800")


@pytest.mark.parametrize("keyword", ["Clé", "Ключ"])
def test_a_keyword_may_be_of_any_letters(user, keyword):
    token = Token.objects.create(user=user)
    sent = f"{keyword} {token.key}".encode().decode("latin-1")

    request = Request(
        APIRequestFactory().get("/", headers={"Authorization": sent}),
        authenticators=[type("Own", (TokenAuthentication,), {"keyword": keyword})()],
    )

    assert (request.user, request.auth.key) == (user, token.key)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"model": User}, id="model"),
        pytest.param({"get_model": lambda self: User}, id="get_model"),
    ],
)
def test_a_model_of_the_sites_own_is_an_error_at_import_that_says_the_cure(body):
    with pytest.raises(TypeError, match=r"Own looks for keys .* rest_framework\.authentication\.TokenAuthentication"):
        type("Own", (TokenAuthentication,), body)


def test_a_sites_tests_may_put_a_key_into_the_header(user):
    token = Token.objects.create(user=user)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token " + token.key)

    answer = client.get("/whoami/")

    assert (answer.status_code, answer.json()) == (200, {"username": "ada"})


def test_a_sites_tests_may_force_a_token_upon_a_request(user):
    Token.objects.create(user=user)
    get = APIRequestFactory().get("/")
    force_authenticate(get, user=user, token=user.auth_token)

    request = APIView().initialize_request(get)

    assert (request.user, request.auth, request.auth.user) == (user, user.auth_token, user)
