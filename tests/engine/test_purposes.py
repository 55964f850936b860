"""Every credential carries its purpose, and one purpose is never accepted for another."""

import secrets

import pytest

from tessera import Ask, Kind, Purpose, issue, replace, verify
from tessera.engine.keyring import keyring
from tessera.engine.policy import PURPOSES
from tessera.errors import Unknown, WrongPurpose
from tessera.format.opaque import mint

DIAGONAL = {(Kind.SIGN_IN, Purpose.ACCESS), (Kind.PERSONAL, Purpose.PERSONAL), (Kind.MACHINE, Purpose.ACCESS)}
MATRIX = [
    pytest.param(kind, purpose, (kind, purpose) in DIAGONAL, id=f"{kind} token as {purpose.name.lower()}")
    for kind in Kind
    for purpose in Purpose
]


@pytest.mark.parametrize(("kind", "purpose", "opens"), MATRIX)
def test_a_secret_opens_the_door_of_its_own_purpose_alone(user, kind, purpose, opens):
    issued = issue(Ask(subject=user, kind=kind))

    try:
        principal = verify(issued.secret, accept={purpose})
    except WrongPurpose:
        principal = None

    assert (principal is not None) is opens


@pytest.mark.parametrize(("kind", "purpose", "opens"), MATRIX)
def test_a_secret_is_replaced_at_the_door_of_its_own_purpose_alone(user, kind, purpose, opens):
    issued = issue(Ask(subject=user, kind=kind))

    try:
        fresh = replace(issued.secret, accept={purpose})
    except WrongPurpose:
        verify(issued.secret, accept=set(Purpose))
        fresh = None

    assert (fresh is not None) is opens


@pytest.mark.parametrize("kind", Kind)
def test_a_door_that_admits_every_purpose_but_its_own_stays_shut(user, kind):
    issued = issue(Ask(subject=user, kind=kind))

    with pytest.raises(WrongPurpose):
        verify(issued.secret, accept=set(Purpose) - {PURPOSES[kind]})


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.PERSONAL}))
def test_a_row_does_not_take_another_purpose_for_its_own(hand_out, purpose):
    issued = hand_out()
    other, _ = mint("tsr", purpose, issued.grant.pk, secrets.token_bytes(32), keyring()[0])

    with pytest.raises(Unknown):
        verify(other, accept=set(Purpose))


def test_a_wrong_purpose_is_refused_without_a_query(hand_out, django_assert_num_queries):
    issued = hand_out()

    with django_assert_num_queries(0), pytest.raises(WrongPurpose):
        verify(issued.secret, accept={Purpose.REFRESH})


def test_every_kind_has_a_purpose():
    assert set(PURPOSES) == set(Kind)


def test_a_door_says_what_it_admits(hand_out):
    issued = hand_out()

    with pytest.raises(TypeError, match="accept"):
        verify(issued.secret)  # type: ignore[call-arg]
