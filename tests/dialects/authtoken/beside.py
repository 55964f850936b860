"""One side of the comparison: a small site on the peer, or the same on ours, that answers what its input asks.

It is run as `python -m tests.dialects.authtoken.beside peer`, or `ours`: the peer needs its app and its table, which no
other test wants. What a conversation changes is undone before the next.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypedDict

import django
from django.conf import settings

from tessera import clock

SIDES = {
    "peer": ("rest_framework.authtoken", "rest_framework.authentication.TokenAuthentication"),
    "ours": ("tessera", "tessera.dialects.authtoken.TokenAuthentication"),
}


class Asked(TypedDict, total=False):
    """A request. `{key}` in a header is the key that the last log-in of this conversation was answered."""

    method: str
    path: str
    headers: dict[str, str]
    content_type: str
    body: str


class Answered(TypedDict):
    """An answer. A key in its body is told by its number: the first of this conversation, or another one."""

    status: int
    headers: dict[str, str]
    body: Any


def main(side: str) -> None:
    """Answer the conversations that stand on the standard input."""
    app, authenticator = SIDES[side]
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", app],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [authenticator],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        },
        ROOT_URLCONF="tests.dialects.authtoken.beside_urls",
        ALLOWED_HOSTS=["testserver"],
        SECRET_KEY="only for this comparison, and long enough for every check of Django",
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.core.cache import cache
    from django.core.management import call_command
    from django.db import transaction

    # Ours counts the guesses of each minute: all of them are made within one.
    clock.set_source(lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))
    call_command("migrate", verbosity=0)
    User.objects.create_user("ada", "ada@example.org", "lovelace-1843", pk=1)
    User.objects.create_user("bob", "bob@example.org", "lovelace-1843", pk=2, is_active=False)
    answers = {}
    for name, asked in json.load(sys.stdin).items():
        with transaction.atomic():
            answers[name] = list(conversation(asked))
            transaction.set_rollback(True)
        cache.clear()
    json.dump(answers, sys.stdout)


def conversation(asked: list[Asked]) -> Iterator[Answered]:
    """The answers to these requests, one after the other."""
    from django.test import Client

    keys: list[str] = [""]
    for each in asked:
        headers = {name: value.replace("{key}", keys[-1]) for name, value in each.get("headers", {}).items()}
        answer = Client().generic(
            each["method"],
            each["path"],
            each.get("body", "").encode("latin-1"),
            content_type=each.get("content_type", ""),
            headers=headers,
        )
        body = answer.json() if answer.content else None
        if isinstance(body, dict) and "token" in body:
            if body["token"] not in keys:
                keys.append(body["token"])
            body["token"] = f"key {keys.index(body['token'])}"
        told = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        yield Answered(status=answer.status_code, headers=told, body=body)


if __name__ == "__main__":
    main(sys.argv[1])
