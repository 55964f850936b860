"""OpenAPI, for drf-spectacular: imported by `tessera.apps` where that is installed, and by nobody else.

What a site describes by `@extend_schema` on a method of its own, or by an extension of its own, goes before what stands
here. Operations keep the names that their path gives them: an endpoint mounted twice has two.
"""

# mypy: allow-untyped-calls

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

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


class IssuedPairSerializer(serializers.Serializer[Any]):
    """A response with a pair (RFC 6749 §5.1)."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(required=False, help_text="Seconds. Without it, there is no end.")
    refresh_token = serializers.CharField(required=False)
    refresh_expires_in = serializers.IntegerField(required=False, help_text="Seconds. Each refresh starts them anew.")


class NativeProblemSerializer(serializers.Serializer[Any]):
    """A response that says why not."""

    detail = serializers.CharField(help_text="For people.")
    code = serializers.CharField(help_text="For programs to compare. It is never translated.")


class NativeLoginProblemSerializer(LoginProblemSerializer):
    """A response that says what is wrong with a field, or with the whole body."""

    label = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(), required=False
    )
    code = serializers.CharField(required=False)


class NativeRefreshProblemSerializer(serializers.Serializer[Any]):
    """A response that says what is wrong with the field, or with the whole body."""

    refresh_token = serializers.ListField(child=serializers.CharField(), required=False)
    non_field_errors = serializers.ListField(child=serializers.CharField(), required=False)
    detail = serializers.CharField(required=False)
    code = serializers.CharField(required=False)


ANSWERS = {
    200: OpenApiResponse(IssuedTokenSerializer, "A new token. It can be read here and never again."),
    204: OpenApiResponse(None, "It has ended."),
    400: OpenApiResponse(LoginProblemSerializer, "Nobody signs in with that."),
    401: OpenApiResponse(TokenProblemSerializer, "No token was presented, or one that opens nothing."),
    415: OpenApiResponse(TokenProblemSerializer, "The body is of a kind, or in a charset, that is not read."),
    429: OpenApiResponse(TokenProblemSerializer, "Too many attempts: this one was not looked at."),
    503: OpenApiResponse(TokenProblemSerializer, "The storage does not answer: nothing is known of the credential."),
}

NATIVE_ANSWERS = {
    200: OpenApiResponse(IssuedPairSerializer, "A pair. It can be read here and never again."),
    204: ANSWERS[204],
    400: OpenApiResponse(NativeRefreshProblemSerializer, "The body holds no such token, or cannot be read."),
    401: OpenApiResponse(NativeProblemSerializer, "What was presented opens nothing."),
    403: OpenApiResponse(NativeProblemSerializer, "The site's policy does not allow it."),
    **{code: OpenApiResponse(NativeProblemSerializer, ANSWERS[code].description) for code in (415, 429, 503)},
}
NATIVE_LOGIN_ANSWERS = {
    **NATIVE_ANSWERS,
    400: OpenApiResponse(NativeLoginProblemSerializer, "The body has not the right fields, or cannot be read."),
    401: OpenApiResponse(NativeProblemSerializer, "Nobody signs in with that."),
}


def header(name: str, kind: type, *codes: int, told: str) -> OpenApiParameter:
    """A header that all responses with these status codes have."""
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=True, response=list(codes), description=told)


HEADERS = [
    header("WWW-Authenticate", str, 401, told="How to present a token (RFC 9110 §11.6.1)."),
    header("Retry-After", int, 429, 503, told="Seconds to wait (RFC 9110 §10.2.3)."),
]
DEPRECATION = header("Deprecation", str, 200, told="Since when (RFC 9745).")


def described(
    *codes: int, answers: Mapping[int, OpenApiResponse] = ANSWERS, **more: Any
) -> "Callable[[type[APIView]], type[APIView]]":
    """Describe a view by the status codes of its responses."""
    return extend_schema(responses={code: answers[code] for code in codes}, parameters=HEADERS, **more)


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


class NativeView(OpenApiViewExtension):
    """Describes a view of the native dialect by what its subclass says of it."""

    priority = -1
    match_subclasses = True
    codes: ClassVar[tuple[int, ...]]
    answers = NATIVE_ANSWERS
    told: ClassVar[str]

    def view_replacement(self) -> "type[APIView]":
        """The view, described. One that looks for a token in the header shows that it may have one."""

        class Described(self.target):  # type: ignore[name-defined, misc]
            authentication_classes = [type(self.target.authenticator)] if hasattr(self.target, "authenticator") else []

        return described(*self.codes, answers=self.answers, description=self.told)(Described)


class NativeLogInView(NativeView):
    """Describes the log-in."""

    target_class = "tessera.dialects.native.views.LogIn"
    codes = (200, 400, 401, 403, 415, 429, 503)
    answers = NATIVE_LOGIN_ANSWERS
    told = "A name and a password, for an access token and a refresh token."


class NativeRefreshView(NativeView):
    """Describes the refresh."""

    target_class = "tessera.dialects.native.views.Refresh"
    codes = (200, 400, 401, 403, 415, 503)
    told = "A refresh token, for the next pair. One that was traded before ends its sign-in."


class NativeLogOutView(NativeView):
    """Describes the end of a sign-in."""

    target_class = "tessera.dialects.native.views.LogOut"
    codes = (204, 400, 401, 415, 503)
    told = "The end of a sign-in, by the token in the header or the one in the body, which goes before."
