"""What a real server makes of a request: a site without REST framework, behind gunicorn."""

from collections.abc import Iterator

import pytest

from tessera import revoke
from tests.headers import INVALID, NOT_OURS, NOT_PRESENTED, REFUSED, SPACES
from tests.sockets import Connection, serving

pytestmark = pytest.mark.django_db(transaction=True)

CSRF = "c" * 32
TWICE = "Invalid cookie header. There are two cookies of one name."


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[tuple[str, int]]:
    """Its address."""
    with serving(DJANGO_SETTINGS_MODULE="tests.sites.plain") as address:
        yield address


@pytest.fixture
def ask(server):
    """Send a request, and return its answer."""

    def ask(path, *lines, method="GET"):
        with Connection(server) as connection:
            connection.send(f"{method} {path} HTTP/1.1", *lines, "Content-Length: 0")
            return connection.answer()

    return ask


@pytest.mark.parametrize("path", ["/guarded/", "/page/", "/members/"])
@pytest.mark.parametrize("carrier", ["Authorization: Bearer {}", "Cookie: theme=dark; __Host-access={}"])
def test_a_token_opens_every_view(ask, hand_out, path, carrier):
    answer = ask(path, carrier.format(hand_out().secret))

    assert (answer.status, answer.json()) == (200, {"username": "ada"})


@pytest.mark.parametrize("path", ["/guarded/", "/page/"])
def test_in_the_header_it_needs_no_csrf_token_and_in_a_cookie_it_does(ask, hand_out, path):
    secret = hand_out().secret
    cookies = f"Cookie: csrftoken={CSRF}; __Host-access={secret}"

    answers = [
        ask(path, f"Authorization: Bearer {secret}", method="POST"),
        ask(path, cookies, method="POST"),
        ask(path, cookies, f"X-CSRFToken: {CSRF}", method="POST"),
        ask(path, cookies, f"X-CSRFToken: {CSRF}", "Origin: https://elsewhere.example", method="POST"),
    ]

    assert [answer.status for answer in answers] == [200, 403, 200, 403]


@pytest.mark.parametrize("path", ["/guarded/", "/page/"])
@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        pytest.param(["Authorization: Bearer {}", "Authorization: Bearer {}"], SPACES, id="two headers"),
        pytest.param(["Authorization: Bearer {}0"], INVALID, id="a letter too many"),
        pytest.param(["Cookie: __Host-access={}; __Host-access={}"], TWICE, id="two cookies"),
    ],
)
def test_what_cannot_be_read_is_a_401(ask, hand_out, path, lines, detail):
    secret = hand_out().secret

    answer = ask(path, *(line.format(secret, secret) for line in lines))

    assert (answer.status, answer.json(), answer.headers["WWW-Authenticate"]) == (401, {"detail": detail}, REFUSED)
    assert secret.encode() not in answer.body


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="nothing"),
        pytest.param(["Authorization_: Bearer {}"], id="underscore at the end"),
        pytest.param(["HTTP_AUTHORIZATION: Bearer {}"], id="the name that WSGI gives it"),
        pytest.param(["Cookie: \xa0__Host-access={}"], id="a cookie whose name Python would strip"),
        pytest.param(["Cookie: a=b", "Cookie: __Host-access={}"], id="a second header with cookies"),
    ],
)
def test_what_presents_no_token_is_nobody(ask, hand_out, lines):
    sent = [line.format(hand_out().secret) for line in lines]

    guarded, page = ask("/guarded/", *sent), ask("/page/", *sent)

    assert (guarded.status, guarded.json()) == (401, {"detail": NOT_PRESENTED})
    assert guarded.headers["WWW-Authenticate"] == NOT_OURS
    assert (page.status, page.json()) == (200, {"username": ""})


def test_a_token_is_dead_from_the_next_request_on(ask, hand_out):
    issued = hand_out()
    line = f"Authorization: Bearer {issued.secret}"

    before = ask("/members/", line)
    revoke(issued.grant)
    after = ask("/members/", line)

    assert (before.status, after.status, after.json()) == (200, 401, {"detail": INVALID})
