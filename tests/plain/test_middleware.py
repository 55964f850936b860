"""`TokenMiddleware`: a token says who asks, in every view of a site."""

import asyncio
from threading import Event

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from tessera import Ask, Kind, Purpose, issue, revoke
from tessera.plain import TokenMiddleware
from tests.credentials import bearing
from tests.headers import DRESSES, INVALID, OTHER_SCHEMES, REFUSED, SPOILT, UNREADABLE
from tests.plain.pages import pages
from tests.processes import PATIENCE
from tests.traces import traces

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.plain.pages")]

NOBODY = {"username": "", "grant": None}
OURS = "tessera.plain.TokenMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
CSRF = "c" * 32


@pytest.fixture(autouse=True)
def _middleware(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, OURS]


@pytest.fixture
def dead(hand_out):
    """A token that was revoked."""
    issued = hand_out()
    revoke(issued.grant)
    return issued.secret


def browser(secret):
    """What a browser sends that has the token in a cookie, and Django's CSRF token."""
    client = Client(enforce_csrf_checks=True)
    client.cookies["__Host-access"], client.cookies["csrftoken"] = secret, CSRF
    return client


@pytest.fixture
def cookies(settings):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}


# Who asks


@pytest.mark.parametrize("path", pages)
def test_a_token_says_who_asks(hand_out, path):
    issued = hand_out()

    answer = Client().get(f"/{path}/", headers=bearing(issued.secret))

    assert (answer.status_code, answer.json()) == (200, {"username": "ada", "grant": str(issued.grant.pk)})
    assert "Authorization" in answer["Vary"]


@pytest.mark.parametrize("path", pages)
def test_without_one_it_is_nobody_or_whom_the_session_says(user, path):
    client = Client()

    before = client.get(f"/{path}/")
    client.force_login(user)
    after = client.get(f"/{path}/")

    assert (before.json(), after.json()) == (NOBODY, {"username": "ada", "grant": None})
    assert vars(before.wsgi_request)["auth"] is None
    assert "Authorization" in before["Vary"]


def test_without_one_it_costs_no_query(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        Client().get("/page/")


@pytest.mark.parametrize("dress", DRESSES)
def test_with_one_it_costs_one_query(hand_out, django_assert_num_queries, settings, dress):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": None}
    header = dress.format(hand_out().secret)

    with django_assert_num_queries(1):
        answer = Client().get("/page/", headers={"Authorization": header})

    assert answer.json()["username"] == "ada"


@pytest.mark.parametrize("header", OTHER_SCHEMES)
def test_another_scheme_presents_no_token(hand_out, django_assert_num_queries, header):
    value = header(hand_out().secret)

    with django_assert_num_queries(0):
        answer = Client().get("/page/", headers={"Authorization": value})

    assert (answer.status_code, answer.json()) == (200, NOBODY)


def test_a_token_is_whom_it_names_though_somebody_elses_session_stands_beside_it(hand_out, django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_user("eve"))

    answer = client.get("/page/", headers=bearing(hand_out().secret))

    assert answer.json()["username"] == "ada"


def test_a_token_of_a_machine_speaks_for_no_user_though_a_session_stands_beside_it(user):
    issued = issue(Ask(subject=None, kind=Kind.MACHINE, client="backup"))
    client = Client()
    client.force_login(user)

    answer = client.get("/page/", headers=bearing(issued.secret))

    assert answer.json() == {"username": "", "grant": str(issued.grant.pk)}


class ToRead(TokenMiddleware):
    scope = "tracks:read"


class WhateverItIsFor(TokenMiddleware):
    scope = ""


@pytest.mark.parametrize(
    ("ours", "opened_by"),
    [
        (OURS, ["tokens tracks:read tracks:write"]),
        (f"{__name__}.ToRead", ["tokens tracks:read tracks:write", "tracks:read"]),
        (f"{__name__}.WhateverItIsFor", ["tokens tracks:read tracks:write", "tracks:read", ""]),
    ],
)
def test_a_token_that_is_good_for_less_than_all_opens_no_view_that_asks_for_nothing(
    hand_out, settings, ours, opened_by
):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:-1], ours]
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {"tracks:read": "See tracks", "tracks:write": "Change tracks"}}

    answers = {}
    for words in ("tokens tracks:read tracks:write", "tracks:read", ""):
        issued = hand_out(scope=frozenset(words.split()))
        answers[words] = Client(headers=bearing(issued.secret)).get("/page/")

    refused = [answer for words, answer in answers.items() if words not in opened_by]
    assert [words for words, answer in answers.items() if answer.status_code == 200] == opened_by
    assert {answer.status_code for answer in refused} <= {403}
    assert all('error="insufficient_scope", scope="' in answer["WWW-Authenticate"] for answer in refused)


