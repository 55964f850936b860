"""Whatever a stranger sends for a body: an answer in JSON that says nothing of what was sent, and nothing written."""

import gzip
import json
import logging
from urllib.parse import urlencode

import pytest

from tessera.drf.parsers import LONGEST
from tessera.models import Grant

OBTAIN, NEW, REVOKE = "/api-token-auth/", "/api-token-auth/new/", "/api-token-auth/revoke/"
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
PASSWORD = "lovelace-1843"
ADA = {"username": "ada", "password": PASSWORD}

REQUIRED = {"username": ["This field is required."], "password": ["This field is required."]}
NO_TEXT = {"username": ["Not a valid string."], "password": ["Not a valid string."]}
NULS = {key: ["Null characters are not allowed."] for key in ADA}
UNABLE = {"non_field_errors": ["Unable to log in with provided credentials."]}
TOO_LONG = {"detail": "The body is too long."}
UNREADABLE = {"detail": "The body cannot be read."}
TOO_DEEP = {"detail": "JSON parse error - nested too deeply"}


def no_dictionary(name: str) -> dict[str, list[str]]:
    return {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {name}."]}


def part(name: str, value: str, more: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


@pytest.fixture(autouse=True)
def _nothing_is_told_or_written(user, caplog):
    """The oracle that holds for every line here."""
    before = Grant.objects.count()
    caplog.set_level(logging.DEBUG)

    yield

    assert Grant.objects.count() == before
    assert PASSWORD not in caplog.text


def refused(answer, status, body):
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer["Content-Type"] == "application/json"
    assert PASSWORD not in answer.content.decode()


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        pytest.param(JSON, b"", REQUIRED, id="empty JSON"),
        pytest.param(FORM, b"", REQUIRED, id="empty form"),
        pytest.param(MULTIPART, b"", REQUIRED, id="empty multipart"),
        pytest.param("", b"", REQUIRED, id="empty of no type"),
        pytest.param(FORM, json.dumps(ADA).encode(), REQUIRED, id="JSON that says it is a form"),
        pytest.param(MULTIPART, urlencode(ADA).encode(), REQUIRED, id="form that says it is multipart"),
        pytest.param(JSON, b"null", {"non_field_errors": ["No data provided"]}, id="null"),
        pytest.param(JSON, b"[]", no_dictionary("list"), id="empty list"),
        pytest.param(JSON, json.dumps([ADA]).encode(), no_dictionary("list"), id="list of the right thing"),
        pytest.param(JSON, b'"x"', no_dictionary("str"), id="string"),
        pytest.param(JSON, b"1", no_dictionary("int"), id="number"),
        pytest.param(JSON, b"1e999", no_dictionary("float"), id="infinite number"),
        pytest.param(JSON, b"true", no_dictionary("bool"), id="true"),
        pytest.param(JSON, b'{"username": [], "password": {}}', NO_TEXT, id="empty containers"),
        pytest.param(JSON, b'{"username": [["ada"]], "password": {"$ne": ""}}', NO_TEXT, id="query operators"),
        pytest.param(JSON, b'{"username": true, "password": false}', NO_TEXT, id="booleans"),
        pytest.param(JSON, b'{"username": 123, "password": 1.5}', UNABLE, id="numbers, which are read as text"),
        pytest.param(JSON, b"[" * 60_000, TOO_DEEP, id="thousands of lists in each other"),
        pytest.param(JSON, b'{"":' * 16_000, TOO_DEEP, id="thousands of objects in each other"),
        pytest.param(
            JSON,
            b'{"username": "ada", "username": "bob", "password": "lovelace-1843"}',
            UNABLE,
            id="a name twice: the last counts",
        ),
        pytest.param(
            JSON,
            rb'{"username": "ada\u0000", "password": "lovelace-1843\u0000"}',
            NULS,
            id="nul in JSON",
        ),
        pytest.param(
            FORM,
            b"username=ada%00&password=lovelace-1843%00",
            NULS,
            id="nul in a form",
        ),
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
        pytest.param(FORM, urlencode({**ADA, "username": "a" * 1_000_000}).encode(), TOO_LONG, id="1 MB name"),
        pytest.param(FORM, urlencode({**ADA, "password": "b" * 1_000_000}).encode(), TOO_LONG, id="1 MB password"),
        pytest.param(JSON, b'{"username": "' + b"a" * 5_000_000, TOO_LONG, id="5 MB JSON"),
        pytest.param(MULTIPART, part("file", "x" * 5_000_000, '; filename="x"'), TOO_LONG, id="5 MB file"),
        pytest.param(FORM, b"a=1&" * 10_000 + urlencode(ADA).encode(), UNREADABLE, id="10,000 fields of a form"),
        pytest.param(MULTIPART, part("a", "1") * 1_100 + b"--x--\r\n", UNREADABLE, id="1,100 fields of a multipart"),
        pytest.param(
            MULTIPART,
            part("f", "1", '; filename="f"') * 110 + b"--x--\r\n",
            UNREADABLE,
            id="110 files",
        ),
        pytest.param(
            MULTIPART,
            part("username", "ada") + part("password", PASSWORD, '; filename="p"') + b"--x--\r\n",
            {"password": ["Not a valid string."]},
            id="a file for a password",
        ),
        pytest.param(
            "multipart/form-data",
            part("username", "ada"),
            {"detail": "Multipart form parse error - Invalid boundary in multipart: None"},
            id="multipart without a boundary",
        ),
        pytest.param(
            JSON,
            b"\xef\xbb\xbf" + json.dumps(ADA).encode(),
            {
                "detail": "JSON parse error - Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)",
            },
            id="byte order mark",
        ),
    ],
)
def test_a_body_that_holds_no_name_and_password_is_a_400(client, content_type, body, expected):
    answer = client.generic("POST", OBTAIN, body, content_type=content_type)

    refused(answer, 400, expected)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(JSON, urlencode(ADA).encode(), id="form that says it is JSON"),
        pytest.param(JSON, b'{"username": "ada", "password": "lovelace-1843"', id="cut short"),
        pytest.param(JSON, b'{"username": ' + b"1" * 5_000 + b', "password": "lovelace-1843"}', id="5,000 digits"),
        pytest.param(JSON, b'{"username": NaN, "password": "lovelace-1843"}', id="not a number"),
        pytest.param(JSON, b'{"username": -Infinity, "password": "lovelace-1843"}', id="minus infinity"),
        pytest.param(JSON, b'{"username": "\xff\xfe", "password": "lovelace-1843"}', id="no UTF-8"),
        pytest.param(JSON, json.dumps(ADA).encode("utf-16"), id="UTF-16 that does not say so"),
        pytest.param(JSON, json.dumps(ADA).encode("utf-32"), id="UTF-32 that does not say so"),
        pytest.param(JSON, gzip.compress(json.dumps(ADA).encode()), id="packed"),
        pytest.param(JSON, b"\x00", id="nul"),
    ],
)
def test_json_that_cannot_be_read_is_a_400_that_echoes_nothing(client, content_type, body):
    answer = client.generic("POST", OBTAIN, body, content_type=content_type, headers={"Content-Encoding": "gzip"})

    detail = answer.json()["detail"]
    assert detail.startswith("JSON parse error - ")
    refused(answer, 400, {"detail": detail})


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("", id="none"),
        pytest.param("/", id="a slash"),
        pytest.param(";;;", id="semicolons"),
        pytest.param("text/plain", id="text"),
        pytest.param("application/xml", id="XML"),
        pytest.param("application/gzip", id="gzip"),
        pytest.param("application/vnd.api+json", id="another JSON"),
        pytest.param(f"{JSON}; charset=utf-16", id="a charset of two bytes a letter"),
        pytest.param(f"{JSON}; charset=utf-7", id="a charset that hides what it says"),
        pytest.param(f"{JSON}; charset=punycode", id="a charset that is slow to decode"),
        pytest.param(f"{JSON}; charset=bz2_codec", id="a charset that unpacks"),
        pytest.param(f"{JSON}; charset=bogus", id="a charset that nobody knows"),
    ],
)
def test_a_body_of_a_type_that_nobody_reads_here_is_a_415(client, content_type):
    answer = client.generic("POST", OBTAIN, json.dumps(ADA).encode(), content_type=content_type)

    refused(answer, 415, {"detail": f'Unsupported media type "{content_type}" in request.'})


