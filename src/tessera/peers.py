"""The settings of the packages that a site comes from, as they stand: `REST_KNOX` and `SIMPLE_JWT`.

A face asks here for what its peer would have asked there. What has no place here is the site's own in `TESSERA`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache
from math import isfinite
from typing import Any, TypeVar

from django.core.signals import setting_changed

from tessera.conf import LONGEST_LEEWAY, raw

P = TypeVar("P")


@dataclass(frozen=True, kw_only=True, slots=True)
class Knox:
    """`REST_KNOX`: every key of django-rest-knox, with its default."""

    SECURE_HASH_ALGORITHM: str = "hashlib.sha512"
    AUTH_TOKEN_CHARACTER_LENGTH: int = 64
    TOKEN_TTL: timedelta | None = timedelta(hours=10)
    USER_SERIALIZER: Any = None
    TOKEN_LIMIT_PER_USER: int | None = None
    AUTO_REFRESH: bool = False
    AUTO_REFRESH_MAX_TTL: timedelta | None = None
    MIN_REFRESH_INTERVAL: int = 60
    AUTH_HEADER_PREFIX: str = "Token"
    EXPIRY_DATETIME_FORMAT: str | None = None
    """`None` is the `DATETIME_FORMAT` of REST framework."""

    TOKEN_MODEL: str = "knox.AuthToken"
    TOKEN_PREFIX: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SimpleJwt:
    """`SIMPLE_JWT`: every key of djangorestframework-simplejwt, with its default."""

    ACCESS_TOKEN_LIFETIME: timedelta = timedelta(minutes=5)
    REFRESH_TOKEN_LIFETIME: timedelta = timedelta(days=1)
    ROTATE_REFRESH_TOKENS: bool = False
    BLACKLIST_AFTER_ROTATION: bool = False
    UPDATE_LAST_LOGIN: bool = False
    ALGORITHM: str = "HS256"
    SIGNING_KEY: str | bytes | None = field(default=None, repr=False)
    """`None` is the site's `SECRET_KEY`."""

    VERIFYING_KEY: str | bytes | None = field(default="", repr=False)
    AUDIENCE: Any = None
    ISSUER: str | None = None
    JSON_ENCODER: Any = None
    JWK_URL: str | None = None
    LEEWAY: Any = 0
    AUTH_HEADER_TYPES: Any = ("Bearer",)
    AUTH_HEADER_NAME: str = "HTTP_AUTHORIZATION"
    USER_ID_FIELD: str = "id"
    USER_ID_CLAIM: str = "user_id"
    USER_AUTHENTICATION_RULE: Any = "rest_framework_simplejwt.authentication.default_user_authentication_rule"
    ON_LOGIN_SUCCESS: Any = "rest_framework_simplejwt.serializers.default_on_login_success"
    ON_LOGIN_FAILED: Any = "rest_framework_simplejwt.serializers.default_on_login_failed"
    AUTH_TOKEN_CLASSES: Any = ("rest_framework_simplejwt.tokens.AccessToken",)
    TOKEN_TYPE_CLAIM: str | None = "token_type"
    JTI_CLAIM: str | None = "jti"
    TOKEN_USER_CLASS: Any = "rest_framework_simplejwt.models.TokenUser"
    SLIDING_TOKEN_REFRESH_EXP_CLAIM: str = "refresh_exp"
    SLIDING_TOKEN_LIFETIME: timedelta = timedelta(minutes=5)
    SLIDING_TOKEN_REFRESH_LIFETIME: timedelta = timedelta(days=1)
    TOKEN_OBTAIN_SERIALIZER: Any = "rest_framework_simplejwt.serializers.TokenObtainPairSerializer"
    TOKEN_REFRESH_SERIALIZER: Any = "rest_framework_simplejwt.serializers.TokenRefreshSerializer"
    TOKEN_VERIFY_SERIALIZER: Any = "rest_framework_simplejwt.serializers.TokenVerifySerializer"
    TOKEN_BLACKLIST_SERIALIZER: Any = "rest_framework_simplejwt.serializers.TokenBlacklistSerializer"
    SLIDING_TOKEN_OBTAIN_SERIALIZER: Any = "rest_framework_simplejwt.serializers.TokenObtainSlidingSerializer"
    SLIDING_TOKEN_REFRESH_SERIALIZER: Any = "rest_framework_simplejwt.serializers.TokenRefreshSlidingSerializer"
    CHECK_REVOKE_TOKEN: bool = False
    REVOKE_TOKEN_CLAIM: str = "hash_password"
    CHECK_USER_IS_ACTIVE: bool = True

    @property
    def leeway(self) -> timedelta:
        """`LEEWAY` as a span. What is none allows for nothing, and none for more than `LONGEST_LEEWAY`."""
        told = self.LEEWAY
        if isinstance(told, int | float) and isfinite(told):
            told = timedelta(seconds=max(-1, min(told, LONGEST_LEEWAY.total_seconds())))
        return min(max(told, timedelta(0)), LONGEST_LEEWAY) if isinstance(told, timedelta) else timedelta(0)

    @property
    def longest_life(self) -> timedelta:
        """For how long something may live that the package has signed."""
        lives = (
            self.ACCESS_TOKEN_LIFETIME,
            self.REFRESH_TOKEN_LIFETIME,
            # Told again at its very end, it lives on as long as any.
            self.SLIDING_TOKEN_REFRESH_LIFETIME + self.SLIDING_TOKEN_LIFETIME,
        )
        return max(lives) + self.leeway


def written(name: str) -> Mapping[str, Any]:
    """What the site wrote into `REST_KNOX` or `SIMPLE_JWT`. Empty if it is no dict: the checks tell of that."""
    told = raw(name)
    return told if isinstance(told, Mapping) else {}


@cache
def knox() -> Knox:
    """The site's `REST_KNOX` over the defaults, read when first needed, and again after it changes."""
    return _over_defaults(Knox, "REST_KNOX")


@cache
def simplejwt() -> SimpleJwt:
    """The site's `SIMPLE_JWT` over the defaults, read when first needed, and again after it changes."""
    return _over_defaults(SimpleJwt, "SIMPLE_JWT")


def _over_defaults(peer: type[P], name: str) -> P:
    known = {each.name for each in fields(peer)}  # type: ignore[arg-type]
    return peer(**{key: value for key, value in written(name).items() if key in known})


_READ = {"REST_KNOX": knox, "SIMPLE_JWT": simplejwt}


def _changed(*, setting: str, **_: object) -> None:
    if setting in _READ:
        _READ[setting].cache_clear()


setting_changed.connect(_changed, dispatch_uid="tessera.peers")
