"""`manage.py tessera adopt simplejwt`: nobody is logged out, and nothing that was blacklisted comes back."""

import json
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.db import connection

from tessera import Kind, Purpose, redeem, revoke, verify
from tessera.engine.adoption.jwt import admit
from tessera.engine.pruning import prune
from tessera.engine.rows import foreign
from tessera.errors import InvalidCredential, Reused, Revoked
from tessera.models import Grant, SigningKey
from tests.former import execute
from tests.former_jwt import BLACKLIST, OUTSTANDING, Peer, blacklist, keep, make_tables
from tests.management.terminal import called
from tests.traces import rows, traces

ADOPTED, REFRESH = frozenset({Purpose.ADOPTED}), frozenset({Purpose.REFRESH})
DAY = timedelta(days=1)
TRUSTED = "The key of SIMPLE_JWT is trusted until 2026-11-24 12:05 UTC: what it signed is taken over at its first use."


@pytest.fixture
def lists(tables):
    """The tables of the package's blacklist."""
    make_tables()


@pytest.fixture
def listed(lists, user, clock):
    """A token of the package, as it makes one and lists it: `listed("refresh")`."""

    def listed(kind="refresh", whose=None, peer=None, at=None, **columns):
        peer = peer or Peer()
        token = peer.token(kind, whose or user, at or clock())
        keep(token, peer, columns.pop("user_pk", (whose or user).pk), **columns)
        return token

    return listed


def jwt(token):
    return Peer().signed(token.payload)


def used(token):
    """Whom it speaks for, at the door for its type."""
    former = admit(jwt(token))
    if former.type == "refresh":
        return redeem(former, accept=REFRESH, client="simplejwt").grant.subject
    return verify(former, accept=ADOPTED).subject


def is_refused(token):
    try:
        used(token)
    except InvalidCredential:
        return True
    return False


def adopted(*words):
    """What the command says of the table, in numbers."""
    out, _ = called("tessera", "adopt", "simplejwt", "--json", *words)
    return json.loads(out.splitlines()[0])


def test_every_token_works_and_the_table_stays_as_the_way_back(listed, user, clock):
    live = [listed(kind) for kind in ("refresh", "sliding")]

    out, err = called("tessera", "adopt", "simplejwt")

    counted = "adopted: 2, spent: 0, already here: 0, with a later end now: 0, expired: 0, without a user: 0"
    assert out.splitlines() == [f"Keys found: 2; {counted}, that can open nothing: 0.", TRUSTED]
    assert err == ""
    assert set(Grant.objects.values_list("kind", "client", "generation", "created_at", "ends_at")) == {
        (Kind.SIGN_IN, "simplejwt", 0, clock(), clock() + DAY),
        (Kind.ADOPTED, "simplejwt", None, clock(), clock() + DAY),
    }
    assert [used(token) for token in live] == [user, user]
    assert Grant.objects.count() == 2


def test_access_tokens_which_no_table_knows_work_too(listed, user, clock):
    access = Peer().token("access", user, clock())

    called("tessera", "adopt", "simplejwt")

    assert Grant.objects.count() == 0
    assert used(access) == user


@pytest.mark.parametrize("kind", ["refresh", "sliding"])
def test_what_was_blacklisted_stays_dead(listed, kind):
    token = listed(kind)
    blacklist(token)

    assert adopted()["spent"] == 1

    with pytest.raises(Revoked):
        used(token)


def test_what_was_blacklisted_without_a_user_stays_dead(listed):
    token = listed(user_pk=None)  # As by versions before 5.4.
    blacklist(token)

    assert adopted()["spent"] == 1

    with pytest.raises(Revoked):
        used(token)


def test_what_was_blacklisted_after_it_was_adopted_ends_with_the_next_run(listed, user):
    before, after = listed(), listed()
    called("tessera", "adopt", "simplejwt")
    blacklist(after)

    assert adopted("--dry-run") | {"found": 2} == adopted()

    assert (used(before), is_refused(after)) == (user, True)
    assert adopted()["spent"] == 0


def test_a_sliding_token_that_was_blacklisted_stays_dead_however_often_it_was_told_again(listed, clock):
    token = listed("sliding")
    blacklist(token)
    clock.turn(DAY - timedelta(minutes=1))
    token["exp"] = int((clock() + timedelta(minutes=5)).timestamp())
    clock.turn(timedelta(minutes=3))  # Its row has expired long ago, and it was told again just before it was too late.

    called("tessera", "adopt", "simplejwt")

    with pytest.raises(Revoked):
        used(token)


def test_what_has_expired_is_counted_and_left(listed, clock):
    old = listed(at=clock() - DAY)
    blacklist(listed(at=clock() - 3 * DAY))

    assert adopted() == {
        "found": 2,
        "adopted": 0,
        "spent": 0,
        "already_here": 0,
        "put_off": 0,
        "expired": 2,
        "without_user": 0,
        "unfit": 0,
    }

    assert (is_refused(old), Grant.objects.count()) == (True, 0)


