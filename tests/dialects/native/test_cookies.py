"""A browser that keeps its pair in cookies: what it is told, what it keeps, and what another site's page cannot do."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import OperationalError, connection

from tessera import Kind, Policy, Purpose, Terms, revoke
from tessera.models import Grant
from tests.browsing import ADA, CSRF, LOGIN, LOGOUT, OURS, REFRESH, VERIFY, Browser
from tests.credentials import PAIR, bearing, opens
from tests.dialects import hostile
from tests.recording import listening

ACCESS_COOKIE, REFRESH_COOKIE = "__Host-access", "__Host-refresh"
BOTH = {ACCESS_COOKIE, REFRESH_COOKIE}
UNKEPT = {"Cache-Control": "no-store", "Pragma": "no-cache", "Vary": "Authorization, Cookie"}
ASKED, REFUSED = 'Bearer realm="api"', 'Bearer realm="api", error="invalid_token"'
INVALID = {"detail": "Invalid token.", "code": "invalid_token"}
NOT_PRESENTED = {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}
TWICE = {"detail": "Invalid cookie header. There are two cookies of one name.", "code": "invalid_token"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(settings):
    """A site with cookies."""
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}
    return settings


@pytest.fixture
def browser(user):
    """A browser, in which nobody is signed in."""
    return Browser()


def attributes(answer):
    """What the browser is told of each cookie but its value. `expires` says what `max-age` says, by the real clock."""
    cookies = {name: dict(each.items()) for name, each in answer.cookies.items()}
    return {name: {key: each[key] for key in each if each[key] and key != "expires"} for name, each in cookies.items()}


def kept_for(seconds):
    return {"max-age": seconds, "path": "/", "secure": True, "httponly": True, "samesite": "Lax"}


CLEARED = {"expires": "Thu, 01 Jan 1970 00:00:00 GMT", "path": "/", "secure": True, "samesite": "Lax"}


def is_cleared(answer):
    return {
        name: {key: value for key, value in each.items() if value} for name, each in answer.cookies.items()
    } == dict.fromkeys(BOTH, CLEARED) and {each.value for each in answer.cookies.values()} == {""}


def is_forged(answer):
    body = answer.json()
    assert body["detail"].startswith("CSRF Failed: ")
    assert not answer.cookies
    return (answer.status_code, body["code"]) == (403, "csrf_failed")


# Log in


def test_a_log_in_for_cookies_is_told_all_but_the_tokens(browser, clock):
    answer = browser.log_in()

    assert (answer.status_code, answer.json()) == (
        200,
        {"token_type": "Bearer", "expires_in": 900, "refresh_expires_in": 30 * 24 * 60 * 60},
    )
    assert {name: answer[name] for name in UNKEPT} == UNKEPT
    assert attributes(answer) == {ACCESS_COOKIE: kept_for(900), REFRESH_COOKIE: kept_for(30 * 24 * 60 * 60)}
    assert {name: value[:5] for name, value in browser.kept().items()} == {
        ACCESS_COOKIE: "tsra_",
        REFRESH_COOKIE: "tsrr_",
    }
    assert browser.get("/whoami/").json() == {"username": "ada"}


def test_who_is_not_to_be_remembered_has_cookies_for_as_long(browser, clock):
    answer = browser.log_in(remember=False)

    assert attributes(answer)[REFRESH_COOKIE] == kept_for(12 * 60 * 60)


class WithoutRefresh(Policy):
    def judge(self, ask, now):
        return Terms(purpose=Purpose.ACCESS, ends_at=None, bound=True)


def test_a_token_without_an_end_is_kept_for_as_long_as_a_browser_keeps_any(browser, site):
    browser.log_in()
    site.TESSERA = {**site.TESSERA, "POLICY": f"{__name__}.WithoutRefresh"}

    answer = browser.log_in()

    assert attributes(answer)[ACCESS_COOKIE] == kept_for(400 * 24 * 60 * 60)
    # The refresh token of the sign-in before would bring that back.
    assert list(browser.kept()) == [ACCESS_COOKIE]


def test_the_sign_in_that_the_browser_had_ends_with_the_next_one(browser, client):
    browser.log_in(label="before")
    phone = client.post(LOGIN, ADA).json()["access_token"]
    before = browser.kept()[ACCESS_COOKIE]

    browser.log_in(label="now")

    assert [opens(token) for token in (before, phone, browser.kept()[ACCESS_COOKIE])] == [False, True, True]
    assert Grant.objects.get(label="before").revoked_reason == "replaced"


@pytest.mark.parametrize("when_full", ["evict", "refuse"])
def test_where_sign_ins_are_limited_a_browser_that_logs_in_anew_takes_nobodys_room(
    browser, client, settings, when_full
):
    settings.TESSERA = {**settings.TESSERA, "LIMITS": {"sign-in": (2, when_full)}}
    phone = client.post(LOGIN, ADA).json()["access_token"]

    answers = [browser.log_in() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert [opens(token) for token in (phone, browser.kept()[ACCESS_COOKIE])] == [True, True]


@pytest.mark.parametrize("kept", [pytest.param("x", id="nonsense"), pytest.param("tsrr_\xff", id="no text")])
def test_whatever_the_browser_had_does_not_stand_in_the_way_of_a_log_in(browser, kept):
    browser.cookies[REFRESH_COOKIE] = browser.cookies[ACCESS_COOKIE] = kept

    assert browser.log_in().status_code == 200


def test_a_log_in_that_fails_ends_nothing(browser):
    browser.log_in()
    before = browser.kept()[ACCESS_COOKIE]

    browser.log_in(password="byron")

    assert opens(before)


@pytest.mark.parametrize("encoding", ["json", "multipart"])
def test_without_the_word_the_tokens_are_in_the_body_whatever_page_asks(browser, encoding):
    answer = browser.post(LOGIN, ADA, format=encoding, headers={"Origin": "https://evil.example"})

    assert (answer.status_code, list(answer.json())[:1], browser.kept()) == (200, ["access_token"], {})


def test_another_sites_page_cannot_sign_its_visitor_in(browser):
    browser.open_page()

    with listening(user_logged_in) as heard, listening(user_login_failed) as failed:
        answers = [
            browser.forge(LOGIN, {**ADA, "carrier": "cookie", "password": word}) for word in ("x", "lovelace-1843")
        ]

    assert all(map(is_forged, answers))
    assert (heard, failed, Grant.objects.exists(), browser.kept()) == ([], [], False, {})


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": OURS}, id="nothing of the page"),
        pytest.param({"Origin": OURS, "X-CSRFToken": "x" * 32}, id="made up"),
        pytest.param({"Origin": OURS, "X-CSRFToken": ""}, id="blank"),
        pytest.param({"Origin": OURS, "X-CSRFToken": "\xff" * 5_000}, id="no token at all"),
        pytest.param({"Origin": "null"}, id="a page in a frame that has no origin"),
        pytest.param({"Origin": "http://testserver"}, id="the page of who listens on the wire"),
        pytest.param({"Origin": "https://["}, id="no origin"),
        pytest.param({"Referer": "https://evil.example/"}, id="an old browser"),
        pytest.param({}, id="neither an origin nor a referrer"),
    ],
)
def test_a_page_has_to_show_that_it_is_the_sites(browser, headers):
    browser.open_page()
    page = browser.page if "X-CSRFToken" not in headers and headers != {"Origin": OURS} else {}

    answer = browser.post(LOGIN, {**ADA, "carrier": "cookie"}, format="json", headers={**page, **headers})

    assert is_forged(answer)


@pytest.mark.parametrize("encoding", ["multipart", "form"])
def test_a_plain_form_sends_it_in_a_field(browser, encoding):
    browser.open_page()
    fields = {**ADA, "carrier": "cookie", "csrfmiddlewaretoken": browser.page["X-CSRFToken"]}
    if encoding == "form":
        body = "&".join(f"{name}={value}" for name, value in fields.items())
        answer = browser.post(LOGIN, body, content_type="application/x-www-form-urlencoded", headers={"Origin": OURS})
    else:
        answer = browser.post(LOGIN, fields, format=encoding, headers={"Origin": OURS})

    assert (answer.status_code, set(browser.kept())) == (200, BOTH)


DEAD = [
    pytest.param("", id="blank"),
    pytest.param("what-is-this", id="garbage"),
    pytest.param('"quoted"', id="in quotes"),
    pytest.param("tsra_" + "0" * 91, id="well shaped"),
    pytest.param("\xff\xfe", id="no ASCII"),
    pytest.param("a" * 100_000, id="100,000 letters"),
    pytest.param("a\x00b", id="nul"),
    pytest.param(f"a; {ACCESS_COOKIE}=b; {REFRESH_COOKIE}=c", id="two of one name"),
    pytest.param("a; ;=;;,,=" * 3_000, id="hardly any cookies"),
]


def holding(browser, value):
    """What the header `Cookie` is with that for both of ours, beside the cookie of the site's page."""
    csrf = browser.cookies["csrftoken"].value
    return f"{ACCESS_COOKIE}={value}; csrftoken={csrf}; {REFRESH_COOKIE}={value}"


