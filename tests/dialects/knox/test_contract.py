"""The wire of knox, row by row. What the peer itself answers to the same stands in the differential tests."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse
from rest_framework import permissions
from rest_framework.authentication import BasicAuthentication
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

from tessera.dialects.knox import AuthToken, LoginView, LogoutAllView, LogoutView, TokenAuthentication
from tessera.drf import authentication
from tessera.http.carriers import ACCESS_COOKIE
from tests import urls
from tests.recording import listening

ADA = {"username": "ada", "password": "lovelace-1843"}
BASIC = f"Basic {b64encode(b'ada:lovelace-1843').decode()}"
NOT_PRESENTED = {"detail": "Authentication credentials were not provided."}
INVALID = {"detail": "Invalid token."}


class Whoami(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        token: Any = request.auth
        return Response({"user": str(request.user), "auth": [type(token).__name__, str(token.user), token.expiry]})


class ByBasic(LoginView):
    """As knox's documentation shows it."""

    authentication_classes = [BasicAuthentication]


class ByBody(LoginView):
    """As knox's documentation shows it."""

    permission_classes = (permissions.AllowAny,)

    def post(self, request: Request, format: Any = None) -> Response:  # noqa: A002
        serializer = AuthTokenSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        login(request, user)
        return super().post(request, format=None)


class NameAndMail(ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("username", "email")


class Hooked(LoginView):
    """Every hook that there is."""

    def get_context(self) -> Any:
        return {**super().get_context(), "hooked": True}

    def get_token_ttl(self) -> timedelta:
        return timedelta(days=1)

    def get_token_prefix(self) -> str:
        return "shop_"

    def get_token_limit_per_user(self) -> int:
        return 2

    def get_user_serializer_class(self) -> Any:
        return NameAndMail

    def get_expiry_datetime_format(self) -> str:
        return "%d.%m.%Y"

    def format_expiry_datetime(self, expiry: Any) -> str:
        return f"until {super().format_expiry_datetime(expiry)}"

    def create_token(self) -> Any:
        instance, token = super().create_token()
        return instance, f"{token}"

    def get_post_response_data(self, request: Request, token: str, instance: AuthToken) -> Any:
        return {**super().get_post_response_data(request, token, instance), "id": str(instance.pk)}

    def get_post_response(self, request: Request, token: str, instance: AuthToken) -> Response:
        answer = super().get_post_response(request, token, instance)
        answer["X-Hooked"] = str(self.get_context()["hooked"])
        return answer


class LogoutWithWords(LogoutView):
    def get_post_response(self, request: Request) -> Response:
        return Response({"bye": request.user.get_username()})


class LogoutAllWithWords(LogoutAllView):
    def get_post_response(self, request: Request) -> Response:
        return Response({"bye": request.user.get_username()})


class LogoutByAnother(LogoutView):
    authentication_classes: Any = (authentication.TokenAuthentication, BasicAuthentication)


class Loud(JSONRenderer):
    """As a site that spells names in another way."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return super().render(data, *args, **kwargs).upper()


urlpatterns = [
    *urls.urlpatterns,
    path("knox/", include("tessera.dialects.knox.urls")),
    path("basic/", ByBasic.as_view()),
    path("body/", ByBody.as_view()),
    path("hooked/", Hooked.as_view(authentication_classes=[BasicAuthentication])),
    path("bye/", LogoutWithWords.as_view()),
    path("bye-all/", LogoutAllWithWords.as_view()),
    path("bye-by-another/", LogoutByAnother.as_view()),
    path("token/", Whoami.as_view()),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def rest_framework(*authenticators: str, **defaults: Any) -> Any:
    told = {"DEFAULT_AUTHENTICATION_CLASSES": list(authenticators), **defaults}
    return override_settings(REST_FRAMEWORK={**site.REST_FRAMEWORK, **told})


BY_BASIC = "rest_framework.authentication.BasicAuthentication"
BY_SESSION = "rest_framework.authentication.SessionAuthentication"
BY_KNOX = "tessera.dialects.knox.TokenAuthentication"


@pytest.fixture
def token(user):
    """A token of ada's, and where it goes."""
    return AuthToken.objects.create(user)


def header(secret: str, scheme: str = "Token") -> dict[str, str]:
    return {"Authorization": f"{scheme} {secret}"}


def expiry(clock, span=timedelta(hours=10)):
    # The tests' site has Django's own time zone.
    return (clock.time + span - timedelta(hours=6)).isoformat().replace("+00:00", "-06:00")


def test_the_routes_have_the_names_of_the_peers():
    names = ("knox_login", "knox_logout", "knox_logoutall")

    assert [reverse(name) for name in names] == ["/knox/login/", "/knox/logout/", "/knox/logoutall/"]


@pytest.mark.parametrize(
    ("url", "sent", "body"),
    [
        pytest.param("/knox/login/", {"Authorization": BASIC}, {}, id="by the site's own authenticators"),
        pytest.param("/basic/", {"Authorization": BASIC}, {}, id="by those of a subclass"),
        pytest.param("/knox/login/", {}, ADA, id="by name and password"),
        pytest.param("/body/", {}, ADA, id="by the recipe of the peer's documentation"),
    ],
)
def test_whoever_is_known_gets_a_token(client, user, clock, url, sent, body):
    with listening(user_logged_in) as heard:
        answer = client.post(url, body, headers=sent)

    token = answer.json()["token"]
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == {"expiry": expiry(clock), "token": token}
    assert (answer["Cache-Control"], answer["Pragma"]) == ("no-store", "no-cache")
    assert client.get("/token/", headers=header(token)).json() == {
        "user": "ada",
        "auth": ["AuthToken", "ada", "2026-11-23T22:00:00Z"],
    }
    assert [told["user"] for _, told in heard] == [user] * (2 if url == "/body/" else 1)
    user.refresh_from_db()
    assert user.last_login is not None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            {**ADA, "password": "x"}, {"non_field_errors": ["Unable to log in with provided credentials."]}, id="wrong"
        ),
        pytest.param({"username": "ada"}, {"password": ["This field is required."]}, id="no password"),
        pytest.param({"password": "x"}, {"username": ["This field is required."]}, id="no name"),
        pytest.param({"username": "", "password": "x"}, {"username": ["This field may not be blank."]}, id="blank"),
    ],
)
def test_credentials_that_are_wrong_are_answered_as_the_recipe_of_the_peer_does(client, user, body, said):
    answers = [client.post(url, body) for url in ("/knox/login/", "/body/")]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(400, said)] * 2


