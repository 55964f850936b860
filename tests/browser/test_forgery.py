"""What a page of somebody else can do with the cookies of whoever visits it: nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Page

from tests.browser import PASSWORDS, add_track, expect_in, is_live, sign_in, sign_in_elsewhere, tokens

DEEDS = {
    "/tracks/": {"title": "forged"},
    "/auth/tokens/revoke-others/": {},
    "/auth/personal/": {"label": "forged"},
    "/auth/refresh/": {},
    "/auth/logout/": {},
    # Whoever does not notice goes on as somebody else, and leaves with them what was meant to be private.
    "/auth/login/": {"username": "grace", "password": PASSWORDS["grace"], "carrier": "cookie"},
}
SUBMIT = "<script>document.forms[0].submit()</script>"
NO_ORIGIN = '<meta name="referrer" content="no-referrer">'  # It sends `Origin: null`.
FETCH = """<script>
    const { action, elements } = document.forms[0];
    const body = new URLSearchParams([...elements].map(({ name, value }) => [name, value]));
    fetch(action, { method: "POST", mode: "no-cors", credentials: "include", body });
</script>"""


def form(action: str, fields: dict[str, str]) -> str:
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    return f'<form method="post" action="{action}">{inputs}</form>'


WAYS: dict[str, Callable[[str, dict[str, str]], str]] = {
    "a form": lambda action, fields: form(action, fields) + SUBMIT,
    "a form that hides its origin": lambda action, fields: NO_ORIGIN + form(action, fields) + SUBMIT,
    "a script": lambda action, fields: form(action, fields) + FETCH,
}


@contextmanager
def standing(pages: dict[str, str]) -> Iterator[int]:
    """The port of a server that has these pages."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b'<!doctype html><link rel="icon" href="data:,">' + pages[self.path].encode())

        def log_message(self, *args):
            """Nothing of it is news."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def visit(page: Page, url: str, forged: str) -> int:
    """The status that the service gives to what the page at `url` sends it."""
    with page.context.new_page() as tab:
        with tab.expect_response(forged) as answer:
            tab.goto(url, wait_until="commit")
        return int(answer.value.status)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("host", "refusals"),
    [
        pytest.param("127.0.0.1", {401, 403}, id="from another site"),
        pytest.param("evil.localhost", {401, 403}, id="from a name below ours"),
        # To `SameSite` a port is no other site: here the cookies are sent along.
        pytest.param("localhost", {403}, id="from our host at another port"),
    ],
)
def test_what_a_foreign_page_sends_is_refused_and_changes_nothing(
    page: Page, site: str, host: str, refusals: set[int], way: str
):
    sign_in(page)
    phone = sign_in_elsewhere(page, "phone")
    before = tokens(page), page.request.get("/tracks/").json()["count"]

    with standing({deed: WAYS[way](site + deed, fields) for deed, fields in DEEDS.items()}) as port:
        statuses = {deed: visit(page, f"http://{host}:{port}{deed}", site + deed) for deed in DEEDS}

    assert set(statuses.values()) <= refusals, statuses
    assert (tokens(page), page.request.get("/tracks/").json()["count"]) == before
    assert is_live(page, phone)
    page.reload()
    expect_in(page, "ada")
    add_track(page, "Note K")
