"""The tokens that the package itself signed, at the doors that took its place."""

from datetime import timedelta

import pytest
from django.urls import path
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from tessera.dialects.simplejwt import views
from tessera.dialects.simplejwt.authentication import JWTAuthentication
from tests.former_jwt import Peer, blacklist, keep, make_tables
from tests.management.terminal import called

pytestmark = pytest.mark.urls(__name__)

PATHS = {
    "refresh": views.TokenRefreshView,
    "verify": views.TokenVerifyView,
    "blacklist": views.TokenBlacklistView,
    "sliding": views.TokenRefreshSlidingView,
}


class Me(APIView):
    """Who asks, and what the token says."""

    authentication_classes = [JWTAuthentication]

    def get(self, request):
        return Response([request.user.get_username(), request.auth.get("color")])


urlpatterns = [path("me", Me.as_view()), *(path(name, view.as_view()) for name, view in PATHS.items())]
INVALID = {"detail": "Token is invalid", "code": "token_not_valid"}


@pytest.fixture
def peer(user, clock):
    called("tessera", "adopt", "simplejwt")
    return Peer()


def me(jwt):
    answer = APIClient().get("/me", headers={"Authorization": f"Bearer {jwt}"})
    return answer.status_code, answer.json()


def post(door, **body):
    answer = APIClient().post(f"/{door}", body, format="json")
    return answer.status_code, answer.json()


def test_an_access_token_opens_a_view(peer, user, clock):
    jwt = peer.jwt("access", user, clock(), color="green")

    assert me(jwt) == (200, ["ada", "green"])
    assert post("verify", token=jwt) == (200, {})


def test_a_refresh_token_gets_access_as_often_as_it_did(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock(), color="green")

    answers = [post("refresh", refresh=jwt) for _ in range(3)]

    assert [(status, list(body)) for status, body in answers] == [(200, ["access"])] * 3
    assert [me(body["access"]) for _, body in answers] == [(200, ["ada", "green"])] * 3


def test_who_came_back_and_still_holds_one_is_counted_and_signed_out_with_the_trust(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    post("refresh", refresh=jwt)

    waiting, _ = called("tessera", "adopt", "simplejwt", "--verify")
    ended, _ = called("tessera", "adopt", "simplejwt", "--finish")

    assert waiting.endswith("Live with a token that it signed: 1.\n")
    assert ended.endswith("Signed out, because all they hold was signed by them: 1.\n")
    assert post("refresh", refresh=jwt)[0] == 401


def test_its_refreshes_are_counted_as_those_of_any_sign_in(peer, user, clock, settings):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refresh": "3/minute"}}
    jwt = peer.jwt("refresh", user, clock())

    statuses = [post("refresh", refresh=jwt)[0] for _ in range(4)]

    assert statuses == [200, 200, 200, 429]


def test_a_refresh_token_is_rotated_where_that_is_asked(peer, user, clock, settings):
    settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
    jwt = peer.jwt("refresh", user, clock(), color="green")

    status, pair = post("refresh", refresh=jwt)
    again = post("refresh", refresh=pair["refresh"])

    assert (status, me(pair["access"]), again[0]) == (200, (200, ["ada", "green"]), 200)
    assert post("refresh", refresh=jwt) == (401, INVALID | {"detail": "Token is blacklisted"})
    assert post("refresh", refresh=again[1]["refresh"])[0] == 401


def test_a_sliding_token_slides_on(peer, user, clock, settings):
    settings.SIMPLE_JWT = {"AUTH_TOKEN_CLASSES": ("rest_framework_simplejwt.tokens.SlidingToken",)}
    jwt = peer.jwt("sliding", user, clock(), color="green")
    clock.turn(timedelta(minutes=4))

    status, slid = post("sliding", token=jwt)

    clock.turn(timedelta(minutes=4))
    assert (status, me(slid["token"])) == (200, (200, ["ada", "green"]))
    assert me(jwt)[0] == 401


def test_a_blacklisted_one_is_refused_and_its_successors_with_it(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    access = post("refresh", refresh=jwt)[1]["access"]

    assert post("blacklist", refresh=jwt) == (200, {})

    assert post("refresh", refresh=jwt)[0] == 401
    assert me(access)[0] == 401


def test_one_that_the_package_blacklisted_is_refused(tables, user, clock):
    make_tables()
    token = Peer().token("refresh", user, clock())
    keep(token, Peer(), user.pk)
    blacklist(token)
    called("tessera", "adopt", "simplejwt")

    answer = post("refresh", refresh=Peer().signed(token.payload))

    assert answer == (401, INVALID | {"detail": "Token is blacklisted"})


@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
def test_once_it_is_finished_none_opens_anything(peer, user, clock, kind):
    jwt = peer.jwt(kind, user, clock())
    called("tessera", "adopt", "simplejwt", "--finish")

    answers = [me(jwt), post("refresh", refresh=jwt), post("verify", token=jwt), post("sliding", token=jwt)]

    assert {status for status, _ in answers} == {401}
