"""One side of the comparison: a small site on the peer, or the same on ours, that answers what its input asks.

It is run as `python -m tests.dialects.simplejwt.beside peer plain`, or `ours …`: the peer reads its settings once, and
some worlds have its app and its tables, which no other test wants. What a conversation changes is undone before the
next.
"""

import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypedDict

import django
from django.conf import settings

from tessera import clock

SIDES = {"peer": "rest_framework_simplejwt", "ours": "tessera.dialects.simplejwt"}

BLACKLIST = "rest_framework_simplejwt.token_blacklist"
WORLDS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "plain": ([], {}),
    "with the app": ([BLACKLIST], {}),
    "rotating": ([BLACKLIST], {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}),
    "rotating carelessly": ([BLACKLIST], {"ROTATE_REFRESH_TOKENS": True}),
    "other words": (
        [],
        {
            "AUTH_HEADER_TYPES": ("JWT", "Access"),
            "AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN",
            "USER_ID_FIELD": "username",
            "USER_ID_CLAIM": "who",
            "TOKEN_TYPE_CLAIM": "kind",
            "ISSUER": "cinema.example",
            "AUDIENCE": ["films", "tickets"],
        },
    ),
    "sliding": (
        [BLACKLIST],
        {
            "AUTH_TOKEN_CLASSES": (
                "rest_framework_simplejwt.tokens.AccessToken",
                "rest_framework_simplejwt.tokens.SlidingToken",
            )
        },
    ),
}
"""For each world, the apps of the peer and its settings."""

OF_THE_STANDARD = frozenset({"exp", "iat", "jti", "iss", "aud", "sub", "client_id", "sid", "auth_time"})
"""Claims that are told apart, or that are more than the peer's (RFC 9068 §2.2)."""


class Asked(TypedDict, total=False):
    """A request. `{access}`, `{refresh}` and `{token}` are what this conversation was last answered under that name,
    and `{refresh of 1}` what the first answer had."""

    method: str
    path: str
    headers: dict[str, str]
    content_type: str
    body: str


class Answered(TypedDict):
    """An answer. A token in its body is told by what it says."""

    status: int
    headers: dict[str, str]
    body: Any


def main(side: str, world: str) -> None:
    """Answer the conversations that stand on the standard input."""
    apps, simple_jwt = WORLDS[world]
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "rest_framework",
            *(["tessera"] if side == "ours" else apps),
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [f"{SIDES[side]}.authentication.JWTAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        },
        SIMPLE_JWT=simple_jwt,
        ROOT_URLCONF="tests.dialects.simplejwt.beside_urls",
        ALLOWED_HOSTS=["testserver"],
        SECRET_KEY="only for this comparison, and long enough for every check of Django",
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.core.cache import cache
    from django.core.management import call_command

    # Ours counts the guesses of each minute: all of them are made within one.
    clock.set_source(lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))
    call_command("migrate", verbosity=0)
    answers = {}
    for name, asked in json.load(sys.stdin).items():
        User.objects.create_user("ada", "ada@example.org", "lovelace-1843", pk=1)
        User.objects.create_user("bob", "bob@example.org", "lovelace-1843", pk=2, is_active=False)
        User.objects.create_user("eve", "eve@example.org", " with spaces ", pk=3)
        answers[name] = list(conversation(asked))
        # No transaction to be rolled back: what ends a sign-in refuses to be in one.
        User.objects.all().delete()
        cache.clear()
    json.dump(answers, sys.stdout)


def conversation(asked: list[Asked]) -> Iterator[Answered]:
    """The answers to these requests, one after the other."""
    from django.test import Client

    told: dict[str, str] = {}
    for number, each in enumerate(asked, 1):
        answer = Client(raise_request_exception=False).generic(
            each["method"],
            each["path"],
            filled(each.get("body", ""), told).encode("latin-1"),
            content_type=each.get("content_type", ""),
            headers={name: filled(value, told) for name, value in each.get("headers", {}).items()},
        )
        body: Any = answer.json() if answer.content and answer["Content-Type"] == "application/json" else None
        for name in {"access", "refresh", "token"} & (body.keys() if isinstance(body, dict) else set()):
            if isinstance(body[name], str) and body[name].count(".") == 2:
                told |= {name: body[name], f"{name} of {number}": body[name]}
                body[name] = said_by(body[name])
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        yield Answered(status=answer.status_code, headers=headers, body=body)


def filled(text: str, told: dict[str, str]) -> str:
    """The text with the tokens in their places."""
    for name, token in told.items():
        text = text.replace(f"{{{name}}}", token)
    return text


def said_by(token: str) -> dict[str, Any]:
    """What the token says: how long it lives, and every claim but those of the standard."""
    payload = token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    # The peer asks the time twice, now and then before and after the turn of a second.
    lives = {"lives for": round(claims["exp"] - claims["iat"], -1)}
    if "refresh_exp" in claims:
        lives["refreshed for"] = round(claims.pop("refresh_exp") - claims["iat"], -1)
    claims.pop("refresh_token", None)
    return lives | {name: value for name, value in claims.items() if name not in OF_THE_STANDARD}


if __name__ == "__main__":
    main(*sys.argv[1:])
