"""A renewal in the middle of which something else happens, and one whose server dies."""

from datetime import timedelta
from threading import Barrier

import pytest

from tessera import revoke
from tessera.engine.renewal import renew
from tessera.errors import PasswordChanged, Reused, Revoked
from tessera.models import Grant
from tests.credentials import PAIR, REFRESH, opens, secrets_of, traded
from tests.engine.redemption.test_refresh_orders import change_password, orders
from tests.processes import PATIENCE
from tests.racing import JOURNALS, at_once, before_writing, in_a_process, in_order, in_the_journal, meanwhile

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# Each of them has a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def renewed(issued, lifetime=HOUR):
    return renew(issued.refresh_secret, accept=REFRESH, client=None, lifetime=lifetime)


@pytest.mark.parametrize("journal", JOURNALS)
def test_of_twenty_renewals_at_once_all_succeed_and_the_longest_counts(hand_out, clock, journal):
    first, all_have_read = hand_out(**PAIR), Barrier(20)

    def renewal(minutes):
        with before_writing(lambda: all_have_read.wait(PATIENCE)):
            return renewed(first, minutes * MINUTE).access_ends_at

    with in_the_journal(journal):
        ends = at_once(*[lambda minutes=minutes: renewal(minutes) for minutes in range(16, 36)])

    assert sorted(ends) == [clock() + minutes * MINUTE for minutes in range(16, 36)]
    assert Grant.objects.get().access_expires_at == clock() + 35 * MINUTE
    assert Grant.objects.get().generation == 0


@pytest.mark.parametrize("order", orders(tab=2, end=1), ids=" ".join)
def test_after_a_revocation_nothing_works_whatever_was_under_way(hand_out, clock, order):
    first = hand_out(**PAIR)

    told = in_order(order, {"tab": lambda: renewed(first), "end": lambda: revoke(first.grant)})["tab"]

    assert isinstance(told, Revoked if order != ("tab", "tab", "end") else Grant)
    assert not opens(first.secret)
    with pytest.raises(Revoked):
        renewed(first)


@pytest.mark.parametrize("order", orders(tab=2, other=2), ids=" ".join)
def test_a_renewal_beside_a_trade_is_good_for_the_pair_that_there_is(hand_out, clock, order):
    first = hand_out(**PAIR)

    results = in_order(order, {"tab": lambda: renewed(first), "other": lambda: traded(first)})

    latest = Grant.objects.get()
    assert results["other"].grant.generation == latest.generation == 1
    assert bytes(results["tab"].access_digest) in map(
        bytes, (latest.access_digest, latest.previous_access_digest or b"")
    )
    assert opens(results["other"].secret)


@pytest.mark.parametrize("order", orders(tab=2, change=1), ids=" ".join)
def test_no_renewal_outlives_another_password_that_it_has_missed(hand_out, user, clock, order):
    first = hand_out(**PAIR)

    told = in_order(order, {"tab": lambda: renewed(first), "change": lambda: change_password(user)})["tab"]

    assert isinstance(told, Grant | PasswordChanged)
    assert not opens(first.secret)
    with pytest.raises(PasswordChanged):
        renewed(first)


def test_a_renewal_that_was_overtaken_by_a_trade_is_of_the_pair_that_there_is(hand_out, clock):
    first = hand_out(**PAIR)

    with before_writing(lambda: meanwhile(lambda: traded(first))):
        grant = renewed(first)

    assert grant.generation == 1
    assert bytes(grant.access_digest) == bytes(Grant.objects.get().access_digest)


def test_one_that_was_overtaken_by_another_password_is_refused(hand_out, user, clock):
    first = hand_out(**PAIR)

    def change():
        user.set_password("countess-1852")
        user.save()
        Grant.objects.update(fingerprint=b"another")

    with before_writing(lambda: meanwhile(change)), pytest.raises(PasswordChanged):
        renewed(first)


def test_a_reuse_that_was_overtaken_by_a_log_out_rewrites_no_history(hand_out, clock):
    first = hand_out(**PAIR)
    traded(traded(first))

    with (
        before_writing(lambda: meanwhile(lambda: revoke(first.grant, reason="log-out"))),
        pytest.raises(Revoked),
    ):
        renewed(first)

    assert Grant.objects.get().revoked_reason == "log-out"


def test_of_two_that_reuse_at_once_one_ends_the_sign_in_and_both_are_refused(hand_out, clock):
    first = hand_out(**PAIR)
    second = traded(traded(first))

    results = in_order(("tab", "other", "tab", "other"), {name: lambda: renewed(first) for name in ("tab", "other")})

    assert sorted(type(told).__name__ for told in results.values()) == [Reused.__name__, Revoked.__name__]
    assert not opens(second.secret)


SERVER = """
from datetime import timedelta
from tessera import Purpose
from tessera.engine.renewal import renew
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
    renew(secret, accept={Purpose.REFRESH}, client=None, lifetime=timedelta(hours=1))
os._exit(9)
"""


@pytest.mark.parametrize("journal", JOURNALS)
@pytest.mark.parametrize("moment", ["before SELECT", "after SELECT", "before UPDATE", "after UPDATE", "at the answer"])
def test_a_client_whose_server_dies_renews_with_the_token_that_it_has(hand_out, moment, journal):
    first = hand_out(**PAIR)

    with in_the_journal(journal):
        ended = in_a_process(SERVER, moment, first.refresh_secret)
        again = renewed(first)

    assert (ended, again.generation) == (9, 0)
    assert opens(first.secret)
    assert secrets_of(traded(first)) != secrets_of(first)
