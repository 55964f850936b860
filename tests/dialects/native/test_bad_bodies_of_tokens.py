"""Whatever somebody who is signed in sends for a body: an answer in JSON that echoes nothing, and nothing written."""

import gzip
import json
import logging

import pytest

from tessera.models import Grant
from tests.credentials import PAIR, bearing
from tests.dialects.native.test_bad_bodies import UNREAD

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
SENT = {"label": "x-marks-the-spot", "password": "hunter2-and-more", "refresh_token": "x"}


@pytest.fixture
def phone(hand_out):
    """A sign-in of ada's."""
    return hand_out(**PAIR)


@pytest.fixture(autouse=True)
def _nothing_is_told_or_written(phone, caplog):
    """The oracle that holds for every line here."""
    before = list(Grant.objects.values())
    caplog.set_level(logging.DEBUG)

    yield

    assert list(Grant.objects.values()) == before
    assert not [secret for secret in (phone.secret, SENT["label"], SENT["password"]) if secret in caplog.text]


@pytest.fixture(params=["make one", "name one"])
def send(request, client, phone):
    """What is answered to a body of that type."""
    method, path = {"make one": ("POST", "personal"), "name one": ("PATCH", f"tokens/{phone.grant.pk}")}[request.param]

    def send(body, content_type):
        sent = {"content_type": content_type, "headers": bearing(phone.secret)}
        return client.generic(method, f"/auth/{path}/", body, **sent)

    return send


def refused(answer, status, body):
    assert (answer.status_code, answer.json(), answer["Content-Type"]) == (status, body, "application/json")
    assert answer["Cache-Control"] == "no-store"
    assert SENT["label"] not in answer.content.decode()


@pytest.mark.parametrize(("content_type", "body", "expected"), UNREAD)
def test_a_body_that_is_too_much_is_a_400(send, content_type, body, expected):
    refused(send(body(SENT), content_type), 400, expected)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(SENT).encode()[:-1], id="cut short"),
        pytest.param(b'{"label": "x", "lifetime": ' + b"1" * 5_000 + b"}", id="5,000 digits"),
        pytest.param(b'{"label": "x", "lifetime": NaN}', id="not a number"),
        pytest.param(b'{"label": "x", "lifetime": Infinity}', id="infinity"),
        pytest.param(b'{"label": "\xff\xfe"}', id="no UTF-8"),
        pytest.param(json.dumps(SENT).encode("utf-16"), id="UTF-16 that does not say so"),
        pytest.param(gzip.compress(json.dumps(SENT).encode()), id="packed"),
    ],
)
def test_json_that_cannot_be_read_is_a_400(send, body):
    answer = send(body, JSON)

    detail = answer.json()["detail"]
    assert detail.startswith("JSON parse error - ")
    refused(answer, 400, {"detail": detail, "code": "parse_error"})


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", f"{JSON}; charset=utf-16", ";;;"])
def test_a_body_of_a_type_that_nobody_reads_here_is_a_415(send, content_type):
    detail = f'Unsupported media type "{content_type}" in request.'

    refused(send(json.dumps(SENT).encode(), content_type), 415, {"detail": detail, "code": "unsupported_media_type"})


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
def test_json_that_is_no_object_is_a_400(send, body, complaint):
    refused(send(body, JSON), 400, {"non_field_errors": [complaint]})


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        pytest.param(r'"\ud800"', "Surrogate characters are not allowed: U+D800.", id="half a surrogate pair"),
        pytest.param(r'"a\u0000"', "Null characters are not allowed.", id="nul"),
        pytest.param('[["a"]]', "Not a valid string.", id="lists in each other"),
        pytest.param(f'"{"a" * 60_000}"', "Ensure this field has no more than 100 characters.", id="60,000 letters"),
    ],
)
def test_what_can_be_no_name_is_a_400(send, value, complaint):
    refused(send(f'{{"label": {value}}}'.encode(), JSON), 400, {"label": [complaint]})


@pytest.mark.parametrize(
    ("content_type", "body"), [(JSON, b""), (FORM, b""), (MULTIPART, b""), ("", b""), (JSON, b"{}")]
)
def test_without_a_body_it_is_a_400(send, content_type, body):
    refused(send(body, content_type), 400, {"label": ["This field is required."]})


@pytest.mark.parametrize(
    "value",
    ["1e999", "1e400", '"1e999"', '"P99999999999999999999D"', f'"{"9" * 4_000}"', '"\\ud800"'],
)
def test_a_lifetime_that_was_made_up_is_a_400(client, phone, value):
    body = f'{{"label": "x", "lifetime": {value}}}'.encode()

    answer = client.generic("POST", "/auth/personal/", body, content_type=JSON, headers=bearing(phone.secret))

    assert (answer.status_code, [*answer.json()]) == (400, ["lifetime"])
