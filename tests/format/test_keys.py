"""A pepper and a realm become one key for each job.

The expected bytes were computed by `openssl kdf … HKDF` and by an HMAC written out by hand, before they stood here.
"""

from dataclasses import astuple

import pytest

from tessera.format.keys import derive, length_first

PEPPER = bytes(range(32))


@pytest.mark.parametrize(
    ("realm", "name", "token", "fingerprint", "foreign", "seal"),
    [
        pytest.param(
            "example.org",
            "acead2b5",
            "49a556f97566557bfbfe5d35ddabb78bc2f3168f15c22ccbe3c37933ea81f90d",
            "c9f836e03c030eeabfb95bf5a5eb187280b14b17cbb3949e34287c3ff0935395",
            "addbc407f5d90bff8cb73c2dd9587b5b8003d5c98b6be47613a559dbbe4967a6",
            "64b5460b5f32cf2ba08dcc858d9627491e37d812ed995da6efa73d1107c8417c",
            id="production",
        ),
        pytest.param(
            "staging.example.org",
            "90b86c5f",
            "111a572fe42c616f3a39dfb880dedc35ef7955153dd73a2fea47c9cc6a9718a3",
            "dbdc592fce481a6e4eea0244385f695c1741de2cc2045ea7668fcda2c8675d09",
            "4aebefbea38812bfa29d4863999f8f2cd2df5fc67fb591f4a9c6e6412c441a9d",
            "b70434ca34cd007191e7a6cbef86e95a6cab870b761e4c5e67f4fc3acd0d691c",
            id="staging",
        ),
    ],
)
def test_a_pepper_and_a_realm_always_give_the_same_keys(realm, name, token, fingerprint, foreign, seal):
    keys = derive(PEPPER, realm)

    assert (keys.id, *(key.hex() for key in (keys.token, keys.fingerprint, keys.foreign, keys.seal))) == (
        name,
        token,
        fingerprint,
        foreign,
        seal,
    )


@pytest.mark.parametrize(
    ("pepper", "realm"),
    [
        pytest.param(PEPPER, "example.com", id="another realm"),
        pytest.param(PEPPER, "Example.org", id="the realm in another case"),
        pytest.param(PEPPER, "", id="no realm"),
        pytest.param(PEPPER[::-1], "example.org", id="another pepper"),
        pytest.param(PEPPER + b"\x20", "example.org", id="a pepper with a byte more"),
    ],
)
def test_another_pepper_or_another_realm_shares_no_key(pepper, realm):
    ours, theirs = derive(PEPPER, "example.org"), derive(pepper, realm)

    assert set(astuple(ours)).isdisjoint(astuple(theirs))


def test_no_two_jobs_share_a_key():
    keys = derive(PEPPER, "example.org")

    assert len({keys.id, *(key.hex()[:8] for key in astuple(keys)[1:])}) == 6


def test_keys_do_not_show_themselves():
    keys = derive(PEPPER, "example.org")

    assert repr(keys) == "Keys(id='acead2b5')"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(b"", b"\x00\x00\x00\x00", id="nothing"),
        pytest.param(b"ab", b"\x00\x00\x00\x02ab", id="two bytes"),
        pytest.param(b"x" * 258, b"\x00\x00\x01\x02" + b"x" * 258, id="more than one byte can count"),
    ],
)
def test_the_length_stands_first(value, written):
    assert length_first(value) == written
