"""The routes of the test site: the admin, the dialects, and one view that a token opens."""

from django.contrib import admin
from django.urls import include, path
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from tessera.drf.authentication import TokenAuthentication


@api_view(["GET", "POST"])
@authentication_classes([TokenAuthentication])
@permission_classes([IsAuthenticated])
def whoami(request: Request) -> Response:
    return Response({"username": request.user.get_username()})


urlpatterns = [
    path("admin/", admin.site.urls),
    path("api-token-auth/", include("tessera.dialects.authtoken.urls")),
    path("auth/", include("tessera.dialects.native.urls")),
    path("knox/", include("tessera.dialects.knox.urls")),
    path("whoami/", whoami),
]