@pytest.mark.parametrize(
    ("authenticators", "status", "challenge"),
    [
        pytest.param([BY_BASIC, BY_SESSION], 401, 'Basic realm="api"', id="Basic first"),
        pytest.param([BY_SESSION, BY_BASIC], 403, None, id="sessions first"),
        pytest.param([BY_KNOX], 401, "Token", id="this dialect's own"),
        pytest.param([], 403, None, id="none"),
    ],
)
def test_who_says_nothing_is_answered_by_the_sites_first_authenticator(client, user, authenticators, status, challenge):
    with rest_framework(*authenticators):
        answer = client.post("/knox/login/")

    assert (answer.status_code, answer.get("WWW-Authenticate")) == (status, challenge)
    assert answer.json() == NOT_PRESENTED


def test_a_wrong_password_for_basic_is_said_by_basic(client, user):
    wrong = b64encode(b"ada:wrong").decode()

    answer = client.post("/basic/", headers={"Authorization": f"Basic {wrong}"})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Basic realm="api"')
    assert answer.json() == {"detail": "Invalid username/password."}


def test_a_session_gets_a_token_with_the_proof_of_a_page_only(user):
    from rest_framework.test import APIClient

    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(user)
    browser.cookies["csrftoken"] = "c" * 32

    answers = [browser.post("/knox/login/", headers=sent) for sent in ({}, {"X-CSRFToken": "c" * 32})]

    assert [answer.status_code for answer in answers] == [403, 200]


