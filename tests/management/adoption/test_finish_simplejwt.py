"""`manage.py tessera adopt simplejwt --finish`: no token can be read any more, and the old key opens nothing."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError
from django.db import connection

from tessera import Purpose, redeem, verify
from tessera.checks.surroundings import prove_no_key_is_readable
from tessera.engine.adoption.jwt import admit
from tessera.engine.pruning import prune
from tessera.errors import Malformed
from tessera.models import Grant
from tests.former import drop_table
from tests.former_jwt import BLACKLIST, OUTSTANDING, Peer, blacklist, keep, make_tables, rows
from tests.management.terminal import called

pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="it looks into SQLite's file")


@pytest.fixture
def tokens(user, clock):
    """Those of three hundred users, of which one is blacklisted, and the admin logged one."""
    make_tables()
    users = User.objects.bulk_create(User(username=f"user-{number}") for number in range(300))
    tokens = [Peer().token("refresh", each, clock()) for each in users]
    for token, each in zip(tokens, users, strict=True):
        keep(token, Peer(), each.pk)
    blacklist(tokens[-1])
    kind = ContentType.objects.create(app_label="token_blacklist", model="outstandingtoken")
    LogEntry.objects.create(
        user=user, content_type=kind, object_id="1", object_repr=f"Token for ada ({tokens[0]['jti']})",
        action_flag=ADDITION, change_message="[]",
    )  # fmt: skip
    yield tokens
    drop_table(BLACKLIST)
    drop_table(OUTSTANDING)


def jwt(token):
    return Peer().signed(token.payload)


def redeemed(secret):
    return redeem(secret, accept={Purpose.REFRESH}, client="simplejwt")


def test_nothing_that_the_key_signed_opens_anything(tokens, user, clock):
    called("tessera", "adopt", "simplejwt")
    access = Peer().token("access", user, clock())
    verify(admit(jwt(access)), accept={Purpose.ADOPTED})
    pair = redeemed(admit(jwt(tokens[0])))

    out, _ = called("tessera", "adopt", "simplejwt", "--finish", "--json")

    table, trust = map(json.loads, out.splitlines())
    assert (table["scrubbed"], trust) == (300, {"keys_ended": 1, "signed_out": 299})
    for token in (*tokens[:3], access):
        with pytest.raises(Malformed):
            admit(jwt(token))
    assert redeemed(pair.refresh_secret).grant.generation == 2
    for way in ((), ("--dry-run",)):
        with pytest.raises(CommandError, match="That is for good"):
            called("tessera", "adopt", "simplejwt", *way)


def test_the_tables_are_empty_and_the_admins_log_tells_no_id(tokens):
    called("tessera", "adopt", "simplejwt")
    assert [each.id for each in prove_no_key_is_readable(databases=["default"])] == ["tessera.W008"]

    called("tessera", "adopt", "simplejwt", "--finish")

    assert [rows(f"SELECT COUNT(*) FROM {table}") for table in (OUTSTANDING, BLACKLIST)] == [[(0,)], [(0,)]]
    assert LogEntry.objects.get().object_repr == ""
    assert prove_no_key_is_readable(databases=["default"]) == []


@on_sqlite
def test_the_file_of_the_database_holds_no_token(tokens):
    path = Path(str(connection.settings_dict["NAME"]))
    called("tessera", "adopt", "simplejwt")
    assert jwt(tokens[0]).encode() in path.read_bytes()

    called("tessera", "adopt", "simplejwt", "--finish")

    left = path.read_bytes()
    assert [token["jti"] for token in tokens if jwt(token).encode() in left or token["jti"].encode() in left] == []


def test_what_has_ended_goes_once_all_is_finished(tokens, clock):
    called("tessera", "adopt", "simplejwt")
    called("tessera", "adopt", "simplejwt", "--finish")
    clock.turn(timedelta(days=60))

    assert prune() == 300
    assert Grant.objects.count() == 0


def test_it_refuses_while_a_token_is_not_taken_over(tokens):
    with pytest.raises(CommandError, match="Keys not adopted yet: 300"):
        called("tessera", "adopt", "simplejwt", "--finish")
