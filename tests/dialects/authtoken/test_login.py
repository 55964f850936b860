"""Signing in: Django's own back ends are asked, once, and nothing but a token comes of it."""

import json

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from tessera import Kind
from tessera.dialects.authtoken import AuthTokenSerializer
from tessera.drf.login import Failure, log_in
from tessera.models import Grant
from tessera.signals import login_failed
from tests.dialects import hostile
from tests.recording import CountingHasher, RecordingBackend, audited, listening

OBTAIN = "/api-token-auth/"
ADA = {"username": "ada", "password": "lovelace-1843"}
UNABLE = {"non_field_errors": ["Unable to log in with provided credentials."]}

RECORDING = "tests.recording.RecordingBackend"
FORBIDDING = "tests.recording.ForbiddingBackend"
DEAF = "tests.recording.DeafBackend"
ALLOWING = "django.contrib.auth.backends.AllowAllUsersModelBackend"


@pytest.fixture(autouse=True)
def _forgotten_records(settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher"]
    monkeypatch.setattr(RecordingBackend, "asked", [])
    monkeypatch.setattr(CountingHasher, "passwords", [])


@pytest.fixture
def sent(user):
    """The signals of `django.contrib.auth`, from now on."""
    sent = []

    def note(signal, **payload):
        sent.append((signal, payload))

    for signal in (user_logged_in, user_login_failed):
        signal.connect(note)
    yield sent
    for signal in (user_logged_in, user_login_failed):
        signal.disconnect(note)


def test_djangos_back_ends_are_asked_once_with_the_request(client, user, settings):
    settings.AUTHENTICATION_BACKENDS = [RECORDING]

    answer = client.post(OBTAIN, ADA)

    [(request, credentials)] = RecordingBackend.asked
    assert answer.status_code == 200
    assert request is not None
    assert (request.path, credentials) == (OBTAIN, ADA)


def test_the_first_back_end_that_knows_somebody_is_the_last_that_is_asked(client, user, settings):
    settings.AUTHENTICATION_BACKENDS = [DEAF, RECORDING, FORBIDDING]

    answer = client.post(OBTAIN, ADA)

    assert (answer.status_code, len(RecordingBackend.asked)) == (200, 1)


def test_a_back_end_that_forbids_is_the_last_that_is_asked(client, user, settings):
    settings.AUTHENTICATION_BACKENDS = [FORBIDDING, RECORDING]

    answer = client.post(OBTAIN, ADA)

    assert (answer.status_code, answer.json()) == (400, UNABLE)
    assert len(RecordingBackend.asked) == 1


def test_where_no_back_end_knows_them_the_right_password_is_of_no_use(client, user, settings):
    settings.AUTHENTICATION_BACKENDS = [DEAF]
    CountingHasher.passwords.clear()

    answer = client.post(OBTAIN, ADA)

    assert (answer.status_code, answer.json()) == (400, UNABLE)
    assert CountingHasher.passwords == []


@pytest.mark.parametrize("backend", ["django.contrib.auth.backends.ModelBackend", ALLOWING])
def test_an_inactive_user_is_refused_whatever_the_back_end_says(client, user, sent, settings, backend):
    settings.AUTHENTICATION_BACKENDS = [backend]
    User.objects.update(is_active=False)

    answer = client.post(OBTAIN, ADA)

    assert (answer.status_code, answer.json()) == (400, UNABLE)
    assert [signal for signal, _ in sent] == [user_login_failed]
    assert sent[0][1]["credentials"] == {"username": "ada", "password": "*" * 20}
    assert sent[0][1]["request"].path == OBTAIN
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"username": "ada@example.org"}, id="in the peer's word"),
        pytest.param({"email": "ada@example.org"}, id="in its own word"),
        pytest.param({"email": "bob@example.org", "username": "ada@example.org"}, id="in both, and the peer's counts"),
    ],
)
@pytest.mark.parametrize("encoding", ["json", "multipart"])
@pytest.mark.usefixtures("user")
def test_the_name_is_the_value_of_the_username_field(client, settings, monkeypatch, data, encoding):
    settings.AUTHENTICATION_BACKENDS = [RECORDING]
    monkeypatch.setattr(User, "USERNAME_FIELD", "email")
    User.objects.update(email="ada@example.org")

    answer = client.post(OBTAIN, {**data, "password": ADA["password"]}, format=encoding)

    assert answer.status_code == 200
    assert RecordingBackend.asked[0][1] == {"email": "ada@example.org", "password": ADA["password"]}
    assert Grant.objects.get().subject == User.objects.get()


def test_a_list_that_holds_the_fields_own_name_is_no_dictionary(client, monkeypatch, db):
    monkeypatch.setattr(User, "USERNAME_FIELD", "email")

    answer = client.post(OBTAIN, ["email", "password"], format="json")

    assert answer.status_code == 400
    assert answer.json() == {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}


