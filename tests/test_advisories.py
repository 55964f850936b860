"""What went wrong at the peers, and is published: one test for each, named after it."""

import ast
from contextlib import suppress
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.checks import run_checks
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

import tessera
from tessera import Ask, Kind, Purpose, issue, redeem, replace, revoke, verify
from tessera.dialects.authtoken import Token
from tessera.engine.keyring import keyring
from tessera.errors import (
    InvalidCredential,
    NotAllowed,
    Reused,
    Revoked,
    StoreDown,
    SubjectGone,
    Unknown,
    WrongClient,
    WrongPurpose,
)
from tessera.format.opaque import mint, new_row
from tessera.models import Grant
from tests.browsing import Browser
from tests.credentials import bearing, opens, traded
from tests.former import execute
from tests.life import passwords
from tests.processes import on_a_database
from tests.racing import before_writing, meanwhile
from tests.recording import CountingHasher, audited
from tests.routes import credential_endpoints
from tests.traces import rows, traces

LOGIN, NEW, REVOKE = "/api-token-auth/", "/api-token-auth/new/", "/api-token-auth/revoke/"
REFRESH, LOGOUT = "/auth/refresh/", "/auth/logout/"
ADA = {"username": "ada", "password": "lovelace-1843"}
UNABLE = {"non_field_errors": ["Unable to log in with provided credentials."]}
INVALID = {"detail": "Invalid token.", "code": "invalid_token"}
PAIR = {"kind": Kind.SIGN_IN, "may_refresh": True}


@pytest.fixture
def hashed(settings, monkeypatch):
    """The passwords that were hashed, from now on."""
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher"]
    monkeypatch.setattr(CountingHasher, "passwords", [])
    return CountingHasher.passwords


@pytest.fixture
def sign_in(hand_out, clock):
    """A sign-in of ada's that can be refreshed, and each pair that it gets by that."""

    def sign_in(*, refreshed=0, **ask):
        pairs = [hand_out(kind=Kind.SIGN_IN, may_refresh=True, **ask)]
        for _ in range(refreshed):
            pairs.append(traded(pairs[-1]))
        return pairs

    return sign_in


@pytest.mark.parametrize(("method", "path"), [("get", "/whoami/"), ("post", NEW), ("get", NEW)])
def test_simplejwt_cve_2024_22513_a_token_of_a_disabled_user(client, hand_out, method, path):
    token = hand_out().secret
    User.objects.update(is_active=False)

    answer = getattr(client, method)(path, headers=bearing(token))

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})


def test_simplejwt_cve_2024_22513_a_refresh_over_http_for_a_disabled_user(client, hand_out):
    token = hand_out(**PAIR).refresh_secret
    User.objects.update(is_active=False)

    answer = client.post(REFRESH, {"refresh_token": token})

    assert (answer.status_code, answer.json(), Grant.objects.get().generation) == (401, INVALID, 0)


def test_simplejwt_cve_2024_22513_no_token_is_made_for_a_disabled_user(client, user):
    user.is_active = False
    user.save()

    with pytest.raises(NotAllowed):
        issue(Ask(subject=user))

    assert client.post(LOGIN, ADA).status_code == 400
    assert not Grant.objects.exists()


@pytest.mark.parametrize("which", [pytest.param(-1, id="current"), pytest.param(-2, id="parent")])
def test_simplejwt_cve_2024_22513_a_refresh_for_a_disabled_user(sign_in, which):
    pairs = sign_in(refreshed=1)
    User.objects.update(is_active=False)

    with pytest.raises(SubjectGone):
        traded(pairs[which])


@pytest.mark.parametrize(
    ("half", "error"),
    [
        pytest.param({"REUSE_WINDOW": None}, "tessera.E030", id="no window"),
        pytest.param({"RETRY_LIMIT": 10}, "tessera.E030", id="a limit that is no span"),
        pytest.param({"REFRESH_LIFETIME": None}, "tessera.E029", id="no lifetime"),
        pytest.param({"ROTATE_REFRESH_TOKENS": True}, "tessera.E002", id="a setting of simplejwt's"),
    ],
)
def test_simplejwt_985_rotation_that_is_half_configured(settings, half, error):
    settings.TESSERA = {**settings.TESSERA, **half}

    assert error in {message.id for message in run_checks()}