def test_the_user_of_an_old_row_is_the_one_whom_its_token_names(listed, user):
    token = listed(user_pk=None)

    assert adopted()["adopted"] == 1

    assert used(token) == user


def test_that_of_nobody_is_counted(listed, user):
    grace = User.objects.create_user("grace")
    listed(whose=grace, user_pk=None)
    grace.delete()

    assert adopted()["without_user"] == 1
    assert Grant.objects.count() == 0


@pytest.mark.parametrize("said", ["", "deleted", "a.b.c"])
def test_a_site_that_blanked_the_readable_tokens_loses_none(listed, user, said):
    live, spent = listed(said=said), listed(said=said)
    blacklist(spent)

    told = adopted()

    assert (told["adopted"], told["spent"]) == (1, 1)
    assert (used(live), is_refused(spent)) == (user, True)
    assert Grant.objects.count() == 2


def test_a_blanked_one_of_a_site_that_names_its_users_is_found(listed, user, settings, clock):
    settings.SIMPLE_JWT = {"USER_ID_FIELD": "username"}
    peer = Peer(USER_ID_FIELD="username")
    token = listed(peer=peer, said="")

    called("tessera", "adopt", "simplejwt")

    assert Grant.objects.count() == 1
    assert (used(token), Grant.objects.count()) == (user, 1)


def test_a_row_that_nothing_tells_of_is_counted(listed):
    listed(said="", user_pk=None)

    assert adopted()["unfit"] == 1


def test_a_second_run_finds_them_all_here(listed):
    listed()
    blacklist(listed())
    called("tessera", "adopt", "simplejwt")
    before = list(Grant.objects.values().order_by("pk"))

    told = adopted()

    assert (told["adopted"], told["spent"], told["already_here"]) == (0, 0, 2)
    assert list(Grant.objects.values().order_by("pk")) == before


def test_what_was_traded_or_revoked_here_stays_so(listed):
    traded, revoked = listed(), listed("sliding")
    called("tessera", "adopt", "simplejwt")
    pair = redeem(admit(jwt(traded)), accept=REFRESH, client="simplejwt")
    redeem(pair.refresh_secret or "", accept=REFRESH, client="simplejwt")
    revoke(admit(jwt(revoked)).opaque.grant_id)

    assert adopted()["already_here"] == 2

    assert is_refused(revoked)
    with pytest.raises(Reused):
        used(traded)


def test_a_run_that_was_cut_short_is_completed(listed, user, monkeypatch):
    tokens = [listed() for _ in range(5)]
    monkeypatch.setattr(foreign, "PAGE", 2)
    with patch("tessera.management.adoption.adopting.bar", _interrupted), pytest.raises(KeyboardInterrupt):
        called("tessera", "adopt", "simplejwt")
    assert (Grant.objects.count(), SigningKey.objects.count()) == (4, 0)

    told = adopted()

    assert (told["adopted"], told["already_here"]) == (1, 4)
    assert [used(token) for token in tokens] == [user] * 5


def _interrupted(command, total):
    def show(done):
        if done > 2:
            raise KeyboardInterrupt

    return show


def test_a_dry_run_says_the_same_and_writes_nothing(listed):
    listed()
    blacklist(listed())

    told = called("tessera", "adopt", "simplejwt", "--dry-run")[0]

    assert (Grant.objects.count(), SigningKey.objects.count()) == (0, 0)
    done = called("tessera", "adopt", "simplejwt")[0]
    assert told.replace("would be trusted", "is trusted").replace("would be adopted", "adopted") == done


def test_a_site_without_the_tables_has_its_key_trusted(tables, user, clock):
    token = Peer().token("refresh", user, clock())

    out, _ = called("tessera", "adopt", "simplejwt")

    assert out == f"{TRUSTED}\n"
    assert used(token) == user


def test_the_trust_lasts_as_long_as_is_said(tables, user, clock):
    out, _ = called("tessera", "adopt", "simplejwt", "--lifetime", "30d", "--json")

    assert json.loads(out) == {"trusted_until": (clock() + 30 * DAY).isoformat()}


def test_no_key_is_trusted_for_ever(tables):
    with pytest.raises(CommandError, match="not trusted for ever"):
        called("tessera", "adopt", "simplejwt", "--lifetime", "never")


UNFIT = {
    "a short secret": (
        {"SIGNING_KEY": "short"},
        "cannot be trusted: it is shorter than 32 bytes",
    ),
    "no public key": ({"ALGORITHM": "RS256"}, "cannot be trusted: it is not there"),
    "keys elsewhere": (
        {"ALGORITHM": "RS256", "JWK_URL": "https://id.example/keys"},
        "put the public key into VERIFYING_KEY",
    ),
    "no ids": ({"JTI_CLAIM": None}, "has JTI_CLAIM = None"),
    "no types": ({"TOKEN_TYPE_CLAIM": None}, "has TOKEN_TYPE_CLAIM = None"),
}


