"""The wire of the native dialect: what is sent, and the whole of what comes."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tessera import Kind, Policy, Purpose, Terms, redeem
from tessera.models import Grant
from tests.credentials import bearing

LOGIN, REFRESH, VERIFY, LOGOUT = "/auth/login/", "/auth/refresh/", "/auth/verify/", "/auth/logout/"
ADA = {"username": "ada", "password": "lovelace-1843"}

UNKEPT = {"Cache-Control": "no-store", "Pragma": "no-cache", "Vary": "Authorization"}
ASKED = {"WWW-Authenticate": 'Bearer realm="api"'}
UNABLE = {"detail": "Unable to log in with provided credentials.", "code": "invalid_login"}

pytestmark = pytest.mark.django_db


def as_form(client, url, data):
    return client.post(url, urlencode(data), content_type="application/x-www-form-urlencoded")


def as_multipart(client, url, data):
    return client.post(url, data, format="multipart")


def as_json(client, url, data):
    return client.post(url, json.dumps(data), content_type="application/json")


in_any_form = pytest.mark.parametrize("send", [as_form, as_multipart, as_json])


@pytest.fixture
def sign_in(user, client, clock):
    """The body of a sign-in of ada's."""
    return lambda **more: client.post(LOGIN, {**ADA, **more}).json()


def whole(answer):
    """Its status, its body, and those of its headers that say something of the credential."""
    headers = {name: answer[name] for name in (*UNKEPT, "WWW-Authenticate", "Retry-After") if name in answer}
    return answer.status_code, answer.json() if answer.content else None, headers


def whoami(client, body):
    return client.get("/whoami/", headers=bearing(body["access_token"])).status_code


@in_any_form
def test_a_name_and_a_password_are_traded_for_a_pair(client, user, clock, send):
    answer = send(client, LOGIN, ADA)

    status, body, headers = whole(answer)
    access, refresh = body["access_token"], body["refresh_token"]
    assert (status, headers) == (200, UNKEPT)
    assert body == {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": 15 * 60,
        "refresh_token": refresh,
        "refresh_expires_in": 30 * 24 * 60 * 60,
    }
    assert (access[:5], refresh[:5], whoami(client, body)) == ("tsra_", "tsrr_", 200)


@pytest.mark.parametrize("more", [{}, {"label": ""}, {"label": "ada's phone"}])
def test_a_sign_in_is_a_grant_of_the_sites_own_software(sign_in, more):
    sign_in(**more)

    grant = Grant.objects.values_list("kind", "client", "label", "scope", "subject__username").get()
    assert grant == (Kind.SIGN_IN, "", more.get("label", ""), "", "ada")


DAY, HALF_A_DAY = 24 * 60 * 60, 12 * 60 * 60


@pytest.mark.parametrize(
    ("remember", "settings_of_it", "lives"),
    [
        pytest.param("false", {}, HALF_A_DAY, id="no"),
        pytest.param("true", {}, 30 * DAY, id="yes"),
        pytest.param("false", {"SHORT_LIFETIME": timedelta(hours=1)}, 60 * 60, id="no, for what the site says"),
        pytest.param("false", {"TOKEN_LIFETIME": "never"}, HALF_A_DAY, id="no, where tokens live for ever"),
        pytest.param("false", {"TOKEN_LIFETIME": timedelta(hours=1)}, 60 * 60, id="no, where no token lives as long"),
        pytest.param("false", {"SHORT_LIFETIME": timedelta(days=60)}, 30 * DAY, id="no, but it may lie idle no longer"),
    ],
)
@in_any_form
def test_who_is_not_to_be_remembered_is_signed_in_for_the_short_lifetime(
    client, user, clock, settings, send, remember, settings_of_it, lives
):
    settings.TESSERA = {**settings.TESSERA, **settings_of_it}

    body = send(client, LOGIN, {**ADA, "remember": remember}).json()

    assert body["refresh_expires_in"] == lives


def test_a_short_sign_in_ends_however_much_it_is_refreshed(client, sign_in, clock):
    body = sign_in(remember=False)
    clock.turn(timedelta(hours=11, minutes=50))

    body = client.post(REFRESH, {"refresh_token": body["refresh_token"]}).json()

    assert (body["expires_in"], body["refresh_expires_in"]) == (10 * 60, 10 * 60)
    clock.turn(timedelta(minutes=10))
    assert client.post(REFRESH, {"refresh_token": body["refresh_token"]}).status_code == 401


@in_any_form
def test_a_refresh_token_is_traded_for_the_next_pair(client, sign_in, clock, send):
    first = sign_in()
    clock.turn(timedelta(minutes=14))

    answer = send(client, REFRESH, {"refresh_token": first["refresh_token"]})

    status, second, headers = whole(answer)
    assert (status, headers) == (200, UNKEPT)
    assert second == {**first, "access_token": second["access_token"], "refresh_token": second["refresh_token"]}
    assert len({body[name] for body in (first, second) for name in ("access_token", "refresh_token")}) == 4
    assert (whoami(client, second), Grant.objects.count()) == (200, 1)


