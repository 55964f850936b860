"""`manage.py tessera adopt authtoken --finish`: afterwards no key can be read from the database any more."""

import json
import secrets
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError
from django.db import connection

from tests.credentials import opens
from tests.former import drop_table, execute, keep, kept, make_table
from tests.management.terminal import called

pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="it looks into SQLite's file")
on_postgres = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite has no roles, and no such statistics"
)


INNOCENT = (
    {"changed": {"fields": ["Token", "name"]}},
    {"added": {"name": "token", "object": "tsr_0a1b2c3d"}},
)
"""What the admin logged of a user, and is no key of the peer's."""

WITHOUT_KEYS = {(None, "", "[]"), ("…", "ada", ""), *(("…", "ada", json.dumps([each])) for each in INNOCENT)}
"""What is left of its log."""


@pytest.fixture
def keys(user):
    """Those of 300 users, and those that another 300 had before; the admin logged some."""
    if connection.vendor == "sqlite":
        execute("PRAGMA secure_delete = OFF")  # Some builds have it on.
    make_table()
    users = User.objects.bulk_create(User(username=f"user-{number}") for number in range(600))
    keys = sorted(secrets.token_hex(20) for _ in users)  # So that those deleted long before had pages of their own.
    for key, each in zip(keys, users, strict=True):
        keep(key, each.pk)
    kind = ContentType.objects.create(app_label="authtoken", model="token")
    for key in (keys[0], keys[-1]):
        LogEntry.objects.create(
            user=user, content_type=kind, object_id=key, object_repr=key, action_flag=ADDITION, change_message="[]"
        )
        for change in ({"added": {"name": "Token", "object": key}}, *INNOCENT):
            LogEntry.objects.log_actions(user.pk, [user], CHANGE, [change])
    execute("DELETE FROM authtoken_token WHERE user_id > %s", users[299].pk)
    execute("ANALYZE TABLE authtoken_token" if connection.vendor == "mysql" else "ANALYZE")
    yield keys
    drop_table()


def logged():
    """What the admin's log still tells."""
    told = LogEntry.objects.values_list("object_id", "object_repr", "change_message")
    return {(number and "…", name, message) for number, name, message in told}


def in_files(keys):
    """Those that SQLite's file has, or what lies beside it."""
    file = Path(connection.settings_dict["NAME"])
    text = b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))
    return [key for key in keys if key.encode() in text]


@on_sqlite
@pytest.mark.parametrize("journal", ["delete", "wal", "persist"])
def test_no_file_holds_a_key_not_even_one_that_was_deleted_long_before(keys, journal):
    execute(f"PRAGMA journal_mode = {journal}")
    called("tessera", "adopt", "authtoken")
    assert in_files(keys)

    out, _ = called("tessera", "adopt", "authtoken", "--finish")

    found = in_files(keys)
    execute("PRAGMA journal_mode = delete")
    assert (found, kept(), out[:20]) == ([], [], "Keys scrubbed: 300. ")
    assert [opens(key) for key in (keys[0], keys[299], keys[300])] == [True, True, False]
    assert logged() == WITHOUT_KEYS


@on_postgres
def test_neither_a_table_nor_a_statistic_holds_a_key(keys):
    called("tessera", "adopt", "authtoken")
    assert samples(keys)

    out, _ = called("tessera", "adopt", "authtoken", "--finish")

    assert (samples(keys), kept(), "write-ahead log" in out) == ([], [], True)
    assert logged() == WITHOUT_KEYS


def samples(keys):
    with connection.cursor() as cursor:
        cursor.execute("SELECT histogram_bounds::text, most_common_vals::text FROM pg_stats")
        text = str(cursor.fetchall())
    return [key for key in keys if key in text]


def test_it_refuses_while_a_key_has_not_been_adopted(keys):
    with pytest.raises(CommandError, match=r"^Keys not adopted yet: 300\."):
        called("tessera", "adopt", "authtoken", "--finish")

    assert kept() == sorted(keys[:300])


def test_it_refuses_while_the_package_would_put_new_keys_there(keys, monkeypatch):
    is_installed = apps.is_installed
    called("tessera", "adopt", "authtoken")
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "rest_framework.authtoken" or is_installed(name))

    with pytest.raises(CommandError, match="still in INSTALLED_APPS"):
        called("tessera", "adopt", "authtoken", "--finish")

    assert kept() == sorted(keys[:300])


@on_postgres
def test_a_role_that_does_not_own_the_table_is_told_who_may(keys):
    called("tessera", "adopt", "authtoken")
    execute("CREATE ROLE clerk")
    execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk")
    execute("SET ROLE clerk")

    try:
        with pytest.raises(CommandError, match=r"must be owner(.|\n)+Let the owner of authtoken_token and django_ad"):
            called("tessera", "adopt", "authtoken", "--finish")
    finally:
        execute("RESET ROLE")
        execute("DROP OWNED BY clerk")
        execute("DROP ROLE clerk")

    assert kept() == sorted(keys[:300])


@on_sqlite
def test_while_another_has_the_file_it_says_what_to_do_and_the_next_run_completes(keys):
    execute("PRAGMA journal_mode = wal")
    called("tessera", "adopt", "authtoken")
    execute("PRAGMA busy_timeout = 100")
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM authtoken_token")

    with pytest.raises(CommandError, match="run this again"):
        called("tessera", "adopt", "authtoken", "--finish")

    assert kept() == sorted(keys[:300])
    other.close()
    called("tessera", "adopt", "authtoken", "--finish")
    found = in_files(keys)
    execute("PRAGMA journal_mode = delete")
    assert found == []