@pytest.mark.parametrize("value", DEAD)
def test_a_dead_cookie_is_in_nobodys_way_at_log_in(browser, value):
    browser.open_page()

    answer = browser.send(LOGIN, {**ADA, "carrier": "cookie"}, Cookie=holding(browser, value))

    assert (answer.status_code, set(answer.cookies)) == (200, BOTH)


@pytest.mark.parametrize("value", DEAD)
@pytest.mark.parametrize("path", ["/whoami/", VERIFY, REFRESH])
def test_a_dead_cookie_is_a_401_and_stays_where_it_is(browser, django_assert_max_num_queries, path, value):
    browser.open_page()

    with django_assert_max_num_queries(0):
        answer = browser.send(path, Cookie=holding(browser, value))

    assert (answer.status_code, dict(answer.cookies)) == (401, {})
    assert answer["WWW-Authenticate"] == (REFUSED if value else ASKED)


@pytest.mark.parametrize("value", DEAD)
def test_a_dead_cookie_is_cleared_by_log_out(browser, value):
    browser.open_page()

    answer = browser.send(LOGOUT, Cookie=holding(browser, value))

    assert (answer.status_code, is_cleared(answer)) == (204, True)


# Refresh


def test_a_refresh_trades_the_cookie_for_the_next_pair_of_cookies(browser, clock):
    browser.log_in()
    before = browser.kept()
    clock.turn(timedelta(minutes=14))

    answer = browser.send(REFRESH)

    assert (answer.status_code, answer.json()) == (
        200,
        {"token_type": "Bearer", "expires_in": 900, "refresh_expires_in": 30 * 24 * 60 * 60},
    )
    assert attributes(answer) == {ACCESS_COOKIE: kept_for(900), REFRESH_COOKIE: kept_for(30 * 24 * 60 * 60)}
    assert {name: answer[name] for name in UNKEPT} == UNKEPT
    assert all(browser.kept()[name] != before[name] for name in BOTH)
    assert (browser.get("/whoami/").status_code, Grant.objects.count()) == (200, 1)


