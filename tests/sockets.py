"""A real gunicorn that serves the test site, and a connection that sends it bytes as they stand."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPMessage, parse_headers
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0


class Answer(NamedTuple):
    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """To the server: bytes out, answers in."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.answers = self.socket.makefile("rb")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.close()
        self.socket.close()

    def send(self, *lines: str, body: bytes = b"") -> None:
        head = "\r\n".join([*lines, "Host: api.example", "", ""])
        self.socket.sendall(head.encode("latin-1") + body)

    def answer(self, method: str = "GET") -> Answer:
        status = int(self.answers.readline().split()[1])
        headers = parse_headers(self.answers)
        length = 0 if method == "HEAD" or status == 204 else int(headers["Content-Length"])
        return Answer(status, headers, self.answers.read(length))


@contextmanager
def serving(**environ: str) -> Iterator[tuple[str, int]]:
    """Its address. The kernel queues who connects until it is up, so nobody has to wait for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--threads", "4"]
        process = subprocess.Popen(
            [*command, "--keep-alive", "30", "--log-level", "critical", "tests.sites.wsgi:application"],
            cwd=ROOT,
            pass_fds=[listener.fileno()],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
                "DJANGO_SETTINGS_MODULE": "tests.sites.served",
                "SERVED_DATABASE": str(settings.DATABASES["default"]["NAME"]),
                **environ,
            },
        )
        try:
            yield listener.getsockname()
        finally:
            process.terminate()
            process.wait(PATIENCE)
