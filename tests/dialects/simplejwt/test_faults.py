"""What simplejwt does and we must not: each of its faults by its number. Where one shows on the wire,
`test_beside_the_peer` holds both sides to it, too."""

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import tessera
from tessera import Ask, Kind, issue, redeem, revoke
from tessera.dialects.simplejwt import JWTStatelessUserAuthentication, RefreshToken, SlidingToken
from tessera.dialects.simplejwt.tokens import UntypedToken
from tessera.engine.signing.keys import signing_key
from tessera.format import jws, jwt
from tessera.models import Grant
from tests.credentials import REFRESH
from tests.dialects.simplejwt.test_contract import ADA, DEAD, ROTATING, whoami
from tests.dialects.simplejwt.views import whoami as view
from tests.forging import payload
from tests.racing import at_once

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(client, user, clock):
    return client.post("/api/token/", ADA, format="json").json()


def refreshed(client, pair):
    return client.post("/api/token/refresh/", {"refresh": pair["refresh"]})


def whole_database():
    """Every value of every row, as text and as hex."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                told += [bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value) for value in row]
    return "\n".join(told)


def test_j1_no_table_holds_a_token_and_the_admin_shows_none(client, user, pair):
    sliding = str(SlidingToken.for_user(user))
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)

    kept = whole_database()
    shown = client.get(f"/admin/tessera/grant/{Grant.objects.earliest('pk').pk}/change/").content.decode()

    for secret in (*pair.values(), sliding, payload(pair["refresh"])["refresh_token"]):
        for piece in (secret, secret[-60:], secret.rsplit(".", 1)[-1]):
            assert piece not in kept
            assert piece not in shown
    assert not {model for model in admin.site._registry if model.__name__ in {"OutstandingToken", "BlacklistedToken"}}


def test_j2_a_refresh_token_that_comes_back_ends_what_it_was_traded_for(settings, client, pair, clock):
    settings.SIMPLE_JWT = ROTATING
    second = refreshed(client, pair).json()
    assert whoami(client, second["access"]).status_code == 200
    clock.turn(MINUTE)

    assert refreshed(client, pair).json() == DEAD

    assert refreshed(client, second).json() == DEAD
    assert whoami(client, second["access"]).status_code == 401


def test_j3_two_who_refresh_at_once_do_not_get_two_sign_ins(settings, client, pair):
    settings.SIMPLE_JWT = ROTATING

    told = at_once(*[lambda: refreshed(Client(), pair).json()] * 4)

    assert len({payload(each["refresh"])["refresh_token"] for each in told}) == 1
    assert Grant.objects.count() == 1


def test_j4_what_was_traded_is_spent_whatever_the_settings_are(settings, client, pair, clock):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": False}
    second = refreshed(client, pair).json()
    whoami(client, second["access"])
    clock.turn(MINUTE)

    assert refreshed(client, pair).json() == DEAD


def test_j5_nothing_that_is_cleared_away_brings_a_sliding_token_back(settings, client, user, clock):
    settings.TESSERA = {**settings.TESSERA, "RETENTION": timedelta(0)}
    settings.SIMPLE_JWT = {"SLIDING_TOKEN_LIFETIME": HOUR}
    first = SlidingToken.for_user(user)
    text = str(first)
    slid = client.post("/api/sliding/refresh/", {"token": text}).json()["token"]
    SlidingToken(slid).blacklist()
    clock.turn(SECOND)

    call_command("tessera", "prune", verbosity=0)

    assert not Grant.objects.exists()
    for token in (text, slid):
        assert client.post("/api/sliding/refresh/", {"token": token}).json() == DEAD


def test_j6_nor_a_refresh_token_within_the_leeway(settings, client, user, clock):
    settings.TESSERA = {**settings.TESSERA, "RETENTION": timedelta(0)}
    settings.SIMPLE_JWT = {"LEEWAY": 60}
    pair = client.post("/api/token/", ADA, format="json").json()
    client.post("/api/token/blacklist/", {"refresh": pair["refresh"]})
    clock.turn(DAY + 30 * SECOND)

    call_command("tessera", "prune", verbosity=0)

    assert refreshed(client, pair).json() == DEAD


def test_j6_and_within_the_leeway_one_that_was_not_ended_is_good(settings, client, user, clock):
    settings.SIMPLE_JWT = {"LEEWAY": 60}
    pair = client.post("/api/token/", ADA, format="json").json()
    clock.turn(5 * MINUTE + 59 * SECOND)
    assert whoami(client, pair["access"]).status_code == 200
    clock.turn(SECOND)
    assert whoami(client, pair["access"]).json()["messages"][0]["message"] == "Token is expired"
    clock.turn(DAY - 5 * MINUTE - SECOND)

    assert refreshed(client, pair).status_code == 200
    clock.turn(SECOND)
    assert refreshed(client, pair).json()["detail"] == "Token is expired"


def test_j7_blacklist_ends_the_sign_in_and_needs_no_app(client, pair):
    assert not apps.is_installed("rest_framework_simplejwt.token_blacklist")

    client.post("/api/token/blacklist/", {"refresh": pair["refresh"]})

    assert Grant.objects.get().revoked_at is not None


@pytest.mark.parametrize("told", [{}, {"BLACKLIST_AFTER_ROTATION": True}, ROTATING])
def test_j8_verify_refuses_what_has_ended_whatever_the_settings_are(settings, client, pair, told):
    client.post("/api/token/blacklist/", {"refresh": pair["refresh"]})
    settings.SIMPLE_JWT = told

    for token in pair.values():
        answer = client.post("/api/token/verify/", {"token": token})
        assert (answer.status_code, answer.json()) == (401, DEAD)


def test_j9_an_access_token_ends_with_its_sign_in(client, pair):
    assert whoami(client, pair["access"]).status_code == 200

    client.post("/api/token/blacklist/", {"refresh": pair["refresh"]})

    assert whoami(client, pair["access"]).status_code == 401


@pytest.mark.parametrize("told", [{}, {"CHECK_REVOKE_TOKEN": True}])
def test_j10_a_changed_password_ends_all_and_no_token_tells_of_a_password(settings, client, user, told):
    settings.SIMPLE_JWT = told
    pair = client.post("/api/token/", ADA, format="json").json()
    assert not {name for token in pair.values() for name in payload(token) if "pass" in name or "hash" in name}

    user.set_password("countess-1852")
    user.save()

    assert whoami(client, pair["access"]).status_code == 401
    assert refreshed(client, pair).json() == DEAD


def test_j11_spaces_around_a_password_belong_to_it(client, user):
    user.set_password("  lovelace  ")
    user.save()

    right, wrong = [client.post("/api/token/", {**ADA, "password": each}) for each in ("  lovelace  ", "lovelace")]

    assert (right.status_code, wrong.status_code) == (200, 401)


@pytest.mark.parametrize("word", ["bearer", "BEARER", "Bearer"])
def test_j12_the_scheme_is_in_any_letter_case(client, pair, word):
    assert view(client, f"{word} {pair['access']}").status_code == 200


@pytest.mark.parametrize("user_id", [[], {}, "abc", True, None, 10**40])
def test_j13_a_user_id_of_any_type_is_no_crash(client, user, clock, user_id):
    token = RefreshToken.for_user(user)
    token["user_id"] = user_id

    answer = client.post("/api/token/refresh/", {"refresh": str(token)})

    assert answer.status_code == 200
    assert whoami(client, answer.json()["access"]).json()["user"] == "ada"


def test_j14_without_a_user_claim_the_user_is_asked_after_all_the_same(client, user, clock):
    token = RefreshToken.for_user(user)
    del token["user_id"]
    text = str(token)
    user.is_active = False
    user.save()

    assert refreshed(client, {"refresh": text}).json() == DEAD


def test_j15_each_token_names_its_key_which_is_not_the_secret_key_of_the_site(settings, client, pair):
    for token in pair.values():
        header = jws.parts(token.encode())
        assert header.key_id == signing_key(datetime.now(UTC), datetime.now(UTC)).id
        assert header.algorithm == "EdDSA"
    settings.SECRET_KEY = "another one, after a leak, and as long as the checks of Django want it to be"

    assert whoami(client, pair["access"]).status_code == 200


def test_j16_a_setting_counts_as_soon_as_it_is_set(settings, client, user, clock):
    settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": HOUR, "AUTH_HEADER_TYPES": ("JWT",), "USER_ID_CLAIM": "who"}

    token = client.post("/api/token/", ADA, format="json").json()["access"]

    told = payload(token)
    assert (told["exp"] - told["iat"], told["who"]) == (3600, str(user.pk))
    assert client.post("/api/token/", {**ADA, "password": "x"})["WWW-Authenticate"] == 'JWT realm="api"'
    answer = view(client, f"Bearer {token}")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'JWT realm="api"')
    settings.SIMPLE_JWT = {"AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN"}
    assert view(client, None, X_Access_Token=f"Bearer {RefreshToken.for_user(user).access_token}").status_code == 200


called: list[object] = []


def on_success(user, request):
    called.append(user.get_username())


def on_failure(credentials, request):
    called.append(credentials)


@pytest.mark.parametrize("updates", [True, False])
def test_j17_what_runs_at_a_log_in_runs_at_each(settings, client, user, updates):
    settings.SIMPLE_JWT = {
        "UPDATE_LAST_LOGIN": updates,
        "ON_LOGIN_SUCCESS": f"{__name__}.on_success",
        "ON_LOGIN_FAILED": f"{__name__}.on_failure",
    }
    called.clear()

    client.post("/api/token/", ADA, format="json")
    client.post("/api/sliding/", ADA, format="json")
    client.post("/api/token/", {**ADA, "password": "wrong"}, format="json")

    assert called == ["ada", "ada", {"username": "ada", "password": "*" * 20}]


def nobody_called_ada(user):
    return user is not None and user.get_username() != "ada"


def test_j17_so_does_the_rule_of_the_sites(settings, client, user, pair):
    settings.SIMPLE_JWT = {**ROTATING, "USER_AUTHENTICATION_RULE": f"{__name__}.nobody_called_ada"}

    assert client.post("/api/token/", ADA, format="json").status_code == 401
    assert refreshed(client, pair).json() == DEAD
    settings.SIMPLE_JWT = ROTATING
    assert refreshed(client, pair).status_code == 200


def anybody(user):
    return user is not None


def test_j2_a_rule_of_the_sites_hides_no_reuse(settings, client, pair, clock):
    settings.SIMPLE_JWT = {**ROTATING, "USER_AUTHENTICATION_RULE": f"{__name__}.anybody"}
    second = refreshed(client, pair).json()
    assert whoami(client, second["access"]).status_code == 200
    clock.turn(MINUTE)

    assert refreshed(client, pair).json() == DEAD

    assert refreshed(client, second).json() == DEAD


def test_j18_a_refresh_that_rotates_is_two_statements(settings, client, pair):
    settings.SIMPLE_JWT = ROTATING

    with CaptureQueriesContext(connection) as asked:
        answer = refreshed(client, pair)

    assert answer.status_code == 200
    assert [each["sql"].split()[0] for each in asked] == ["SELECT", "UPDATE"]


def test_j19_a_stateless_user_is_the_real_one(client, user, pair):
    answer = view(client, f"Bearer {pair['access']}", JWTStatelessUserAuthentication)
    assert answer.json()["user"] == "ada"
    token = UntypedToken(pair["access"])
    assert copy.copy(token).payload == copy.deepcopy(token).payload == token.payload
    assert not hasattr(token.subject, "nothing_that_a_user_has")

    user.is_active = False
    user.save()

    assert view(client, f"Bearer {pair['access']}", JWTStatelessUserAuthentication).status_code == 401


def test_j20_each_401_has_a_code_and_a_challenge(client, user, pair):
    revoke(subject=user)

    answers = [
        client.post("/api/token/", {**ADA, "password": "wrong"}),
        refreshed(client, pair),
        client.post("/api/token/verify/", {"token": "x"}),
        client.post("/api/token/blacklist/", {"refresh": pair["access"]}),
        client.post("/api/sliding/refresh/", {"token": pair["access"]}),
        client.post("/api/sliding/", {**ADA, "password": "wrong"}),
        whoami(client, pair["access"]),
        view(client, "Bearer"),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer["WWW-Authenticate"] for answer in answers} == {'Bearer realm="api"'}
    assert all({"detail", "code"} <= answer.json().keys() for answer in answers)


def test_j21_no_refresh_adds_a_row(settings, client, pair, clock):
    settings.SIMPLE_JWT = ROTATING
    for _ in range(5):
        clock.turn(HOUR)
        pair = refreshed(client, pair).json()

    assert Grant.objects.count() == 1


@pytest.mark.parametrize("name", [None, "token_id", "jti"])
def test_j22_the_claim_of_the_id_may_be_called_as_it_likes(settings, client, user, name):
    settings.SIMPLE_JWT = {**ROTATING, "JTI_CLAIM": name}
    pair = client.post("/api/token/", ADA, format="json").json()

    again = refreshed(client, pair).json()

    for token in (*pair.values(), *again.values()):
        told = payload(token)
        assert told["jti"]
        assert name is None or told[name]
        assert "null" not in told
    assert client.post("/api/token/blacklist/", {"refresh": again["refresh"]}).status_code == 200


@pytest.mark.parametrize("name", [None, "kind"])
def test_j22_so_may_that_of_the_type(settings, client, user, name):
    settings.SIMPLE_JWT = {"TOKEN_TYPE_CLAIM": name}
    pair = client.post("/api/token/", ADA, format="json").json()

    assert refreshed(client, pair).status_code == 200
    assert refreshed(client, {"refresh": pair["access"]}).json()["detail"] == "Token has wrong type"
    assert (name in payload(pair["access"])) == (name is not None)
    assert "null" not in payload(pair["access"])


def test_j23_no_migration_looks_at_the_disk():
    for path in (Path(tessera.__file__).parent / "migrations").glob("0*.py"):
        assert not {word for word in ("os.", "listdir", "glob", "Path") if word in path.read_text()}


@pytest.mark.parametrize("told", [{}, ROTATING])
def test_an_envelope_around_what_is_anothers_opens_nothing(settings, client, user, clock, told):
    """Whoever has stolen the signing key has no refresh token."""
    settings.SIMPLE_JWT = told
    native = issue(Ask(subject=user, kind=Kind.SIGN_IN, may_refresh=True))
    claims = payload(str(RefreshToken.for_user(user)))
    for within in (native.refresh_secret, native.secret, "tsrr_", "", "x" * 200):
        forged = jwt.sign({**claims, "refresh_token": within}, signing_key(clock(), clock() + HOUR), "rt+jwt")
        assert refreshed(client, {"refresh": forged}).json()["detail"] in {"Token is invalid", "Token has wrong type"}
    assert redeem(native.refresh_secret or "", accept=REFRESH).grant.revoked_at is None
