"""What knox does and we must not: each of its faults by the number that `test_beside_the_peer` has for it, too."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from tessera import Kind, Purpose, revoke
from tessera.dialects.authtoken import TokenAuthentication as AuthtokensAuthentication
from tessera.dialects.knox import (
    AuthToken,
    LoginView,
    LogoutAllView,
    LogoutView,
    TokenAuthentication,
    get_token_model,
    knox_settings,
    token_expired,
)
from tessera.drf import authentication
from tessera.engine.signing.access import sign
from tessera.models import Grant
from tests import urls
from tests.dialects.knox.test_contract import ADA, BASIC, INVALID, NOT_PRESENTED, Whoami, header
from tests.racing import at_once, before_writing
from tests.recording import listening

HOUR = timedelta(hours=1)


class ByBasic(LoginView):
    authentication_classes = [BasicAuthentication]


class InItsOwnWay(ByBasic):
    """It makes the token as its site's own code did, without asking the base class."""

    def create_token(self) -> Any:
        return get_token_model().objects.create(user=self.request.user, expiry=HOUR)


class Sub(TokenAuthentication):
    pass


class ByToken(LoginView):
    """A view that asks for trouble."""

    authentication_classes = [Sub, AuthtokensAuthentication, authentication.TokenAuthentication]


class ForAll(ByToken):
    permission_classes = (AllowAny,)


class LogoutByBasic(LogoutView):
    authentication_classes = (BasicAuthentication,)


class LogoutAllByBasic(LogoutAllView):
    authentication_classes = (BasicAuthentication,)


