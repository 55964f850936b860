"""A token in a cookie, which a browser sends for a page of another site, too."""

import pytest
from django.test import AsyncClient, Client
from rest_framework.test import APIClient

from tessera import Kind, revoke
from tests.credentials import bearing
from tests.headers import INVALID, NOT_OURS, NOT_PRESENTED, REFUSED
from tests.plain.views import guarded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.plain.views")]

UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]
CSRF = "c" * 32


@pytest.fixture(autouse=True)
def _cookies(settings):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}


def browser(issued, *, csrf=""):
    """What a browser sends that was handed the token, and perhaps Django's CSRF token."""
    client = Client(enforce_csrf_checks=True)
    client.cookies["__Host-access"] = issued.secret
    if csrf:
        client.cookies["csrftoken"] = csrf
    return client


@pytest.mark.parametrize("path", [*guarded, "method", "async-method"])
def test_a_cookie_opens_a_view(hand_out, path):
    issued = hand_out()

    answer = browser(issued).get(f"/{path}/")

    assert (answer.status_code, answer.json()) == (200, {"username": "ada", "grant": str(issued.grant.pk)})
    assert {"Authorization", "Cookie"} <= set(answer["Vary"].split(", "))


@pytest.mark.parametrize("path", guarded)
def test_an_unsafe_request_without_a_csrf_token_is_refused_whatever_the_view_is_exempt_from(hand_out, path):
    answer = browser(hand_out(), csrf=CSRF).post(f"/{path}/")

    assert (answer.status_code, answer.json()) == (403, {"detail": "CSRF Failed: CSRF token missing."})


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize(
    ("carried", "reason"),
    [
        pytest.param({}, "CSRF token missing.", id="none"),
        pytest.param({"X-CSRFToken": "d" * 32}, "CSRF token from the 'X-Csrftoken' HTTP header incorrect.", id="wrong"),
        pytest.param(
            {"X-CSRFToken": CSRF, "Origin": "https://elsewhere.example"},
            "Origin checking failed - https://elsewhere.example does not match any trusted origins.",
            id="from elsewhere",
        ),
    ],
)
def test_so_it_is_with_every_unsafe_method_and_every_fault(hand_out, method, carried, reason):
    answer = browser(hand_out(), csrf=CSRF).generic(method, "/function/", headers=carried)

    assert (answer.status_code, answer.json()) == (403, {"detail": f"CSRF Failed: {reason}"})


@pytest.mark.parametrize("path", guarded)
@pytest.mark.parametrize(
    "carried",
    [
        pytest.param({"headers": {"X-CSRFToken": CSRF}}, id="in its header"),
        pytest.param({"data": {"csrfmiddlewaretoken": CSRF}}, id="in the form"),
    ],
)
def test_with_a_csrf_token_it_passes(hand_out, path, carried):
    answer = browser(hand_out(), csrf=CSRF).post(f"/{path}/", **carried)

    assert (answer.status_code, answer.json()["username"]) == (200, "ada")


def test_a_body_that_django_cannot_read_is_no_crash(hand_out):
    answer = browser(hand_out(), csrf=CSRF).post("/function/", b"--x", content_type="multipart/form-data; boundary=y")

    assert answer.status_code in (400, 403)


@pytest.mark.parametrize("path", guarded)
def test_a_header_goes_before_a_cookie_and_needs_no_csrf_token(hand_out, django_user_model, path):
    eve = hand_out(subject=django_user_model.objects.create_user("eve"))

    answer = browser(eve).post(f"/{path}/", headers=bearing(hand_out().secret))

    assert (answer.status_code, answer.json()["username"]) == (200, "ada")


def test_a_cookie_does_not_make_up_for_a_dead_header(hand_out):
    dead = hand_out()
    revoke(dead.grant)

    answer = browser(hand_out()).get("/function/", headers=bearing(dead.secret))

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, {"detail": INVALID}, REFUSED)


