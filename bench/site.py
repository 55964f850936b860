"""The views: for each candidate one that needs its token and its log-in, and the two that they are compared with."""

from typing import Any

from django.contrib.auth import authenticate
from django.urls import path
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.candidates import CANDIDATES
from bench.candidates.candidate import Candidate


class Me(APIView):
    """Says who is asking."""

    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.pk})


class PasswordCheck(APIView):
    """A log-in that hands out nothing."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        data: Any = request.data
        user = authenticate(request._request, username=data["username"], password=data["password"])
        return Response({"user": user and user.pk})


def me(candidate: Candidate) -> Any:
    if candidate.authentication is None:
        return Me.as_view()
    authentication = import_string(candidate.authentication)
    return Me.as_view(authentication_classes=[authentication], permission_classes=[IsAuthenticated])


def login(candidate: Candidate) -> Any:
    if candidate.login is None:
        return PasswordCheck.as_view()
    view = import_string(candidate.login)
    return (
        view.as_view()
        if candidate.login_checks_password
        else view.as_view(authentication_classes=[BasicAuthentication])
    )


def by_name(views: dict[str, Any]) -> Any:
    """One route to all. Django tries one after the other, so with routes of their own the last would pay most."""
    view: Any = csrf_exempt(lambda request, candidate: views[candidate](request))
    return view


urlpatterns = [
    path("<str:candidate>/", by_name({name: me(candidate) for name, candidate in CANDIDATES.items()})),
    path("<str:candidate>/login/", by_name({name: login(candidate) for name, candidate in CANDIDATES.items()})),
]
