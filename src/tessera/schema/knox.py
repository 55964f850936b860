"""The endpoints of the dialect `knox`."""

# mypy: allow-untyped-calls

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from tessera.schema.answers import ANSWERS, DescribedView, problems


class KnoxLoginSerializer(serializers.Serializer[Any]):
    """A name and a password, for whom the site's own authenticators do not know."""

    username = serializers.CharField(required=False)
    password = serializers.CharField(required=False)


class KnoxTokenSerializer(serializers.Serializer[Any]):
    """A response with a token, and with the `user` where the site's `REST_KNOX` says how that is told."""

    expiry = serializers.CharField(allow_null=True)
    token = serializers.CharField()


class KnoxRefusalSerializer(serializers.Serializer[Any]):
    """A response that says why not: in `error`, that the user has too many tokens."""

    error = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)


class KnoxLoginView(DescribedView):
    """Describes the log-in."""

    target_class = "tessera.dialects.knox.views.LoginView"
    needs_token = False
    answers: ClassVar = {
        **ANSWERS,
        200: OpenApiResponse(KnoxTokenSerializer, "A new token. It can be read here and never again."),
        400: OpenApiResponse(problems("KnoxLoginProblem", "username", "password"), "Nobody signs in with that."),
        403: OpenApiResponse(KnoxRefusalSerializer, "The user has too many tokens, or may have none."),
    }
    methods: ClassVar = {
        "POST": {
            "told": "A new token for whoever has signed in another way, or sends a name and a password.",
            "codes": (200, 400, 401, 403, 415, 429, 503),
            "request": KnoxLoginSerializer,
        }
    }


class KnoxLogoutView(DescribedView):
    """Describes the end of one token."""

    target_class = "tessera.dialects.knox.views.LogoutView"
    methods: ClassVar = {
        "POST": {"told": "The end of the token in the header.", "codes": (204, 401, 429, 503), "request": None}
    }


class KnoxLogoutAllView(DescribedView):
    """Describes the end of all tokens of this dialect."""

    target_class = "tessera.dialects.knox.views.LogoutAllView"
    priority = KnoxLogoutView.priority + 1
    """Its view is a subclass of the other."""

    methods: ClassVar = {
        "POST": {
            "told": "The end of the token in the header, and of all others that the user has from this dialect.",
            "codes": (204, 401, 429, 503),
            "request": None,
        }
    }
