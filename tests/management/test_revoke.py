"""`manage.py tessera revoke`: for the person whose token has just leaked."""

import json
import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from tessera import Ask, Purpose, issue, replace
from tessera.engine.adoption.key import adopt
from tessera.models import Grant
from tests.credentials import opens
from tests.management.terminal import called, read, typed


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(lambda issued: str(issued.grant.pk), id="its id"),
        pytest.param(lambda issued: issued.grant.pk.hex, id="its id without hyphens"),
        pytest.param(lambda issued: issued.grant.hint, id="its hint"),
        pytest.param(lambda issued: issued.grant.hint[4:], id="its hint without the prefix"),
        pytest.param(lambda issued: issued.secret, id="itself"),
    ],
)
def test_a_token_is_ended_by(hand_out, name):
    leaked, other = hand_out(label="laptop"), hand_out()

    out, err = called("tessera", "revoke", name(leaked))

    assert (out, err) == (f'Ended: personal token {leaked.grant.hint} "laptop" of ada.\n', "")
    assert [opens(leaked.secret), opens(other.secret)] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_what_leaked_is_piped_in_so_that_no_history_has_it(hand_out):
    leaked, named, other = hand_out(), hand_out(), hand_out()

    said = typed("tessera", "revoke", "-", stdin=f"{leaked.secret}\r\n{named.grant.hint}\n")

    assert said == (
        0,
        f"Ended: personal token {leaked.grant.hint} of ada.\nEnded: personal token {named.grant.hint} of ada.\n",
        "",
    )
    assert [opens(each.secret) for each in (leaked, named, other)] == [False, False, True]


def test_a_leaked_token_that_its_thief_has_replaced_takes_the_new_one_along(hand_out):
    leaked = hand_out().secret
    thiefs = replace(leaked, accept={Purpose.PERSONAL}).secret

    called("tessera", "revoke", leaked)

    assert not opens(thiefs)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("4f1c0d2b9e8a7f6c5d4e3f2a1b0c9d8e7f6a5b4c", id="as the package makes them"),
        pytest.param("deadbeef", id="like a hint"),
        pytest.param("0198f3b5d9cc7a1b8c2d3e4f50617283", id="like an id"),
    ],
)
def test_an_adopted_key_is_ended_by_itself(user, hand_out, key):
    grant, other = adopt(key, user).grant, hand_out()

    out, err = called("tessera", "revoke", key)

    assert (out, err) == (f"Ended: adopted token {grant.hint} of ada.\n", "")
    assert (opens(key), opens(other.secret)) == (False, True)


def test_a_hint_is_a_hint_before_it_is_a_key(user, hand_out):
    meant = hand_out()
    key = meant.grant.hint[4:]
    adopt(key, user)

    called("tessera", "revoke", key)

    assert (opens(key), opens(meant.secret)) == (True, False)


def test_a_token_that_somebody_made_up_ends_nothing(hand_out):
    issued = hand_out()
    made_up = issued.secret[:37] + "0" * 43 + "0" * 16

    with pytest.raises(CommandError):
        called("tessera", "revoke", made_up)

    assert opens(issued.secret)


def test_ending_it_again_is_no_error(hand_out):
    grant = hand_out().grant
    called("tessera", "revoke", grant.hint)
    before = Grant.objects.values().get()

    out, _ = called("tessera", "revoke", grant.hint)

    assert out == f"Had ended already: personal token {grant.hint} of ada.\n"
    assert Grant.objects.values().get() == before


def test_what_is_not_known_is_an_error_and_keeps_nothing_else_alive(hand_out):
    leaked = hand_out()

    with pytest.raises(CommandError, match=r"^Number 1 names no token of this site\.$") as refusal:
        called("tessera", "revoke", "tsr_00000000", leaked.grant.hint)

    assert (refusal.value.returncode, opens(leaked.secret)) == (1, False)


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda secret: secret[:-1], id="cut short"),
        pytest.param(lambda secret: secret + "\u200b", id="with a space of no width"),
        pytest.param(lambda secret: f"Bearer:{secret}", id="with what stood before it"),
    ],
)
def test_what_may_be_a_token_is_not_repeated(hand_out, caplog, spoilt):
    caplog.set_level(0)
    secret = hand_out().secret

    with pytest.raises(CommandError) as refusal:
        called("tessera", "revoke", spoilt(secret))

    assert str(refusal.value) == "Number 1 names no token of this site."
    assert secret[37:-1] not in caplog.text


