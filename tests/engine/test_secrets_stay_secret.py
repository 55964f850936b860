"""A secret is seen once. What is kept of it opens nothing, and nothing that is written or shown tells of it."""

import base64
import logging
from datetime import timedelta
from io import StringIO
from secrets import token_hex
from unittest.mock import patch
from uuid import UUID

import pytest
import redis
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

from tessera import Ask, Issued, Kind, Policy, Purpose, TesseraError, conf, issue, redeem, replace, revoke, sign, verify
from tessera.dialects.authtoken import Token, TokenAuthentication
from tessera.engine.keyring import keyring
from tessera.engine.revocation import revoke_presented
from tessera.format import hashing
from tessera.format.opaque import Opaque, parse
from tests.traces import dice, report_of, rows, traces

EVERY = frozenset(Purpose)
PASSWORD = "lovelace-1843"
needs_valkey = pytest.mark.skipif("LOCATION" not in site.CACHES["default"], reason="no wheel brings Valkey to Windows")


def told_to_new_user(user, issued):
    TOLD.append(issued.secret)


TOLD: list[str] = []


@pytest.fixture
def told(user, hand_out, client, settings, django_capture_on_commit_callbacks):
    """Every secret that was told while each verb and each endpoint was used, for good and for bad."""
    settings.TESSERA = {**settings.TESSERA, "TOKEN_FOR_NEW_USERS": f"{__name__}.told_to_new_user"}
    TOLD.clear()
    with django_capture_on_commit_callbacks(execute=True):
        get_user_model().objects.create_user("grace", password="hopper-1952")
    secrets = [*TOLD, *(hand_out(kind=kind, label="laptop", client="app").secret for kind in Kind)]
    secrets += [issue(Ask(subject=None, kind=Kind.MACHINE, lifetime="never")).secret]
    secrets += [Token.objects.create(user=user).key, Token.objects.get_or_create(user=user)[0].key]
    with django_capture_on_commit_callbacks(execute=True):
        for secret in secrets:
            verify(secret, accept=EVERY)
    secrets += [replace(secrets[1], accept=EVERY).secret]
    pairs = [hand_out(kind=Kind.SIGN_IN, may_refresh=True)]
    pairs += [redeem(pairs[0].refresh_secret, accept=EVERY, client="", into=Kind.SIGN_IN)]
    secrets += [secret for pair in pairs for secret in (pair.secret, pair.refresh_secret)]
    secrets += [sign(pairs[-1].grant)]
    verify(secrets[-1], accept=EVERY)
    client.get("/whoami/", headers={"Authorization": f"Bearer {secrets[-1][:-1]}"})
    revoke(issue(Ask(subject=user)).grant)
    secrets += [_sign_in(client), _sign_in(client, form=True)]
    for path, method in (("new/", client.post), ("new/", client.get), ("revoke/", client.post)):
        answer = method(f"/api-token-auth/{path}", headers={"Authorization": f"Token {secrets[-1]}"})
        secrets += [answer.json()["token"]] if answer.content else []
    secrets += _pairs(client)
    client.force_login(user)
    client.get("/whoami/", headers={"Authorization": f"Bearer {secrets[0]}"})
    client.get("/whoami/", headers={"Authorization": f"Bearer {secrets[0][:-1]}"})
    client.get("/whoami/", headers={"Authorization": f"Bearer {secrets[-1]}"})
    assert len({*secrets}) == len(secrets) > len(Kind) + 14
    return secrets


def _sign_in(client, *, form=False):
    credentials = {"username": "ada", "password": PASSWORD}
    client.post("/api-token-auth/", {**credentials, "password": "wrong"})
    return client.post("/api-token-auth/", credentials, format="multipart" if form else "json").json()["token"]


def _pairs(client):
    """A pair, the two after it, and the end of all when the first is traded again."""
    answer = client.post("/auth/login/", {"username": "ada", "password": PASSWORD}).json()
    secrets = [answer["access_token"], answer["refresh_token"]]
    for _ in range(2):
        answer = client.post("/auth/refresh/", {"refresh_token": secrets[-1]}).json()
        secrets += [answer["access_token"], answer["refresh_token"]]
    assert client.post("/auth/refresh/", {"refresh_token": secrets[1]}).status_code == 401
    assert client.post("/auth/logout/", {"refresh_token": secrets[1]}).status_code == 204
    return secrets


