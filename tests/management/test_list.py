"""`manage.py tessera list`: what there is, for people and for machines."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tessera import Ask, Kind, Purpose, issue, revoke, verify
from tessera.engine.rows import lookup
from tests.management.terminal import called, typed

DAY = timedelta(days=1)


@pytest.fixture
def of_each_state(scopes, clock, hand_out):
    """An expired, a revoked, a live one and a machine's, made one minute after the other."""
    asks: list[dict[str, Any]] = [
        {"label": "old phone", "lifetime": DAY},
        {"label": "stolen"},
        {"label": "laptop", "client": "cli", "scope": frozenset({"tracks:read"})},
        {"label": "backup", "kind": Kind.MACHINE, "subject": None, "lifetime": "never"},
    ]
    grants = []
    for ask in asks:
        grants.append(hand_out(**ask).grant)
        clock.turn(timedelta(minutes=1))
    clock.turn(2 * DAY)
    revoke(grants[1])
    return dict(zip(("expired", "revoked", "live", "machine"), grants, strict=True))


def test_people_see_the_live_ones_in_a_table_the_newest_first(of_each_state):
    live, machine = of_each_state["live"], of_each_state["machine"]

    out, err = called("tessera", "list")

    assert (err, out.splitlines()) == (
        "",
        [
            "HINT         ID                                   KIND     STATE   CREATED (UTC)    LAST USED        "
            "ENDS             USER             NAME",
            f"{machine.hint} {machine.pk} machine  live    2026-11-23 12:03 never            "
            "never            -                backup",
            f"{live.hint} {live.pk} personal live    2026-11-23 12:02 never            "
            "2027-11-23 12:02 ada              laptop",
        ],
    )


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 5])
def test_many_are_read_a_few_at_a_time_and_none_is_left_out(monkeypatch, hand_out, rows):
    monkeypatch.setattr(lookup, "BATCH", 2)
    for number in range(rows):
        hand_out(label=f"{number}")

    with CaptureQueriesContext(connection) as queries:
        out, _ = called("tessera", "list", "--json")

    assert {json.loads(line)["name"] for line in out.splitlines()} == {f"{number}" for number in range(rows)}
    assert len(out.splitlines()) == rows
    assert len(queries) == rows // 2 + 1


def test_all_shows_the_ended_ones_too_and_when_they_ended(of_each_state):
    out, _ = called("tessera", "list", "--all", "--json")

    told = [json.loads(line) for line in out.splitlines()]
    assert [(each["name"], each["state"], each["ends_at"]) for each in told] == [
        ("backup", "live", None),
        ("laptop", "live", "2027-11-23T12:02:00+00:00"),
        ("stolen", "revoked", "2026-11-25T12:04:00+00:00"),
        ("old phone", "expired", "2026-11-24T12:00:00+00:00"),
    ]


def test_machines_see_each_as_an_object_on_a_line_of_its_own(clock, of_each_state):
    live = of_each_state["live"]

    out, _ = called("tessera", "list", "ada", "--json")

    (line,) = out.splitlines()
    assert json.loads(line) == {
        "id": str(live.pk),
        "hint": live.hint,
        "user": "ada",
        "name": "laptop",
        "kind": "personal",
        "client": "cli",
        "scope": "tracks:read",
        "state": "live",
        "created_at": "2026-11-23T12:02:00+00:00",
        "last_used_at": None,
        "ends_at": "2027-11-23T12:02:00+00:00",
    }


def test_a_user_is_shown_his_own_and_nobody_elses(hand_out):
    issue(Ask(subject=User.objects.create_user("bob"), label="of bob"))
    hand_out(label="of ada")

    out, _ = called("tessera", "list", "ada", "--json")

    assert [json.loads(line)["name"] for line in out.splitlines()] == ["of ada"]


@pytest.mark.django_db(transaction=True)
def test_the_last_use_is_shown(clock, hand_out):
    verify(hand_out().secret, accept={Purpose.PERSONAL})

    out, _ = called("tessera", "list", "--json")

    assert json.loads(out)["last_used_at"] == "2026-11-23T12:00:00+00:00"


@pytest.mark.django_db(transaction=True)
def test_typed_at_a_terminal_it_says_no_secret_and_nothing_on_stderr(hand_out):
    secrets = [hand_out().secret for _ in range(3)]

    code, out, err = typed("tessera", "list", "--no-color")

    assert (code, len(out.splitlines()), err) == (0, 4, "")
    assert not [secret for secret in secrets if secret[37:] in out]


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        pytest.param("\x1b[2Jgone", r"\x1b[2Jgone", id="an escape sequence"),
        pytest.param("a\r\nb\tc", r"a\r\nb\tc", id="line ends and a tab"),
        pytest.param("\x9b31m", r"\x9b31m", id="an eight-bit escape"),
        pytest.param("a\u202eb", r"a\u202eb", id="a turn to the left"),
        pytest.param("läptop 机", "läptop 机", id="letters of other languages"),
    ],
)
def test_a_name_cannot_steer_the_terminal_of_whoever_reads_it(hand_out, label, shown):
    hand_out(label=label)

    out, _ = called("tessera", "list")

    assert out.split(" ada ")[1].strip() == shown


def test_a_list_costs_one_query_however_long_it_is(hand_out, django_assert_num_queries):
    for number in range(20):
        issue(Ask(subject=User.objects.create_user(f"user {number}")))

    with django_assert_num_queries(1):
        out, _ = called("tessera", "list")

    assert len(out.splitlines()) == 21


def test_an_empty_list_is_an_empty_list(user):
    assert called("tessera", "list", "ada", "--json") == ("", "")


@pytest.mark.django_db
def test_an_unknown_user_is_an_error_and_not_an_empty_list():
    with pytest.raises(CommandError, match=r"^There is no user bob\.$"):
        called("tessera", "list", "bob")
