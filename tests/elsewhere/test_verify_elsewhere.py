"""Another service verifies our JWTs by the published keys.

There are two, as they stand in `docs/how-to/verify-elsewhere.md`. Each is a process of its own, and asks our server.
"""

import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.urls import include, path

from tessera import Ask, Kind, issue, revoke
from tessera.engine.signing import access
from tessera.engine.signing.keys import published, signing_key
from tessera.engine.signing.succession import make_next
from tessera.plain import jwks
from tests.forging import payload
from tests.urls import urlpatterns as ours

PAGE = Path(__file__).parents[2] / "docs/how-to/verify-elsewhere.md"
PATIENCE = 30.0
SITE = "https://shop.example"
SCOPES = {"tracks:read": "See your tracks", "tracks:write": "Change your tracks"}
LONGEST = 60  # lines that say something

urlpatterns = [*ours, path("", include("tessera.plain.jwks"))]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls(__name__),
    pytest.mark.skipif(os.name == "nt", reason="a socket is handed to a process as Unix does it"),
]


def block(name: str) -> str:
    """The file of that name on the page."""
    text = PAGE.read_text()
    return next(
        found[1] for found in re.finditer(r"^```\w+\n((?:#|//) \S+\n.*?)^```$", text, re.M | re.S) if name in found[1]
    )


@contextmanager
def fastapi(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "service:app", "--fd", str(listener.fileno()), "--log-level", "critical"],
            cwd=folder,
            pass_fds=[listener.fileno()],
            env=environ,
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