def cached():
    """Every key of the cache, and what is kept under it."""
    with redis.Redis.from_url(site.CACHES["default"]["LOCATION"]) as server:
        keys = list(server.scan_iter())
        return [(f"cache {key!r}", value) for key in keys for value in (key, server.get(key))]


def as_credentials(value):
    """All that a thief could make of a stored value and send as a header."""
    plain = value if isinstance(value, bytes) else str(value).encode()
    yield from (plain, plain.hex().encode(), base64.b64encode(plain), base64.urlsafe_b64encode(plain))
    yield plain.decode("ascii", "ignore").encode()
    if isinstance(value, UUID):
        yield value.hex.encode()


def statuses_of(values):
    """The answers to each value in each disguise behind each scheme."""
    client = APIClient(raise_request_exception=True)
    credentials = {credential for _, value in values for credential in as_credentials(value) if credential.strip()}
    headers = [
        f"{scheme} {credential.decode('latin-1')}" for scheme in ("Token", "Bearer") for credential in credentials
    ]
    return {client.get("/whoami/", headers={"Authorization": header}).status_code for header in headers}


def test_nothing_that_stands_in_the_database_is_a_credential(told):
    assert statuses_of(rows(connection)) == {401}


@needs_valkey
def test_nothing_that_stands_in_the_cache_is_a_credential(told):
    assert statuses_of(cached()) == {401}


def test_the_database_tells_nothing_of_a_secret(told):
    values = rows(connection)

    assert {"tessera_grant.access_digest", "django_session.session_data"} <= {place for place, _ in values}
    assert {
        (place, trace)
        for place, value in values
        for trace in traces(value if isinstance(value, bytes) else str(value), *told)
    } == set()


@needs_valkey
def test_the_cache_tells_nothing_of_a_secret(told):
    values = cached()

    assert values
    assert {(place, trace) for place, value in values for trace in traces(value, *told, PASSWORD)} == set()


@pytest.mark.parametrize("form", ["json", "jsonl", "xml"])
def test_a_dump_of_the_data_tells_nothing_of_a_secret(told, form):
    out = StringIO()

    call_command("dumpdata", format=form, stdout=out)

    assert "tessera.grant" in out.getvalue()
    assert traces(out.getvalue(), *told) == set()


def test_a_serialized_token_object_tells_nothing_of_its_secret(user):
    token = Token.objects.create(user=user)

    assert traces(serializers.serialize("json", [token]), token.key) == set()


def test_no_log_tells_of_a_secret_or_a_password_at_any_level(caplog, request):
    for name in [None, *logging.root.manager.loggerDict]:
        caplog.set_level(logging.DEBUG, name)
    # What Django logs of its queries, parameters and all, it logs only then.
    connection.force_debug_cursor = True
    try:
        told = request.getfixturevalue("told")
    finally:
        connection.force_debug_cursor = False

    assert {"django.db.backends", "django.request", "tessera.audit"} <= {record.name for record in caplog.records}
    assert traces(caplog.text + repr([vars(record) for record in caplog.records]), *told, PASSWORD) == set()


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(lambda issued: issued, id="Issued"),
        pytest.param(lambda issued: issued.grant, id="Grant"),
        pytest.param(Token.of_issued, id="Token just made"),
        pytest.param(
            lambda issued: Token.of_principal(verify(issued.secret, accept=EVERY)).holding(issued.secret),
            id="Token presented",
        ),
        pytest.param(lambda issued: verify(issued.secret, accept=EVERY), id="Principal"),
        pytest.param(lambda issued: parse(issued.secret.encode(), ("tsr",), keyring()), id="Opaque"),
        pytest.param(lambda issued: replace(issued.secret, accept=EVERY), id="replacement"),
        pytest.param(lambda issued: _refusal(issued.secret[:-1]), id="Malformed"),
        pytest.param(lambda issued: _refusal(issued.secret, accept=()), id="WrongPurpose"),
        pytest.param(lambda issued: revoke(issued.grant) and _refusal(issued.secret), id="Revoked"),
    ],
)
def test_what_we_hand_around_does_not_show_the_secret(hand_out, shown):
    issued = hand_out()

    thing = shown(issued)

    assert traces(f"{thing} {thing!r} {[thing]} {thing:}", issued.secret) == set()
    assert issued.grant.access_digest.hex() not in repr(thing)


