"""The site in `project/` moves by the diff in `docs/how-to/coming-from/simplejwt.md`, with its database and clients.

`tests/test_docs.py` follows that page as its readers do; here an old client asks the site before and after.
"""

import sqlite3
from contextlib import closing
from typing import Any, NamedTuple

import pytest

from tests.moving import Asked, Site, answers, diff_of, served, written_for

PASSWORD = "lovelace-1843"
VISITORS = ("ada", "eve", "bob", "dan")

TICKETS, ME, LOGIN, REFRESH = "/api/tickets/", "/api/me/", "/api/token/", "/api/token/refresh/"
VERIFY, BLACKLIST = "/api/token/verify/", "/api/token/blacklist/"


# `{ada}` is the access token that ada has had since before the move, `{access}` the one that was answered last.
OLD_CLIENT = [
    Asked("GET", TICKETS, "Bearer {ada}"),
    Asked("POST", TICKETS, "Bearer {ada}", {"film": "Metropolis"}),
    Asked("GET", TICKETS, "JWT {ada}"),
    Asked("GET", ME, "Bearer {ada}"),
    Asked("GET", ME),
    Asked("GET", ME, "Bearer"),
    Asked("GET", TICKETS, "Bearer {eve}"),
    Asked("POST", VERIFY, None, {"token": "{ada}"}),
    Asked("POST", VERIFY, None, {"token": "{ada_refresh}"}),
    Asked("POST", VERIFY, None, {"token": "nonsense"}),
    Asked("POST", VERIFY, None, {}),
    Asked("POST", REFRESH, None, {"refresh": "{ada_refresh}"}),
    Asked("GET", TICKETS, "Bearer {access}"),
    Asked("GET", ME, "Bearer {access}"),
    Asked("POST", REFRESH, None, {"refresh": "{refresh}"}),
    Asked("GET", TICKETS, "Bearer {access}"),
    Asked("POST", LOGIN, None, {"username": "ada", "password": PASSWORD}),
    Asked("GET", ME, "JWT {access}"),
    Asked("POST", VERIFY, None, {"token": "{access}"}),
    Asked("POST", REFRESH, None, {"refresh": "{refresh}"}),
    Asked("GET", ME, "Bearer {access}"),
    Asked("POST", LOGIN, None, {"username": "ada"}),
    Asked("POST", REFRESH, None, {"refresh": "{access}"}),
    Asked("POST", REFRESH, None, {"refresh": "nonsense"}),
    Asked("POST", REFRESH, None, {}),
    Asked("GET", TICKETS, "Bearer {refresh}"),
    Asked("POST", BLACKLIST, None, {"refresh": "{eve_refresh}"}),
    Asked("POST", BLACKLIST, None, {"refresh": "{eve_refresh}"}),
    Asked("POST", REFRESH, None, {"refresh": "{eve_refresh}"}),
    Asked("POST", LOGIN, None, {"username": "bob", "password": PASSWORD}),
    Asked("POST", "/api/logout/", "Bearer {access}", {"refresh": "{refresh}"}),
    Asked("POST", REFRESH, None, {"refresh": "{refresh}"}),
    Asked("POST", "/api/logout/", "Bearer {bob}", {"refresh": "nonsense"}),
    Asked("POST", "/api/logout/all/", "Bearer {bob}"),
    Asked("POST", REFRESH, None, {"refresh": "{bob_refresh}"}),
    Asked("POST", "/api/register/", None, {"username": "fay", "password": PASSWORD}),
    Asked("GET", ME, "Bearer {access}"),
    Asked("POST", "/api/register/", None, {"username": "fay", "password": PASSWORD}),
    Asked("GET", TICKETS, "Bearer {dan}"),
    Asked("GET", TICKETS),
    Asked("GET", TICKETS, "Bearer"),
    Asked("GET", TICKETS, "Bearer {dan} {dan}"),
    Asked("GET", TICKETS, "Bearer nonsense"),
    Asked("GET", TICKETS, "Token {dan}"),
    Asked("DELETE", TICKETS, "Bearer {dan}"),
]


INVALID = "Given token not valid for any token type"
UNKNOWN = "No active account found with the given credentials"


class Noticed(NamedTuple):
    """What an old client may notice, because it is a fault of the package: what it says, and what we say."""

    asked: Asked
    fault: str
    before: tuple[int, Any]
    after: tuple[int, Any]


def dead(message: str) -> dict[str, Any]:
    """The body of a 401 at a view of the site."""
    told = {"token_class": "AccessToken", "token_type": "access", "message": message}
    return {"detail": INVALID, "code": "token_not_valid", "messages": [told]}


