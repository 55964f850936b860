"""The OpenAPI document: right without a line from the site, and never in the way of what a site says itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.urls import include, path
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.validation import validate_schema
from rest_framework import serializers
from rest_framework.authentication import TokenAuthentication as PeersTokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from tessera.dialects.authtoken.authentication import TokenAuthentication as AuthtokenAuthentication
from tessera.dialects.authtoken.views import AuthTokenSerializer, ObtainAuthToken, ReplaceAuthToken
from tessera.dialects.knox import TokenAuthentication as KnoxAuthentication
from tessera.dialects.simplejwt import JWTAuthentication, views
from tessera.drf import HasScope
from tessera.drf.authentication import TokenAuthentication
from tests.processes import python

ROOT = Path(__file__).resolve().parent.parent
DIALECT = path("api-token-auth/", include("tessera.dialects.authtoken.urls"))
NATIVE = path("auth/", include("tessera.dialects.native.urls"))
KNOX = path("api/auth/", include("tessera.dialects.knox.urls"))
SIMPLEJWT = path("api/token/", include("tessera.dialects.simplejwt.urls"))
SLIDING = [
    path("sliding/", views.token_obtain_sliding),
    path("sliding/refresh/", views.token_refresh_sliding),
]


def document(*patterns: Any) -> dict[str, Any]:
    """The valid document of a site with these routes, none of which gave a warning."""
    GENERATOR_STATS.reset()
    schema: dict[str, Any] = SchemaGenerator(patterns=list(patterns)).get_schema(request=None, public=True)
    validate_schema(schema)
    assert not GENERATOR_STATS, (dict(GENERATOR_STATS._warn_cache), dict(GENERATOR_STATS._error_cache))
    return schema


def view_with(*authenticators: type) -> type[APIView]:
    class Whoami(APIView):
        authentication_classes = authenticators

        @extend_schema(operation_id="_".join(each.__name__ for each in authenticators), request=None, responses=str)
        def get(self, request):
            return Response()

    return Whoami


def body_of(answer: dict[str, Any]) -> str:
    schema: dict[str, str] = answer["content"]["application/json"]["schema"]
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else schema["type"]


MINIMAL = """
import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

django_apps = ["django.contrib.auth", "django.contrib.contenttypes"]
settings.configure(
    INSTALLED_APPS=[*django_apps, "rest_framework", "drf_spectacular", "tessera"],
    REST_FRAMEWORK={"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"},
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for this start",
)
django.setup()
urlpatterns = [
    path("api-token-auth/", include("tessera.dialects.authtoken.urls")),
    path("auth/", include("tessera.dialects.native.urls")),
    path("api/auth/", include("tessera.dialects.knox.urls")),
    path("api/token/", include("tessera.dialects.simplejwt.urls")),
]
call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
"""
EXAMPLE = """
from django.core.management import execute_from_command_line

