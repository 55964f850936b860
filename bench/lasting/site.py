"""The views: for each candidate its refresh and its log-out everywhere, and the one that they are compared with."""

from typing import Any

from django.urls import path
from django.utils.module_loading import import_string
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.candidates import LASTING, OPEN
from bench.candidates.candidate import Lasting
from tessera import Purpose, redeem
from tessera.drf.endpoint import Endpoint


class Echo(APIView):
    """Reads a body, and answers with it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        return Response(request.data)


class Refresh(Endpoint):
    """What an endpoint of ours does at the least."""

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"  # Without one a refusal would be a 403.

    def post(self, request: Request) -> Response:
        data: Any = request.data
        issued = redeem(data["refresh_token"], accept={Purpose.REFRESH})
        return Response({"access_token": issued.secret, "refresh_token": issued.refresh_secret})


class LogOutAll(APIView):
    """For a package that leaves it to the site."""

    permission_classes = (IsAuthenticated,)
    end_all: Any = None

    def post(self, request: Request) -> Response:
        self.end_all(request.user)
        return Response(status=204)


def log_out_all(candidate: Lasting) -> Any:
    if isinstance(candidate.log_out_all, str):
        return import_string(candidate.log_out_all).as_view()
    authentication = import_string(candidate.authentication)
    return LogOutAll.as_view(authentication_classes=[authentication], end_all=candidate.log_out_all)


urlpatterns = [
    path(f"{OPEN}/", Echo.as_view()),
    *(
        path(f"{candidate.name}/refresh/", import_string(candidate.refresh).as_view())
        for candidate in LASTING.values()
        if candidate.refresh
    ),
    *(path(f"{candidate.name}/log-out-all/", log_out_all(candidate)) for candidate in LASTING.values()),
]
