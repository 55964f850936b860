"""The last use of a token: a statistic, written now and then, that costs no request anything."""

from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.db import InterfaceError, InternalError, OperationalError, connection, transaction
from django.urls import path
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from tessera import Issued, Kind, Purpose, redeem, verify
from tessera.drf.authentication import TokenAuthentication
from tessera.errors import Expired, Reused
from tessera.models import Grant
from tests.processes import PATIENCE
from tests.racing import at_once, before_writing, meanwhile, rows_written

MINUTE = timedelta(minutes=1)
PERSONAL = frozenset({Purpose.PERSONAL})

# What waits for a commit must see one.
pytestmark = pytest.mark.django_db(transaction=True)


def last_use(issued: Issued) -> datetime | None:
    when: datetime | None = Grant.objects.values_list("last_used_at", flat=True).get(pk=issued.grant.pk)
    return when


def test_a_token_that_nobody_used_has_no_last_use(hand_out):
    assert last_use(hand_out()) is None


@pytest.mark.parametrize(
    ("chosen", "uses"),
    [
        # Ten minutes, where nobody chose.
        pytest.param({}, [(0, True)], id="the first"),
        pytest.param({}, [(0, True), (0, False), (1, False), (9, False)], id="within the interval"),
        pytest.param({}, [(0, True), (10, True), (19, False), (20, True)], id="from its very end on"),
        pytest.param({}, [(0, True), (-5, False), (5, False), (10, True)], id="a clock that steps back"),
        pytest.param(
            {"LAST_USED_INTERVAL": timedelta(0)}, [(0, True), (1, True), (2, True)], id="each, with no interval"
        ),
        pytest.param(
            {"LAST_USED_INTERVAL": timedelta(days=36500)},
            [(0, True), (1, False), (500_000, False)],
            id="once, with an endless interval",
        ),
        pytest.param({"LAST_USED_INTERVAL": None}, [(0, False), (60, False), (500_000, False)], id="never"),
    ],
)
def test_the_last_use_is_written_once_an_interval(settings, clock, hand_out, chosen, uses):
    settings.TESSERA = {**settings.TESSERA, **chosen}
    issued, other, start = hand_out(), hand_out(), clock.time

    for minutes, is_written in uses:
        clock.turn(start + minutes * MINUTE - clock.time)
        with rows_written() as counts:
            verify(issued.secret, accept=PERSONAL)

        assert counts == [1] * is_written
        assert last_use(issued) == clock.time or not is_written
    assert last_use(other) is None


def test_another_interval_counts_from_the_next_recorded_use_on(settings, clock, hand_out):
    issued, start = hand_out(), clock.time
    verify(issued.secret, accept=PERSONAL)
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": MINUTE}

    written = []
    for minutes in (1, 9, 10, 11):
        clock.turn(start + minutes * MINUTE - clock.time)
        verify(issued.secret, accept=PERSONAL)
        written.append(last_use(issued) == clock.time)

    assert written == [False, False, True, True]


def test_where_no_use_is_recorded_each_pair_is_still_noted_once(settings, clock, hand_out):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": None}
    latest = hand_out(kind=Kind.SIGN_IN, may_refresh=True)

    writes = []
    for _ in range(2):
        latest = redeem(latest.refresh_secret or "", accept={Purpose.REFRESH})
        for _ in range(3):
            with rows_written() as counts:
                verify(latest.secret, accept={Purpose.ACCESS})
            writes.append(counts)

    assert writes == [[1], [], []] * 2
    assert last_use(latest) is None


def test_within_the_interval_a_request_is_one_query(client, hand_out, django_assert_num_queries):
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {hand_out().secret}")
    with django_assert_num_queries(2):
        client.get("/whoami/")

    with django_assert_num_queries(1):
        client.get("/whoami/")


@pytest.mark.parametrize("error", [OperationalError, InternalError, InterfaceError])
def test_a_database_that_refuses_writes_refuses_no_token(client, hand_out, caplog, error):
    issued = hand_out()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")

    with connection.execute_wrapper(refusing_writes(error)):
        answer = client.get("/whoami/")

    assert (answer.status_code, answer.json()) == (200, {"username": "ada"})
    assert (last_use(issued), [record for record in caplog.records if record.levelname == "ERROR"]) == (None, [])


def refusing_writes(error):
    def wrapper(execute, sql, params, many, context):
        if not sql.startswith("SELECT"):
            raise error("this server is a replica")
        return execute(sql, params, many, context)

    return wrapper


def test_a_site_that_commits_by_hand_gets_an_answer_and_no_statistic(hand_out, user):
    issued = hand_out()

    transaction.set_autocommit(False)
    try:
        principal = verify(issued.secret, accept=PERSONAL)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)

    assert (principal.subject, last_use(issued)) == (user, None)


def test_of_twenty_requests_at_once_one_writes(hand_out, clock):
    issued, all_have_read = hand_out(), Barrier(20)

    def use():
        with rows_written() as counts, before_writing(lambda: all_have_read.wait(PATIENCE)):
            verify(issued.secret, accept=PERSONAL)
        return counts

    counts = at_once(*[use] * 20)

    assert sorted(counts) == [[0]] * 19 + [[1]]
    assert last_use(issued) == clock.time


@api_view(["GET"])
@authentication_classes([TokenAuthentication])
def opens(request: Request) -> Response:
    """Says what kept somebody else from the row while this view ran."""
    locked = meanwhile(LOCK[connection.vendor])
    return Response({"in a transaction": connection.in_atomic_block, "locked out": locked and str(locked)})