@contextmanager
def node(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    process = subprocess.Popen(
        ["node", "service.mjs"], cwd=folder, env=environ | {"PORT": "0"}, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


SERVICES = {"service.py": fastapi, "service.mjs": node}
has_node = shutil.which("node") is not None
each_service = pytest.mark.parametrize(
    "name",
    [
        "service.py",
        pytest.param("service.mjs", marks=pytest.mark.skipif(not has_node, reason="there is no node on this machine")),
    ],
)


@pytest.fixture
def site(settings: Any, live_server: Any) -> str:
    """Our site, behind HTTP."""
    told = {"ACCESS_FORMAT": "jwt", "JWT_ISSUER": SITE, "JWT_AUDIENCE": SITE, "SCOPES": SCOPES}
    settings.TESSERA = {**settings.TESSERA, **told}
    return str(live_server.url)


@pytest.fixture
def serve(tmp_path: Path, site: str) -> Any:
    """Start the service of the page. One that may ask for the keys again at once need not be waited for."""

    @contextmanager
    def serve(name: str, *, patient: bool = False, keys_url: str = f"{site}/.well-known/jwks.json") -> Iterator[Any]:
        code = block(name)
        if not patient:
            code, count = re.subn(r"3600, 10\b", "3600, 0", code)
            assert count == 1
        (tmp_path / name).write_text(code)
        environ = {**os.environ, "KEYS_URL": keys_url, "ISSUER": SITE, "AUDIENCE": SITE, "NO_PROXY": "*"}
        with SERVICES[name](tmp_path, environ) as url:
            yield lambda token, where="/me": ask(url + where, token)

    return serve


def ask(url: str, token: str | None) -> tuple[int, Any, str | None]:
    """The status, the body, and the challenge."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with urlopen(Request(url, headers=headers), timeout=PATIENCE) as answer:
            return answer.status, json.load(answer), None
    except HTTPError as error:
        return error.code, None, error.headers["WWW-Authenticate"]


def log_in(site: str) -> str:
    body = json.dumps({"username": "ada", "password": "lovelace-1843"}).encode()
    request = Request(f"{site}/auth/login/", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE) as answer:
        return str(json.load(answer)["access_token"])


def now() -> datetime:
    return datetime.now(UTC)


INVALID = (401, None, 'Bearer error="invalid_token"')


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_no_longer_than_a_page(name):
    assert len([line for line in block(name).splitlines() if line.strip()]) <= LONGEST


@each_service
def test_through_a_rotation_it_knows_whom_a_token_speaks_for(user, site, serve, name):
    with serve(name) as get:
        before = log_in(site)
        answers = [get(before)]
        make_next(now(), at_once=True)
        after = log_in(site)
        answers += [get(after), get(before)]

    kids = {jwt.get_unverified_header(token)["kid"] for token in (before, after)}
    assert len(kids) == 2
    assert answers == [(200, {"user": str(user.pk)}, None)] * 3


@each_service
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_it_knows_the_other_algorithms(user, site, serve, name, algorithm):
    make_next(now(), algorithm=algorithm)

    with serve(name) as get:
        assert get(log_in(site)) == (200, {"user": str(user.pk)}, None)


@each_service
def test_a_token_that_was_revoked_lives_on_there_and_not_here(user, site, serve, name):
    token = log_in(site)
    with serve(name) as get:
        revoke(subject=user)

        there, here = get(token), ask(f"{site}/whoami/", token)

    assert there == (200, {"user": str(user.pk)}, None)
    assert here[0] == 401


@each_service
def test_it_asks_for_a_scope(user, serve, name):
    may, may_not = (signed(user, scope=frozenset({word})) for word in SCOPES)
    with serve(name) as get:
        answers = [get(token, "/tracks") for token in (may, may_not, None)]

    assert answers == [
        (200, {"of": str(user.pk)}, None),
        (403, None, 'Bearer error="insufficient_scope", scope="tracks:read"'),
        (401, None, "Bearer"),
    ]


def signed(user: Any, **ask: Any) -> str:
    return access.sign(issue(Ask(subject=user, kind=Kind.SIGN_IN, may_refresh=True, **ask)).grant)


def forged(user: Any) -> Iterator[tuple[str, str]]:
    """What looks like a token of ours, each with a word for what is wrong with it."""
    good = signed(user)
    key = signing_key(now(), now() + timedelta(hours=1))
    ours, public = key.material.raw_value, key.material.as_pem().decode()
    theirs, header, claims = Ed25519PrivateKey.generate(), jwt.get_unverified_header(good), payload(good)

    def made(by: Any = ours, alg: str = "EdDSA", head: dict[str, Any] | None = None, **other: Any) -> str:
        told = {name: value for name, value in {**claims, **other}.items() if value is not None}
        heads = {name: value for name, value in {**header, **(head or {})}.items() if name != "alg"}
        return jwt.encode(told, by, alg, headers=heads)

    def part(told: Any) -> str:
        return urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")

    head, body, signature = good.split(".")
    yield "another's key", made(theirs)
    yield "another's key, sent along", made(theirs, head={"jwk": {"kty": "OKP"}, "jku": "https://evil.example"})
    yield "no signature", f"{part({**header, 'alg': 'none'})}.{body}."
    yield "none, in capitals", f"{part({**header, 'alg': 'NONE'})}.{body}.{signature}"
    yield (
        "the public key as a secret",
        f"{part({**header, 'alg': 'HS256'})}.{body}.{signature_of(public, header, body)}",
    )
    yield "other claims", f"{head}.{part({**claims, 'sub': '1000000'})}.{signature}"
    yield "for somebody else", made(aud="https://other.example")
    yield "for nobody", made(aud=None)
    yield "from somebody else", made(iss="https://shop.example.evil.example")
    yield "from nobody", made(iss=None)
    yield "over", made(exp=int(now().timestamp()) - 1)
    yield "without an end", made(exp=None)
    yield "a refresh token", made(head={"typ": "rt+jwt"})
    yield "of no type", made(head={"typ": "JWT"})
    yield "of a key that nobody published", made(head={"kid": "../../dev/null"})
    yield "with what it does not understand", made(head={"crit": ["x"], "x": 1})
    yield "an opaque token", issue(Ask(subject=user)).secret
    yield "two parts", f"{head}.{body}"
    yield "no JSON", f"e.{body}.{signature}"
    yield "JSON without end", f"{urlsafe_b64encode(b'[' * 6_000).decode()}.{body}.{signature}"
    yield "letters of no alphabet", f"{head}.{body}.é"


def signature_of(public: str, header: dict[str, Any], body: str) -> str:
    head = urlsafe_b64encode(json.dumps({**header, "alg": "HS256"}).encode()).decode().rstrip("=")
    made = hmac.digest(public.encode(), f"{head}.{body}".encode(), "sha256")
    return urlsafe_b64encode(made).decode().rstrip("=")


@each_service
def test_what_looks_like_one_of_ours_is_refused(user, serve, name):
    with serve(name) as get:
        good = get(signed(user))
        answers = {what: get(token.encode().decode("latin-1")) for what, token in forged(user)}

    assert good[0] == 200
    assert {what: answer for what, answer in answers.items() if answer != INVALID} == {}


@each_service
def test_ids_of_no_key_have_the_keys_fetched_once(user, site, serve, name, monkeypatch):
    token, asked = log_in(site), []

    def counted(at):
        asked.append(at)
        return published(at)

    monkeypatch.setattr(jwks, "published", counted)
    with serve(name, patient=True) as get:
        known = get(token)
        unknown = [jwt.encode({}, "s" * 32, headers={"kid": f"{n}", "typ": "at+jwt"}) for n in range(50)]
        answers = {get(each) for each in unknown}

    assert (known[0], answers, len(asked)) == (200, {INVALID}, 1)


@each_service
def test_where_the_keys_cannot_be_fetched_it_says_so(user, serve, name):
    token = signed(user)
    with serve(name, keys_url="http://127.0.0.1:9/.well-known/jwks.json") as get:
        assert get(token) == (503, None, None)
