"""`manage.py tessera adopt authtoken`: nobody is logged out when a site moves in."""

import json
import logging
import signal
from datetime import UTC, datetime, timedelta
from io import StringIO
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from tessera import Kind, Purpose, replace, revoke, verify
from tessera.conf import peppers
from tessera.engine.pruning import prune
from tessera.engine.rows import foreign
from tessera.models import Grant
from tessera.signals import token_issued
from tests.credentials import opens
from tests.former import SINCE, drop_table, keep, kept, make_table
from tests.management.terminal import called, read
from tests.processes import on_a_database
from tests.traces import rows, traces

ADOPTED = frozenset({Purpose.ADOPTED})
YEAR = timedelta(days=365)


@pytest.fixture
def users(tables):
    make_table()
    return [User.objects.create_user(f"user-{number}", password=str(number)) for number in range(5)]


@pytest.fixture
def keys(users):
    """A key for each, of which one was made up by hand."""
    keys = [*(f"{number:040x}" for number in range(4)), "clé"]
    for key, user in zip(keys, users, strict=True):
        keep(key, user.pk)
    return keys


def whose(keys):
    return [verify(key, accept=ADOPTED).subject for key in keys]


def test_every_key_works_and_the_table_stays_as_the_way_back(users, keys, clock):
    out, err = called("tessera", "adopt", "authtoken")

    assert out == ("Keys found: 5; adopted: 5, already here: 0, without a user: 0, that can open nothing: 0.\n")
    assert set(Grant.objects.values_list("client", "kind", "created_at", "ends_at", "last_used_at")) == {
        ("authtoken", "adopted", SINCE, clock() + YEAR, None)
    }
    assert (err, whose(keys), kept()) == ("", users, sorted(keys))


def test_no_row_of_ours_holds_a_key(users, keys):
    called("tessera", "adopt", "authtoken")

    ours = [(place, value) for place, value in rows(connection) if place.startswith("tessera_")]
    values = [value if isinstance(value, bytes) else str(value) for _, value in ours]
    assert [trace for value in values for trace in traces(value, *keys)] == []


def test_a_second_run_finds_them_all_here(users, keys):
    called("tessera", "adopt", "authtoken")
    before = list(Grant.objects.values().order_by("pk"))

    out, _ = called("tessera", "adopt", "authtoken", "--lifetime", "never", "--json")

    assert json.loads(out) == {"found": 5, "adopted": 0, "already_here": 5, "without_user": 0, "unfit": 0}
    assert list(Grant.objects.values().order_by("pk")) == before


def test_a_dry_run_counts_and_writes_nothing(users, keys, caplog):
    caplog.set_level(logging.INFO, "tessera")

    out, _ = called("tessera", "adopt", "authtoken", "--dry-run")

    assert out.startswith("Keys found: 5; would be adopted: 5, already here: 0,")
    assert (Grant.objects.count(), caplog.messages) == (0, [])


@pytest.mark.parametrize(
    ("lifetime", "ends_in"), [("90d", timedelta(days=90)), ("2w", timedelta(days=14)), ("never", None)]
)
def test_they_live_as_long_from_now_as_is_said(users, keys, clock, lifetime, ends_in):
    called("tessera", "adopt", "authtoken", "--lifetime", lifetime)

    assert set(Grant.objects.values_list("ends_at", flat=True)) == {ends_in and clock() + ends_in}


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda key: revoke(Grant.objects.get()), id="revoked"),
        pytest.param(lambda key: replace(key, accept=ADOPTED), id="replaced"),
        pytest.param(lambda key: Grant.objects.update(ends_at=SINCE), id="expired"),
    ],
)
@pytest.mark.parametrize("later", [0, 1], ids=["under its pepper", "under an older pepper"])
def test_what_has_ended_does_not_come_back_not_even_once_prune_was_there(users, clock, settings, end, later):
    keep("test-key", users[0].pk)
    called("tessera", "adopt", "authtoken")
    end("test-key")
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": ["x" * 32, "y" * 32][:later] + list(peppers())}
    clock.turn(2 * YEAR)
    pruned = prune()

    out, _ = called("tessera", "adopt", "authtoken", "--json")

    assert (pruned, json.loads(out)["already_here"], opens("test-key")) == (0, 1, False)


def test_once_the_table_holds_no_keys_prune_takes_their_rows_too(users, keys, clock):
    called("tessera", "adopt", "authtoken")
    revoke(*Grant.objects.all())
    clock.turn(2 * YEAR)

    drop_table()

    assert prune() == 5


