"""`Token`, as call sites written for REST framework's own know it, with only the import changed."""

import json
import pickle
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.signals import post_save
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.serializers import ModelSerializer
from rest_framework.test import APIRequestFactory

from tessera import Ask, Kind, Purpose, issue, replace, verify
from tessera.dialects.authtoken import Token, TokenAuthentication
from tessera.dialects.authtoken.tokens import give_users_their_auth_token
from tessera.errors import InvalidAsk, NotAllowed, SecretGone
from tessera.models import Grant
from tests.credentials import bearing, opens

PERSONAL = frozenset({Purpose.PERSONAL})

CURE = r"use what Token\.objects\.create\(\) answers, or mint another"


@pytest.fixture
def receiver(db):
    """What the tutorials of the field put into a site's models."""
    made = []

    def create_auth_token(sender, instance=None, created=False, **kwargs):
        if created:
            made.append(Token.objects.create(user=instance))

    post_save.connect(create_auth_token, sender=get_user_model())
    yield made
    post_save.disconnect(create_auth_token, sender=get_user_model())


def test_a_sites_own_receiver_makes_a_token_for_each_new_user(receiver):
    ada = User.objects.create_user("ada", password="lovelace-1843")
    eve = User.objects.create_user("eve")

    assert [token.user for token in receiver] == [ada, eve]
    assert [verify(token.key, accept=PERSONAL).subject for token in receiver] == [ada, eve]


def test_a_receivers_token_goes_with_a_user_who_is_rolled_back(receiver):
    with transaction.atomic():
        User.objects.create_user("ada")
        transaction.set_rollback(True)

    assert [opens(token.key) for token in receiver] == [False]


@pytest.mark.django_db
def test_create_answers_a_token_that_knows_its_key(user):
    token = Token.objects.create(user=user)

    assert opens(token.key)
    assert (token.user, token.user_id, token.created) == (user, user.pk, token.created_at)
    assert (type(token), Token.objects.get()) == (Token, token)


@pytest.mark.django_db
def test_create_takes_the_user_no_query(user, django_assert_num_queries):
    with django_assert_num_queries(1):
        token = Token.objects.create(user=user)
        told = token.user, token.created, token.key, str(token), token.pk

    assert told[0] is user


@pytest.mark.django_db
def test_create_makes_another_beside_the_first(user):
    first, second = Token.objects.create(user=user), Token.objects.create(user=user)

    assert first.key != second.key
    assert (opens(first.key), opens(second.key), Token.objects.filter(user=user).count()) == (True, True, 2)


@pytest.mark.django_db
def test_create_makes_none_for_an_inactive_user(user):
    user.is_active = False

    with pytest.raises(NotAllowed):
        Token.objects.create(user=user)


@pytest.mark.django_db
def test_get_or_create_makes_one_each_time_and_says_whether_it_is_the_users_only_one(user):
    Token.objects.create(user=User.objects.create_user("eve"))

    first, first_is_new = Token.objects.get_or_create(user=user)
    second, second_is_new = Token.objects.get_or_create(user=user)

    assert (first_is_new, second_is_new) == (True, False)
    assert (opens(first.key), opens(second.key)) == (True, True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "over",
    [
        pytest.param(lambda token, clock: token.delete(), id="deleted"),
        pytest.param(lambda token, clock: clock.turn(timedelta(days=366)), id="expired"),
    ],
)
def test_a_token_that_is_over_is_not_there_for_get_or_create(user, clock, over):
    token, _ = Token.objects.get_or_create(user=user)
    over(token, clock)

    another, is_new = Token.objects.get_or_create(user=user)

    assert (is_new, opens(token.key), opens(another.key)) == (True, False, True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "load",
    [
        pytest.param(lambda user, token: Token.objects.get(user=user), id="get"),
        pytest.param(lambda user, token: Token.objects.get(pk=token.pk), id="get by key"),
        pytest.param(lambda user, token: Token.objects.filter(user__username="ada").first(), id="filter"),
        pytest.param(lambda user, token: Token.objects.exclude(user=None).get(), id="exclude"),
        pytest.param(lambda user, token: next(iter(Token.objects.all())), id="all"),
        pytest.param(lambda user, token: user.auth_token, id="auth_token"),
    ],
)
def test_a_key_is_gone_from_a_token_that_was_read_back_and_the_error_says_the_cure(user, load):
    made = Token.objects.create(user=user)
    token = load(user, made)

    with pytest.raises(SecretGone, match=CURE):
        _ = token.key

    assert (token, token.user, token.created) == (made, user, made.created)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda tokens, user: tokens.filter(Q(user=user) & Q(created__isnull=False)), id="Q"),
        pytest.param(lambda tokens, user: tokens.filter(created=F("created")), id="F"),
        pytest.param(lambda tokens, user: tokens.filter(user_id=user.pk), id="user_id"),
        pytest.param(lambda tokens, user: tokens.exclude(user__username="eve"), id="exclude"),
        pytest.param(lambda tokens, user: tokens.select_related("user").order_by("-created", "user"), id="order_by"),
    ],
)
def test_queries_understand_the_peers_names_wherever_a_name_may_stand(user, ask):
    token = Token.objects.create(user=user)

    found = ask(Token.objects.all(), user)

    assert list(found) == [token]


