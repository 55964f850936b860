"""What stands in the `Authorization` header: one door for what we minted, and one answer for all the rest."""

import secrets
import tracemalloc
from base64 import b64encode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from tessera import Purpose
from tessera.drf.authentication import TokenAuthentication
from tessera.engine.keyring import keyring
from tessera.format.opaque import mint

NOT_PRESENTED = "Authentication credentials were not provided."
INVALID = "Invalid token."
NOTHING = "Invalid token header. No credentials provided."
SPACES = "Invalid token header. Token string should not contain spaces."
CHARACTERS = "Invalid token header. Token string should not contain invalid characters."

NOT_OURS = 'Bearer realm="api"'
REFUSED = 'Bearer realm="api", error="invalid_token"'


def latin(value: str) -> str:
    """The bytes that a browser would send, as WSGI hands them on."""
    return value.encode().decode("latin-1")


def basic(credentials: str) -> str:
    return f"Basic {b64encode(credentials.encode()).decode()}"


@pytest.mark.parametrize(
    "dress",
    [
        pytest.param("Bearer {}", id="bearer"),
        pytest.param("Token {}", id="token"),
        pytest.param("bearer {}", id="lower case"),
        pytest.param("BEARER {}", id="upper case"),
        pytest.param("tOkEn {}", id="mixed case"),
        pytest.param("Bearer  {}", id="two spaces"),
        pytest.param("Bearer\t{}", id="a tab"),
        pytest.param(" Bearer {} ", id="white space around"),
    ],
)
def test_a_live_token_opens_the_door_with_one_query(client, hand_out, django_assert_num_queries, dress):
    header = dress.format(hand_out().secret)

    with django_assert_num_queries(1):
        answer = client.get("/whoami/", headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (200, {"username": "ada"})


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(lambda token: "", id="empty"),
        pytest.param(lambda token: token, id="no scheme"),
        pytest.param(lambda token: f"Basic {token}", id="basic with a token for base64"),
        pytest.param(lambda token: "Basic YWRhOmxvdmVsYWNlLTE4NDM=", id="basic with the right password"),
        pytest.param(lambda token: basic(f"ada:{token}"), id="basic with the token for a password"),
        pytest.param(lambda token: basic(f"{token}:"), id="basic with the token for a name"),
        pytest.param(basic, id="basic without a colon"),
        pytest.param(lambda token: f"Basic !{token}!", id="basic with what is no base64"),
        pytest.param(lambda token: f"Digest {token}", id="digest"),
        pytest.param(lambda token: f"Negotiate {token}", id="negotiate"),
        pytest.param(lambda token: f"Foo {token}", id="unknown scheme"),
        pytest.param(lambda token: f"Bearer: {token}", id="scheme with a colon"),
        pytest.param(lambda token: f"Bearer{token}", id="no space"),
        pytest.param(lambda token: f"Bearer\xa0{token}", id="no-break space"),
        pytest.param(lambda token: latin(f"Bearer\u3000{token}"), id="ideographic space"),
        pytest.param(lambda token: latin(f"B\u0435\u0430rer {token}"), id="cyrillic look-alike"),
        pytest.param(lambda token: f"Bearer,{token}", id="comma for a space"),
        pytest.param(lambda token: "x" * 1_000_000, id="a million letters of another scheme"),
    ],
)
def test_another_scheme_is_nobody_to_us(client, hand_out, django_assert_num_queries, header):
    value = header(hand_out().secret)

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": value})

    assert (answer.status_code, answer.json()) == (401, {"detail": NOT_PRESENTED})
    assert answer["WWW-Authenticate"] == NOT_OURS


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        pytest.param(lambda token: "Bearer", NOTHING, id="bearer alone"),
        pytest.param(lambda token: "Token", NOTHING, id="token alone"),
        pytest.param(lambda token: "Bearer   ", NOTHING, id="bearer and spaces"),
        pytest.param(lambda token: "Bearer a b", SPACES, id="two words"),
        pytest.param(lambda token: f"Bearer {token} {token}", SPACES, id="the token twice"),
        pytest.param(lambda token: f"Bearer Bearer {token}", SPACES, id="the scheme twice"),
        pytest.param(lambda token: f"Bearer {token}, Bearer zzz", SPACES, id="two headers joined, valid first"),
        pytest.param(lambda token: f"Bearer zzz, Bearer {token}", SPACES, id="two headers joined, valid last"),
        pytest.param(lambda token: f"Bearer {token},Bearer {token}", SPACES, id="two headers joined, the same"),
        pytest.param(lambda token: f"Bearer\r\n {token}", CHARACTERS, id="folded line"),
        pytest.param(lambda token: f"Bearer {token}\n", CHARACTERS, id="a newline at the end"),
        pytest.param(lambda token: f"Bearer {token}\x00", CHARACTERS, id="nul at the end"),
        pytest.param(lambda token: f"Bearer {token}\x0b", CHARACTERS, id="vertical tab at the end"),
        pytest.param(lambda token: "Bearer \xff\xfe", CHARACTERS, id="no UTF-8"),
        pytest.param(lambda token: f"Bearer {token}\xe9", CHARACTERS, id="latin-1 letter"),
        pytest.param(lambda token: "Bearer " + "x" * 8_192, CHARACTERS, id="8 KiB"),
        pytest.param(lambda token: "Bearer " + "x" * 65_536, CHARACTERS, id="64 KiB"),
        pytest.param(lambda token: "Bearer " + "x" * 1_048_576, CHARACTERS, id="1 MiB"),
        pytest.param(lambda token: f"Bearer {token}" + " " * 8_192, CHARACTERS, id="a token and 8 KiB of spaces"),
    ],
)
def test_a_header_that_carries_no_single_credential_says_what_is_wrong_with_it(
    client, hand_out, django_assert_num_queries, header, detail
):
    value = header(hand_out().secret)

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": value})

    assert (answer.status_code, answer.json()) == (401, {"detail": detail})
    assert answer["WWW-Authenticate"] == REFUSED


