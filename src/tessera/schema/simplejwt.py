"""The endpoints of the dialect `simplejwt`. Their bodies are described by the serializers of the site."""

# mypy: allow-untyped-calls

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from tessera.schema.answers import ANSWERS, DescribedView, problems


class SignedPairSerializer(serializers.Serializer[Any]):
    """A response with a refresh token and an access token."""

    refresh = serializers.CharField()
    access = serializers.CharField()


class SignedAccessSerializer(serializers.Serializer[Any]):
    """A response with an access token, and with the next refresh token where they rotate."""

    access = serializers.CharField()
    refresh = serializers.CharField(required=False)


class SlidingTokenSerializer(serializers.Serializer[Any]):
    """A response with a sliding token."""

    token = serializers.CharField()


class SignedProblemSerializer(serializers.Serializer[Any]):
    """A response that says why not."""

    detail = serializers.CharField()
    code = serializers.CharField(required=False)


REFRESH_PROBLEMS = problems("SignedRefreshProblem", "refresh", "token")
LOGIN_PROBLEMS = problems("SignedLoginProblem", "username", "password")

REFUSALS = {
    **ANSWERS,
    400: OpenApiResponse(REFRESH_PROBLEMS, "The body has not the right field, or cannot be read."),
    401: OpenApiResponse(SignedProblemSerializer, "What was presented opens nothing."),
    403: OpenApiResponse(SignedProblemSerializer, "The site's policy does not allow it."),
}
LOGIN_REFUSALS = {
    **REFUSALS,
    400: OpenApiResponse(LOGIN_PROBLEMS, "The body has not the right fields, or cannot be read."),
    401: OpenApiResponse(SignedProblemSerializer, "Nobody signs in with that."),
}


def answering(answer: Any, told: str, refusals: Any = REFUSALS) -> Any:
    """The answers of a view, of which this is the good one."""
    return {**refusals, 200: OpenApiResponse(answer, told)}


class SimpleJwtView(DescribedView):
    """Describes what is in the body, and never looks at the header."""

    needs_token = False
    told: ClassVar[str]

    @property
    def methods(self) -> Any:  # type: ignore[override]
        """The one method of all of them."""
        return {"POST": {"told": self.told, "codes": (200, 400, 401, 403, 415, 429, 503)}}


class TokenObtainPairView(SimpleJwtView):
    """Describes the log-in for a pair."""

    target_class = "tessera.dialects.simplejwt.views.TokenObtainPairView"
    answers = answering(SignedPairSerializer, "A pair. It can be read here and never again.", LOGIN_REFUSALS)
    told = "A name and a password, for an access token and a refresh token."


class TokenRefreshView(SimpleJwtView):
    """Describes the refresh."""

    target_class = "tessera.dialects.simplejwt.views.TokenRefreshView"
    answers = answering(SignedAccessSerializer, "It can be read here and never again.")
    told = "A refresh token, for another access token."


class TokenVerifyView(SimpleJwtView):
    """Describes the question whether a token is good."""

    target_class = "tessera.dialects.simplejwt.views.TokenVerifyView"
    answers = answering(OpenApiTypes.OBJECT, "It opens what it is for. The object is empty.")
    told = "Whether a token of any type opens anything."


class TokenBlacklistView(SimpleJwtView):
    """Describes the end of a sign-in."""

    target_class = "tessera.dialects.simplejwt.views.TokenBlacklistView"
    answers = answering(OpenApiTypes.OBJECT, "It has ended. The object is empty.")
    told = "The end of a sign-in, by its refresh token."


class TokenObtainSlidingView(SimpleJwtView):
    """Describes the log-in for a sliding token."""

    target_class = "tessera.dialects.simplejwt.views.TokenObtainSlidingView"
    answers = answering(SlidingTokenSerializer, "It can be read here and never again.", LOGIN_REFUSALS)
    told = "A name and a password, for a sliding token."


class TokenRefreshSlidingView(SimpleJwtView):
    """Describes the refresh of a sliding token."""

    target_class = "tessera.dialects.simplejwt.views.TokenRefreshSlidingView"
    answers = answering(SlidingTokenSerializer, "It can be read here and never again.")
    told = "A sliding token, for the next."
