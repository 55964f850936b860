"""`manage.py tessera adopt knox`: whoever was signed in by knox stays signed in, until knox would have ended it."""

import hashlib
import json
import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.db import connection
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tessera import Kind, Purpose, drf, revoke, verify
from tessera.conf import peppers
from tessera.dialects import authtoken
from tessera.engine.keyring import keyring
from tessera.engine.packages import packages
from tessera.engine.pruning import prune
from tessera.errors import InvalidCredential
from tessera.format.foreign import readings
from tessera.models import Grant
from tests.credentials import bearing, opens
from tests.former import SINCE, before_5, drop_table, execute, keep, keep_knox, make_knox_table, make_table, since_5
from tests.management.terminal import called
from tests.processes import on_a_database
from tests.traces import rows, traces

ADOPTED = frozenset({Purpose.ADOPTED})
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)


def grant_of(token):
    return Grant.objects.get(pk=verify(token, accept=ADOPTED).grant_id)


BY_KNOX = """
settings.INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "knox"]
settings.REST_KNOX = {"TOKEN_PREFIX": ""}
import django, json
django.setup()
from datetime import timedelta
from django.contrib.auth.models import User
from django.core.management import call_command
from knox.models import AuthToken
call_command("migrate", "knox", verbosity=0)
ada = User.objects.filter(username="ada").first()
asked = ({}, {"expiry": timedelta(days=3)}, {"expiry": None}, {"prefix": "app_"}, {"prefix": "a-mobile-client:"})
made = [AuthToken.objects.create(ada, **each) for each in asked if ada]
print(json.dumps([[row.digest, token] for row, token in made]))
"""
"""What the package itself does, in a process in which it is installed."""


def kept_by_knox():
    done = on_a_database(BY_KNOX)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture
def by_knox(transactional_db):
    """Its own migrations, undone in the end."""
    yield kept_by_knox
    drop_table("knox_authtoken")
    execute("DELETE FROM django_migrations WHERE app = 'knox'")


@pytest.fixture
def token():
    return secrets.token_hex(32)


@pytest.fixture
def table(tables):
    make_knox_table()


def of_knox(settings, **told):
    settings.REST_KNOX = told


def test_tokens_that_knox_itself_made_speak_for_their_user_until_their_end(by_knox, user):
    made = by_knox()
    before = dict(called_for("SELECT digest, expiry FROM knox_authtoken"))

    called("tessera", "adopt", "knox")
    out, _ = called("tessera", "adopt", "knox", "--verify")

    grants = {token: grant_of(token) for _, token in made}
    assert {grant.subject for grant in grants.values()} == {user}
    assert {grants[token].ends_at for digest, token in made if before[digest]} == ends(before)
    assert out == "Keys found: 5; compared: 5; the same: 5, over before: 0, ended here since: 0.\n"


def called_for(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def ends(before):
    operations: Any = connection.ops
    read = operations.convert_datetimefield_value if connection.vendor == "sqlite" else lambda end, *_: end
    return {read(end, None, connection) for end in before.values() if end}


@pytest.mark.skipif("connection.vendor == 'mysql'", reason="MariaDB names an index for each foreign key by itself")
def test_the_table_of_these_tests_is_the_one_that_knox_makes(by_knox):
    by_knox()
    real = described()
    drop_table("knox_authtoken")

    make_knox_table()

    assert described() == real


def described():
    """The columns and the constraints, whatever they are called."""
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, "knox_authtoken")
        constraints: dict[str, Any] = dict(connection.introspection.get_constraints(cursor, "knox_authtoken"))
    parts = ("columns", "primary_key", "unique", "index", "foreign_key")
    # PostgreSQL's indexes for LIKE are no affair of ours.
    told = {str([each[part] for part in parts]) for name, each in constraints.items() if not name.endswith("_like")}
    return {(column.name, column.type_code, column.display_size, column.null_ok) for column in columns}, told


@pytest.mark.parametrize("digest", [since_5, before_5], ids=["of version 5", "of version 4"])
def test_a_token_of_either_version_works_from_the_digest_alone(table, user, token, digest, django_assert_num_queries):
    keep_knox(token, user.pk, digest=digest)
    called("tessera", "adopt", "knox")
    verify(token, accept=ADOPTED)

    with django_assert_num_queries(1):
        principal = verify(token, accept=ADOPTED)

    grant = Grant.objects.get()
    assert (principal.subject, principal.client, grant.kind, grant.created_at) == (user, "knox", Kind.ADOPTED, SINCE)


