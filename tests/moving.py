"""A site that somebody else wrote moves here, with its database and clients: by the diff of its page, and served.

The sites stand in `tests/dialects/*/project`, and their pages in `docs/how-to/coming-from/`.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.processes import PATIENCE, python

ROOT = Path(__file__).parents[1]
SECRETS = frozenset({"token", "key", "access", "refresh"})
MOMENTS = frozenset({"created", "expiry"})
HEADERS = ("Content-Type", "Allow", "WWW-Authenticate")

served = pytest.mark.skipif(
    os.name == "nt" or os.environ.get("TEST_DB") != "sqlite",
    reason="the project is on SQLite; gunicorn and patch are for Unix",
)


def diff_of(package: str) -> str:
    """All that the page tells those who come from `package` to change."""
    page = (ROOT / f"docs/how-to/coming-from/{package}.md").read_text()
    return "".join(re.findall(r"^```diff\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


class Asked(NamedTuple):
    """A request. Of what stands in braces, the client knows the secret."""

    method: str
    path: str
    authorization: str | None = None
    body: Mapping[str, str] | None = None


class Answer(NamedTuple):
    """An answer, in which every secret and every moment looks like any other."""

    asked: Asked
    status: int
    headers: Mapping[str, str | None]
    body: Any


class Client(NamedTuple):
    """Whoever has secrets and asks. What was told last is known by its name in the answer, and as `last`."""

    address: tuple[str, int]
    known: dict[str, str]

    def ask(self, asked: Asked) -> Answer:
        headers = {"Authorization": asked.authorization.format(**self.known)} if asked.authorization else {}
        body = {name: value.format(**self.known) for name, value in (asked.body or {}).items()}
        if body:
            headers["Content-Type"] = "application/json"
        connection = HTTPConnection(*self.address, timeout=PATIENCE)
        connection.request(asked.method, asked.path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read() or b"null")
        connection.close()
        shown = {name: answer.headers[name] for name in HEADERS}
        return Answer(asked, answer.status, shown, self._masked(told))

    def _masked(self, told: Any) -> Any:
        if isinstance(told, list):
            return [self._masked(each) for each in told]
        if not isinstance(told, dict):
            return told
        secrets = {name: value for name, value in told.items() if name in SECRETS and isinstance(value, str)}
        for name, value in secrets.items():
            self.known.update({name: value, "last": value})
        return {name: "…" if name in secrets else _masked_moment(name, value) for name, value in told.items()}


def _masked_moment(name: str, value: Any) -> Any:
    """A moment, of which only the format is left. In that of ISO 8601 the zone may be any."""
    if name not in MOMENTS or not isinstance(value, str):
        return value
    return re.sub(r"\d", "0", re.sub(r"(Z|[+-]\d\d:\d\d)$", "Z", value))


class Site(NamedTuple):
    """The project, in a folder of its own."""

    folder: Path

    def copied(self, folder: Path) -> "Site":
        """Another like it, with its database."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
        return Site(folder)

    def patched(self, diff: str) -> None:
        """Do what the page says."""
        subprocess.run(["patch", "-p1", "-F0"], cwd=self.folder, input=diff, text=True, check=True, capture_output=True)

    def manage(self, *words: str) -> str:
        done = python("manage.py", *words, folder=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def served(self) -> Iterator[Client]:
        """Someone who talks to it over a real connection. The kernel queues who connects until the server is up."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--threads", "2"]
            environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
            # REST framework's api_view names the methods of Allow in the order of a set.
            environ |= {"PYTHONPATH": os.pathsep.join([str(self.folder), *sys.path]), "PYTHONHASHSEED": "0"}
            [wsgi] = self.folder.glob("*/wsgi.py")
            server = subprocess.Popen(
                [*command, "--log-level", "critical", f"{wsgi.parent.name}.wsgi"],
                cwd=self.folder,
                env=environ,
                pass_fds=[listener.fileno()],
            )
            try:
                yield Client(listener.getsockname(), {})
            finally:
                server.terminate()
                server.wait(PATIENCE)

    def readable(self, known: Mapping[str, str]) -> list[str]:
        """Which of those secrets can be read in the files of its database, in pages that are free as well."""
        files = b"".join(path.read_bytes() for path in self.folder.glob("db.sqlite3*"))
        return sorted(name for name, secret in known.items() if secret.encode() in files)


def written_for(package: str, folder: Path) -> Site:
    """The site that somebody else wrote for it, new and without a database."""
    left_out = shutil.ignore_patterns("__pycache__", "*.sqlite3*")
    shutil.copytree(ROOT / f"tests/dialects/{package}/project", folder, ignore=left_out)
    return Site(folder)


def answers(site: Site, known: Mapping[str, str], conversation: list[Asked]) -> list[Answer]:
    """What the site says to a client who knows these secrets."""
    with site.served() as client:
        client.known.update(known)
        return [client.ask(asked) for asked in conversation]