class OnlyPersonal(TokenMiddleware):
    accept = frozenset({Purpose.PERSONAL})


def test_a_site_says_which_tokens_count(hand_out, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:-1], f"{__name__}.OnlyPersonal"]

    answers = [
        Client().get("/page/", headers=bearing(issued.secret)) for issued in (hand_out(), hand_out(kind=Kind.SIGN_IN))
    ]

    assert [answer.status_code for answer in answers] == [200, 401]


# Django's own doors


@pytest.mark.parametrize("path", ["members", "async-members"])
def test_login_required_lets_a_token_in_and_sends_nobody_to_the_log_in_page(hand_out, path):
    opened = Client().get(f"/{path}/", headers=bearing(hand_out().secret))
    sent_away = Client().get(f"/{path}/")

    assert (opened.status_code, opened.json()["username"]) == (200, "ada")
    assert (sent_away.status_code, sent_away["Location"]) == (302, f"/accounts/login/?next=/{path}/")


def test_permission_required_asks_the_user_of_the_token(hand_out, user):
    headers = bearing(hand_out().secret)

    refused = Client().get("/permitted-page/", headers=headers)
    user.user_permissions.add(Permission.objects.get(codename="add_album"))
    allowed = Client().get("/permitted-page/", headers=headers)

    assert (refused.status_code, allowed.status_code) == (403, 200)


@pytest.mark.parametrize("path", pages)
def test_where_every_view_wants_a_log_in_a_token_will_do(hand_out, settings, path):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOGIN_REQUIRED]

    opened, sent_away = Client().get(f"/{path}/", headers=bearing(hand_out().secret)), Client().get(f"/{path}/")

    assert (opened.status_code, sent_away.status_code) == (200, 302)


# What opens nothing


@pytest.mark.parametrize(("header", "detail"), UNREADABLE)
def test_a_header_that_carries_no_single_credential_says_what_is_wrong_with_it(
    hand_out, django_assert_num_queries, header, detail
):
    value = header(hand_out().secret)

    with django_assert_num_queries(0):
        answer = Client().get("/page/", headers={"Authorization": value})

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, {"detail": detail}, REFUSED)
    assert (answer["Vary"], answer["Cache-Control"]) == ("Authorization", "no-store")


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_was_not_minted_here_is_refused_without_a_query(hand_out, django_assert_num_queries, spoilt):
    value = spoilt(hand_out().secret)

    with django_assert_num_queries(0):
        answer = Client().get("/page/", headers={"Authorization": f"Bearer {value}"})

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, {"detail": INVALID}, REFUSED)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [*pages, "members", "streaming-page"])
def test_a_dead_token_is_a_401_though_a_live_session_stands_beside_it(user, dead, path, method):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    with CaptureQueriesContext(connection) as queries:
        answer = client.generic(method, f"/{path}/", headers=bearing(dead))

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, REFUSED)
    assert {query["sql"].split()[0] for query in queries if "tessera" in query["sql"]} <= {"SELECT"}


