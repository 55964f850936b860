"""Every credential carries its purpose, and one purpose is never accepted for another."""

import secrets

import pytest

from tessera import Ask, Kind, Purpose, issue, replace, verify
from tessera.engine.keyring import keyring
from tessera.engine.policy import PURPOSES
from tessera.errors import InvalidAsk, Malformed, Unknown, WrongPurpose
from tessera.format.opaque import MINTED, mint

DIAGONAL = {
    (Kind.SIGN_IN, Purpose.ACCESS),
    (Kind.PERSONAL, Purpose.PERSONAL),
    (Kind.MACHINE, Purpose.ACCESS),
    (Kind.ADOPTED, Purpose.ADOPTED),
    (Kind.LETTER, Purpose.LETTER),
}
SHUT = (WrongPurpose, Malformed)
"""How a door says that it does not admit a purpose: it does not even look at an adopted key."""

MATRIX = [
    pytest.param(kind, purpose, (kind, purpose) in DIAGONAL, id=f"{kind} token as {purpose.name.lower()}")
    for kind in Kind
    for purpose in Purpose
]


@pytest.mark.parametrize(("kind", "purpose", "opens"), MATRIX)
def test_a_secret_opens_the_door_of_its_own_purpose_alone(hand_out, kind, purpose, opens):
    issued = hand_out(kind=kind)

    try:
        principal = verify(issued.secret, accept={purpose})
    except SHUT:
        principal = None

    assert (principal is not None) is opens


@pytest.mark.parametrize(("kind", "purpose", "opens"), MATRIX)
def test_a_secret_is_replaced_at_the_door_of_its_own_purpose_alone(hand_out, kind, purpose, opens):
    issued = hand_out(kind=kind)

    try:
        fresh = replace(issued.secret, accept={purpose})
    except SHUT:
        verify(issued.secret, accept=set(Purpose))
        fresh = None

    assert (fresh is not None) is opens


@pytest.mark.parametrize("kind", Kind)
def test_a_door_that_admits_every_purpose_but_its_own_stays_shut(hand_out, kind):
    issued = hand_out(kind=kind)
    own = {purpose for its, purpose in DIAGONAL if its == kind}

    with pytest.raises(SHUT):
        verify(issued.secret, accept=set(Purpose) - own)


def test_an_adopted_key_is_replaced_by_a_token_of_the_purpose_of_its_kind(hand_out):
    adopted = hand_out(kind=Kind.ADOPTED)

    fresh = replace(adopted.secret, accept={Purpose.ADOPTED})

    assert fresh.secret.startswith("tsra_")
    assert verify(fresh.secret, accept={Purpose.ACCESS}).grant_id == adopted.grant.pk
    with pytest.raises(Unknown):
        verify(adopted.secret, accept=set(Purpose))


def test_none_is_issued_that_only_another_package_could_have_made(user):
    with pytest.raises(InvalidAsk):
        issue(Ask(subject=user, kind=Kind.ADOPTED))


@pytest.mark.parametrize("purpose", sorted(MINTED - {Purpose.PERSONAL}))
def test_a_row_does_not_take_another_purpose_for_its_own(hand_out, purpose):
    issued = hand_out()
    other, _ = mint("tsr", purpose, issued.grant.pk, secrets.token_bytes(32), keyring()[0])

    with pytest.raises(Unknown):
        verify(other, accept=set(Purpose))


@pytest.mark.parametrize("kind", [Kind.PERSONAL, Kind.ADOPTED, Kind.LETTER])
def test_a_wrong_purpose_is_refused_without_a_query(hand_out, django_assert_num_queries, kind):
    issued = hand_out(kind=kind)

    with django_assert_num_queries(0), pytest.raises(SHUT):
        verify(issued.secret, accept={Purpose.REFRESH})


def test_every_kind_has_a_purpose():
    assert set(PURPOSES) == set(Kind)


def test_a_door_says_what_it_admits(hand_out):
    issued = hand_out()

    with pytest.raises(TypeError, match="accept"):
        verify(issued.secret)  # type: ignore[call-arg]