def test_under_an_older_pepper_too_it_costs_one_query(table, user, token, settings, django_assert_num_queries):
    keep_knox(token, user.pk, digest=before_5)
    called("tessera", "adopt", "knox")
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["x" * 32, *peppers()], "LAST_USED_INTERVAL": None}

    with django_assert_num_queries(1):
        principal = verify(token, accept=ADOPTED)

    assert principal.subject == user


def test_what_has_ended_does_not_come_back_not_even_once_prune_was_there(table, user, clock, token):
    keep_knox(token, user.pk)
    called("tessera", "adopt", "knox")
    revoke(grant_of(token))
    clock.turn(2 * YEAR)
    pruned = prune()

    out, _ = called("tessera", "adopt", "knox", "--json")

    assert (pruned, json.loads(out)["already_here"], opens(token)) == (0, 1, False)


def test_neither_the_token_nor_knoxs_digest_of_it_is_in_our_rows(table, user, token):
    keep_knox(token, user.pk)
    called("tessera", "adopt", "knox")

    ours = [value for place, value in rows(connection) if place.startswith("tessera_")]
    values = [value if isinstance(value, bytes) else str(value) for value in ours]
    assert [trace for value in values for trace in traces(value, token, since_5(token))] == []


def test_it_ends_when_knox_would_have_ended_it_and_what_has_expired_is_not_adopted(table, user, clock):
    tokens = [secrets.token_hex(32) for _ in range(3)]
    for token, expiry in zip(tokens, (clock() + HOUR, clock(), None), strict=True):
        keep_knox(token, user.pk, expiry)

    out, _ = called("tessera", "adopt", "knox", "--lifetime", "90d")

    assert out == (
        "Keys found: 3; adopted: 2, already here: 0, with a later end now: 0, expired: 1, without a user: 0, "
        "that can open nothing: 0.\n"
    )
    assert [opens(token) for token in tokens] == [True, False, True]
    assert set(Grant.objects.values_list("ends_at", flat=True)) == {clock() + HOUR, clock() + 90 * DAY}


def test_without_an_end_it_gets_the_sites_own(table, user, clock, token):
    keep_knox(token, user.pk)

    called("tessera", "adopt", "knox")

    assert Grant.objects.get().ends_at == clock() + YEAR


@pytest.mark.parametrize(
    ("told", "created", "expiry", "idle", "latest"),
    [
        pytest.param({}, -HOUR, 9 * HOUR, 10 * HOUR, YEAR, id="as it was made"),
        pytest.param({}, -5 * DAY, 9 * HOUR, 10 * HOUR, YEAR, id="renewed many times"),
        pytest.param({}, -HOUR / 2, HOUR / 2, HOUR, YEAR, id="with an hour of its own"),
        pytest.param({}, -DAY, 29 * DAY, 29 * DAY, YEAR, id="with thirty days of its own"),
        pytest.param({}, -YEAR, 29 * DAY, 29 * DAY, YEAR, id="renewed when more was usual"),
        pytest.param({"TOKEN_TTL": None}, -DAY, DAY, 2 * DAY, YEAR, id="where others never end"),
        pytest.param({"AUTO_REFRESH_MAX_TTL": 3 * DAY}, -DAY, HOUR, 10 * HOUR, 2 * DAY, id="with a cap"),
        pytest.param({"AUTO_REFRESH_MAX_TTL": DAY}, -2 * DAY, HOUR, 10 * HOUR, HOUR, id="past the cap"),
        pytest.param({"AUTO_REFRESH_MAX_TTL": timedelta.max}, -DAY, HOUR, 10 * HOUR, None, id="with a cap past all"),
        pytest.param({"AUTO_REFRESH": False}, -HOUR, 9 * HOUR, None, None, id="where use puts nothing off"),
    ],
)
def test_auto_refresh_puts_the_end_off_by_the_tokens_own_span(
    table, user, clock, settings, token, told, created, expiry, idle, latest
):
    of_knox(settings, **{"AUTO_REFRESH": True, **told})
    keep_knox(token, user.pk, clock() + expiry, clock() + created)

    called("tessera", "adopt", "knox")

    grant = Grant.objects.get()
    assert (grant.ends_at, grant.idle_lifetime) == (clock() + expiry, idle)
    assert grant.expires_at == (latest and clock() + latest)


