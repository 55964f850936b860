"""Every row of the table in `docs/how-to/coming-from/authtoken.md` is true: what is spelt there is done here."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.core.management import call_command
from django.core.serializers import deserialize
from django.core.serializers.base import DeserializationError
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory

from tessera.dialects.authtoken import ObtainAuthToken, Token, TokenAuthentication
from tessera.errors import SecretGone
from tessera.testing import Clock
from tests.credentials import opens

PAGE = Path(__file__).parents[3] / "docs/how-to/coming-from/authtoken.md"
ROWS = re.findall(r"^\| (.*?) \|", PAGE.read_text().partition("| Idiom ")[2], re.MULTILINE)[1:]
CURE = r"Token\.objects\.create\(user=…\)"

IDIOMS: dict[str, Callable[..., None]] = {}

pytestmark = pytest.mark.django_db


def idiom(row: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test of a row."""

    def known(test: Callable[..., None]) -> Callable[..., None]:
        IDIOMS[row] = test
        return test

    return known


@idiom("`Token.objects.create(user=user)`")
def create(user: Any) -> None:
    first, second = Token.objects.create(user=user), Token.objects.create(user=user)

    assert first.key != second.key
    assert (opens(first.key), opens(second.key)) == (True, True)


@idiom("`Token.objects.get_or_create(user=user)`")
def get_or_create(user: Any) -> None:
    (first, is_new), (second, is_new_again) = (Token.objects.get_or_create(user=user) for _ in range(2))

    assert (is_new, is_new_again, first.key != second.key) == (True, False, True)
    assert (opens(first.key), opens(second.key)) == (True, True)


@idiom('`Token.objects.create(key="…", user=user)`')
def create_with_a_key(user: Any) -> None:
    key = "2f1d7a2c3b9e4f60718293a4b5c6d7e8f9012345"

    token = Token.objects.create(key=key, user=user)

    assert token.key == key
    assert TokenAuthentication().authenticate_credentials(key) == (user, token)


@idiom("`Token(user=user).save()`, `.bulk_create(…)`, `.update(…)`, `.update_or_create(…)`, `Token.generate_key()`")
def write(user: Any) -> None:
    token = Token(user=user)  # type: ignore[misc]  # The stubs look at fields alone.
    for act in (
        token.save,
        lambda: Token.objects.bulk_create([token]),
        lambda: Token.objects.filter(user=user).update(user=user),
        lambda: Token.objects.update_or_create(user=user),
        Token.generate_key,
    ):
        with pytest.raises(TypeError, match=CURE):
            act()


@idiom("`Token.objects.get(user=user)`, `.get(user__username=…)`, `user.auth_token`")
def read(user: Any) -> None:
    Token.objects.create(user=user)
    newest = Token.objects.create(user=user)

    found = [
        Token.objects.get(user=user),
        Token.objects.get(user__username="ada"),
        Token.objects.select_related("user").get(user_id=user.pk),
        user.auth_token,
    ]

    assert found == [newest] * 4
    for token in found:
        with pytest.raises(SecretGone):
            _ = token.key


@idiom("`Token.objects.get(key=…)`, `get_object_or_404(Token, key=…)`")
def get_by_key(user: Any) -> None:
    token = Token.objects.create(user=user)

    assert Token.objects.get(key=token.key).key == token.key
    with pytest.raises(Token.DoesNotExist):
        Token.objects.get(key="401f7ac837da42b97f613d789819ff93537bee6a")


@idiom('`Token.objects.filter(key=…)`, `.order_by("key")`')
def query_keys(user: Any) -> None:
    for ask in (lambda: Token.objects.filter(key="x"), lambda: Token.objects.order_by("key")):
        with pytest.raises(FieldError, match=r"use Token\.objects\.get\(key=…\)"):
            ask()


@idiom('`.filter(user=…)`, `.order_by("created")`, `.values("user")`, `.select_related("user")`')
def query(user: Any) -> None:
    token = Token.objects.create(user=user)

    assert list(Token.objects.filter(user=user).select_related("user").order_by("created")) == [token]
    assert list(Token.objects.filter(user__username="ada").values("user")) == [{"user": user.pk}]