@pytest.mark.parametrize("limit", [1, 3])
def test_one_too_many_is_a_403_in_the_peers_words(client, user, settings, limit):
    settings.REST_KNOX = {"TOKEN_LIMIT_PER_USER": limit}
    for _ in range(limit):
        assert client.post("/basic/", headers={"Authorization": BASIC}).status_code == 200

    answer = client.post("/basic/", headers={"Authorization": BASIC})

    assert (answer.status_code, answer.get("WWW-Authenticate")) == (403, None)
    assert answer.json() == {"error": "Maximum amount of tokens allowed per user exceeded."}
    assert user.auth_token_set.count() == limit


def test_a_limit_of_none_lets_nobody_in(client, user, settings):
    settings.REST_KNOX = {"TOKEN_LIMIT_PER_USER": 0}

    answer = client.post("/basic/", headers={"Authorization": BASIC})

    assert (answer.status_code, AuthToken.objects.count()) == (403, 0)


def test_a_limit_of_the_sites_own_is_answered_the_same(client, user, settings):
    settings.TESSERA = {**settings.TESSERA, "LIMITS": {"sign-in": (1, "refuse")}}

    answers = [client.post("/basic/", headers={"Authorization": BASIC}) for _ in range(2)]

    assert answers[1].status_code == 403
    assert answers[1].json() == {"error": "Maximum amount of tokens allowed per user exceeded."}


def test_what_has_ended_makes_room(client, user, settings, clock):
    settings.REST_KNOX = {"TOKEN_LIMIT_PER_USER": 1}
    for change in (lambda: clock.turn(timedelta(hours=10)), lambda: user.auth_token_set.all().delete()):
        assert client.post("/basic/", headers={"Authorization": BASIC}).status_code == 200
        change()

    answer = client.post("/basic/", headers={"Authorization": BASIC})

    assert answer.status_code == 200


def test_every_hook_is_called(client, user, clock):
    answer = client.post("/hooked/", headers={"Authorization": BASIC})

    body = answer.json()
    assert body == {
        "expiry": "until 24.11.2026",
        "token": body["token"],
        "user": {"username": "ada", "email": ""},
        "id": str(AuthToken.objects.get().pk),
    }
    assert answer["X-Hooked"] == "True"
    # It is the site's `PREFIX` that scanners look for.
    assert body["token"].startswith("tsra_")
    answers = [client.post("/hooked/", headers={"Authorization": BASIC}) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 403]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param({}, "2026-11-23T22:00:00Z", id="as REST framework says"),
        pytest.param({"EXPIRY_DATETIME_FORMAT": "%H:%M %d/%m/%y"}, "22:00 23/11/26", id="a format"),
        pytest.param({"EXPIRY_DATETIME_FORMAT": None}, "2026-11-23T22:00:00Z", id="none, said so"),
        pytest.param({"EXPIRY_DATETIME_FORMAT": "iso-8601"}, "2026-11-23T22:00:00Z", id="by name"),
        pytest.param({"TOKEN_TTL": timedelta(days=1)}, "2026-11-24T12:00:00Z", id="another span"),
        pytest.param({"TOKEN_TTL": None}, None, id="for ever"),
    ],
)
def test_the_expiry_is_told_as_the_site_says(client, user, clock, settings, told, said):
    settings.TIME_ZONE = "UTC"
    settings.REST_KNOX = told

    answer = client.post("/basic/", headers={"Authorization": BASIC})

    assert answer.json()["expiry"] == said


def test_the_format_of_rest_framework_counts(client, user, clock):
    with rest_framework(BY_BASIC, DATETIME_FORMAT="%Y"):
        answer = client.post("/knox/login/", headers={"Authorization": BASIC})

    assert answer.json()["expiry"] == "2026"