@pytest.mark.parametrize("interval", [HOUR, None], ids=str)
def test_it_slides_as_it_is_used(table, user, clock, settings, token, django_capture_on_commit_callbacks, interval):
    of_knox(settings, AUTO_REFRESH=True)
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": interval}
    keep_knox(token, user.pk, clock() + HOUR, clock() - 9 * HOUR)
    called("tessera", "adopt", "knox")
    clock.turn(HOUR / 2)

    with django_capture_on_commit_callbacks(execute=True):
        verify(token, accept=ADOPTED)

    assert Grant.objects.get().ends_at == clock() + 10 * HOUR
    proved, _ = called("tessera", "adopt", "knox", "--verify", "--json")
    assert json.loads(proved)["same"] == 1


def test_what_knox_renewed_since_is_put_off_by_the_next_run_and_nothing_else_is(table, user, clock, settings):
    of_knox(settings, AUTO_REFRESH=True)
    renewed, ended, left = (secrets.token_hex(32) for _ in range(3))
    for token in (renewed, ended, left):
        keep_knox(token, user.pk, clock() + HOUR, clock())
    called("tessera", "adopt", "knox")
    revoked = verify(ended, accept=ADOPTED).grant_id
    Grant.objects.filter(pk=revoked).update(ends_at=SINCE, revoked_at=clock())
    later = connection.ops.adapt_datetimefield_value(clock() + 9 * HOUR)
    execute("UPDATE knox_authtoken SET expiry = %s WHERE digest <> %s", later, since_5(left))

    dry, _ = called("tessera", "adopt", "knox", "--dry-run", "--json")
    out, _ = called("tessera", "adopt", "knox", "--json")

    counted = {"adopted": 0, "already_here": 2, "put_off": 1, "expired": 0, "without_user": 0, "unfit": 0}
    assert (json.loads(dry), json.loads(out)) == ({"found": 3, **counted},) * 2
    assert grant_of(renewed).ends_at == clock() + 9 * HOUR
    assert [opens(ended), grant_of(left).ends_at] == [False, clock() + HOUR]


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        ("hashlib.sha512", "sha512"),
        ("hashlib.sha256", "sha256"),
        ("hashlib.sha3_512", "sha3_512"),
        ("hashlib.md5", "md5"),
        ("cryptography.hazmat.primitives.hashes.SHA512", "sha512"),
        ("cryptography.hazmat.primitives.hashes.SHA3_256", "sha3_256"),
        (f"{__name__}.of_the_site", "blake2s"),
    ],
)
@pytest.mark.parametrize("version", [since_5, before_5])
def test_the_hash_is_the_one_that_the_site_told_knox(table, user, settings, token, algorithm, name, version):
    of_knox(settings, SECURE_HASH_ALGORITHM=algorithm)

    def digest(token):
        return version(token, name)

    keep_knox(token, user.pk, digest=digest)

    called("tessera", "adopt", "knox")

    assert opens(token)


def of_the_site():
    return hashlib.blake2s()


def test_a_digest_of_another_hash_opens_nothing_as_with_knox(table, user, token):
    keep_knox(token, user.pk, digest=lambda token: since_5(token, "sha256"))

    out, _ = called("tessera", "adopt", "knox", "--json")

    assert (json.loads(out)["unfit"], json.loads(out)["adopted"], Grant.objects.count()) == (1, 0, 0)


@pytest.mark.parametrize(
    "algorithm", ["hashlib.nothing", "nowhere.at_all", "hashlib.shake_128", "builtins.dict", 3, [], None]
)
def test_a_hash_that_is_none_refuses_the_client_and_tells_the_operator(table, user, settings, token, algorithm):
    keep_knox(token, user.pk)
    called("tessera", "adopt", "knox")
    of_knox(settings, SECURE_HASH_ALGORITHM=algorithm)

    with pytest.raises(InvalidCredential):
        verify(token, accept=ADOPTED)
    with pytest.raises(CommandError, match="REST_KNOX"):
        called("tessera", "adopt", "knox")


@pytest.mark.parametrize("length", [0, -2, 1, "64", None, 10**30, float("inf"), [64]])
def test_a_length_that_is_none_makes_no_word_a_token_of_knox(settings, length):
    of_knox(settings, AUTH_TOKEN_CHARACTER_LENGTH=length)

    assert [package.name for package in packages()] == ["authtoken"]


