"""Each route of `tokens/` and `personal/`, each verb, and whoever may come: only a sign-in looks after tokens.

What is refused is refused before anything is looked at, and nothing is written.
"""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from tessera import Ask, Kind, Purpose, issue, replace, revoke
from tessera.engine.adoption.key import adopt
from tessera.models import Grant
from tests.credentials import traded

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")
ROUTES = {
    "tokens/": {"GET", "HEAD", "OPTIONS"},
    "tokens/revoke-others/": {"POST", "OPTIONS"},
    "tokens/revoke-all/": {"POST", "OPTIONS"},
    "tokens/{mine}/": {"PATCH", "DELETE", "OPTIONS"},
    "tokens/{eves}/": {"PATCH", "DELETE", "OPTIONS"},
    "tokens/{nobodys}/": {"PATCH", "DELETE", "OPTIONS"},
    "tokens/{unknown}/": {"PATCH", "DELETE", "OPTIONS"},
    "tokens/nonsense/": {"PATCH", "DELETE", "OPTIONS"},
    "personal/": {"POST", "OPTIONS"},
}
"""What each is there for."""

ASKED, REFUSED = 'Bearer realm="api"', 'Bearer realm="api", error="invalid_token"'
NOBODY = (401, {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}, ASKED)
INVALID = (401, {"detail": "Invalid token.", "code": "invalid_token"}, REFUSED)
NO_SIGN_IN = (
    403,
    {"detail": "This takes the access token of a sign-in. Log in, and use that.", "code": "login_required"},
    None,
)

pytestmark = pytest.mark.django_db


def signed_in(user):
    return issue(Ask(subject=user, kind=Kind.SIGN_IN, may_refresh=True))


def revoked(user, clock):
    issued = signed_in(user)
    revoke(issued.grant)
    return issued.secret


def expired(user, clock):
    issued = signed_in(user)
    clock.turn(timedelta(minutes=15))
    return issued.secret


def of_another_password(user, clock):
    issued = signed_in(user)
    user.set_password("lovelace-1844")
    user.save()
    return issued.secret


def of_an_inactive_user(user, clock):
    issued = signed_in(user)
    User.objects.update(is_active=False)
    return issued.secret


def refreshed_long_ago(user, clock):
    issued = signed_in(user)
    traded(issued)
    clock.turn(timedelta(seconds=10))
    return issued.secret


def replaced_key(user, clock):
    adopt("the-key-of-an-old-package", user)
    return replace("the-key-of-an-old-package", accept={Purpose.ADOPTED}).secret


CALLERS = [
    pytest.param(lambda user, clock: None, NOBODY, id="without a token"),
    pytest.param(lambda user, clock: "what-is-this", INVALID, id="garbage"),
    pytest.param(revoked, INVALID, id="revoked"),
    pytest.param(expired, INVALID, id="expired"),
    pytest.param(of_another_password, INVALID, id="of another password"),
    pytest.param(of_an_inactive_user, INVALID, id="of an inactive user"),
    pytest.param(refreshed_long_ago, INVALID, id="refreshed since"),
    pytest.param(lambda user, clock: signed_in(user).refresh_secret, INVALID, id="a refresh token"),
    pytest.param(lambda user, clock: adopt("the-key-of-an-old-package", user).secret, INVALID, id="an adopted key"),
    pytest.param(replaced_key, NO_SIGN_IN, id="what an adopted key was replaced by"),
    pytest.param(lambda user, clock: issue(Ask(subject=user)).secret, NO_SIGN_IN, id="a personal token"),
    pytest.param(
        lambda user, clock: issue(Ask(subject=user, kind=Kind.MACHINE)).secret, NO_SIGN_IN, id="a machine of the user's"
    ),
    pytest.param(
        lambda user, clock: issue(Ask(subject=None, kind=Kind.MACHINE)).secret, NO_SIGN_IN, id="a machine of nobody's"
    ),
]


@pytest.fixture(autouse=True)
def _nobody_is_told_to_wait(settings):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refused": None}}


@pytest.fixture
def places(user, clock):
    """The routes, with ids in them: of the user's, of somebody else's, of a machine, and of nothing."""
    eve = User.objects.create_user("eve")
    ids = {
        "mine": issue(Ask(subject=user)).grant.pk,
        "eves": issue(Ask(subject=eve)).grant.pk,
        "nobodys": issue(Ask(subject=None, kind=Kind.MACHINE)).grant.pk,
        "unknown": "01930000-0000-7000-8000-000000000000",
    }
    return {f"/auth/{route.format(**ids)}": methods for route, methods in ROUTES.items()}


def sent(client, method, path, secret):
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    body = json.dumps({"label": "mine"})
    return client.generic(method, path, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize(("caller", "refusal"), CALLERS)
def test_who_is_no_sign_in_is_refused_at_every_route_whatever_he_asks(
    client, user, clock, settings, places, caller, refusal
):
    # So many refusals of one dead token would be told to wait.
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refused": None}}
    secret = caller(user, clock)
    before = list(Grant.objects.values())

    answers = {(path, method): sent(client, method, path, secret) for path in places for method in METHODS}

    status, body, asked = refusal
    assert {each.status_code for each in answers.values()} == {status}
    assert {each.get("WWW-Authenticate") for each in answers.values()} == {asked}
    assert {each["Cache-Control"] for each in answers.values()} == {"no-store"}
    told = [each.json() for (_, method), each in answers.items() if method != "HEAD"]
    assert told == [body] * len(told)
    assert list(Grant.objects.values()) == before


def test_a_sign_in_finds_at_each_route_what_is_there_and_nothing_else(client, user, clock, places):
    secret = signed_in(user).secret
    before = list(Grant.objects.values())

    answers = {
        path: [sent(client, method, path, secret) for method in METHODS if method not in methods]
        for path, methods in places.items()
    }

    for path, refused in answers.items():
        assert {each.status_code for each in refused} == {405}
        assert {frozenset(each["Allow"].split(", ")) for each in refused} == {frozenset(places[path])}
    assert list(Grant.objects.values()) == before


def test_what_is_somebody_elses_is_answered_like_what_is_not_there(client, user, clock, places):
    secret = signed_in(user).secret
    others = list(places)[4:8]

    answers = {
        method: {(answer.status_code, answer.content, str(sorted(answer.headers.items()))) for answer in answers}
        for method in METHODS
        if (answers := [sent(client, method, path, secret) for path in others])
    }

    assert {method: len(seen) for method, seen in answers.items()} == dict.fromkeys(METHODS, 1)
    assert {method: status for method, ((status, *_),) in answers.items() if status != 405} == {
        "PATCH": 404,
        "DELETE": 404,
        "OPTIONS": 200,
    }


def test_no_two_users_see_or_touch_what_is_the_others(client, user, clock):
    eve = User.objects.create_user("eve")
    theirs = {name: [signed_in(name) for _ in range(3)] for name in (user, eve)}

    for name, other in ((user, eve), (eve, user)):
        secret = theirs[name][0].secret
        listed = sent(client, "GET", "/auth/tokens/", secret).json()["results"]
        assert {each["id"] for each in listed} == {str(each.grant.pk) for each in theirs[name]}
        for each in theirs[other]:
            assert sent(client, "DELETE", f"/auth/tokens/{each.grant.pk}/", secret).status_code == 404
    assert sent(client, "POST", "/auth/tokens/revoke-others/", theirs[user][0].secret).json() == {"ended": 2}
    assert sent(client, "POST", "/auth/tokens/revoke-all/", theirs[user][0].secret).json() == {"ended": 1}
    assert Grant.objects.filter(subject=eve, revoked_at=None).count() == 3
