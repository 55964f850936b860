"""The endpoints of the native dialect with which a user looks after his tokens."""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated

from tessera.models import Kind
from tessera.schema.answers import ANSWERS, HEADERS, problems
from tessera.schema.native import CODE, NATIVE_ANSWERS, NativeProblemSerializer

if TYPE_CHECKING:
    from rest_framework.views import APIView


class HeldTokenSerializer(serializers.Serializer[Any]):
    """A token as its user sees it."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Kind.choices)
    label = serializers.CharField(  # type: ignore[assignment]
        allow_blank=True, help_text="What the user calls it."
    )
    client = serializers.CharField(allow_blank=True, help_text="The software that it is for; empty for the site's own.")
    scope = serializers.CharField(required=False, allow_blank=True, help_text="Where the site has scopes.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Of a sign-in: unless it is refreshed.")
    address = serializers.CharField(required=False, allow_blank=True, help_text="If the site records it.")
    agent = serializers.CharField(required=False, allow_blank=True, help_text="If the site records it.")
    is_current = serializers.BooleanField(help_text="Whether this request was made with it.")


class HeldTokensSerializer(serializers.Serializer[Any]):
    """A page of the list."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = HeldTokenSerializer(many=True)


class EndedSerializer(serializers.Serializer[Any]):
    """A response that says how many ended."""

    ended = serializers.IntegerField()


class NewPersonalTokenSerializer(serializers.Serializer[Any]):
    """A response with a personal token."""

    id = serializers.UUIDField()
    token = serializers.CharField()
    token_type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    scope = serializers.CharField(required=False, allow_blank=True, help_text="Where the site has scopes.")
    expires_in = serializers.IntegerField(required=False, help_text="Seconds. Without it, there is no end.")


FIELD_PROBLEMS = problems("FieldProblems", "label", "scope", "lifetime", also=CODE)

REFUSALS = {
    400: OpenApiResponse(FIELD_PROBLEMS, "The body has not the right fields, or cannot be read."),
    401: OpenApiResponse(NativeProblemSerializer, ANSWERS[401].description),
    403: OpenApiResponse(
        NativeProblemSerializer,
        "It takes a sign-in, a more recent one, or more scope; or a page may be another's; or the policy says no.",
    ),
    404: OpenApiResponse(NativeProblemSerializer, "The user has no such token, or there is no such page."),
    **{code: NATIVE_ANSWERS[code] for code in (415, 429, 503)},
}

UNREAD, READ = (401, 403, 429, 503), (400, 401, 403, 415, 429, 503)
"""What a request without a body may be refused with, and one with a body."""

CURSOR = OpenApiParameter("cursor", str, description="Which page: a link in `next` or `previous` has it.")
ID = OpenApiParameter("token", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Its `id`, as the list spells it.")


class OfASignInView(OpenApiViewExtension):
    """Describes a view for whoever has signed in by what its subclass says of each method."""

    priority = -1
    match_subclasses = True
    methods: ClassVar[dict[str, dict[str, Any]]]

    def view_replacement(self) -> "type[APIView]":
        """The view, described."""

        class Described(self.target):  # type: ignore[name-defined, misc]
            authentication_classes = [type(self.target.authenticator)]
            permission_classes = [IsAuthenticated]

        view = Described
        for method, told in self.methods.items():
            view = operation(method, **told)(view)
        return view


def operation(method: str, *, told: str, answer: Any, refusals: tuple[int, ...], **more: Any) -> Any:
    """Describe one method of a view: its answer, and the refusals with these status codes."""
    parameters = [*HEADERS, *more.pop("parameters", [])]
    responses = answer | {code: REFUSALS[code] for code in refusals}
    return extend_schema(methods=[method], description=told, responses=responses, parameters=parameters, **more)


class TokensView(OfASignInView):
    """Describes the list."""

    target_class = "tessera.dialects.native.tokens.Tokens"
    methods: ClassVar = {
        "GET": {
            "told": "The user's live tokens, the newest first. A page has at most a hundred, and may have fewer.",
            "answer": {200: OpenApiResponse(HeldTokensSerializer, "A page of them.")},
            "refusals": (*UNREAD, 404),
            "parameters": [CURSOR],
        }
    }


class OneTokenView(OfASignInView):
    """Describes another name for a token, and its end."""

    target_class = "tessera.dialects.native.tokens.OneToken"
    methods: ClassVar = {
        "PATCH": {
            "told": "Another name for it.",
            "answer": {200: OpenApiResponse(HeldTokenSerializer, "It has that name.")},
            "refusals": (*READ, 404),
            "parameters": [ID],
        },
        "DELETE": {
            "told": "The end of it. It may be the one that the request is made with.",
            "answer": {204: ANSWERS[204]},
            "refusals": (*UNREAD, 404),
            "parameters": [ID],
        },
    }


class RevokeOthersView(OfASignInView):
    """Describes the end of all other sign-ins."""

    target_class = "tessera.dialects.native.tokens.RevokeOthers"
    methods: ClassVar = {
        "POST": {
            "told": "The end of all other sign-ins, and of adopted tokens. Personal and machine tokens go on working.",
            "answer": {200: OpenApiResponse(EndedSerializer, "They have ended.")},
            "refusals": UNREAD,
            "request": None,
        }
    }


class RevokeAllView(OfASignInView):
    """Describes the end of all."""

    target_class = "tessera.dialects.native.tokens.RevokeAll"
    methods: ClassVar = {
        "POST": {
            "told": "The end of all tokens of the user, personal ones and that of the request too.",
            "answer": {200: OpenApiResponse(EndedSerializer, "They have ended.")},
            "refusals": UNREAD,
            "request": None,
        }
    }


class PersonalView(OfASignInView):
    """Describes the making of a personal token."""

    target_class = "tessera.dialects.native.tokens.Personal"
    methods: ClassVar = {
        "POST": {
            "told": "A personal token, for a script. It takes a log-in that is not long ago.",
            "answer": {201: OpenApiResponse(NewPersonalTokenSerializer, "It can be read here and never again.")},
            "refusals": READ,
        }
    }
