"""Every 401 says how to do better, and no answer that holds a credential is kept."""

from itertools import permutations

import pytest
from django.urls import path
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tessera.dialects import authtoken
from tessera.drf import TokenAuthentication
from tests import urls

ENDPOINTS = ["/api-token-auth/", "/api-token-auth/new/", "/api-token-auth/revoke/"]
NOT_OURS, REFUSED = 'Bearer realm="api"', 'Bearer realm="api", error="invalid_token"'


class Door(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({"user": str(request.user)})


CLASSES = {"ours": TokenAuthentication, "dialect": authtoken.TokenAuthentication, "basic": BasicAuthentication}
CHALLENGES = {"ours": NOT_OURS, "dialect": "Token", "basic": 'Basic realm="api"'}
ORDERS = [order for length in (1, 2, 3) for order in permutations(CLASSES, length)]

urlpatterns = [
    *urls.urlpatterns,
    *(
        path(f"{'-'.join(order)}/", Door.as_view(authentication_classes=[CLASSES[name] for name in order]))
        for order in ORDERS
    ),
    path("open/", Door.as_view(authentication_classes=[TokenAuthentication], permission_classes=[])),
    path("session-last/", Door.as_view(authentication_classes=[TokenAuthentication, SessionAuthentication])),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_in_each_order_of_classes_a_401_names_the_first_of_them(client, order):
    answer = client.get(f"/{'-'.join(order)}/")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGES[order[0]])


@pytest.mark.parametrize("order", [order for order in ORDERS if {"ours", "dialect"} & {*order}], ids="-".join)
@pytest.mark.parametrize("header", ["Token zzz", "Token", "Bearer a b", "Bearer \xff"])
def test_in_each_order_of_classes_a_token_that_opens_nothing_is_a_401(client, order, header):
    answer = client.get(f"/{'-'.join(order)}/", headers={"Authorization": header})

    refused = {**CHALLENGES, "ours": REFUSED}
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, refused[order[0]])


@pytest.mark.parametrize("order", [order for order in ORDERS if {"ours", "dialect"} & {*order}], ids="-".join)
def test_in_each_order_of_classes_a_live_token_opens_the_door(client, hand_out, order):
    answer = client.get(f"/{'-'.join(order)}/", headers={"Authorization": f"Bearer {hand_out().secret}"})

    assert (answer.status_code, answer.json()) == (200, {"user": "ada"})


@pytest.mark.parametrize("order", [order for order in ORDERS if "basic" in order], ids="-".join)
def test_in_each_order_of_classes_another_scheme_is_left_to_its_class(client, user, order):
    answer = client.get(f"/{'-'.join(order)}/", headers={"Authorization": "Basic YWRhOmxvdmVsYWNlLTE4NDM="})

    assert (answer.status_code, answer.json()) == (200, {"user": "ada"})


def test_a_view_for_all_lets_nobody_in_as_nobody_without_a_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/open/")

    assert (answer.status_code, answer.json()) == (200, {"user": "AnonymousUser"})


def test_a_view_for_all_takes_no_token_that_opens_nothing_for_nobody(client):
    answer = client.get("/open/", headers={"Authorization": "Bearer zzz"})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, REFUSED)


def test_a_dead_token_is_a_401_though_a_live_session_stands_beside_it(client, user):
    client.force_login(user)

    answer = client.get("/session-last/", headers={"Authorization": "Bearer zzz"})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, REFUSED)


def test_a_live_token_is_whom_it_names_though_somebody_elses_session_stands_beside_it(
    client, hand_out, django_user_model
):
    client.force_login(django_user_model.objects.create_user("eve"))

    answer = client.get("/session-last/", headers={"Authorization": f"Bearer {hand_out().secret}"})

    assert answer.json() == {"user": "ada"}


@pytest.mark.parametrize(
    ("realm", "told"),
    [
        pytest.param("api", '"api"', id="plain"),
        pytest.param('the "inner" api', r'"the \"inner\" api"', id="quotes"),
        pytest.param("back\\slash", r'"back\\slash"', id="backslash"),
        pytest.param('", error="none', r'"\", error=\"none"', id="another parameter"),
        pytest.param("a\r\nSet-Cookie: x=y", '"a??Set-Cookie: x=y"', id="line end"),
        pytest.param("Küche ★", '"K?che ?"', id="letters that no header has"),
    ],
)
def test_the_realm_cannot_break_out_of_its_quotes(client, settings, realm, told):
    settings.TESSERA = {**settings.TESSERA, "REALM": realm}

    answer = client.get("/whoami/")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, f"Bearer realm={told}")


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_no_answer_of_an_endpoint_is_kept_by_anybody(client, user, path, method):
    answer = client.generic(method, path, headers={"Authorization": "Token zzz"})

    kept = {name: answer[name] for name in ("Cache-Control", "Pragma", "Vary")}
    assert kept == {"Cache-Control": "no-store", "Pragma": "no-cache", "Vary": "Authorization"}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_browsers_pre_flight_needs_no_token_and_is_promised_nothing(client, path, django_assert_num_queries):
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }

    with django_assert_num_queries(0):
        answer = client.options(path, headers=asked)

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