@pytest.mark.django_db
def test_values_are_answered_under_the_peers_names(user):
    token = Token.objects.create(user=user)

    assert list(Token.objects.values("user", "user__username", "created")) == [
        {"user": user.pk, "user__username": "ada", "created": token.created}
    ]


@pytest.mark.django_db
def test_select_related_user_saves_the_query_for_the_user(user, django_assert_num_queries):
    Token.objects.create(user=user)

    with django_assert_num_queries(1):
        token = Token.objects.select_related("user").get()
        assert token.user == user


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda tokens: tokens.filter(key="k"), id="filter"),
        pytest.param(lambda tokens: tokens.get(Q(key="k")), id="Q"),
        pytest.param(lambda tokens: tokens.get(key__startswith="k"), id="a piece of it"),
        pytest.param(lambda tokens: tokens.order_by("key"), id="order_by"),
    ],
)
def test_a_query_for_a_key_is_an_error_that_says_the_cure(db, ask):
    with pytest.raises(FieldError, match=r"use Token\.objects\.get\(key=…\)"):
        ask(Token.objects.all())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "find",
    [
        pytest.param(lambda key, user: Token.objects.get(key=key), id="get"),
        pytest.param(lambda key, user: Token.objects.select_related("user").get(key=key), id="as the peer does"),
        pytest.param(lambda key, user: Token.objects.get(key=key, user=user), id="and its user"),
        pytest.param(lambda key, user: get_object_or_404(Token, key=key), id="get_object_or_404"),
        pytest.param(lambda key, user: TokenAuthentication().get_model().objects.get(key=key), id="get_model"),
    ],
)
def test_get_by_a_key_verifies_it_and_answers_a_token_that_knows_it(user, find):
    token = Token.objects.create(user=user)

    found = find(token.key, user)

    assert (found, found.key, found.user, found.created) == (token, token.key, user, token.created)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda user: {"user": user}, id="user"),
        pytest.param(lambda user: {"user_id": user.pk}, id="user_id"),
        pytest.param(lambda user: {"user__username": "ada"}, id="username"),
    ],
)
def test_get_answers_the_newest_of_a_users_tokens(user, clock, ask):
    Token.objects.create(user=User.objects.create_user("eve"))
    for _ in range(3):
        clock.turn(timedelta(seconds=1))
        newest = Token.objects.create(user=user)

    assert Token.objects.select_related("user").get(**ask(user)) == newest
    assert Token.objects.values("created").get(**ask(user)) == {"created": newest.created}


@pytest.mark.django_db
def test_get_does_not_choose_between_users(user):
    for name in ("bob", "eve"):
        Token.objects.create(user=User.objects.create_user(name))

    with pytest.raises(Token.MultipleObjectsReturned):
        Token.objects.get(created__isnull=False)


def another_users(user):
    Token.objects.create(user=user)
    return {"key": Token.objects.create(user=User.objects.create_user("eve")).key, "user": user}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda user: {"key": "401f7ac837da42b97f613d789819ff93537bee6a"}, id="unknown"),
        pytest.param(lambda user: {"key": None}, id="none"),
        pytest.param(lambda user: {"key": "ключ"}, id="no ASCII"),
        pytest.param(lambda user: {"key": dead(user)}, id="ended"),
        pytest.param(lambda user: {"key": issue(Ask(subject=user)).secret}, id="made by another dialect"),
        pytest.param(another_users, id="another user's"),
    ],
)
def test_a_key_that_opens_none_of_the_tokens_asked_for_does_not_exist(user, ask):
    with pytest.raises(Token.DoesNotExist):
        Token.objects.get(**ask(user))


