"""The row, as people see it."""

from datetime import timedelta

import pytest

from tessera import revoke
from tessera.models import Grant, State

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("lifetime", "age", "state"),
    [
        pytest.param(DAY, DAY - timedelta(seconds=1), State.LIVE, id="a second before its end"),
        pytest.param(DAY, DAY, State.EXPIRED, id="at its end"),
        pytest.param("never", 9999 * DAY, State.LIVE, id="without an end"),
    ],
)
def test_a_grant_lives_until_its_end(clock, hand_out, lifetime, age, state):
    grant = hand_out(lifetime=lifetime).grant

    clock.turn(age)

    assert Grant.objects.get(pk=grant.pk).state(clock()) is state


@pytest.mark.parametrize(
    ("lifetime", "age"),
    [
        pytest.param(DAY, 0 * DAY, id="before its end"),
        pytest.param(DAY, 2 * DAY, id="past its end"),
        pytest.param("never", 0 * DAY, id="without an end"),
    ],
)
def test_a_revoked_grant_is_revoked_whatever_its_end(clock, hand_out, lifetime, age):
    grant = hand_out(lifetime=lifetime).grant

    revoke(grant)
    clock.turn(age)

    assert Grant.objects.get(pk=grant.pk).state(clock()) is State.REVOKED
