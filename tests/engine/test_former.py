"""A JWT of the package that the site comes from, once it is taken over, is a credential like another."""

import pytest

from tessera import Kind, Purpose, redeem, verify
from tessera.engine.revocation import revoke_presented
from tessera.engine.verification import read
from tessera.errors import Revoked, WrongPurpose
from tessera.format.former import Former
from tessera.format.opaque import to_bytes


def former(secret, purpose, kind):
    """As if that secret had been told by the former package."""
    return Former(to_bytes(secret), read(secret, {purpose}, None)[0], kind, {"color": "green"})


def test_every_verb_takes_it_in_the_place_of_a_secret(user, hand_out):
    issued = hand_out(kind=Kind.SIGN_IN, client="app", may_refresh=True)
    access = former(issued.secret, Purpose.ACCESS, "access")
    refresh = former(issued.refresh_secret, Purpose.REFRESH, "refresh")

    assert verify(access, accept={Purpose.ACCESS}).subject == user
    pair = redeem(refresh, accept={Purpose.REFRESH}, client="app")
    assert verify(pair.secret, accept={Purpose.ACCESS}).grant_id == issued.grant.pk
    assert redeem(refresh, accept={Purpose.REFRESH}, client="app").refresh_secret == pair.refresh_secret
    assert revoke_presented(refresh, accept={Purpose.REFRESH}) == 1
    with pytest.raises(Revoked):
        verify(access, accept={Purpose.ACCESS})


def test_a_door_admits_it_by_its_purpose(hand_out):
    issued = hand_out(kind=Kind.SIGN_IN, may_refresh=True)

    with pytest.raises(WrongPurpose):
        verify(former(issued.refresh_secret, Purpose.REFRESH, "refresh"), accept={Purpose.ACCESS})
    with pytest.raises(WrongPurpose):
        redeem(former(issued.secret, Purpose.ACCESS, "access"), accept={Purpose.REFRESH})


def test_nothing_in_it_is_shown(hand_out):
    issued = hand_out(kind=Kind.SIGN_IN)

    shown = repr(former(issued.secret, Purpose.ACCESS, "access"))

    assert issued.secret not in shown
    assert "green" not in shown