def test_a_pair_that_is_told_again_says_how_long_it_has_left(client, sign_in, clock):
    token = {"refresh_token": sign_in()["refresh_token"]}
    told = client.post(REFRESH, token).json()
    clock.turn(timedelta(seconds=9))

    again = client.post(REFRESH, token).json()

    spans = {"expires_in": told["expires_in"] - 9, "refresh_expires_in": told["refresh_expires_in"] - 9}
    assert again == {**told, **spans}


@pytest.mark.parametrize(("passed", "told"), [(0.4, 900), (0.6, 899)])
def test_a_span_is_told_to_the_nearest_second(client, sign_in, clock, passed, told):
    token = {"refresh_token": sign_in()["refresh_token"]}
    client.post(REFRESH, token)
    clock.turn(timedelta(seconds=passed))

    assert client.post(REFRESH, token).json()["expires_in"] == told


class WithoutRefresh(Policy):
    def judge(self, ask, now):
        return Terms(purpose=Purpose.ACCESS, ends_at=None, bound=True)


def test_where_the_policy_gives_no_refresh_token_and_no_end_nothing_is_said_of_one(sign_in, settings):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.WithoutRefresh"}

    body = sign_in()

    assert body == {"access_token": body["access_token"], "token_type": "Bearer"}


REQUIRED, BLANK, NULL = "This field is required.", "This field may not be blank.", "This field may not be null."
NO_BOOLEAN = "Must be a valid boolean."
NO_TEXT, TOO_LONG = "Not a valid string.", "Ensure this field has no more than {} characters."


@pytest.mark.parametrize(
    ("sent", "complaints"),
    [
        pytest.param({}, {"username": [REQUIRED], "password": [REQUIRED]}, id="nothing"),
        pytest.param({"username": "", "password": ""}, {"username": [BLANK], "password": [BLANK]}, id="blank"),
        pytest.param({**ADA, "password": None}, {"password": [NULL]}, id="null"),
        pytest.param({**ADA, "label": None}, {"label": [NULL]}, id="no label"),
        pytest.param({**ADA, "label": ["phone"]}, {"label": [NO_TEXT]}, id="a list for a label"),
        pytest.param({**ADA, "label": "x" * 101}, {"label": [TOO_LONG.format(100)]}, id="a label of 101 letters"),
        pytest.param({**ADA, "remember": None}, {"remember": [NULL]}, id="nobody knows whether to remember"),
        pytest.param({**ADA, "remember": "perhaps"}, {"remember": [NO_BOOLEAN]}, id="perhaps to be remembered"),
        pytest.param({**ADA, "remember": {"$ne": 1}}, {"remember": [NO_BOOLEAN]}, id="a query operator"),
        pytest.param({**ADA, "label": "\x00"}, {"label": ["Null characters are not allowed."]}, id="nul in a label"),
    ],
)
def test_what_is_wrong_with_a_field_is_a_400_that_names_it(client, user, sent, complaints):
    answer = as_json(client, LOGIN, sent)

    assert whole(answer) == (400, complaints, UNKEPT)
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({**ADA, "password": "byron"}, id="wrong password"),
        pytest.param({**ADA, "username": "nobody"}, id="unknown name"),
        pytest.param({**ADA, "username": "bob"}, id="inactive user"),
    ],
)
def test_who_is_nobody_is_a_401_with_a_code(client, user, django_user_model, sent):
    django_user_model.objects.create_user("bob", password=ADA["password"], is_active=False)

    answer = client.post(LOGIN, sent)

    assert whole(answer) == (401, UNABLE, UNKEPT | ASKED)


def test_past_the_log_in_rates_no_password_is_looked_at(client, user, clock):
    for _ in range(10):
        client.post(LOGIN, {**ADA, "password": "wrong"})

    answer = client.post(LOGIN, ADA)

    throttled = {
        "detail": "Request was throttled. Expected available in 60 seconds.",
        "code": "too_many_attempts",
    }
    assert whole(answer) == (429, throttled, UNKEPT | {"Retry-After": "60"})


@pytest.mark.parametrize("path", [LOGIN, REFRESH, VERIFY, LOGOUT])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
def test_any_other_method_is_a_405_and_nothing_happens(client, sign_in, path, method):
    body = sign_in()
    sent = json.dumps({**ADA, "refresh_token": body["refresh_token"]})

    answer = client.generic(method, path, sent, content_type="application/json", headers=bearing(body["access_token"]))

    refused = {"detail": f'Method "{method}" not allowed.', "code": "method_not_allowed"}
    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")
    assert method == "HEAD" or answer.json() == refused
    assert (Grant.objects.count(), whoami(client, body)) == (1, 200)
    assert redeem(body["refresh_token"], accept={Purpose.REFRESH}).grant.generation == 1


@pytest.mark.parametrize("path", [LOGIN, REFRESH, VERIFY, LOGOUT])
def test_json_is_all_that_is_spoken(client, db, path):
    answer = client.post(path, ADA, headers={"Accept": "text/html"})

    refused = {"detail": "Could not satisfy the request Accept header.", "code": "not_acceptable"}
    assert whole(answer) == (406, refused, UNKEPT)
