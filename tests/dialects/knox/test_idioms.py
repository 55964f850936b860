"""What sites that were written for knox do in Python, done here."""

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import FieldError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from tessera import revoke
from tessera.dialects import knox
from tessera.dialects.knox.auth import TokenAuthentication
from tessera.dialects.knox.models import AuthToken, get_token_model, give_users_their_auth_token_set
from tessera.dialects.knox.settings import knox_settings
from tessera.errors import InvalidAsk, NotAllowed
from tests.credentials import opens

HOUR = timedelta(hours=1)
CURE = r"AuthToken\.objects\.create\(user=…\)"

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("create", "span"),
    [
        pytest.param(AuthToken.objects.create, 10 * HOUR, id="by its place"),
        pytest.param(lambda user: AuthToken.objects.create(user=user), 10 * HOUR, id="by its name"),
        pytest.param(lambda user: AuthToken.objects.create(user=user, expiry=HOUR), HOUR, id="for an hour"),
        pytest.param(lambda user: AuthToken.objects.create(user, HOUR, "x"), HOUR, id="all by their places"),
        pytest.param(lambda user: AuthToken.objects.create(user, expiry=None), None, id="for ever"),
        pytest.param(lambda user: get_token_model().objects.create(user=user, prefix="x"), 10 * HOUR, id="a prefix"),
        pytest.param(lambda user: user.auth_token_set.create(expiry=HOUR), HOUR, id="by the user"),
        pytest.param(lambda user: AuthToken.objects.all().create(user), 10 * HOUR, id="by a queryset"),
    ],
)
def test_a_token_is_made_and_told_beside_its_row(user, clock, create, span):
    instance, token = create(user)

    assert opens(token)
    assert (type(instance), instance.user, instance.user_id) == (AuthToken, user, user.pk)
    assert instance.created == clock.time
    assert instance.expiry == (None if span is None else clock.time + span)
    assert AuthToken.objects.get() == instance


def test_what_makes_no_sense_is_refused(user):
    inactive = User.objects.create_user("bob", is_active=False)

    for ask, error in [
        (lambda: AuthToken.objects.create(user, expiry=3600), InvalidAsk),
        (lambda: AuthToken.objects.create(User(username="new")), InvalidAsk),
        (lambda: AuthToken.objects.create(AnonymousUser()), InvalidAsk),
        (lambda: AuthToken.objects.create(inactive), NotAllowed),
        (lambda: AuthToken.objects.create(user, name="laptop"), TypeError),
    ]:
        with pytest.raises(error):
            ask()
    assert AuthToken.objects.count() == 0


def test_the_tokens_of_a_user_are_asked_for_in_the_peers_words(user, clock):
    first, _ = AuthToken.objects.create(user, expiry=HOUR)
    clock.turn(timedelta(minutes=1))
    second, _ = AuthToken.objects.create(user, expiry=None)
    graces, _ = AuthToken.objects.create(User.objects.create_user("grace"))
    tokens = user.auth_token_set

    assert (tokens.count(), tokens.exists(), set(tokens.all())) == (2, True, {first, second})
    assert list(tokens.order_by("-created")) == [second, first]
    assert list(tokens.filter(expiry__gt=clock.time)) == [first]
    assert set(tokens.filter(Q(expiry__gt=clock.time) | Q(expiry__isnull=True))) == {first, second}
    assert list(tokens.exclude(digest=second.digest)) == [first]
    assert list(tokens.filter(created__lt=second.created)) == [first]
    assert list(AuthToken.objects.filter(user=user).latest("created").user.auth_token_set.all()[:1]) != []
    assert AuthToken.objects.select_related("user").get(user__username="grace") == graces
    assert set(AuthToken.objects.values_list("user", "expiry")) >= {(user.pk, first.expiry), (user.pk, None)}
    assert AuthToken.objects.get(pk=first.digest) == AuthToken.objects.get(digest=first.pk) == first


def test_tokens_end_one_by_one_or_together(user):
    made = [AuthToken.objects.create(user) for _ in range(5)]
    (one, *_), kept = made, made[-1][0]

    told = [one[0].delete(), user.auth_token_set.filter(pk=made[1][0].pk).delete()]
    user.auth_token_set.exclude(pk=kept.pk).delete()

    assert told == [(1, {"tessera.AuthToken": 1})] * 2
    assert [opens(token) for _, token in made] == [False, False, False, False, True]
    assert user.auth_token_set.get() == kept
    user.auth_token_set.all().delete()
    assert not opens(made[-1][1])


