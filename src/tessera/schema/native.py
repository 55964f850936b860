"""The endpoints of the native dialect."""

# mypy: allow-untyped-calls

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from tessera.conf import current
from tessera.http.carriers import REFRESH_COOKIE
from tessera.models import Kind
from tessera.schema.answers import ANSWERS, DescribedView, problems

if TYPE_CHECKING:
    from rest_framework.views import APIView


class IssuedPairSerializer(serializers.Serializer[Any]):
    """A response with a pair (RFC 6749 §5.1)."""

    access_token = serializers.CharField(help_text="Unless it came in a cookie.")
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(required=False, help_text="Seconds. Without it, there is no end.")
    refresh_token = serializers.CharField(required=False)
    refresh_expires_in = serializers.IntegerField(required=False, help_text="Seconds. Each refresh starts them anew.")
    scope = serializers.CharField(required=False, help_text="Of the access token, where the site has scopes.")

    def get_fields(self) -> dict[str, Any]:
        """Promise no token where both may come in cookies."""
        fields = super().get_fields()
        fields["access_token"].required = not current().COOKIES
        return fields


class VerifiedTokenSerializer(serializers.Serializer[Any]):
    """A response that says what a token is."""

    id = serializers.UUIDField(help_text="Of its grant. A refresh does not change it.")
    kind = serializers.ChoiceField(Kind.choices)
    label = serializers.CharField(help_text="What the user calls it.")  # type: ignore[assignment]
    client = serializers.CharField(help_text="The software that it was issued to; blank for the site's own.")
    user = serializers.CharField(allow_null=True, help_text="The name. A machine may act for no user.")
    scope = serializers.CharField(required=False, help_text="Where the site has scopes.")
    expires_in = serializers.IntegerField(allow_null=True, help_text="Seconds. Without them, there is no end.")


class CsrfTokenSerializer(serializers.Serializer[Any]):
    """A response that prepares a page."""

    csrf_token = serializers.CharField()


class NativeProblemSerializer(serializers.Serializer[Any]):
    """A response that says why not."""

    detail = serializers.CharField(help_text="For people.")
    code = serializers.CharField(help_text="For programs to compare. It is never translated.")


IN_COOKIE = OpenApiParameter(
    REFRESH_COOKIE,
    str,
    OpenApiParameter.COOKIE,
    description="The token of a browser, if there is none in the body. It takes the CSRF token as well.",
)

CODE = ["code"]
"""What stands beside a `detail` in this dialect."""

LOGIN_PROBLEMS = problems(
    "NativeLoginProblem", "username", "email", "password", "label", "scope", "remember", "carrier", also=CODE
)
REFRESH_PROBLEMS = problems("NativeRefreshProblem", "refresh_token", "scope", also=CODE)

NATIVE_ANSWERS = {
    200: OpenApiResponse(IssuedPairSerializer, "A pair. It can be read here and never again."),
    204: ANSWERS[204],
    400: OpenApiResponse(REFRESH_PROBLEMS, "The body holds no such token, or cannot be read."),
    401: OpenApiResponse(NativeProblemSerializer, "What was presented opens nothing."),
    403: OpenApiResponse(NativeProblemSerializer, "The site's policy does not allow it, or a page may be another's."),
    **{code: OpenApiResponse(NativeProblemSerializer, ANSWERS[code].description) for code in (415, 429, 503)},
}
NATIVE_VERIFY_ANSWERS = {
    **NATIVE_ANSWERS,
    200: OpenApiResponse(VerifiedTokenSerializer, "It opens what it is for."),
    401: OpenApiResponse(NativeProblemSerializer, "No token was presented, or one that opens nothing."),
}
NATIVE_CSRF_ANSWERS = {200: OpenApiResponse(CsrfTokenSerializer, "And a cookie, with which it is compared.")}
NATIVE_LOGIN_ANSWERS = {
    **NATIVE_ANSWERS,
    400: OpenApiResponse(LOGIN_PROBLEMS, "The body has not the right fields, or cannot be read."),
    401: OpenApiResponse(NativeProblemSerializer, "Nobody signs in with that."),
}


class NativeView(DescribedView):
    """Describes a view of the native dialect, with what comes only where the site has cookies."""

    answers = NATIVE_ANSWERS

    def described(
        self,
        method: str,
        *,
        codes: Iterable[int],
        codes_of_cookies: Iterable[int] = (),
        parameters_of_cookies: Iterable[OpenApiParameter] = (),
        **words: Any,
    ) -> Any:
        """Describe one method."""
        if current().COOKIES:
            codes, words["parameters"] = (*codes, *codes_of_cookies), parameters_of_cookies
        return super().described(method, codes=codes, **words)


class NativeLogInView(NativeView):
    """Describes the log-in."""

    target_class = "tessera.dialects.native.views.LogIn"
    answers = NATIVE_LOGIN_ANSWERS
    needs_token = False
    methods: ClassVar = {
        "POST": {
            "told": "A name or an e-mail address, and a password, for an access token and a refresh token.",
            "codes": (200, 400, 401, 403, 415, 429, 503),
        }
    }


class NativeRefreshView(NativeView):
    """Describes the refresh."""

    target_class = "tessera.dialects.native.views.Refresh"
    needs_token = False
    methods: ClassVar = {
        "POST": {
            "told": "A refresh token, for the next pair. One that was traded before ends its sign-in.",
            "codes": (200, 400, 401, 403, 415, 429, 503),
            "parameters_of_cookies": [IN_COOKIE],
        }
    }


class NativeVerifyView(NativeView):
    """Describes the question what a token is."""

    target_class = "tessera.dialects.native.views.Verify"
    answers = NATIVE_VERIFY_ANSWERS
    methods: ClassVar = {
        "POST": {
            "told": "What the token in the header is, and whom it speaks for.",
            "codes": (200, 401, 429, 503),
            "codes_of_cookies": (403,),
            "request": None,
        }
    }


class NativeCsrfView(NativeView):
    """Describes what a page is prepared with. Where the site has no cookies, it is not there."""

    target_class = "tessera.dialects.native.views.Csrf"
    answers = NATIVE_CSRF_ANSWERS
    needs_token = False
    methods: ClassVar = {
        "GET": {
            "told": "What a page of the site sends along, in the header `X-CSRFToken`, where cookies carry its tokens.",
            "codes": (200,),
        }
    }

    def view_replacement(self) -> "type[APIView]":
        """The view, described or left out."""
        view = super().view_replacement()
        return view if current().COOKIES else extend_schema(exclude=True)(view)


class NativeLogOutView(NativeView):
    """Describes the end of a sign-in."""

    target_class = "tessera.dialects.native.views.LogOut"
    needs_token = False
    methods: ClassVar = {
        "POST": {
            "told": "The end of a sign-in, by the token in the header or the one in the body, which goes before.",
            "codes": (204, 400, 401, 415, 503),
            "codes_of_cookies": (403,),
        }
    }