@pytest.mark.parametrize(("length", "made"), [(64, 64), (40, 40), (41, 40), (32, 32), (128, 128), (200, 200)])
def test_tokens_of_the_length_that_the_site_told_knox_are_read(table, user, settings, length, made):
    of_knox(settings, AUTH_TOKEN_CHARACTER_LENGTH=length)
    plain, prefixed = secrets.token_hex(made // 2), f"note{secrets.token_hex(made // 2)}"
    keep_knox(plain, user.pk, digest=before_5)
    keep_knox(prefixed, user.pk)

    called("tessera", "adopt", "knox")

    assert [opens(token) for token in (plain, prefixed)] == [True, True]


@pytest.mark.parametrize(
    ("door", "statuses"),
    [(authtoken.TokenAuthentication, [200, 200]), (drf.TokenAuthentication, [401, 401])],
    ids=["of a dialect", "native"],
)
def test_a_door_for_adopted_keys_is_for_those_of_any_package(table, user, token, door, statuses):
    class Door(APIView):
        authentication_classes = (door,)
        permission_classes = (IsAuthenticated,)

        def get(self, request):
            return Response(request.user.username)

    make_table()
    keep("a" * 40, user.pk)
    keep_knox(token, user.pk)
    called("tessera", "adopt", "authtoken")
    called("tessera", "adopt", "knox")

    requests = [APIRequestFactory().get("/", headers=bearing(each)) for each in ("a" * 40, token)]

    assert [Door.as_view()(request).status_code for request in requests] == statuses


def test_a_key_of_authtoken_is_read_no_more_often_for_the_sake_of_knox(settings):
    counts = {
        word: len(readings(word.encode(), keyring()[:1], packages()))
        for word in ("a" * 40, "test-key", "a" * 64, "note" + "a" * 64, "g" * 64, "a" * 63)
    }

    assert counts == {"a" * 40: 1, "test-key": 1, "a" * 64: 2, "note" + "a" * 64: 1, "g" * 64: 0, "a" * 63: 0}


@pytest.mark.parametrize("where", ["REST_KNOX", "KNOX_TOKEN_MODEL"])
def test_the_table_of_a_model_of_the_sites_own_is_found_by_the_name_in_its_settings(
    tables, user, settings, token, where
):
    make_knox_table("accounts_devicetoken")
    keep_knox(token, user.pk, table="accounts_devicetoken")
    model = "accounts.DeviceToken"
    of_knox(settings, **({"TOKEN_MODEL": model} if where == "REST_KNOX" else {}))
    settings.KNOX_TOKEN_MODEL = model if where == "KNOX_TOKEN_MODEL" else "knox.AuthToken"

    called("tessera", "adopt", "knox")
    user.delete()

    assert (Grant.objects.count(), called_for("SELECT * FROM accounts_devicetoken")) == (0, [])
    drop_table("accounts_devicetoken")


def test_a_model_that_is_installed_says_its_table_itself(tables, user, settings, token, monkeypatch):
    of_knox(settings, TOKEN_MODEL="a.B")
    make_knox_table("keys_of_old")
    keep_knox(token, user.pk, table="keys_of_old")
    get_model = apps.get_model
    monkeypatch.setattr(
        apps, "get_model", lambda label, **told: Renamed if label == "a.B" else get_model(label, **told)
    )

    called("tessera", "adopt", "knox")

    assert opens(token)
    drop_table("keys_of_old")


class Renamed:
    class _meta:  # noqa: N801
        db_table = "keys_of_old"


def test_a_table_whose_name_nothing_tells_any_more_is_named_by_hand(tables, user, token):
    make_knox_table("keys_of_old")
    keep_knox(token, user.pk, table="keys_of_old")

    out, _ = called("tessera", "adopt", "knox", "--table", "keys_of_old", "--json")

    assert (json.loads(out)["adopted"], opens(token)) == (1, True)
    drop_table("keys_of_old")


def test_what_has_no_user_is_counted_and_left(tables, user, token):
    make_knox_table(constrained=False)
    keep_knox(token, user.pk + 1)

    out, _ = called("tessera", "adopt", "knox", "--json")

    assert (json.loads(out)["without_user"], Grant.objects.count()) == (1, 0)


def test_a_user_whose_tokens_were_left_behind_can_be_deleted_and_they_go_too(table, user, token):
    keep_knox(token, user.pk)
    called("tessera", "adopt", "knox")

    user.delete()

    assert (called_for("SELECT * FROM knox_authtoken"), Grant.objects.count(), opens(token)) == ([], 0, False)
    assert User.objects.count() == 0