@pytest.mark.parametrize("refreshed", [0, 1])
def test_simplejwt_985_rotation_without_its_table(tables, sign_in, refreshed):
    first, *_ = sign_in(refreshed=refreshed)
    execute("ALTER TABLE tessera_grant RENAME TO elsewhere")

    try:
        with pytest.raises(DatabaseError, match="tessera_grant"):
            traded(first)
    finally:
        if not connection.in_atomic_block:
            execute("ALTER TABLE elsewhere RENAME TO tessera_grant")


@pytest.mark.django_db(transaction=True)
def test_simplejwt_and_keycloak_cve_2026_1035_and_better_auth_cve_2026_53517_two_refreshes_at_once(sign_in):
    (first,) = sign_in()
    pairs = []

    with before_writing(lambda: pairs.append(meanwhile(lambda: traded(first)))):
        pairs.append(traded(first))

    assert len({(pair.secret, pair.refresh_secret) for pair in pairs}) == 1
    assert Grant.objects.get().generation == 1


def test_simplejwt_outstanding_token_no_table_holds_a_token(client, hand_out, sign_in):
    signed_in = client.post(LOGIN, ADA).json()["token"]
    replaced = client.post(NEW, headers=bearing(signed_in)).json()["token"]
    secrets = [signed_in, replaced, hand_out().secret, hand_out(subject=None, kind=Kind.MACHINE).secret]
    secrets += [secret for pair in sign_in(refreshed=2) for secret in (pair.secret, pair.refresh_secret)]

    stored = list(rows(connection))

    assert "tessera_grant.access_digest" in {place for place, _ in stored}
    assert {(place, trace) for place, value in stored for trace in traces(as_text(value), *secrets)} == set()


def as_text(value):
    return value if isinstance(value, bytes) else str(value)


def test_simplejwt_revoke_token_claim_what_derives_from_the_password_stands_nowhere(user, sign_in):
    told = [secret for pair in sign_in(refreshed=1) for secret in (pair.secret, pair.refresh_secret)]

    stored = [value for place, value in rows(connection) if place != "auth_user.password"]

    assert {trace for value in (*told, *map(as_text, stored)) for trace in traces_of(value, user.password)} == set()


def traces_of(value, *secrets):
    """Without what every token has the shape of."""
    return traces(value, *secrets) - {"something of a token's shape"}


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEARER", "token", "TOKEN"])
def test_simplejwt_the_case_of_the_scheme(client, hand_out, scheme):
    answer = client.get("/whoami/", headers={"Authorization": f"{scheme} {hand_out().secret}"})

    assert answer.status_code == 200


def test_simplejwt_a_deleted_user_is_a_401_and_no_404(client, hand_out, user):
    token = hand_out().secret
    user.delete()

    assert client.get("/whoami/", headers=bearing(token)).status_code == 401


def test_djoser_cve_2024_21543_signing_in_past_the_back_ends(client, user, settings, hashed):
    settings.AUTHENTICATION_BACKENDS = ["tests.recording.DeafBackend"]

    answer = client.post(LOGIN, ADA)

    assert (answer.status_code, answer.json(), hashed) == (400, UNABLE, [])


@pytest.mark.parametrize("who", [{"username": "ada"}, {"email": "ada@analytical.example"}])
def test_djoser_cve_2024_21543_past_them_by_name_or_by_address(client, user, settings, hashed, who):
    User.objects.update(email="ada@analytical.example")
    settings.AUTHENTICATION_BACKENDS = ["tests.recording.DeafBackend"]

    answer = client.post("/auth/login/", {"password": ADA["password"], **who})

    assert (answer.status_code, answer.json()["code"], hashed) == (401, "invalid_login", [])


def test_djoser_and_drf_a_password_reset_that_ends_no_token(client, user, hand_out, settings):
    settings.ROOT_URLCONF = "tests.life.site"
    User.objects.update(email="ada@example.org")
    tokens = [client.post(LOGIN, ADA).json()["token"], hand_out().secret]

    passwords.reset_by_mail("ada@example.org")

    assert [client.get("/whoami/", headers=bearing(token)).status_code for token in tokens] == [401, 401]


def test_drf_authtoken_the_key_in_clear_in_the_table(user):
    keys = ["2f1d7a2c3b9e4f60718293a4b5c6d7e8f9012345", "ada-chose-this-key"]

    for key in keys:
        Token.objects.create(user=user, key=key)

    assert {(place, trace) for place, value in rows(connection) for trace in traces(as_text(value), *keys)} == set()


