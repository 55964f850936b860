"""The pair, and how one derives from the refresh token before it.

The known answers were computed by a program that shares no line with this one, and by hand down to HMAC.
"""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.errors import Malformed
from tessera.format.keys import derive
from tessera.format.opaque import LAST_GENERATION, LONGEST, Purpose, mint, parse
from tessera.format.pair import mint_pair, successor

ROW = UUID("0198f3b5-d9cc-7a1b-8c2d-3e4f50617283")
KEYS = derive(bytes(range(32)), "example.org")
PARENT = "tsrr_0198f3b5d9cc7a1b8c2d3e4f5061728300000029003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlfb857ddd05d5d0a0d"
NONCE = bytes(range(32, 64))


def test_the_key_is_one_of_its_own():
    assert KEYS.successor.hex() == "2e370928b1172f6ca6cd4fee22f5948daaef8293fdb577da39b6182160dc10dd"


def test_a_refresh_token_says_its_generation():
    secret, opaque = mint("tsr", Purpose.REFRESH, ROW, bytes(range(32)), KEYS, 41)

    assert (secret, opaque.digest.hex()) == (PARENT, "cdb044dfd4c08cfd72017fd12593a2121cfcfe101c1a00e1")
    assert parse(PARENT.encode(), ("tsr",), [KEYS]) == opaque
    assert opaque.generation == 41


def test_a_pair_derives_from_the_token_before_it():
    chance = successor(PARENT.encode(), ROW, 42, NONCE, KEYS)
    pair = mint_pair("tsr", ROW, 42, chance, KEYS)

    assert chance.hex() == (
        "798971ab743de54e2a597a83883f903ad7686204da735acfd95253a17b270fa7"
        "c5890f54807e42e3acab9f2bdb7d26b0d2e2fcd899a4fb65ca58c787a3aa4aad"
    )
    assert (pair.access_secret, pair.access.digest.hex()) == (
        "tsra_0198f3b5d9cc7a1b8c2d3e4f50617283SoqcLKP9eygA1Vb2e3n1mo4XcNgXD8gTNuGFKuiJkU36f67230d73aaed39",
        "bd06c8417b3fb024cd5b2485c3e7bb6b0c37579c3a4aa984",
    )
    assert (pair.refresh_secret, pair.refresh.digest.hex()) == (
        "tsrr_0198f3b5d9cc7a1b8c2d3e4f506172830000002akqBadipn3eF1cMplNNfl3Fnx30uaTyh0rcKqGSbwRobec499d476cb2a457",
        "ca3fb3d42a8d1108ad6b1ddc27295479a2ef0c6279e4d3ab",
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"parent": PARENT[:-1].encode() + b"c"}, id="another parent"),
        pytest.param({"row": UUID(int=ROW.int ^ 1)}, id="another row"),
        pytest.param({"generation": 43}, id="another generation"),
        pytest.param({"nonce": bytes(32)}, id="another nonce"),
        pytest.param({"keys": derive(bytes(range(1, 33)), "example.org")}, id="another pepper"),
        pytest.param({"keys": derive(bytes(range(32)), "example.com")}, id="another realm"),
    ],
)
def test_who_lacks_one_thing_derives_nothing(other):
    known: dict[str, Any] = {"parent": PARENT.encode(), "row": ROW, "generation": 42, "nonce": NONCE, "keys": KEYS}

    assert successor(**{**known, **other}) != successor(**known)


@given(st.integers(0, LAST_GENERATION), st.uuids(), st.binary(min_size=64, max_size=64))
def test_both_tokens_of_a_pair_are_read_as_they_were_made(generation, row, chance):
    pair = mint_pair("tsr", row, generation, chance, KEYS)

    assert parse(pair.access_secret.encode(), ("tsr",), [KEYS]) == pair.access
    assert parse(pair.refresh_secret.encode(), ("tsr",), [KEYS]) == pair.refresh
    assert (pair.refresh.generation, pair.access.row, pair.refresh.row) == (generation, row.bytes, row.bytes)
    assert len(pair.refresh_secret) <= LONGEST


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(PARENT.replace("00000029", "0000002a"), id="another generation"),
        pytest.param(PARENT.replace("tsrr_", "tsra_"), id="dressed as an access token"),
        pytest.param(PARENT.replace("00000029", ""), id="without its generation"),
        pytest.param(PARENT.replace("tsrr_", "tsrl_"), id="dressed as a letter"),
        pytest.param(PARENT.upper(), id="in capitals"),
        pytest.param(PARENT + "\n", id="with a line end"),
    ],
)
def test_a_spoilt_refresh_token_is_none(spoilt):
    with pytest.raises(Malformed):
        parse(spoilt.encode(), ("tsr",), [KEYS])


def test_neither_secret_is_shown():
    shown = repr(mint_pair("tsr", ROW, 42, bytes(64), KEYS))

    assert "tsr" not in shown