def test_a_pair_that_is_told_again_is_kept_for_as_long_as_it_has_left(browser, clock):
    browser.log_in()
    other_tab = {"Cookie": "; ".join(f"{name}={each.value}" for name, each in browser.cookies.items())}
    browser.send(REFRESH)
    clock.turn(timedelta(seconds=9))

    answer = browser.send(REFRESH, **other_tab)

    assert attributes(answer)[ACCESS_COOKIE] == kept_for(891)
    assert browser.get("/whoami/").status_code == 200


def test_a_refresh_that_is_forged_trades_nothing(browser):
    browser.log_in()

    assert is_forged(browser.forge(REFRESH))
    assert Grant.objects.get().generation == 0


def test_a_token_in_the_body_goes_before_the_cookie_and_is_answered_in_the_body(browser, hand_out):
    browser.log_in()
    phone = hand_out(**PAIR)

    answer = browser.forge(REFRESH, {"refresh_token": phone.refresh_secret})

    assert (answer.status_code, next(iter(answer.json())), dict(answer.cookies)) == (200, "access_token", {})
    assert Grant.objects.get(pk=phone.grant.pk).generation == 1
    assert Grant.objects.exclude(pk=phone.grant.pk).get().generation == 0


@pytest.mark.parametrize(
    ("held", "told", "challenge"),
    [
        pytest.param("theme=dark", NOT_PRESENTED, ASKED, id="none"),
        pytest.param(REFRESH_COOKIE + "=", NOT_PRESENTED, ASKED, id="an empty one"),
        pytest.param("{access}", NOT_PRESENTED, ASKED, id="the access token's"),
        pytest.param(REFRESH_COOKIE + "=what-is-this", INVALID, REFUSED, id="garbage"),
        pytest.param("{swapped}", INVALID, REFUSED, id="the access token in its place"),
        pytest.param("{refresh}; {refresh}", TWICE, REFUSED, id="two of one name"),
    ],
)
def test_without_a_refresh_token_it_is_a_401(browser, held, told, challenge):
    browser.log_in()
    kept, csrf = browser.kept(), browser.cookies["csrftoken"].value
    cookies = held.format(
        access=f"{ACCESS_COOKIE}={kept[ACCESS_COOKIE]}",
        refresh=f"{REFRESH_COOKIE}={kept[REFRESH_COOKIE]}",
        swapped=f"{REFRESH_COOKIE}={kept[ACCESS_COOKIE]}",
    )

    answer = browser.send(REFRESH, Cookie=f"{cookies}; csrftoken={csrf}")

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, told, challenge)
    assert (dict(answer.cookies), Grant.objects.get().generation) == ({}, 0)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda clock: clock.turn(timedelta(days=31)), id="expired"),
        pytest.param(lambda clock: revoke(Grant.objects.get()), id="revoked"),
        pytest.param(lambda clock: Grant.objects.all().delete(), id="its row is gone"),
        pytest.param(lambda clock: User.objects.update(is_active=False), id="its user is inactive"),
        pytest.param(lambda clock: User.objects.update(password="!"), id="its user has another password"),
    ],
)
def test_cookies_that_are_over_are_one_and_the_same_401_until_log_out_clears_them(browser, clock, end):
    browser.log_in()
    end(clock)

    answers = [browser.send(path) for path in (VERIFY, REFRESH)]

    assert [(each.status_code, each.json(), each["WWW-Authenticate"]) for each in answers] == [
        (401, INVALID, REFUSED)
    ] * 2
    assert set(browser.kept()) == BOTH
    assert browser.send(LOGOUT).status_code == 204
    assert browser.kept() == {}


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 60_000, id="thousands of lists in each other"),
        pytest.param(b'{"refresh_token": "\xff"}', id="no UTF-8"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"refresh_token": null}', id="no token"),
        pytest.param(b'{"refresh_token": ""}', id="a blank one"),
        pytest.param(b'{"refresh_token": ["__Host-refresh"]}', id="a list"),
    ],
)
def test_a_cookie_does_not_make_up_for_a_body_that_cannot_be_read(browser, path, body):
    browser.log_in()

    answer = browser.generic("POST", path, body, "application/json", headers={"Origin": OURS, **browser.page})

    assert (answer.status_code, dict(answer.cookies)) == (400, {})
    assert Grant.objects.values_list("generation", "revoked_at").get() == (0, None)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_a_503_and_the_cookies_stay(browser):
    browser.log_in()
    before = browser.kept()

    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answers = [browser.send(path) for path in ("/whoami/", REFRESH, LOGOUT)]

    assert [(each.status_code, each["Retry-After"]) for each in answers] == [(503, "5")] * 3
    assert (browser.kept(), browser.get("/whoami/").status_code) == (before, 200)