words = ["--validate", "--fail-on-warn", "--format", "openapi-json", "--settings", "example.settings"]
execute_from_command_line(["django", "spectacular", *words])
"""


@pytest.mark.parametrize(
    ("code", "paths"),
    [pytest.param(MINIMAL, 19, id="a minimal project"), pytest.param(EXAMPLE, 24, id="the example")],
)
def test_the_document_of_a_project_is_valid_and_without_a_warning(code, paths):
    run = python("-c", code, folder=ROOT)

    assert (run.returncode, run.stderr) == (0, "")
    assert len(json.loads(run.stdout)["paths"]) == paths


@pytest.mark.parametrize(
    ("place", "method", "answers"),
    [
        pytest.param(
            "/api-token-auth/",
            "post",
            {
                "200": "IssuedToken",
                "400": "LoginProblem",
                "415": "TokenProblem",
                "429": "TokenProblem",
                "503": "TokenProblem",
            },
            id="obtain",
        ),
        pytest.param(
            "/api-token-auth/new/",
            "post",
            {"200": "IssuedToken", **dict.fromkeys(["401", "429", "503"], "TokenProblem")},
            id="replace",
        ),
        pytest.param(
            "/api-token-auth/new/",
            "get",
            {"200": "IssuedToken", **dict.fromkeys(["401", "429", "503"], "TokenProblem")},
            id="replace by GET",
        ),
        pytest.param(
            "/api-token-auth/revoke/",
            "post",
            {"204": None, **dict.fromkeys(["401", "429", "503"], "TokenProblem")},
            id="revoke",
        ),
        pytest.param(
            "/auth/login/",
            "post",
            {
                "200": "IssuedPair",
                "400": "NativeLoginProblem",
                **dict.fromkeys(["401", "403", "415", "429", "503"], "NativeProblem"),
            },
            id="log in",
        ),
        pytest.param(
            "/auth/refresh/",
            "post",
            {
                "200": "IssuedPair",
                "400": "NativeRefreshProblem",
                **dict.fromkeys(["401", "403", "415", "429", "503"], "NativeProblem"),
            },
            id="refresh",
        ),
        pytest.param(
            "/auth/verify/",
            "post",
            {"200": "VerifiedToken", **dict.fromkeys(["401", "429", "503"], "NativeProblem")},
            id="verify",
        ),
        pytest.param(
            "/auth/logout/",
            "post",
            {
                "204": None,
                "400": "NativeRefreshProblem",
                **dict.fromkeys(["401", "415", "503"], "NativeProblem"),
            },
            id="log out",
        ),
        pytest.param(
            "/auth/tokens/",
            "get",
            {"200": "HeldTokens", **dict.fromkeys(["401", "403", "404", "429", "503"], "NativeProblem")},
            id="list",
        ),
        pytest.param(
            "/auth/tokens/{token}/",
            "patch",
            {
                "200": "HeldToken",
                "400": "FieldProblems",
                **dict.fromkeys(["401", "403", "404", "415", "429", "503"], "NativeProblem"),
            },
            id="rename",
        ),
        pytest.param(
            "/auth/tokens/{token}/",
            "delete",
            {"204": None, **dict.fromkeys(["401", "403", "404", "429", "503"], "NativeProblem")},
            id="end one",
        ),
        pytest.param(
            "/auth/tokens/revoke-others/",
            "post",
            {"200": "Ended", **dict.fromkeys(["401", "403", "429", "503"], "NativeProblem")},
            id="end the others",
        ),
        pytest.param(
            "/auth/tokens/revoke-all/",
            "post",
            {"200": "Ended", **dict.fromkeys(["401", "403", "429", "503"], "NativeProblem")},
            id="end all",
        ),
        pytest.param(
            "/auth/personal/",
            "post",
            {
                "201": "NewPersonalToken",
                "400": "FieldProblems",
                **dict.fromkeys(["401", "403", "415", "429", "503"], "NativeProblem"),
            },
            id="make a personal token",
        ),
        pytest.param(
            "/api/auth/login/",
            "post",
            {
                "200": "KnoxToken",
                "400": "KnoxLoginProblem",
                "403": "KnoxRefusal",
                **dict.fromkeys(["401", "415", "429", "503"], "TokenProblem"),
            },
            id="knox: log in",
        ),
        *(
            pytest.param(
                f"/api/auth/{place}/",
                "post",
                {"204": None, **dict.fromkeys(["401", "429", "503"], "TokenProblem")},
                id=f"knox: {place}",
            )
            for place in ("logout", "logoutall")
        ),
        *(
            pytest.param(
                place,
                "post",
                {
                    "200": answer,
                    "400": f"Signed{problem}Problem",
                    **dict.fromkeys(["401", "403"], "SignedProblem"),
                    **dict.fromkeys(["415", "429", "503"], "TokenProblem"),
                },
                id=f"simplejwt: {place}",
            )
            for place, answer, problem in [
                ("/api/token/", "SignedPair", "Login"),
                ("/api/token/refresh/", "SignedAccess", "Refresh"),
                ("/api/token/verify/", "object", "Refresh"),
                ("/api/token/blacklist/", "object", "Refresh"),
                ("/sliding/", "SlidingToken", "Login"),
                ("/sliding/refresh/", "SlidingToken", "Refresh"),
            ]
        ),
    ],
)
def test_every_answer_is_described(place, method, answers):
    operation = document(DIALECT, NATIVE, KNOX, SIMPLEJWT, *SLIDING)["paths"][place][method]

    described = {
        code: body_of(answer) if "content" in answer else None for code, answer in operation["responses"].items()
    }
    headers = {code: list(answer.get("headers", {})) for code, answer in operation["responses"].items()}
    assert described == answers
    assert headers == {
        code: {"401": ["WWW-Authenticate"], "429": ["Retry-After"], "503": ["Retry-After"]}.get(
            code, ["Deprecation"] if (code, method, place) == ("200", "get", "/api-token-auth/new/") else []
        )
        for code in answers
    }


def test_what_goes_in_is_not_what_comes_out():
    schema = document(DIALECT)

    body = schema["paths"]["/api-token-auth/"]["post"]["requestBody"]["content"]
    components = schema["components"]["schemas"]
    assert {kind: content["schema"]["$ref"].rpartition("/")[2] for kind, content in body.items()} == {
        "application/json": "AuthToken",
        "application/x-www-form-urlencoded": "AuthToken",
        "multipart/form-data": "AuthToken",
    }
    assert set(components["AuthToken"]["properties"]) == {"username", "password"}
    assert set(components["IssuedToken"]["properties"]) == {"token"}
    assert set(components["TokenProblem"]["properties"]) == {"detail"}
    assert set(components["LoginProblem"]["properties"]) == {"username", "password", "non_field_errors", "detail"}
    assert "required" not in components["LoginProblem"]


def test_only_what_is_about_a_presented_token_asks_for_one():
    paths = document(DIALECT, NATIVE, KNOX, SIMPLEJWT)["paths"]

    asked = {place: {method: each["security"] for method, each in paths[place].items()} for place in paths}
    with_body = {place for place in paths for each in paths[place].values() if "requestBody" in each}
    assert asked == {
        "/api-token-auth/": {"post": [{}]},
        "/api-token-auth/new/": {"get": [{"bearerAuth": []}], "post": [{"bearerAuth": []}]},
        "/api-token-auth/revoke/": {"post": [{"bearerAuth": []}]},
        "/auth/login/": {"post": [{}]},
        "/auth/refresh/": {"post": [{}]},
        "/auth/verify/": {"post": [{"bearerAuth": []}]},
        "/auth/logout/": {"post": [{"bearerAuth": []}, {}]},
        "/auth/tokens/": {"get": [{"bearerAuth": []}]},
        "/auth/tokens/{token}/": {"patch": [{"bearerAuth": []}], "delete": [{"bearerAuth": []}]},
        "/auth/tokens/revoke-others/": {"post": [{"bearerAuth": []}]},
        "/auth/tokens/revoke-all/": {"post": [{"bearerAuth": []}]},
        "/auth/personal/": {"post": [{"bearerAuth": []}]},
        "/api/auth/login/": {"post": [{"cookieAuth": []}, {"basicAuth": []}, {}]},
        "/api/auth/logout/": {"post": [{"tokenAuth": []}]},
        "/api/auth/logoutall/": {"post": [{"tokenAuth": []}]},
        **{f"/api/token/{place}": {"post": [{}]} for place in ("", "refresh/", "verify/", "blacklist/")},
    }
    takes_a_body = {"login", "refresh", "logout", "tokens/{token}", "personal"}
    of_peers = {"/api-token-auth/", "/api/auth/login/", *(place for place in paths if place.startswith("/api/token/"))}
    assert with_body == of_peers | {f"/auth/{place}/" for place in takes_a_body}


def test_the_native_dialect_is_described_field_by_field():
    schema = document(NATIVE)

    components = {name: set(each.get("properties", ())) for name, each in schema["components"]["schemas"].items()}
    held = {"id", "kind", "label", "client", "created_at", "last_used_at", "ends_at", "is_current"}
    pair = {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in", "scope"}
    assert components == {
        "NativeLogin": {"username", "email", "password", "label", "remember", "scope", "carrier"},
        "NativeRefresh": {"refresh_token", "scope"},
        "NativeLogout": {"refresh_token"},
        "IssuedPair": pair,
        "VerifiedToken": {"id", "kind", "label", "client", "user", "scope", "expires_in"},
        "KindEnum": set(),
        "CarrierEnum": set(),
        "NativeProblem": {"detail", "code"},
        "NativeLoginProblem": {
            "username",
            "email",
            "password",
            "label",
            "remember",
            "carrier",
            "scope",
            "non_field_errors",
            "detail",
            "code",
        },
        "NativeRefreshProblem": {"refresh_token", "scope", "non_field_errors", "detail", "code"},
        "HeldTokens": {"next", "previous", "results"},
        "HeldToken": {*held, "scope", "address", "agent"},
        "PatchedNativeLabel": {"label"},
        "Ended": {"ended"},
        "NativePersonal": {"label", "scope", "lifetime"},
        "NewPersonalToken": {"id", "token", "token_type", "label", "scope", "expires_in"},
        "FieldProblems": {"label", "scope", "lifetime", "non_field_errors", "detail", "code"},
    }
    assert set(schema["components"]["schemas"]["HeldToken"]["required"]) == held
    assert schema["components"]["schemas"]["IssuedPair"]["required"] == ["access_token", "token_type"]


def test_where_the_site_has_cookies_they_are_described(settings):
    without = document(NATIVE)
    settings.TESSERA = {**settings.TESSERA, "COOKIES": True}

    schema = document(DIALECT, NATIVE)

    paths, components = schema["paths"], schema["components"]
    assert set(paths) - set(without["paths"]) - set(document(DIALECT)["paths"]) == {"/auth/csrf/"}
    assert {
        place: each["post"]["security"] for place, each in paths.items() if "verify" in place or "new" in place
    } == {
        "/auth/verify/": [{"bearerAuth": []}, {"accessCookie": []}],
        "/api-token-auth/new/": [{"bearerAuth": []}],
    }
    assert components["securitySchemes"]["accessCookie"]["name"] == "__Host-access"
    assert [each["name"] for each in paths["/auth/refresh/"]["post"]["parameters"]] == ["__Host-refresh"]
    for place in ("login", "refresh", "verify", "logout"):
        assert "403" in paths[f"/auth/{place}/"]["post"]["responses"]
    assert components["schemas"]["CarrierEnum"]["enum"] == ["body", "cookie"]
    assert components["schemas"]["IssuedPair"]["required"] == ["token_type"]
    assert "required" not in components["schemas"]["NativeRefresh"]
    assert without["components"]["schemas"]["CarrierEnum"]["enum"] == ["body"]


def test_only_the_get_that_replaces_a_token_is_deprecated():
    paths = document(DIALECT)["paths"]

    deprecated = {(place, method) for place in paths for method, each in paths[place].items() if "deprecated" in each}
    assert deprecated == {("/api-token-auth/new/", "get")}


def test_a_dialect_that_is_mounted_twice_gives_every_operation_its_own_name():
    paths = document(
        path("v1/", include(("tessera.dialects.authtoken.urls", "one"))),
        path("v2/", include(("tessera.dialects.authtoken.urls", "two"))),
    )["paths"]

    names = [each["operationId"] for place in paths.values() for each in place.values()]
    assert len(set(names)) == 8


class Subclass(TokenAuthentication):
    pass


class Keyword(AuthtokenAuthentication):
    keyword = "Key"


class TokenOnly(TokenAuthentication):
    schemes = ("Token",)


BEARER = {"type": "http", "scheme": "bearer"}
TOKEN = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": 'Token-based authentication with required prefix "Token"',
}
OR_TOKEN = {"description": "`Bearer` before the token may also be `Token`."}


@pytest.mark.parametrize(
    ("authenticator", "schemes"),
    [
        pytest.param(TokenAuthentication, {"bearerAuth": BEARER | OR_TOKEN}, id="ours"),
        pytest.param(Subclass, {"bearerAuth": BEARER | OR_TOKEN}, id="a subclass"),
        pytest.param(AuthtokenAuthentication, {"bearerAuth": BEARER | OR_TOKEN}, id="the dialect's"),
        pytest.param(
            Keyword,
            {"bearerAuth": BEARER | {"description": "`Bearer` before the token may also be `Key` or `Token`."}},
            id="with a keyword of its own",
        ),
        pytest.param(
            TokenOnly,
            {"tokenAuth": TOKEN},
            id="without Bearer",
        ),
        pytest.param(KnoxAuthentication, {"tokenAuth": TOKEN}, id="knox's"),
        pytest.param(JWTAuthentication, {"jwtAuth": BEARER | {"bearerFormat": "JWT"}}, id="simplejwt's"),
    ],
)
def test_an_authentication_class_is_described_by_what_it_understands(authenticator, schemes):
    schema = document(path("whoami/", view_with(authenticator).as_view()))

    assert schema["components"]["securitySchemes"] == schemes


@pytest.mark.parametrize(
    ("version", "read", "write"),
    [
        pytest.param("3.0.3", [], [], id="which has no room for them"),
        pytest.param("3.1.1", ["albums:read", "tracks:read"], ["tracks:write"], id="which has"),
    ],
)
def test_the_scope_that_a_view_asks_for_is_told_by_a_version_of_openapi(monkeypatch, version, read, write):
    monkeypatch.setattr(spectacular_settings, "OAS_VERSION", version)

    class Tracks(APIView):
        authentication_classes = [TokenAuthentication]
        permission_classes = [
            HasScope(read="tracks:read", write="tracks:write"),
            HasScope(read="albums:read", write=None),
            IsAuthenticated,
        ]

        @extend_schema(request=None, responses=str)
        def get(self, request):
            return Response()

        post = get

    operations = document(path("tracks/", Tracks.as_view()))["paths"]["/tracks/"]

    assert [operations[method]["security"] for method in ("get", "post")] == [
        [{"bearerAuth": read}],
        [{"bearerAuth": write}],
    ]


def test_classes_that_read_the_same_header_are_authorized_once():
    schema = document(
        DIALECT,
        path("one/", view_with(TokenAuthentication).as_view()),
        path("two/", view_with(Subclass).as_view()),
    )

    assert list(schema["components"]["securitySchemes"]) == ["bearerAuth"]


def test_beside_the_peer_each_has_its_own_scheme():
    schema = document(path("whoami/", view_with(PeersTokenAuthentication, Subclass).as_view()))

    assert sorted(schema["components"]["securitySchemes"]) == ["bearerAuth", "tokenAuth"]


def test_a_view_with_a_serializer_of_its_own_is_described_by_that():
    class WithCode(AuthTokenSerializer):
        code = serializers.CharField()

    class Obtain(ObtainAuthToken):
        serializer_class = WithCode

    schema = document(path("sign-in/", Obtain.as_view()))

    operation = schema["paths"]["/sign-in/"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert "code" in schema["components"]["schemas"][body]["properties"]
    assert list(operation["responses"]) == ["200", "400", "415", "429", "503"]


def test_what_a_site_says_of_its_own_method_goes_before_what_we_say():
    class Replace(ReplaceAuthToken):
        @extend_schema(operation_id="swap", description="Ours.")
        def post(self, request):
            return super().post(request)

    operations = document(path("swap/", Replace.as_view()))["paths"]["/swap/"]

    assert (operations["post"]["operationId"], operations["post"]["description"]) == ("swap", "Ours.")
    assert list(operations["post"]["responses"]) == ["200", "401", "429", "503"]
    assert operations["get"]["deprecated"] is True


def test_an_extension_of_a_site_goes_before_ours(monkeypatch):
    # Whatever is defined registers itself, and would stay for the tests that follow.
    monkeypatch.setattr(OpenApiAuthenticationExtension, "_registry", [*OpenApiAuthenticationExtension._registry])

    class Own(OpenApiAuthenticationExtension):
        target_class = Subclass
        name = "own"

        def get_security_definition(self, auto_schema):
            return BEARER

    schema = document(path("whoami/", view_with(Subclass).as_view()))

    assert schema["components"]["securitySchemes"] == {"own": BEARER}
