"""The wire of `rest_framework.authtoken`, row by row. What it refuses is asked of the peer itself, side by side.

What it grants needs its table; the differential tests have that.
"""

import json
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.urls import path
from rest_framework.authentication import TokenAuthentication as PeersAuthentication
from rest_framework.authtoken.views import obtain_auth_token as peers_view
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tessera.dialects.authtoken import ObtainAuthToken, Token, TokenAuthentication, obtain_auth_token
from tests import urls

OURS, PEERS = "/api-token-auth/", "/peer/"
ADA = {"username": "ada", "password": "lovelace-1843"}


class ApiKeyAuthentication(TokenAuthentication):
    keyword = "Api-Key"


class Whoami(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        assert isinstance(request.auth, Token)
        return Response({"user": str(request.user), "auth": [str(request.auth.user), request.auth.key]})


urlpatterns = [
    *urls.urlpatterns,
    path("peer/", peers_view),
    path("bare/", obtain_auth_token),
    path("token/", Whoami.as_view()),
    path("api-key/", Whoami.as_view(authentication_classes=[ApiKeyAuthentication])),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def as_form(client, url, data):
    return client.post(url, urlencode(data), content_type="application/x-www-form-urlencoded")


def as_multipart(client, url, data):
    return client.post(url, data, format="multipart")


def as_json(client, url, data):
    return client.post(url, json.dumps(data), content_type="application/json")


@pytest.mark.parametrize("url", [pytest.param(OURS, id="included"), pytest.param("/bare/", id="the view by itself")])
@pytest.mark.parametrize("send", [as_form, as_multipart, as_json])
def test_a_name_and_a_password_are_traded_for_a_token(client, user, send, url):
    answer = send(client, url, ADA)

    token = answer.json()["token"]
    assert (answer.status_code, answer.json(), answer["Content-Type"]) == (200, {"token": token}, "application/json")
    assert (answer["Cache-Control"], answer["Pragma"], answer["Vary"]) == ("no-store", "no-cache", "Authorization")
    assert client.get("/whoami/", headers={"Authorization": f"Token {token}"}).json() == {"username": "ada"}


REQUIRED, BLANK, NULL = "This field is required.", "This field may not be blank.", "This field may not be null."
UNABLE = {"non_field_errors": ["Unable to log in with provided credentials."]}

IN_ANY_FORM = [
    pytest.param({**ADA, "password": "wrong"}, UNABLE, id="wrong password"),
    pytest.param({**ADA, "password": "LOVELACE-1843"}, UNABLE, id="password in another case"),
    pytest.param({**ADA, "password": " lovelace-1843 "}, UNABLE, id="password with spaces around"),
    pytest.param({**ADA, "username": "nobody"}, UNABLE, id="unknown name"),
    pytest.param({**ADA, "username": "bob"}, UNABLE, id="inactive user"),
    pytest.param({}, {"username": [REQUIRED], "password": [REQUIRED]}, id="nothing"),
    pytest.param({"username": "ada"}, {"password": [REQUIRED]}, id="no password"),
    pytest.param({"password": "x"}, {"username": [REQUIRED]}, id="no name"),
    pytest.param({"username": "", "password": ""}, {"username": [BLANK], "password": [BLANK]}, id="blank"),
    pytest.param({**ADA, "username": "   "}, {"username": [BLANK]}, id="name of spaces"),
]
IN_JSON = [
    pytest.param({"username": None, "password": None}, {"username": [NULL], "password": [NULL]}, id="null for both"),
    pytest.param(
        [ADA], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}, id="a list for a body"
    ),
    pytest.param(
        {"username": ["ada"], "password": {}},
        {"username": ["Not a valid string."], "password": ["Not a valid string."]},
        id="containers",
    ),
]


def refused_side_by_side(client, send, data, expected):
    User.objects.create_user("bob", password=ADA["password"], is_active=False)

    ours, peers = send(client, OURS, data), send(client, PEERS, data)

    assert (ours.status_code, ours.json(), ours["Content-Type"]) == (400, expected, "application/json")
    assert (peers.status_code, peers.json(), peers["Content-Type"]) == (400, expected, "application/json")
    assert "WWW-Authenticate" not in ours


@pytest.mark.parametrize("send", [as_form, as_multipart, as_json])
@pytest.mark.parametrize(("data", "expected"), IN_ANY_FORM)
def test_what_cannot_be_traded_is_a_400_in_the_peers_words(client, user, send, data, expected):
    refused_side_by_side(client, send, data, expected)


@pytest.mark.parametrize(("data", "expected"), IN_JSON)
def test_what_only_json_can_say_is_a_400_in_the_peers_words(client, user, data, expected):
    refused_side_by_side(client, as_json, data, expected)


def test_white_space_around_the_name_is_nothing(client, user):
    answer = as_json(client, OURS, {**ADA, "username": " ada\n"})

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
def test_any_other_method_is_a_405(client, user, method):
    answer = client.generic(method, OURS, json.dumps(ADA), content_type="application/json")
    peers = client.generic(method, PEERS, json.dumps(ADA), content_type="application/json")

    assert (answer.status_code, answer["Allow"]) == (peers.status_code, peers["Allow"]) == (405, "POST, OPTIONS")
    assert method == "HEAD" or answer.json() == peers.json() == {"detail": f'Method "{method}" not allowed.'}


def test_options_tells_what_there_is(client):
    answer = client.options(OURS)

    assert (answer.status_code, answer["Allow"]) == (200, "POST, OPTIONS")
    assert answer.json() == {
        "name": "Obtain Auth Token",
        "description": "Log in with a name and a password, and get a new token.",
        "renders": ["application/json"],
        "parses": ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
        "actions": {
            "POST": {
                name: {"type": "string", "required": True, "read_only": False, "label": label, "max_length": longest}
                for name, label, longest in [("username", "Username", 1024), ("password", "Password", 4096)]
            }
        },
    }


def test_a_view_of_a_sites_own_asks_for_the_serializer_as_it_asks_the_peers(client, user):
    class LogIn(ObtainAuthToken):
        def post(self, request, *args, **kwargs):
            serializer = self.get_serializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            answer = super().post(request, *args, **kwargs)
            told = serializer.context["request"] is request, serializer.context["view"] is self
            return Response({**answer.data, "email": serializer.validated_data["user"].email, "told": told})

    request = APIRequestFactory().post("/v1/log-in/", ADA)

    answer = LogIn.as_view()(request, version="v1")

    assert (answer.status_code, answer.data["email"], answer.data["told"]) == (200, "", (True, True))


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/html;q=1, image/*"])
def test_json_is_all_that_is_spoken(client, user, accept):
    answers = [client.post(url, ADA, headers={"Accept": accept}) for url in (OURS, PEERS)]

    assert [answer.status_code for answer in answers] == [406, 406]
    assert answers[0].json() == answers[1].json() == {"detail": "Could not satisfy the request Accept header."}


NOT_PRESENTED = "Authentication credentials were not provided."
INVALID = "Invalid token."
HEADER = "Invalid token header."
MALFORMED = [
    pytest.param("Token", f"{HEADER} No credentials provided.", id="the keyword alone"),
    pytest.param("Token a b", f"{HEADER} Token string should not contain spaces.", id="two words"),
    pytest.param("Token \xff", f"{HEADER} Token string should not contain invalid characters.", id="no UTF-8"),
]
NOT_THERE = [
    pytest.param(None, id="no header"),
    pytest.param("", id="empty header"),
    pytest.param("Basic YWRhOmxvdmVsYWNlLTE4NDM=", id="another scheme"),
    pytest.param("Tokens x", id="a scheme that begins alike"),
]


@pytest.mark.parametrize(("header", "detail"), [*MALFORMED, pytest.param("Token x", INVALID, id="unknown")])
def test_a_header_that_opens_nothing_is_a_401_in_the_peers_words(client, header, detail):
    answer = client.get("/token/", headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (401, {"detail": detail})
    assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("header", NOT_THERE)
def test_a_header_of_somebody_elses_is_no_credential_at_all(client, header):
    answer = client.get("/token/", headers={"Authorization": header} if header is not None else {})

    assert (answer.status_code, answer.json()) == (401, {"detail": NOT_PRESENTED})
    assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(("header", "detail"), MALFORMED)
def test_a_malformed_header_says_what_the_peer_says(header, detail):
    request = Request(APIRequestFactory().get("/", headers={"Authorization": header}))

    said = []
    for authenticator in (TokenAuthentication(), PeersAuthentication()):
        with pytest.raises(AuthenticationFailed) as refusal:
            authenticator.authenticate(request)
        said.append((str(refusal.value.detail), refusal.value.get_codes()))

    assert said == [(detail, "authentication_failed")] * 2


@pytest.mark.parametrize("header", NOT_THERE)
def test_a_header_of_somebody_elses_is_left_to_them_as_by_the_peer(header):
    request = Request(APIRequestFactory().get("/", headers={"Authorization": header} if header is not None else {}))

    answers = [authenticator.authenticate(request) for authenticator in (TokenAuthentication(), PeersAuthentication())]

    assert answers == [None, None]


def test_an_inactive_users_token_is_as_invalid_as_any(client, hand_out, user):
    token = hand_out().secret
    User.objects.update(is_active=False)

    answer = client.get("/token/", headers={"Authorization": f"Token {token}"})

    # The peer says "User inactive or deleted.", which tells whoever found a token that it was one.
    assert (answer.status_code, answer.json()) == (401, {"detail": INVALID})


@pytest.mark.parametrize("scheme", ["Token", "token", "TOKEN", "Bearer", "bearer"])
def test_request_user_and_request_auth_are_what_call_sites_expect(client, hand_out, scheme):
    token = hand_out().secret

    answer = client.get("/token/", headers={"Authorization": f"{scheme} {token}"})

    assert (answer.status_code, answer.json()) == (200, {"user": "ada", "auth": ["ada", token]})


@pytest.mark.parametrize("scheme", ["Api-Key", "api-key", "Token", "Bearer"])
def test_a_keyword_of_the_sites_own_is_understood_beside_the_usual_ones(client, hand_out, scheme):
    answer = client.get("/api-key/", headers={"Authorization": f"{scheme} {hand_out().secret}"})

    assert answer.status_code == 200


def test_a_keyword_of_the_sites_own_stands_in_the_challenge_and_is_nobody_elsewhere(client, hand_out):
    token = hand_out().secret

    refused = client.get("/api-key/")
    elsewhere = client.get("/token/", headers={"Authorization": f"Api-Key {token}"})

    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Api-Key")
    assert (elsewhere.status_code, elsewhere.json()) == (401, {"detail": NOT_PRESENTED})
