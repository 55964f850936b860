"""No endpoint that takes a credential goes on refusing it: after a while its client is told to wait."""

import re
from uuid import UUID

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from tessera import revoke
from tessera.dialects.simplejwt import RefreshToken, SlidingToken
from tests.credentials import PAIR, bearing
from tests.routes import credential_endpoints

FEW = dict.fromkeys(["name_and_address", "address", "refresh", "refused"], "3/minute")


def test_whoever_presents_what_is_dead_or_wrong_is_told_to_wait_in_the_end(hand_out, user, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": FEW}
    dead = hand_out(**PAIR)
    revoke(dead.grant)
    refresh, sliding = RefreshToken.for_user(user), SlidingToken.for_user(user)
    wrong = {"username": "ada", "password": "wrong", "refresh_token": dead.refresh_secret}
    wrong |= {"refresh": str(refresh), "token": str(sliding)}
    revoke(refresh.grant, sliding.grant)
    endpoints = [re.sub("<[^>]+>", str(UUID(int=1)), route) for route in credential_endpoints()]
    assert {"/api-token-auth/", "/api-token-auth/new/", "/auth/login/", "/auth/refresh/"} <= set(endpoints)

    seen = {}
    for path in endpoints:
        for method in ("get", "post", "patch", "delete"):
            cache.clear()
            send = getattr(APIClient(headers=bearing(dead.secret)), method)
            seen[method, path] = [send(path, wrong).status_code for _ in range(4)]

    # A log-out of what has ended is a success, and tells nothing.
    refusing = {what: statuses for what, statuses in seen.items() if {400, 401, 403} & set(statuses)}
    assert {path for _, path in refusing} >= {"/api-token-auth/", "/auth/refresh/"}
    assert {what: statuses for what, statuses in refusing.items() if statuses[-1] != 429} == {}


@pytest.mark.parametrize("path", ["/api-token-auth/", "/auth/login/", "/api/token/"])
def test_a_default_of_the_sites_takes_no_rate_away(client, user, settings, clock, path):
    settings.TESSERA = {**settings.TESSERA, "RATES": FEW}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}

    statuses = [client.post(path, {"username": "ada", "password": "wrong"}).status_code for _ in range(4)]

    assert statuses[-1] == 429
