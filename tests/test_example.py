"""The example as a newcomer meets it: served by gunicorn, and asked over real HTTP."""

import csv
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

import run
from example import tour
from example.models import Track
from tessera import Ask, Kind, Purpose, issue, verify
from tests.credentials import bearing
from tests.example import this_python
from tests.processes import python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
on_sqlite = pytest.mark.skipif(os.environ.get("TEST_DB") != "sqlite", reason="the demo is on SQLite")


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], Reply]) -> Iterator[str]:
    """The URL of a server that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            reply = answer(self)
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@cache
def recorded(example: str) -> tuple[Reply, ...]:
    """What the example answers on the tour."""
    replies: list[Reply] = []

    def pass_on(request: BaseHTTPRequestHandler) -> Reply:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        connection = HTTPConnection(example.removeprefix("http://"))
        connection.request(request.command, request.path, body or None, dict(request.headers))
        answer = connection.getresponse()
        reply = Reply(answer.status, dict(answer.getheaders()), answer.read())
        connection.close()
        # Where it ends is told by the end of the connection, also when it is spoilt.
        replies.append(reply._replace(headers=without(reply, "Content-Length", "Connection")))
        return replies[-1]

    with answering(pass_on) as url:
        assert tour.main([url]) == 0
    return tuple(replies)


def without(reply: Reply, *names: str) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name not in names}


@contextmanager
def replaying(replies: tuple[Reply, ...]) -> Iterator[str]:
    rest = iter(replies)
    with answering(lambda request: next(rest)) as url:
        yield url


@on_sqlite
def test_the_demo_walks_the_whole_tour(capfd):
    with this_python():
        code = run.demo_once()

    out, err = capfd.readouterr()
    assert (code, "no surprise" in out) == (0, True)
    # What the log of any site says of it, where nobody has arranged for another.
    assert re.fullmatch(r"reuse tsr_\w{8}: reuse subject=1 client=''\n", err)


def test_the_tour_can_be_walked_again(example, capsys):
    replies = recorded(example)

    with replaying(replies) as url:
        code = tour.main([url])

    assert (code, f"{len(replies)} requests" in capsys.readouterr().out) == (0, True)


def test_the_tour_shows_no_secret(example, capsys):
    replies = recorded(example)
    tokens = {token for reply in replies for token in re.findall(rb'"(tsr\w+|eyJ[\w.-]+)"', reply.body)}

    with replaying(replies) as url:
        tour.main([url])

    out = capsys.readouterr().out
    # What is signed again within the same second is the same JWT.
    assert len(tokens) - (6 + 2 * 7 + 1 + 2) in {2, 3}
    assert not [token for token in tokens if token.decode()[-59:-16] in out]


def test_the_tour_stops_at_the_step_whose_status_is_not_the_one_expected(example, capsys):
    replies = recorded(example)
    # Of two requests at once, both are on their way before either answer is looked at.
    first_of_two = next(
        step
        for step, (one, other) in enumerate(pairwise(replies), start=1)
        if b"refresh_token" in one.body and one.body == other.body
    )
    capsys.readouterr()

    stopped = {}
    for step, reply in enumerate(replies, start=1):
        with replaying((*replies[: step - 1], reply._replace(status=418), *replies[step:])) as url:
            code = tour.main([url])
        told = capsys.readouterr().out
        place = f"A surprise at step {step + (step == first_of_two)}.\n"
        stopped[step] = (code, place in told, f"status {reply.status}" in told, "418" in told)

    assert stopped == dict.fromkeys(range(1, len(replies) + 1), (1, True, True, True))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(
            lambda reply: reply._replace(headers=without(reply, "WWW-Authenticate")),
            "WWW-Authenticate",
            id="no challenge",
        ),
        pytest.param(
            lambda reply: reply._replace(headers=without(reply, "Cache-Control")),
            "Cache-Control",
            id="a token for caches",
        ),
        pytest.param(
            lambda reply: reply._replace(headers=without(reply, "Deprecation")), "Deprecation", id="no deprecation"
        ),
        pytest.param(
            lambda reply: reply._replace(body=reply.body.replace(b'"owner":"ada"', b'"owner":"grace"')),
            "owner 'ada'",
            id="another owner",
        ),
        pytest.param(lambda reply: reply._replace(body=b"<html>"), "JSON with 'count'", id="no JSON"),
        pytest.param(lambda reply: reply._replace(body=b"[]"), "JSON with 'count'", id="another JSON"),
    ],
)
def test_the_tour_says_what_it_expected_and_what_came(example, capsys, spoil, told):
    replies = recorded(example)
    capsys.readouterr()

    with replaying(tuple(spoil(reply) for reply in replies)) as url:
        code = tour.main([url])

    out = capsys.readouterr().out
    assert code == 1
    assert f"expected  {told}" in out
    assert "\n  came      " in out


def test_a_tour_without_a_server_ends_at_once(capsys):
    code = tour.main([f"http://127.0.0.1:{run.free_port()}"])

    assert code == 1
    assert "ConnectionRefusedError" in capsys.readouterr().out


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="no bash or no curl here")
def test_the_lines_to_paste_work(example):
    text, _, _ = run.CURL_LINES.format(url=example).partition("Or in a browser:")
    lines = "\n".join(re.findall(r"^  .*", text, re.MULTILINE))

    shell = subprocess.run(["bash", "-e", "-u", "-c", lines], capture_output=True, text=True, check=False)

    assert (shell.returncode, shell.stderr) == (0, "")
    assert re.findall(r"^HTTP/1.1 (\d+)", shell.stdout, re.MULTILINE) == ["401", "204", "401"]
    added = next(json.loads(line) for line in shell.stdout.splitlines() if "Note G" in line)
    assert (added["owner"], added["album"]) == ("ada", 1)
    assert json.loads(shell.stdout.splitlines()[-1])["token_type"] == "Bearer"
    assert "#" not in lines  # In zsh, where people type, it begins no comment.


SERVE = """
import signal
import sys
from pathlib import Path

