"""The keyed hash of every token: HMAC-SHA-256, whatever the key and the text."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from tessera.format.hashing import mac


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_it_is_the_hmac_of_the_standard_library(key, told):
    assert mac(key, told) == hmac.digest(key, told, "sha256")


def test_a_key_that_has_been_used_is_as_good_as_new():
    first, other, again = mac(b"key", b"one"), mac(b"key", b"two"), mac(b"key", b"one")

    assert first == again != other
