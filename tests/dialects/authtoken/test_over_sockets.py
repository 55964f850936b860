"""What servers make of a request before Django sees it: byte by byte, to a real gunicorn."""

from collections.abc import Iterator

import pytest

from tests.sockets import Connection, serving

pytestmark = pytest.mark.django_db(transaction=True)

INVALID = {"detail": "Invalid token."}
NOT_PRESENTED = {"detail": "Authentication credentials were not provided."}
SPACES = {"detail": "Invalid token header. Token string should not contain spaces."}
CHARACTERS = {"detail": "Invalid token header. Token string should not contain invalid characters."}
REQUIRED = {"username": ["This field is required."], "password": ["This field is required."]}
LOGIN = b'{"username":"ada","password":"lovelace-1843"}'


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[tuple[str, int]]:
    """Its address."""
    with serving() as address:
        yield address


@pytest.fixture
def connection(server):
    with Connection(server) as connection:
        yield connection


def test_a_live_token_opens_the_door_time_and_again_on_one_connection(connection, hand_out):
    for _ in range(2):
        connection.send("GET /whoami/ HTTP/1.1", f"Authorization: Token {hand_out().secret}")

    answers = [connection.answer(), connection.answer()]

    assert [(answer.status, answer.json()) for answer in answers] == [(200, {"username": "ada"})] * 2


@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        pytest.param(["Authorization: Token {}", "Authorization: Token x"], SPACES, id="two, the first valid"),
        pytest.param(["Authorization: Token x", "Authorization: Token {}"], SPACES, id="two, the last valid"),
        pytest.param(["Authorization: Token {}", "Authorization: Token {}"], SPACES, id="the same twice"),
        pytest.param(["Authorization: Token {}", "authorization: Basic eDp5"], SPACES, id="two schemes"),
        pytest.param(["Authorization: Token {}", "Authorization:"], INVALID, id="and an empty one"),
        pytest.param(["Authorization_: Token {}"], NOT_PRESENTED, id="underscore at the end"),
        pytest.param(["HTTP_AUTHORIZATION: Token {}"], NOT_PRESENTED, id="the name that WSGI gives it"),
        pytest.param(["Proxy-Authorization: Token {}"], NOT_PRESENTED, id="the proxy's"),
        pytest.param(["X-Authorization: Token {}"], NOT_PRESENTED, id="another name"),
        pytest.param(["Authorization: Token {}\xe9"], CHARACTERS, id="a latin-1 letter"),
        pytest.param(["Authorization: Token {}\xff\xfe"], CHARACTERS, id="no UTF-8"),
        pytest.param(["Authorization: Token {}" + "x" * 7_000], CHARACTERS, id="7 KB"),
    ],
)
def test_what_the_server_lets_through_is_a_401_and_the_next_request_is_served(connection, hand_out, lines, detail):
    token = hand_out().secret

    connection.send("GET /whoami/ HTTP/1.1", *(line.format(token) for line in lines))
    connection.send("GET /whoami/ HTTP/1.1", f"Authorization: Token {token}")
    refused, served = connection.answer(), connection.answer()

    assert served.status == 200
    assert (refused.status, refused.json()) == (401, detail)
    assert refused.headers["www-authenticate"].startswith('Bearer realm="api"')
    assert token.encode() not in refused.body


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["Authorization:", " Token {}"], id="folded line"),
        pytest.param(["Authorization: Token", "\t{}"], id="folded line with a tab"),
        pytest.param(["Authorization : Token {}"], id="space before the colon"),
        pytest.param(["Authorization: Token {}\x00"], id="nul"),
        pytest.param(["Authorization: Token {}\rx: y"], id="half a line end"),
        pytest.param(["Authorization: Token {}" + "x" * 8_192], id="8 KiB"),
        pytest.param(["Authorization: Token {}" + "x" * 65_536], id="64 KiB"),
        pytest.param(["Authorization: Token {}\x01"], id="a control character"),
        pytest.param(["Authorization: Token {}\x7f"], id="delete"),
        pytest.param(["Authorization: Token {}\x0b"], id="a vertical tab"),
    ],
)
def test_what_the_server_refuses_never_comes_to_us_and_the_next_client_is_served(server, hand_out, lines):
    token = hand_out().secret

    with Connection(server) as broken, Connection(server) as next_client:
        broken.send("GET /whoami/ HTTP/1.1", *(line.format(token) for line in lines))
        refused = broken.answer()
        next_client.send("GET /whoami/ HTTP/1.1", f"Authorization: Token {token}")
        served = next_client.answer()

    assert 400 <= refused.status < 500
    assert "application/json" not in refused.headers["content-type"]
    assert token.encode() not in refused.body
    assert served.status == 200


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("lines", "body", "status", "told"),
    [
        pytest.param([f"Content-Length: {len(LOGIN)}"], LOGIN, 200, None, id="a body as long as it says"),
        pytest.param(["Content-Length: 0"], b"", 400, REQUIRED, id="no body"),
        pytest.param([], b"", 400, REQUIRED, id="no length"),
        # REST framework reads only what has a length. That the rest of it is no second request is what counts.
        pytest.param(["Transfer-Encoding: chunked"], chunked(LOGIN), 400, REQUIRED, id="chunked"),
        pytest.param(
            ["Transfer-Encoding: chunked"],
            chunked(b"GET /smuggled/ HTTP/1.1\r\nHost: api.example\r\n\r\n"),
            400,
            REQUIRED,
            id="a request in the chunk",
        ),
        pytest.param(
            ["Content-Length: 60000"],
            b"[" * 60_000,
            400,
            {"detail": "JSON parse error - nested too deeply"},
            id="60,000 lists in each other",
        ),
    ],
)
@pytest.mark.usefixtures("user")
def test_a_body_is_read_to_its_end_and_the_next_request_is_served(connection, lines, body, status, told):
    connection.send("POST /api-token-auth/ HTTP/1.1", JSON, *lines, body=body)
    connection.send("GET /whoami/ HTTP/1.1")
    answer, next_answer = connection.answer(), connection.answer()

    assert answer.status == status
    assert list(answer.json()) == ["token"] if told is None else answer.json() == told
    assert answer.headers["cache-control"] == "no-store"
    assert (next_answer.status, next_answer.json()) == (401, NOT_PRESENTED)


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        pytest.param(["Content-Length: 45", "Transfer-Encoding: chunked"], chunked(LOGIN), id="two ways to say it"),
        pytest.param(["Content-Length: 45", "Content-Length: 4"], LOGIN, id="two lengths"),
        pytest.param(["Content-Length: 45, 45"], LOGIN, id="a list of lengths"),
        pytest.param(["Content-Length: -1"], b"", id="negative"),
        pytest.param(["Content-Length: +45"], LOGIN, id="with a sign"),
        pytest.param(["Content-Length: 4_5"], LOGIN, id="as Python writes it"),
    ],
)
def test_a_length_that_is_open_to_doubt_is_a_400_and_nobody_is_signed_in(server, user, lines, body):
    with Connection(server) as connection:
        connection.send("POST /api-token-auth/ HTTP/1.1", JSON, *lines, body=body)
        answer = connection.answer()

    assert answer.status == 400
    assert b"token" not in answer.body