urlpatterns = [
    *urls.urlpatterns,
    path("", include("tessera.dialects.knox.urls")),
    path("basic/", ByBasic.as_view()),
    path("own-way/", InItsOwnWay.as_view()),
    path("by-token/", ByToken.as_view()),
    path("for-all/", ForAll.as_view()),
    path("out-by-basic/", LogoutByBasic.as_view()),
    path("all-out-by-basic/", LogoutAllByBasic.as_view()),
    path("token/", Whoami.as_view()),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def statements(queries):
    return [query["sql"].split()[0] for query in queries]


def whoami(client, token):
    return client.get("/token/", headers=header(token))


@pytest.mark.parametrize("value", ["Token \xff", "Token \xff\xfe", "Token \xc3", "Token a\x80"])
@pytest.mark.parametrize("url", ["/token/", "/logout/", "/logoutall/"])
def test_k1_a_header_that_is_no_utf_8_is_a_401(client, url, value, django_assert_num_queries):
    method = "GET" if url == "/token/" else "POST"

    with django_assert_num_queries(0):
        answer = client.generic(method, url, headers={"Authorization": value})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
    assert answer.json() == {"detail": "Invalid token header. Token string should not contain invalid characters."}


def test_k2_who_knows_the_first_letters_of_a_token_writes_nothing(client, user, clock):
    tokens = [AuthToken.objects.create(user, expiry=HOUR)[1] for _ in range(5)]
    clock.turn(HOUR)
    _, live = AuthToken.objects.create(user)

    with CaptureQueriesContext(connection) as queries:
        answers = [whoami(client, token[:15] + "0" * (len(token) - 15)) for token in [*tokens, live]]

    assert [answer.json() for answer in answers] == [INVALID] * 6
    assert statements(queries) == []
    assert Grant.objects.count() == 6


def test_k3_fifty_tokens_that_are_over_cost_a_request_nothing(client, user, clock):
    for _ in range(50):
        AuthToken.objects.create(user, expiry=HOUR)
    clock.turn(HOUR)
    _, token = AuthToken.objects.create(user)
    whoami(client, token)

    with CaptureQueriesContext(connection) as queries:
        answer = whoami(client, token)

    # The second is the test view's, which asks for the expiry.
    assert (answer.status_code, statements(queries)) == (200, ["SELECT", "SELECT"])
    assert Grant.objects.count() == 51


def test_k4_a_token_is_verified_by_one_statement(user):
    _, token = AuthToken.objects.create(user)
    TokenAuthentication().authenticate_credentials(token.encode())

    with CaptureQueriesContext(connection) as queries:
        found, _ = TokenAuthentication().authenticate_credentials(token.encode())
        told = (found.username, found.email)

    assert told == ("ada", "")
    assert statements(queries) == ["SELECT"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [revoke, lambda row: Grant.objects.all().delete()], ids=["revoked", "gone"])
def test_k5_a_token_that_ends_while_its_use_is_written_down_is_no_crash(client, user, settings, end):
    settings.REST_KNOX = {"AUTO_REFRESH": True}
    row, token = AuthToken.objects.create(user)

    with before_writing(lambda: end(row)):
        answer = TokenAuthentication().authenticate_credentials(token.encode())

    assert answer[0] == user
    assert whoami(client, token).json() == INVALID
    assert AuthToken.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_k6_a_token_with_an_end_is_used_where_the_site_has_tokens_without(client, user, settings, clock):
    settings.REST_KNOX = {"AUTO_REFRESH": True, "TOKEN_TTL": None}
    _, token = AuthToken.objects.create(user, expiry=HOUR)
    endless, _ = AuthToken.objects.create(user)

    clock.turn(HOUR / 2)
    answers = [whoami(client, token)]
    clock.turn(HOUR / 2)
    answers.append(whoami(client, token))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert endless.expiry is None


@pytest.mark.django_db(transaction=True)
def test_k7_a_use_puts_the_end_off_by_the_tokens_own_span_and_never_past_the_cap(client, user, settings, clock):
    settings.REST_KNOX = {"AUTO_REFRESH": True, "AUTO_REFRESH_MAX_TTL": 2 * HOUR}
    made = clock.time
    row, token = AuthToken.objects.create(user, expiry=HOUR)

    ends = [row.expiry]
    for _ in range(3):
        clock.turn(HOUR * 0.6)
        assert whoami(client, token).status_code == 200
        ends.append(AuthToken.objects.get().expiry)
    clock.turn(HOUR * 0.2)

    assert [(end - made) / HOUR for end in ends] == [1, 1.6, 2, 2]
    assert whoami(client, token).json() == INVALID


@pytest.mark.django_db(transaction=True)
def test_k7_without_a_cap_of_its_own_it_is_the_sites(user, settings, clock):
    settings.REST_KNOX = {"AUTO_REFRESH": True}
    settings.TESSERA = {**settings.TESSERA, "TOKEN_LIFETIME": 2 * HOUR}

    AuthToken.objects.create(user, expiry=HOUR)

    assert Grant.objects.get().expires_at == clock.time + 2 * HOUR


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", ["/basic/", "/own-way/"])
def test_k8_of_twenty_log_ins_at_once_no_more_are_granted_than_may_be(user, settings, url):
    settings.REST_KNOX = {"TOKEN_LIMIT_PER_USER": 5}
    settings.TESSERA = {**settings.TESSERA, "RATES": {"name_and_address": "20/minute"}}

    answers = at_once(*[lambda: APIClient().post(url, headers={"Authorization": BASIC})] * 20)

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [403] * 15
    assert AuthToken.objects.filter(user=user).count() == 5
    refused = [answer.json() for answer in answers if answer.status_code == 403]
    assert refused == [{"error": "Maximum amount of tokens allowed per user exceeded."}] * 15


def test_k8_tokens_of_an_old_password_take_no_place(client, user, settings):
    settings.REST_KNOX = {"TOKEN_LIMIT_PER_USER": 1}
    AuthToken.objects.create(user)
    user.set_password("countess-1852")
    user.save()

    answer = client.post("/login/", {"username": "ada", "password": "countess-1852"})

    assert answer.status_code == 200


def test_k9_a_prefix_of_a_call_sites_makes_no_tokens_that_look_alike(client, user):
    tokens = [AuthToken.objects.create(user, prefix="a-prefix-of-many-letters")[1] for _ in range(20)]

    assert {token[:5] for token in tokens} == {"tsra_"}
    whoami(client, tokens[0])
    with CaptureQueriesContext(connection) as queries:
        TokenAuthentication().authenticate_credentials(tokens[0].encode())
    assert statements(queries) == ["SELECT"]


def test_k10_no_letters_of_a_token_are_in_the_database(user):
    row, token = AuthToken.objects.create(user)

    kept = " ".join(map(str, Grant.objects.values_list().get()))

    secret = token.removeprefix(f"tsra_{row.pk.hex}")
    assert secret[:15] not in kept
    assert (row.token_key, str(row)) == (f"tsr_{row.pk.hex[-8:]}", f"tsr_{row.pk.hex[-8:]}")


def test_k11_k12_a_setting_counts_from_the_moment_it_is_set(user, clock):
    told = {"TOKEN_TTL": HOUR, "TOKEN_PREFIX": "x", "AUTH_HEADER_PREFIX": "Key", "SECURE_HASH_ALGORITHM": "hashlib.md5"}
    with override_settings(REST_KNOX=told):
        within = AuthToken.objects.create(user)[0], knox_settings.TOKEN_TTL, knox_settings.SECURE_HASH_ALGORITHM
        challenge = TokenAuthentication().authenticate_header(Request(APIRequestFactory().get("/")))
    after = AuthToken.objects.create(user)[0], knox_settings.TOKEN_TTL

    assert (within[0].expiry, within[1]) == (clock.time + HOUR, HOUR)
    assert (within[2].__name__, challenge) == ("openssl_md5", "Key")
    assert (after[0].expiry, after[1]) == (clock.time + 10 * HOUR, 10 * HOUR)


def test_k13_another_hash_signs_nobody_out(client, user, settings):
    _, token = AuthToken.objects.create(user)
    settings.REST_KNOX = {"SECURE_HASH_ALGORITHM": "hashlib.sha256"}

    assert whoami(client, token).status_code == 200


DEFAULTS = [
    "tessera.dialects.knox.TokenAuthentication",
    "tessera.dialects.authtoken.TokenAuthentication",
    "tessera.drf.TokenAuthentication",
    "tessera.dialects.simplejwt.authentication.JWTAuthentication",
]


@pytest.mark.parametrize("url", ["/login/", "/by-token/", "/for-all/"])
@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
def test_k14_a_token_makes_no_other(client, user, settings, hand_out, url, scheme):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": DEFAULTS}
    issued = hand_out(kind=Kind.SIGN_IN)
    tokens = [AuthToken.objects.create(user)[1], hand_out().secret, issued.secret, sign(issued.grant)]
    before = Grant.objects.count()

    answers = [client.post(url, headers=header(token, scheme)) for token in tokens]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, NOT_PRESENTED)] * 4
    assert {answer["WWW-Authenticate"] for answer in answers} == {"Token"}
    assert Grant.objects.count() == before


