"""The one SELECT of `verify`, which a cursor runs: it answers what the ORM would. Other user models: `tests/sites`."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db.models.sql import Query

from tessera import Issued, Kind, Purpose, redeem, revoke
from tessera.engine.rows.standing import Standing, standing_of, use_is_due
from tessera.models import Grant

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def found(issued: Issued, now: datetime) -> Standing:
    standing = standing_of([issued.grant.pk.bytes], now)
    assert standing is not None
    return standing


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param({}, id="a user's"),
        pytest.param(
            {"client": "wéb", "label": "lap%stop", "scope": frozenset({"read", "100%s"})}, id="with all texts"
        ),
        pytest.param({"lifetime": "never"}, id="without an end"),
        pytest.param({"subject": None, "kind": Kind.MACHINE}, id="a machine's"),
        pytest.param({"kind": Kind.ADOPTED}, id="an adopted one"),
    ],
)
def test_it_is_what_the_orm_reads(settings, hand_out, clock, ask):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {"read": "All", "100%s": "All"}}
    issued = hand_out(**ask)

    standing = found(issued, clock.time)

    read = Grant.objects.select_related("subject").get(pk=issued.grant.pk)
    told = {name: getattr(read, name) for name in Standing._fields if not name.startswith("is_")}
    assert standing == Standing(**told, is_live=True, is_use_due=True)
    assert vars_of(standing.subject) == vars_of(read.subject)


def vars_of(user):
    return user and {name: value for name, value in vars(user).items() if name != "_state"}


def test_its_user_is_as_good_as_one_that_was_read(hand_out, user, clock, django_assert_num_queries):
    subject = found(hand_out(), clock.time).subject

    assert isinstance(subject, User)
    with django_assert_num_queries(0):
        deferred, state, joined = subject.get_deferred_fields(), subject._state, subject.date_joined
    assert (deferred, state.db, state.adding, joined) == (set(), "default", False, user.date_joined)


def test_what_is_not_there_has_none(db, clock):
    assert standing_of([UUID(int=1).bytes], clock.time) is None


def test_one_of_several_ids_is_enough(hand_out, clock):
    issued = hand_out()

    standing = standing_of([row.bytes for row in (UUID(int=1), issued.grant.pk, UUID(int=2))], clock.time)

    assert standing == found(issued, clock.time)


def test_it_says_whether_the_clock_accepts_it(clock, hand_out):
    sign_in = {"kind": Kind.SIGN_IN, "may_refresh": True}
    live, revoked, expired, pair = hand_out(), hand_out(), hand_out(lifetime=HOUR), hand_out(**sign_in)
    revoke(revoked.grant)
    clock.turn(HOUR)
    young = hand_out(**sign_in)

    standings = [found(each, clock.time) for each in (live, young, revoked, expired, pair)]

    assert [standing.is_live for standing in standings] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("due_in", "is_due"),
    [
        pytest.param(None, True, id="at the next"),
        pytest.param(timedelta(microseconds=-1), True, id="before"),
        pytest.param(timedelta(0), True, id="then"),
        pytest.param(timedelta(microseconds=1), False, id="after"),
    ],
)
def test_a_use_is_due_from_the_moment_on_that_the_row_names(hand_out, clock, due_in, is_due):
    issued = hand_out()
    rows = Grant.objects.filter(pk=issued.grant.pk)
    rows.update(use_due_at=due_in if due_in is None else clock.time + due_in)

    standing = found(issued, clock.time)

    assert (standing.is_use_due, rows.filter(use_is_due(clock.time, is_recorded=True)).exists()) == (is_due, is_due)


def test_the_first_use_of_a_pair_is_due_whatever_else_the_row_says(hand_out, clock):
    first = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    second = redeem(first.refresh_secret, accept={Purpose.REFRESH})
    Grant.objects.update(use_due_at=clock.time + HOUR)

    assert found(second, clock.time).is_use_due


def test_the_statement_is_compiled_once(hand_out, clock, monkeypatch):
    first, second = hand_out(), hand_out()
    found(first, clock.time)
    monkeypatch.setattr(Query, "get_compiler", None)

    standing = found(second, clock.time)

    assert standing.fingerprint == second.grant.fingerprint


def test_a_token_that_has_ended_stays_so_where_a_test_changes_how_time_is_kept(hand_out, clock, settings):
    found(hand_out(), clock.time)
    settings.USE_TZ, settings.TIME_ZONE = False, "America/Chicago"
    issued = hand_out(lifetime=HOUR)
    clock.turn(HOUR)

    standing = found(issued, clock.time)

    assert not standing.is_live