@api_view(["GET"])
@authentication_classes([TokenAuthentication])
def not_found(request: Request) -> Response:
    raise NotFound


def lock_in_sqlite():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("ROLLBACK")


def lock_the_row():
    with transaction.atomic():
        list(Grant.objects.select_for_update(nowait=True))


LOCK = {"sqlite": lock_in_sqlite, "postgresql": lock_the_row, "mysql": lock_the_row}

urlpatterns = [path("opens/", opens), path("not-found/", not_found)]


@pytest.fixture
def atomic_requests(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


def test_under_atomic_requests_the_row_is_not_held_while_the_view_runs(client, clock, hand_out, atomic_requests):
    issued = hand_out()

    answer = client.get("/opens/", headers={"Authorization": f"Bearer {issued.secret}"})

    assert answer.json() == {"in a transaction": True, "locked out": None}
    assert last_use(issued) == clock.time


def test_a_view_that_is_rolled_back_takes_no_use_along(client, clock, hand_out, atomic_requests):
    issued = hand_out()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")

    refused = client.get("/not-found/")

    assert (refused.status_code, last_use(issued)) == (404, clock.time)


def test_a_first_request_that_is_rolled_back_shows_that_the_client_has_its_pair(
    client, clock, hand_out, atomic_requests
):
    first = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    second = redeem(first.refresh_secret, accept={Purpose.REFRESH})

    client.get("/not-found/", headers={"Authorization": f"Bearer {second.secret}"})

    clock.turn(MINUTE)
    with pytest.raises(Reused):
        redeem(first.refresh_secret, accept={Purpose.REFRESH})


def test_what_one_request_left_is_not_written_in_another(client, clock, hand_out, atomic_requests):
    one, other = hand_out(), hand_out()
    with transaction.atomic():
        verify(one.secret, accept=PERSONAL)
        transaction.set_rollback(True)
    client.get("/opens/", headers={"Authorization": f"Bearer {other.secret}"})
    Grant.objects.update(last_used_at=None, use_due_at=None)

    client.get("/not-found/")

    assert (last_use(one), last_use(other)) == (None, None)


def end_of(issued: Issued) -> datetime | None:
    end: datetime | None = Grant.objects.values_list("ends_at", flat=True).get(pk=issued.grant.pk)
    return end


@pytest.mark.parametrize("uses_zones", [True, False])
def test_each_recorded_use_puts_the_end_of_an_idle_token_off_until_its_last_day(settings, clock, hand_out, uses_zones):
    settings.USE_TZ, settings.TIME_ZONE = uses_zones, "America/Chicago"
    day, start = timedelta(days=1), clock.time
    capped, endless = hand_out(idle_lifetime=day, lifetime=3 * day), hand_out(idle_lifetime=day, lifetime="never")
    usual = hand_out()

    for hours in (20, 40, 60):
        clock.turn(start + timedelta(hours=hours) - clock.time)
        for each in (capped, endless, usual):
            verify(each.secret, accept=PERSONAL)

        assert end_of(capped) == min(clock.time + day, start + 3 * day)
        assert end_of(endless) == clock.time + day
        assert end_of(usual) == usual.ends_at


@pytest.mark.parametrize("interval", [timedelta(minutes=10), timedelta(seconds=10), None], ids=str)
def test_a_token_lives_for_its_idle_span_after_each_use_however_seldom_uses_are_recorded(
    settings, clock, hand_out, interval
):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": interval}
    issued = hand_out(idle_lifetime=5 * MINUTE)

    for _ in range(5):
        clock.turn(2 * MINUTE)
        verify(issued.secret, accept=PERSONAL)
        assert end_of(issued) == clock.time + 5 * MINUTE

    assert (last_use(issued) is None) == (interval is None)


@pytest.mark.parametrize("interval", [timedelta(minutes=10), timedelta(seconds=10), None], ids=str)
def test_a_token_whose_idle_span_is_short_lives_on_by_each_use(settings, clock, hand_out, interval):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": interval}
    issued = hand_out(idle_lifetime=MINUTE / 2)

    for _ in range(5):
        clock.turn(MINUTE / 3)
        verify(issued.secret, accept=PERSONAL)

        assert end_of(issued) == clock.time + MINUTE / 2


@pytest.mark.parametrize("interval", [timedelta(minutes=10), None], ids=str)
def test_the_end_of_an_idle_token_is_put_off_once_a_minute_at_most(settings, clock, hand_out, interval):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": interval}
    issued = hand_out(idle_lifetime=5 * MINUTE)
    verify(issued.secret, accept=PERSONAL)

    with rows_written() as before:
        clock.turn(MINUTE - timedelta(microseconds=1))
        verify(issued.secret, accept=PERSONAL)
    with rows_written() as after:
        clock.turn(timedelta(microseconds=1))
        verify(issued.secret, accept=PERSONAL)

    assert (before, after) == ([], [1])


def test_the_uses_of_a_token_that_lives_on_by_them_are_recorded_as_often_as_those_of_any(settings, clock, hand_out):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": timedelta(seconds=10)}
    idle, usual = hand_out(idle_lifetime=5 * MINUTE), hand_out()

    for _ in range(3):
        clock.turn(timedelta(seconds=10))
        for each in (idle, usual):
            verify(each.secret, accept=PERSONAL)

        assert (last_use(idle), last_use(usual)) == (clock.time, clock.time)


def test_a_token_that_lies_idle_ends(clock, hand_out):
    issued = hand_out(idle_lifetime=MINUTE)
    clock.turn(MINUTE)

    with pytest.raises(Expired):
        verify(issued.secret, accept=PERSONAL)