def dead(user):
    token = Token.objects.create(user=user)
    token.delete()
    return token.key


@pytest.mark.django_db
def test_no_key_at_all_is_not_the_key_that_spells_none(user):
    Token.objects.create(user=user, key="None")

    with pytest.raises(Token.DoesNotExist):
        Token.objects.get(key=None)


@pytest.mark.django_db
def test_a_key_does_not_leave_the_selection_that_it_is_asked_of(user):
    token = Token.objects.create(user=user)

    with pytest.raises(Token.DoesNotExist):
        Token.objects.exclude(user=user).get(key=token.key)


def test_a_key_finds_the_values_of_its_token_too(user):
    token = Token.objects.create(user=user)

    assert Token.objects.values("user").get(key=token.key) == {"user": user.pk}


@pytest.mark.django_db
def test_a_token_read_back_stays_mute_in_the_forms_that_call_sites_print(user):
    token = Token.objects.create(user=user)
    secret = token.key[37:]

    forms = [
        str(token),
        repr(token),
        f"{token}",
        serializers.serialize("json", [token]),
        json.dumps(Grant.objects.values().get(), default=str),
    ]

    assert str(token) == token.hint
    assert [secret in form for form in forms] == [False] * 5


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda user, token: token.delete(), id="token"),
        pytest.param(lambda user, token: Token.objects.get(pk=token.pk).delete(), id="read back"),
        pytest.param(lambda user, token: user.auth_token.delete(), id="auth_token"),
    ],
)
def test_delete_logs_the_user_out_of_this_dialect_and_of_nothing_else(user, hand_out, end):
    tokens = [Token.objects.create(user=user) for _ in range(3)]
    eve = Token.objects.create(user=User.objects.create_user("eve"))
    mine = hand_out()

    ended = end(user, tokens[1])

    assert ended == (3, {"tessera.Token": 3})
    assert [opens(token.key) for token in tokens] == [False] * 3
    assert (opens(eve.key), opens(mine.secret)) == (True, True)
    assert not hasattr(user, "auth_token")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param({}, id="at the terminal or in the admin"),
        pytest.param({"client": "another"}, id="by another dialect"),
        pytest.param({"kind": Kind.MACHINE}, id="for a machine"),
        pytest.param({"kind": Kind.MACHINE, "subject": None}, id="for nobody"),
    ],
)
def test_a_log_out_by_the_token_of_the_request_ends_it_wherever_it_was_made(user, hand_out, ask):
    issued, of_this_dialect = hand_out(**ask), Token.objects.create(user=user)
    post = APIRequestFactory().post("/", headers={"Authorization": f"Token {issued.secret}"})
    first, second = (Request(post, authenticators=[TokenAuthentication()]) for _ in range(2))

    ended = first.auth.delete()

    with pytest.raises(AuthenticationFailed):
        _ = second.auth
    speaks_for_ada = issued.grant.subject is not None
    assert ended == (1 + speaks_for_ada, {"tessera.Token": 1 + speaks_for_ada})
    assert opens(of_this_dialect.key) is not speaks_for_ada


@pytest.mark.django_db
def test_deleting_a_selection_ends_what_is_in_it(user):
    ada, eve = Token.objects.create(user=user), Token.objects.create(user=User.objects.create_user("eve"))

    ended = Token.objects.filter(user=user).delete()

    assert ended == (1, {"tessera.Token": 1})
    assert (opens(ada.key), opens(eve.key)) == (False, True)
    assert Token.objects.filter(user=user).delete() == (0, {"tessera.Token": 0})