@pytest.mark.parametrize("path", ["log-in", "accounts/login", "admin/login"])
def test_a_dead_token_does_not_keep_anybody_from_the_log_in_page(dead, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().get(f"/{path}/", headers=bearing(dead))

    assert answer.status_code == 200


@pytest.mark.parametrize("token", [pytest.param("live", id="live"), pytest.param("dead", id="dead")])
def test_nor_does_it_lend_a_log_in_page_a_user_or_an_exemption(hand_out, dead, token):
    secret = {"live": hand_out().secret, "dead": dead}[token]

    seen = Client().get("/log-in/", headers=bearing(secret))
    sent = Client(enforce_csrf_checks=True).post("/log-in/", headers=bearing(secret))

    assert (seen.json(), sent.status_code) == (NOBODY, 403)


def test_a_client_with_a_stale_token_may_log_in_for_another(user, dead):
    answer = Client().post(
        "/auth/login/", {"username": "ada", "password": "lovelace-1843"}, "application/json", headers=bearing(dead)
    )

    assert answer.status_code == 200


def test_where_no_view_is_a_token_does_not_matter(dead, hand_out):
    answers = [Client().get("/nowhere/", headers=bearing(secret)) for secret in (dead, hand_out().secret)]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_a_path_without_its_slash_is_led_to_it(dead):
    answer = Client().get("/page", headers=bearing(dead))

    assert (answer.status_code, answer["Location"]) == (301, "/page/")


# Views that look for themselves


def test_a_view_of_rest_framework_that_takes_no_tokens_is_not_opened_by_one(hand_out):
    answers = [
        Client(enforce_csrf_checks=True).generic(method, "/in-person/", headers=bearing(hand_out().secret))
        for method in ("GET", "POST")
    ]

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize("path", ["whoami", "function", "coroutine"])
def test_what_looks_for_itself_is_left_to_it_and_costs_no_more(hand_out, settings, path):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": None}
    headers = bearing(hand_out().secret)

    with CaptureQueriesContext(connection) as queries:
        answer = Client().get(f"/{path}/", headers=headers)

    assert (answer.status_code, answer.json()["username"]) == (200, "ada")
    # A coroutine reads in the thread of the request, and so on the same connection.
    assert len(queries) == 1


# Protection from pages of other sites


@pytest.mark.parametrize("path", pages)
def test_a_token_in_the_header_needs_no_csrf_token(hand_out, path):
    answer = Client(enforce_csrf_checks=True).post(f"/{path}/", headers=bearing(hand_out().secret))

    assert (answer.status_code, answer.json()["username"]) == (200, "ada")


def test_a_session_needs_one_as_ever_and_so_does_nobody(user):
    client = Client(enforce_csrf_checks=True)

    before = client.post("/page/")
    client.force_login(user)
    after = client.post("/page/", headers={"Authorization": "Basic YWRhOmxvdmVsYWNl"})

    assert (before.status_code, after.status_code) == (403, 403)


@pytest.mark.parametrize("path", pages)
def test_a_cookie_says_who_asks_and_needs_a_csrf_token_whatever_the_view_is_exempt_from(cookies, hand_out, path):
    client = browser(hand_out().secret)

    answers = [
        client.get(f"/{path}/"),
        client.post(f"/{path}/"),
        client.post(f"/{path}/", headers={"X-CSRFToken": CSRF}),
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 200]
    assert [answers[0].json()["username"], answers[2].json()["username"]] == ["ada", "ada"]
    assert answers[1].json() == {"detail": "CSRF Failed: CSRF token missing."}
    assert all({"Authorization", "Cookie"} <= set(answer["Vary"].split(", ")) for answer in answers)


def test_a_header_goes_before_a_cookie(cookies, hand_out, django_user_model):
    eve = hand_out(subject=django_user_model.objects.create_user("eve"))

    answer = browser(eve.secret).post("/page/", headers=bearing(hand_out().secret))

    assert (answer.status_code, answer.json()["username"]) == (200, "ada")


def test_a_dead_cookie_is_nobody_and_does_not_keep_its_user_from_any_page(cookies, dead):
    client = browser(dead)

    answers = [client.get("/page/"), client.get("/members/"), client.get("/accounts/login/"), client.get("/function/")]

    assert answers[0].json() == NOBODY
    assert [answer.status_code for answer in answers] == [200, 302, 200, 401]


def test_so_is_one_that_is_good_for_less_than_all(cookies, hand_out, settings):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {"tracks:read": "See tracks"}}
    client = browser(hand_out(scope=frozenset({"tracks:read"})).secret)

    answers = [client.get("/page/"), client.get("/members/"), client.get("/accounts/login/"), client.get("/function/")]

    assert answers[0].json() == NOBODY
    assert [answer.status_code for answer in answers] == [200, 302, 200, 200]


