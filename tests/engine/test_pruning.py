"""Rows of what ended long ago go; everything else stays."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tessera import Ask, Kind, issue, revoke
from tessera.engine import pruning
from tessera.engine.pruning import prune
from tessera.models import Grant
from tests.racing import at_once, in_a_process, meanwhile

HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lifetime", "is_revoked", "after"),
    [
        pytest.param(HOUR, False, HOUR, id="an hour's"),
        pytest.param(365 * DAY, False, 365 * DAY, id="a year's"),
        pytest.param(365 * DAY, True, 0 * DAY, id="a year's, revoked"),
        pytest.param("never", True, 0 * DAY, id="never ending, revoked"),
    ],
)
def test_a_row_stays_for_the_retention_after_its_end(clock, hand_out, lifetime, is_revoked, after):
    grant = hand_out(lifetime=lifetime).grant
    if is_revoked:
        revoke(grant)
    clock.turn(after + 30 * DAY)
    at_the_edge = prune(), Grant.objects.count()

    clock.turn(MICROSECOND)

    assert at_the_edge == (0, 1)
    assert (prune(), Grant.objects.count()) == (1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("retention", [pytest.param(7 * DAY, id="a week"), pytest.param(0 * DAY, id="none")])
def test_the_retention_is_the_sites(settings, clock, hand_out, retention):
    settings.TESSERA = {**settings.TESSERA, "RETENTION": retention}
    hand_out(lifetime=HOUR)
    clock.turn(HOUR + retention)
    at_the_edge = prune()

    clock.turn(MICROSECOND)

    assert (at_the_edge, prune()) == (0, 1)


@pytest.mark.django_db
def test_what_never_ends_stays_for_ever(clock, hand_out):
    hand_out(lifetime="never")
    issue(Ask(subject=None, kind=Kind.MACHINE, lifetime="never"))

    clock.turn(365_000 * DAY)

    assert (prune(), Grant.objects.count()) == (0, 2)


@pytest.mark.django_db
def test_a_revocation_long_after_its_making_counts_from_the_revocation(clock, hand_out):
    grant = hand_out(lifetime="never").grant
    clock.turn(1_000 * DAY)
    revoke(grant)

    clock.turn(30 * DAY)

    assert (prune(), Grant.objects.count()) == (0, 1)


@pytest.mark.django_db
def test_an_empty_table_is_no_work():
    assert prune() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "looks"),
    [
        pytest.param(3, 1, id="less than a batch"),
        pytest.param(4, 2, id="a batch"),
        pytest.param(5, 2, id="a batch and one"),
        pytest.param(12, 4, id="three batches"),
    ],
)
def test_it_walks_the_whole_table_a_batch_at_a_time(monkeypatch, clock, hand_out, rows, looks):
    monkeypatch.setattr(pruning, "BATCH", 4)
    for number in range(rows):
        clock.turn(-HOUR)  # The later a row was written, the earlier its key: the order of writing is none to walk in.
        hand_out(label=f"{number}", lifetime=HOUR if number % 2 else "never")
    clock.turn(rows * HOUR + 31 * DAY)

    with CaptureQueriesContext(connection) as queries:
        gone = prune()

    assert gone == rows // 2
    assert set(Grant.objects.values_list("label", flat=True)) == {f"{number}" for number in range(0, rows, 2)}
    looked = [sql for sql in (query["sql"] for query in queries) if sql.startswith("SELECT") and "tessera_grant" in sql]
    assert len(looked) == looks


@pytest.mark.django_db
def test_it_rests_after_each_step_as_long_as_the_step_took(monkeypatch, clock, hand_out):
    monkeypatch.setattr(pruning, "BATCH", 1)
    seconds = iter([0.0, 2.0, 2.0, 7.0, 7.0])
    rests: list[float] = []
    monkeypatch.setattr(pruning, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(pruning, "sleep", rests.append)
    for label in ("one", "two"):
        hand_out(label=label)

    prune()

    assert rests == [2.0, 5.0]


@pytest.mark.django_db
def test_a_second_sweep_finds_nothing(clock, hand_out):
    hand_out(lifetime=HOUR)
    clock.turn(31 * DAY)

    assert [prune(), prune()] == [1, 0]


WORKER = """
from datetime import timedelta
from tessera import clock
from tessera.engine import pruning
pruning.BATCH = 4
later = clock.now() + timedelta(days=31)
clock.set_source(lambda: later)
word, number, is_after = sys.argv[1], int(sys.argv[2]), len(sys.argv) == 4
seen = []

def killed(execute, sql, *rest):
    if "tessera_grant" not in sql:
        return execute(sql, *rest)
    seen.append(sql.split()[0])
    is_time = sql.startswith(word) and seen.count(word) == number
    if is_time and not is_after:
        os._exit(9)
    result = execute(sql, *rest)
    if is_time:
        os._exit(9)
    return result

with connection.execute_wrapper(killed):
    pruning.prune()
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("moment", "left"),
    [
        pytest.param(["DELETE", "2"], 6, id="before its second writing"),
        pytest.param(["DELETE", "2", "after"], 6, id="before the commit of its second writing"),
        pytest.param(["SELECT", "3"], 2, id="after the commit of its second writing"),
    ],
)
def test_a_sweep_killed_half_way_has_done_half_and_the_next_does_the_rest(clock, hand_out, moment, left):
    clock.time = datetime.now(UTC)  # The other process has no other.
    for _ in range(10):
        hand_out(lifetime=HOUR)
    clock.turn(timedelta(milliseconds=1))
    stays = hand_out(lifetime="never").grant

    ended = in_a_process(WORKER, *moment)

    clock.turn(31 * DAY)
    assert ended == 9
    assert (prune(), Grant.objects.get()) == (left, stays)


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_share_the_work(monkeypatch, clock, hand_out):
    monkeypatch.setattr(pruning, "BATCH", 5)
    for _ in range(60):
        hand_out(lifetime=HOUR)
    clock.turn(31 * DAY)

    gone = at_once(prune, prune)

    assert (sum(gone), Grant.objects.count()) == (60, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="elsewhere who deletes has locked what he looks at")
def test_neither_of_two_sweeps_waits_for_the_other(clock, hand_out):
    for _ in range(3):
        hand_out(lifetime=HOUR)
    clock.turn(31 * DAY)

    with transaction.atomic():
        first = prune()
        second = meanwhile(prune)

    assert (first, second, Grant.objects.count()) == (3, 0, 0)


@pytest.mark.django_db
def test_no_user_goes_with_a_row(clock, hand_out):
    hand_out(lifetime=HOUR)
    clock.turn(31 * DAY)

    prune()

    assert User.objects.count() == 1