@pytest.mark.django_db
def test_to_delete_is_to_end_so_the_row_stays_for_people_to_look_at(user):
    token = Token.objects.create(user=user)

    token.delete()

    assert Grant.objects.get().revoked_reason == "deleted"
    assert list(Token.objects.all()) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda user, eve: Token.objects.filter(user=user).update(subject=eve), id="update"),
        pytest.param(lambda user, eve: Token.objects.update_or_create(user=user), id="update_or_create"),
        pytest.param(lambda user, eve: Token.objects.bulk_create([of(user)]), id="bulk_create"),
        pytest.param(lambda user, eve: of(user).save(), id="save"),
        pytest.param(lambda user, eve: Token.generate_key(), id="generate_key"),
        pytest.param(lambda user, eve: Token.objects.get(user=user).save(), id="save again"),
        pytest.param(lambda user, eve: hand_over(Token.objects.get(user=user), eve), id="another user"),
    ],
)
def test_a_token_is_made_and_changed_in_no_other_way_and_the_error_says_the_cure(user, write):
    token, eve = Token.objects.create(user=user), User.objects.create_user("eve")

    with pytest.raises(TypeError, match=r"Token\.objects\.create\(user=…\)"):
        write(user, eve)

    assert (list(Token.objects.all()), Grant.objects.get().subject) == ([token], user)


def of(user):
    return Token(user=user)  # type: ignore[misc]  # The stubs look at fields alone.


def hand_over(token, user):
    token.user = user
    token.save()


MAKE = pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda user, key: Token.objects.create(user=user, key=key), id="create"),
        pytest.param(lambda user, key: Token.objects.get_or_create(user=user, key=key)[0], id="get_or_create"),
        pytest.param(
            lambda user, key: Token.objects.get_or_create(user=user, defaults={"key": key})[0], id="in the defaults"
        ),
    ],
)


@MAKE
def test_a_known_key_is_adopted(user, make):
    token = make(user, "test-key")

    assert verify("test-key", accept={Purpose.ADOPTED}).subject == user
    assert (token.key, token.user, token.kind, token.client) == ("test-key", user, Kind.ADOPTED, "authtoken")
    assert (list(Token.objects.all()), user.auth_token) == ([token], token)


@MAKE
@pytest.mark.parametrize("nothing", [None, ""])
def test_no_key_is_a_minted_one(user, make, nothing):
    token = make(user, nothing)

    assert (opens(token.key), token.kind) == (True, Kind.PERSONAL)


def test_a_key_is_taken_once_as_the_peer_takes_it(user):
    Token.objects.create(user=user, key="test-key")

    with pytest.raises(IntegrityError, match=r"^This key was adopted before\.$"):
        Token.objects.create(user=user, key="test-key")

    assert (opens("test-key"), Grant.objects.count()) == (True, 1)


@MAKE
def test_a_key_is_never_moved_to_another_user(user, make):
    Token.objects.create(user=user, key="test-key")
    eve = User.objects.create_user("eve")
    Token.objects.create(user=eve)

    with pytest.raises(IntegrityError):
        make(eve, "test-key")

    assert verify("test-key", accept={Purpose.ADOPTED}).subject == user


@pytest.mark.parametrize(
    "over",
    [
        pytest.param(lambda token, clock: token.delete(), id="deleted"),
        pytest.param(lambda token, clock: replace(token.key, accept={Purpose.ADOPTED}), id="replaced"),
        pytest.param(lambda token, clock: clock.turn(timedelta(days=366)), id="expired"),
    ],
)
@MAKE
def test_a_key_that_has_ended_does_not_come_back(user, clock, make, over):
    over(Token.objects.create(user=user, key="test-key"), clock)

    with pytest.raises(IntegrityError):
        make(user, "test-key")

    assert not opens("test-key")


def test_get_or_create_answers_the_users_own_key_with_the_token_that_has_it(user, django_assert_num_queries):
    made, first = Token.objects.get_or_create(user=user, defaults={"key": "test-key"})
    before = Grant.objects.values().get()

    token, again = Token.objects.get_or_create(user=user, defaults={"key": "test-key"})

    assert (token, token.key, token.created, first, again) == (made, "test-key", made.created, True, False)
    assert Grant.objects.values().get() == before


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("two words", id="two words"),
        pytest.param("k" * 41, id="too long for the peer"),
        pytest.param("k\n", id="a newline"),
        pytest.param("\ud800", id="half a letter"),
    ],
)
def test_what_no_request_can_carry_is_no_key_and_is_not_repeated(user, key):
    with pytest.raises(InvalidAsk) as refusal:
        Token.objects.create(user=user, key=key)

    assert (key not in str(refusal.value), Grant.objects.count()) == (True, 0)