def test_beside_a_dead_cookie_a_session_is_under_protection_as_ever(cookies, dead, user):
    client = browser(dead)
    client.force_login(user)

    answers = [client.get("/page/"), client.post("/page/")]

    assert (answers[0].json()["username"], answers[1].status_code) == ("ada", 403)


def test_two_cookies_are_a_401(cookies, hand_out):
    live = hand_out().secret

    answer = Client().get("/page/", headers={"Cookie": f"__Host-access={live}; __Host-access=zzz"})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, REFUSED)


def test_a_site_that_does_not_ask_for_cookies_reads_none(hand_out):
    assert browser(hand_out().secret).get("/page/").json() == NOBODY


# The rest of a request


def test_a_stream_is_sent_as_it_comes(hand_out):
    answer = Client().get("/streaming-page/", headers=bearing(hand_out().secret))

    assert (answer.streaming, answer.getvalue()) == (True, b"adaadaada")


@pytest.mark.parametrize("carry", ["header", "cookie"])
def test_where_the_storage_is_down_the_answer_is_503(cookies, hand_out, monkeypatch, carry):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    secret = hand_out().secret
    headers = {"header": bearing(secret), "cookie": {"Cookie": f"__Host-access={secret}"}}[carry]

    def lose(*_):
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(lose):
        answer = Client().get("/page/", headers=headers)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json() == {"detail": "The service is not available for the moment. Try again."}


def test_a_view_that_crashes_does_not_tell_the_token(hand_out, letters):
    secret = hand_out().secret

    answer = Client(raise_request_exception=False).get("/crashing-page/", headers=bearing(secret))

    assert (answer.status_code, len(letters)) == (500, 1)
    assert "out of order for ada" in letters[0]
    assert traces(letters[0], secret) == set()


# Without a thread more than it takes


@pytest.mark.parametrize("path", pages)
def test_under_asgi_it_is_the_same(hand_out, dead, run, path):
    issued = hand_out()

    async def answers():
        headers = [bearing(issued.secret), bearing(dead), {}]
        return [await AsyncClient().get(f"/{path}/", headers=each) for each in headers]

    opened, refused, nobody = run(answers())

    assert (opened.status_code, opened.json()) == (200, {"username": "ada", "grant": str(issued.grant.pk)})
    assert (refused.status_code, refused.json(), refused["WWW-Authenticate"]) == (401, {"detail": INVALID}, REFUSED)
    assert (nobody.status_code, nobody.json()) == (200, NOBODY)
    assert ["Authorization" in answer["Vary"] for answer in (opened, refused, nobody)] == [True] * 3


@pytest.fixture
def no_thread(monkeypatch):
    """Where nothing is handed to another thread."""
    monkeypatch.setattr("tessera.plain.middleware.sync_to_async", None)


def test_a_synchronous_site_needs_no_other_thread(no_thread, hand_out):
    assert Client().get("/page/", headers=bearing(hand_out().secret)).status_code == 200


def test_an_asynchronous_one_needs_none_without_a_token(no_thread, run):
    assert run(AsyncClient().get("/async-page/")).status_code == 200


def test_a_client_that_goes_away_leaves_nothing_half_done(hand_out, run):
    issued = hand_out()
    reached, gone, done = Event(), Event(), Event()

    def wait(execute, *statement):
        reached.set()
        assert gone.wait(PATIENCE)
        done.set()
        return execute(*statement)

    async def going():
        request = AsyncClient().get("/async-page/", headers=bearing(issued.secret))
        await sync_to_async(lambda: connection.execute_wrappers.append(wait))()
        task = asyncio.create_task(request)
        await asyncio.to_thread(reached.wait, PATIENCE)
        task.cancel()
        gone.set()
        await asyncio.wait([task])
        await asyncio.to_thread(done.wait, PATIENCE)
        await sync_to_async(connection.execute_wrappers.clear)()
        return task, await AsyncClient().get("/async-page/", headers=bearing(issued.secret))

    task, again = run(going())

    assert task.cancelled()
    assert (again.status_code, again.json()["username"]) == (200, "ada")
