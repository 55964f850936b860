"""Every kind of token at every door, of which only the diagonal opens; and whatever a stranger sends for one."""

import json
import logging

import pytest

from tessera import Kind
from tessera.dialects.simplejwt import AccessToken, RefreshToken, SlidingToken
from tessera.engine.signing.keys import signing_key
from tessera.format import jwt
from tessera.models import Grant
from tests.credentials import PAIR
from tests.dialects.hostile import WORLDS
from tests.dialects.simplejwt.test_contract import ADA, CHALLENGE, MINUTE
from tests.dialects.simplejwt.views import whoami
from tests.forging import payload

pytestmark = pytest.mark.django_db(transaction=True)

WRONG, INVALID, EXPIRED = "Token has wrong type", "Token is invalid", "Token is expired"
BOTH = {"AUTH_TOKEN_CLASSES": tuple(f"rest_framework_simplejwt.tokens.{name}Token" for name in ("Access", "Sliding"))}


@pytest.fixture
def tokens(user, hand_out):
    """One of each kind."""
    refresh, native = RefreshToken.for_user(user), hand_out(**PAIR)
    return {
        "access": str(refresh.access_token),
        "refresh": str(refresh),
        "sliding": str(SlidingToken.for_user(user)),
        "an access token alone": str(AccessToken.for_user(user)),
        "native access": native.secret,
        "native refresh": native.refresh_secret,
        "the refresh token within": payload(str(refresh))["refresh_token"],
        "personal": hand_out(kind=Kind.PERSONAL).secret,
        "letter": hand_out(kind=Kind.LETTER).secret,
        "an adopted key": hand_out(kind=Kind.ADOPTED).secret,
        "the row": refresh.grant.pk.hex,
        "the id": refresh["jti"],
    }


DOORS = {
    "view": lambda client, token: whoami(client, f"Bearer {token}"),
    "refresh": lambda client, token: client.post("/api/token/refresh/", {"refresh": token}),
    "verify": lambda client, token: client.post("/api/token/verify/", {"token": token}),
    "blacklist": lambda client, token: client.post("/api/token/blacklist/", {"refresh": token}),
    "slide": lambda client, token: client.post("/api/sliding/refresh/", {"token": token}),
}
SAID = {
    "access": {"refresh": WRONG, "blacklist": WRONG, "slide": WRONG},
    "refresh": {"view": WRONG, "slide": WRONG},
    "sliding": {"view": WRONG, "refresh": WRONG, "blacklist": WRONG},
    "an access token alone": {"refresh": WRONG, "blacklist": WRONG, "slide": WRONG},
    "native access": {"refresh": INVALID, "blacklist": INVALID, "slide": INVALID},
    "native refresh": {"view": WRONG, "refresh": INVALID, "verify": WRONG, "blacklist": INVALID, "slide": INVALID},
    "the refresh token within": {
        "view": WRONG,
        "refresh": INVALID,
        "verify": WRONG,
        "blacklist": INVALID,
        "slide": INVALID,
    },
    "personal": {"refresh": INVALID, "blacklist": INVALID, "slide": INVALID},
    "letter": {"view": WRONG, "refresh": INVALID, "verify": WRONG, "blacklist": INVALID, "slide": INVALID},
    "an adopted key": dict.fromkeys(DOORS, INVALID),
    "the row": dict.fromkeys(DOORS, INVALID),
    "the id": dict.fromkeys(DOORS, INVALID),
}
"""What each door says that does not open."""


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", SAID)
def test_a_token_opens_the_doors_of_its_kind_and_no_other(client, tokens, kind, door):
    before = list(Grant.objects.values())

    answer = DOORS[door](client, tokens[kind])

    said = SAID[kind].get(door)
    if said is None:
        assert answer.status_code == 200
        return
    body = answer.json()
    assert (answer.status_code, answer["WWW-Authenticate"], body["code"]) == (401, CHALLENGE, "token_not_valid")
    assert (body["messages"][0]["message"] if door == "view" else body["detail"]) == said
    assert list(Grant.objects.values()) == before


def test_where_a_site_takes_both_a_sliding_token_opens_a_view(settings, client, tokens):
    settings.SIMPLE_JWT = BOTH

    answers = {name: whoami(client, f"Bearer {tokens[name]}") for name in ("access", "sliding", "refresh")}

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "access": 200,
        "sliding": 200,
        "refresh": 401,
    }
    assert answers["sliding"].json()["auth"] == "SlidingToken"
    assert [each["message"] for each in answers["refresh"].json()["messages"]] == [WRONG, WRONG]


def test_a_token_of_the_wrong_type_costs_no_query(client, tokens, django_assert_num_queries):
    whoami(client, f"Bearer {tokens['access']}")

    for kind, door in [("refresh", "view"), ("access", "refresh"), ("sliding", "view"), ("access", "blacklist")]:
        with django_assert_num_queries(0):
            DOORS[door](client, tokens[kind])


def test_one_that_is_forged_is_not_told_its_type(client, tokens):
    forged = tokens["access"][:-4] + "AAAA"

    answer = DOORS["refresh"](client, forged)

    assert answer.json()["detail"] == INVALID