def test_what_has_no_user_and_what_no_request_can_carry_is_counted_and_left(tables):
    make_table(constrained=False)
    user = User.objects.create_user("ada")
    for number, key in enumerate(["two words", "\N{SNOWMAN}\n", "gone"]):
        keep(key, user.pk + 1 + number)
    keep("test-key", user.pk)

    out, _ = called("tessera", "adopt", "authtoken", "--json")

    assert json.loads(out) == {"found": 4, "adopted": 1, "already_here": 0, "without_user": 1, "unfit": 2}
    assert whose(["test-key"]) == [user]


def test_a_user_who_is_inactive_keeps_the_key_for_when_he_is_back(users, keys):
    User.objects.update(is_active=False)
    called("tessera", "adopt", "authtoken")
    refused = [opens(key) for key in keys]

    User.objects.update(is_active=True)

    assert (refused, whose(keys)) == ([False] * 5, users)


def test_they_end_with_the_password_unless_the_site_says_otherwise(users, keys, settings):
    called("tessera", "adopt", "authtoken")
    User.objects.filter(pk=users[0].pk).update(password="another")
    ended = opens(keys[0])
    Grant.objects.all().delete()
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": ["adopted"]}
    called("tessera", "adopt", "authtoken")

    User.objects.update(password="a third")

    assert (ended, whose(keys)) == (False, users)


def test_without_the_table_there_is_nothing_to_adopt(db):
    with pytest.raises(CommandError, match=r'^The database "default" has no table authtoken_token'):
        called("tessera", "adopt", "authtoken")


def test_an_empty_table_is_no_error(users):
    out, _ = called("tessera", "adopt", "authtoken")

    assert out.startswith("Keys found: 0;")


def test_a_package_that_is_not_known_is_an_error_of_usage(capsys):
    code, _, err = read(capsys, "tessera", "adopt", "nothing")

    assert (code, "invalid choice: 'nothing'" in err) == (2, True)


def test_many_are_adopted_a_page_at_a_time_with_one_line_in_the_log_and_no_signal(users, keys, caplog, monkeypatch):
    monkeypatch.setattr(foreign, "PAGE", 2)
    caplog.set_level(logging.INFO, "tessera")
    heard = []

    def hear(**told):
        heard.append(told)

    token_issued.connect(hear)

    called("tessera", "adopt", "authtoken")

    assert (whose(keys), heard) == (users, [])
    assert caplog.messages == ["adopted 5 client='authtoken'"]


class Terminal(StringIO):
    def isatty(self):
        return True


def test_at_a_terminal_a_bar_shows_how_far_it_has_come(users, keys, monkeypatch):
    monkeypatch.setattr(foreign, "PAGE", 2)
    out, err = StringIO(), Terminal()

    call_command("tessera", "adopt", "authtoken", stdout=out, stderr=err)

    assert err.getvalue().split("\r")[1:] == [
        "[================                        ] 2 of 5",
        "[================================        ] 4 of 5",
        "[========================================] 5 of 5\n",
    ]
    assert out.getvalue().startswith("Keys found: 5;")


KILLED = """
import django
django.setup()
import os, signal
from django.core.management import call_command
from tessera.engine.adoption import table
from tessera.engine.rows import foreign

foreign.PAGE = 2
steps = table._adopt_page
def step(*args, **options):
    if done := getattr(step, "done", 0) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    step.done = getattr(step, "done", 0) + 1
    return steps(*args, **options)
table._adopt_page = step
call_command("tessera", "adopt", "authtoken")
"""


@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_killed_is_completed_by_the_next(users, keys):
    done = on_a_database(KILLED)
    half = Grant.objects.count()

    out, _ = called("tessera", "adopt", "authtoken", "--json")

    assert (done.returncode, half) == (-signal.SIGKILL, 4)
    assert json.loads(out) == {"found": 5, "adopted": 1, "already_here": 4, "without_user": 0, "unfit": 0}
    assert whose(keys) == users


def test_a_key_that_was_adopted_by_another_run_meanwhile_stays_as_it_is(users, keys):
    called("tessera", "adopt", "authtoken")
    revoke(*Grant.objects.all())

    with patch("tessera.engine.adoption.table.here", return_value=set()):
        called("tessera", "adopt", "authtoken")

    assert (Grant.objects.count(), [opens(key) for key in keys]) == (5, [False] * 5)


@pytest.mark.parametrize("zone", ["UTC", "America/Chicago"])
def test_the_time_of_their_making_is_right_without_time_zones_too(users, settings, clock, zone):
    settings.USE_TZ, settings.TIME_ZONE = False, zone
    local = datetime(2020, 2, 20, 14, 20) if zone != "UTC" else datetime(2020, 2, 20, 20, 20)  # noqa: DTZ001
    keep("test-key", users[0].pk, local)

    called("tessera", "adopt", "authtoken")

    assert Grant.objects.get().created_at == datetime(2020, 2, 20, 20, 20, tzinfo=UTC)
    assert Grant.objects.get().kind == Kind.ADOPTED
