"""The peer's endpoints: a pair for a name and a password, the next access token, what a token is worth, and its end."""

from functools import cached_property
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from tessera.conf import current
from tessera.dialects.simplejwt.asked import asked, header_types, named
from tessera.dialects.simplejwt.exceptions import InvalidToken, TokenError
from tessera.drf.endpoint import Endpoint
from tessera.errors import InvalidCredential, TooMany
from tessera.http.problems import challenge
from tessera.web.refusals import counted


class TokenViewBase(Endpoint):
    """What they have in common: each answers what its serializer says."""

    serializer_class: ClassVar[Any] = None
    asked_for: ClassVar[str] = ""
    """The key of `SIMPLE_JWT` that names the serializer, where `serializer_class` does not."""

    www_authenticate_realm: str | None = None
    """The name in the challenge of a 401, if not the site's `REALM`."""

    @cached_property
    def throttle_classes(self) -> Any:  # type: ignore[override]
        """The site's own, as for the peer. Whatever they let through is counted as each log-in and refresh of ours."""
        return api_settings.DEFAULT_THROTTLE_CLASSES

    def get_serializer_class(self) -> Any:
        """The serializer: the view's own, or the site's."""
        return self.serializer_class or named(asked(self.asked_for))

    def get_serializer_context(self) -> dict[str, Any]:
        """What the serializer is told of the request."""
        return {"request": self.request, "format": self.format_kwarg, "view": self}

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """The serializer of a body. A site calls it, and so does REST framework for OPTIONS."""
        return self.get_serializer_class()(*args, **{"context": self.get_serializer_context(), **kwargs})

    def get_authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401, as the peer's clients expect it."""
        return challenge(header_types()[0], self.www_authenticate_realm or current().REALM)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer what the serializer says."""
        serializer = self.get_serializer(data=request.data)
        try:
            serializer.is_valid(raise_exception=True)
        except TokenError as error:
            raise InvalidToken(error.args[0]) from error
        return Response(serializer.validated_data)

    def refused(self, error: Exception) -> Exception:
        """Turn what a serializer raises into the peer's answer, wherever a site has called it, and count it."""
        if not isinstance(error, TokenError | InvalidToken):
            return super().refused(error)
        cause = error.__cause__ if isinstance(error, TokenError) else getattr(error.__cause__, "__cause__", None)
        told = counted(cause, self.request._request) if isinstance(cause, InvalidCredential) else None
        if isinstance(told, TooMany):
            return super().refused(told)
        return InvalidToken(error.args[0]) if isinstance(error, TokenError) else error


class TokenObtainPairView(TokenViewBase):
    """Log in with a name and a password, and get an access token and a refresh token."""

    asked_for = "TOKEN_OBTAIN_SERIALIZER"


class TokenRefreshView(TokenViewBase):
    """Get another access token for a refresh token, and the next refresh token where they rotate."""

    asked_for = "TOKEN_REFRESH_SERIALIZER"


class TokenVerifyView(TokenViewBase):
    """Tell whether a token of any type opens anything."""

    asked_for = "TOKEN_VERIFY_SERIALIZER"


class TokenBlacklistView(TokenViewBase):
    """End a sign-in by its refresh token: every token of it is refused from then on."""

    asked_for = "TOKEN_BLACKLIST_SERIALIZER"


class TokenObtainSlidingView(TokenViewBase):
    """Log in with a name and a password, and get a sliding token."""

    asked_for = "SLIDING_TOKEN_OBTAIN_SERIALIZER"


class TokenRefreshSlidingView(TokenViewBase):
    """Get a sliding token anew, before it expires."""

    asked_for = "SLIDING_TOKEN_REFRESH_SERIALIZER"


token_obtain_pair = TokenObtainPairView.as_view()
token_refresh = TokenRefreshView.as_view()
token_verify = TokenVerifyView.as_view()
token_blacklist = TokenBlacklistView.as_view()
token_obtain_sliding = TokenObtainSlidingView.as_view()
token_refresh_sliding = TokenRefreshSlidingView.as_view()