# Log out


def test_a_log_out_ends_the_sign_in_and_clears_the_cookies(browser):
    browser.log_in()
    access = browser.kept()[ACCESS_COOKIE]

    answer = browser.send(LOGOUT)

    assert (answer.status_code, is_cleared(answer), answer["Cache-Control"]) == (204, True, "no-store")
    assert (Grant.objects.get().revoked_reason, opens(access), browser.kept()) == ("logout", False, {})


@pytest.mark.parametrize("left", sorted(BOTH))
def test_one_of_the_two_cookies_is_enough(browser, left):
    browser.log_in()
    del browser.cookies[(BOTH - {left}).pop()]

    browser.send(LOGOUT)

    assert Grant.objects.get().revoked_reason == "logout"


def test_two_tabs_may_log_out_after_each_other(browser):
    browser.log_in()

    assert [browser.send(LOGOUT).status_code for _ in range(2)] == [204, 204]


def test_another_sites_page_cannot_log_its_visitor_out(browser):
    browser.log_in()

    assert is_forged(browser.forge(LOGOUT))
    assert browser.get("/whoami/").status_code == 200


def test_nor_without_the_cookies_which_the_browser_keeps_back_from_it(browser):
    answer = browser.forge(LOGOUT, Cookie="")

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, NOT_PRESENTED, ASKED)
    assert not answer.cookies


@pytest.mark.parametrize("carrier", ["header", "body"])
def test_what_the_header_or_the_body_ends_leaves_the_cookies_alone(browser, hand_out, carrier):
    browser.log_in()
    phone = hand_out(**PAIR)

    if carrier == "header":
        answer = browser.forge(LOGOUT, **bearing(phone.secret))
    else:
        answer = browser.forge(LOGOUT, {"refresh_token": phone.refresh_secret})

    assert (answer.status_code, dict(answer.cookies), opens(phone.secret)) == (204, {}, False)
    assert browser.get("/whoami/").status_code == 200