def one_letter_off(token: str) -> str:
    return token[:-1] + ("0" if token[-1] != "0" else "1")


def transposed(token: str) -> str:
    place = next(i for i in range(40, len(token) - 1) if token[i] != token[i + 1])
    return token[:place] + token[place + 1] + token[place] + token[place + 2 :]


def case_flipped(token: str) -> str:
    place = next(i for i in range(40, len(token)) if token[i].isalpha())
    return token[:place] + token[place].swapcase() + token[place + 1 :]


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda token: f'"{token}"', id="in quotes"),
        pytest.param(lambda token: f"<{token}>", id="in angle brackets"),
        pytest.param(lambda token: f"{token},", id="trailing comma"),
        pytest.param(lambda token: f"{token};", id="trailing semicolon"),
        pytest.param(lambda token: f"{token}=", id="padded"),
        pytest.param(lambda token: f"{token}%00", id="percent-encoded nul"),
        pytest.param(lambda token: f"{token}%0d%0a", id="percent-encoded line end"),
        pytest.param(lambda token: latin(f"{token}\U0001f511"), id="emoji"),
        pytest.param(
            lambda token: latin(token.translate({c: c + 0xFEE0 for c in range(0x30, 0x7B)})), id="full-width letters"
        ),
        pytest.param(lambda token: latin(token.replace("0", "\u0660")), id="arabic digits"),
        pytest.param(lambda token: latin(token + "\u0301"), id="combining mark"),
        pytest.param(lambda token: f"{token}\u0130", id="what is no latin-1 at all"),
        pytest.param(one_letter_off, id="one letter of the tag"),
        pytest.param(transposed, id="two letters transposed"),
        pytest.param(case_flipped, id="one letter in the other case"),
        pytest.param(str.upper, id="upper case"),
        pytest.param(str.lower, id="lower case"),
        pytest.param(lambda token: token.replace("tsrp", "tsra"), id="dressed as another purpose"),
        pytest.param(lambda token: token.replace("tsrp", "xyzp"), id="another site's prefix"),
        pytest.param(lambda token: token[5:], id="no prefix"),
        pytest.param(lambda token: token[:15], id="its first fifteen characters"),
        pytest.param(lambda token: token[:15] + "0" * (len(token) - 15), id="its first fifteen, then noughts"),
        pytest.param(lambda token: "0123456789abcdef0123456789abcdef01234567", id="a key of the peer"),
        pytest.param(lambda token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", id="a JWT without signature"),
        pytest.param(lambda token: "'OR(1=1)--", id="SQL"),
    ],
)
def test_what_was_not_minted_here_is_refused_without_a_query(client, hand_out, django_assert_num_queries, spoilt):
    token = hand_out().secret
    value = spoilt(token)
    assert value != token

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": f"Bearer {value}"})

    assert (answer.status_code, answer.json()) == (401, {"detail": INVALID})
    assert answer["WWW-Authenticate"] == REFUSED


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - TokenAuthentication.accept))
def test_a_secret_of_another_purpose_is_refused_without_a_query(client, hand_out, django_assert_num_queries, purpose):
    grant = hand_out().grant
    secret, _ = mint("tsr", purpose, grant.pk, secrets.token_bytes(32), keyring()[0])

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": f"Bearer {secret}"})

    assert (answer.status_code, answer.json()) == (401, {"detail": INVALID})


def test_a_query_string_and_a_body_carry_no_credential(client, hand_out):
    token = hand_out().secret

    answers = [
        client.get(f"/whoami/?access_token={token}&token={token}&auth_token={token}"),
        client.post("/whoami/", {"access_token": token, "token": token}),
    ]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, {"detail": NOT_PRESENTED})] * 2


def test_beside_a_header_the_query_string_is_ignored(client, hand_out):
    answer = client.get("/whoami/?access_token=zzz", headers={"Authorization": f"Bearer {hand_out().secret}"})

    assert answer.status_code == 200


def test_a_hundred_tokens_that_were_not_minted_here_cost_no_query(client, hand_out, django_assert_num_queries):
    token = hand_out().secret
    chance = [token[:-16] + secrets.token_hex(8) for _ in range(100)]

    with django_assert_num_queries(0):
        statuses = {client.get("/whoami/", headers={"Authorization": f"Bearer {each}"}).status_code for each in chance}

    assert statuses == {401}


def test_a_rejected_credential_writes_nothing(client, hand_out, user):
    issued = hand_out()
    type(user).objects.filter(pk=user.pk).update(is_active=False)

    with CaptureQueriesContext(connection) as queries:
        client.get("/whoami/", headers={"Authorization": f"Bearer {issued.secret}"})

    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}


def test_a_giant_header_handed_straight_to_the_authenticator_costs_no_memory():
    request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION="Bearer " + "x" * 5_000_000))
    authenticator = TokenAuthentication()

    tracemalloc.start()
    try:
        with pytest.raises(AuthenticationFailed):
            authenticator.authenticate(request)
        authenticator.authenticate_header(request)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 200_000
