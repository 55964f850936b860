"""What a real server hands on of a request: byte by byte, to a gunicorn."""

from collections.abc import Iterator

import pytest

from tessera.dialects.knox import AuthToken
from tests.sockets import Connection, serving

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "Invalid token header. Token string should not contain"
LOGIN = b'{"username":"ada","password":"lovelace-1843"}'


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[tuple[str, int]]:
    """Its address."""
    with serving() as address:
        yield address


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        pytest.param("Authorization: Token {}\xe9", f"{HEADER} invalid characters.", id="a latin-1 letter"),
        pytest.param("Authorization: Token \xff\xfe", f"{HEADER} invalid characters.", id="no UTF-8"),
        pytest.param("Authorization: Token {}\xff", f"{HEADER} invalid characters.", id="no UTF-8 at the end"),
        pytest.param("Authorization: Token {} x", f"{HEADER} spaces.", id="two words"),
        pytest.param("Authorization: Token {}" + "x" * 7_000, f"{HEADER} invalid characters.", id="7 KB"),
        pytest.param("Authorization: Token \xc3\xa9", "Invalid token.", id="UTF-8, and no ASCII"),
    ],
)
def test_a_header_that_opens_nothing_is_a_401_and_the_next_request_is_served(server, user, line, detail):
    _, token = AuthToken.objects.create(user)

    with Connection(server) as connection:
        connection.send("POST /knox/logout/ HTTP/1.1", line.format(token), "Content-Length: 0")
        refused = connection.answer()
        connection.send("POST /knox/logout/ HTTP/1.1", f"Authorization: Token {token}", "Content-Length: 0")
        served = connection.answer()

    assert (refused.status, refused.json()) == (401, {"detail": detail})
    assert refused.headers["www-authenticate"] == "Token"
    assert token.encode() not in refused.body
    assert (served.status, served.body) == (204, b"")


def test_a_log_in_by_the_body_is_answered_with_a_token_that_works(server, user):
    with Connection(server) as connection:
        connection.send(
            "POST /knox/login/ HTTP/1.1",
            "Content-Type: application/json",
            f"Content-Length: {len(LOGIN)}",
            body=LOGIN,
        )
        answer = connection.answer()
        token = answer.json()["token"]
        connection.send("POST /knox/logoutall/ HTTP/1.1", f"Authorization: token {token}", "Content-Length: 0")
        out = connection.answer()

    assert (answer.status, list(answer.json()), out.status) == (200, ["expiry", "token"], 204)
    assert answer.headers["cache-control"] == "no-store"
    assert AuthToken.objects.count() == 0