# Everything else


def test_what_the_cookie_is_can_be_asked(browser, clock):
    browser.log_in(label="laptop")

    answer = browser.send(VERIFY)

    body = answer.json()
    assert (answer.status_code, body["user"], body["label"], body["expires_in"]) == (200, "ada", "laptop", 900)
    assert is_forged(browser.forge(VERIFY))


def test_a_page_is_told_what_it_has_to_send_along(browser):
    answer = browser.get(CSRF)

    assert (answer.status_code, list(answer.json()), list(answer.cookies)) == (200, ["csrf_token"], ["csrftoken"])
    assert {name: answer[name] for name in UNKEPT} == UNKEPT


def test_it_may_be_kept_in_the_session(browser, site):
    site.CSRF_USE_SESSIONS = True

    assert (browser.log_in().status_code, "csrftoken" in browser.cookies) == (200, False)
    assert (browser.send("/whoami/").status_code, browser.forge("/whoami/").status_code) == (200, 403)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "head", "trace"])
def test_any_other_method_is_a_405(browser, method):
    answer = getattr(browser, method)(CSRF) if method != "trace" else browser.generic("TRACE", CSRF)

    assert (answer.status_code, answer["Allow"]) == ((200 if method == "head" else 405), "GET, HEAD, OPTIONS")


@hostile.worlds
def test_a_hostile_default_of_the_site_changes_nothing(world, browser):
    with world():
        answers = [browser.log_in(), browser.send(VERIFY), browser.send(REFRESH), browser.forge(VERIFY)]
        answers.append(browser.send(LOGOUT))

    assert [answer.status_code for answer in answers] == [200, 200, 200, 403, 204]


def test_a_site_without_cookies_knows_nothing_of_them(browser, site):
    browser.log_in()
    site.TESSERA = {**site.TESSERA, "COOKIES": False}

    refused = browser.send(LOGIN, {**ADA, "carrier": "cookie"})
    answers = {path: browser.send(path).status_code for path in ("/whoami/", VERIFY, REFRESH, LOGOUT)}

    assert (refused.status_code, refused.json()) == (400, {"carrier": ['"cookie" is not a valid choice.']})
    assert answers == {"/whoami/": 401, VERIFY: 401, REFRESH: 400, LOGOUT: 401}
    assert browser.get(CSRF).status_code == 404
    assert (browser.send(VERIFY)["Vary"], Grant.objects.get(kind=Kind.SIGN_IN).revoked_at) == ("Authorization", None)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("basket", '"basket" is not a valid choice.'),
        ("", '"" is not a valid choice.'),
        (None, "This field may not be null."),
        ([], '"[]" is not a valid choice.'),
        ({"$ne": ""}, "\"{'$ne': ''}\" is not a valid choice."),
        (True, '"True" is not a valid choice.'),
    ],
)
def test_what_is_no_carrier_is_a_400(browser, value, complaint):
    answer = browser.send(LOGIN, {**ADA, "carrier": value})

    assert (answer.status_code, answer.json()) == (400, {"carrier": [complaint]})


def test_half_a_surrogate_pair_is_no_carrier(client):
    body = rb'{"username": "ada", "password": "x", "carrier": "\ud800"}'

    answer = client.generic("POST", LOGIN, body, "application/json")

    assert (answer.status_code, answer.json()) == (400, {"carrier": ['"?" is not a valid choice.']})


def test_who_ends_all_keeps_no_cookies(browser):
    browser.log_in()

    forged, answer = browser.forge("/auth/tokens/revoke-all/"), browser.send("/auth/tokens/revoke-all/")

    assert is_forged(forged)
    assert (answer.status_code, is_cleared(answer), browser.kept()) == (200, True, {})


def test_the_devices_are_listed_and_named_by_cookie(browser):
    browser.log_in()
    [device] = browser.get("/auth/tokens/").json()["results"]
    place = f"/auth/tokens/{device['id']}/"

    refused = [browser.forge(place, {"label": "x"}, "patch"), browser.forge(place, method="delete")]
    answer = browser.send(place, {"label": "laptop"}, "patch")

    assert device["is_current"]
    assert all(map(is_forged, refused))
    assert (answer.status_code, answer.json()["label"]) == (200, "laptop")