def test_k14_a_dead_token_is_no_hindrance_to_who_logs_in(client, user, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": DEFAULTS}

    answer = client.post("/login/", ADA, headers=header("x"))

    assert answer.status_code == 200


@pytest.mark.parametrize("named", ["knox.AuthToken", "accounts.Token"])
def test_k15_there_is_one_model_and_no_table_of_the_peers(settings, named):
    settings.REST_KNOX = {"TOKEN_MODEL": named}

    assert get_token_model() is AuthToken
    assert AuthToken._meta.db_table == "tessera_grant"
    assert [table for table in connection.introspection.table_names() if "knox" in table] == []


def test_k16_a_log_out_without_a_token_ends_none(client, user):
    AuthToken.objects.create(user)

    answer = client.post("/out-by-basic/", headers={"Authorization": BASIC})

    assert (answer.status_code, answer.json()) == (401, NOT_PRESENTED)
    assert answer["WWW-Authenticate"] == 'Basic realm="api"'
    assert user.auth_token_set.count() == 1


def test_k16_who_logs_out_everywhere_by_a_password_ends_all(client, user):
    AuthToken.objects.create(user)

    answer = client.post("/all-out-by-basic/", headers={"Authorization": BASIC})

    assert (answer.status_code, user.auth_token_set.count()) == (204, 0)


def test_k17_a_token_ends_with_its_password_and_says_when_it_was_used(client, user, clock):
    _, token = AuthToken.objects.create(user)
    whoami(client, token)
    User.objects.filter(pk=user.pk).update(password="another")

    answer = whoami(client, token)

    assert (answer.status_code, answer.json()) == (401, INVALID)
    assert {"label", "scope", "last_used_at", "client"} <= {field.name for field in AuthToken._meta.get_fields()}


def test_k18_nobody_types_a_digest_into_the_admin(admin_client):
    assert AuthToken not in admin.site._registry

    page = admin_client.get("/admin/tessera/grant/add/")

    assert page.status_code == 200
    assert "digest" not in page.content.decode()


def test_k19_the_user_is_told_only_where_the_site_says_so(client, user):
    answer = client.post("/basic/", headers={"Authorization": BASIC})

    assert list(answer.json()) == ["expiry", "token"]


def test_the_end_of_a_token_is_told_to_who_listens(client, user, clock):
    _, token = AuthToken.objects.create(user, expiry=HOUR)
    row, revoked = AuthToken.objects.create(user, expiry=HOUR)
    revoke(row)
    clock.turn(HOUR)

    with listening(token_expired) as heard:
        answers = [whoami(client, each) for each in (token, revoked, "x")]

    assert [answer.json() for answer in answers] == [INVALID] * 3
    assert heard == [(TokenAuthentication, {"username": "ada", "source": "auth_token"})]


def test_an_end_that_nobody_listens_to_costs_nothing_more(client, user, clock):
    _, token = AuthToken.objects.create(user, expiry=HOUR)
    clock.turn(HOUR)

    with CaptureQueriesContext(connection) as queries:
        whoami(client, token)

    assert statements(queries) == ["SELECT", "SELECT"]


@pytest.mark.django_db(transaction=True)
def test_of_twenty_log_outs_at_once_none_crashes_and_the_token_is_over(client, user):
    _, token = AuthToken.objects.create(user)

    answers = at_once(*[lambda: APIClient().post("/logout/", headers=header(token))] * 20)

    assert {answer.status_code for answer in answers} <= {204, 401}
    assert 204 in {answer.status_code for answer in answers}
    assert whoami(client, token).json() == INVALID


@pytest.mark.django_db(transaction=True)
def test_who_logs_in_while_all_are_logged_out_is_in_or_out_and_nothing_crashes(user):
    _, token = AuthToken.objects.create(user)

    def log_in():
        return APIClient().post("/basic/", headers={"Authorization": BASIC})

    def log_out():
        return APIClient().post("/logoutall/", headers=header(token))

    answers = at_once(*[log_in] * 5, log_out, *[log_in] * 5)

    assert sorted({answer.status_code for answer in answers}) == [200, 204]
    left = set(AuthToken.objects.values_list("pk", flat=True))
    tokens = [answer.json()["token"] for answer in answers if answer.status_code == 200]
    opened = [token for token in tokens if whoami(APIClient(), token).status_code == 200]
    assert len(opened) == len(left)


def test_a_hook_that_nobody_would_call_is_refused_when_the_class_is_made():
    with pytest.raises(TypeError, match="renew_token is never called"):
        type("Renewing", (TokenAuthentication,), {"renew_token": lambda self, auth_token: None})


@pytest.mark.parametrize("purpose", [Purpose.REFRESH, Purpose.LETTER])
def test_what_was_made_for_another_door_opens_none_here(client, hand_out, purpose):
    if purpose is Purpose.REFRESH:
        secret = hand_out(kind=Kind.SIGN_IN, may_refresh=True).refresh_secret
    else:
        secret = hand_out(kind=Kind.LETTER).secret

    answers = [whoami(client, secret), client.post("/logout/", headers=header(secret))]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, INVALID)] * 2
    assert Grant.objects.get().revoked_at is None


