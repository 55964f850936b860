"""Requests a second through gunicorn and PostgreSQL, over loopback, as a share of the open view's.

    python3 run.py bench served [--rounds N] [--seconds N] [--rows N]

The servers, gunicorn and PostgreSQL together, have one core, and who asks them has another: a socket and prepared bytes
for each connection, which takes a small part of what an answer takes. Each round asks all candidates in random order,
for a short time each, and compares them with the open view of the same round.
"""

import argparse
import os
import random
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import django

from bench.candidates import CANDIDATES, OPEN
from bench.filling import fill, make_tables
from bench.server import postgres

ROOT = Path(__file__).parents[1]
CONNECTIONS = 4
GUNICORN = ("--workers", "1", "--threads", f"{CONNECTIONS}", "--keep-alive", "60", "--log-level", "warning")
APPLICATION = "django.core.wsgi:get_wsgi_application()"
PATIENCE = 30.0
LAST_CHUNK = b"0\r\n\r\n"


def served(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="run.py bench served", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.5, help="That each candidate is asked in a round.")
    parser.add_argument("--rows", type=int, default=100_000, help="Tokens of others beside those in use.")
    asked = parser.parse_args(words)
    ours, theirs = cores()
    os.sched_setaffinity(0, theirs)  # Whoever is started from here has that core as well.
    with postgres() as url:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "bench.settings", "TEST_DB": "postgres", "TEST_POSTGRES_URL": url}
        django.setup()
        requests = prepare(asked.rows)
        with gunicorn() as address:
            os.sched_setaffinity(0, ours)
            report(measure(address, requests, asked.rounds, asked.seconds))
    return 0


def cores() -> tuple[set[int], set[int]]:
    """Ours, and the servers'."""
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, {(others or [first])[0]}


def prepare(rows: int) -> dict[str, list[bytes]]:
    """The tables, filled; and for each candidate the requests of its users."""
    from bench.visits import People  # Only now are there users to import.

    make_tables()
    users = People.arrive().users
    headers = {name: [one.mint(user) for user in users] if one.mint else [""] for name, one in CANDIDATES.items()}
    fill(rows)
    return {name: [request(name, header) for header in of_users] for name, of_users in headers.items()}


def request(name: str, header: str) -> bytes:
    authorization = f"Authorization: {header}\r\n" if header else ""
    return f"GET /{name}/ HTTP/1.1\r\nHost: testserver\r\n{authorization}\r\n".encode()


@contextmanager
def gunicorn() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Else the body waits for the header to be acknowledged, and that takes longer than all that is measured.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address: tuple[str, int] = listener.getsockname()
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", *GUNICORN, APPLICATION]
        server = subprocess.Popen(command, cwd=ROOT, pass_fds=[listener.fileno()])
        try:
            yield address
        finally:
            server.terminate()
            server.wait(PATIENCE)


def measure(
    address: tuple[str, int], requests: dict[str, list[bytes]], rounds: int, seconds: float
) -> dict[str, list[float]]:
    """The requests a second of each candidate, round by round."""
    told: dict[str, list[float]] = {name: [] for name in requests}
    connections = [socket.create_connection(address, PATIENCE) for _ in range(CONNECTIONS)]
    for number in range(rounds + 1):
        for name in random.sample(sorted(requests), len(requests)):
            rate = ask(connections, requests[name], seconds)
            if number:  # The first round warms up.
                told[name].append(rate)
    return told


def ask(connections: list[socket.socket], requests: list[bytes], seconds: float) -> float:
    """Let each connection ask again as soon as it has its answer, and say how many they get a second."""
    forever, answered = cycle(requests), 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ, (connection, bytearray()))
            connection.sendall(next(forever))
        began, waiting = time.monotonic(), len(connections)
        while waiting:
            for key, _ in selector.select(PATIENCE):
                connection, answer = key.data
                answer += connection.recv(65536)
                if not answer.startswith(b"HTTP/1.1 200"):
                    raise AssertionError(bytes(answer))
                if not answer.endswith(LAST_CHUNK):
                    continue
                answer.clear()
                answered += 1
                if time.monotonic() - began < seconds:
                    connection.sendall(next(forever))
                else:
                    waiting -= 1
        return answered / (time.monotonic() - began)


def report(told: dict[str, list[float]]) -> None:
    print("| | requests a second | share of the open view | quartiles |\n|---|---|---|---|")
    for name, rates in told.items():
        shares = [rate / whole for rate, whole in zip(rates, told[OPEN], strict=True)]
        low, middle, high = statistics.quantiles(shares, n=4)
        print(f"| {name} | {statistics.median(rates):,.0f} | {middle:.2f} | {low:.2f} to {high:.2f} |")
