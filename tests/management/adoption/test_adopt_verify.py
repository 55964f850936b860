"""`manage.py tessera adopt PACKAGE --verify`: what was adopted is proved to be as it was."""

import json
import secrets
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from tessera import Purpose, replace, revoke, verify
from tessera.conf import peppers
from tessera.engine.adoption import comparison
from tessera.engine.rows import foreign
from tessera.models import Grant
from tests.former import SINCE, before_5, keep, keep_knox, make_knox_table, make_table, since_5
from tests.management.terminal import called, read

ADOPTED = frozenset({Purpose.ADOPTED})
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def grant_of(token):
    return Grant.objects.get(pk=verify(token, accept=ADOPTED).grant_id)


@pytest.fixture
def users(tables):
    make_knox_table()
    make_table()
    return [User.objects.create_user(f"user-{number}", password=str(number)) for number in range(4)]


@pytest.fixture
def tokens(users, clock):
    """One of each: with an end, without one, of version 4, and over."""
    tokens = [secrets.token_hex(32) for _ in users]
    ends = (clock() + HOUR, None, clock() + DAY, clock() - DAY)
    for token, user, expiry, digest in zip(tokens, users, ends, (since_5, since_5, before_5, since_5), strict=True):
        keep_knox(token, user.pk, expiry, digest=digest)
    return tokens


def wrong(package="knox", *words):
    """What it says to be wrong."""
    with pytest.raises(CommandError) as refused:
        called("tessera", "adopt", package, "--verify", *words)
    return str(refused.value)


@pytest.mark.parametrize("later", [0, 1], ids=["under its pepper", "under an older pepper"])
def test_what_was_adopted_as_it_was_is_said_to_be_the_same(tokens, settings, later):
    called("tessera", "adopt", "knox")
    before = list(Grant.objects.values().order_by("pk"))
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["x" * 32][:later] + list(peppers())}

    out, _ = called("tessera", "adopt", "knox", "--verify")

    assert out == "Keys found: 4; compared: 4; the same: 3, over before: 1, ended here since: 0.\n"
    assert list(Grant.objects.values().order_by("pk")) == before


def test_keys_of_authtoken_are_proved_too(users):
    for number, user in enumerate(users):
        keep(f"{number:040x}", user.pk)
    called("tessera", "adopt", "authtoken")

    out, _ = called("tessera", "adopt", "authtoken", "--verify", "--json")

    assert json.loads(out) == {"found": 4, "compared": 4, "wrong": 0, "same": 4, "over": 0, "ended_since": 0}


def test_what_its_owner_ended_here_since_is_no_fault(tokens):
    called("tessera", "adopt", "knox")
    revoke(grant_of(tokens[0]))

    out, _ = called("tessera", "adopt", "knox", "--verify")

    assert "the same: 2, over before: 1, ended here since: 1." in out


def test_an_end_that_use_has_put_off_here_is_no_fault(users, clock, settings, django_capture_on_commit_callbacks):
    settings.REST_KNOX = {"AUTO_REFRESH": True}
    token = secrets.token_hex(32)
    keep_knox(token, users[0].pk, clock() + HOUR, clock())
    called("tessera", "adopt", "knox")
    clock.turn(HOUR / 2)
    with django_capture_on_commit_callbacks(execute=True):
        verify(token, accept=ADOPTED)

    out, _ = called("tessera", "adopt", "knox", "--verify")

    assert "the same: 1," in out


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        pytest.param(lambda rows, users: rows.delete(), "not adopted", id="the row is not there"),
        pytest.param(lambda rows, users: rows.update(subject=users[1]), "of another user", id="another user"),
        pytest.param(lambda rows, users: rows.update(ends_at=SINCE + 9000 * DAY), "with another end", id="another end"),
        pytest.param(lambda rows, users: rows.update(ends_at=None), "with another end", id="no end"),
        pytest.param(lambda rows, users: rows.update(access_digest=b"x" * 24), "with another token", id="digest"),
        pytest.param(
            lambda rows, users: User.objects.filter(pk=users[0].pk).update(password="x"),
            "bound to another password than the user has now",
            id="another password",
        ),
    ],
)
def test_what_is_not_as_it_was_is_named_with_exit_code_1(users, tokens, capsys, spoil, what):
    called("tessera", "adopt", "knox")
    grant = grant_of(tokens[0])
    spoil(Grant.objects.filter(pk=grant.pk), users)

    code, out, err = read(capsys, "tessera", "adopt", "knox", "--verify")

    assert (code, "the same: 2" in out, f"{what}: 1" in out or f"{what}, as" in out) == (1, True, True)
    assert f"Wrong: 1.\n{grant.hint}, of user {users[0].pk}: {what}" in err
    assert [token for token in tokens if token in out + err or since_5(token) in out + err] == []


def test_what_is_dead_here_and_without_an_end_there_is_wrong(tokens):
    called("tessera", "adopt", "knox")
    grant = grant_of(tokens[1])
    Grant.objects.filter(pk=grant.pk).update(ends_at=SINCE)

    assert "dead here, and live there" in wrong()


def test_nothing_adopted_is_all_wrong(tokens):
    assert wrong().startswith("Wrong: 3.\n")


def test_a_token_that_was_replaced_is_told(tokens):
    called("tessera", "adopt", "knox")
    replace(tokens[0], accept=ADOPTED)

    assert "with another token, as one that was replaced has" in wrong()


def test_of_a_large_table_a_sample_is_drawn_unless_all_are_asked_for(users, clock, monkeypatch):
    monkeypatch.setattr(comparison, "SAMPLE", 20)
    monkeypatch.setattr(foreign, "PAGE", 30)
    for _ in range(100):
        keep_knox(secrets.token_hex(32), users[0].pk)
    called("tessera", "adopt", "knox")

    some = json.loads(called("tessera", "adopt", "knox", "--verify", "--json")[0])
    every = json.loads(called("tessera", "adopt", "knox", "--verify", "--all", "--json")[0])

    assert (0 < some["compared"] < 60, some["same"], every["same"]) == (True, some["compared"], 100)


def test_many_faults_are_counted_and_the_first_twenty_named(users):
    for _ in range(30):
        keep_knox(secrets.token_hex(32), users[0].pk)

    lines = wrong().splitlines()

    assert (lines[0], len([line for line in lines if line.endswith(": not adopted")])) == ("Wrong: 30.", 20)


def test_what_the_package_has_made_meanwhile_is_told_with_what_to_do(users, tokens):
    called("tessera", "adopt", "knox")
    keep_knox(secrets.token_hex(32), users[0].pk)

    assert wrong().endswith("\nWhat is so because knox went on serving: tessera adopt knox once more mends it.")

    called("tessera", "adopt", "knox")
    assert "the same: 4" in called("tessera", "adopt", "knox", "--verify")[0]


def test_what_no_other_run_mends_is_not_told_to_be(users, tokens):
    called("tessera", "adopt", "knox")
    Grant.objects.filter(pk=grant_of(tokens[0]).pk).update(subject=users[1])

    assert "once more" not in wrong()


def test_a_row_of_a_user_who_is_gone_and_one_of_another_hash_are_nothing_to_prove(tables, user):
    make_knox_table(constrained=False)
    keep_knox("ab" * 32, user.pk, digest=lambda token: since_5(token, "sha256"))
    keep_knox("cd" * 32, user.pk + 1)

    out, _ = called("tessera", "adopt", "knox", "--verify")

    assert out == "Keys found: 2; compared: 1; the same: 0, over before: 1, ended here since: 0.\n"