def test_guesses_in_the_body_are_counted(client, user, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"name_and_address": "3/minute"}}

    answers = [client.post("/login/", {**ADA, "password": "wrong"}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
    assert answers[3]["Retry-After"] == "60"


def test_guesses_in_the_header_are_counted_with_them(client, user, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"name_and_address": "3/minute"}}
    wrong = f"Basic {b64encode(b'ada:wrong').decode()}"

    answers = [client.post("/basic/", headers={"Authorization": wrong}) for _ in range(2)]
    answers += [client.post("/login/", {**ADA, "password": "wrong"})]
    answers += [client.post("/basic/", headers={"Authorization": BASIC})]

    assert [answer.status_code for answer in answers] == [401, 401, 400, 429]
    assert answers[0].json() == {"detail": "Invalid username/password."}
    assert answers[3]["Retry-After"] == "60"


def test_a_log_in_by_the_header_is_told_of_once(client, user):
    with listening(user_logged_in) as heard:
        answer = client.post("/basic/", headers={"Authorization": BASIC})

    assert (answer.status_code, len(heard)) == (200, 1)


@pytest.mark.parametrize("credentials", [b"a\x00:b", b"ada:\x00", b"\x00:"])
def test_nul_in_the_header_is_nobodys_name(client, user, credentials):
    answer = client.post("/basic/", headers={"Authorization": f"Basic {b64encode(credentials).decode()}"})

    assert answer.status_code == 401


def test_a_dead_token_that_comes_too_often_is_told_to_wait(client, user, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refused": "2/minute"}}
    row, token = AuthToken.objects.create(user)
    revoke(row)

    statuses = [whoami(client, token).status_code for _ in range(3)]

    assert statuses == [401, 401, 429]


def test_no_secret_is_written_down(client, user, caplog, settings):
    caplog.set_level("DEBUG")
    token = client.post("/login/", ADA).json()["token"]
    whoami(client, token)
    client.post("/logout/", headers=header(token))
    whoami(client, token)

    assert b64encode(b"ada:lovelace-1843").decode() not in caplog.text
    for secret in (token[40:], ADA["password"]):
        assert secret not in caplog.text
