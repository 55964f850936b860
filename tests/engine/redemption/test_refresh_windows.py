"""The two spans of a refresh at their edges: a site that wants none of them, and servers whose clocks differ."""

from datetime import timedelta

import pytest

from tessera.errors import Reused
from tessera.models import Grant
from tests.credentials import PAIR, opens, secrets_of, traded
from tests.racing import before_writing, meanwhile

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

# A refresh marks its pair as seen at a commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chosen(settings):
    def chosen(**names):
        settings.TESSERA = {**settings.TESSERA, **names}

    return chosen


@pytest.mark.parametrize("pause", [timedelta(0), SECOND])
def test_without_a_window_no_pair_is_told_twice_and_a_lost_answer_is_made_good(hand_out, clock, chosen, pause):
    chosen(REUSE_WINDOW=timedelta(0))
    first = hand_out(**PAIR)
    lost = traded(first)
    clock.turn(pause)

    second = traded(first)

    assert set(secrets_of(second)).isdisjoint(secrets_of(lost))
    assert [opens(each.secret) for each in (first, lost, second)] == [False, False, True]
    with pytest.raises(Reused):
        traded(lost)


def test_without_a_window_a_pair_that_was_used_ends_the_grant_at_once(hand_out, clock, chosen):
    chosen(REUSE_WINDOW=timedelta(0))
    first = hand_out(**PAIR)
    assert opens(traded(first).secret)

    with pytest.raises(Reused):
        traded(first)

    assert Grant.objects.get().nonce is None


def test_without_a_window_two_tabs_at_once_get_two_pairs_of_which_the_later_counts(hand_out, clock, chosen):
    chosen(REUSE_WINDOW=timedelta(0))
    first, others = hand_out(**PAIR), []

    with before_writing(lambda: others.append(meanwhile(lambda: traded(first)))):
        mine = traded(first)

    assert [opens(each.secret) for each in (others[0], mine)] == [False, True]


def test_without_a_retry_a_lost_answer_ends_the_grant_after_the_window(hand_out, clock, chosen):
    chosen(RETRY_LIMIT=timedelta(0))
    first = hand_out(**PAIR)
    second = traded(first)
    clock.turn(9 * SECOND)
    assert secrets_of(traded(first)) == secrets_of(second)
    clock.turn(SECOND)

    with pytest.raises(Reused):
        traded(first)


def test_without_either_a_token_is_good_for_one_refresh(hand_out, clock, chosen):
    chosen(REUSE_WINDOW=timedelta(0), RETRY_LIMIT=timedelta(0))
    first = hand_out(**PAIR)
    traded(first)

    with pytest.raises(Reused):
        traded(first)


SKEWS = [pytest.param(-2 * SECOND, id="the other is behind"), pytest.param(2 * SECOND, id="the other is ahead")]


@pytest.mark.parametrize("skew", SKEWS)
def test_a_reuse_is_found_at_a_server_whose_clock_differs(hand_out, clock, skew):
    first = hand_out(**PAIR)
    second = traded(first)
    clock.turn(skew)
    third = traded(second)
    clock.turn(-skew)

    with pytest.raises(Reused):
        traded(first)

    assert not opens(third.secret)


@pytest.mark.parametrize("skew", SKEWS)
def test_a_lost_answer_is_made_good_by_a_server_whose_clock_differs(hand_out, clock, skew):
    first = hand_out(**PAIR)
    traded(first)
    clock.turn(DAY - 3 * SECOND + skew)

    assert opens(traded(first).secret)
