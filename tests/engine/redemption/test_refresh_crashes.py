"""A server that dies in the middle of a refresh: its client goes on with the token that it has last received."""

import json
import sys
from datetime import timedelta

import pytest

from tessera import clock, redeem
from tessera.models import Grant
from tessera.testing import Clock
from tests.credentials import PAIR, REFRESH, opens, traded
from tests.processes import on_a_database
from tests.racing import JOURNALS, SETUP, in_a_process, in_the_journal

# Another process sees what was committed.
pytestmark = pytest.mark.django_db(transaction=True)

SERVER = """
from tessera import Purpose, redeem
moment, secret = sys.argv[1:]

def killed(execute, sql, *rest):
    word = sql.split()[0]
    if moment == f"before {word}":
        os._exit(9)
    result = execute(sql, *rest)
    if moment == f"after {word}":
        os._exit(9)
    return result

with connection.execute_wrapper(killed):
    redeem(secret, accept={Purpose.REFRESH})
os._exit(9)
"""


AT_ONCE, LATER = timedelta(0), timedelta(minutes=1)


@pytest.mark.parametrize("journal", JOURNALS)
@pytest.mark.parametrize(
    ("moment", "retried", "rotations"),
    [
        ("before SELECT", AT_ONCE, 1),
        ("after SELECT", AT_ONCE, 1),
        ("before UPDATE", AT_ONCE, 1),
        pytest.param("after UPDATE", AT_ONCE, 1, id="after UPDATE, told again"),
        pytest.param("after UPDATE", LATER, 2, id="after UPDATE, made good by another"),
        pytest.param("before the answer", AT_ONCE, 1, id="before the answer, told again"),
        pytest.param("before the answer", LATER, 2, id="before the answer, made good by another"),
    ],
)
def test_a_client_whose_server_dies_gets_a_pair_with_the_token_that_it_has(
    hand_out, moment, retried, rotations, journal
):
    first = hand_out(**PAIR)

    with in_the_journal(journal):
        ended = in_a_process(SERVER, moment, first.refresh_secret)
        with Clock(clock.now() + retried):
            second = traded(first)
            reached, is_open = second.grant.generation, opens(second.secret)
            third = traded(second)

    assert (ended, reached, is_open) == (9, rotations, True)
    assert third.grant.generation == rotations + 1
    assert Grant.objects.count() == 1


KILLS = 30

SERVERS = """
import json
import random
import signal
from tessera import Purpose, redeem
from tessera.models import Grant

def answer(secret, out):
    secret = redeem(secret, accept={Purpose.REFRESH}).refresh_secret
    os.write(out, secret.encode() + b" ")
    return secret

def answer_until_the_end(secret, out):
    secret = answer(secret, out)
    # Nobody hears this signal: the kernel ends the process, wherever that is by then.
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.001, 0.02))
    while True:
        secret = answer(secret, out)

latest, lost = sys.argv[1], 0
for _ in range(int(sys.argv[2])):
    connection.close()
    into, out = os.pipe()
    server = os.fork()
    if not server:
        answer_until_the_end(latest, out)
    os.close(out)
    with os.fdopen(into) as pipe:
        latest = pipe.read().split()[-1]
    assert os.WTERMSIG(os.waitpid(server, 0)[1]) == signal.SIGALRM
    lost += Grant.objects.get().generation - int(latest[37:45], 16)
print(json.dumps([latest, lost]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forks no process")
@pytest.mark.parametrize("journal", JOURNALS)
def test_servers_killed_at_any_moment_leave_the_client_its_sign_in(hand_out, journal):
    first = hand_out(**PAIR)

    with in_the_journal(journal):
        done = on_a_database(SETUP + SERVERS, str(first.refresh_secret), str(KILLS))

    assert done.stderr == ""
    latest, lost = json.loads(done.stdout)
    assert redeem(latest, accept=REFRESH).grant.revoked_at is None
    assert 0 <= lost <= KILLS
