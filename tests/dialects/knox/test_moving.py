"""The site in `project/` moves by the diff in `docs/how-to/coming-from/knox.md`, with its database and clients.

`tests/test_docs.py` follows that page as its readers do; here an old client asks the site before and after.
"""

from base64 import b64encode

import pytest

from tests.moving import Asked, Site, answers, diff_of, served, written_for

PASSWORD = "lovelace-1843"
UNKNOWN = "note" + "401f7ac837da42b97f613d789819ff93537bee6a" * 2
WRITERS = ("ada", "eve", "bob")


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


NOTES, LOGIN, FORM, DEVICES = "/api/notes/", "/api/auth/login/", "/api/auth/form-login/", "/api/devices/"

# `{ada}` is the token that ada has had since before the move, `{last}` the one that was answered last.
OLD_CLIENT = [
    Asked("GET", NOTES, "Bearer {ada}"),
    Asked("POST", NOTES, "Bearer {ada}", {"text": "Buy milk"}),
    Asked("GET", NOTES, "Bearer {ada}"),
    Asked("GET", NOTES, "bearer {eve}"),
    Asked("GET", NOTES, "Token {ada}"),
    Asked("GET", DEVICES, "Bearer {ada}"),
    Asked("POST", LOGIN, basic("ada")),
    Asked("GET", NOTES, "Bearer {last}"),
    Asked("GET", NOTES, "Bearer {ada}"),
    Asked("POST", LOGIN, basic("ada", "wrong")),
    Asked("POST", LOGIN),
    Asked("POST", LOGIN, "Bearer {ada}"),
    Asked("GET", LOGIN, basic("ada")),
    Asked("POST", FORM, None, {"username": "ada", "password": PASSWORD}),
    Asked("POST", FORM, None, {"username": "ada", "password": PASSWORD, "remember": "yes"}),
    Asked("POST", FORM, None, {"username": "ada", "password": "wrong"}),
    Asked("POST", FORM, None, {"username": "ada"}),
    Asked("POST", DEVICES, "Bearer {ada}"),
    Asked("GET", DEVICES, "Bearer {last}"),
    Asked("POST", LOGIN, basic("ada")),
    Asked("POST", LOGIN, basic("ada")),
    Asked("POST", "/api/auth/logout/", "Bearer {last}"),
    Asked("GET", NOTES, "Bearer {last}"),
    Asked("POST", "/api/auth/logout/", "Bearer {last}"),
    Asked("GET", NOTES, "Bearer {ada}"),
    Asked("DELETE", DEVICES, "Bearer {ada}"),
    Asked("GET", DEVICES, "Bearer {ada}"),
    Asked("POST", "/api/auth/logoutall/", "Bearer {eve}"),
    Asked("GET", NOTES, "Bearer {eve}"),
    Asked("POST", LOGIN, basic("eve")),
    Asked("GET", DEVICES, "Bearer {last}"),
    Asked("POST", "/api/register/", None, {"username": "fay", "password": PASSWORD}),
    Asked("GET", NOTES, "Bearer {last}"),
    Asked("POST", "/api/register/", None, {"username": "fay", "password": PASSWORD}),
    Asked("GET", NOTES, "Bearer {bob}"),
    Asked("GET", NOTES),
    Asked("GET", NOTES, "Bearer"),
    Asked("GET", NOTES, "Bearer {bob} {bob}"),
    Asked("GET", NOTES, f"Bearer {UNKNOWN}"),
    Asked("DELETE", NOTES, "Bearer {bob}"),
]


@pytest.fixture(scope="module")
def on_the_peer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, dict[str, str]]:
    """The site before it moves, and the tokens that the peer has made for its writers."""
    site, known = written_for("knox", tmp_path_factory.mktemp("peer") / "project"), {}
    site.manage("migrate")
    with site.served() as client:
        for writer in WRITERS:
            client.ask(Asked("POST", "/api/register/", None, {"username": writer, "password": PASSWORD}))
            known[writer] = client.known["last"]
    return site, known


@served
def test_the_site_is_whole_before_it_moves(tmp_path):
    site = written_for("knox", tmp_path / "project")

    told = site.manage("test")

    assert "OK" in told


@pytest.fixture(scope="module")
def moved(on_the_peer: tuple[Site, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A copy of it, with its database, that the page has moved."""
    site = on_the_peer[0].copied(tmp_path_factory.mktemp("moved") / "project")
    site.patched(diff_of("knox"))
    site.manage("migrate")
    site.manage("tessera", "adopt", "knox")
    assert f"the same: {len(WRITERS)}," in site.manage("tessera", "adopt", "knox", "--verify")
    return site


@served
def test_an_old_client_does_not_notice_the_move(on_the_peer, moved):
    site, known = on_the_peer

    before, after = (answers(each, known, OLD_CLIENT) for each in (site, moved))

    assert after == before
    assert {answer.status for answer in before} == {200, 201, 204, 400, 401, 403, 405}


@served
def test_after_the_finish_the_tokens_work(on_the_peer, moved, tmp_path):
    _, known = on_the_peer
    site = moved.copied(tmp_path / "project")

    site.manage("tessera", "adopt", "knox", "--finish")

    told = answers(site, known, [Asked("GET", NOTES, f"Bearer {{{writer}}}") for writer in ("ada", "bob")])
    assert [answer.status for answer in told] == [200, 200]
