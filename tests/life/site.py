"""The routes of a site on which all that can happen: the test site's, Django's own for passwords, and a few views."""

from typing import Any

from django.urls import include, path
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

import tests.urls
from tessera import revoke
from tessera.drf.authentication import TokenAuthentication
from tests.credentials import DOORS


class Door(TokenAuthentication):
    """One for tokens of every kind."""

    accept = DOORS


@api_view(["GET"])
@authentication_classes([Door])
@permission_classes([IsAuthenticated])
def whoami(request: Request) -> Response:
    return Response({"key": request.user.pk})


@api_view(["GET"])
@authentication_classes([Door])
@permission_classes([IsAdminUser])
def for_staff(request: Request) -> Response:
    return Response()


@api_view(["POST"])
@authentication_classes([Door])
@permission_classes([IsAuthenticated])
def sign_out_everywhere(request: Any) -> Response:
    revoke(subject=request.user)
    return Response(status=204)


@api_view(["POST"])
@authentication_classes([Door])
@permission_classes([IsAuthenticated])
def sign_out_elsewhere(request: Any) -> Response:
    revoke(subject=request.user, keep=request.auth.grant_id)
    return Response(status=204)


urlpatterns = [
    path("whoami/", whoami),
    path("for-staff/", for_staff),
    path("sign-out/everywhere/", sign_out_everywhere),
    path("sign-out/elsewhere/", sign_out_elsewhere),
    path("accounts/", include("django.contrib.auth.urls")),
    *tests.urls.urlpatterns,
]
