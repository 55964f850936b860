"""OpenAPI, for drf-spectacular: imported by `tessera.apps` where that is installed, and by nobody else.

What a site describes by `@extend_schema` on a method of its own, or by an extension of its own, goes before what stands
here. Operations keep the names that their path gives them: an endpoint mounted twice has two.
"""

# mypy: allow-untyped-calls

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiViewExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated

# Django loads this file before it runs the checks. Views take the classes of a site's defaults with them, and one that
# does not load would end in a traceback before its check has spoken.
if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema
    from rest_framework.views import APIView


class TokenScheme(OpenApiAuthenticationExtension):
    """Describes our authentication classes. All that accept `Bearer` share one scheme and one button "Authorize"."""

    target_class = "tessera.drf.authentication.TokenAuthentication"
    match_subclasses = True
    priority = -1

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the scheme in the document."""
        return f"{self.word.lower()}Auth"

    @property
    def word(self) -> str:
        """The word before the token. `Bearer` if it is accepted: OpenAPI takes any other scheme for an API key."""
        words = self.target.schemes
        return "Bearer" if "bearer" in {word.lower() for word in words} else str(words[0])

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, Any]:
        """The description of the scheme."""
        # Two classes with one scheme are meant, and no collision. The mark is inherited.
        set_override(self.target_class, "suppress_collision_warning", True)
        definition: dict[str, Any] = build_bearer_security_scheme_object("Authorization", self.word)
        others = sorted({f"`{word}`" for word in self.target.schemes if word.lower() != self.word.lower()})
        if others:
            definition["description"] = f"`{self.word}` before the token may also be {' or '.join(others)}."
        return definition


class IssuedTokenSerializer(serializers.Serializer[Any]):
    """A response with a token."""

    token = serializers.CharField(read_only=True)


class TokenProblemSerializer(serializers.Serializer[Any]):
    """A response that says why there is no token."""

    detail = serializers.CharField(read_only=True)


class LoginProblemSerializer(serializers.Serializer[Any]):
    """A response that says what is wrong with a field, with both together, or with the whole body."""

    username = serializers.ListField(child=serializers.CharField(), required=False)
    password = serializers.ListField(child=serializers.CharField(), required=False)
    non_field_errors = serializers.ListField(child=serializers.CharField(), required=False)
    detail = serializers.CharField(required=False)


ANSWERS = {
    200: OpenApiResponse(IssuedTokenSerializer, "A new token. It can be read here and never again."),
    204: OpenApiResponse(None, "It has ended."),
    400: OpenApiResponse(LoginProblemSerializer, "Nobody signs in with that."),
    401: OpenApiResponse(TokenProblemSerializer, "No token was presented, or one that opens nothing."),
    415: OpenApiResponse(TokenProblemSerializer, "The body is of a kind, or in a charset, that is not read."),
    429: OpenApiResponse(TokenProblemSerializer, "Too many attempts: this one was not looked at."),
    503: OpenApiResponse(TokenProblemSerializer, "The storage does not answer: nothing is known of the credential."),
}


def header(name: str, kind: type, *codes: int, told: str) -> OpenApiParameter:
    """A header that all responses with these status codes have."""
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=True, response=list(codes), description=told)


HEADERS = [
    header("WWW-Authenticate", str, 401, told="How to present a token (RFC 9110 §11.6.1)."),
    header("Retry-After", int, 429, 503, told="Seconds to wait (RFC 9110 §10.2.3)."),
]
DEPRECATION = header("Deprecation", str, 200, told="Since when (RFC 9745).")


def described(*codes: int, **more: Any) -> "Callable[[type[APIView]], type[APIView]]":
    """Describe a view by the status codes of its responses."""
    return extend_schema(responses={code: ANSWERS[code] for code in codes}, parameters=HEADERS, **more)


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
        view = described(200, 401, 503, request=None, description=told)(self.presenting())
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
        return described(204, 401, 503, request=None, description=told)(self.presenting())
