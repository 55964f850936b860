"""The endpoints of the native dialect with which a user looks after his tokens."""

# mypy: allow-untyped-calls

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from tessera.models import Kind
from tessera.schema.answers import ANSWERS, DescribedView, problems
from tessera.schema.native import CODE, NATIVE_ANSWERS, NativeProblemSerializer


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

ENDED_ANSWERS = {**REFUSALS, 200: OpenApiResponse(EndedSerializer, "They have ended.")}

UNREAD, READ = (401, 403, 429, 503), (400, 401, 403, 415, 429, 503)
"""What a request without a body may be refused with, and one with a body."""

CURSOR = OpenApiParameter("cursor", str, description="Which page: a link in `next` or `previous` has it.")
ID = OpenApiParameter("token", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Its `id`, as the list spells it.")


class TokensView(DescribedView):
    """Describes the list."""

    target_class = "tessera.dialects.native.tokens.Tokens"
    answers: ClassVar = {**REFUSALS, 200: OpenApiResponse(HeldTokensSerializer, "A page of them.")}
    methods: ClassVar = {
        "GET": {
            "told": "The user's live tokens, the newest first. A page has at most a hundred, and may have fewer.",
            "codes": (200, *UNREAD, 404),
            "parameters": [CURSOR],
        }
    }


class OneTokenView(DescribedView):
    """Describes another name for a token, and its end."""

    target_class = "tessera.dialects.native.tokens.OneToken"
    answers: ClassVar = {**REFUSALS, 200: OpenApiResponse(HeldTokenSerializer, "It has that name."), 204: ANSWERS[204]}
    methods: ClassVar = {
        "PATCH": {
            "told": "Another name for it.",
            "codes": (200, *READ, 404),
            "parameters": [ID],
        },
        "DELETE": {
            "told": "The end of it. It may be the one that the request is made with.",
            "codes": (204, *UNREAD, 404),
            "parameters": [ID],
        },
    }


class RevokeOthersView(DescribedView):
    """Describes the end of all other sign-ins."""

    target_class = "tessera.dialects.native.tokens.RevokeOthers"
    answers = ENDED_ANSWERS
    methods: ClassVar = {
        "POST": {
            "told": "The end of all other sign-ins, and of adopted tokens. Personal and machine tokens go on working.",
            "codes": (200, *UNREAD),
            "request": None,
        }
    }


class RevokeAllView(DescribedView):
    """Describes the end of all."""

    target_class = "tessera.dialects.native.tokens.RevokeAll"
    answers = ENDED_ANSWERS
    methods: ClassVar = {
        "POST": {
            "told": "The end of all tokens of the user, personal ones and that of the request too.",
            "codes": (200, *UNREAD),
            "request": None,
        }
    }


class PersonalView(DescribedView):
    """Describes the making of a personal token."""

    target_class = "tessera.dialects.native.tokens.Personal"
    answers: ClassVar = {
        **REFUSALS,
        201: OpenApiResponse(NewPersonalTokenSerializer, "It can be read here and never again."),
    }
    methods: ClassVar = {
        "POST": {
            "told": "A personal token, for a script. It takes a log-in that is not long ago.",
            "codes": (201, *READ),
        }
    }