def test_beside_another_scheme_the_cookie_counts(hand_out):
    answer = browser(hand_out()).get("/function/", headers={"Authorization": "Basic YWRhOmxvdmVsYWNl"})

    assert (answer.status_code, answer.json()["username"]) == (200, "ada")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_dead_cookie_is_a_401(hand_out, method):
    dead = hand_out()
    revoke(dead.grant)

    answer = browser(dead, csrf=CSRF).generic(method, "/function/", headers={"X-CSRFToken": CSRF})

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, {"detail": INVALID}, REFUSED)


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_forged_request_is_no_use_and_is_not_even_looked_up(hand_out, django_assert_num_queries, is_dead):
    issued = hand_out()
    if is_dead:
        revoke(issued.grant)

    with django_assert_num_queries(0):
        answer = browser(issued, csrf=CSRF).post("/function/")

    assert answer.status_code == 403


@pytest.mark.parametrize("state", ["live", "dead", "twice"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("proof", [{}, {"X-CSRFToken": CSRF}])
def test_the_answer_is_that_of_a_view_of_rest_framework(hand_out, state, method, proof):
    issued = hand_out()
    if state == "dead":
        revoke(issued.grant)
    cookie = f"__Host-access={issued.secret}"
    cookies = "; ".join([cookie, *([cookie] if state == "twice" else []), f"csrftoken={CSRF}"])
    client = APIClient(enforce_csrf_checks=True)

    answers = [
        client.generic(method, f"/{path}/", headers={"Cookie": cookies, **proof}) for path in ("function", "whoami")
    ]

    ours, theirs = (
        (answer.status_code, answer.json().get("detail"), answer.headers.get("WWW-Authenticate")) for answer in answers
    )
    assert ours == theirs


def test_of_two_cookies_neither_counts(hand_out, django_assert_num_queries):
    live = hand_out().secret

    with django_assert_num_queries(0):
        answer = Client().get("/function/", headers={"Cookie": f"__Host-access={live}; __Host-access={live}"})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, REFUSED)
    assert answer.json() == {"detail": "Invalid cookie header. There are two cookies of one name."}


@pytest.mark.parametrize(
    "cookie",
    [
        pytest.param("__Host-refresh={refresh}", id="the refresh token in its own"),
        pytest.param("__Host-access=", id="an empty one"),
        pytest.param("access={access}", id="another name"),
        pytest.param("\x85__Host-access={access}", id="a name that Python would strip"),
    ],
)
def test_another_cookie_presents_no_token(hand_out, cookie):
    pair = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    sent = cookie.format(access=pair.secret, refresh=pair.refresh_secret)

    answer = Client().get("/function/", headers={"Cookie": sent})

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, {"detail": NOT_PRESENTED}, NOT_OURS)


def test_a_refresh_token_in_the_wrong_cookie_opens_nothing(hand_out):
    pair = hand_out(kind=Kind.SIGN_IN, may_refresh=True)

    answer = Client().get("/function/", headers={"Cookie": f"__Host-access={pair.refresh_secret}"})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, REFUSED)


def test_a_site_that_does_not_ask_for_them_reads_none(hand_out, settings):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": False}

    answer = browser(hand_out()).get("/function/")

    assert (answer.status_code, answer.json()) == (401, {"detail": NOT_PRESENTED})
    assert answer["Vary"] == "Authorization"


@pytest.mark.parametrize("path", ["coroutine", "async-class", "function"])
@pytest.mark.parametrize("in_sessions", [False, True])
def test_under_asgi_it_is_the_same(hand_out, settings, run, path, in_sessions):
    settings.CSRF_USE_SESSIONS = in_sessions
    client = AsyncClient(enforce_csrf_checks=True)
    client.cookies["__Host-access"] = hand_out().secret

    answers = [run(client.get(f"/{path}/")), run(client.post(f"/{path}/"))]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[1].json()["detail"].startswith("CSRF Failed: CSRF ")
