"""The endpoints: obtain a token for a name and a password, replace it, revoke it."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tessera.dialects.authtoken.authentication import TokenAuthentication
from tessera.dialects.authtoken.tokens import CLIENT
from tessera.drf.endpoint import Endpoint
from tessera.drf.login import NameAndPassword, log_in
from tessera.drf.presented import PresentedToken
from tessera.engine.issuance import issue
from tessera.engine.policy import Ask
from tessera.engine.replacement import replace
from tessera.engine.revocation import revoke_presented
from tessera.models import Kind

DEPRECATED_SINCE = "@1795392000"
"""2026-11-23, as a structured date (RFC 9745 §2.1). A GET should not change anything, so it is deprecated."""


class AuthTokenSerializer(NameAndPassword):
    """A name and a password, which are tried: what is valid, is somebody's."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Log in. The user is then in `validated_data["user"]`."""
        request = self.context.get("request")
        user = log_in(getattr(request, "_request", request), attrs["username"], attrs["password"])
        if user is None:
            raise serializers.ValidationError(_("Unable to log in with provided credentials."), code="authorization")
        return {**attrs, "user": user}


class ObtainAuthToken(Endpoint):
    """Log in with a name and a password, and get a new token."""

    serializer_class = AuthTokenSerializer

    def get_serializer_context(self) -> dict[str, Any]:
        """What the serializer is told of the request."""
        return {"request": self.request, "format": self.format_kwarg, "view": self}

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """The serializer of a body. A subclass of the peer's view calls it, and so does REST framework for OPTIONS."""
        return self.serializer_class(*args, **{**kwargs, "context": self.get_serializer_context()})

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Log in, and issue a token."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        issued = issue(Ask(subject=serializer.validated_data["user"], kind=Kind.SIGN_IN, client=CLIENT))
        return Response({"token": issued.secret})


class ReplaceAuthToken(PresentedToken):
    """Replace the token in the header by a fresh one of the same grant."""

    authenticator = TokenAuthentication()
    http_method_names = ["get", "post", "options"]

    def post(self, request: Request) -> Response:
        """Replace it. The old token is refused from then on."""
        issued = replace(self.presented(request), accept=self.authenticator.accept)
        return Response({"token": issued.secret})

    def get(self, request: Request) -> Response:
        """Do the same as POST, for clients that follow the field's tutorials. HEAD is refused."""
        response = self.post(request)
        response["Deprecation"] = DEPRECATED_SINCE
        return response


class RevokeAuthToken(PresentedToken):
    """Revoke the token in the header."""

    authenticator = TokenAuthentication()

    def post(self, request: Request) -> Response:
        """Revoke it. If it has ended already, that is a success as well (RFC 7009 §2.2)."""
        revoke_presented(self.presented(request), accept=self.authenticator.accept, reason="logout")
        return Response(status=204)


obtain_auth_token = ObtainAuthToken.as_view()