import run

# Where a shell runs the suite in its background, nobody below it hears of a Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
run.PYTHON, run.install, run.fill = Path(sys.executable), lambda group: None, lambda environ: None
run.leave_nothing_behind()
sys.exit(run.main(["demo"]))
"""


@on_sqlite
@pytest.mark.parametrize(
    ("ending", "code"),
    [
        pytest.param("SIGINT", 0, id="Ctrl-C"),
        pytest.param("SIGTERM", 143, id="kill"),
        pytest.param("SIGHUP", 129, id="a closed terminal"),
    ],
)
def test_the_demo_ends_with_its_server(ending, code):
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], cwd=run.ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as demo:
        assert demo.stdout is not None
        url = next(line.split()[0] for line in demo.stdout if "/schema/" in line)
        port = urlsplit(url).port

        os.killpg(demo.pid, getattr(signal, ending))  # As a terminal does it.

        try:
            assert demo.wait(run.PATIENCE) == code
        finally:
            demo.kill()
    assert run.free_port(port or 0) == port


def test_where_the_port_is_taken_the_demo_takes_another():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        port = run.free_port(taken)

    assert port not in {0, taken}


DEPLOYMENT = {
    "DJANGO_SECRET_KEY": "0wq8mzk3v7y1p5r9t2u6x4c8b1n0a3s7d5f9g2h6j4l8e1i7o4u0w",
    "DJANGO_ALLOWED_HOSTS": "albums.example",
    "DJANGO_BASE_URL": "https://albums.example",
    "TESSERA_PEPPER": "9d1c0e7f4a2b8c6d5e3f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d",
    "REDIS_URL": "redis://127.0.0.1",
}


LETTERS = {"LETTER_FOR_NEW_USERS": "tessera.plain.letters.mail", "BASE_URL": "https://albums.example"}


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        pytest.param(["check", "--fail-level", "WARNING"], {}, id="the playground"),
        pytest.param(["check", "--deploy", "--fail-level", "WARNING"], DEPLOYMENT, id="a deployment"),
    ],
)
def test_no_check_has_anything_to_say(tmp_path, words, environ):
    # It finds the example from anywhere.
    done = python(run.ROOT / "example/manage.py", *words, settings="example.settings", folder=tmp_path, **environ)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.urls("example.urls")
def test_the_export_holds_the_tracks_of_whoever_asks_and_no_others(db, settings, client):
    settings.DEBUG = True
    call_command("seed", stdout=io.StringIO())
    grace = User.objects.get(username="grace")
    Track.objects.create(owner=grace, title='A "nanosecond", held up')

    answer = client.get("/export/", headers=bearing(issue(Ask(subject=grace)).secret))

    told = [row["title"] for row in csv.DictReader(answer.content.decode().splitlines())]
    assert told == [*Track.objects.filter(owner=grace).values_list("title", flat=True)]
    assert answer["Vary"] == "Authorization"


@pytest.mark.urls("example.urls")
def test_a_machine_without_a_user_has_no_tracks_to_export(client, db):
    issued = issue(Ask(subject=None, kind=Kind.MACHINE, client="backup"))

    answer = client.get("/export/", headers=bearing(issued.secret))

    assert (answer.status_code, len(answer.content.splitlines())) == (200, 1)


@pytest.mark.urls("example.urls")
def test_the_export_is_for_nobody_without_a_token_and_for_no_other_method(client, hand_out):
    answers = [client.get("/export/"), client.post("/export/", headers=bearing(hand_out().secret))]

    assert [answer.status_code for answer in answers] == [401, 405]


@pytest.mark.django_db(transaction=True)
def test_whoever_is_added_in_the_admin_is_mailed_a_link_to_a_token(settings, admin_client, mailoutbox):
    settings.ROOT_URLCONF = "example.urls"
    settings.TESSERA = {**settings.TESSERA, **LETTERS}
    grace = {"username": "grace", "email": "grace@example.org"} | dict.fromkeys(
        ["password1", "password2"], "hopper-1906"
    )

    admin_client.post("/admin/auth/user/add/", {**grace, "usable_password": "true"})

    (link,) = re.findall(r"https://albums\.example/claim/#\w+", mailoutbox[0].body)
    answer = Client().post("/claim/", {"letter": link})
    (token,) = re.findall(r"tsrp_\w+", answer.content.decode())
    assert verify(token, accept={Purpose.PERSONAL}).subject == User.objects.get(username="grace")


def test_the_page_of_the_link_is_there_and_takes_no_nonsense(example):
    server = urlsplit(example).netloc
    with closing(HTTPConnection(server)) as wire:
        wire.request("GET", "/claim/")
        page = wire.getresponse()
        (token,) = re.findall('middlewaretoken" value="([^"]+)"', page.read().decode())
        headers = {"Cookie": page.getheader("Set-Cookie") or "", "Content-Type": "application/x-www-form-urlencoded"}
        wire.request("POST", "/claim/", f"csrfmiddlewaretoken={token}&letter=nonsense", headers)
        answer = wire.getresponse()
        answer.read()

    assert [page.status, answer.status] == [200, 401]
    assert [each.getheader("Referrer-Policy") for each in (page, answer)] == ["no-referrer"] * 2


def test_seeding_twice_is_as_good_as_once_and_ends_no_token(db, settings, client):
    settings.DEBUG = True
    once, twice = io.StringIO(), io.StringIO()

    call_command("seed", stdout=once)
    token = issue(Ask(subject=User.objects.get(username="ada"))).secret
    call_command("seed", stdout=twice)

    answer = client.get("/whoami/", headers={"Authorization": f"Bearer {token}"})
    assert once.getvalue() == twice.getvalue() == "Seeded ada, grace, admin, 2 albums, 8 tracks\n"
    assert answer.json() == {"username": "ada"}


def test_a_deployment_is_not_seeded_with_passwords_that_everybody_knows(db):
    with pytest.raises(CommandError, match="for the playground only"):
        call_command("seed")

    assert not User.objects.exists()