@pytest.mark.parametrize(
    ("zone", "use_tz", "said"),
    [
        pytest.param("Asia/Kathmandu", True, "2026-11-24T03:45:00+05:45", id="with zones"),
        pytest.param("Asia/Kathmandu", False, "2026-11-24T03:45:00", id="without"),
    ],
)
def test_the_expiry_is_in_the_time_zone_of_the_site(client, user, clock, settings, zone, use_tz, said):
    settings.TIME_ZONE, settings.USE_TZ = zone, use_tz

    answer = client.post("/basic/", headers={"Authorization": BASIC})

    assert answer.json()["expiry"] == said
    kept = AuthToken.objects.get().expiry
    assert (kept.isoformat() if use_tz else f"{kept.isoformat()}Z").startswith("2026-11-2")
    assert (kept.tzinfo is not None) == use_tz


@pytest.mark.parametrize(
    "named",
    ["knox.serializers.UserSerializer", "tessera.dialects.knox.serializers.UserSerializer", NameAndMail],
    ids=["the peer's", "ours", "a class"],
)
def test_the_user_is_told_where_the_site_says_how(client, user, settings, named):
    settings.REST_KNOX = {"USER_SERIALIZER": named}

    answer = client.post("/basic/", headers={"Authorization": BASIC})

    more = {"email": ""} if named is NameAndMail else {}
    assert answer.json()["user"] == {"username": "ada", **more}
    assert list(answer.json()) == ["expiry", "token", "user"]


def test_a_renderer_of_the_sites_that_writes_json_is_used(client, user):
    told = {"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer", f"{__name__}.Loud"]}
    with rest_framework(BY_BASIC, **told):
        answer = client.post("/knox/login/", headers={"Authorization": BASIC, "Accept": "application/json"})
        page = client.post("/knox/login/", headers={"Authorization": BASIC, "Accept": "text/html"})

    assert set(answer.json()) == {"EXPIRY", "TOKEN"}
    # Nothing echoes a token into a page.
    assert page.status_code == 406


@pytest.mark.parametrize("url", ["/knox/logout/", "/bye-by-another/"])
def test_a_log_out_ends_the_token_of_the_request_and_no_other(client, user, token, url):
    _, other = AuthToken.objects.create(user)

    with listening(user_logged_out) as heard:
        answer = client.post(url, headers=header(token[1]))

    assert (answer.status_code, answer.content) == (204, b"")
    assert [told["user"] for _, told in heard] == [user]
    assert client.get("/token/", headers=header(token[1])).json() == INVALID
    assert client.get("/token/", headers=header(other)).status_code == 200


def test_a_log_out_everywhere_ends_all_tokens_of_the_user_here(client, user, token, hand_out):
    _, other = AuthToken.objects.create(user)
    _, graces = AuthToken.objects.create(User.objects.create_user("grace"))
    personal = hand_out().secret

    with listening(user_logged_out) as heard:
        answer = client.post("/knox/logoutall/", headers=header(token[1]))

    assert (answer.status_code, answer.content) == (204, b"")
    assert [told["user"] for _, told in heard] == [user]
    tokens = [token[1], other, graces, personal]
    statuses = [client.get("/token/", headers=header(each)).status_code for each in tokens]
    assert statuses == [401, 401, 200, 200]


@pytest.mark.parametrize("url", ["/knox/logout/", "/knox/logoutall/"])
def test_a_token_that_was_made_elsewhere_is_ended_as_well(client, user, token, hand_out, url):
    personal = hand_out().secret

    answer = client.post(url, headers=header(personal))

    assert answer.status_code == 204
    statuses = [client.get("/token/", headers=header(each)).status_code for each in (personal, token[1])]
    assert statuses == [401, 200 if url == "/knox/logout/" else 401]


@pytest.mark.parametrize("url", ["/bye/", "/bye-all/"])
def test_a_log_out_may_be_answered_in_words_of_the_sites(client, token, url):
    answer = client.post(url, headers=header(token[1]))

    assert (answer.status_code, answer.json()) == (200, {"bye": "ada"})