def test_a_plain_door_does_not_even_ask_the_database_about_a_key(user, client, django_assert_num_queries):
    Token.objects.create(user=user, key="test-key")

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers=bearing("test-key"))

    assert answer.status_code == 401


def test_a_request_with_an_adopted_key_says_its_key_and_nothing_else_does(user):
    Token.objects.create(user=user, key="clé-of-ada")
    header = "Token clé-of-ada".encode().decode("latin-1")  # As WSGI hands it on.
    request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=header), authenticators=[TokenAuthentication()])

    token = request.auth

    forms = [str(token), repr(token), serializers.serialize("json", [token]), str(pickle.dumps(token))]
    assert (request.user, token.user, token.key) == (user, user, "clé-of-ada")
    assert [form for form in forms if "of-ada" in form] == []
    with pytest.raises(SecretGone):
        _ = user.auth_token.key


class OfToken(ModelSerializer[Token]):
    class Meta:
        model = Token
        fields = "__all__"


def test_a_serializer_over_an_adopted_token_shows_no_key(user):
    token = Token.objects.create(user=user, key="test-key")

    shown = OfToken(token).data

    assert "test-key" not in str(shown)


@pytest.mark.django_db
def test_get_or_create_takes_empty_defaults(user):
    token, is_new = Token.objects.get_or_create(user=user, defaults={})

    assert (opens(token.key), is_new) == (True, True)


@pytest.mark.django_db
def test_replacing_as_call_sites_do_it_leaves_one(user):
    old = Token.objects.create(user=user)

    user.auth_token.delete()
    new = Token.objects.create(user=user)

    assert (opens(old.key), opens(new.key), user.auth_token) == (False, True, new)


@pytest.mark.django_db
def test_a_user_without_a_token_has_no_auth_token(user):
    assert not hasattr(user, "auth_token")
    with pytest.raises(Token.DoesNotExist):
        _ = user.auth_token


@pytest.mark.django_db
def test_auth_token_is_the_newest_live_one(user, clock):
    Token.objects.create(user=user)
    clock.turn(timedelta(seconds=1))
    newest = Token.objects.create(user=user)

    assert (hasattr(user, "auth_token"), user.auth_token) == (True, newest)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["2f1d7a2c3b9e4f60718293a4b5c6d7e8f9012345", "a made-up one", "another"])
def test_an_adopted_key_is_as_old_as_it_is(user, clock, key):
    adopted = Token.objects.create(user=user, key=key.replace(" ", "-"))
    clock.turn(timedelta(seconds=1))
    newest = Token.objects.create(user=user)

    assert adopted != newest
    assert (user.auth_token, Token.objects.get(user=user)) == (newest, newest)


def test_auth_token_of_the_user_model_itself_is_no_token_and_no_error():
    assert not isinstance(User.auth_token, Token)  # type: ignore[attr-defined]


def test_another_auth_token_of_the_user_model_is_left_alone(monkeypatch):
    monkeypatch.setattr(User, "auth_token", "theirs")

    give_users_their_auth_token()

    assert User.auth_token == "theirs"  # type: ignore[attr-defined]


def test_not_all_tokens_are_deleted_by_a_slip():
    assert not hasattr(Token.objects, "delete")


@pytest.mark.django_db
def test_nobody_who_is_not_saved_has_an_auth_token(user):
    issue(Ask(subject=None, kind=Kind.MACHINE, client="authtoken"))

    assert not hasattr(User(username="bob"), "auth_token")


@pytest.mark.django_db
def test_the_tokens_of_other_dialects_are_not_this_ones(user, hand_out):
    hand_out(client="another")

    assert (list(Token.objects.all()), hasattr(user, "auth_token")) == ([], False)


@pytest.mark.django_db
def test_a_deleted_user_takes_his_tokens_along(user):
    token = Token.objects.create(user=user)

    user.delete()

    assert (opens(token.key), Grant.objects.count()) == (False, 0)


@pytest.mark.django_db
def test_a_pickled_token_has_lost_its_key(user):
    token = Token.objects.create(user=user)

    packed = pickle.dumps(token)

    assert (pickle.loads(packed), pickle.loads(packed).user) == (token, user)
    assert token.key.encode() not in packed
    with pytest.raises(SecretGone):
        _ = pickle.loads(packed).key
