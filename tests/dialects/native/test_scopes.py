"""The scope at `login/`, `refresh/` and `verify/`, where the site has scopes and where it has none."""

import pytest

from tessera import Policy, Purpose, Terms
from tessera.models import Grant
from tests.credentials import bearing

LOGIN, REFRESH, VERIFY = "/auth/login/", "/auth/refresh/", "/auth/verify/"
ADA = {"username": "ada", "password": "lovelace-1843"}
ALL = "tokens tracks:read tracks:write"

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings):
    """A site with two scopes, and ours."""
    words = {"tracks:read": "See your tracks", "tracks:write": "Change your tracks"}
    settings.TESSERA = {**settings.TESSERA, "SCOPES": words}
    return settings


def log_in(client, encoding="json", **more):
    return client.post(LOGIN, {**ADA, **more}, format=encoding)


def refreshed(client, body, **more):
    return client.post(REFRESH, {"refresh_token": body["refresh_token"], **more}, format="json")


@pytest.mark.parametrize("encoding", ["json", "multipart"])
@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        pytest.param({}, ALL, id="nothing said"),
        pytest.param({"scope": ""}, ALL, id="blank, which is nothing said"),
        pytest.param({"scope": "  "}, ALL, id="blanks"),
        pytest.param({"scope": "tracks:read"}, "tracks:read", id="one"),
        pytest.param({"scope": " tracks:write  tokens tokens "}, "tokens tracks:write", id="two, however written"),
    ],
)
def test_a_log_in_has_the_scope_that_it_asks_for_or_all(client, user, site, encoding, asked, granted):
    answer = log_in(client, encoding, **asked)

    assert (answer.status_code, answer.json()["scope"]) == (200, granted)
    assert Grant.objects.get().scope == granted


class WithoutScope(Policy):
    def judge(self, ask, now):
        return Terms(purpose=Purpose.ACCESS, ends_at=None, bound=True)


def test_where_the_policy_grants_no_scope_that_is_said(client, user, site):
    site.TESSERA = {**site.TESSERA, "POLICY": f"{__name__}.WithoutScope"}

    assert log_in(client).json()["scope"] == ""


@pytest.mark.parametrize("asked", ["tracks:delete", "tracks:read tracks:delete", "TRACKS:READ", 'a"b', "\u20ac"])
def test_a_scope_that_the_site_does_not_have_is_a_400(client, user, site, asked):
    answer = log_in(client, scope=asked)

    body = answer.json()
    assert (answer.status_code, body["code"], list(body)) == (400, "invalid_scope", ["detail", "code"])
    assert not Grant.objects.exists()


def test_without_scopes_nothing_is_said_of_one_and_an_ask_is_a_400(client, user):
    told, refused = log_in(client), log_in(client, scope="tracks:read")

    assert "scope" not in told.json()
    assert "scope" not in client.post(VERIFY, headers=bearing(told.json()["access_token"])).json()
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_scope")


def test_a_refresh_may_ask_for_less_and_the_next_one_for_all_again(client, user, site, clock):
    first = log_in(client).json()

    less = refreshed(client, first, scope="tracks:read").json()
    again = refreshed(client, less).json()

    assert (less["scope"], again["scope"]) == ("tracks:read", ALL)


def test_a_refresh_that_asks_for_more_is_a_400_and_ends_nothing(client, user, site):
    body = log_in(client, scope="tracks:read").json()

    refused = refreshed(client, body, scope="tracks:read tracks:write")

    assert (refused.status_code, list(refused.json())) == (400, ["detail", "code"])
    assert (refused["Cache-Control"], refused.json()["code"]) == ("no-store", "invalid_scope")
    assert refreshed(client, body).json()["scope"] == "tracks:read"


def test_who_holds_a_token_is_told_its_scope(client, user, site):
    body = refreshed(client, log_in(client).json(), scope="tracks:read").json()

    assert client.post(VERIFY, headers=bearing(body["access_token"])).json()["scope"] == "tracks:read"


@pytest.mark.parametrize("path", [LOGIN, REFRESH])
@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        pytest.param("null", "This field may not be null.", id="null"),
        pytest.param('["tracks:read"]', "Not a valid string.", id="list"),
        pytest.param("true", "Not a valid string.", id="true"),
        pytest.param('{"$ne": ""}', "Not a valid string.", id="query operator"),
        pytest.param(r'"a\u0000"', "Null characters are not allowed.", id="nul"),
        pytest.param(r'"\ud800"', "Surrogate characters are not allowed: U+D800.", id="half a surrogate pair"),
        pytest.param('"' + "ab " * 2_000 + '"', "Ensure this field has no more than 4096 characters.", id="long"),
    ],
)
def test_what_can_be_no_scope_is_a_400(client, user, site, path, value, complaint):
    body = f'{{"username": "ada", "password": "lovelace-1843", "refresh_token": "x", "scope": {value}}}'

    answer = client.generic("POST", path, body, "application/json")

    assert (answer.status_code, answer.json()) == (400, {"scope": [complaint]})