@idiom("`token.user`, `token.user_id`, `token.created`, `request.auth.key`, `Token.DoesNotExist`")
def attributes(user: Any) -> None:
    token = Token.objects.create(user=user)

    assert (token.user, token.user_id, token.created) == (user, user.pk, token.created_at)
    assert TokenAuthentication().authenticate_credentials(token.key)[1].key == token.key
    with pytest.raises(Token.DoesNotExist):
        Token.objects.get(user_id=0)


@idiom("`token.delete()`, `user.auth_token.delete()`")
def delete(user: Any) -> None:
    for end in (lambda token: token.delete(), lambda token: user.auth_token.delete()):
        tokens = [Token.objects.create(user=user) for _ in range(2)]

        end(tokens[0])

        assert [opens(token.key) for token in tokens] == [False, False]


@idiom("`Token.objects.filter(user=user).delete()`")
def delete_all(user: Any) -> None:
    tokens = [Token.objects.create(user=user) for _ in range(2)]

    Token.objects.filter(user=user).delete()

    assert [opens(token.key) for token in tokens] == [False, False]


@idiom("`request.auth.delete()`")
def delete_presented(user: Any) -> None:
    token = Token.objects.create(user=user)

    TokenAuthentication().authenticate_credentials(token.key)[1].delete()

    assert not opens(token.key)


@idiom('`hasattr(user, "auth_token")`')
def has_one(user: Any) -> None:
    before = hasattr(user, "auth_token")
    Token.objects.create(user=user)

    assert (before, hasattr(user, "auth_token")) == (False, True)


@idiom("`str(token)`")
def as_text(user: Any) -> None:
    token = Token.objects.create(user=user)

    assert str(token) == token.hint
    assert str(token) not in token.key


@idiom('a `ModelSerializer` over `Token` with `"key"`, `"created"`, `"user_id"`')
def serialize(user: Any) -> None:
    class TokenSerializer(serializers.ModelSerializer[Token]):
        class Meta:
            model = Token
            fields = ["key", "created", "user_id"]

    token = Token.objects.create(user=user)

    told = JSONRenderer().render(TokenSerializer(token).data).decode()

    created = token.created.isoformat().replace("+00:00", "Z")
    assert told == f'{{"key":"{token.key}","created":"{created}","user_id":{user.pk}}}'


@idiom('`"user"` in it, or `"__all__"`')
def serialize_user(user: Any) -> None:
    class TokenSerializer(serializers.ModelSerializer[Token]):
        user = serializers.PrimaryKeyRelatedField[User](read_only=True)

        class Meta:
            model = Token
            fields = ["user"]

    assert TokenSerializer(Token.objects.create(user=user)).data == {"user": user.pk}


@idiom("a subclass of `ObtainAuthToken`, its `serializer_class`, `get_serializer()` and `post()`")
def log_in_view(user: Any) -> None:
    assert {"serializer_class", "get_serializer", "get_serializer_context", "post"} <= set(dir(ObtainAuthToken))


@idiom("a subclass of `TokenAuthentication` with `authenticate_credentials(self, key)`")
def step(user: Any) -> None:
    class Logged(TokenAuthentication):
        def authenticate_credentials(self, key):
            user, token = super().authenticate_credentials(key)
            return user, (token, "seen")

    token = Token.objects.create(user=user)

    assert Logged().opened_by(token.key.encode()) == (user, (token, "seen"))


@idiom("a subclass with `model` or `get_model()` of your own")
def own_model(user: Any) -> None:
    with pytest.raises(TypeError, match=r"rest_framework\.authentication\.TokenAuthentication"):
        type("Own", (TokenAuthentication,), {"model": User})


@idiom('`keyword = "Bearer"` in a subclass')
def keyword(user: Any) -> None:
    class Bearer(TokenAuthentication):
        keyword = "Bearer"

    assert {"Bearer", "Token"} <= set(Bearer().schemes)
    assert {"Bearer", "Token"} <= set(TokenAuthentication().schemes)


