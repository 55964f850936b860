"""`POST /api-token-auth/new/`: a token that leaked, for a fresh one of the same grant."""

from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from tessera import Kind, Purpose
from tessera.engine.adoption.key import adopt
from tessera.engine.replacement import replace
from tessera.engine.revocation import revoke
from tessera.models import Grant
from tests.credentials import bearing
from tests.dialects import hostile

NEW = "/api-token-auth/new/"
INVALID = {"detail": "Invalid token."}
NOT_PRESENTED = {"detail": "Authentication credentials were not provided."}


def opens(client, secret):
    return client.get("/whoami/", headers=bearing(secret)).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_fresh_token_works_and_the_old_one_is_refused_by_the_next_request(client, hand_out, method):
    old = hand_out().secret

    answer = getattr(client, method)(NEW, headers=bearing(old))

    new = answer.json()["token"]
    assert (answer.status_code, answer.json()) == (200, {"token": new})
    assert answer["Cache-Control"] == "no-store"
    assert answer["Vary"] == "Authorization"
    assert (opens(client, old), opens(client, new)) == (False, True)
    assert answer.headers.get("Deprecation") == {"get": "@1795392000", "post": None}[method]


def test_an_adopted_key_is_replaced_by_an_ordinary_token_of_its_grant(client, user):
    grant = adopt("test-key", user).grant

    answer, again = (client.post(NEW, headers=bearing("test-key")) for _ in range(2))

    new = answer.json()["token"]
    assert (answer.status_code, new[:5], again.status_code, again.json()) == (200, "tsra_", 401, INVALID)
    assert opens(client, new)
    assert Grant.objects.values_list("pk", "kind", "created_at", "ends_at").get() == (
        grant.pk,
        Kind.ADOPTED,
        grant.created_at,
        grant.ends_at,
    )


def test_a_replaced_token_replaces_nothing(client, hand_out):
    old = hand_out().secret
    new = client.post(NEW, headers=bearing(old)).json()["token"]

    answer = client.post(NEW, headers=bearing(old))

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, INVALID, "Token")
    assert opens(client, new)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
def test_any_other_method_is_a_405_and_replaces_nothing(client, hand_out, method):
    token = hand_out().secret

    answer = client.generic(method, NEW, headers=bearing(token))

    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST, OPTIONS")
    assert opens(client, token)


@pytest.mark.parametrize("kind", [Kind.SIGN_IN, Kind.PERSONAL])
@pytest.mark.parametrize("lifetime", [timedelta(hours=1), "never"])
def test_name_scope_kind_and_end_are_inherited(scopes, client, hand_out, kind, lifetime):
    asked = {"kind": kind, "label": "phone", "scope": frozenset({"tracks:read"}), "client": "app", "lifetime": lifetime}
    old = hand_out(**asked)

    client.post(NEW, {"label": "mine", "scope": "all", "expiry": "9999-12-31"}, headers=bearing(old.secret))

    kept = ("id", "subject_id", "client", "kind", "label", "scope", "created_at", "ends_at", "revoked_at")
    grant = Grant.objects.get()
    assert {name: getattr(grant, name) for name in kept} == {name: getattr(old.grant, name) for name in kept}


def admin_session(client, user, token):
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)
    return client.post(NEW)


OTHER_CARRIERS = [
    pytest.param(admin_session, id="a live session"),
    pytest.param(lambda client, user, token: client.post(f"{NEW}?token={token}&access_token={token}"), id="the URL"),
    pytest.param(lambda client, user, token: client.get(f"{NEW}?token={token}"), id="the URL of a GET"),
    pytest.param(lambda client, user, token: client.post(NEW, {"token": token}, format="json"), id="a JSON body"),
    pytest.param(
        lambda client, user, token: client.post(
            NEW, urlencode({"access_token": token}), content_type="application/x-www-form-urlencoded"
        ),
        id="a form",
    ),
    pytest.param(
        lambda client, user, token: client.post(
            NEW, headers={"Authorization": "Basic " + b64encode(b"ada:lovelace-1843").decode()}
        ),
        id="Basic with the right password",
    ),
    pytest.param(
        lambda client, user, token: client.post(
            NEW, headers={"Authorization": "Basic " + b64encode(f"{token}:".encode()).decode()}
        ),
        id="Basic with the token for a name",
    ),
    pytest.param(lambda client, user, token: client.post(NEW, headers={"Cookie": f"token={token}"}), id="a cookie"),
    pytest.param(lambda client, user, token: client.post(NEW, headers={"X-Authorization": token}), id="another header"),
]


@pytest.mark.parametrize("send", OTHER_CARRIERS)
def test_only_the_header_counts(client, hand_out, user, send):
    token = hand_out().secret

    answer = send(client, user, token)

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, NOT_PRESENTED, "Token")
    assert opens(APIClient(), token)


def test_a_live_session_beside_the_header_neither_helps_nor_hinders(hand_out, user, django_user_model):
    token = hand_out().secret
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(django_user_model.objects.create_user("eve"))

    refused, replaced = browser.post(NEW, headers=bearing("x")), browser.post(NEW, headers=bearing(token))

    assert (refused.status_code, replaced.status_code) == (401, 200)
    assert Grant.objects.get().subject == user


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda user, issued, clock: clock.turn(timedelta(days=366)), id="expired"),
        pytest.param(lambda user, issued, clock: revoke(issued.grant), id="revoked"),
        pytest.param(lambda user, issued, clock: replace(issued.secret, accept={Purpose.PERSONAL}), id="replaced"),
        pytest.param(lambda user, issued, clock: user.delete(), id="user deleted"),
        pytest.param(lambda user, issued, clock: type(user).objects.update(is_active=False), id="user deactivated"),
        pytest.param(lambda user, issued, clock: type(user).objects.update(password="!"), id="password replaced"),
    ],
)
def test_a_dead_token_is_one_401_whatever_the_reason_and_changes_nothing(client, hand_out, user, clock, end):
    issued = hand_out()
    end(user, issued, clock)
    before = list(Grant.objects.values())

    answer = client.post(NEW, headers=bearing(issued.secret))

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, INVALID, "Token")
    assert list(Grant.objects.values()) == before


def test_options_tells_what_there_is_without_a_token(client):
    answer = client.options(NEW)

    assert (answer.status_code, answer["Allow"]) == (200, "GET, POST, OPTIONS")


@hostile.worlds
def test_a_hostile_default_of_the_site_changes_nothing(world, hand_out, user):
    token = hand_out().secret

    with world() as client:
        client.force_login(user)
        refused = client.post(NEW)
        replaced = client.post(NEW, headers=bearing(token))
        revoked = client.post("/api-token-auth/revoke/", headers=bearing(replaced.json()["token"]))

    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Token")
    assert (replaced.status_code, list(replaced.json()), revoked.status_code) == (200, ["token"], 204)
    assert Grant.objects.get().revoked_reason == "logout"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [NEW, "/api-token-auth/revoke/"])
def test_the_sites_transaction_around_each_request_is_not_around_this_one(client, hand_out, monkeypatch, path):
    token, in_transaction = bearing(hand_out().secret), []
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    def look(execute, sql, params, many, context):
        in_transaction.append(connection.in_atomic_block)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        client.post(path, headers=token)

    assert in_transaction
    assert not any(in_transaction)