def test_what_has_ended_is_not_found(user, clock):
    revoke(AuthToken.objects.create(user)[0])
    AuthToken.objects.create(user, expiry=HOUR)

    clock.turn(HOUR)

    assert (AuthToken.objects.count(), user.auth_token_set.exists()) == (0, False)


def test_tokens_of_another_dialect_are_none_of_these(user, hand_out):
    hand_out(client="authtoken")
    hand_out()

    assert AuthToken.objects.count() == 0


def test_a_token_is_not_changed(user):
    token, _ = AuthToken.objects.create(user)

    for act in (
        token.save,
        lambda: AuthToken.objects.bulk_create([token]),
        lambda: user.auth_token_set.update(expiry=None),
        lambda: AuthToken.objects.update_or_create(user=user),
        lambda: AuthToken.objects.get_or_create(user=user),
        lambda: setattr(token, "expiry", None),
        lambda: AuthToken(user=user).save(),  # type: ignore[misc]  # The stubs look at fields alone.
    ):
        with pytest.raises(TypeError, match=CURE):
            act()


def test_no_letters_of_a_token_find_it(user):
    token, secret = AuthToken.objects.create(user)

    for ask in (
        lambda: AuthToken.objects.filter(token_key=secret[:15]),
        lambda: AuthToken.objects.order_by("token_key"),
    ):
        with pytest.raises(FieldError, match=r"use AuthToken\.objects\.get\(pk=…\)"):
            ask()
    assert token.token_key == token.hint


def test_a_call_site_without_a_request_asks_with_the_bytes_of_a_token(user, clock):
    instance, token = AuthToken.objects.create(user)

    found = TokenAuthentication().authenticate_credentials(token.encode())

    assert found == (user, instance)
    clock.turn(10 * HOUR)
    for dead in (token.encode(), b"x", b"", b"\xff\xfe"):
        with pytest.raises(AuthenticationFailed, match="Invalid token"):
            TokenAuthentication().authenticate_credentials(dead)


def test_what_a_request_carried_goes_into_a_queue_without_its_secret(user):
    _, token = AuthToken.objects.create(user)
    _, auth = TokenAuthentication().authenticate_credentials(token.encode())

    pickled = pickle.dumps(auth)

    assert token[40:].encode() not in pickled
    assert pickle.loads(pickled) == auth


def test_a_token_is_made_or_not_with_the_transaction_around_it(user):
    with transaction.atomic():
        _, token = AuthToken.objects.create(user)
        transaction.set_rollback(True)

    assert not opens(token)


def test_a_site_without_time_zones_has_its_moments_without(user, clock, settings):
    settings.USE_TZ, settings.TIME_ZONE = False, "Asia/Kathmandu"

    token, _ = AuthToken.objects.create(user, expiry=HOUR)

    assert token.expiry == datetime(2026, 11, 23, 18, 45)  # noqa: DTZ001
    assert AuthToken.objects.get().created == datetime(2026, 11, 23, 17, 45)  # noqa: DTZ001
    assert timezone.is_naive(AuthToken.objects.get().expiry)
    soon = token.expiry + timedelta(seconds=1)
    assert list(user.auth_token_set.filter(expiry__lt=soon, created__lte=token.created)) == [token]
    assert list(user.auth_token_set.filter(expiry__gt=soon)) == []


def test_the_settings_of_the_peer_are_told_as_it_tells_them(settings):
    settings.REST_KNOX = {"TOKEN_TTL": HOUR, "USER_SERIALIZER": "knox.serializers.UserSerializer"}

    assert (knox_settings.TOKEN_TTL, knox_settings.AUTO_REFRESH) == (HOUR, False)
    assert knox_settings.USER_SERIALIZER is knox.UserSerializer
    with pytest.raises(AttributeError, match="NONSENSE"):
        _ = knox_settings.NONSENSE


def test_a_user_who_is_not_saved_has_no_tokens(user):
    AuthToken.objects.create(user)

    nobody: Any = User()

    assert list(nobody.auth_token_set.all()) == []


def test_an_attribute_of_the_sites_own_stays(monkeypatch):
    users: Any = User
    monkeypatch.setattr(users, "auth_token_set", "the site's own")

    give_users_their_auth_token_set()

    assert users.auth_token_set == "the site's own"


def test_the_moment_of_a_token_is_one_with_a_zone(user, clock):
    assert AuthToken.objects.create(user)[0].created == datetime(2026, 11, 23, 12, tzinfo=UTC)