def test_one_that_has_expired_is_told_that_first(client, tokens, clock):
    told = {**payload(tokens["access"]), "exp": int(clock().timestamp()) - 1, "iat": int(clock().timestamp()) - 9}
    over = jwt.sign(told, signing_key(clock(), clock() + MINUTE), "at+jwt")

    assert [DOORS[door](client, over).json()["detail"] for door in ("refresh", "verify", "slide")] == [EXPIRED] * 3


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"token_type": "refresh"}, id="says that it is a refresh token"),
        pytest.param({"token_type": ["access"]}, id="a type that is a list"),
        pytest.param({"token_type": None}, id="a type that is null"),
        pytest.param({"token_type": 5}, id="a type that is a number"),
        pytest.param({"token_type": "Access"}, id="a type in another case"),
    ],
)
def test_what_says_another_type_is_another(client, user, claims, clock):
    """The key is stolen, say, and the row is known."""
    told = {**payload(str(AccessToken.for_user(user))), **claims}
    token = jwt.sign(told, signing_key(clock(), clock() + MINUTE), "at+jwt")

    for door in ("view", "refresh", "blacklist", "slide"):
        assert DOORS[door](client, token).status_code == 401


@pytest.mark.parametrize("user_id", [[], {}, None, "abc", "0", "99", True, 1.5, "2", "\x00"])
def test_for_whom_it_speaks_is_what_its_row_says_whatever_it_claims(client, user, clock, user_id):
    told = {**payload(str(AccessToken.for_user(user))), "user_id": user_id}
    token = jwt.sign(told, signing_key(clock(), clock() + MINUTE), "at+jwt")

    answer = whoami(client, f"Bearer {token}")

    assert (answer.status_code, answer.json()["user"]) == (200, "ada")


OF_ANY_TYPE = {
    "null": None,
    "true": True,
    "zero": 0,
    "a number": 1843,
    "a fraction": 1.5,
    "an empty text": "",
    "spaces": "   ",
    "a list": ["a"],
    "a list in a list": [["a"]],
    "an object": {"$ne": ""},
    "a NUL": "a\x00b",
    "no ASCII": "tökén",
    "half a surrogate pair": "\ud800",
    "a long one": "a" * 9000,
    "dots": "..",
    "many dots": "." * 5000,
    "a header of nothing": "e30.e30.e30",
    "none for an algorithm": "eyJhbGciOiJub25lIn0.e30.",
    "deep JSON": "eyJ" + "W1tb" * 500 + ".e30.AA",
    "a key of authtoken": "401f7ac837da42b97f613d789819ff93537bee6a",
}


@pytest.fixture
def _nothing_is_told_or_written(user, caplog):
    """The oracle that holds for every line here."""
    caplog.set_level(logging.DEBUG)

    yield

    assert not Grant.objects.exists()
    assert ADA["password"] not in caplog.text


@pytest.mark.usefixtures("_nothing_is_told_or_written")
@pytest.mark.parametrize("value", OF_ANY_TYPE.values(), ids=OF_ANY_TYPE)
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/token/refresh/", "refresh"),
        ("/api/token/verify/", "token"),
        ("/api/token/blacklist/", "refresh"),
        ("/api/sliding/refresh/", "token"),
        ("/api/token/", "username"),
        ("/api/token/", "password"),
        ("/api/sliding/", "username"),
    ],
)
def test_a_field_of_any_type_is_answered(client, path, field, value):
    body = {**(ADA if path in {"/api/token/", "/api/sliding/"} else {}), field: value}

    answer = client.post(path, json.dumps(body), content_type="application/json")

    assert answer.status_code in {400, 401}
    assert answer.status_code == 400 or answer["WWW-Authenticate"] == CHALLENGE
    assert isinstance(answer.json(), dict)


@pytest.mark.usefixtures("_nothing_is_told_or_written")
@pytest.mark.parametrize("path", ["/api/token/", "/api/token/refresh/", "/api/token/verify/", "/api/token/blacklist/"])
@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        pytest.param("application/json", b"null", 400, id="null"),
        pytest.param("application/json", b"[]", 400, id="a list"),
        pytest.param("application/json", b'"x"', 400, id="a text"),
        pytest.param("application/json", b"1e999", 400, id="an infinite number"),
        pytest.param("application/json", b"[" * 50_000, 400, id="deep"),
        pytest.param("application/json", b"\xff", 400, id="no UTF-8"),
        pytest.param("application/json; charset=utf-7", b"{}", 415, id="a strange charset"),
        pytest.param("application/json", b" " * 70_000, 400, id="long"),
        pytest.param("text/plain", b"x", 415, id="another type"),
        pytest.param("application/x-www-form-urlencoded", b"a=1&" * 2_000, 400, id="many fields"),
        pytest.param("multipart/form-data", b"x", 400, id="no boundary"),
    ],
)
def test_a_body_of_any_form_is_answered(client, path, kind, body, status):
    answer = client.generic("POST", path, body, content_type=kind)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "header", ["Bearer \xff\xfe", "Bearer " + "a" * 9000, "Bearer a,Bearer b", "Bearer\xa0a", "Bearer " + "." * 5000]
)
def test_a_header_of_any_form_is_answered(client, db, header):
    answer = whoami(client, header)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == CHALLENGE


THROTTLED = "nobody ever"
"""That one is the site's own will: the peer asks its throttles, and so do we."""


@pytest.mark.parametrize("name", [name for name in WORLDS if name != THROTTLED])
def test_whatever_the_defaults_of_the_site_a_pair_is_made_refreshed_and_ended(user, name):
    with WORLDS[name]() as client:
        pair = client.post("/api/token/", ADA).json()
        answers = [
            client.post("/api/token/verify/", {"token": pair["access"]}),
            client.post("/api/token/refresh/", {"refresh": pair["refresh"]}),
            client.post("/api/token/blacklist/", {"refresh": pair["refresh"]}),
            client.post("/api/token/refresh/", {"refresh": pair["refresh"]}),
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 401]
    assert answers[-1]["WWW-Authenticate"] == CHALLENGE


def test_a_throttle_of_the_sites_counts_here_too(user):
    with WORLDS[THROTTLED]() as client:
        answer = client.post("/api/token/", ADA)

    assert answer.status_code == 429
    assert not Grant.objects.exists()