def test_a_body_within_a_limit_of_the_sites_own_is_read_and_one_beyond_is_a_400(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 40

    answers = [client.generic("POST", OBTAIN, b'"' + b"x" * n + b'"', content_type=JSON) for n in (38, 39)]

    refused(answers[0], 400, no_dictionary("str"))
    refused(answers[1], 400, UNREADABLE)


def test_the_longest_body_is_read_and_one_byte_more_is_not(client):
    answers = [
        client.generic("POST", OBTAIN, b" " * (n - 2) + b"{}", content_type=JSON) for n in (LONGEST, LONGEST + 1)
    ]

    refused(answers[0], 400, REQUIRED)
    refused(answers[1], 400, TOO_LONG)


@pytest.mark.parametrize("length", ["", "-1", "many", "1e3", "9" * 5_000])
def test_a_length_that_is_no_number_of_bytes_to_read_is_a_400(client, length):
    answer = client.generic("POST", OBTAIN, json.dumps(ADA).encode(), content_type=JSON, CONTENT_LENGTH=length)

    assert answer.status_code == 400


@pytest.mark.parametrize("path", [NEW, REVOKE])
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
def test_where_only_the_header_counts_no_body_is_read(client, path, content_type, body):
    answer = client.generic("POST", path, body, content_type=content_type)

    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
    assert answer["WWW-Authenticate"] == "Token"