@pytest.mark.parametrize("length", [100_000, 5_000_000])
def test_a_body_too_long_is_a_400_and_the_next_client_is_served(server, user, length):
    with Connection(server) as long_winded, Connection(server) as next_client:
        long_winded.send("POST /api-token-auth/ HTTP/1.1", JSON, f"Content-Length: {length}", body=b"[" * 10)
        refused = long_winded.answer()
        next_client.send("GET /whoami/ HTTP/1.1")
        served = next_client.answer()

    assert (refused.status, refused.json()) == (400, {"detail": "The body is too long."})
    assert served.status == 401


@pytest.mark.parametrize(
    ("request_line", "status", "allowed"),
    [
        pytest.param("HEAD /api-token-auth/new/ HTTP/1.1", 405, "GET, POST, OPTIONS", id="HEAD of new"),
        pytest.param("HEAD /api-token-auth/revoke/ HTTP/1.1", 405, "POST, OPTIONS", id="HEAD of revoke"),
        pytest.param("HEAD /api-token-auth/ HTTP/1.1", 405, "POST, OPTIONS", id="HEAD of obtain"),
        pytest.param("OPTIONS /api-token-auth/new/ HTTP/1.1", 200, "GET, POST, OPTIONS", id="OPTIONS of new"),
        pytest.param("PROPFIND /api-token-auth/new/ HTTP/1.1", 405, "GET, POST, OPTIONS", id="a method nobody knows"),
        pytest.param("post /api-token-auth/revoke/ HTTP/1.1", 400, None, id="a method in lower case"),
    ],
)
def test_a_method_that_changes_nothing_changes_nothing(server, hand_out, request_line, status, allowed):
    method = request_line.split()[0]
    token = f"Authorization: Token {hand_out().secret}"

    with Connection(server) as connection, Connection(server) as next_client:
        connection.send(request_line, token)
        answer = connection.answer(method)
        next_client.send("GET /whoami/ HTTP/1.1", token)
        served = next_client.answer()

    assert (answer.status, answer.headers.get("allow")) == (status, allowed)
    assert method != "HEAD" or answer.body == b""
    assert served.status == 200
