"""The routes of the test site: the admin, the dialects, and one view that a token opens."""

from django.contrib import admin
from django.urls import include, path
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from tessera.dialects.simplejwt.views import token_obtain_sliding, token_refresh_sliding
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
    path("api/token/", include("tessera.dialects.simplejwt.urls")),
    path("api/sliding/", token_obtain_sliding),
    path("api/sliding/refresh/", token_refresh_sliding),
    path("whoami/", whoami),
]
