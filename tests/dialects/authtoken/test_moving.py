"""The site in `project/` moves by the diff in `docs/how-to/coming-from/authtoken.md`, with its database and clients.

`tests/test_docs.py` follows that page as its readers do; here an old client asks the site before and after.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.processes import PATIENCE, python

ROOT = Path(__file__).parents[3]
PROJECT = Path(__file__).with_name("project")
PAGE = ROOT / "docs/how-to/coming-from/authtoken.md"
DIFF = "".join(re.findall(r"^```diff\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))


PASSWORD = "lovelace-1843"
UNKNOWN = "401f7ac837da42b97f613d789819ff93537bee6a"
READERS = ("ada", "eve", "bob")

# What is sent, to where, with which key, and what with it. `{ada}` is the key that ada has had since before the move,
# `{last}` the one that was answered last.
OLD_CLIENT: list[tuple[str, str, str | None, dict[str, str] | None]] = [
    ("GET", "/books/", "Token {ada}", None),
    ("POST", "/books/", "Token {ada}", {"title": "Notes"}),
    ("GET", "/books/", "Token {ada}", None),
    ("GET", "/books/", "token {eve}", None),
    ("GET", "/me/", "Bearer {ada}", None),
    ("POST", "/api-token-auth/", None, {"username": "ada", "password": PASSWORD}),
    ("GET", "/books/", "Token {last}", None),
    ("GET", "/books/", "Token {ada}", None),
    ("POST", "/login/", None, {"username": "ada", "password": PASSWORD}),
    ("GET", "/me/", "Bearer {last}", None),
    ("POST", "/api-token-auth/", None, {"username": "ada", "password": "wrong"}),
    ("POST", "/api-token-auth/", None, {"username": "ada"}),
    ("POST", "/logout/", "Token {ada}", None),
    ("GET", "/books/", "Token {ada}", None),
    ("GET", "/books/", "Token {last}", None),
    ("POST", "/new-key/", "Token {eve}", None),
    ("GET", "/books/", "Token {eve}", None),
    ("GET", "/books/", "Token {last}", None),
    ("POST", "/register/", None, {"username": "fay", "password": PASSWORD}),
    ("GET", "/books/", "Token {last}", None),
    ("POST", "/register/", None, {"username": "fay", "password": PASSWORD}),
    ("GET", "/books/", "Token {bob}", None),
    ("GET", "/books/", None, None),
    ("GET", "/books/", "Token", None),
    ("GET", "/books/", f"Token {UNKNOWN}", None),
    ("DELETE", "/books/", "Token {bob}", None),
]


class Answer(NamedTuple):
    """An answer, in which every key and every moment looks like any other."""

    asked: str
    status: int
    headers: dict[str, str | None]
    body: Any


class Site(NamedTuple):
    """The project, in a folder of its own."""

    folder: Path

    def manage(self, *words: str) -> str:
        done = python("manage.py", *words, folder=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def served(self) -> Iterator["Client"]:
        """Someone who talks to it over a real connection. The kernel queues who connects until the server is up."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--threads", "2"]
            environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
            # REST framework's api_view names the methods of Allow in the order of a set.
            environ |= {"PYTHONPATH": os.pathsep.join([str(self.folder), *sys.path]), "PYTHONHASHSEED": "0"}
            server = subprocess.Popen(
                [*command, "--log-level", "critical", "library.wsgi"],
                cwd=self.folder,
                env=environ,
                pass_fds=[listener.fileno()],
            )
            try:
                yield Client(listener.getsockname(), {})
            finally:
                server.terminate()
                server.wait(PATIENCE)


class Client(NamedTuple):
    """Whoever has keys and asks."""

    address: tuple[str, int]
    keys: dict[str, str]

    def ask(self, method: str, path: str, key: str | None, body: dict[str, str] | None) -> Answer:
        headers = {"Authorization": key.format(**self.keys)} if key else {}
        if body:
            headers["Content-Type"] = "application/json"
        connection = HTTPConnection(*self.address, timeout=PATIENCE)
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read() or b"null")
        connection.close()
        shown = {name: answer.headers[name] for name in ("Content-Type", "Allow", "WWW-Authenticate")}
        return Answer(f"{method} {path} {key}", answer.status, shown, self.masked(told))

    def masked(self, told: Any) -> Any:
        """Remember the key in an answer, and hide it."""
        if not isinstance(told, dict):
            return told
        for name in told.keys() & {"token", "key"}:
            self.keys["last"] = told[name]
        return {name: "…" if name in {"token", "key", "created"} else value for name, value in told.items()}


@pytest.fixture(scope="module")
def on_the_peer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, dict[str, str]]:
    """The site before it moves, and the keys that the peer has made for its readers."""
    site, keys = Site(tmp_path_factory.mktemp("peer") / "project"), {}
    shutil.copytree(PROJECT, site.folder, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
    site.manage("migrate")
    with site.served() as client:
        for reader in READERS:
            client.ask("POST", "/register/", None, {"username": reader, "password": PASSWORD})
            keys[reader] = client.keys["last"]
    return site, keys


@pytest.fixture(scope="module")
def moved(on_the_peer: tuple[Site, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A copy of it, with its database, that the page has moved."""
    site = Site(tmp_path_factory.mktemp("moved") / "project")
    shutil.copytree(on_the_peer[0].folder, site.folder)
    subprocess.run(["patch", "-p1", "-F0"], cwd=site.folder, input=DIFF, text=True, check=True, capture_output=True)
    site.manage("migrate")
    site.manage("tessera", "adopt", "authtoken")
    return site


def test_the_diff_changes_imports_and_names_in_the_settings_and_nothing_else():
    changed = re.findall(r"^[-+](?!-- |\+\+ )(.*)$", DIFF, re.MULTILINE)

    allowed = [line for line in changed if re.fullmatch(r'from [\w.]+ import [\w, ]+| +"[\w.]+",', line)]

    assert changed == allowed != []


@pytest.mark.skipif(os.name == "nt", reason="gunicorn and patch are for Unix")
@pytest.mark.skipif(os.environ.get("TEST_DB") != "sqlite", reason="the project is on SQLite")
def test_an_old_client_does_not_notice_the_move(on_the_peer, moved):
    site, keys = on_the_peer

    answers = []
    for each in (site, moved):
        with each.served() as client:
            client.keys.update(keys)
            answers.append([client.ask(*asked) for asked in OLD_CLIENT])

    before, after = answers
    assert after == before
    assert {answer.status for answer in before} == {200, 201, 204, 400, 401, 405}


@pytest.mark.skipif(os.name == "nt", reason="gunicorn and patch are for Unix")
@pytest.mark.skipif(os.environ.get("TEST_DB") != "sqlite", reason="the project is on SQLite")
def test_after_the_finish_no_file_of_the_database_holds_a_key_and_the_keys_work(on_the_peer, moved, tmp_path):
    _, keys = on_the_peer
    site = Site(tmp_path / "project")
    shutil.copytree(moved.folder, site.folder)
    assert sorted(found_in(site.folder, keys)) == sorted(READERS)

    site.manage("tessera", "adopt", "authtoken", "--finish")

    assert found_in(site.folder, keys) == []
    with site.served() as client:
        client.keys.update(keys)
        assert client.ask("GET", "/books/", "Token {bob}", None).status == 200


def found_in(folder: Path, keys: dict[str, str]) -> list[str]:
    """Whose key can be read in the files of the database, in pages that are free as well."""
    files = b"".join(path.read_bytes() for path in folder.glob("db.sqlite3*"))
    return [reader for reader, key in keys.items() if key.encode() in files]
