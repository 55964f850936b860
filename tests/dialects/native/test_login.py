"""`POST /auth/login/`: Django's own back ends are asked, and nothing but a pair comes of it."""

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection

from tessera import Policy
from tessera.errors import NotAllowed
from tessera.models import Grant
from tests.credentials import bearing
from tests.dialects import hostile
from tests.recording import CountingHasher, listening

LOGIN = "/auth/login/"
ADA = {"username": "ada", "password": "lovelace-1843"}
PAIR = ["access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"]
UNABLE = {"detail": "Unable to log in with provided credentials.", "code": "invalid_login"}


def test_who_signs_in_is_told_to_djangos_receivers(client, user):
    with listening(user_logged_in) as heard, listening(user_login_failed) as failed:
        client.post(LOGIN, ADA)

    [(_, told)] = heard
    user.refresh_from_db()
    assert (told["user"], told["request"].path, failed) == (user, LOGIN, [])
    assert user.last_login is not None


def test_who_fails_is_told_to_djangos_receivers_without_the_password(client, user):
    with listening(user_logged_in) as heard, listening(user_login_failed) as failed:
        client.post(LOGIN, {**ADA, "password": "hunter2-and-more"})

    [(_, told)] = failed
    assert (told["request"].path, heard) == (LOGIN, [])
    assert told["credentials"] == {"username": "ada", "password": "*" * 20}


def test_all_who_cannot_sign_in_are_answered_alike_after_the_same_work(client, user, settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher"]
    monkeypatch.setattr(CountingHasher, "passwords", [])
    User.objects.create_user("inactive", password=ADA["password"], is_active=False)
    User.objects.create_user("unusable")
    CountingHasher.passwords.clear()

    seen = {}
    for name, password in [("ada", "wrong"), ("nobody", "wrong"), ("inactive", ADA["password"]), ("unusable", "wrong")]:
        answer = client.post(LOGIN, {"username": name, "password": password})
        seen[name] = (answer.status_code, answer.content, dict(answer.headers), len(CountingHasher.passwords))
        CountingHasher.passwords.clear()

    assert (seen["ada"][0], seen["ada"][3]) == (401, 1)
    assert seen == dict.fromkeys(seen, seen["ada"])


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(lambda hand_out: "Bearer", id="the scheme alone"),
        pytest.param(lambda hand_out: "Bearer x y z", id="garbage"),
        pytest.param(lambda hand_out: "Bearer \xff\x00", id="no text"),
        pytest.param(lambda hand_out: f"Bearer {hand_out().secret[:-1]}", id="a stale token"),
        pytest.param(lambda hand_out: f"Bearer {hand_out().secret}", id="a live token"),
        pytest.param(lambda hand_out: "Basic Ym9iOndyb25n", id="somebody else by Basic"),
    ],
)
def test_whatever_stands_in_the_authorization_header_is_no_hindrance(client, user, hand_out, header):
    answer = client.post(LOGIN, ADA, headers={"Authorization": header(hand_out)})

    assert (answer.status_code, list(answer.json())) == (200, PAIR)


@pytest.mark.parametrize("password", [ADA["password"], "wrong"])
def test_no_session_is_opened(client, user, password):
    answer = client.post(LOGIN, {**ADA, "password": password})

    assert answer.cookies == {}
    assert not Session.objects.exists()


@pytest.mark.parametrize("encoding", ["json", "multipart"])
@pytest.mark.usefixtures("user")
def test_the_name_is_the_value_of_the_username_field(client, monkeypatch, encoding):
    monkeypatch.setattr(User, "USERNAME_FIELD", "email")
    User.objects.update(email="ada@example.org")

    answer = client.post(LOGIN, {"email": "ada@example.org", "password": ADA["password"]}, format=encoding)

    assert answer.status_code == 200


def test_fields_that_nobody_asked_for_change_nothing(client, user, admin_user, clock):
    client.post(LOGIN, {**ADA, "label": "phone"})
    extra = {
        **dict.fromkeys(["is_staff", "is_superuser", "may_refresh"], True),
        **dict.fromkeys(["user", "user_id", "subject", "owner"], admin_user.pk),
        **dict.fromkeys(["expires_in", "refresh_expires_in", "ends_at", "lifetime"], "9999-12-31"),
        **dict.fromkeys(["id", "kind", "client", "scopes", "generation", "grant_type"], "x"),
    }

    client.post(LOGIN, {**ADA, "label": "phone", **extra}, format="json")

    columns = ("subject_id", "client", "kind", "label", "scope", "created_at", "ends_at", "expires_at", "generation")
    first, second = Grant.objects.values_list(*columns)
    assert first == second
    assert first[0] == user.pk


class OnlyStaff(Policy):
    def judge(self, ask, now):
        if not ask.subject.is_staff:
            raise NotAllowed("Only for staff.")
        return super().judge(ask, now)


def test_whom_the_policy_refuses_is_told_so(client, user, settings):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.OnlyStaff"}

    answer = client.post(LOGIN, ADA)

    assert (answer.status_code, answer.json()) == (403, {"detail": "Only for staff.", "code": "access_denied"})


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_a_503_and_no_wrong_password(client, user):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answer = client.post(LOGIN, ADA)

    down = {"detail": "The service is not available for the moment. Try again.", "code": "temporarily_unavailable"}
    assert (answer.status_code, answer.json(), answer["Retry-After"]) == (503, down, "5")


@hostile.worlds
def test_a_hostile_default_of_the_site_changes_nothing(world, user):
    with world() as client:
        client.force_login(user)
        refused = client.post(LOGIN, {**ADA, "password": "wrong"}, format="json")
        answer = client.post(LOGIN, ADA, format="json")
        opened = client.get("/whoami/", headers=bearing(answer.json()["access_token"]))

    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert (answer.status_code, list(answer.json()), opened.status_code) == (200, PAIR, 200)


@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_a_blank_scope_is_as_if_none_was_sent(client, user, settings, blank):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {"tracks:read": "See tracks"}}

    signed_in = client.post(LOGIN, {**ADA, "scope": blank}, format="json").json()
    refreshed = client.post("/auth/refresh/", {"refresh_token": signed_in["refresh_token"], "scope": blank}).json()

    assert (signed_in["scope"], refreshed["scope"]) == ("tokens tracks:read", "tokens tracks:read")
