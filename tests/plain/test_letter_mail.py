"""The mail to a new user: a link to the page on which the letter is redeemed."""

import re
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.checks import run_checks
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from tessera import Kind, issue, verify
from tessera.engine.policy import Ask
from tessera.models import Grant
from tessera.plain import letters
from tests.credentials import DOORS, LETTER

ADDRESS = "grace@example.org"


def sign_up(request):
    User.objects.create_user(request.POST["name"], request.POST["email"], "hopper-1952")
    return HttpResponse("Look into your mailbox.")


urlpatterns = [
    path("claim/", letters.LetterPage.as_view(), name="claim"),
    path("sign-up/", sign_up),
]
# What waits for a commit must see one.
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.TESSERA = {
        **settings.TESSERA,
        "BASE_URL": "https://shop.example",
        "LETTER_FOR_NEW_USERS": "tessera.plain.letters.mail",
    }


def link_in(message):
    (link,) = re.findall(r"https?://\S+", message.body)
    return urlsplit(link)


def test_a_new_user_is_mailed_a_link_to_a_token():
    grace = User.objects.create_user("grace", ADDRESS, "hopper-1952")

    (message,) = mail.outbox
    answer = Client().post(link_in(message).path, {"letter": link_in(message).fragment})
    (secret,) = re.findall(r"tsrp_\w+", answer.content.decode())
    assert (message.to, message.subject, "Hello grace," in message.body) == ([ADDRESS], "Your token", True)
    assert verify(secret, accept=DOORS).subject == grace


def test_the_link_is_the_sites_whatever_host_a_request_has(settings):
    settings.ALLOWED_HOSTS, settings.USE_X_FORWARDED_HOST = ["*"], True

    answer = Client().post(
        "/sign-up/",
        {"name": "grace", "email": ADDRESS},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"},
    )

    assert answer.status_code == 200
    assert link_in(mail.outbox[0])[:3] == ("https", "shop.example", "/claim/")
    assert "evil" not in mail.outbox[0].message().as_string()


def test_it_goes_to_the_address_that_is_stored():
    """As CVE-2019-19844 did not: an address that is equal to another in some alphabet is another mailbox."""
    User.objects.create_user("grace", "m\N{LATIN SMALL LETTER DOTLESS I}ke@example.org")

    assert [message.to for message in mail.outbox] == [[User.objects.get().email]]


def test_a_name_is_written_as_it_is():
    User.objects.create_user("<b>&grace", ADDRESS)

    assert "Hello <b>&grace," in mail.outbox[0].body


def test_it_says_how_long_the_link_is_good(clock):
    User.objects.create_user("grace", ADDRESS)

    assert "once, until Nov. 24, 2026, 6 a.m. (CST)." in mail.outbox[0].body


@pytest.mark.parametrize("email", ["", None])
def test_who_has_no_address_gets_no_letter(email):
    User.objects.create_user("grace", email)

    assert mail.outbox == []
    assert Grant.objects.get().revoked_reason == "no address"


class Down(BaseEmailBackend):
    """A server that repeats what it was told, and refuses it."""

    def send_messages(self, messages):
        raise ConnectionError(f"550 {messages[0].body}")


@pytest.mark.parametrize("is_atomic", [pytest.param(True, id="in a transaction"), pytest.param(False, id="alone")])
def test_a_mail_that_fails_undoes_no_user_and_the_log_holds_no_letter(monkeypatch, caplog, is_atomic):
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", Down.send_messages)

    if is_atomic:
        with transaction.atomic():
            User.objects.create_user("grace", ADDRESS)
    else:
        User.objects.create_user("grace", ADDRESS)

    assert User.objects.get().username == "grace"
    assert "ConnectionError" in caplog.text
    assert re.findall(r"tsrl_\w+", caplog.text) == []


@pytest.mark.parametrize("missing", ["BASE_URL", "page"])
def test_a_link_that_cannot_be_made_undoes_no_user_and_is_told_at_the_start(settings, caplog, missing):
    if missing == "page":
        settings.ROOT_URLCONF = "tests.life.site"
    else:
        settings.TESSERA = {**settings.TESSERA, "BASE_URL": None}

    User.objects.create_user("grace", ADDRESS)

    assert (User.objects.count(), mail.outbox) == (1, [])
    assert "was not told" in caplog.text
    assert "tessera.W010" in [message.id for message in run_checks(tags=["tessera"])]


def test_a_site_that_can_make_it_is_told_nothing():
    assert "tessera.W010" not in [message.id for message in run_checks(tags=["tessera"])]


def test_a_site_tells_it_in_its_own_words(settings, tmp_path):
    (tmp_path / "tessera").mkdir()
    (tmp_path / "tessera/letter_subject.txt").write_text("Welcome,\n{{ user }}\n")
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path]}]

    User.objects.create_user("grace", ADDRESS)

    assert mail.outbox[0].subject == "Welcome, grace"


def test_another_is_sent_on_demand():
    User.objects.bulk_create([User(username="grace", email=ADDRESS)])
    grace = User.objects.get()

    letters.mail(grace, issue(Ask(subject=grace, kind=Kind.LETTER, client="claim")))

    assert verify(link_in(mail.outbox[0]).fragment, accept=LETTER).subject == grace


def test_both_a_token_and_a_letter_may_be_given(settings):
    settings.TESSERA = {**settings.TESSERA, "TOKEN_FOR_NEW_USERS": "tests.test_new_users.tell"}

    User.objects.create_user("grace", ADDRESS)

    assert sorted(Grant.objects.values_list("kind", "label", "client")) == [
        ("letter", "first", "claim"),
        ("personal", "first", ""),
    ]
