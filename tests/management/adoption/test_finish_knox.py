"""`manage.py tessera adopt knox --finish`: afterwards nothing that knox kept of a token is left in the database."""

import json
import secrets
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.checks import run_checks
from django.core.management import CommandError
from django.db import connection

from tests.credentials import opens
from tests.former import drop_table, execute, keep_knox, make_knox_table, since_5
from tests.management.terminal import called

pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="it looks into SQLite's file")
on_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no such statistics")

TABLE = {"knox.AuthToken": ("knox_authtoken", "auth token"), "shop.DeviceKey": ("shop_devicekey", "device key")}


@pytest.fixture(params=TABLE)
def tokens(request, settings, user):
    """Those of 300 users; the admin logged some. In knox's own table, and in that of a model of the site's."""
    if connection.vendor == "sqlite":
        execute("PRAGMA secure_delete = OFF")  # Some builds have it on.
    settings.KNOX_TOKEN_MODEL = request.param
    table, called_there = TABLE[request.param]
    make_knox_table(table)
    users = User.objects.bulk_create(User(username=f"user-{number}") for number in range(300))
    tokens = sorted((secrets.token_hex(32) for _ in users), key=since_5)
    for token, each in zip(tokens, users, strict=True):
        keep_knox(token, each.pk, table=table)
    app, _, model = request.param.lower().partition(".")
    kind = ContentType.objects.create(app_label=app, model=model)
    other = ContentType.objects.create(app_label=app, model="basket")
    for token in (tokens[0], tokens[-1]):
        named = {"object_id": since_5(token), "object_repr": f"{since_5(token)} : ada", "action_flag": ADDITION}
        LogEntry.objects.create(user=user, content_type=kind, change_message="[]", **named)
        for change in ({"added": {"name": called_there, "object": f"{since_5(token)} : ada"}}, INNOCENT):
            LogEntry.objects.log_actions(user.pk, [user], CHANGE, [change])
    LogEntry.objects.create(
        user=user, content_type=other, object_id="1", object_repr="a basket", action_flag=ADDITION, change_message="[]"
    )
    execute("ANALYZE TABLE " + table if connection.vendor == "mysql" else "ANALYZE")
    yield tokens
    drop_table(table)


INNOCENT = {"added": {"name": "token", "object": "tsr_0a1b2c3d"}}


def logged():
    told = LogEntry.objects.values_list("object_id", "object_repr", "change_message")
    return {(number and "…", name, message) for number, name, message in told}


def kept(text, tokens):
    """Of which of them `text` holds the digest or the first letters."""
    return [token for token in tokens if since_5(token) in text or token[:15] in text]


def in_files():
    file = Path(connection.settings_dict["NAME"])
    return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*")).decode("latin-1")


@on_sqlite
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_no_file_holds_a_digest_or_the_beginning_of_a_token(tokens, journal):
    execute(f"PRAGMA journal_mode = {journal}")
    called("tessera", "adopt", "knox")
    assert len(kept(in_files(), tokens)) == 300

    out, _ = called("tessera", "adopt", "knox", "--finish")

    found = kept(in_files(), tokens)
    execute("PRAGMA journal_mode = delete")
    assert (found, out[:20]) == ([], "Keys scrubbed: 300. ")


@on_postgres
def test_no_statistic_holds_a_digest_or_the_beginning_of_a_token(tokens):
    called("tessera", "adopt", "knox")
    assert kept(samples(), tokens)

    called("tessera", "adopt", "knox", "--finish")

    assert kept(samples(), tokens) == []


def samples():
    with connection.cursor() as cursor:
        cursor.execute("SELECT histogram_bounds::text, most_common_vals::text FROM pg_stats")
        return str(cursor.fetchall())


def test_the_admins_log_tells_of_other_things_only(tokens):
    called("tessera", "adopt", "knox")

    called("tessera", "adopt", "knox", "--finish")

    assert logged() == {
        (None, "", "[]"),
        ("…", "ada", ""),
        ("…", "ada", json.dumps([INNOCENT])),
        ("…", "a basket", "[]"),
    }
    assert opens(tokens[0])


def test_it_refuses_while_a_token_has_not_been_adopted(tokens):
    with pytest.raises(CommandError, match=r"^Keys not adopted yet: 300\."):
        called("tessera", "adopt", "knox", "--finish")


def test_it_refuses_while_knox_would_put_new_tokens_there(tokens, monkeypatch):
    is_installed = apps.is_installed
    called("tessera", "adopt", "knox")
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "knox" or is_installed(name))

    with pytest.raises(CommandError, match="still in INSTALLED_APPS"):
        called("tessera", "adopt", "knox", "--finish")


def test_a_table_of_digests_is_no_table_of_keys_in_clear(tokens):
    assert [said for said in run_checks(databases=["default"]) if said.id == "tessera.W008"] == []