@idiom('`credentials(HTTP_AUTHORIZATION="Token " + token.key)`, `force_authenticate(user, token=…)`')
def test_client(user: Any) -> None:
    client, forced = APIClient(), APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token " + Token.objects.create(user=user).key)
    forced.force_authenticate(user, token=user.auth_token)

    assert [each.get("/whoami/").status_code for each in (client, forced)] == [200, 200]


@idiom("`admin.site.register(Token)`, an inline with `model = Token`")
def admin_of_the_peer(user: Any) -> None:
    import tessera.dialects.authtoken as ours

    assert not hasattr(ours, "TokenProxy")
    assert not hasattr(ours, "TokenAdmin")


@idiom('`Token._meta.get_field("user")`')
def meta(user: Any) -> None:
    with pytest.raises(FieldDoesNotExist):
        Token._meta.get_field("user")  # type: ignore[misc]

    assert Token._meta.get_field("subject").related_model is User


@idiom('`User.objects.select_related("auth_token")`, `.filter(auth_token__isnull=True)`')
def relation(user: Any) -> None:
    for ask in (
        lambda: list(User.objects.select_related("auth_token")),  # type: ignore[misc]
        lambda: User.objects.filter(auth_token__isnull=True),  # type: ignore[misc]
    ):
        with pytest.raises(FieldError, match=r"tessera_grants|Invalid field name"):
            ask()

    assert list(User.objects.filter(tessera_grants__isnull=True)) == [user]


@idiom('a fixture with `"model": "authtoken.token"`')
def fixture(user: Any) -> None:
    row = {"model": "authtoken.token", "pk": "x", "fields": {"user": user.pk, "created": "2026-11-23T12:00:00Z"}}

    with pytest.raises(DeserializationError):
        list(deserialize("json", json.dumps([row])))


@idiom("a second log-in")
def log_in_again(user: Any) -> None:
    log_in = {"username": "ada", "password": "lovelace-1843"}

    keys = [APIClient().post("/api-token-auth/", log_in).json()["token"] for _ in range(2)]

    assert [opens(key) for key in keys] == [True, True]


@idiom("a key of 40 letters")
def length(user: Any) -> None:
    assert len(Token.objects.create(user=user).key) == 96


@idiom("log-ins without a limit")
def log_in_often(user: Any) -> None:
    log_in = {"username": "ada", "password": "lovelace-1843"}

    with Clock(datetime(2026, 11, 24, tzinfo=UTC)):  # All within one minute, however slow the machine is.
        answers = [APIClient().post("/api-token-auth/", log_in).status_code for _ in range(11)]

    assert answers == [200] * 10 + [429]


@idiom("a log-in view of your own")
def own_log_in_often(user: Any) -> None:
    @api_view(["POST"])
    @authentication_classes([])
    @permission_classes([])
    def log_in(request: Request) -> Response:
        found: Any = authenticate(request, username="ada", password="lovelace-1843")
        return Response({"token": Token.objects.get_or_create(user=found)[0].key})

    with Clock(datetime(2026, 11, 24, tzinfo=UTC)):
        answers = [log_in(APIRequestFactory().post("/")).status_code for _ in range(12)]

    assert answers == [200] * 12


@idiom("a changed password")
def new_password(user: Any) -> None:
    token = Token.objects.create(user=user)

    user.set_password("countess-1852")
    user.save()

    assert not opens(token.key)


@idiom("a token's age")
def age(user: Any, clock: Any) -> None:
    token = Token.objects.create(user=user)

    clock.turn(timedelta(days=365))

    assert not opens(token.key)


@idiom("`manage.py drf_create_token`")
def command(user: Any, capsys: Any) -> None:
    for words in ((), (), ("-r",)):
        call_command("drf_create_token", "ada", *words)

    keys = re.findall(r"token (\S+) for", capsys.readouterr().out)
    assert [opens(key) for key in keys] == [False, False, True]


@pytest.mark.parametrize("row", ROWS)
def test_the_row_is_true(row, user, request):
    test = IDIOMS[row]
    more = {name: request.getfixturevalue(name) for name in test.__annotations__ if name not in {"user", "return"}}

    test(user, **more)


def test_every_idiom_stands_in_the_table():
    assert IDIOMS.keys() == set(ROWS)