@pytest.mark.parametrize("url", ["/knox/logout/", "/knox/logoutall/"])
@pytest.mark.parametrize(
    ("sent", "said"),
    [
        pytest.param({}, NOT_PRESENTED, id="nothing"),
        pytest.param({"Authorization": BASIC}, NOT_PRESENTED, id="another scheme"),
        pytest.param({"Authorization": "Token x"}, INVALID, id="an unknown token"),
    ],
)
def test_a_log_out_takes_a_token(client, user, token, url, sent, said):
    answer = client.post(url, ADA, headers=sent)

    assert (answer.status_code, answer["WWW-Authenticate"], answer.json()) == (401, "Token", said)
    assert user.auth_token_set.count() == 1


HEADER = "Invalid token header."
DEAD = [
    pytest.param("Token", f"{HEADER} No credentials provided.", id="the prefix alone"),
    pytest.param("Token a b", f"{HEADER} Token string should not contain spaces.", id="two words"),
    pytest.param("Token x", "Invalid token.", id="unknown"),
    pytest.param(f"Token {'a' * 63}", "Invalid token.", id="odd length"),
    pytest.param(f"TOKEN {'a' * 64}", "Invalid token.", id="upper case"),
    pytest.param("Token \xff\xfe", f"{HEADER} Token string should not contain invalid characters.", id="no UTF-8"),
]


@pytest.mark.parametrize(("sent", "said"), DEAD)
def test_a_header_that_opens_nothing_is_a_401_in_the_peers_words(client, user, sent, said):
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/token/", headers={"Authorization": sent})

    assert (answer.status_code, answer["WWW-Authenticate"], answer.json()) == (401, "Token", {"detail": said})
    # It may be asked whether it is a key that was adopted; nothing is written.
    assert [query["sql"].split()[0] for query in queries] in ([], ["SELECT"])


@pytest.mark.parametrize("prefix", ["Token", "Bearer", "Api-Key"])
def test_the_prefix_of_the_site_is_the_scheme_and_no_other_is(client, token, settings, prefix):
    settings.REST_KNOX = {"AUTH_HEADER_PREFIX": prefix}

    answers = {
        scheme: client.get("/token/", headers=header(token[1], scheme))
        for scheme in ("Token", "Bearer", "Api-Key", prefix.lower(), prefix.upper())
    }

    opened = {scheme for scheme, answer in answers.items() if answer.status_code == 200}
    assert opened == {prefix, prefix.lower(), prefix.upper()}
    refused = [answer for answer in answers.values() if answer.status_code != 200]
    # Another authenticator of the site may know it.
    assert {(answer.status_code, answer["WWW-Authenticate"]) for answer in refused} == {(401, prefix)}
    assert [answer.json() for answer in refused] == [NOT_PRESENTED] * len(refused)


def test_a_key_that_was_adopted_opens_and_is_logged_out(client, user):
    from tessera.engine.adoption.key import adopt

    key = "401f7ac837da42b97f613d789819ff93537bee6a"
    adopt(key, user)

    answers = [client.get("/token/", headers=header(key)), client.post("/knox/logout/", headers=header(key))]

    assert [answer.status_code for answer in answers] == [200, 204]
    assert client.get("/token/", headers=header(key)).json() == INVALID


@pytest.mark.parametrize("url", ["/knox/login/", "/knox/logout/", "/knox/logoutall/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
def test_any_other_method_is_a_405_and_changes_nothing(client, token, url, method):
    sent = BASIC if "login/" in url else f"Token {token[1]}"

    answer = client.generic(method, url, headers={"Authorization": sent})

    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize("span", [timedelta(0), timedelta(seconds=-1)], ids=repr)
def test_a_span_that_is_over_makes_a_token_that_is_over(client, user, clock, span):
    _, token = AuthToken.objects.create(user, expiry=span)
    clock.turn(timedelta.resolution)

    answer = client.get("/token/", headers=header(token))

    assert (answer.status_code, answer.json()) == (401, INVALID)


def test_a_cookie_is_no_header(client, token, settings):
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}
    client.cookies[ACCESS_COOKIE] = token[1]

    answers = [client.get("/token/"), client.post("/knox/logout/")]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, NOT_PRESENTED)] * 2
