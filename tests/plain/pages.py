"""Views of a site that says nothing of tokens, for the middleware to find who asks."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required, login_required, permission_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from tests.plain import views
from tests.plain.views import told


def page(request: HttpRequest) -> HttpResponse:
    return told(request)


async def coroutine(request: Any) -> HttpResponse:
    return told(request, await request.auser())


class Class(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return told(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        return told(request)


class AsyncClass(View):
    async def get(self, request: Any) -> HttpResponse:
        return told(request, await request.auser())

    async def post(self, request: Any) -> HttpResponse:
        return told(request, await request.auser())


@login_not_required
def log_in(request: HttpRequest) -> HttpResponse:
    return told(request)


def streaming(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(str(request.user) for _ in range(3))


def crashing(request: Any) -> HttpResponse:
    auth, user = request.auth, request.user
    raise RuntimeError(f"out of order for {user}, {auth}")


@api_view(["GET", "POST"])
@authentication_classes([SessionAuthentication])
@permission_classes([IsAuthenticated])
def in_person(request: Request) -> Response:
    """Of REST framework, and opened by a session alone."""
    return Response({"username": request.user.get_username()})


pages: dict[str, Callable[..., Any]] = {
    "page": page,
    "async-page": coroutine,
    "class-page": Class.as_view(),
    "async-class-page": AsyncClass.as_view(),
    "exempt-page": csrf_exempt(page),
}

urlpatterns = [
    *views.urlpatterns,
    *(path(f"{name}/", view) for name, view in pages.items()),
    path("members/", login_required(page)),
    path("async-members/", login_required(coroutine)),
    path("permitted-page/", permission_required("example.add_album", raise_exception=True)(page)),
    path("log-in/", log_in),
    path("accounts/login/", LoginView.as_view(template_name="admin/login.html")),
    path("streaming-page/", streaming),
    path("crashing-page/", crashing),
    path("in-person/", in_person),
]
