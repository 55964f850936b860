"""Whatever a stranger sends for a body: an answer in JSON that says nothing of what was sent, and nothing written.

What all endpoints refuse alike is refused in full detail in the tests of the authtoken dialect.
"""

import gzip
import json
import logging
from urllib.parse import urlencode

import pytest

from tessera import Kind
from tessera.models import Grant

LOGIN, REFRESH, LOGOUT = "/auth/login/", "/auth/refresh/", "/auth/logout/"
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"

TOO_LONG = {"detail": "The body is too long.", "code": "parse_error"}
UNREADABLE = {"detail": "The body cannot be read.", "code": "parse_error"}
TOO_DEEP = {"detail": "JSON parse error - nested too deeply", "code": "parse_error"}
NO_TEXT, REQUIRED = "Not a valid string.", "This field is required."


@pytest.fixture
def sent(hand_out):
    """The secrets of a live sign-in, put into what is sent."""
    issued = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    return {"username": "ada", "password": "lovelace-1843", "refresh_token": issued.refresh_secret}


@pytest.fixture(autouse=True)
def _nothing_is_told_or_written(sent, caplog):
    """The oracle that holds for every line here."""
    before = list(Grant.objects.values())
    caplog.set_level(logging.DEBUG)

    yield

    assert list(Grant.objects.values()) == before
    assert not [secret for secret in (sent["password"], sent["refresh_token"]) if secret in caplog.text]


def refused(answer, sent, status, body):
    assert (answer.status_code, answer.json(), answer["Content-Type"]) == (status, body, "application/json")
    assert not [secret for secret in (sent["password"], sent["refresh_token"]) if secret in answer.content.decode()]


UNREAD = [
    pytest.param(JSON, lambda sent: b"[" * 60_000, TOO_DEEP, id="thousands of lists in each other"),
    pytest.param(JSON, lambda sent: b'{"":' * 16_000, TOO_DEEP, id="thousands of objects in each other"),
    pytest.param(JSON, lambda sent: b'{"refresh_token": "' + b"a" * 5_000_000, TOO_LONG, id="5 MB JSON"),
    pytest.param(FORM, lambda sent: urlencode({**sent, "label": "a" * 1_000_000}).encode(), TOO_LONG, id="1 MB label"),
    pytest.param(
        FORM, lambda sent: b"a=1&" * 10_000 + urlencode(sent).encode(), UNREADABLE, id="10,000 fields of a form"
    ),
    pytest.param(
        MULTIPART,
        lambda sent: b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n1\r\n' * 110 + b"--x--\r\n",
        UNREADABLE,
        id="110 files",
    ),
]


@pytest.mark.parametrize("path", [LOGIN, REFRESH, LOGOUT])
@pytest.mark.parametrize(("content_type", "body", "expected"), UNREAD)
def test_a_body_that_is_too_much_is_a_400(client, sent, path, content_type, body, expected):
    answer = client.generic("POST", path, body(sent), content_type=content_type)

    refused(answer, sent, 400, expected)


@pytest.mark.parametrize("path", [LOGIN, REFRESH, LOGOUT])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda sent: urlencode(sent).encode(), id="form that says it is JSON"),
        pytest.param(lambda sent: json.dumps(sent).encode()[:-1], id="cut short"),
        pytest.param(lambda sent: b'{"refresh_token": ' + b"1" * 5_000 + b"}", id="5,000 digits"),
        pytest.param(lambda sent: b'{"refresh_token": NaN}', id="not a number"),
        pytest.param(lambda sent: b'{"refresh_token": "\xff\xfe"}', id="no UTF-8"),
        pytest.param(lambda sent: json.dumps(sent).encode("utf-16"), id="UTF-16 that does not say so"),
        pytest.param(lambda sent: gzip.compress(json.dumps(sent).encode()), id="packed"),
    ],
)
def test_json_that_cannot_be_read_is_a_400_that_echoes_nothing(client, sent, path, body):
    answer = client.generic("POST", path, body(sent), content_type=JSON)

    detail = answer.json()["detail"]
    assert detail.startswith("JSON parse error - ")
    refused(answer, sent, 400, {"detail": detail, "code": "parse_error"})


@pytest.mark.parametrize("path", [LOGIN, REFRESH, LOGOUT])
@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", f"{JSON}; charset=utf-16", ";;;"])
def test_a_body_of_a_type_that_nobody_reads_here_is_a_415(client, sent, path, content_type):
    answer = client.generic("POST", path, json.dumps(sent).encode(), content_type=content_type)

    detail = f'Unsupported media type "{content_type}" in request.'
    refused(answer, sent, 415, {"detail": detail, "code": "unsupported_media_type"})


@pytest.mark.parametrize("path", [LOGIN, REFRESH, LOGOUT])
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        pytest.param(b"null", "No data provided", id="null"),
        pytest.param(b"[]", "Invalid data. Expected a dictionary, but got list.", id="list"),
        pytest.param(b'"x"', "Invalid data. Expected a dictionary, but got str.", id="string"),
        pytest.param(b"1e999", "Invalid data. Expected a dictionary, but got float.", id="infinite number"),
        pytest.param(b"true", "Invalid data. Expected a dictionary, but got bool.", id="true"),
    ],
)
def test_json_that_is_no_object_is_a_400(client, sent, path, body, complaint):
    answer = client.generic("POST", path, body, content_type=JSON)

    refused(answer, sent, 400, {"non_field_errors": [complaint]})


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        pytest.param("null", "This field may not be null.", id="null"),
        pytest.param("true", NO_TEXT, id="true"),
        pytest.param("[]", NO_TEXT, id="list"),
        pytest.param('{"$ne": ""}', NO_TEXT, id="query operator"),
        pytest.param('[["a"]]', NO_TEXT, id="lists in each other"),
        pytest.param('""', "This field may not be blank.", id="blank"),
        pytest.param(r'"a\u0000"', "Null characters are not allowed.", id="nul"),
        pytest.param(r'"\ud800"', "Surrogate characters are not allowed: U+D800.", id="half a surrogate pair"),
        pytest.param(
            f'"{"a" * 4_097}"', "Ensure this field has no more than 4096 characters.", id="longer than any token"
        ),
    ],
)
def test_what_can_be_no_token_is_a_400(client, sent, path, value, complaint):
    answer = client.generic("POST", path, f'{{"refresh_token": {value}}}'.encode(), content_type=JSON)

    refused(answer, sent, 400, {"refresh_token": [complaint]})


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(JSON, b""), (FORM, b""), (MULTIPART, b""), ("", b""), (JSON, b"{}"), (FORM, b'{"refresh_token": "x"}')],
)
def test_a_body_without_a_token_is_a_400_where_one_is_required(client, sent, content_type, body):
    answer = client.generic("POST", REFRESH, body, content_type=content_type)

    refused(answer, sent, 400, {"refresh_token": [REQUIRED]})
