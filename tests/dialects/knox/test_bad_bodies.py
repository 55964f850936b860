"""Whatever a stranger sends for a body, and whatever the site's defaults are: an answer, and nothing written."""

import gzip
import json
import logging
from urllib.parse import urlencode

import pytest

from tessera.drf.parsers import LONGEST
from tessera.models import Grant
from tests.dialects.knox.test_contract import ADA, BASIC, rest_framework

LOGIN, LOGOUT, LOGOUT_ALL = "/knox/login/", "/knox/logout/", "/knox/logoutall/"
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
PASSWORD = ADA["password"]
BY_BASIC = "rest_framework.authentication.BasicAuthentication"

NOT_PRESENTED = {"detail": "Authentication credentials were not provided."}
NO_TEXT = {"username": ["Not a valid string."], "password": ["Not a valid string."]}
NULS = {key: ["Null characters are not allowed."] for key in ADA}
UNABLE = {"non_field_errors": ["Unable to log in with provided credentials."]}
TOO_LONG = {"detail": "The body is too long."}
UNREADABLE = {"detail": "The body cannot be read."}
TOO_DEEP = {"detail": "JSON parse error - nested too deeply"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_told_or_written(user, caplog):
    """The oracle that holds for every line here."""
    before = Grant.objects.count()
    caplog.set_level(logging.DEBUG)

    with rest_framework(BY_BASIC):
        yield

    assert Grant.objects.count() == before
    assert PASSWORD not in caplog.text


def part(name: str, value: str, more: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(JSON, b"", id="empty JSON"),
        pytest.param(FORM, b"", id="empty form"),
        pytest.param("", b"", id="of no type"),
        pytest.param(JSON, b"null", id="null"),
        pytest.param(JSON, b"[]", id="an empty list"),
        pytest.param(JSON, json.dumps([ADA]).encode(), id="a list of the right thing"),
        pytest.param(JSON, b'"username"', id="a text"),
        pytest.param(JSON, b"1e999", id="an infinite number"),
        pytest.param(JSON, b"true", id="true"),
        pytest.param(JSON, b'{"user": "ada"}', id="other names"),
        pytest.param(FORM, json.dumps(ADA).encode(), id="JSON that says it is a form"),
        pytest.param(FORM, urlencode({"user_id": "1", "is_staff": "1"}).encode(), id="what would be nice to have"),
    ],
)
def test_a_body_that_says_nothing_of_who_it_is_is_as_good_as_none(client, content_type, body):
    answer = client.generic("POST", LOGIN, body, content_type=content_type)

    assert (answer.status_code, answer.json()) == (401, NOT_PRESENTED)
    assert answer["WWW-Authenticate"] == 'Basic realm="api"'


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        pytest.param(JSON, b'{"username": [], "password": {}}', NO_TEXT, id="empty containers"),
        pytest.param(JSON, b'{"username": [["ada"]], "password": {"$ne": ""}}', NO_TEXT, id="query operators"),
        pytest.param(JSON, b'{"username": true, "password": false}', NO_TEXT, id="booleans"),
        pytest.param(JSON, b'{"username": 123, "password": 1.5}', UNABLE, id="numbers, which are read as text"),
        pytest.param(JSON, rb'{"username": "ada\u0000", "password": "lovelace-1843\u0000"}', NULS, id="nul in JSON"),
        pytest.param(FORM, b"username=ada%00&password=lovelace-1843%00", NULS, id="nul in a form"),
        pytest.param(
            JSON,
            rb'{"username": "\ud800", "password": "\udfff"}',
            {
                "username": ["Surrogate characters are not allowed: U+D800."],
                "password": ["Surrogate characters are not allowed: U+DFFF."],
            },
            id="half a surrogate pair",
        ),
        pytest.param(FORM, b"username=%ff%fe&password=%ff", UNABLE, id="no UTF-8 in a form"),
        pytest.param(
            FORM,
            urlencode({"username": "a" * 1_025, "password": "b" * 4_097}).encode(),
            {
                "username": ["Ensure this field has no more than 1024 characters."],
                "password": ["Ensure this field has no more than 4096 characters."],
            },
            id="longer than a name and a password are",
        ),
        pytest.param(JSON, b"[" * 60_000, TOO_DEEP, id="thousands of lists in each other"),
        pytest.param(FORM, urlencode({**ADA, "password": "b" * 1_000_000}).encode(), TOO_LONG, id="1 MB password"),
        pytest.param(JSON, b'{"username": "' + b"a" * 5_000_000, TOO_LONG, id="5 MB JSON"),
        pytest.param(MULTIPART, part("file", "x" * 5_000_000, '; filename="x"'), TOO_LONG, id="5 MB file"),
        pytest.param(FORM, b"a=1&" * 10_000 + urlencode(ADA).encode(), UNREADABLE, id="10,000 fields of a form"),
        pytest.param(MULTIPART, part("a", "1") * 1_100 + b"--x--\r\n", UNREADABLE, id="1,100 fields of a multipart"),
        pytest.param(
            MULTIPART,
            part("username", "ada") + part("password", PASSWORD, '; filename="p"') + b"--x--\r\n",
            {"password": ["Not a valid string."]},
            id="a file for a password",
        ),
    ],
)
def test_a_body_that_says_it_wrongly_is_a_400(client, content_type, body, expected):
    answer = client.generic("POST", LOGIN, body, content_type=content_type)

    assert (answer.status_code, answer.json()) == (400, expected)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"username": "ada", "password": "lovelace-1843"', id="cut short"),
        pytest.param(b'{"username": ' + b"1" * 5_000 + b', "password": "lovelace-1843"}', id="5,000 digits"),
        pytest.param(b'{"username": NaN, "password": "lovelace-1843"}', id="not a number"),
        pytest.param(b'{"username": "\xff\xfe", "password": "lovelace-1843"}', id="no UTF-8"),
        pytest.param(json.dumps(ADA).encode("utf-16"), id="UTF-16 that does not say so"),
        pytest.param(gzip.compress(json.dumps(ADA).encode()), id="packed"),
        pytest.param(b"\x00", id="nul"),
    ],
)
def test_json_that_cannot_be_read_is_a_400_that_echoes_nothing(client, body):
    answer = client.generic("POST", LOGIN, body, content_type=JSON)

    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert PASSWORD not in answer.content.decode()


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", f"{JSON}; charset=utf-7"])
def test_a_body_of_a_type_that_nobody_reads_here_is_a_415(client, content_type):
    answer = client.generic("POST", LOGIN, json.dumps(ADA).encode(), content_type=content_type)

    assert answer.status_code == 415


@pytest.mark.parametrize("authorization", [BASIC, None])
def test_a_body_that_is_longer_than_any_log_in_is_not_read(client, authorization):
    sent = {"Authorization": authorization} if authorization else {}

    answer = client.generic("POST", LOGIN, b" " * (LONGEST + 1), content_type=JSON, headers=sent)

    assert (answer.status_code, answer.json()) == (400, TOO_LONG)


@pytest.mark.parametrize("path", [LOGOUT, LOGOUT_ALL])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(JSON, b"[" * 60_000, id="deep"),
        pytest.param(JSON, b"\xff", id="no UTF-8"),
        pytest.param(FORM, b"a=1&" * 10_000, id="10,000 fields"),
        pytest.param("multipart/form-data", b"--x", id="no boundary"),
        pytest.param("application/xml", b"<a/>", id="XML"),
    ],
)
def test_where_only_the_header_counts_no_body_is_read(client, user, path, content_type, body):
    answer = client.generic("POST", path, body, content_type=content_type)

    assert (answer.status_code, answer.json()) == (401, NOT_PRESENTED)
    assert answer["WWW-Authenticate"] == "Token"
