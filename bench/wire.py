"""Requests through Django's own handler, in this process: what a server calls, without the server."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, reset_queries
from django.test.utils import CaptureQueriesContext

Environ = dict[str, Any]

WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True)
class Answer:
    """What came back, and what was asked of the database meanwhile."""

    status: int
    body: Any
    statements: tuple[str, ...]
    """All of them: the beginnings and ends of transactions too."""

    @property
    def queries(self) -> int:
        return sum(statement.startswith(("SELECT", *WRITES)) for statement in self.statements)

    @property
    def writes(self) -> int:
        return sum(statement.startswith(WRITES) for statement in self.statements)

    @property
    def token_writes(self) -> int:
        """All but those to the user, such as the time of the last log-in."""
        return self.writes - sum('"auth_user"' in s for s in self.statements if s.startswith(WRITES))


@cache
def handler() -> WSGIHandler:
    return WSGIHandler()


def get(path: str, authorization: str | None = None) -> Environ:
    """A request with that header, or without one."""
    environ = _environ("GET", path, b"")
    return environ if authorization is None else {**environ, "HTTP_AUTHORIZATION": authorization}


def post(path: str, body: Mapping[str, str], authorization: str | None = None) -> Environ:
    """A request with that body, and with that header or without one."""
    environ = _environ("POST", path, json.dumps(body).encode())
    return environ if authorization is None else {**environ, "HTTP_AUTHORIZATION": authorization}


def log_in(path: str, name: str, password: str, address: str) -> Environ:
    """A log-in from `address`, which says who it is both in the body and by HTTP Basic: each view takes its own."""
    basic = b64encode(f"{name}:{password}".encode()).decode()
    environ = post(path, {"username": name, "password": password}, f"Basic {basic}")
    return {**environ, "REMOTE_ADDR": address}


def send(environs: list[Environ]) -> None:
    """Send them one after another, and read the answers."""
    application = handler()
    for environ in environs:
        response = application(environ, _ignore)
        b"".join(response)
        response.close()


def answer(environ: Environ) -> Answer:
    """Send one, and look at it closely."""
    reset_queries()  # Django keeps 9,000 and tells them by their place: in a full list nothing is new.
    with CaptureQueriesContext(connection) as statements:
        response = handler()(environ, _ignore)
        body = b"".join(response)
        response.close()
    return Answer(response.status_code, json.loads(body or b"null"), tuple(one["sql"] for one in statements))


def _environ(method: str, path: str, body: bytes) -> Environ:
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_ACCEPT": "application/json",
        "CONTENT_TYPE": "application/json" if body else "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http",
    }


def _ignore(*_: Any) -> Any:
    return None