def _refusal(secret, accept=EVERY):
    with pytest.raises(TesseraError) as refused:
        verify(secret, accept=accept)
    return refused.value


def test_settings_and_keys_show_neither_themselves_nor_the_pepper(settings):
    keys = keyring()[0]

    shown = f"{keys} {keys!r} {conf.current()!r} {Opaque(Purpose.ACCESS, bytes(16), b'd' * 24, keys)!r}"

    for hidden in (keys.token, keys.fingerprint, settings.TESSERA["PEPPERS"][0].encode()):
        assert hidden.hex() not in shown
        assert repr(hidden)[2:-1] not in shown


def out_of_order(*_, **__):
    raise RuntimeError("out of order")


def key_service_broken():
    keyring.cache_clear()
    return patch.object(conf, "peppers", out_of_order)


BREAKS = {
    "the database breaks": lambda: connection.execute_wrapper(out_of_order),
    "the key service breaks": key_service_broken,
    # What a worker's time limit raises comes up in any line, so in one of the ground as well.
    "the time is up": lambda: patch.object(hashing, "_begun", out_of_order),
    "a policy breaks": lambda: patch.object(Policy, "judge", out_of_order),
}


VERBS = {
    "verify": lambda issued: verify(issued.secret, accept=EVERY),
    "verify bytes": lambda issued: verify(issued.secret.encode(), accept=EVERY),
    "replace": lambda issued: replace(issued.secret, accept=EVERY),
    "revoke": lambda issued: revoke_presented(issued.secret, accept=EVERY),
    "issue": lambda issued: issue(Ask(subject=issued.grant.subject)),
    "create": lambda issued: Token.objects.create(user=issued.grant.subject),
    "get": lambda issued: Token.objects.get(key=issued.secret),
    "authenticate_credentials": lambda issued: TokenAuthentication().authenticate_credentials(issued.secret),
}
CRASHES = [
    pytest.param(verb, breaks, id=f"{name}, {how}")
    for name, verb in VERBS.items()
    for how, breaks in BREAKS.items()
    if how != "a policy breaks" or name in {"issue", "create"}
]


@pytest.mark.parametrize("make", ["create", "get_or_create"])
def test_a_report_of_an_adoption_that_crashes_does_not_tell_the_key(hand_out, make):
    known = Issued(token_hex(20), hand_out().grant)

    with connection.execute_wrapper(out_of_order):
        report = report_of(lambda: getattr(Token.objects, make)(user=known.grant.subject, key=known.secret))

    assert "out of order" in report
    assert traces(report, known.secret) == set()


@pytest.mark.parametrize(("verb", "breaks"), CRASHES)
def test_a_report_of_a_verb_that_crashes_tells_nothing(hand_out, verb, breaks):
    issued = hand_out()

    with dice() as drawn, breaks():
        report = report_of(lambda: verb(issued))

    assert "out of order" in report
    assert traces(report, issued.secret, *drawn()) == set()


@pytest.mark.parametrize("generation", [pytest.param(0, id="current"), pytest.param(1, id="parent")])
@pytest.mark.parametrize("breaks", [pytest.param(breaks, id=how) for how, breaks in BREAKS.items()])
def test_a_report_of_a_refresh_that_crashes_tells_neither_the_pair_nor_the_next(hand_out, clock, generation, breaks):
    pairs = [hand_out(kind=Kind.SIGN_IN, may_refresh=True)]
    for _ in range(generation):
        pairs.append(redeem(pairs[0].refresh_secret, accept=EVERY, client="", into=Kind.SIGN_IN))
    clock.turn(timedelta(minutes=1))

    with dice() as drawn, breaks():
        report = report_of(lambda: redeem(pairs[0].refresh_secret, accept=EVERY, client="", into=Kind.SIGN_IN))

    assert "out of order" in report
    assert (
        traces(report, *drawn(), *(secret for pair in pairs for secret in (pair.secret, pair.refresh_secret))) == set()
    )
