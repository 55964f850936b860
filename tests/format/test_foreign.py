"""A key that another package made: what it names, what is kept of it, and what is no such key.

The ids and digests below were computed by `openssl dgst -mac HMAC`, before they stood here.
"""

import hashlib
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.format.foreign import authtoken, knox, named, readings
from tessera.format.keys import derive
from tessera.format.opaque import MINTED, Opaque, Purpose, mint

KEYS = derive(bytes(range(32)), "example.org")
STAGING = derive(bytes(range(32)), "staging.example.org")
KEY = b"0123456789abcdef0123456789abcdef01234567"

TOKEN = b"0123456789abcdef" * 4

AUTHTOKEN = authtoken()
KNOX = knox(lambda told: hashlib.sha512(told).digest(), 64)
PACKAGES = (AUTHTOKEN, KNOX)


def reading(key, keys):
    return named("authtoken", hashlib.sha256(key).digest(), keys)


@pytest.mark.parametrize(
    ("key", "keys", "row", "digest"),
    [
        pytest.param(
            KEY,
            KEYS,
            "60cf1280-7f22-8c04-8ba9-936970f190e9",
            "3451b4c13328e04e854e7c9a7019f0fbd4019a36241f32fd",
            id="as the package makes them",
        ),
        pytest.param(
            b"test-key",
            KEYS,
            "3cd09c1d-639b-8bde-84d0-36c506ac5176",
            "8e6d247e1b0eecc146976128f0e42cd92dc1a9773ecd88fa",
            id="made up by hand",
        ),
        pytest.param(
            "clé".encode(),
            KEYS,
            "5bee1f26-0332-80ee-8438-7978304a6b8e",
            "dd1d34f83363d0f45ac8ac2af6c82d0ba3d7cb63cc9ba230",
            id="with more than ASCII",
        ),
        pytest.param(
            b"test-key",
            STAGING,
            "5f33339f-249f-8704-9000-a3fab395a70a",
            "06e549e2d783932b9d393b196169ee2a2b070a51aa0676dd",
            id="in another realm",
        ),
    ],
)
def test_a_key_always_names_the_same_row_and_leaves_the_same_digest(key, keys, row, digest):
    opaque = Opaque(Purpose.ADOPTED, UUID(row).bytes, bytes.fromhex(digest), keys)

    assert reading(key, keys) == opaque
    assert readings(key, [keys], PACKAGES) == [opaque]


@pytest.mark.parametrize(
    ("token", "row", "digest"),
    [
        pytest.param(
            TOKEN,
            "bd7a033c-f15c-8a09-afbf-23285e50daef",
            "4c9ade9a426bf73ace2b3b12418a5e34073e3499d7d9ecba",
            id="as version 5 knows it",
        ),
        pytest.param(
            TOKEN,
            "c7b26fca-4dcb-8a5c-a9f4-be4e67085955",
            "b0668e25b8e12f5e0547910a72dabbfbaf05e0665e7f9c25",
            id="as version 4 did",
        ),
        pytest.param(
            b"note" + TOKEN,
            "35000da2-27ca-8bcd-8e7a-3d8173a892a5",
            "1e7e2de0ea89b18ffb7d0b50d371c9fc8a569e722fcb60b4",
            id="with a word before it",
        ),
    ],
)
def test_a_token_of_knox_may_be_known_in_either_way(token, row, digest):
    opaque = Opaque(Purpose.ADOPTED, UUID(row).bytes, bytes.fromhex(digest), KEYS)

    assert opaque in readings(token, [KEYS], PACKAGES)


@pytest.mark.parametrize(
    ("token", "ways"),
    [
        pytest.param(TOKEN, 2, id="as the package makes them"),
        pytest.param(b"note" + TOKEN, 1, id="with a word before it"),
        pytest.param(b"0ff" + TOKEN, 1, id="with an odd number of digits"),
        pytest.param(b"a-mobile-client:" + TOKEN, 1, id="with a long word before it"),
        pytest.param(b"w" * 25 + TOKEN, 1, id="with the longest word"),
        pytest.param(b"w" * 26 + TOKEN, 0, id="with a longer one"),
        pytest.param(TOKEN[:-1], 0, id="cut short"),
        pytest.param(TOKEN.upper(), 0, id="in upper case"),
        pytest.param(TOKEN + b"\n", 0, id="a newline at the end"),
        pytest.param(b"\x00" + TOKEN, 0, id="nul"),
        pytest.param(b"\xff" + TOKEN, 0, id="no text"),
        pytest.param(TOKEN * 100_000, 0, id="six million letters"),
    ],
)
def test_a_token_of_knox_ends_in_its_digits(token, ways):
    assert len(readings(token, [KEYS], PACKAGES)) == ways


def test_a_key_is_read_once_for_each_pepper_in_their_order():
    read = readings(KEY, [STAGING, KEYS], PACKAGES)

    assert read == [reading(KEY, STAGING), reading(KEY, KEYS)]


@given(st.binary(max_size=200))
def test_a_row_says_its_version_and_its_variant_whatever_the_key(key):
    row = reading(key, KEYS).grant_id

    assert (row.version, row.variant) == (8, RFC_4122)


@pytest.mark.parametrize(
    ("key", "fitting"),
    [
        pytest.param("k", True, id="one letter"),
        pytest.param("k" * 40, True, id="forty letters"),
        pytest.param("€" * 40, True, id="forty letters of three bytes"),
        pytest.param("😀" * 40, True, id="forty letters of four bytes"),
        pytest.param("!~", True, id="the rims of ASCII"),
        pytest.param("a\u00a0b", True, id="a space that is none to a header"),
        pytest.param("", False, id="nothing"),
        pytest.param("k" * 41, False, id="forty-one letters"),
        pytest.param("k k", False, id="a space"),
        pytest.param("k\t", False, id="a tab"),
        pytest.param("k\n", False, id="a newline at the end"),
        pytest.param("k\x00", False, id="nul"),
        pytest.param("k\x7f", False, id="a control character"),
        pytest.param("k" * 10_000_000, False, id="ten million letters"),
    ],
)
def test_a_key_of_authtoken_is_one_word_of_a_header(key, fitting):
    assert len(readings(key.encode(), [KEYS], [AUTHTOKEN])) == fitting
    assert len(readings(key.encode(), [KEYS], PACKAGES)) == fitting


@pytest.mark.parametrize("key", [b"\xff", b"cl\xe9", "\ud800".encode("utf-8", "surrogatepass")])
def test_what_is_no_text_is_no_key(key):
    assert readings(key, [KEYS], PACKAGES) == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
@pytest.mark.parametrize("prefix", ["ts", "tessera123"])
@pytest.mark.parametrize("purpose", sorted(MINTED))
def test_no_package_has_keys_in_the_form_of_a_token_of_ours(package, prefix, purpose):
    secret, _ = mint(prefix, purpose, UUID(int=0), bytes(32), KEYS)

    assert readings(secret.encode(), [KEYS], [package]) == []


def test_what_was_read_shows_neither_its_digest_nor_a_key():
    read = reading(KEY, KEYS)

    assert repr(read) == f"Opaque(purpose=<Purpose.ADOPTED: ''>, row={read.row!r})"
