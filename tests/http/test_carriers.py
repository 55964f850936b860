"""Where a credential rides: bytes in, one credential out, or none, or a word on what cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.errors import MalformedHeader
from tessera.http.carriers import LONGEST, from_header

SCHEMES = frozenset({b"bearer", b"token"})

TOKENS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=128)
SPACES = st.text(" \t", min_size=1, max_size=3)
WORDS = st.sampled_from(["Bearer", "bearer", "BEARER", "bEaReR", "Token", "token", "TOKEN", "tOkEn"])

NOTHING = "Invalid token header. No credentials provided."
TOO_MANY = "Invalid token header. Token string should not contain spaces."
CHARACTERS = "Invalid token header. Token string should not contain invalid characters."


@given(WORDS, SPACES, TOKENS, st.sampled_from(["", " ", "\t "]))
def test_one_credential_after_our_scheme_is_found_as_it_was_sent(word, space, token, end):
    assert from_header(f"{word}{space}{token}{end}".encode(), SCHEMES) == token.encode()


@given(
    st.one_of(st.binary(), st.builds(lambda scheme, rest: scheme + rest, st.sampled_from(sorted(SCHEMES)), st.binary()))
)
def test_arbitrary_bytes_are_one_word_or_nothing_or_malformed(value):
    try:
        credential = from_header(value, SCHEMES)
    except MalformedHeader:
        return

    assert credential is None or credential in value.split()[1:]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"   ", id="blank"),
        pytest.param(b"Basic YWRhOmxvdmVsYWNl", id="another scheme"),
        pytest.param(b"Bearer: abc", id="scheme with a colon"),
        pytest.param(b"Bearerabc", id="no space"),
        pytest.param(b"Bearer\xa0abc", id="no-break space"),
        pytest.param("B\N{CYRILLIC SMALL LETTER IE}arer abc".encode(), id="cyrillic look-alike"),
        pytest.param("\N{FULLWIDTH LATIN CAPITAL LETTER B}earer abc".encode(), id="full-width letter"),
        pytest.param(b"x" * 100 + b" Bearer abc", id="ours further on"),
        pytest.param(b" " * 100 + b"Bearer abc", id="ours behind a hundred spaces"),
    ],
)
def test_another_scheme_is_none_of_ours(value):
    assert from_header(value, SCHEMES) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param(b"Bearer", NOTHING, id="the scheme alone"),
        pytest.param(b"Bearer  \t", NOTHING, id="the scheme and spaces"),
        pytest.param(b"Bearer a b", TOO_MANY, id="two words"),
        pytest.param(b"Bearer a, Bearer b", TOO_MANY, id="two headers joined"),
        pytest.param(b"Bearer a\r\n b", CHARACTERS, id="folded line"),
        pytest.param(b"Bearer a\n", CHARACTERS, id="a newline at the end"),
        pytest.param(b"\nBearer a", CHARACTERS, id="a newline before"),
        pytest.param(b"Bearer a\x00", CHARACTERS, id="nul"),
        pytest.param(b"Bearer\x0ba", CHARACTERS, id="vertical tab"),
        pytest.param(b"Bearer a\x7f", CHARACTERS, id="delete"),
        pytest.param(b"Bearer \xff\xfe", CHARACTERS, id="no UTF-8"),
        pytest.param(b"Bearer " + b"x" * LONGEST, CHARACTERS, id="longer than anybody looks at"),
    ],
)
def test_a_header_that_cannot_be_read_says_why_and_nothing_of_what_was_sent(value, told):
    with pytest.raises(MalformedHeader) as refused:
        from_header(value, SCHEMES)

    assert str(refused.value) == told


def test_the_longest_header_is_still_read():
    credential = b"x" * (LONGEST - len(b"Bearer "))

    assert from_header(b"Bearer " + credential, SCHEMES) == credential