def test_an_ambiguous_hint_ends_nothing_and_lists_the_ids(hand_out):
    issued = [hand_out(), hand_out()]
    old, twin = issued[1].grant.pk, str(issued[1].grant.pk)[:-8] + issued[0].grant.pk.hex[-8:]
    Grant.objects.filter(pk=old).update(id=twin)

    with pytest.raises(CommandError, match="may be any of") as refusal:
        called("tessera", "revoke", issued[0].grant.hint)

    assert set(re.findall("[0-9a-f-]{36}", str(refusal.value))) == {str(issued[0].grant.pk), twin}
    assert not Grant.objects.exclude(revoked_at=None).exists()


def test_all_of_a_user_end_at_once(hand_out):
    of_ada = [hand_out(), hand_out(client="cli")]
    of_bob = issue(Ask(subject=User.objects.create_user("bob")))

    out, _ = called("tessera", "revoke", "--user", "ada")

    assert out == "Tokens ended: 2.\n"
    assert [opens(each.secret) for each in (*of_ada, of_bob)] == [False, False, True]


def test_all_of_a_user_that_are_for_one_client_end_at_once(hand_out):
    site, cli = hand_out(), hand_out(client="cli")

    out, _ = called("tessera", "revoke", "--user", "ada", "--client", "cli")

    assert out == "Tokens ended: 1.\n"
    assert [opens(each.secret) for each in (site, cli)] == [True, False]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(lambda issued: issued.grant.hint, id="by its hint"),
        pytest.param(lambda issued: issued.secret, id="by itself"),
    ],
)
def test_all_of_a_user_but_one_end_at_once(hand_out, name):
    kept, others = hand_out(), [hand_out(), hand_out(client="cli")]

    out, _ = called("tessera", "revoke", "--user", "ada", "--keep", name(kept))

    assert out == "Tokens ended: 2.\n"
    assert [opens(each.secret) for each in (kept, *others)] == [True, False, False]


@pytest.mark.parametrize(
    "word",
    [
        pytest.param(lambda bobs: "tsr_00000000", id="unknown"),
        pytest.param(lambda bobs: bobs.grant.hint, id="of another user"),
        pytest.param(lambda bobs: "", id="empty"),
    ],
)
def test_what_is_to_be_kept_and_is_no_token_of_the_user_ends_nothing(hand_out, word):
    of_ada, of_bob = hand_out(), issue(Ask(subject=User.objects.create_user("bob")))

    with pytest.raises(CommandError, match=r"^--keep names no single token of this user: nothing has ended\.$"):
        called("tessera", "revoke", "--user", "ada", "--keep", word(of_bob))

    assert opens(of_ada.secret)


def test_a_user_without_a_token_is_no_error_and_an_unknown_one_is(user):
    out, _ = called("tessera", "revoke", "--user", "ada")

    assert out == "Tokens ended: 0.\n"
    with pytest.raises(CommandError, match=r"^There is no user bob\.$"):
        called("tessera", "revoke", "--user", "bob")


def test_in_json_each_is_an_object_on_a_line_of_its_own(hand_out):
    first, second = hand_out().grant, hand_out().grant
    called("tessera", "revoke", first.hint)

    out, _ = called("tessera", "revoke", first.hint, second.hint, "--json")
    of_user, _ = called("tessera", "revoke", "--user", "ada", "--json")

    assert [json.loads(line) for line in out.splitlines()] == [
        {"id": str(first.pk), "hint": first.hint, "ended": 0},
        {"id": str(second.pk), "hint": second.hint, "ended": 1},
    ]
    assert json.loads(of_user) == {"ended": 0}


def test_an_empty_stdin_is_an_error(db, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO(" \n"))

    with pytest.raises(CommandError, match=r"^No token was named\.$"):
        called("tessera", "revoke", "-")


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        pytest.param([], "one of the arguments TOKEN --user is required", id="nothing"),
        pytest.param(["tsr_00000000", "--user", "ada"], "not allowed with argument TOKEN", id="a token and a user"),
        pytest.param(["tsr_00000000", "--client", "cli"], "--client goes with --user.", id="a token and a client"),
        pytest.param(["tsr_00000000", "--keep", "x"], "--keep goes with --user.", id="a token and one to keep"),
    ],
)
def test_usage_is_told_by_exit_code_2(capsys, words, usage):
    code, out, err = read(capsys, "tessera", "revoke", *words)

    assert (code, out, usage in err) == (2, "", True)
