"""The routes of a site without REST framework."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from tessera.plain import token_required


def told(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"username": request.user.get_username()})


urlpatterns = [
    path("guarded/", token_required(told)),
    path("page/", told),
    path("members/", login_required(told)),
]
