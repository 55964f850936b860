"""A view of a site's that asks who somebody is, called without a route."""

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from tessera.dialects.simplejwt import JWTAuthentication


class Whoami(APIView):
    authentication_classes: Any = (JWTAuthentication,)
    permission_classes: Any = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        token: Any = request.auth
        return Response(
            {
                "user": request.user.get_username(),
                "auth": type(token).__name__,
                "user_id": token["user_id"],
                "scope": sorted(token.scope),
            }
        )


def whoami(client: APIClient, header: str | None, authenticator: Any = JWTAuthentication, **more: str) -> Any:
    """What it answers to a request with that header."""
    headers = {**({} if header is None else {"Authorization": header}), **more}
    request = APIRequestFactory().get("/whoami/", headers=headers)
    answer: Any = Whoami.as_view(authentication_classes=[authenticator])(request)
    answer.render()
    answer.json = lambda: __import__("json").loads(answer.content)
    return answer
