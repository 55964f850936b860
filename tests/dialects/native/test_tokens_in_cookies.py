"""A browser that keeps its tokens in cookies looks after the others, and no page of another site does."""

import pytest

from tessera.models import Grant
from tests.browsing import ADA, LOGIN, Browser
from tests.credentials import PAIR, bearing, opens

TOKENS, OTHERS, ALL, PERSONAL = (
    f"/auth/{path}/" for path in ("tokens", "tokens/revoke-others", "tokens/revoke-all", "personal")
)
BOTH = {"__Host-access", "__Host-refresh"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}


@pytest.fixture
def browser(user):
    """A browser in which ada is signed in."""
    browser = Browser()
    browser.log_in()
    return browser


def path_of(grant):
    return f"{TOKENS}{grant.pk}/"


def whats_cleared(answer):
    return {name for name, each in answer.cookies.items() if each["max-age"] == 0 and not each.value}


def test_it_sees_its_own_and_the_others(browser, hand_out):
    phone = hand_out(**PAIR)

    answer = browser.get(TOKENS)

    listed = {each["id"]: each["is_current"] for each in answer.json()["results"]}
    assert (answer.status_code, {*answer["Vary"].split(", ")}) == (200, {"Authorization", "Cookie"})
    assert listed == {f"{each.pk}": each != phone.grant for each in Grant.objects.all()}


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        pytest.param("patch", None, {"label": "x"}, id="rename"),
        pytest.param("delete", None, None, id="end one"),
        pytest.param("post", OTHERS, None, id="end the others"),
        pytest.param("post", ALL, None, id="end all"),
        pytest.param("post", PERSONAL, {"label": "x"}, id="make one"),
    ],
)
def test_a_page_of_another_site_changes_nothing(browser, hand_out, method, path, data):
    phone = hand_out(**PAIR)
    path, before = path or path_of(phone.grant), list(Grant.objects.values())

    forged = browser.forge(path, data, method)

    assert (forged.status_code, forged.json()["code"]) == (403, "csrf_failed")
    assert not forged.cookies
    assert list(Grant.objects.values()) == before
    assert browser.send(path, data, method).status_code in {200, 201, 204}


def test_a_token_in_the_header_needs_no_proof_of_the_page(browser, hand_out):
    phone = hand_out(**PAIR)

    answer = browser.forge(OTHERS, **bearing(phone.secret))

    assert (answer.status_code, answer.json(), opens(phone.secret)) == (200, {"ended": 1}, True)
    assert not answer.cookies


@pytest.mark.parametrize("end", ["all", "its own"])
def test_who_ends_what_its_cookies_hold_forgets_them(browser, end):
    own = Grant.objects.get()

    answer = browser.send(ALL) if end == "all" else browser.send(path_of(own), method="delete")

    assert answer.status_code in {200, 204}
    assert (whats_cleared(answer), browser.kept()) == (BOTH, {})
    assert browser.get(TOKENS).status_code == 401


@pytest.mark.parametrize("end", ["others", "another"])
def test_who_ends_others_keeps_its_cookies(browser, hand_out, end):
    phone = hand_out(**PAIR)

    answer = browser.send(OTHERS) if end == "others" else browser.send(path_of(phone.grant), method="delete")

    assert (answer.cookies, opens(phone.secret)) == ({}, False)
    assert browser.get(TOKENS).status_code == 200


def test_who_ends_another_by_the_header_keeps_its_cookies(browser, client):
    other = client.post(LOGIN, ADA).json()["access_token"]

    answer = browser.forge(ALL, **bearing(other))

    assert (answer.json(), dict(answer.cookies)) == ({"ended": 2}, {})


def test_a_personal_token_is_told_to_the_page_and_kept_in_no_cookie(browser):
    answer = browser.send(PERSONAL, {"label": "script"})

    assert (answer.status_code, answer.json()["token"][:5], dict(answer.cookies)) == (201, "tsrp_", {})
