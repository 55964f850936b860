"""The endpoints: a token for whoever has logged in, and its end."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import (
    AuthenticationFailed,
    MethodNotAllowed,
    NotAuthenticated,
    PermissionDenied,
    ValidationError,
)
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import DateTimeField
from rest_framework.settings import api_settings

from tessera import clock
from tessera.dialects.knox.auth import TokenAuthentication
from tessera.dialects.knox.models import CLIENT, AuthToken, get_token_model
from tessera.dialects.knox.settings import knox_settings
from tessera.drf.authentication import ByToken, of_django
from tessera.drf.endpoint import Endpoint
from tessera.drf.login import NameAndPassword, log_in
from tessera.drf.parsers import refuse_a_long_body, refuse_a_strange_charset
from tessera.drf.refusals import refusal
from tessera.engine.limits import counted
from tessera.engine.policy import Limit
from tessera.engine.revocation import revoke
from tessera.errors import LimitReached, TesseraError
from tessera.models import Kind

FULL = {"error": "Maximum amount of tokens allowed per user exceeded."}
"""The peer says it in English only, and not as `detail`."""

_UNKNOWN = "Invalid username/password."
"""The words of `BasicAuthentication`, which REST framework's catalogs have."""


class View(Endpoint):
    """What the three have in common."""

    permission_classes: Any = (IsAuthenticated,)

    @cached_property
    def renderer_classes(self) -> Any:  # type: ignore[override]
        """Those of the site that write JSON, which may spell names in a way of their own. No page holds a token."""
        classes: Any = api_settings.DEFAULT_RENDERER_CLASSES
        return [each for each in classes if issubclass(each, JSONRenderer)] or [JSONRenderer]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a method that there is not before a credential is looked at: whatever it is, nothing happens."""
        if request.method not in self.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)


class LoginView(View):
    """Log in, and get a new token."""

    # Whoever the site's authenticators know is logged in, and so is whoever sends a name and a password in the body. A
    # token of ours does not count: whoever stole one could make himself another for ever.

    @cached_property
    def authentication_classes(self) -> Any:  # type: ignore[override]
        """The site's own, unless a subclass says others."""
        return api_settings.DEFAULT_AUTHENTICATION_CLASSES

    @cached_property
    def throttle_classes(self) -> Any:  # type: ignore[override]
        """The site's own, as for the peer. What is in the body is throttled as each log-in of ours."""
        return api_settings.DEFAULT_THROTTLE_CLASSES

    announced: AbstractBaseUser | None = None
    """Whose log-in Django's signal has told of already."""

    def get_context(self) -> dict[str, Any]:
        """What the serializer of the user is told of the request."""
        return {"request": self.request, "format": self.format_kwarg, "view": self}

    def get_token_ttl(self) -> timedelta | None:
        """How long the token lives; `None` for ever."""
        return knox_settings.TOKEN_TTL  # type: ignore[no-any-return]

    def get_token_prefix(self) -> str:
        """Asked as by the peer, and without effect: tokens begin with the `PREFIX` of the site."""
        return knox_settings.TOKEN_PREFIX  # type: ignore[no-any-return]

    def get_token_limit_per_user(self) -> int | None:
        """How many live tokens of this dialect the user may have; `None` for any number."""
        return knox_settings.TOKEN_LIMIT_PER_USER  # type: ignore[no-any-return]

    def get_user_serializer_class(self) -> Any:
        """The serializer of `user` in the answer, or `None` for an answer without."""
        return knox_settings.USER_SERIALIZER

    def get_expiry_datetime_format(self) -> str | None:
        """The format of `expiry`, as a field of REST framework takes it."""
        return knox_settings.EXPIRY_DATETIME_FORMAT  # type: ignore[no-any-return]

    def format_expiry_datetime(self, expiry: datetime | None) -> Any:
        """What `expiry` is in the answer."""
        field: Any = DateTimeField(format=self.get_expiry_datetime_format())
        return field.to_representation(expiry)

    def create_token(self) -> tuple[AuthToken, str]:
        """Make the token, and return it with its secret."""
        made: tuple[AuthToken, str] = get_token_model().objects.create(
            user=self.request.user, expiry=self.get_token_ttl(), prefix=self.get_token_prefix()
        )
        return made

    def get_post_response_data(self, request: Request, token: str, instance: AuthToken) -> dict[str, Any]:
        """The body of the answer."""
        data = {"expiry": self.format_expiry_datetime(instance.expiry), "token": token}
        serializer = self.get_user_serializer_class()
        if serializer is not None:
            data["user"] = serializer(request.user, context=self.get_context()).data
        return data

    def get_post_response(self, request: Request, token: str, instance: AuthToken) -> Response:
        """The answer."""
        return Response(self.get_post_response_data(request, token, instance))

    def post(self, request: Request, format: Any = None) -> Response:  # noqa: A002 - it is called so by the peer
        """Issue a token to whoever is known by now."""
        if not _is_known(request):
            raise NotAuthenticated
        most = self.get_token_limit_per_user()
        if most is not None and most < 1:
            return Response(FULL, status=403)
        try:
            # Around all of it: a site's own `create_token` may make the token in a way of its own.
            limit = None if most is None else Limit(most, "refuse", client=CLIENT)
            user: Any = request.user
            with counted(user, Kind.SIGN_IN, limit, clock.now()):
                instance, token = self.create_token()
        except LimitReached:
            return Response(FULL, status=403)
        if request.user != self.announced:
            user_logged_in.send(sender=request.user.__class__, request=request, user=request.user)
        return self.get_post_response(request, token, instance)

    def get_authenticators(self) -> Any:
        """All but those that take a token of ours, live or dead."""
        authenticators = [each for each in self._authenticators() if not isinstance(each, ByToken)]
        for each in authenticators:
            # REST framework's own counts nothing, and a throttle is asked only once somebody is known.
            if getattr(type(each), "authenticate_credentials", None) is BasicAuthentication.authenticate_credentials:
                each.authenticate_credentials = self._by_basic
        return authenticators

    def get_authenticate_header(self, request: Request) -> Any:
        """Return the challenge of the first authenticator, whether or not it counts here."""
        return next((each.authenticate_header(request) for each in self._authenticators()), None)

    def _authenticators(self) -> Iterable[Any]:
        return [each() for each in self.authentication_classes]

    def check_permissions(self, request: Request) -> None:
        """Before somebody unknown is turned away, see whether the body says who it is."""
        try:
            super().check_permissions(request)
        except NotAuthenticated:
            user = self._in_body(request)
            if user is None:
                raise
            request.user = self.announced = user  # type: ignore[assignment]
            super().check_permissions(request)

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> Any:
        """Turn somebody away: to log in, or, who has done that, for good."""
        raise PermissionDenied(message, code) if _is_known(request) else NotAuthenticated

    @sensitive_variables()
    def _by_basic(self, name: str, password: str, request: Request) -> tuple[Any, None]:
        """The user whose name and password are in the header, as `BasicAuthentication` has it."""
        try:
            # NUL is in no name, and a database may crash on it.
            is_text = "\x00" not in name + password
            user = log_in(of_django(request), name, password) if is_text else None
        except TesseraError as error:
            raise refusal(error) from error
        if user is None:
            raise AuthenticationFailed(gettext(_UNKNOWN))
        self.announced = user
        return user, None

    def _in_body(self, request: Request) -> AbstractBaseUser | None:
        """The user whose name and password are in the body, or `None` if there is neither."""
        if request.method != "POST":  # OPTIONS changes nothing, and asks for what there is.
            return None
        refuse_a_long_body(request)
        refuse_a_strange_charset(request)
        data, names = request.data, {"username", "password", get_user_model().USERNAME_FIELD}
        if not isinstance(data, Mapping) or names.isdisjoint(data):
            return None
        serializer = NameAndPassword(data=data)
        serializer.is_valid(raise_exception=True)
        told = serializer.validated_data
        user = log_in(request._request, told["username"], told["password"])
        if user is None:
            unable = _("Unable to log in with provided credentials.")
            raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [unable]}, code="authorization")
        return user