NOTICED: list[Noticed | Asked] = [
    Noticed(
        Asked("POST", LOGIN, None, {"username": "ada", "password": "wrong"}),
        "J20: each 401 says a code.",
        (401, {"detail": UNKNOWN}),
        (401, {"detail": UNKNOWN, "code": "no_active_account"}),
    ),
    Noticed(
        Asked("GET", ME, "bearer {dan}"),
        "J12: the scheme is in any letter case.",
        (200, {"username": None}),
        (200, {"username": "dan", "name": "", "type": "access"}),
    ),
    Asked("POST", REFRESH, None, {"refresh": "{dan_refresh}"}),
    Noticed(
        Asked("POST", REFRESH, None, {"refresh": "{dan_refresh}"}),
        "J3: two tabs that refresh at once get the same pair.",
        (401, {"detail": "Token is blacklisted", "code": "token_not_valid"}),
        (200, {"access": "…", "refresh": "…"}),
    ),
    Asked("POST", LOGIN, None, {"username": "eve", "password": PASSWORD}),
    Asked("POST", BLACKLIST, None, {"refresh": "{refresh}"}),
    Noticed(
        Asked("GET", TICKETS, "Bearer {access}"),
        "J9: an access token ends with its sign-in.",
        (200, []),
        (401, dead("Token is blacklisted")),
    ),
    Noticed(
        Asked("POST", VERIFY, None, {"token": "{refresh}"}),
        "J8: what has ended is answered as everywhere.",
        (400, {"non_field_errors": ["Token is blacklisted"]}),
        (401, {"detail": "Token is blacklisted", "code": "token_not_valid"}),
    ),
]


@pytest.fixture(scope="module")
def on_the_peer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, dict[str, str]]:
    """The site before it moves, and the tokens that the peer has made for its visitors."""
    site, known = written_for("simplejwt", tmp_path_factory.mktemp("peer") / "project"), dict[str, str]()
    site.manage("migrate")
    with site.served() as client:
        for visitor in VISITORS:
            client.ask(Asked("POST", "/api/register/", None, {"username": visitor, "password": PASSWORD}))
            known |= {visitor: client.known["access"], f"{visitor}_refresh": client.known["refresh"]}
    return site, known


@pytest.fixture(scope="module")
def moved(on_the_peer: tuple[Site, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A copy of it, with its database, that the page has moved."""
    site = on_the_peer[0].copied(tmp_path_factory.mktemp("moved") / "project")
    site.patched(diff_of("simplejwt"))
    site.manage("migrate")
    site.manage("tessera", "adopt", "simplejwt")
    assert f"the same: {len(VISITORS)}," in site.manage("tessera", "adopt", "simplejwt", "--verify")
    return site


@served
def test_the_site_is_whole_before_it_moves(tmp_path):
    site = written_for("simplejwt", tmp_path / "project")

    told = site.manage("test")

    assert "OK" in told


@served
def test_an_old_client_does_not_notice_the_move(on_the_peer, moved, tmp_path):
    site, known = on_the_peer
    sites = site.copied(tmp_path / "peer"), moved.copied(tmp_path / "moved")

    before, after = (answers(each, known, OLD_CLIENT) for each in sites)

    assert after == before
    assert {answer.status for answer in before} == {200, 201, 205, 400, 401, 405}


@served
def test_save_for_what_was_a_fault(on_the_peer, moved, tmp_path):
    site, known = on_the_peer
    sites = site.copied(tmp_path / "peer"), moved.copied(tmp_path / "moved")
    asked = [each.asked if isinstance(each, Noticed) else each for each in NOTICED]

    before, after = (answers(each, known, asked) for each in sites)

    told = [((old.status, old.body), (new.status, new.body)) for old, new in zip(before, after, strict=True)]
    wanted = [each[2:] if isinstance(each, Noticed) else None for each in NOTICED]
    assert [pair for pair, want in zip(told, wanted, strict=True) if want] == [want for want in wanted if want]
    assert all(old == new for (old, new), want in zip(told, wanted, strict=True) if not want)


@served
def test_after_the_finish_no_file_of_the_database_holds_a_refresh_token(moved, tmp_path):
    site = moved.copied(tmp_path / "project")
    with closing(sqlite3.connect(site.folder / "db.sqlite3")) as database:
        kept = dict(database.execute(KEPT))
    assert site.readable(kept) == sorted(VISITORS)

    site.manage("tessera", "adopt", "simplejwt", "--finish")

    assert site.readable(kept) == []


KEPT = """
SELECT username, token FROM token_blacklist_outstandingtoken JOIN auth_user ON auth_user.id = user_id
"""
"""The package keeps a token as it was before the site added its claims, and that opens as much."""
