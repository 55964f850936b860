"""The routes of either side, spelt for the peer: nothing but the imports tells whose they are."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.urls import path
from django.utils.module_loading import import_string
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


def of_either_side(name: str) -> Any:
    """What a site imports from the peer, or from ours."""
    ours = apps.is_installed("tessera")
    return import_string(f"{'tessera.dialects.simplejwt' if ours else 'rest_framework_simplejwt'}.{name}")


AccessToken = of_either_side("tokens.AccessToken")
RefreshToken = of_either_side("tokens.RefreshToken")
SlidingToken = of_either_side("tokens.SlidingToken")
UntypedToken = of_either_side("tokens.UntypedToken")
TokenError = of_either_side("exceptions.TokenError")
JWTAuthentication = of_either_side("authentication.JWTAuthentication")
TokenObtainPairSerializer = of_either_side("serializers.TokenObtainPairSerializer")
TokenObtainPairView = of_either_side("views.TokenObtainPairView")
api_settings = of_either_side("settings.api_settings")


class Whoami(APIView):
    def get(self, request: Request) -> Response:
        token: Any = request.auth
        claim = api_settings.USER_ID_CLAIM
        return Response(
            {
                "user": request.user.get_username(),
                "auth": type(token).__name__,
                "type": token[api_settings.TOKEN_TYPE_CLAIM],
                "id": token[claim],
                "as a dict": [claim in token, token.get(claim), token.get("nothing"), "nothing" in token],
                "the token itself": str(token) == request.META[api_settings.AUTH_HEADER_NAME].split()[1],
            }
        )


class FromCookie(JWTAuthentication):  # type: ignore[misc, valid-type]
    """As many sites write it."""

    def authenticate(self, request: Request) -> Any:
        header = self.get_header(request)
        raw_token = request.COOKIES.get("access") if header is None else self.get_raw_token(header)
        if raw_token is None:
            return None
        token = self.get_validated_token(raw_token)
        return self.get_user(token), token


class NamedSerializer(TokenObtainPairSerializer):  # type: ignore[misc, valid-type]
    @classmethod
    def get_token(cls, user: Any) -> Any:
        token = super().get_token(user)
        token["name"] = user.get_username()
        token["groups"] = ["films"]
        return token

    def validate(self, attrs: Any) -> Any:
        data = super().validate(attrs)
        data["username"] = self.user.get_username()
        return data


class Named(TokenObtainPairView):  # type: ignore[misc, valid-type]
    serializer_class = NamedSerializer


class LogOut(APIView):
    authentication_classes: Any = ()
    permission_classes: Any = ()

    def post(self, request: Request) -> Response:
        try:
            RefreshToken(dict(request.data)["refresh"]).blacklist()
        except TokenError as error:
            return Response({"detail": str(error)}, status=400)
        return Response(status=205)


class Change(APIView):
    """Change ada."""

    authentication_classes: Any = ()
    permission_classes: Any = ()

    def post(self, request: Request, what: str) -> Response:
        user = User.objects.get(username="ada")
        match what:
            case "password":
                user.set_password("countess-1852")
                user.save()
            case "active":
                user.is_active = False
                user.save()
            case "gone":
                user.delete()
        return Response()


def pair(user: Any) -> dict[str, str]:
    refresh = RefreshToken.for_user(user)
    return {"refresh": str(refresh), "access": str(refresh.access_token)}


def remembered(user: Any) -> dict[str, str]:
    refresh = RefreshToken.for_user(user)
    refresh.set_exp(lifetime=timedelta(days=30))
    access = refresh.access_token
    access.set_exp(lifetime=timedelta(hours=1))
    return {"refresh": str(refresh), "access": str(access)}


def over(kind: Any) -> Any:
    def made(user: Any) -> str:
        token = kind.for_user(user)
        token.set_exp(lifetime=-timedelta(minutes=1))
        return str(token)

    return made


MADE = {
    "pair": pair,
    "remembered": remembered,
    "access": lambda user: {"access": str(AccessToken.for_user(user))},
    "sliding": lambda user: {"token": str(SlidingToken.for_user(user))},
    "expired": lambda user: {
        "refresh": over(RefreshToken)(user),
        "access": over(AccessToken)(user),
        "token": over(SlidingToken)(user),
    },
}


class Made(APIView):
    """Make tokens of ada's."""

    authentication_classes: Any = ()
    permission_classes: Any = ()

    def post(self, request: Request, what: str) -> Response:
        return Response(MADE[what](User.objects.get(username="ada")))


class Read(APIView):
    """What a text is, to each of the classes."""

    authentication_classes: Any = ()
    permission_classes: Any = ()

    def post(self, request: Request) -> Response:
        told, sent = {}, dict(request.data)
        for kind in (AccessToken, RefreshToken, SlidingToken, UntypedToken):
            try:
                told[kind.__name__] = kind(sent["text"])[api_settings.USER_ID_CLAIM]
            except TokenError as error:
                told[kind.__name__] = str(error)
            except AuthenticationFailed as error:
                told[kind.__name__] = str(error.detail)
        return Response(told)


urlpatterns = [
    path("token/", TokenObtainPairView.as_view()),
    *(
        path(f"{route}/", of_either_side(f"views.{view}").as_view())
        for route, view in {
            "refresh": "TokenRefreshView",
            "verify": "TokenVerifyView",
            "blacklist": "TokenBlacklistView",
            "sliding": "TokenObtainSlidingView",
            "sliding/refresh": "TokenRefreshSlidingView",
        }.items()
    ),
    path("named/", Named.as_view()),
    path("whoami/", Whoami.as_view()),
    path("cookie/", Whoami.as_view(authentication_classes=[FromCookie])),
    path("logout/", LogOut.as_view()),
    path("change/<what>/", Change.as_view()),
    path("made/<what>/", Made.as_view()),
    path("read/", Read.as_view()),
]
