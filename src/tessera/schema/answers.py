"""Responses that more than one dialect gives, and how a view is described by its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

if TYPE_CHECKING:
    from rest_framework.views import APIView


class IssuedTokenSerializer(serializers.Serializer[Any]):
    """A response with a token."""

    token = serializers.CharField(read_only=True)


class TokenProblemSerializer(serializers.Serializer[Any]):
    """A response that says why there is no token."""

    detail = serializers.CharField(read_only=True)


def problems(name: str, *fields: str, also: Sequence[str] = ()) -> type[serializers.Serializer[Any]]:
    """A response that says what is wrong with a field, with several of them together, or with the whole body."""
    lists = {
        field: serializers.ListField(child=serializers.CharField(), required=False)
        for field in (*fields, "non_field_errors")
    }
    texts = {told: serializers.CharField(required=False) for told in ("detail", *also)}
    return type(f"{name}Serializer", (serializers.Serializer,), {"__doc__": problems.__doc__, **lists, **texts})


ANSWERS = {
    200: OpenApiResponse(IssuedTokenSerializer, "A new token. It can be read here and never again."),
    204: OpenApiResponse(None, "It has ended."),
    400: OpenApiResponse(problems("LoginProblem", "username", "password"), "Nobody signs in with that."),
    401: OpenApiResponse(TokenProblemSerializer, "No token was presented, or one that opens nothing."),
    415: OpenApiResponse(TokenProblemSerializer, "The body is of a kind, or in a charset, that is not read."),
    429: OpenApiResponse(TokenProblemSerializer, "Too many: wait, then try again."),
    503: OpenApiResponse(TokenProblemSerializer, "The storage does not answer: nothing is known of the credential."),
}


def header(name: str, kind: type, *codes: int, told: str) -> OpenApiParameter:
    """A header that all responses with these status codes have."""
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=True, response=list(codes), description=told)


HEADERS = [
    header("WWW-Authenticate", str, 401, told="How to present a token (RFC 9110 §11.6.1)."),
    header("Retry-After", int, 429, 503, told="Seconds to wait (RFC 9110 §10.2.3)."),
]


def described(
    *codes: int,
    answers: Mapping[int, OpenApiResponse] = ANSWERS,
    parameters: Sequence[OpenApiParameter] = (),
    **more: Any,
) -> "Callable[[type[APIView]], type[APIView]]":
    """Describe a view by the status codes of its responses."""
    return extend_schema(responses={code: answers[code] for code in codes}, parameters=[*HEADERS, *parameters], **more)