@pytest.mark.parametrize(
    ("move", "error"),
    [
        pytest.param(lambda token, eve: Token.objects.create(user=eve, key=token.key), IntegrityError, id="create"),
        pytest.param(lambda token, eve: handed_over(token, eve).save(), TypeError, id="save"),
    ],
)
def test_drf_authtoken_the_key_moved_to_another_user(client, user, admin_user, move, error):
    token = Token.objects.create(user=user, key="test-key")

    with pytest.raises(error), transaction.atomic():
        move(token, admin_user)

    assert Token.objects.get(key="test-key").user == user


def handed_over(token, user):
    token.user = user
    return token


def test_drf_authtoken_the_key_in_str_and_repr(hand_out):
    issued = hand_out(client="authtoken")

    shown = [f"{each!s} {each!r} {vars(each)!r}" for each in (issued.grant, Token.objects.get())]
    shown += [repr(issued), repr(Token.of_issued(issued)), str(Token.of_issued(issued))]
    assert not [text for text in shown if issued.secret[-59:] in text]


def test_drf_authtoken_the_key_in_the_admins_log(hand_out, admin_user):
    issued = hand_out()

    LogEntry.objects.log_actions(admin_user.pk, [issued.grant], 2, [{"changed": {"fields": ["label"]}}])

    entry = LogEntry.objects.get()
    assert entry.object_repr == issued.grant.hint
    assert entry.object_repr[-8:] not in issued.secret[-59:]


@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
@pytest.mark.parametrize("spoilt", [b"\xff", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\x80abc", b"ab\xf0\x9f"])
def test_drf_2928_and_knox_a_byte_that_is_no_utf_8(client, db, scheme, spoilt):
    answer = client.get("/whoami/", HTTP_AUTHORIZATION=f"{scheme} {spoilt.decode('latin-1')}")

    assert answer.status_code == 401


def test_knox_46_and_20_a_token_of_any_length(client, hand_out):
    secret = hand_out().secret
    long = secret + "0" * 600

    statuses = {n: client.get("/whoami/", headers=bearing(long[:n])).status_code for n in range(601)}

    assert [n for n, status in statuses.items() if status != 401] == [len(secret)]


@pytest.mark.parametrize("others", [1, 100])
def test_knox_391_what_a_request_costs_with_many_tokens(client, hand_out, others):
    token = hand_out().secret
    client.get("/whoami/", headers=bearing(token))
    for _ in range(others):
        hand_out()

    with CaptureQueriesContext(connection) as queries:
        client.get("/whoami/", headers=bearing(token))

    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]


@pytest.mark.django_db(transaction=True)
def test_knox_186_noting_the_last_use_brings_no_deleted_row_back(client, hand_out):
    token = hand_out().secret

    def delete_first(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and not gone:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM tessera_grant")
            gone.append(sql)
        return execute(sql, params, many, context)

    gone: list[str] = []
    with connection.execute_wrapper(delete_first):
        answer = client.get("/whoami/", headers=bearing(token))

    assert answer.status_code == 200
    assert gone
    assert not Grant.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("which", ["secret", "refresh_secret"])
def test_rodauth_cve_2026_82469_an_access_token_that_renews_itself(client, hand_out, method, which):
    issued = hand_out(**PAIR)
    body = f"refresh_token={issued.secret}"

    answer = client.generic(
        method,
        f"{REFRESH}?{body}",
        body,
        content_type="application/x-www-form-urlencoded",
        headers=bearing(getattr(issued, which)),
    )

    assert (answer.status_code, Grant.objects.get().generation) == (401 if method == "POST" else 405, 0)


def test_better_auth_cve_2026_53512_a_refresh_by_whoever_has_the_token_of_a_client(client, hand_out):
    issued = hand_out(**PAIR, client="app")

    answer = client.post(REFRESH, {"refresh_token": issued.refresh_secret})

    grant = Grant.objects.get()
    assert (answer.status_code, answer.json(), grant.generation, grant.revoked_at) == (401, INVALID, 0, None)


def test_dj_rest_auth_754_a_refresh_token_that_outlives_the_log_out(client, hand_out):
    issued = hand_out(**PAIR)

    answers = [client.post(LOGOUT, headers=bearing(issued.secret)) for _ in range(2)]

    refused = client.post(REFRESH, {"refresh_token": issued.refresh_secret})
    assert ([answer.status_code for answer in answers], refused.status_code) == ([204, 204], 401)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("post", f"/auth/{name}/") for name in ("login", "refresh", "verify", "logout", "personal")],
        *[("post", f"/auth/tokens/{name}/") for name in ("revoke-others", "revoke-all")],
        *[(method, "/auth/tokens/{}/") for method in ("patch", "delete")],
        *[(method, "/whoami/") for method in ("post", "put", "patch", "delete")],
    ],
)
def test_dj_rest_auth_754_a_cookie_without_csrf_protection(user, settings, method, path):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}
    browser = Browser()
    browser.log_in()
    before = list(Grant.objects.values())

    forged = browser.forge(path.format(before[0]["id"]), {**ADA, "carrier": "cookie", "label": "x"}, method)

    assert (forged.status_code, forged.json()["detail"][:13], dict(forged.cookies)) == (403, "CSRF Failed: ", {})
    assert list(Grant.objects.values()) == before


