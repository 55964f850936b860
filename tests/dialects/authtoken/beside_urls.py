"""The routes of either side, spelt for the peer: nothing but the imports tells whose they are."""

from typing import Any

from django.apps import apps
from django.urls import path
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


def of_either_side(module: str, name: str) -> Any:
    """What a site imports from the peer's module, or from ours."""
    ours = apps.is_installed("tessera")
    return import_string(f"tessera.dialects.authtoken.{name}" if ours else f"rest_framework.{module}.{name}")


TokenAuthentication = of_either_side("authentication", "TokenAuthentication")
Token = of_either_side("authtoken.models", "Token")
ObtainAuthToken = of_either_side("authtoken.views", "ObtainAuthToken")
obtain_auth_token = of_either_side("authtoken.views", "obtain_auth_token")


class Bearer(TokenAuthentication):  # type: ignore[misc, valid-type]
    keyword = "Bearer"


class Whoami(APIView):
    def get(self, request: Request) -> Response:
        token: Any = request.auth
        return Response(
            {
                "user": request.user.get_username(),
                "auth": type(token).__name__,
                "key is the one sent": request.headers["Authorization"].split()[-1] == token.key,
                "auth's user": [token.user == request.user, token.user_id],
            }
        )


class LogIn(ObtainAuthToken):  # type: ignore[misc, valid-type]
    """As REST framework's documentation shows it."""

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.serializer_class(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        token, created = Token.objects.get_or_create(user=user)
        return Response({"token": token.key, "user_id": user.pk, "email": user.email, "created": created})


class LogOut(APIView):
    def post(self, request: Request) -> Response:
        request.user.auth_token.delete()  # type: ignore[union-attr]
        return Response(status=204)


class Replace(APIView):
    def post(self, request: Request) -> Response:
        Token.objects.filter(user=request.user).delete()
        return Response({"token": Token.objects.create(user=request.user).key})


class Change(APIView):
    """Change the user who asks."""

    def post(self, request: Request, what: str) -> Response:
        user: Any = request.user
        match what:
            case "password":
                user.set_password("countess-1852")
            case "active":
                user.is_active = False
        user.save()
        return Response()


urlpatterns = [
    path("login/", obtain_auth_token),
    path("own-login/", LogIn.as_view()),
    path("whoami/", Whoami.as_view()),
    path("bearer/", Whoami.as_view(authentication_classes=[Bearer])),
    path("logout/", LogOut.as_view()),
    path("replace/", Replace.as_view()),
    path("change/<what>/", Change.as_view()),
]
