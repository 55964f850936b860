"""The routes of every site: the authtoken dialect, and one view that a token opens."""

from django.urls import include, path
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from tessera.dialects.authtoken import TokenAuthentication


@api_view(["GET"])
@authentication_classes([TokenAuthentication])
@permission_classes([IsAuthenticated])
def whoami(request: Request) -> Response:
    return Response({"name": request.user.get_username(), "key": str(request.user.pk), "of": str(request.auth.user.pk)})


urlpatterns = [path("api-token-auth/", include("tessera.dialects.authtoken.urls")), path("whoami/", whoami)]
