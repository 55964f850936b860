"""The wire of simplejwt: what is asked, and the whole answer. `test_beside_the_peer` holds it to the real one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from tessera import Ask, Kind, issue
from tessera.dialects.simplejwt import AccessToken, RefreshToken, SlidingToken
from tessera.models import Grant
from tests.credentials import PAIR
from tests.forging import payload

ADA = {"username": "ada", "password": "lovelace-1843"}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
CHALLENGE = 'Bearer realm="api"'
INVALID = {"detail": "Token is invalid", "code": "token_not_valid"}
DEAD = {"detail": "Token is blacklisted", "code": "token_not_valid"}
ROTATING = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}

# What ends a sign-in refuses to be undone, so nothing here is within a transaction of the test's.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(client, user, clock):
    return client.post("/api/token/", ADA, format="json").json()


def whoami(client, token):
    from tests.dialects.simplejwt.views import whoami as view

    return view(client, f"Bearer {token}")


def test_a_log_in_answers_a_pair_and_no_cache_keeps_it(client, user, clock):
    answer = client.post("/api/token/", ADA, format="json")

    assert (answer.status_code, answer.json().keys()) == (200, {"refresh", "access"})
    assert {name: answer[name] for name in ("Cache-Control", "Pragma", "Vary")} == {
        "Cache-Control": "no-store",
        "Pragma": "no-cache",
        "Vary": "Authorization",
    }
    row = Grant.objects.get()
    access, refresh = payload(answer.json()["access"]), payload(answer.json()["refresh"])
    assert len(access.pop("jti")) == 38
    of_both = {"user_id": str(user.pk), "iss": "api", "aud": "api", "iat": AT, "sid": row.pk.hex}
    assert access == {
        **of_both,
        "token_type": "access",
        "exp": AT + 300,
        "sub": str(user.pk),
        "client_id": "simplejwt",
        "auth_time": AT,
    }
    assert refresh.pop("refresh_token").startswith("tsrr_")
    assert refresh == {**of_both, "token_type": "refresh", "exp": AT + 86400, "jti": f"{row.pk.hex}.0"}
    assert (row.client, row.kind, row.ends_at, row.expires_at) == ("simplejwt", "sign-in", NOW + DAY, NOW + DAY)


def test_a_refused_log_in_is_a_401_with_a_challenge(client, user):
    answer = client.post("/api/token/", {**ADA, "password": "wrong"}, format="json")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE)
    assert answer.json() == {
        "detail": "No active account found with the given credentials",
        "code": "no_active_account",
    }
    assert not Grant.objects.exists()


def test_a_refresh_answers_another_access_token(client, pair, clock):
    clock.turn(6 * MINUTE)
    assert whoami(client, pair["access"]).status_code == 401

    answer = client.post("/api/token/refresh/", {"refresh": pair["refresh"]})

    assert (answer.status_code, answer.json().keys()) == (200, {"access"})
    assert payload(answer.json()["access"])["exp"] == AT + 660
    assert whoami(client, answer.json()["access"]).status_code == 200
    # The one before was good until its own end, whatever its row says now.
    assert whoami(client, pair["access"]).json()["messages"][0]["message"] == "Token is expired"


def test_where_they_rotate_it_answers_the_next_pair(settings, client, user, clock):
    settings.SIMPLE_JWT = ROTATING
    first = client.post("/api/token/", ADA, format="json").json()
    clock.turn(MINUTE)

    answer = client.post("/api/token/refresh/", {"refresh": first["refresh"]})

    assert (answer.status_code, answer.json().keys()) == (200, {"access", "refresh"})
    told = payload(answer.json()["refresh"])
    assert (told["exp"], told["jti"]) == (AT + 60 + 86400, f"{Grant.objects.get().pk.hex}.1")
    assert whoami(client, answer.json()["access"]).status_code == 200


def test_verify_answers_nothing_of_a_live_token_of_any_type(client, user, pair):
    sliding = str(SlidingToken.for_user(user))

    for token in (*pair.values(), sliding):
        answer = client.post("/api/token/verify/", {"token": token})
        assert (answer.status_code, answer.json()) == (200, {})


def test_blacklist_ends_the_sign_in_and_the_second_one_says_so(client, pair):
    first, second = [client.post("/api/token/blacklist/", {"refresh": pair["refresh"]}) for _ in range(2)]

    assert (first.status_code, first.json()) == (200, {})
    assert (second.status_code, second.json(), second["WWW-Authenticate"]) == (401, DEAD, CHALLENGE)
    assert Grant.objects.get().revoked_reason == "blacklisted"
    assert whoami(client, pair["access"]).status_code == 401
    for path, field, token in [
        ("refresh", "refresh", "refresh"),
        ("verify", "token", "access"),
        ("verify", "token", "refresh"),
    ]:
        answer = client.post(f"/api/token/{path}/", {field: pair[token]})
        assert (answer.status_code, answer.json()) == (401, DEAD)


def test_a_sliding_token_is_told_anew_and_nothing_is_written(client, user, clock, django_assert_num_queries):
    first = client.post("/api/sliding/", ADA, format="json").json()["token"]
    told = payload(first)
    assert (told["token_type"], told["exp"], told["refresh_exp"]) == ("sliding", AT + 300, AT + 86400)
    row = Grant.objects.values().get()
    clock.turn(4 * MINUTE)

    # The keys are read anew each minute, and the first use is written down.
    with django_assert_num_queries(4):
        answer = client.post("/api/sliding/refresh/", {"token": first})

    second = answer.json()["token"]
    assert payload(second) == {**told, "exp": AT + 540, "iat": AT + 240}
    assert {**Grant.objects.values().get(), "last_used_at": None, "use_due_at": None} == row
    clock.turn(2 * MINUTE)
    assert client.post("/api/sliding/refresh/", {"token": first}).json()["detail"] == "Token is expired"
    assert client.post("/api/sliding/refresh/", {"token": second}).status_code == 200


def test_no_sliding_token_outlives_its_refresh_exp(client, user, clock):
    token = client.post("/api/sliding/", ADA, format="json").json()["token"]
    end = payload(token)["refresh_exp"]
    for _ in range(24 * 15 - 1):
        clock.turn(4 * MINUTE)
        token = client.post("/api/sliding/refresh/", {"token": token}).json()["token"]
        assert payload(token)["exp"] <= end

    clock.turn(4 * MINUTE)

    assert client.post("/api/sliding/refresh/", {"token": token}).json()["detail"] == "Token is expired"


HEADERS = {
    "no header": (None, 401, {"detail": "Authentication credentials were not provided."}),
    "another scheme": ("Basic x", 401, {"detail": "Authentication credentials were not provided."}),
    "the word alone": (
        "Bearer",
        401,
        {
            "detail": "Authorization header must contain two space-delimited values",
            "code": "bad_authorization_header",
        },
    ),
    "nonsense": (
        "Bearer nonsense",
        401,
        {
            "detail": "Given token not valid for any token type",
            "code": "token_not_valid",
            "messages": [{"token_class": "AccessToken", "token_type": "access", "message": "Token is invalid"}],
        },
    ),
}


@pytest.mark.parametrize(("header", "status", "body"), HEADERS.values(), ids=HEADERS)
def test_a_view_says_of_a_header_what_the_peer_says(client, db, header, status, body):
    from tests.dialects.simplejwt.views import whoami as view

    answer = view(client, header)

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (status, body, CHALLENGE)


def test_a_view_knows_the_user_and_the_claims(client, user, pair, django_assert_num_queries):
    with django_assert_num_queries(2):  # It is the first use, which is written down.
        answer = whoami(client, pair["access"])

    assert answer.json() == {"user": "ada", "auth": "AccessToken", "user_id": str(user.pk), "scope": []}
    with django_assert_num_queries(1):
        whoami(client, pair["access"])


def test_a_view_takes_the_opaque_tokens_of_the_site_too(client, user, hand_out):
    for issued in (hand_out(**PAIR), hand_out(kind=Kind.PERSONAL)):
        answer = whoami(client, issued.secret)
        assert (answer.status_code, answer.json()["user_id"]) == (200, str(user.pk))


def test_and_our_own_views_take_the_tokens_of_this_dialect(client, user, pair):
    answer = client.get("/whoami/", headers={"Authorization": f"Bearer {pair['access']}"})

    assert (answer.status_code, answer.json()) == (200, {"username": "ada"})


def test_a_machine_speaks_for_no_user_and_so_not_here(client, db):
    machine = issue(Ask(subject=None, kind=Kind.MACHINE)).secret

    answer = whoami(client, machine)

    assert answer.status_code == 401
    assert answer.json() == {
        "detail": "Token contained no recognizable user identification",
        "code": "token_not_valid",
    }


@pytest.mark.parametrize("path", ["", "refresh/", "verify/", "blacklist/"])
def test_the_endpoints_are_for_posting_alone(client, db, path):
    for method in ("get", "put", "patch", "delete"):
        assert getattr(client, method)(f"/api/token/{path}").status_code == 405


def test_the_routes_have_the_names_of_the_peers_documentation():
    names = ("token_obtain_pair", "token_refresh", "token_verify", "token_blacklist")

    assert [reverse(name) for name in names] == [
        "/api/token/",
        "/api/token/refresh/",
        "/api/token/verify/",
        "/api/token/blacklist/",
    ]


def test_a_stale_header_breaks_no_endpoint(client, user, pair):
    client.credentials(HTTP_AUTHORIZATION="Bearer stale")

    assert client.post("/api/token/", ADA, format="json").status_code == 200
    assert client.post("/api/token/refresh/", {"refresh": pair["refresh"]}).status_code == 200
    assert client.post("/api/token/verify/", {"token": pair["access"]}).status_code == 200


def test_a_refresh_costs_a_select_and_an_update(settings, client, pair, django_assert_num_queries):
    with django_assert_num_queries(2):
        client.post("/api/token/refresh/", {"refresh": pair["refresh"]})
    settings.SIMPLE_JWT = ROTATING
    with django_assert_num_queries(2):
        assert client.post("/api/token/refresh/", {"refresh": pair["refresh"]}).status_code == 200


def test_what_cannot_be_ours_costs_no_query(client, pair, django_assert_num_queries):
    client.post("/api/token/verify/", {"token": pair["access"]})

    for text in ("nonsense", "a.b.c", pair["access"] + "x", pair["refresh"][:-3] + "abc", "tsra_" + "0" * 91):
        with django_assert_num_queries(0):
            for path, field in [("refresh/", "refresh"), ("verify/", "token"), ("blacklist/", "refresh")]:
                answer = client.post(f"/api/token/{path}", {field: text})
                assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


def test_a_limit_of_the_site_counts_its_sign_ins(settings, client, user):
    settings.TESSERA = {**settings.TESSERA, "LIMITS": {"sign-in": (1, "refuse")}}
    client.post("/api/token/", ADA, format="json")

    answer = client.post("/api/token/", ADA, format="json")

    assert answer.status_code == 403
    assert Grant.objects.count() == 1


def test_an_access_token_by_hand_lives_as_long_as_it_says(client, user, clock):
    token = str(AccessToken.for_user(user))
    clock.turn(5 * MINUTE - SECOND)
    assert whoami(client, token).status_code == 200

    clock.turn(SECOND)

    assert whoami(client, token).json()["messages"][0]["message"] == "Token is expired"


def test_the_answer_shows_the_row_where_the_log_in_came_from(settings, client, user):
    settings.TESSERA = {**settings.TESSERA, "RECORDED": ("address", "agent")}

    client.post("/api/token/", ADA, format="json", headers={"User-Agent": "Netscape"})

    row = Grant.objects.get()
    assert (row.address, row.agent) == ("127.0.0.1", "Netscape")
    assert RefreshToken.for_user(user).grant.agent == ""
