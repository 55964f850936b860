"""The peer's serializers. What a site overrides in them keeps its name."""

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers

from tessera.dialects.simplejwt.asked import asked, is_theirs, named
from tessera.dialects.simplejwt.exceptions import AuthenticationFailed
from tessera.dialects.simplejwt.tokens import RefreshToken, SlidingToken, Token, UntypedToken
from tessera.drf.login import log_in
from tessera.format.jws import LONGEST
from tessera.web.origin import origin_of


class PasswordField(serializers.CharField):
    """A password, as it was typed: spaces around it belong to it."""

    def __init__(self, **kwargs: Any) -> None:
        told = {"style": {"input_type": "password"}, "max_length": 4096, "trim_whitespace": False, "write_only": True}
        super().__init__(**{**told, **kwargs})


class TokenField(serializers.CharField):
    """A token. A number is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": LONGEST, "write_only": True, **kwargs})


class TokenObtainSerializer(serializers.Serializer[Any]):
    """A name and a password, which are tried: what is valid, is somebody's."""

    username_field: ClassVar[str | None] = None
    """What a user is known by, if not `USERNAME_FIELD`. The site's authentication backends are told it by that name."""

    token_class: ClassVar[type[Token] | None] = None
    user: AbstractBaseUser

    default_error_messages = {"no_active_account": _("No active account found with the given credentials")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self._name()] = serializers.CharField(max_length=1024, write_only=True)
        self.fields["password"] = PasswordField()

    @sensitive_variables()
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Log in. The user is then in `self.user`."""
        request = self.context.get("request")
        name, password = attrs[self._name()], attrs["password"]
        user = log_in(getattr(request, "_request", request), name, password, field=self._name())
        rule = asked("USER_AUTHENTICATION_RULE")
        if user is None or not (is_theirs(rule) or named(rule)(user)):
            _run("ON_LOGIN_FAILED", {**attrs, "password": "*" * 20}, request)
            raise AuthenticationFailed(self.error_messages["no_active_account"], "no_active_account")
        self.user = user
        return {}

    def told(self, token: Any) -> None:
        """Have a new token's row say where it was asked for, as far as the site keeps that."""
        request = self.context.get("request")
        if isinstance(token, Token) and request is not None:
            token.origin = origin_of(getattr(request, "_request", request))

    def logged_in(self) -> None:
        """Run what the site has asked for after each log-in."""
        _run("ON_LOGIN_SUCCESS", self.user, self.context.get("request"))

    @classmethod
    def get_token(cls, user: AbstractBaseUser) -> Any:
        """A token of `user`. A site adds its claims here."""
        if cls.token_class is None:
            raise TypeError(f"{cls.__name__} has no token_class.")
        return cls.token_class.for_user(user)

    def _name(self) -> str:
        return self.username_field or get_user_model().USERNAME_FIELD


class TokenObtainPairSerializer(TokenObtainSerializer):
    """Log in for a pair."""

    token_class = RefreshToken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Log in, and issue it."""
        data = super().validate(attrs)
        refresh = self.get_token(self.user)
        self.told(refresh)
        data |= {"refresh": str(refresh), "access": str(refresh.access_token)}
        self.logged_in()
        return data


class TokenObtainSlidingSerializer(TokenObtainSerializer):
    """Log in for a sliding token."""

    token_class = SlidingToken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Log in, and issue it."""
        data = super().validate(attrs)
        token = self.get_token(self.user)
        self.told(token)
        data["token"] = str(token)
        self.logged_in()
        return data


class TokenRefreshSerializer(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = TokenField(write_only=False)
    access = serializers.CharField(read_only=True)
    token_class: ClassVar[type[RefreshToken]] = RefreshToken

    @sensitive_variables()
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Trade it, or let its access token live on, as the site has asked."""
        refresh = self.token_class.traded(attrs["refresh"])
        data = {"access": str(refresh.access_token)}
        if asked("ROTATE_REFRESH_TOKENS"):
            data["refresh"] = str(refresh)
        return data


class TokenRefreshSlidingSerializer(serializers.Serializer[Any]):
    """A sliding token."""

    token = TokenField(write_only=False)
    token_class: ClassVar[type[SlidingToken]] = SlidingToken

    @sensitive_variables()
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Tell it anew. Nothing is written: its grant ends when it did before."""
        token = self.token_class(attrs["token"])
        token.check_exp(asked("SLIDING_TOKEN_REFRESH_EXP_CLAIM"))
        token.set_exp()
        token.set_iat()
        return {"token": str(token)}


class TokenVerifySerializer(serializers.Serializer[Any]):
    """Any token."""

    token = TokenField()

    @sensitive_variables()
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Prove it."""
        UntypedToken(attrs["token"])
        return {}


class TokenBlacklistSerializer(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = TokenField()
    token_class: ClassVar[type[RefreshToken]] = RefreshToken

    @sensitive_variables()
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """End its grant, and with it every token of that."""
        self.token_class.ended(attrs["refresh"])
        return {}


def default_on_login_success(user: AbstractBaseUser, request: Any) -> None:
    """Do nothing: Django's own signal has written down when the user has logged in."""


def default_on_login_failed(credentials: Any, request: Any) -> None:
    """Do nothing."""


def _run(key: str, *args: Any) -> None:
    if not is_theirs(asked(key)):
        named(asked(key))(*args)
