"""The page on which a letter is redeemed, and the link that leads there."""

import logging
import re
import sys
from contextlib import closing
from html import escape, unescape
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import got_request_exception
from django.db import connection
from django.http import JsonResponse
from django.test import Client
from django.urls import NoReverseMatch, path
from django.views.debug import ExceptionReporter

from tessera import Kind, revoke, verify
from tessera.models import Grant
from tessera.plain.letters import LetterPage, link
from tests.credentials import DOORS, opens, redeemed
from tests.racing import at_once

TOKEN = re.compile(r"tsr[a-z]_[0-9A-Za-z]+")
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Pair(LetterPage):
    """A page of a site that answers a program."""

    def redeemed(self, issued):
        return JsonResponse({"access": issued.secret, "refresh": issued.refresh_secret})


class Crashing(LetterPage):
    def redeemed(self, issued):
        raise RuntimeError("out of order")


urlpatterns = [
    path("claim/", LetterPage.as_view(), name="claim"),
    path("reset/", LetterPage.as_view(client="reset"), name="reset"),
    path("sign-in/", LetterPage.as_view(into=Kind.SIGN_IN), name="sign-in"),
    path("pair/", Pair.as_view(into=Kind.SIGN_IN)),
    path("crashing/", Crashing.as_view()),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def letter(hand_out):
    return lambda **ask: hand_out(**{"kind": Kind.LETTER, **ask})


@pytest.fixture
def _base_url(settings):
    settings.TESSERA = {**settings.TESSERA, "BASE_URL": "https://shop.example"}


def shown(answer):
    """The tokens that it shows."""
    return TOKEN.findall(answer.content.decode())


def posted(secret, to="/claim/", **more):
    return Client().post(to, {"letter": secret, **more})


def test_the_page_is_seen_as_often_as_one_likes_and_then_redeems(letter, user):
    once, client = letter(label="backup"), Client(enforce_csrf_checks=True)
    first, second = (client.get("/claim/") for _ in range(2))
    (token,) = CSRF.findall(second.content.decode())

    answer = client.post("/claim/", {"letter": once.secret, "csrfmiddlewaretoken": token})

    assert [first.status_code, second.status_code, answer.status_code] == [200, 200, 200]
    (secret,) = shown(answer)
    assert verify(secret, accept=DOORS).subject == user
    assert (Grant.objects.get(kind=Kind.PERSONAL).label, "backup" in answer.content.decode()) == ("backup", True)


def test_to_look_at_it_costs_no_query_and_asks_for_no_letter(letter, django_assert_num_queries):
    once = letter()

    with django_assert_num_queries(0):
        answer = Client().get("/claim/", {"letter": once.secret})

    assert once.secret not in answer.content.decode()
    assert opens(redeemed(once).secret)


def test_head_shows_that_there_is_a_page_and_no_other_method_does_anything(letter):
    once = letter()

    answers = [Client().generic(method, "/claim/", urlencode({"letter": once.secret})) for method in ("HEAD", "PUT")]

    assert [answer.status_code for answer in answers] == [200, 405]
    assert opens(redeemed(once).secret)


def test_a_page_of_another_site_cannot_post_it(letter):
    once = letter()

    answer = Client(enforce_csrf_checks=True).post("/claim/", {"letter": once.secret})

    assert answer.status_code == 403
    assert opens(redeemed(once).secret)


def test_a_sign_in_is_shown_whole(letter):
    answer = posted(letter().secret, "/sign-in/")

    access, refresh = shown(answer)
    assert (access[:5], refresh[:5], opens(access)) == ("tsra_", "tsrr_", True)


def test_a_site_makes_its_own_answer_of_it(letter):
    answer = posted(letter().secret, "/pair/")

    assert opens(answer.json()["access"])
    assert {name: answer[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("pasted", ["https://shop.example/claim/#{}", "  {}\n", "#{}"])
def test_without_a_script_the_link_is_pasted(letter, pasted):
    answer = posted(pasted.format(letter().secret))

    assert [opens(secret) for secret in shown(answer)] == [True]


DEAD = {
    "spent": redeemed,
    "revoked": lambda once: revoke(once.grant),
    "all revoked": lambda once: revoke(subject=once.grant.subject),
    "of an inactive user": lambda once: User.objects.update(is_active=False),
    "of another password": lambda once: User.objects.update(password="another"),
    "of a deleted user": lambda once: once.grant.subject.delete(),
    "expired": lambda once: Grant.objects.update(ends_at=once.grant.created_at),
}


@pytest.mark.parametrize("end", DEAD.values(), ids=DEAD)
def test_whatever_is_dead_gets_one_answer_and_writes_nothing(letter, end):
    once = letter()
    end(once)
    before = list(Grant.objects.order_by("pk").values())

    answer, other = posted(once.secret), posted("nonsense")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api", error="invalid_token"')
    assert without_nonce(answer) == without_nonce(other)
    assert {name: answer[name] for name in HEADERS} == HEADERS
    assert shown(answer) == []
    assert list(Grant.objects.order_by("pk").values()) == before


def without_nonce(answer):
    return re.sub(r'nonce[-=]"?[\w-]+', "", answer.content.decode()), answer.status_code


def test_at_the_page_of_another_client_it_is_refused_and_stays_good(letter):
    once = letter()

    answer = posted(once.secret, "/reset/")

    assert (answer.status_code, without_nonce(answer)) == (401, without_nonce(posted("nonsense")))
    assert opens(redeemed(once).secret)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.LETTER])
def test_no_other_token_is_taken_for_a_letter(hand_out, kind):
    other = hand_out(kind=kind, client="claim") if kind != Kind.ADOPTED else hand_out(kind=kind)

    answer = posted(other.secret)

    assert answer.status_code == 401
    assert shown(answer) == []


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["", "nonsense", "tsrl_" + "0" * 91, "x" * 100_000, "\x00", "\udcff", "#", "<b>"])
def test_what_is_no_letter_costs_no_query(sent, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().post("/claim/", urlencode({"letter": sent}, errors="surrogatepass"), FORM)

    assert answer.status_code == 401


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b"", FORM, id="nothing"),
        pytest.param(b"letter=%ff&letter=%00", FORM, id="no text"),
        pytest.param(b"{}", "application/json", id="JSON"),
        pytest.param(b"--x", "multipart/form-data; boundary=x", id="half a form"),
        pytest.param(b"&".join(b"a%d=" % each for each in range(2000)), FORM, id="two thousand fields"),
        pytest.param(b"letter=a", f"{FORM}; charset=klingon", id="a charset that there is not"),
    ],
)
def test_no_body_is_too_strange(body, kind):
    answer = Client(raise_request_exception=False).generic("POST", "/claim/", body, kind)

    assert answer.status_code in {400, 401}


