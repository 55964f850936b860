"""The routes of either side, spelt for the peer: nothing but the imports tells whose they are."""

from datetime import timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib.auth import login
from django.urls import include, path
from rest_framework import permissions
from rest_framework.authentication import BasicAuthentication
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

KNOX = "tessera.dialects.knox" if apps.is_installed("tessera") else "knox"


def of_either_side(module: str) -> Any:
    """What a site imports from the peer, or from ours."""
    return import_module(f"{KNOX}.{module}")


auth, models, views = map(of_either_side, ("auth", "models", "views"))
AuthToken = models.get_token_model()


class ByBody(views.LoginView):  # type: ignore[misc, name-defined]
    """As the peer's documentation shows it."""

    permission_classes = (permissions.AllowAny,)

    def post(self, request: Request, format: Any = None) -> Response:  # noqa: A002
        serializer = AuthTokenSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        login(request, user)
        return super().post(request, format=None)  # type: ignore[no-any-return]


class ByAnybody(views.LoginView):  # type: ignore[misc, name-defined]
    permission_classes = (permissions.AllowAny,)


class ByBasicAlone(views.LoginView):  # type: ignore[misc, name-defined]
    authentication_classes = [BasicAuthentication]


class Mail(ModelSerializer[Any]):
    class Meta:
        from django.contrib.auth.models import User

        model = User
        fields = ("username", "email")


class Hooked(ByBasicAlone):
    def get_token_ttl(self) -> timedelta:
        return timedelta(minutes=5)

    def get_token_limit_per_user(self) -> int:
        return 1

    def get_user_serializer_class(self) -> Any:
        return Mail

    def get_expiry_datetime_format(self) -> str:
        return "%H:%M"

    def get_post_response_data(self, request: Request, token: str, instance: Any) -> Any:
        data = super().get_post_response_data(request, token, instance)
        return {**data, "of": instance.user.get_username(), "ends": instance.expiry > instance.created}


class BySessionOut(views.LogoutView):  # type: ignore[misc, name-defined]
    authentication_classes = [BasicAuthentication]


class Bye(views.LogoutAllView):  # type: ignore[misc, name-defined]
    def get_post_response(self, request: Request) -> Response:
        return Response({"bye": request.user.get_username()})


class ByHeader(auth.TokenAuthentication):  # type: ignore[misc, name-defined]
    def authenticate_header(self, request: Request) -> str:
        return "Api-Key"


class Strict(auth.TokenAuthentication):  # type: ignore[misc, name-defined]
    """It refuses more than its base."""

    def authenticate_credentials(self, token: bytes) -> Any:
        assert isinstance(token, bytes)
        return super().authenticate_credentials(token)

    def validate_user(self, auth_token: Any) -> Any:
        from rest_framework.exceptions import AuthenticationFailed

        user, auth_token = super().validate_user(auth_token)
        if user.email == "ada@example.org":
            raise AuthenticationFailed("Not here.")
        return user, auth_token


class Whoami(APIView):
    def get(self, request: Request) -> Response:
        token: Any = request.auth
        if token is None:
            return Response({"user": request.user.get_username()})
        kept = AuthToken.objects.get(pk=token.pk)
        return Response(
            {
                "user": request.user.get_username(),
                "auth": type(token).__name__,
                "auth's user": [token.user == request.user, token.user_id],
                "expiry": kept.expiry,
                "created": kept.created,
                "tokens": request.user.auth_token_set.count(),  # type: ignore[union-attr]
            }
        )


class Make(APIView):
    """A token for a device, as sites make one."""

    def post(self, request: Request, seconds: int) -> Response:
        instance, token = AuthToken.objects.create(request.user, expiry=timedelta(seconds=seconds))
        return Response({"token": token, "expiry": instance.expiry})


class Others(APIView):
    def delete(self, request: Request) -> Response:
        request.user.auth_token_set.exclude(pk=request.auth.pk).delete()  # type: ignore[union-attr]
        return Response(status=204)


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
    path("", include(f"{KNOX}.urls")),
    path("body/login/", ByBody.as_view()),
    path("anybody/login/", ByAnybody.as_view()),
    path("basic/login/", ByBasicAlone.as_view()),
    path("hooked/login/", Hooked.as_view()),
    path("basic/logout/", BySessionOut.as_view()),
    path("bye/logout/", Bye.as_view()),
    path("whoami/", Whoami.as_view(authentication_classes=[auth.TokenAuthentication])),
    path("any/", Whoami.as_view()),
    path("api-key/", Whoami.as_view(authentication_classes=[ByHeader])),
    path("strict/", Whoami.as_view(authentication_classes=[Strict])),
    path("make/<int:seconds>/", Make.as_view()),
    path("others/", Others.as_view()),
    path("change/<what>/", Change.as_view()),
]