def _is_known(request: Request) -> bool:
    user: Any = request.user  # A site may say that nobody is no user at all.
    return bool(user and user.is_authenticated)


class LogoutView(View):
    """Log out: end the token in the header."""

    authentication_classes: Any = (TokenAuthentication,)

    def get_post_response(self, request: Request) -> Response:
        """The answer."""
        return Response(None, status=204)

    def post(self, request: Request, format: Any = None) -> Response:  # noqa: A002 - it is called so by the peer
        """End it. Whatever the class of the authenticator, it is a token of ours, or there is none to end."""
        grant_id = getattr(request.auth, "grant_id", None)
        if grant_id is None:
            raise NotAuthenticated
        revoke(grant_id, reason="logout")
        return self.logged_out(request)

    def logged_out(self, request: Request) -> Response:
        """Tell of it, and answer."""
        user_logged_out.send(sender=request.user.__class__, request=request, user=request.user)
        return self.get_post_response(request)


class LogoutAllView(LogoutView):
    """Log out everywhere: end all tokens of the user that this dialect made, and the one in the header."""

    def post(self, request: Request, format: Any = None) -> Response:  # noqa: A002 - it is called so by the peer
        """End them."""
        # Itself first: a token that was made elsewhere opens this door, too, and a log-out has to end it.
        if (grant_id := getattr(request.auth, "grant_id", None)) is not None:
            revoke(grant_id, reason="logout")
        revoke(subject=request.user, client=CLIENT, reason="logout")  # type: ignore[arg-type]
        return self.logged_out(request)
