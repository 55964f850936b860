"""What a client writes into `X-Forwarded-For`, byte by byte to a real gunicorn, gives it no counter of its own."""

from collections.abc import Iterator

import pytest

from tests.sockets import Connection, serving

pytestmark = pytest.mark.django_db(transaction=True)

WRONG = b'{"username":"ada","password":"wrong"}'
POST = [
    "POST /api-token-auth/ HTTP/1.1",
    "Content-Type: application/json",
    f"Content-Length: {len(WRONG)}",
]

FORGED = [
    pytest.param(["X-Forwarded-For: 203.0.113.{n}"], id="an address"),
    pytest.param(["X-Forwarded-For: 203.0.113.{n}, 203.0.113.{n}, 203.0.113.{n}"], id="many addresses"),
    pytest.param(["X-Forwarded-For: {n}", "x-forwarded-for: 2001:db8:0:{n}::1"], id="two lines"),
    pytest.param(["X_Forwarded_For: 203.0.113.{n}", "X-Forwarded_For: 203.0.113.{n}"], id="underscores"),
    pytest.param(
        ["Forwarded: for=203.0.113.{n}", "X-Real-IP: 203.0.113.{n}", "Client-IP: 203.0.113.{n}"], id="other headers"
    ),
    pytest.param(["X-Forwarded-For: ,,{n}, "], id="empty entries"),
]
BY_PROXIES = {
    None: [],
    0: [],
    1: ["X-Forwarded-For: 198.51.100.{client}"],
    2: ["X-Forwarded-For: 198.51.100.{client}", "X-Forwarded-For: 10.0.0.1"],
}
"""What so many proxies of the site write behind what the client has sent."""


@pytest.fixture(scope="module", params=BY_PROXIES, ids=lambda proxies: f"NUM_PROXIES={proxies}")
def served(request, django_db_setup: None) -> Iterator[tuple[tuple[str, int], list[str]]]:
    """The address of a server behind so many proxies, and what those write."""
    with serving(**({} if request.param is None else {"SERVED_PROXIES": str(request.param)})) as address:
        yield address, BY_PROXIES[request.param]


@pytest.mark.parametrize("forged", FORGED)
def test_whatever_a_client_forges_all_its_attempts_have_one_counter(served, forged):
    address, by_proxies = served

    with Connection(address) as connection:
        statuses = []
        for n in range(1, 14):
            lines = [line.format(n=n, client=7) for line in (*forged, *by_proxies)]
            connection.send(*POST, *lines, body=WRONG)
            statuses.append(connection.answer().status)

    assert statuses == [400] * 10 + [429] * 3


def test_behind_proxies_another_client_has_another_counter(served):
    address, by_proxies = served
    if not by_proxies:
        pytest.skip("without proxies, each connection here comes from the same address")

    with Connection(address) as connection:
        statuses = []
        for client in range(1, 14):
            connection.send(*POST, *(line.format(client=client) for line in by_proxies), body=WRONG)
            statuses.append(connection.answer().status)

    assert statuses == [400] * 13