@pytest.mark.parametrize(("told", "sentence"), UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize("way", [(), ("--dry-run",), ("--verify",)])
def test_a_site_whose_tokens_cannot_be_proved_is_told_why_and_nothing_is_written(listed, settings, told, sentence, way):
    listed()
    settings.SIMPLE_JWT = told

    with pytest.raises(CommandError, match=sentence):
        called("tessera", "adopt", "simplejwt", *way)

    assert (Grant.objects.count(), SigningKey.objects.count()) == (0, 0)


def test_without_the_extra_it_says_what_to_install(tables, monkeypatch):
    monkeypatch.setattr("tessera.management.adoption.trusting.find_spec", lambda name: None)

    with pytest.raises(CommandError, match=r'pip install "django-tessera\[jwt\]"'):
        called("tessera", "adopt", "simplejwt")


def test_no_row_of_ours_holds_a_token_or_an_id(listed):
    tokens = [listed(), listed("sliding")]
    called("tessera", "adopt", "simplejwt")

    ours = [(place, value) for place, value in rows(connection) if place.startswith("tessera_")]

    values = [value if isinstance(value, bytes) else str(value) for _, value in ours]
    secrets = [secret for token in tokens for secret in (jwt(token), token["jti"])]
    assert [trace for value in values for trace in traces(value, *secrets)] == []


def test_it_verifies_what_it_did(listed, clock):
    live, spent, traded, revoked = (listed() for _ in range(4))
    blacklist(spent)
    listed(at=clock() - DAY)
    called("tessera", "adopt", "simplejwt")
    used(traded)
    revoke(admit(jwt(revoked)).opaque.grant_id)

    out, _ = called("tessera", "adopt", "simplejwt", "--verify", "--json")

    table, trust = map(json.loads, out.splitlines())
    assert table == {"found": 5, "compared": 5, "wrong": 0, "same": 1, "over": 2, "ended_since": 1, "traded_since": 1}
    assert trust == {"trusted_until": (clock() + DAY + timedelta(minutes=5)).isoformat(), "waiting": 1}
    assert not is_refused(live)


def test_what_was_blacklisted_and_lives_here_is_found(listed):
    token = listed()
    called("tessera", "adopt", "simplejwt")
    blacklist(token)

    with pytest.raises(CommandError, match="live here, and spent there"):
        called("tessera", "adopt", "simplejwt", "--verify")


def test_a_key_that_nobody_trusts_is_found(tables):
    with pytest.raises(CommandError, match="is not trusted"):
        called("tessera", "adopt", "simplejwt", "--verify")


def test_a_site_without_the_tables_only_ends_the_trust(tables, user, clock):
    called("tessera", "adopt", "simplejwt")

    out, _ = called("tessera", "adopt", "simplejwt", "--finish")

    assert out == "Keys not trusted any more: 1. Signed out, because all they hold was signed by them: 0.\n"
    assert is_refused(Peer().token("refresh", user, clock()))


def test_it_does_not_scrub_what_was_blacklisted_since(listed):
    token = listed()
    called("tessera", "adopt", "simplejwt")
    blacklist(token)

    with pytest.raises(CommandError, match="not adopted yet: 1"):
        called("tessera", "adopt", "simplejwt", "--finish")

    assert not is_refused(token)


@pytest.mark.parametrize("still", ["the table stands", "the key is trusted"])
@pytest.mark.parametrize("kind", ["refresh", "sliding"])
def test_what_has_ended_keeps_its_row_while(listed, clock, kind, still):
    spent = listed(kind)
    blacklist(spent)
    called("tessera", "adopt", "simplejwt", "--lifetime", "90d")
    if still == "the table stands":
        SigningKey.objects.all().delete()
    else:
        execute(f"DELETE FROM {BLACKLIST}")
        execute(f"DELETE FROM {OUTSTANDING}")
    clock.turn(60 * DAY)

    prune()

    assert Grant.objects.count() == 1


def test_what_the_dialect_made_itself_is_pruned_meanwhile(listed, hand_out, clock):
    listed()
    called("tessera", "adopt", "simplejwt")
    revoke(hand_out(kind=Kind.SIGN_IN, client="simplejwt", may_refresh=True).grant)
    clock.turn(60 * DAY)

    assert prune() == 1


def test_a_user_can_be_deleted_though_the_package_has_gone(listed, user):
    blacklist(listed())
    listed()
    called("tessera", "adopt", "simplejwt")

    user.delete()

    connection.check_constraints()
    assert Grant.objects.count() == 0
