"""What djangorestframework-simplejwt made for a site, with its own code."""

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast
from unittest.mock import patch

from django.conf import settings
from rest_framework_simplejwt import backends, tokens
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import DEFAULTS, IMPORT_STRINGS, APISettings

TYPES = {"access": tokens.AccessToken, "refresh": tokens.RefreshToken, "sliding": tokens.SlidingToken}


class Peer:
    """The package under settings of a site's. It reads its own but once, when it is imported."""

    def __init__(self, **told: Any) -> None:
        defaults: Any = {**DEFAULTS, "SIGNING_KEY": settings.SECRET_KEY}
        self.settings: Any = APISettings(cast(Any, told), defaults, IMPORT_STRINGS)

    def token(self, kind: str, user: Any, at: datetime, **claims: Any) -> Any:
        """A token that it would have given to `user` then."""
        with self._in_force():
            token = TYPES[kind].for_user(user)
            token.set_iat(at_time=at)
            token.set_exp(from_time=at, lifetime=self.lifetime(kind))
            if kind == "sliding":
                until = self.settings.SLIDING_TOKEN_REFRESH_LIFETIME
                token.set_exp(self.settings.SLIDING_TOKEN_REFRESH_EXP_CLAIM, from_time=at, lifetime=until)
            token.payload |= claims
            return token

    def jwt(self, kind: str, user: Any, at: datetime, **claims: Any) -> str:
        """The same as text, signed."""
        return self.signed(self.token(kind, user, at, **claims).payload)

    def signed(self, payload: dict[str, Any]) -> str:
        """A token that says just that."""
        return str(self._backend().encode(payload))

    def accepts(self, kind: str, jwt: str) -> bool:
        """Whether it would let it in, by the real clock."""
        with self._in_force():
            try:
                TYPES[kind](jwt)  # type: ignore[arg-type]
            except TokenError:
                return False
        return True

    def lifetime(self, kind: str) -> timedelta:
        span: timedelta = getattr(self.settings, f"{kind.upper()}_TOKEN_LIFETIME")
        return span

    def _backend(self) -> Any:
        told = self.settings
        return backends.TokenBackend(
            told.ALGORITHM,
            told.SIGNING_KEY,
            told.VERIFYING_KEY,
            told.AUDIENCE,
            told.ISSUER,
            told.JWK_URL,
            told.LEEWAY,
            told.JSON_ENCODER,
        )

    @contextmanager
    def _in_force(self) -> Any:
        with (
            patch.object(tokens, "api_settings", self.settings),
            patch.object(tokens.Token, "_token_backend", self._backend()),
        ):
            yield
