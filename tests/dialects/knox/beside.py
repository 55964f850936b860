"""One side of the comparison: a small site on the real knox, or the same on ours, that answers what its input asks.

It is run as `python -m tests.dialects.knox.beside peer`, or `ours`: the peer needs its app and its table, which no
other test wants. What a conversation changes is undone before the next, and both sides have one clock.
"""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

import django
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from tessera import clock

SIDES = {
    "peer": ("knox", "knox.auth.TokenAuthentication"),
    "ours": ("tessera", "tessera.dialects.knox.TokenAuthentication"),
}
BEGIN = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Asked(TypedDict, total=False):
    """A request. `{token}` in a header is the token that the last log-in of this conversation was answered."""

    method: str
    path: str
    headers: dict[str, str]
    content_type: str
    body: str
    after: float
    """How many seconds have gone by since the one before."""


class Conversation(TypedDict):
    """What is asked, of a site that has this in its `REST_KNOX`: spans in seconds."""

    told: dict[str, Any]
    asked: list[Asked]


class Answered(TypedDict):
    """An answer. A token in its body is told by its number: the first of this conversation, or another one."""

    status: int
    headers: dict[str, str]
    body: Any


class Time:
    """What both sides are told."""

    now = BEGIN


def main(side: str) -> None:
    """Answer the conversations that stand on the standard input."""
    app, authenticator = SIDES[side]
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "rest_framework",
            app,
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication", authenticator],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        },
        ROOT_URLCONF="tests.dialects.knox.beside_urls",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        STATIC_URL="static/",
        TIME_ZONE="Europe/Berlin",
        USE_TZ=True,
        ALLOWED_HOSTS=["testserver"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGGING_CONFIG=None,
        SECRET_KEY="only for this comparison, and long enough for every check of Django",
    )
    logging.disable(logging.CRITICAL)
    django.setup()
    from django.contrib.auth.models import User
    from django.core.cache import cache
    from django.core.management import call_command

    clock.set_source(lambda: Time.now)
    timezone.now = lambda: Time.now
    call_command("migrate", verbosity=0)
    answers = {}
    for name, each in json.load(sys.stdin).items():
        told = {key: timedelta(seconds=value) if _is_span(key, value) else value for key, value in each["told"].items()}
        Time.now = BEGIN
        User.objects.create_user("ada", "ada@example.org", "lovelace-1843", pk=1)
        User.objects.create_user("bob", "bob@example.org", "lovelace-1843", pk=2, is_active=False)
        with override_settings(REST_KNOX=told):
            answers[name] = list(conversation(each["asked"]))
        # Not by a transaction: within one, no use of a token is written down.
        User.objects.all().delete()
        cache.clear()
    json.dump(answers, sys.stdout)


def _is_span(key: str, value: Any) -> bool:
    return key.endswith("TTL") and value is not None


def conversation(asked: list[Asked]) -> Iterator[Answered]:
    """The answers to these requests, one after the other."""
    from django.test import Client

    tokens: list[str] = [""]
    for each in asked:
        Time.now += timedelta(seconds=each.get("after", 0))
        headers = {name: value.replace("{token}", tokens[-1]) for name, value in each.get("headers", {}).items()}
        answer = Client(raise_request_exception=False).generic(
            each["method"],
            each["path"],
            each.get("body", "").encode("latin-1"),
            content_type=each.get("content_type", ""),
            headers=headers,
        )
        kind = answer.get("Content-Type", "")
        body = answer.json() if answer.content and kind == "application/json" else kind
        if isinstance(body, dict) and "token" in body:
            if body["token"] not in tokens:
                tokens.append(body["token"])
            body["token"] = f"token {tokens.index(body['token'])}"
        told = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        yield Answered(status=answer.status_code, headers=told, body=body)


if __name__ == "__main__":
    main(sys.argv[1])