def test_dj_rest_auth_754_a_cookie_that_goes_over_plain_http_or_that_scripts_read(user, settings):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}

    cookies = Browser().log_in().cookies

    told = {
        name: (each["secure"], each["httponly"], each["samesite"], each["domain"]) for name, each in cookies.items()
    }
    assert told == dict.fromkeys(["__Host-access", "__Host-refresh"], (True, True, "Lax", ""))


@pytest.mark.django_db(transaction=True)
def test_knox_186_a_refresh_brings_no_deleted_row_back(sign_in):
    (first,) = sign_in()

    with before_writing(lambda: Grant.objects.all().delete()), pytest.raises(Unknown):
        traded(first)

    assert not Grant.objects.exists()


@pytest.mark.parametrize("ancestor", [0, 1, 2])
def test_dot_1617_an_ancestor_within_the_window(sign_in, ancestor):
    pairs = sign_in(refreshed=4)

    with pytest.raises(Reused):
        traded(pairs[ancestor])

    assert not opens(pairs[-1].secret)
    with pytest.raises(Revoked):
        traded(pairs[-1])


def test_dot_702_a_retry_that_is_answered_with_a_dead_token(sign_in):
    first, second = sign_in(refreshed=1)

    again = traded(first)

    assert (again.secret, again.refresh_secret) == (second.secret, second.refresh_secret)
    assert opens(again.secret)
    assert opens(traded(again).secret)


@pytest.mark.parametrize("refreshed", [2, 100])
def test_dot_1809_what_a_reuse_costs_after_many_refreshes(sign_in, django_assert_num_queries, refreshed):
    first, *_ = sign_in(refreshed=refreshed)

    with django_assert_num_queries(2), pytest.raises(Reused):
        traded(first)


@pytest.mark.django_db(transaction=True)
def test_keycloak_51312_a_refresh_that_overtakes_a_revocation(sign_in):
    (first,) = sign_in()

    with before_writing(lambda: meanwhile(lambda: revoke(first.grant))), pytest.raises(Revoked):
        traded(first)

    assert not opens(first.secret)
    assert Grant.objects.get().generation == 0


def test_keycloak_50999_a_reuse_within_the_same_second(sign_in, clock):
    first, *_ = sign_in(refreshed=2)  # The clock stands still.

    with pytest.raises(Reused):
        traded(first)


