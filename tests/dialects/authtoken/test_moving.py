"""The site in `project/` moves by the diff in `docs/how-to/coming-from/authtoken.md`, with its database and clients.

`tests/test_docs.py` follows that page as its readers do; here an old client asks the site before and after.
"""

import re

import pytest

from tests.moving import Asked, Site, answers, diff_of, served, written_for

DIFF = diff_of("authtoken")

PASSWORD = "lovelace-1843"
UNKNOWN = "401f7ac837da42b97f613d789819ff93537bee6a"
READERS = ("ada", "eve", "bob")

# `{ada}` is the key that ada has had since before the move, `{last}` the one that was answered last.
OLD_CLIENT = [
    Asked("GET", "/books/", "Token {ada}"),
    Asked("POST", "/books/", "Token {ada}", {"title": "Notes"}),
    Asked("GET", "/books/", "Token {ada}"),
    Asked("GET", "/books/", "token {eve}"),
    Asked("GET", "/me/", "Bearer {ada}"),
    Asked("POST", "/api-token-auth/", None, {"username": "ada", "password": PASSWORD}),
    Asked("GET", "/books/", "Token {last}"),
    Asked("GET", "/books/", "Token {ada}"),
    Asked("POST", "/login/", None, {"username": "ada", "password": PASSWORD}),
    Asked("GET", "/me/", "Bearer {last}"),
    Asked("POST", "/api-token-auth/", None, {"username": "ada", "password": "wrong"}),
    Asked("POST", "/api-token-auth/", None, {"username": "ada"}),
    Asked("POST", "/logout/", "Token {ada}"),
    Asked("GET", "/books/", "Token {ada}"),
    Asked("GET", "/books/", "Token {last}"),
    Asked("POST", "/new-key/", "Token {eve}"),
    Asked("GET", "/books/", "Token {eve}"),
    Asked("GET", "/books/", "Token {last}"),
    Asked("POST", "/register/", None, {"username": "fay", "password": PASSWORD}),
    Asked("GET", "/books/", "Token {last}"),
    Asked("POST", "/register/", None, {"username": "fay", "password": PASSWORD}),
    Asked("GET", "/books/", "Token {bob}"),
    Asked("GET", "/books/"),
    Asked("GET", "/books/", "Token"),
    Asked("GET", "/books/", f"Token {UNKNOWN}"),
    Asked("DELETE", "/books/", "Token {bob}"),
]


@pytest.fixture(scope="module")
def on_the_peer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, dict[str, str]]:
    """The site before it moves, and the keys that the peer has made for its readers."""
    site, keys = written_for("authtoken", tmp_path_factory.mktemp("peer") / "project"), {}
    site.manage("migrate")
    with site.served() as client:
        for reader in READERS:
            client.ask(Asked("POST", "/register/", None, {"username": reader, "password": PASSWORD}))
            keys[reader] = client.known["last"]
    return site, keys


@pytest.fixture(scope="module")
def moved(on_the_peer: tuple[Site, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A copy of it, with its database, that the page has moved."""
    site = on_the_peer[0].copied(tmp_path_factory.mktemp("moved") / "project")
    site.patched(DIFF)
    site.manage("migrate")
    site.manage("tessera", "adopt", "authtoken")
    return site


def test_the_diff_changes_imports_and_names_in_the_settings_and_nothing_else():
    changed = re.findall(r"^[-+](?!-- |\+\+ )(.*)$", DIFF, re.MULTILINE)

    allowed = [line for line in changed if re.fullmatch(r'from [\w.]+ import [\w, ]+| +"[\w.]+",', line)]

    assert changed == allowed != []


@served
def test_an_old_client_does_not_notice_the_move(on_the_peer, moved):
    site, keys = on_the_peer

    before, after = (answers(each, keys, OLD_CLIENT) for each in (site, moved))

    assert after == before
    assert {answer.status for answer in before} == {200, 201, 204, 400, 401, 405}


@served
def test_after_the_finish_no_file_of_the_database_holds_a_key_and_the_keys_work(on_the_peer, moved, tmp_path):
    _, keys = on_the_peer
    site = moved.copied(tmp_path / "project")
    assert site.readable(keys) == sorted(READERS)

    site.manage("tessera", "adopt", "authtoken", "--finish")

    assert site.readable(keys) == []
    [answer] = answers(site, keys, [Asked("GET", "/books/", "Token {bob}")])
    assert answer.status == 200
