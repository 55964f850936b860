"""The published keys, for whoever verifies our JWTs himself."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import override_settings
from django.urls import include, path

from tessera.engine.signing.keys import RELOAD, signing_key
from tessera.engine.signing.succession import make_next
from tessera.format.jwk import ALGORITHMS, generate, public
from tests.test_imports import run

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
WHERE = "/.well-known/jwks.json"
QUARTER = timedelta(minutes=15)

urlpatterns = [path("", include("tessera.plain.jwks"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def test_they_are_a_set_that_may_be_kept(client, clock):
    key = signing_key(clock(), clock() + QUARTER)

    answer = client.get(WHERE)

    assert (answer.status_code, answer.json()) == (200, {"keys": [public(key)]})
    assert dict(answer.headers) == {
        "Content-Type": "application/json",
        "Content-Length": str(len(answer.content)),
        "ETag": answer["ETag"],
        "Cache-Control": "public, max-age=3600",
    } | {name: answer[name] for name in ("X-Frame-Options",) if name in answer}
    assert answer.cookies == {}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_of_no_algorithm_is_anything_private_published(client, clock, algorithm):
    make_next(clock(), algorithm=algorithm)

    told = client.get(WHERE).json()["keys"]

    assert [each["alg"] for each in told] == ([algorithm] if algorithm != "HS256" else [])
    assert all(each.keys().isdisjoint(PRIVATE) for each in told)
    assert all(each["use"] == "sig" and each["kid"] for each in told)


def test_a_secret_among_the_keys_of_the_settings_is_not_published(client, settings, clock):
    keys = [generate("ES256"), generate("HS256")]
    told = [json.dumps(key.material.as_dict(private=True)) for key in keys]
    settings.TESSERA = {**settings.TESSERA, "JWT_KEYS": told}

    assert client.get(WHERE).json() == {"keys": [public(keys[0])]}


def test_before_there_is_one_there_is_nothing_to_keep(client):
    answer = client.get(WHERE)

    assert (answer.status_code, answer.json(), answer["Cache-Control"]) == (200, {"keys": []}, "no-cache")


@override_settings(TESSERA={"JWKS_MAX_AGE": timedelta(minutes=5)})
def test_how_long_they_may_be_kept_is_the_sites_to_say(client, clock):
    signing_key(clock(), clock() + QUARTER)

    assert client.get(WHERE)["Cache-Control"] == "public, max-age=300"


def test_whoever_has_them_is_told_so(client, clock):
    signing_key(clock(), clock() + QUARTER)
    etag = client.get(WHERE)["ETag"]

    known = client.get(WHERE, headers={"If-None-Match": f'"other", W/{etag}'})
    make_next(clock())
    changed = client.get(WHERE, headers={"If-None-Match": etag})

    assert (known.status_code, known.content, known["ETag"]) == (304, b"", etag)
    assert known["Cache-Control"] == "public, max-age=3600"
    assert (changed.status_code, len(changed.json()["keys"])) == (200, 2)


def test_a_head_request_is_told_the_headers(client, clock):
    signing_key(clock(), clock() + QUARTER)

    told, asked = client.get(WHERE), client.head(WHERE)

    assert (asked.status_code, asked.content, asked.headers) == (200, b"", told.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_they_are_for_reading(client, method):
    answer = client.generic(method, WHERE, enforce_csrf_checks=True)

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_whatever_comes_with_the_request_changes_nothing(client, clock):
    signing_key(clock(), clock() + QUARTER)
    plain = client.get(WHERE)

    cookie = f"sessionid={'z' * 32}; __Host-access=zzz"
    headers = {"Authorization": "Bearer zzz", "Accept": "text/html", "Accept-Language": "de", "Cookie": cookie}
    answer = client.get(WHERE, {"kid": "'; --"}, headers=headers)

    assert (answer.status_code, answer.content, answer.headers) == (200, plain.content, plain.headers)


def test_they_cost_a_query_a_minute(client, clock, django_assert_num_queries):
    signing_key(clock(), clock() + QUARTER)
    client.get(WHERE)

    with django_assert_num_queries(0):
        client.get(WHERE)
    clock.turn(RELOAD)
    with django_assert_num_queries(1):
        client.get(WHERE)


def test_a_database_that_is_away_is_no_fault_of_theirs(client):
    def away(*_):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away):
        answer = client.get(WHERE)

    assert (answer.status_code, answer["Cache-Control"]) == (503, "no-store")
    assert "keys" not in answer.json()


def test_they_need_no_rest_framework():
    answer = run(
        """
        import json, django
        django.setup()
        before = set(sys.modules)
        import tessera.plain.jwks
        print(json.dumps(sorted(name for name in set(sys.modules) - before if name.startswith("rest_framework"))))
        """,
        apps=("django.contrib.contenttypes", "django.contrib.auth", "tessera"),
    )

    assert answer == []