def test_who_comes_too_often_is_told_to_wait_and_the_letter_stays_good(settings, letter, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"letter": "2/minute"}}
    once = letter()

    answers = [posted(secret) for secret in ("nonsense", "nonsense", once.secret)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert opens(redeemed(once).secret)


def test_a_name_is_shown_as_it_is_and_runs_nothing(letter, user):
    name = '<script>alert("1")</script>'
    User.objects.update(username=name)

    page = posted(letter(label=name).secret).content.decode()

    assert (page.count(escape(name)), name in page) == (2, False)


def test_the_policy_of_the_page_admits_its_own_script_and_nothing_else(letter):
    answers = [Client().get("/claim/"), Client().get("/claim/"), posted(letter().secret), posted("nonsense")]

    nonces = set()
    for answer in answers:
        policy, page = answer["Content-Security-Policy"], answer.content.decode()
        (nonce,) = set(re.findall(r"'nonce-([\w-]+)'", policy))
        assert policy.startswith("default-src 'none'; script-src 'nonce-")
        assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
        assert {name: answer[name] for name in HEADERS} == HEADERS
        assert set(re.findall(r'<(?:script|style) nonce="([\w-]+)"', page)) == {nonce}
        assert re.findall(r"""(?:src|href|action)=|https?:|url\(""", page) == []
        nonces.add(nonce)
    assert len(nonces) == len(answers)


def test_a_form_tells_its_own_site_where_it_comes_from():
    """With no referrer at all a browser sends `Origin: null`, and every letter would be refused for want of CSRF."""
    page = Client().get("/claim/").content.decode()

    assert page.index('<meta name="referrer" content="same-origin">') < page.index("<form")


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_gets_the_token(letter):
    once = letter()

    answers = at_once(*[lambda: posted(once.secret)] * 2)

    assert sorted(answer.status_code for answer in answers) == [200, 401]
    assert Grant.objects.filter(kind=Kind.PERSONAL).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_site_whose_requests_are_transactions_can_redeem(monkeypatch, letter):
    once = letter()
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    answer = posted(once.secret)

    assert answer.status_code == 200


@pytest.mark.usefixtures("_base_url")
@pytest.mark.django_db(transaction=True)
def test_over_http_no_log_line_has_a_letter_or_a_token(live_server, letter, caplog):
    caplog.set_level(logging.DEBUG)
    once, address = letter(), urlsplit(live_server.url).netloc
    place = urlsplit(link(once))

    def ask(method, body=None, **headers):
        with closing(HTTPConnection(address)) as wire:
            wire.request(method, place.path, body, headers)
            answer = wire.getresponse()
            return answer, answer.read().decode()

    page, text = ask("GET")
    cookie, (token,) = page.getheader("Set-Cookie").partition(";")[0], CSRF.findall(text)
    form = urlencode({"csrfmiddlewaretoken": token, "letter": place.fragment})
    sent = {"Cookie": cookie, "Content-Type": FORM, "Origin": live_server.url}
    answers = [ask("POST", form, **sent) for _ in range(2)]

    assert [answer.status for answer, _ in answers] == [200, 401]
    (secret,) = TOKEN.findall(answers[0][1])
    assert opens(secret)
    assert [each for each in (once.secret, secret) if each[-20:] in caplog.text] == []


def reported(request):
    """What Django reports of the crash that it has just been told of, as a page and as a text."""
    report = ExceptionReporter(request, *sys.exc_info())
    return unescape(report.get_traceback_html()) + report.get_traceback_text()


@pytest.mark.parametrize("debug", [True, False])
def test_a_crash_report_has_neither_the_letter_nor_the_token(settings, letter, debug):
    settings.DEBUG = debug
    once = letter()

    reports = []

    def receiver(request, **_):
        reports.append(reported(request))

    got_request_exception.connect(receiver)
    try:
        Client(raise_request_exception=False).post("/crashing/", {"letter": once.secret})
    finally:
        got_request_exception.disconnect(receiver)

    (report,) = reports
    assert "out of order" in report
    assert TOKEN.findall(report) == []


@pytest.mark.usefixtures("_base_url")
@pytest.mark.django_db
@pytest.mark.parametrize("client", ["claim", "reset"])
def test_a_link_leads_to_the_page_of_its_client_and_hides_the_letter(letter, client):
    once = letter(client=client)

    assert link(once) == f"https://shop.example/{client}/#{once.secret}"


@pytest.mark.usefixtures("_base_url")
@pytest.mark.django_db
def test_a_letter_that_has_no_page_has_no_link(letter):
    with pytest.raises(NoReverseMatch):
        link(letter(client="elsewhere"))


def test_without_an_address_there_is_no_link(letter):
    with pytest.raises(ImproperlyConfigured, match="BASE_URL"):
        link(letter())