def test_the_serializer_signs_in_without_a_request_as_call_sites_use_it(user):
    serializer = AuthTokenSerializer(data=ADA)

    assert serializer.is_valid()
    assert serializer.validated_data["user"] == user


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "latin-1", "ISO-8859-1"])
def test_a_charset_that_clients_name_is_read(client, user, charset):
    body = json.dumps(ADA).encode()

    answer = client.generic("POST", OBTAIN, body, content_type=f"application/json; charset={charset}")

    assert answer.status_code == 200


def ended(hand_out):
    token = hand_out().secret
    Grant.objects.all().delete()
    return f"Token {token}"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(lambda hand_out: "Token", id="keyword alone"),
        pytest.param(lambda hand_out: "Token x y z", id="garbage"),
        pytest.param(lambda hand_out: "Bearer \xff\x00", id="no text"),
        pytest.param(ended, id="a token that has ended"),
        pytest.param(lambda hand_out: f"Token {hand_out().secret}", id="a live token"),
        pytest.param(lambda hand_out: "Basic Ym9iOndyb25n", id="somebody else by Basic"),
    ],
)
def test_whatever_stands_in_the_authorization_header_is_no_hindrance(client, user, hand_out, header):
    answer = client.post(OBTAIN, ADA, headers={"Authorization": header(hand_out)})

    assert answer.status_code == 200


def test_the_cookie_of_a_session_that_is_over_is_no_hindrance(client, user):
    client.cookies["sessionid"] = "x" * 32

    answer = client.post(OBTAIN, ADA)

    assert answer.status_code == 200


def test_a_live_admin_session_beside_it_is_no_hindrance_and_stays_what_it_is(user, admin_user):
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    before = list(Session.objects.values())

    answer = browser.post(OBTAIN, ADA)

    assert (answer.status_code, answer.cookies) == (200, {})
    assert Grant.objects.get().subject == user
    assert list(Session.objects.values()) == before


@pytest.mark.parametrize("password", [ADA["password"], "wrong"])
def test_no_session_is_opened(client, user, password):
    answer = client.post(OBTAIN, {**ADA, "password": password})

    assert answer.cookies == {}
    assert not Session.objects.exists()


def test_who_signs_in_is_told_to_receivers_and_written_down(client, user, sent):
    client.post(OBTAIN, ADA)

    [(signal, payload)] = sent
    user.refresh_from_db()
    assert (signal, payload["sender"], payload["user"]) == (user_logged_in, User, user)
    assert payload["request"].path == OBTAIN
    assert user.last_login is not None


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_who_fails_is_told_to_receivers_without_the_password(client, user, sent, name):
    client.post(OBTAIN, {"username": name, "password": "hunter2-and-more"})

    [(signal, payload)] = sent
    user.refresh_from_db()
    assert signal is user_login_failed
    assert payload["credentials"] == {"username": name, "password": "*" * 20}
    assert payload["request"].path == OBTAIN
    assert user.last_login is None


@pytest.mark.parametrize(
    ("name", "password", "is_active", "backend", "reason"),
    [
        pytest.param("ada", "hunter2-and-more", True, RECORDING, Failure.CREDENTIALS, id="wrong password"),
        pytest.param("nobody", ADA["password"], True, RECORDING, Failure.CREDENTIALS, id="unknown name"),
        pytest.param("ada", ADA["password"], False, RECORDING, Failure.CREDENTIALS, id="inactive, Django does not say"),
        pytest.param("ada", ADA["password"], False, ALLOWING, Failure.INACTIVE, id="inactive, and let in"),
        pytest.param("ada", ADA["password"], True, FORBIDDING, Failure.CREDENTIALS, id="forbidden"),
        pytest.param("hunter2-and-more", "ada", True, RECORDING, Failure.CREDENTIALS, id="in the wrong fields"),
    ],
)
def test_receivers_and_the_log_are_told_why_a_log_in_failed_and_nothing_that_was_typed(
    client, user, settings, caplog, name, password, is_active, backend, reason
):
    caplog.set_level("INFO", logger="tessera.audit")
    settings.AUTHENTICATION_BACKENDS = [backend]
    User.objects.update(is_active=is_active)

    with listening(login_failed) as told:
        client.post(OBTAIN, {"username": name, "password": password})

    [(sender, what)] = told
    assert (sender, what) == (Grant, {"request": what["request"], "reason": reason})
    assert what["request"].path == OBTAIN
    assert audited(caplog) == [f"login failed: {reason} address='127.0.0.1'"]
    assert not [typed for typed in (name, password) if typed in f"{told} {caplog.text}"]


def test_a_log_in_that_succeeds_is_told_to_be_no_failure(client, user):
    with listening(login_failed) as told:
        client.post(OBTAIN, ADA)

    assert told == []


def test_a_log_in_without_a_request_that_fails_is_told_as_well(user):
    with listening(login_failed) as told:
        log_in(None, "ada", "wrong")

    assert told == [(Grant, {"request": None, "reason": Failure.CREDENTIALS})]


