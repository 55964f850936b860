"""The endpoints of the dialect `authtoken`."""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated

from tessera.schema.answers import described, header

if TYPE_CHECKING:
    from rest_framework.views import APIView

DEPRECATION = header("Deprecation", str, 200, told="Since when (RFC 9745).")


class ObtainAuthTokenView(OpenApiViewExtension):
    """Describes the log-in. The view's own serializer describes its body."""

    target_class = "tessera.dialects.authtoken.views.ObtainAuthToken"
    match_subclasses = True
    priority = -1

    def view_replacement(self) -> "type[APIView]":
        """The view, described."""

        class Described(self.target):  # type: ignore[name-defined, misc]
            pass

        return described(200, 400, 415, 429, 503, description="A name and a password, for a token.")(Described)


class PresentedTokenView(OpenApiViewExtension):
    """Describes a view without a body, whose only input is the token in the header, whatever a site's defaults say."""

    priority = -1
    match_subclasses = True

    def presenting(self) -> "type[APIView]":
        """The view, shown as one that requires a token."""

        class Presenting(self.target):  # type: ignore[name-defined, misc]
            authentication_classes = [type(self.target.authenticator)]
            permission_classes = [IsAuthenticated]

        return Presenting


class ReplaceAuthTokenView(PresentedTokenView):
    """Describes the replacement by POST, and by GET, which is deprecated."""

    target_class = "tessera.dialects.authtoken.views.ReplaceAuthToken"

    def view_replacement(self) -> "type[APIView]":
        """The view, described."""
        told = "The token in the header, for a new one. The old one is refused from then on."
        view = described(200, 401, 429, 503, request=None, description=told)(self.presenting())
        by_get = extend_schema(
            methods=["GET"], deprecated=True, parameters=[DEPRECATION], description=f"{told} Use POST."
        )
        return by_get(view)


class RevokeAuthTokenView(PresentedTokenView):
    """Describes the revocation, which has an empty response."""

    target_class = "tessera.dialects.authtoken.views.RevokeAuthToken"

    def view_replacement(self) -> "type[APIView]":
        """The view, described."""
        told = "The end of the token in the header. One that has ended already is answered the same."
        return described(204, 401, 429, 503, request=None, description=told)(self.presenting())
