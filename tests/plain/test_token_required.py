"""`token_required`: a view of Django's own that a token opens, and nobody else."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from tessera import Ask, Kind, issue, revoke
from tests.credentials import bearing
from tests.headers import INVALID, NOT_OURS, NOT_PRESENTED, REFUSED
from tests.plain.views import guarded

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.plain.views")]

METHODS = ["method", "async-method"]
GUARDED = [*guarded, *METHODS]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", GUARDED)
def test_a_token_opens_it_and_says_for_whom(hand_out, path):
    issued = hand_out()

    answer = Client().get(f"/{path}/", headers=bearing(issued.secret))

    assert (answer.status_code, answer.json()) == (200, {"username": "ada", "grant": str(issued.grant.pk)})


@pytest.mark.parametrize("path", GUARDED)
def test_without_a_token_the_answer_is_401_though_a_session_stands_there(user, path):
    client = Client()
    client.force_login(user)

    answer = client.get(f"/{path}/")

    assert (answer.status_code, answer.json()) == (401, {"detail": NOT_PRESENTED})
    assert answer["WWW-Authenticate"] == NOT_OURS


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_so_it_is_for_every_method(method):
    answer = Client(enforce_csrf_checks=True).generic(method, "/class/")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, NOT_OURS)


def test_a_token_is_whom_it_names_though_somebody_elses_session_stands_beside_it(hand_out, django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_user("eve"))

    answer = client.get("/function/", headers=bearing(hand_out().secret))

    assert answer.json()["username"] == "ada"


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda issued, user: revoke(issued.grant), id="revoked"),
        pytest.param(lambda issued, user: issued.grant.delete(), id="deleted"),
        pytest.param(lambda issued, user: type(user).objects.update(is_active=False), id="its user is not active"),
        pytest.param(lambda issued, user: type(user).objects.update(password="!"), id="the password has changed"),
    ],
)
def test_every_dead_token_gets_one_answer_and_writes_nothing(hand_out, user, end):
    issued = hand_out()
    end(issued, user)

    with CaptureQueriesContext(connection) as queries:
        answer = Client().get("/function/", headers=bearing(issued.secret))

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, {"detail": INVALID}, REFUSED)
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}


def test_a_client_that_goes_on_with_a_dead_token_is_told_to_wait(hand_out, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refused": "3/minute"}}
    issued = hand_out()
    revoke(issued.grant)

    answers = [Client().get("/function/", headers=bearing(issued.secret)) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[3]["Retry-After"] == "60"
    assert answers[3].json() == {"detail": "Too many attempts."}


def test_a_token_of_a_machine_speaks_for_no_user(db):
    issued = issue(Ask(subject=None, kind=Kind.MACHINE, client="backup"))

    answer = Client().get("/function/", headers=bearing(issued.secret))

    assert (answer.status_code, answer.json()) == (200, {"username": "", "grant": str(issued.grant.pk)})


def test_a_view_says_which_tokens_open_it(hand_out):
    personal, sign_in = hand_out(), hand_out(kind=Kind.SIGN_IN)

    answers = [Client().get("/personal/", headers=bearing(issued.secret)) for issued in (personal, sign_in)]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1]["WWW-Authenticate"] == REFUSED


def test_the_refresh_token_of_a_pair_opens_nothing(hand_out):
    pair = hand_out(kind=Kind.SIGN_IN, may_refresh=True)

    answer = Client().get("/function/", headers={"Authorization": f"Bearer {pair.refresh_secret}"})

    assert (answer.status_code, answer.json()) == (401, {"detail": INVALID})


def test_what_stands_inside_asks_the_user_of_the_token(hand_out, user):
    issued = hand_out()

    refused = Client().get("/permitted/", headers=bearing(issued.secret))
    user.user_permissions.add(Permission.objects.get(codename="add_album"))
    allowed = Client().get("/permitted/", headers=bearing(issued.secret))

    assert (refused.status_code, allowed.status_code) == (403, 200)


@pytest.mark.parametrize("path", guarded)
def test_a_token_in_the_header_needs_no_csrf_token(hand_out, path):
    answer = Client(enforce_csrf_checks=True).post(f"/{path}/", headers=bearing(hand_out().secret))

    assert (answer.status_code, answer.json()["username"]) == (200, "ada")


@pytest.mark.parametrize("path", GUARDED)
def test_no_middleware_of_djangos_sends_it_to_the_log_in_page(hand_out, settings, path):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    answer = Client().get(f"/{path}/", headers=bearing(hand_out().secret))

    # Of a class, Django sees what its `dispatch` says, and not what one method does.
    assert answer.status_code == (302 if path in METHODS else 200)


def test_a_stream_is_sent_as_it_comes(hand_out):
    answer = Client().get("/streaming/", headers=bearing(hand_out().secret))

    assert answer.streaming
    assert answer.getvalue() == b"adaadaada"
    assert answer["Vary"] == "Authorization"


@pytest.mark.parametrize("name", ["function", "coroutine"])
def test_a_view_keeps_its_name(name):
    assert guarded[name].__name__ == name


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["function", "coroutine", "class", "async-class", "method", "async-method"])
def test_under_asgi_it_answers_the_same(hand_out, path, run):
    issued = hand_out()
    revoked = hand_out()
    revoke(revoked.grant)

    async def answers():
        headers = [bearing(issued.secret), bearing(revoked.secret), {}]
        return [await AsyncClient().get(f"/{path}/", headers=each) for each in headers]

    opened, dead, none = run(answers())

    assert (opened.status_code, opened.json()) == (200, {"username": "ada", "grant": str(issued.grant.pk)})
    assert (dead.status_code, dead.json(), dead["WWW-Authenticate"]) == (401, {"detail": INVALID}, REFUSED)
    assert (none.status_code, none.json(), none["WWW-Authenticate"]) == (401, {"detail": NOT_PRESENTED}, NOT_OURS)
