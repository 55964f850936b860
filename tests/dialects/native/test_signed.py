"""A site whose access tokens are signed: the same endpoints, the same answers, and a JWT where the opaque one was."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from tessera import Kind, revoke, sign, verify
from tessera.models import Grant
from tests.browsing import ADA, LOGIN, LOGOUT, REFRESH, VERIFY, Browser
from tests.credentials import DOORS, PAIR, bearing, opens
from tests.forging import payload

INVALID = {"detail": "Invalid token.", "code": "invalid_token"}
TOKENS = "/auth/tokens/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(settings):
    """A site that signs."""
    settings.TESSERA = {**settings.TESSERA, "ACCESS_FORMAT": "jwt", "COOKIES": True}
    return settings


def signed_in(client, user, **more):
    answer = client.post(LOGIN, {**ADA, **more}, format="json")
    assert answer.status_code == 200
    return answer.json()


def refreshed(client, pair, **more):
    return client.post(REFRESH, {"refresh_token": pair["refresh_token"], **more}, format="json").json()


def test_a_log_in_is_told_a_signed_token_and_an_opaque_refresh_token(client, user, clock):
    told = signed_in(client, user)

    claims = payload(told.pop("access_token"))
    assert told.pop("refresh_token").startswith("tsrr_")
    assert told == {"token_type": "Bearer", "expires_in": 900, "refresh_expires_in": 30 * 24 * 60 * 60}
    assert (claims["sub"], claims["sid"]) == (str(user.pk), Grant.objects.get().pk.hex)
    assert claims["exp"] - claims["iat"] == 900


def test_no_opaque_spelling_of_it_is_told_anywhere(client, user):
    pair = signed_in(client, user)

    assert "tsra_" not in str(pair) + str(refreshed(client, pair))


def test_it_opens_every_endpoint_that_the_opaque_one_opens(client, user):
    pair = signed_in(client, user)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access_token']}")

    answers = [client.get("/whoami/"), client.post(VERIFY), client.get(TOKENS)]
    made = client.post("/auth/personal/", {"label": "backup"}, format="json")

    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[1].json()["user"] == "ada"
    assert [each["is_current"] for each in answers[2].json()["results"]] == [True]
    assert (made.status_code, made.json()["token"][:5]) == (201, "tsrp_")


def test_a_refresh_gives_the_next_one_and_the_one_before_has_the_window(client, user, clock):
    pair = signed_in(client, user)
    following = refreshed(client, pair)
    within = [opens(each["access_token"]) for each in (pair, following)]

    clock.turn(timedelta(seconds=10))

    assert payload(pair["access_token"])["jti"] != payload(following["access_token"])["jti"]
    assert within == [True, True]
    assert [opens(each["access_token"]) for each in (pair, following)] == [False, True]


def test_two_tabs_are_told_the_same_token(client, user, clock):
    pair = signed_in(client, user)

    one, other = refreshed(client, pair), refreshed(client, pair)

    assert one == other
    assert opens(one["access_token"])


def test_a_refresh_token_that_was_traded_before_ends_the_signed_one_too(client, user, clock):
    pair = signed_in(client, user)
    following = refreshed(client, refreshed(client, pair))

    answer = client.post(REFRESH, {"refresh_token": pair["refresh_token"]}, format="json")

    assert (answer.status_code, answer.json()) == (401, INVALID)
    assert not opens(following["access_token"])


def test_the_scope_of_the_token_is_in_it_and_is_what_the_row_says(client, user, scopes):
    pair = signed_in(client, user, scope="tracks:read tracks:write")
    following = refreshed(client, pair, scope="tracks:read")

    assert payload(following["access_token"])["scope"] == following["scope"] == "tracks:read"
    assert verify(following["access_token"], accept=DOORS).scope == {"tracks:read"}


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=1)], ids=["live", "expired"])
def test_a_log_out_with_it_ends_the_sign_in(client, user, clock, late):
    pair = signed_in(client, user)
    clock.turn(late)

    answer = client.post(LOGOUT, headers=bearing(pair["access_token"]))

    assert (answer.status_code, Grant.objects.get().revoked_reason) == (204, "logout")
    assert client.post(REFRESH, {"refresh_token": pair["refresh_token"]}, format="json").status_code == 401


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda user: revoke(subject=user), id="revoked"),
        pytest.param(lambda user: User.objects.update(is_active=False), id="user deactivated"),
        pytest.param(lambda user: User.objects.update(password="!"), id="password changed"),
        pytest.param(lambda user: user.delete(), id="user deleted"),
    ],
)
def test_it_is_refused_from_the_next_request_on(client, user, end):
    token = signed_in(client, user)["access_token"]
    before = client.post(VERIFY, headers=bearing(token))
    end(user)

    after = client.post(VERIFY, headers=bearing(token))

    assert (before.status_code, after.status_code, after.json()) == (200, 401, INVALID)


def test_a_browser_keeps_it_in_a_cookie_as_any(user, clock):
    browser = Browser()
    told = browser.log_in().json()
    first = browser.kept()["__Host-access"]

    opened = [browser.send(VERIFY).json()["user"], browser.send(REFRESH).status_code, browser.send(VERIFY).status_code]

    assert "access_token" not in told
    assert opened == ["ada", 200, 200]
    assert payload(first)["sid"] == payload(browser.kept()["__Host-access"])["sid"]
    assert browser.forge(VERIFY).status_code == 403
    assert (browser.send(LOGOUT).status_code, browser.kept()) == (204, {})
    assert not opens(first)


def test_both_spellings_are_good_whatever_the_site_hands_out(client, hand_out, site):
    issued = hand_out(**PAIR)
    token = sign(issued.grant)

    for spelling in ("jwt", "opaque"):
        site.TESSERA = {**site.TESSERA, "ACCESS_FORMAT": spelling}
        answers = [client.post(VERIFY, headers=bearing(secret)) for secret in (issued.secret, token)]

        assert answers[0].json() == answers[1].json()
        assert answers[0].status_code == 200


def test_a_signed_token_of_a_machine_or_a_client_is_told_as_what_it_is(client, hand_out, user):
    tokens = [
        sign(hand_out(**ask).grant) for ask in ({"subject": None, "kind": Kind.MACHINE}, {**PAIR, "client": "app"})
    ]

    told = [client.post(VERIFY, headers=bearing(token)).json() for token in tokens]

    assert [(each["kind"], each["client"], each["user"]) for each in told] == [
        ("machine", "", None),
        ("sign-in", "app", "ada"),
    ]