REFRESH_ANEW = """
import django
django.setup()
from tessera import Purpose, redeem
try:
    redeem(sys.stdin.read(), accept={Purpose.REFRESH})
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.django_db(transaction=True)
def test_keycloak_cve_2026_9802_a_reuse_after_a_restart(hand_out):
    first = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    third = traded(traded(first))

    told = on_a_database(REFRESH_ANEW, stdin=first.refresh_secret)

    assert told.stdout == "Reused\n"
    assert not opens(third.secret)


def test_better_auth_cve_2026_53512_a_refresh_by_another_client(sign_in):
    first, second = sign_in(client="phone", refreshed=1)

    for pair in (first, second):
        with pytest.raises(WrongClient):
            traded(pair, client="tablet")

    assert opens(second.secret)


@pytest.mark.parametrize("kind", Kind)
def test_better_auth_cve_2026_110862_and_rodauth_cve_2026_82469_a_token_that_renews_itself(hand_out, kind):
    issued = hand_out(kind=kind, may_refresh=kind == Kind.SIGN_IN)

    with pytest.raises(InvalidCredential):
        redeem(issued.secret, accept=set(Purpose), client="", into=Kind.SIGN_IN)

    assert verify(issued.secret, accept=set(Purpose)).grant_id == issued.grant.pk


@pytest.mark.parametrize(("method", "path"), [("get", "/whoami/"), ("post", NEW), ("get", NEW), ("post", REVOKE)])
def test_better_auth_cve_2026_110862_a_refresh_token_at_another_door(client, sign_in, method, path):
    (first,) = sign_in()

    answer = getattr(client, method)(path, headers=bearing(first.refresh_secret))

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})
    for verb in (verify, replace):
        with pytest.raises(WrongPurpose):
            verb(first.refresh_secret, accept=set(Purpose) - {Purpose.REFRESH})
    assert opens(traded(first).secret)


def test_better_auth_cve_2025_61928_a_user_in_the_body(client, user, admin_user):
    named = dict.fromkeys(["user", "user_id", "userId", "subject", "subject_id", "owner"], admin_user.pk)

    first = client.post(LOGIN, {**ADA, **named}, format="json").json()["token"]
    second = client.post(NEW, named, headers=bearing(first), format="json").json()["token"]

    assert Grant.objects.get().subject == user
    assert client.get("/whoami/", headers=bearing(second)).json() == {"username": "ada"}
    assert client.post(NEW, named, format="json").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_fosite_ghsa_7mqr_a_revocation_that_the_database_refused(client, hand_out):
    token = bearing(hand_out().secret)

    def refuse_writes(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            raise OperationalError("the database is read-only")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse_writes):
        answer = client.post(REVOKE, headers=token)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert client.get("/whoami/", headers=token).status_code == 200


def test_supabase_52614_a_descendant_that_outlives_its_family(sign_in, clock):
    pairs = sign_in(refreshed=5)

    with CaptureQueriesContext(connection) as queries, suppress(Reused):
        traded(pairs[0])

    assert len([query for query in queries if query["sql"].startswith("UPDATE")]) == 1
    assert [opens(pair.secret) for pair in pairs] == [False] * 6
    for pair in pairs:
        with pytest.raises(Revoked):
            traded(pair)


@pytest.mark.django_db(transaction=True)
def test_fosite_ghsa_7mqr_a_reuse_whose_end_the_database_refused(sign_in):
    first, *_, last = sign_in(refreshed=2)

    def refuse_writes(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            raise OperationalError("the database is read-only")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse_writes), pytest.raises(StoreDown):
        traded(first)

    assert Grant.objects.get().revoked_at is None
    with pytest.raises(Reused):
        traded(first)
    assert not opens(last.secret)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL lets nobody delete a user who has grants")
@pytest.mark.django_db(transaction=True)
def test_allauth_jwt_a_refresh_for_a_user_who_is_none(sign_in, user):
    first, second = sign_in(refreshed=1)
    with connection.constraint_checks_disabled():
        User.objects.filter(pk=user.pk)._raw_delete("default")

        for pair in (first, second):
            with pytest.raises(SubjectGone):
                traded(pair)

        Grant.objects.all().delete()


def test_allauth_jwt_no_assert_keeps_anybody_out():
    source = Path(tessera.__file__).parent

    asserts = [
        f"{path.name}:{node.lineno}"
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)  # `python -O` leaves them out.
    ]

    assert asserts == []


def test_allauth_65_8_1_a_success_that_clears_counters(client, user, clock):
    wrong = {**ADA, "password": "wrong"}

    statuses = [client.post(LOGIN, body).status_code for body in [*[wrong] * 9, ADA, ADA]]

    assert statuses == [400] * 9 + [200, 429]


def test_allauth_65_14_2_and_drf_get_ident_a_spoofed_address(client, user, clock):
    statuses = [
        client.post(
            LOGIN,
            {**ADA, "password": "wrong"},
            headers={"X-Forwarded-For": f"203.0.113.{n}", "X-Real-IP": f"10.0.0.{n}"},
        ).status_code
        for n in range(11)
    ]

    assert statuses == [400] * 10 + [429]


def test_django_cve_2024_39329_who_exists_told_by_the_work_that_is_done(client, user, hashed):
    User.objects.create_user("inactive", password=ADA["password"], is_active=False)
    User.objects.create_user("unusable")

    work = {}
    for name in ("ada", "nobody", "inactive", "unusable"):
        hashed.clear()
        client.post(LOGIN, {"username": name, "password": "wrong"})
        work[name] = len(hashed)

    assert set(work.values()) == {1}


def test_drf_obtain_auth_token_escapes_the_throttle(user, hashed, clock):
    endpoints = list(credential_endpoints())
    assert {LOGIN, NEW, REVOKE, "/auth/login/", REFRESH, LOGOUT} <= set(endpoints)

    for path in endpoints:
        cache.clear()
        hashed.clear()
        for n in range(30):
            APIClient().post(path, {**ADA, "password": f"wrong-{n}"}, headers=bearing(f"wrong-{n}"))

        assert len(hashed) <= 10, path


@pytest.mark.parametrize("joined", [",", ", "])
def test_django_cve_2025_14550_a_header_sent_ten_thousand_times(client, hand_out, django_assert_num_queries, joined):
    secret = hand_out().secret

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": joined.join([f"Bearer {secret}"] * 10_000)})

    assert answer.status_code == 401


@pytest.mark.parametrize("hostile", ["\r\nrefused", "\nrefused", "\x1b[2J", "\u2028refused", "\x85refused"])
def test_django_cve_2025_48432_a_line_of_the_log_that_is_two(client, user, caplog, settings, hostile):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    caplog.set_level("INFO", logger="tessera.audit")

    client.post(LOGIN, {**ADA, "username": f"ada{hostile}"}, HTTP_X_FORWARDED_FOR=f"192.0.2.1{hostile}")
    revoke(issue(Ask(subject=user, client=hostile, label=hostile)).grant, reason=hostile)

    lines = audited(caplog)
    assert [line.split()[0] for line in lines] == ["login", "issued", "revoked"]
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("accepted", ["text/html", "text/html,application/json;q=0.1", "*/*"])
@pytest.mark.parametrize("field", ["username", "email", "label", "scope", "remember", "carrier"])
def test_drf_cve_2026_73229_what_was_sent_to_the_native_log_in(client, user, accepted, field):
    sent = {**ADA, "password": "hunter2-and-more", field: "<b>ada</b>" * 500}

    answer = client.post("/auth/login/", sent, headers={"Accept": accepted})

    assert answer["Content-Type"] == "application/json"
    assert answer.status_code in {400, 406}
    assert b"hunter2" not in answer.content


@pytest.mark.parametrize("accepted", ["text/html", "text/html,application/json;q=0.1", "*/*"])
def test_drf_cve_2026_73229_what_was_typed_in_a_page(client, db, accepted):
    answer = client.post(
        LOGIN, {"username": "<b>ada</b>", "password": "hunter2-and-more"}, headers={"Accept": accepted}
    )

    assert answer["Content-Type"] == "application/json" or answer.status_code == 406
    assert b"hunter2" not in answer.content
    assert b"<b>" not in answer.content


def test_drf_obtain_auth_token_one_key_for_all_devices(client, user):
    first, second = (client.post(LOGIN, ADA).json()["token"] for _ in range(2))

    client.post(REVOKE, headers=bearing(first))

    assert (opens(first), opens(second)) == (False, True)


def test_sanctum_an_id_that_exists_told_from_one_that_does_not(client, sign_in, clock):
    *_, second = sign_in(refreshed=1)
    keys, somewhere = keyring()[0], new_row(clock.time, bytes(10))
    made_up = {
        "no such row": mint("tsr", Purpose.ACCESS, somewhere, bytes(32), keys)[0],
        "another secret": mint("tsr", Purpose.ACCESS, second.grant.pk, bytes(32), keys)[0],
        "another tag": second.secret[:-1] + ("0" if second.secret[-1] != "0" else "1"),
        "another purpose": second.refresh_secret,
    }

    answers = {name: client.get("/whoami/", headers=bearing(secret)) for name, secret in made_up.items()}

    told = {(answer.status_code, answer.content, *sorted(answer.headers.items())) for answer in answers.values()}
    assert len(told) == 1
    assert {answer.status_code for answer in answers.values()} == {401}
