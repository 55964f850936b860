"""`manage.py drf_create_token`: the words and exit codes of the peer's, and the two places where it differs."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from tessera.dialects.authtoken import Token
from tessera.models import Grant
from tests.credentials import opens
from tests.management.terminal import called, read, typed


def token_in(said: str) -> str:
    """The token in the peer's sentence, of which nothing else may differ."""
    words = said.split(" ")
    assert (words[:2], words[3:]) == (["Generated", "token"], ["for", "user", "ada\n"])
    return words[2]


def test_it_prints_a_token_that_works(client, user):
    out, err = called("drf_create_token", "ada")

    token = token_in(out)
    answer = client.get("/whoami/", headers={"Authorization": f"Token {token}"})
    assert (err, answer.status_code, answer.json()) == ("", 200, {"username": "ada"})


def test_each_time_it_makes_another_and_the_one_before_goes_on_working(user):
    first, second = (token_in(called("drf_create_token", "ada")[0]) for _ in range(2))

    assert first != second
    assert opens(first)
    assert opens(second)


@pytest.mark.parametrize("option", ["-r", "--reset"])
def test_reset_ends_the_tokens_of_this_dialect_and_no_others(hand_out, option):
    old = token_in(called("drf_create_token", "ada")[0])
    laptop = hand_out(label="laptop").secret

    new = token_in(called("drf_create_token", option, "ada")[0])

    assert [opens(secret) for secret in (old, laptop, new)] == [False, True, True]


def test_reset_leaves_the_old_token_alone_if_no_new_one_can_be_made(user):
    token = Token.objects.create(user=user)
    User.objects.update(is_active=False)

    with pytest.raises(CommandError):
        called("drf_create_token", "-r", "ada")

    assert Grant.objects.get().revoked_at is None
    assert Grant.objects.get().pk == token.pk


def test_an_inactive_user_gets_no_token_unlike_the_peers(user):
    User.objects.update(is_active=False)

    with pytest.raises(CommandError, match=r"^The user is not active\.$"):
        called("drf_create_token", "ada")

    assert not Grant.objects.exists()


@pytest.mark.django_db
def test_a_user_who_is_not_there_is_named_in_the_peers_words():
    with pytest.raises(CommandError, match=r"^Cannot create the Token: user bob does not exist$"):
        called("drf_create_token", "bob")


def test_without_a_user_it_is_an_error_of_usage(capsys):
    with pytest.raises(CommandError, match=r"^Error: the following arguments are required: username$"):
        called("drf_create_token")

    code, out, err = read(capsys, "drf_create_token")

    assert (code, out) == (2, "")
    assert err.startswith("usage: manage.py drf_create_token ")
    assert err.endswith("error: the following arguments are required: username\n")


def test_the_user_is_named_by_whatever_field_is_the_natural_key(user, monkeypatch):
    User.objects.update(email="ada@example.com")
    monkeypatch.setattr(User, "USERNAME_FIELD", "email")

    out, _ = called("drf_create_token", "ada@example.com")

    assert out.endswith(" for user ada@example.com\n")
    assert Grant.objects.get().subject_id == user.pk


@pytest.mark.django_db(transaction=True)
def test_typed_at_a_terminal_it_has_the_exit_codes_and_the_streams_of_the_peer(user):
    made = typed("drf_create_token", "ada")
    unknown = typed("drf_create_token", "bob")

    assert (made[0], opens(token_in(made[1])), made[2]) == (0, True, "")
    assert unknown == (1, "", "CommandError: Cannot create the Token: user bob does not exist\n")
