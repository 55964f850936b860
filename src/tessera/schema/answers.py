"""Responses that more than one dialect gives, and how a view is described by its own."""

# mypy: allow-untyped-calls

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated

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


class DescribedView(OpenApiViewExtension):
    """Describes a view by what its subclass says of each method, whatever a site's defaults say."""

    priority = -1
    match_subclasses = True
    answers: ClassVar[Mapping[int, OpenApiResponse]] = ANSWERS
    needs_token: ClassVar[bool] = True
    """Whether it takes a token in the header. Else there may be one, if the view looks for it."""

    methods: ClassVar[Mapping[str, Mapping[str, Any]]]
    """By HTTP method what `described` takes."""

    def view_replacement(self) -> "type[APIView]":
        """The view, described."""

        class Described(self.target):  # type: ignore[name-defined, misc]
            permission_classes = [IsAuthenticated if self.needs_token else AllowAny]

        if hasattr(self.target, "authenticator"):
            Described.authentication_classes = [type(self.target.authenticator)]
        view: type[APIView] = Described
        for method, words in self.methods.items():
            view = self.described(method, **words)(view)
        return view

    def described(
        self, method: str, *, told: str, codes: Iterable[int], parameters: Iterable[OpenApiParameter] = (), **more: Any
    ) -> "Callable[[type[APIView]], type[APIView]]":
        """Describe one method: what it is for, the status codes of its responses, and what else is to be said."""
        return extend_schema(
            methods=[method],
            description=told,
            responses={code: self.answers[code] for code in codes},
            parameters=[*HEADERS, *parameters],
            **more,
        )
