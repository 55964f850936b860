"""The cookie `__Host-access` at a view of the site: it opens what a header would, to the site's own pages."""

import pytest
from django.contrib.auth.models import User
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from tessera import Ask, issue
from tessera.dialects.authtoken.authentication import TokenAuthentication as AuthtokenAuthentication
from tessera.drf.authentication import TokenAuthentication
from tests.browsing import OURS, Browser
from tests.credentials import bearing
from tests.headers import NOT_OURS, REFUSED

WHOAMI = "/whoami/"
ACCESS_COOKIE = "__Host-access"
UNSAFE = ["post", "put", "patch", "delete"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(settings):
    """A site with cookies."""
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}
    return settings


@pytest.fixture
def browser(user):
    """A browser, in which ada is signed in."""
    browser = Browser()
    browser.log_in()
    return browser


def view_with(*classes, permission=IsAuthenticated):
    @api_view(["GET", "POST"])
    @authentication_classes(classes)
    @permission_classes([permission])
    def view(request):
        return Response({"user": request.user.get_username(), "is_token": request.auth is not None})

    return view


def asked(view, method="get", **headers):
    request = getattr(APIRequestFactory(enforce_csrf_checks=True), method)("/", headers=headers)
    return view(request)


@pytest.mark.parametrize("charset", ["klingon", "hex", "idna", "undefined"])
def test_a_form_in_a_charset_that_nobody_can_read_proves_nothing(browser, charset):
    form = f"application/x-www-form-urlencoded; charset={charset}"

    answer = browser.post(WHOAMI, b"a=\xff..b", content_type=form, headers={"Origin": OURS})

    assert answer.status_code == 403


@pytest.mark.parametrize("method", UNSAFE)
def test_what_changes_something_is_refused_to_another_sites_page(browser, method):
    forged, header = browser.forge(WHOAMI, method=method), bearing(browser.kept()[ACCESS_COOKIE])
    with_header = browser.forge(WHOAMI, method=method, **header)
    sent = browser.send(WHOAMI, method=method)

    assert forged.status_code == 403
    assert forged.json()["detail"].startswith("CSRF Failed: ")
    # There is no other method than POST.
    assert [with_header.status_code, sent.status_code] == [200 if method == "post" else 405] * 2


@pytest.mark.parametrize("method", ["get", "options"])
def test_what_changes_nothing_needs_no_proof(browser, method):
    assert browser.forge(WHOAMI, method=method).status_code == 200


def test_a_forged_request_costs_no_query_and_is_no_use_of_the_token(browser, django_assert_num_queries):
    with django_assert_num_queries(0):
        browser.forge(WHOAMI)


def test_a_cookie_costs_the_one_query_of_a_header(browser, django_assert_num_queries):
    browser.get(WHOAMI)

    with django_assert_num_queries(1):
        browser.send(WHOAMI)


def test_of_a_header_and_a_cookie_the_header_speaks(browser):
    eve = issue(Ask(subject=User.objects.create_user("eve")))

    answer = browser.forge(WHOAMI, **bearing(eve.secret))

    assert answer.json() == {"username": "eve"}


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x y", "Bearer \xff", "Bearer what-is-this", "Token " + "x" * 9_000]
)
def test_a_cookie_does_not_make_up_for_a_header_that_opens_nothing(browser, header):
    answer = browser.get(WHOAMI, headers={"Authorization": header})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, REFUSED)


def test_beside_a_header_of_another_scheme_the_cookie_counts(browser):
    assert browser.get(WHOAMI, headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_two_cookies_of_one_name_are_refused_and_so_is_the_one_that_is_ours(browser):
    token = browser.kept()[ACCESS_COOKIE]

    answer = browser.get(WHOAMI, headers={"Cookie": f"{ACCESS_COOKIE}={token}; {ACCESS_COOKIE}={token}"})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, REFUSED)


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param("\xa0__Host-access={}", id="a space to Python alone"),
        pytest.param("__host-access={}", id="in lower case"),
        pytest.param("__Secure-access={}", id="of another prefix"),
        pytest.param("access={}", id="of none"),
        pytest.param("__Host-refresh={}", id="of the other token"),
    ],
)
def test_a_cookie_that_another_host_may_plant_is_none(browser, planted):
    answer = browser.get(WHOAMI, headers={"Cookie": planted.format(browser.kept()[ACCESS_COOKIE])})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, NOT_OURS)


@pytest.mark.parametrize("name", ["refresh", "personal"])
def test_only_a_token_for_this_door_opens_it(browser, hand_out, name):
    token = browser.kept()["__Host-refresh"] if name == "refresh" else hand_out().secret

    answer = browser.get(WHOAMI, headers={"Cookie": f"{ACCESS_COOKIE}={token}"})

    assert answer.status_code == (401 if name == "refresh" else 200)


def test_where_everybody_may_look_a_dead_cookie_is_a_401_until_it_is_cleared(browser):
    view = view_with(TokenAuthentication, permission=AllowAny)

    dead, none = asked(view, Cookie=f"{ACCESS_COOKIE}=what-is-this"), asked(view, Cookie=f"{ACCESS_COOKIE}=")

    assert [dead.status_code, none.status_code] == [401, 200]
    assert dead["WWW-Authenticate"] == REFUSED


def test_an_answer_says_that_it_depends_on_the_cookies(browser):
    view = view_with(TokenAuthentication, permission=AllowAny)

    answers = [asked(view), asked(view, Cookie=f"{ACCESS_COOKIE}=x"), browser.get(WHOAMI), browser.forge(WHOAMI)]

    assert [answer["Vary"] for answer in answers] == ["Accept, Cookie"] * 4


def test_without_cookies_an_answer_says_nothing_of_them(browser, site):
    site.TESSERA = {**site.TESSERA, "COOKIES": False}

    answer = asked(view_with(TokenAuthentication, permission=AllowAny), Cookie=f"{ACCESS_COOKIE}=x")

    assert (answer.status_code, answer["Vary"]) == (200, "Accept")


def test_the_authtoken_dialect_reads_no_cookie(browser):
    held = {"Cookie": f"{ACCESS_COOKIE}={browser.kept()[ACCESS_COOKIE]}"}

    answers = [asked(view_with(AuthtokenAuthentication), **held)]
    answers += [browser.send(f"/api-token-auth/{place}/") for place in ("new", "revoke")]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert "Cookie" not in answers[0]["Vary"]
    assert browser.get(WHOAMI).status_code == 200


@pytest.mark.parametrize("others", [(SessionAuthentication,), (BasicAuthentication, SessionAuthentication)])
def test_beside_a_session_the_class_that_stands_first_speaks(browser, others):
    eve = User.objects.create_user("eve")
    request = APIRequestFactory().get("/", headers={"Cookie": f"{ACCESS_COOKIE}={browser.kept()[ACCESS_COOKIE]}"})

    answers = []
    for classes in ((TokenAuthentication, *others), others):
        request.user = eve  # REST framework puts the user of its own there.
        answers.append(view_with(*classes)(request).data["user"])

    assert answers == ["ada", "eve"]


def test_a_client_of_a_test_that_leaves_csrf_out_passes(browser, client):
    client.cookies = browser.cookies

    assert client.post(WHOAMI).status_code == 200


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("body", [b"[" * 60_000, b"\xff\xfe", b"a=1&" * 10_000])
def test_whatever_the_body_is_another_sites_page_crashes_nothing(browser, content_type, body):
    answer = browser.generic("POST", WHOAMI, body, content_type, headers={"Origin": OURS})

    assert answer.status_code in {400, 403}
