"""What djangorestframework-simplejwt made for a site, with its own code."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import DateTimeField
from rest_framework_simplejwt import backends, tokens
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import DEFAULTS, IMPORT_STRINGS, APISettings

from tessera.engine.rows.storage import quoted
from tests.former import SUBJECT, TABLES, execute

BLACKLIST, OUTSTANDING = TABLES[-2:]
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


def make_tables() -> None:
    """Those of its blacklist, as its migrations make them."""
    users: Any = get_user_model()._meta
    moment, whose = DateTimeField().db_type(connection), SUBJECT.db_type(connection)
    defer = connection.ops.deferrable_sql()
    execute(
        f"CREATE TABLE {OUTSTANDING} (id bigint NOT NULL PRIMARY KEY, token text NOT NULL, created_at {moment} NULL, "
        f"expires_at {moment} NOT NULL, jti varchar(255) NOT NULL UNIQUE, user_id {whose} NULL "
        f"REFERENCES {quoted(users.db_table)} ({quoted(users.pk.column)}){defer})"
    )
    execute(
        f"CREATE TABLE {BLACKLIST} (id bigint NOT NULL PRIMARY KEY, blacklisted_at {moment} NOT NULL, "
        f"token_id bigint NOT NULL UNIQUE REFERENCES {OUTSTANDING} (id){defer})"
    )


def keep(token: Any, peer: Peer, user_pk: Any, *, said: str | None = None, jti: str | None = None) -> None:
    """List a token as the package does when it makes one."""
    ((number,),) = rows(f"SELECT COUNT(*) FROM {OUTSTANDING}")
    moments = [datetime.fromtimestamp(token[claim], UTC) for claim in ("iat", "exp")]
    execute(
        f"INSERT INTO {OUTSTANDING} (id, token, created_at, expires_at, jti, user_id) VALUES (%s, %s, %s, %s, %s, %s)",
        number + 1,
        peer.signed(token.payload) if said is None else said,
        *map(connection.ops.adapt_datetimefield_value, moments),
        jti or token[peer.settings.JTI_CLAIM],
        SUBJECT.get_db_prep_save(user_pk, connection),
    )


def blacklist(token: Any) -> None:
    """Blacklist one that is listed."""
    ((number,),) = rows(f"SELECT id FROM {OUTSTANDING} WHERE jti = %s", token["jti"])
    now = connection.ops.adapt_datetimefield_value(datetime(2026, 11, 23, tzinfo=UTC))
    execute(f"INSERT INTO {BLACKLIST} (id, blacklisted_at, token_id) VALUES (%s, %s, %s)", number, now, number)


def rows(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