def test_a_receiver_that_fails_makes_no_log_in_of_it_and_no_crash(client, user, caplog):
    def failing(**_):
        raise OperationalError("the archive is away")

    login_failed.connect(failing)
    try:
        answer = client.post(OBTAIN, {**ADA, "password": "hunter2-and-more"})
    finally:
        login_failed.disconnect(failing)

    assert (answer.status_code, answer.json()) == (400, UNABLE)
    assert "the archive is away" in caplog.text
    assert "hunter2-and-more" not in caplog.text


def test_all_who_cannot_sign_in_are_answered_alike_after_the_same_work(client, user):
    User.objects.create_user("inactive", password=ADA["password"], is_active=False)
    User.objects.create_user("unusable")
    CountingHasher.passwords.clear()

    seen = {}
    for case, name, password in [
        ("wrong password", "ada", "wrong"),
        ("unknown name", "nobody", "wrong"),
        ("inactive, right password", "inactive", ADA["password"]),
        ("inactive, wrong password", "inactive", "wrong"),
        ("unusable password", "unusable", "wrong"),
    ]:
        answer = client.post(OBTAIN, {"username": name, "password": password})
        seen[case] = (answer.status_code, answer.content, dict(answer.headers), len(CountingHasher.passwords))
        CountingHasher.passwords.clear()

    status, body, _, hashed = seen["wrong password"]
    assert (status, hashed) == (400, 1)
    assert seen == dict.fromkeys(seen, seen["wrong password"])
    assert body == b'{"non_field_errors":["Unable to log in with provided credentials."]}'


def test_each_log_in_is_another_token_that_can_end_by_itself(client, user):
    tokens = [client.post(OBTAIN, ADA).json()["token"] for _ in range(2)]

    client.post("/api-token-auth/revoke/", headers={"Authorization": f"Token {tokens[0]}"})

    opened = [client.get("/whoami/", headers={"Authorization": f"Token {token}"}).status_code for token in tokens]
    assert opened == [401, 200]
    assert [(grant.kind, grant.client) for grant in Grant.objects.all()] == [(Kind.SIGN_IN, "authtoken")] * 2


def test_fields_that_nobody_asked_for_change_nothing(client, user, admin_user, clock):
    plain = client.post(OBTAIN, ADA)
    extra = {
        **dict.fromkeys(["is_staff", "is_superuser", "is_active"], True),
        **dict.fromkeys(["user", "user_id", "subject", "owner"], admin_user.pk),
        **dict.fromkeys(["expiry", "expires_at", "ends_at", "lifetime"], "9999-12-31"),
        **dict.fromkeys(["id", "kind", "client", "label", "scope", "scopes", "family", "digest", "token"], "x"),
    }

    answer = client.post(OBTAIN, {**ADA, **extra}, format="json")

    columns = ("subject_id", "client", "kind", "label", "scope", "created_at", "ends_at")
    first, second = Grant.objects.order_by("pk").values_list(*columns)
    user.refresh_from_db()
    assert (plain.status_code, answer.status_code, list(answer.json())) == (200, 200, ["token"])
    assert first == second
    assert first[0] == user.pk
    assert (user.is_staff, user.is_superuser) == (False, False)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param(" lovelace 1843 ", id="spaces around"),
        pytest.param("\tlovelace\n1843\r\n", id="other white space"),
        pytest.param("\U0001f511" * 16, id="emoji"),
        pytest.param("é", id="one letter"),
        pytest.param("e\u0301", id="a letter and its accent"),
        pytest.param("x" * 64, id="64 letters"),
        pytest.param("\U0001f511" * 4_096, id="as long as may be, each letter escaped"),
        pytest.param("p%00&q=+\\u0000", id="what other notations give a meaning"),
    ],
)
def test_a_password_is_handed_on_letter_by_letter(client, user, settings, password):
    settings.AUTHENTICATION_BACKENDS = [RECORDING]
    user.set_password(password)
    user.save()

    answer = client.post(OBTAIN, {"username": "ada", "password": password}, format="json")

    assert answer.status_code == 200
    assert RecordingBackend.asked[0][1]["password"] == password


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_a_503_and_no_wrong_password(client, user, sent):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse), listening(login_failed) as told:
        answer = client.post(OBTAIN, ADA)

    assert (answer.status_code, answer["Retry-After"], told) == (503, "5", [])
    assert answer.json() == {"detail": "The service is not available for the moment. Try again."}
    assert sent == []


@hostile.worlds
def test_a_hostile_default_of_the_site_changes_nothing(world, user):
    with world() as client:
        client.force_login(user)
        refused = client.post(OBTAIN, {"username": "ada", "password": "wrong"}, format="json")
        answer = client.post(OBTAIN, ADA, format="json")

    assert (refused.status_code, answer.status_code, list(answer.json())) == (400, 200, ["token"])
