"""One refresh token in many hands at once; and a refresh in the middle of which something else happens."""

import json
import sys
from collections import Counter
from datetime import timedelta
from threading import Barrier

import pytest

from tessera import revoke, verify
from tessera.errors import Reused, Revoked, Unknown
from tessera.models import Grant
from tessera.signals import reuse_detected
from tests.credentials import DOORS, PAIR, opens, secrets_of, traded
from tests.processes import PATIENCE, on_a_database
from tests.racing import JOURNALS, SETUP, at_once, before_writing, in_the_journal, meanwhile, rows_written
from tests.recording import listening

MINUTE = timedelta(minutes=1)

# Each of them has a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("journal", JOURNALS)
def test_of_fifty_threads_one_rotates_and_all_get_the_same_pair(hand_out, clock, journal):
    first, all_have_read = hand_out(**PAIR), Barrier(50)

    def refresh():
        with rows_written() as counts, before_writing(lambda: all_have_read.wait(PATIENCE)):
            return secrets_of(traded(first)), counts

    with in_the_journal(journal):
        told = at_once(*[refresh] * 50)

    ((access, _),) = {pair for pair, _ in told}
    assert Counter(count for _, counts in told for count in counts) == {0: 49, 1: 1}
    assert Grant.objects.get().generation == 1
    assert opens(access)


PROCESSES, THREADS = 4, 5

SHARED = """
import json
from multiprocessing import get_context

import tessera
from tests.racing import at_once, before_writing, rows_written

connection.close()
fork = get_context("fork")
all_have_read, told = fork.Barrier(int(sys.argv[2]) * int(sys.argv[3])), fork.SimpleQueue()

def refresh():
    with rows_written() as counts, before_writing(lambda: all_have_read.wait(60)):
        issued = tessera.redeem(sys.argv[1], accept={tessera.Purpose.REFRESH})
    told.put(((issued.secret, issued.refresh_secret), counts))

def work():
    at_once(*[refresh] * int(sys.argv[3]))

processes = [fork.Process(target=work) for _ in range(int(sys.argv[2]))]
for each in processes:
    each.start()
print(json.dumps([told.get() for _ in range(int(sys.argv[2]) * int(sys.argv[3]))]))
for each in processes:
    each.join()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forks no process")
@pytest.mark.parametrize("journal", JOURNALS)
def test_of_several_processes_with_threads_one_rotates_and_all_get_the_same_pair(hand_out, journal):
    first = hand_out(**PAIR)

    with in_the_journal(journal):
        done = on_a_database(SETUP + SHARED, first.refresh_secret, str(PROCESSES), str(THREADS))

    assert done.stderr == ""
    told = json.loads(done.stdout)
    ((access, _),) = {tuple(pair) for pair, _ in told}
    assert Counter(count for _, counts in told for count in counts) == {0: PROCESSES * THREADS - 1, 1: 1}
    assert opens(access)


@pytest.mark.parametrize(
    ("end", "error"),
    [
        pytest.param(revoke, Revoked, id="revoked"),
        pytest.param(lambda grant: revoke(subject=grant.subject), Revoked, id="revoked with all of the user's"),
        pytest.param(lambda grant: grant.subject.delete(), Unknown, id="deleted with its user"),
    ],
)
def test_what_ends_before_it_is_rotated_is_not_rotated(hand_out, end, error):
    first = hand_out(**PAIR)

    with before_writing(lambda: meanwhile(lambda: end(first.grant))), pytest.raises(error):
        traded(first)

    assert not opens(first.secret)


def test_of_a_log_in_and_an_end_of_all_the_later_one_decides(hand_out, user):
    """A row that is not there yet is not ended, and one that is not there any more is not made."""
    made = []

    with before_writing(lambda: made.append(meanwhile(lambda: hand_out(**PAIR)))):
        ended = revoke(subject=user)
    late = hand_out(**PAIR)

    assert (ended, opens(made[0].secret), opens(late.secret)) == (1, False, True)


def test_a_retry_that_was_overtaken_by_the_first_use_of_the_pair_ends_the_grant(hand_out, clock):
    first = hand_out(**PAIR)
    second = traded(first)
    clock.turn(MINUTE)

    with before_writing(lambda: meanwhile(lambda: opens(second.secret))), pytest.raises(Reused):
        traded(first)

    assert not opens(second.secret)


def test_a_reuse_that_was_overtaken_by_a_log_out_rewrites_no_history(hand_out, clock):
    first = hand_out(**PAIR)
    traded(traded(first))

    with (
        listening(reuse_detected) as reuses,
        before_writing(lambda: meanwhile(lambda: revoke(first.grant, reason="log-out"))),
        pytest.raises(Revoked),
    ):
        traded(first)

    assert (Grant.objects.get().revoked_reason, reuses) == ("log-out", [])


def test_two_retries_at_once_get_the_same_pair(hand_out, clock):
    first = hand_out(**PAIR)
    traded(first)
    clock.turn(MINUTE)
    others = []

    with before_writing(lambda: others.append(meanwhile(lambda: traded(first)))):
        mine = traded(first)

    assert secrets_of(mine) == secrets_of(others[0])
    assert Grant.objects.get().generation == 2


def test_a_late_writer_of_the_generation_before_does_not_mark_the_pair_as_seen(hand_out, clock):
    first, made = hand_out(**PAIR), []

    with before_writing(lambda: made.append(meanwhile(lambda: traded(first)))):
        verify(first.secret, accept=DOORS)

    assert (Grant.objects.get().seen_at, Grant.objects.get().last_used_at) == (None, None)
    clock.turn(MINUTE)
    assert secrets_of(traded(first)) != secrets_of(made[0])


def test_nor_does_the_access_token_before_while_it_is_good(hand_out, clock):
    first = hand_out(**PAIR)
    traded(first)

    assert opens(first.secret)

    clock.turn(MINUTE)
    assert opens(traded(first).secret)


def test_what_was_revoked_before_its_use_is_written_stays_so(hand_out, clock):
    issued = hand_out(idle_lifetime=MINUTE)

    with before_writing(lambda: meanwhile(lambda: revoke(issued.grant))):
        verify(issued.secret, accept=DOORS)

    assert not opens(issued.secret)
    assert Grant.objects.get().last_used_at is None
