"""A stolen refresh token, used by its thief and by its owner: one of the two finds out, and the grant ends.

The server cannot tell the two apart, so it does not matter who leads. Nor can it be told from a lost answer as long as
nobody has used the pair that was given for it.
"""

from datetime import timedelta

import pytest

from tessera.errors import Reused, Revoked
from tessera.models import Grant
from tests.credentials import PAIR, opens, secrets_of, traded

WINDOW, RETRY_LIMIT = timedelta(seconds=10), timedelta(days=1)
MOMENT = timedelta(seconds=1)

# A refresh marks its pair as seen at a commit.
pytestmark = pytest.mark.django_db(transaction=True)

FOUND, SHARED, SUPERSEDED = "found", "shared", "superseded"

AFTER_ONE_REFRESH = {
    # How long after the leader the other comes: what that becomes if nobody has used the pair, and if somebody has.
    WINDOW - MOMENT: (SHARED, SHARED),  # It could be another tab.
    WINDOW: (SUPERSEDED, FOUND),  # The answer could be lost; but whoever has used the pair has got it.
    RETRY_LIMIT - MOMENT: (SUPERSEDED, FOUND),
    RETRY_LIMIT: (FOUND, FOUND),  # Nobody is without a network for that long.
}
AFTER_MORE = (FOUND, FOUND)  # Somebody has traded the next one, so he had got it.


@pytest.mark.parametrize(("leader", "loser"), [("thief", "owner"), ("owner", "thief")])
@pytest.mark.parametrize("lead", [1, 2, 3, 10], ids="leads by {}".format)
@pytest.mark.parametrize("pause", AFTER_ONE_REFRESH, ids=str)
@pytest.mark.parametrize("is_used", [False, True], ids=["silent", "used"])
def test_whoever_leads_and_by_whatever_the_grant_ends(hand_out, clock, leader, loser, lead, pause, is_used):
    has = dict.fromkeys((leader, loser), hand_out(**PAIR))

    def go_on(steps):
        for _ in range(steps):
            clock.turn(MOMENT)
            has[leader] = traded(has[leader])
        assert not is_used or opens(has[leader].secret)

    go_on(lead)
    clock.turn(pause)
    told = refresh(loser, has)
    assert told == (AFTER_ONE_REFRESH[pause] if lead == 1 else AFTER_MORE)[is_used]

    if told == SHARED:  # They have one token again. It is as before, so the loser has to come as soon each time.
        go_on(1)
        clock.turn(WINDOW)
        told = refresh(loser, has)
    if told == SUPERSEDED:  # The leader is behind now.
        assert not opens(has[leader].secret)
        told = refresh(leader, has)
    assert told == FOUND
    assert not any(opens(each.secret) for each in has.values())
    assert Grant.objects.get().revoked_reason == "reuse"


def refresh(who, has):
    """What becomes of one of the two who refreshes with what he has."""
    try:
        pair = traded(has[who])
    except Reused:
        return FOUND
    is_shared = secrets_of(pair) in map(secrets_of, has.values())
    has[who] = pair
    return SHARED if is_shared else SUPERSEDED


def test_a_thief_has_to_follow_each_refresh_within_the_window(hand_out, clock):
    owner = thief = hand_out(**PAIR)
    for _ in range(5):
        clock.turn(timedelta(minutes=15))
        owner = traded(owner)
        assert opens(owner.secret)
        clock.turn(WINDOW - MOMENT)
        thief = traded(thief)
        assert secrets_of(thief) == secrets_of(owner)
    owner = traded(owner)
    assert opens(owner.secret)
    clock.turn(WINDOW)

    with pytest.raises(Reused):
        traded(thief)

    with pytest.raises(Revoked):
        traded(owner)
