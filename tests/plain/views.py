"""Views of a site without REST framework, and beside them one of its views to compare with."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from tessera import Purpose
from tessera.drf import HasScope, TokenAuthentication
from tessera.plain import token_required
from tests import urls


def told(request: Any, user: Any = None) -> JsonResponse:
    """Who asks."""
    grant_id = getattr(request, "auth", None) and str(request.auth.grant_id)
    return JsonResponse({"username": (user or request.user).get_username(), "grant": grant_id})


@token_required
def function(request: HttpRequest) -> HttpResponse:
    return told(request)


@token_required
async def coroutine(request: HttpRequest) -> HttpResponse:
    assert await request.auser() == request.user
    return told(request)


@method_decorator(token_required, name="dispatch")
class Class(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return told(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        return told(request)


class Method(View):
    @method_decorator(token_required)
    def get(self, request: HttpRequest) -> HttpResponse:
        return told(request)


@method_decorator(token_required, name="dispatch")
class AsyncClass(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return told(request)

    async def post(self, request: HttpRequest) -> HttpResponse:
        return told(request)


class AsyncMethod(View):
    @method_decorator(token_required)
    async def get(self, request: HttpRequest) -> HttpResponse:
        return told(request)


@token_required(accept={Purpose.PERSONAL})
def personal(request: HttpRequest) -> HttpResponse:
    return told(request)


@token_required(scope="tracks:write")
def writing(request: HttpRequest) -> HttpResponse:
    return told(request)


@token_required(scope="tracks:write tracks:read")
async def both(request: HttpRequest) -> HttpResponse:
    return told(request)


@method_decorator(token_required(scope="tracks:write"), name="dispatch")
class WritingClass(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return told(request)


@api_view()
@authentication_classes([TokenAuthentication])
@permission_classes([HasScope("tracks:write")])
def writing_of_rest_framework(request: Request) -> Response:
    return Response({})


@token_required
@permission_required("example.add_album", raise_exception=True)
def permitted(request: HttpRequest) -> HttpResponse:
    return told(request)


@token_required
def streaming(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(str(request.user) for _ in range(3))


@token_required
def crashing(request: Any) -> HttpResponse:
    auth, user = request.auth, request.user
    raise RuntimeError(f"out of order for {user}, {auth}")


@token_required
async def async_crashing(request: Any) -> HttpResponse:
    auth, user = request.auth, await request.auser()
    raise RuntimeError(f"out of order for {user}, {auth}")


guarded: dict[str, Callable[..., Any]] = {
    "function": function,
    "coroutine": coroutine,
    "class": Class.as_view(),
    "async-class": AsyncClass.as_view(),
    "exempt": csrf_exempt(token_required(told)),
    "exempt-inside": token_required(csrf_exempt(told)),
    "protected": csrf_protect(token_required(told)),
    "protected-inside": token_required(csrf_protect(told)),
}
"""Views that any token opens, and nobody else."""

urlpatterns = [
    *urls.urlpatterns,
    *(path(f"{name}/", view) for name, view in guarded.items()),
    path("writing/", writing),
    path("both/", both),
    path("writing-class/", WritingClass.as_view()),
    path("writing-of-rest-framework/", writing_of_rest_framework),
    path("method/", Method.as_view()),
    path("async-method/", AsyncMethod.as_view()),
    path("personal/", personal),
    path("permitted/", permitted),
    path("streaming/", streaming),
    path("crashing/", crashing),
    path("async-crashing/", async_crashing),
]
