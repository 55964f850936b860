"""Where a credential rides: bytes in, one credential out, or none, or a word on what cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.errors import MalformedHeader
from tessera.http.carriers import (
    ACCESS_COOKIE,
    LONGEST,
    Carrier,
    Credential,
    from_cookies,
    from_header,
    from_request,
)

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


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("__Host-access=abc", id="alone"),
        pytest.param(b"__Host-access=abc", id="as bytes"),
        pytest.param("theme=dark; __Host-access=abc; sessionid=xyz", id="among others"),
        pytest.param("theme=dark;__Host-access=abc;sessionid=xyz", id="no spaces"),
        pytest.param("  __Host-access = abc\t", id="spaces and a tab"),
        pytest.param("__Host-refresh=xyz; __Host-access=abc", id="beside the other of the pair"),
        pytest.param("K\xe4se=\xff; __Host-access=abc", id="beside what is no ASCII"),
        pytest.param("access=x; host-access=x; __host-access=x; x__Host-access=x; __Host-access=abc", id="look-alikes"),
        pytest.param("\x85__Host-access=x; \xa0__Host-access=x; __Host-access=abc", id="spaces to Python alone"),
        pytest.param(
            "=__Host-access=x; x=__Host-access=x; __Host-access; __Host-access=abc", id="no name, or no value"
        ),
    ],
)
def test_the_cookie_of_that_name_is_found_and_none_that_only_looks_like_it(value):
    assert from_cookies(value, ACCESS_COOKIE) == b"abc"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param("__Host-access=a=b", b"a=b", id="an equals sign"),
        pytest.param('__Host-access="abc"', b'"abc"', id="quotes"),
        pytest.param("__Host-access=a, __Host-access=b", b"a, __Host-access=b", id="two headers joined by a comma"),
        pytest.param("__Host-access=a\r\nb", b"a\r\nb", id="a line end"),
        pytest.param("__Host-access=\xff\u0130", b"\xff?", id="no UTF-8, and no latin-1"),
        pytest.param("__Host-access=" + "x" * 9_000, b"x" * 9_000, id="long"),
    ],
)
def test_a_cookie_is_not_made_into_anything_else(value, found):
    assert from_cookies(value, ACCESS_COOKIE) == found


@pytest.mark.parametrize("value", ["", ";", "; ;", "theme=dark", "__Host-access", "__Host-access=", "__Host-access= ;"])
def test_without_the_cookie_or_with_an_empty_one_there_is_none(value):
    assert from_cookies(value, ACCESS_COOKIE) is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("__Host-access=abc; __Host-access=xyz", id="two values"),
        pytest.param("__Host-access=abc; theme=dark; __Host-access=abc", id="the same twice"),
        pytest.param("__Host-access=; __Host-access=abc", id="one of them empty"),
    ],
)
def test_of_two_cookies_of_one_name_neither_counts(value):
    with pytest.raises(MalformedHeader) as refused:
        from_cookies(value, ACCESS_COOKIE)

    assert str(refused.value) == "Invalid cookie header. There are two cookies of one name."


@given(st.one_of(st.binary(), st.lists(st.sampled_from(["__Host-access", "=", ";", " ", "a", "\xa0"])).map("".join)))
def test_arbitrary_cookies_are_a_value_or_nothing_or_malformed(value):
    try:
        found = from_cookies(value, ACCESS_COOKIE)
    except MalformedHeader:
        return

    assert found is None or (found and b";" not in found)


COOKIES = "__Host-access=of-the-cookie; __Host-refresh=another"


@pytest.mark.parametrize(
    ("authorization", "cookies", "credential"),
    [
        pytest.param("", "", None, id="neither"),
        pytest.param("Bearer abc", "", Credential(b"abc", Carrier.HEADER), id="the header"),
        pytest.param(b"tOkEn abc", b"", Credential(b"abc", Carrier.HEADER), id="the header, as bytes"),
        pytest.param("", COOKIES, Credential(b"of-the-cookie", Carrier.COOKIE), id="the cookie"),
        pytest.param("Bearer abc", COOKIES, Credential(b"abc", Carrier.HEADER), id="the header before the cookie"),
        pytest.param(
            "Bearer abc", f"{COOKIES}; {COOKIES}", Credential(b"abc", Carrier.HEADER), id="before two cookies"
        ),
        pytest.param("Basic YTpi", COOKIES, Credential(b"of-the-cookie", Carrier.COOKIE), id="another scheme's header"),
        pytest.param("Basic YTpi", "", None, id="another scheme's header alone"),
        pytest.param("", "__Host-refresh=abc", None, id="the refresh token's cookie"),
    ],
)
def test_a_request_presents_what_is_in_its_header_or_else_in_its_cookie(authorization, cookies, credential):
    assert from_request(authorization, cookies, SCHEMES) == credential


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer a b", "Bearer \xff", "Bearer " + "x" * 5_000_000])
def test_a_cookie_does_not_make_up_for_a_header_that_cannot_be_read(authorization):
    with pytest.raises(MalformedHeader):
        from_request(authorization, COOKIES, SCHEMES)


def test_a_credential_does_not_show_its_secret():
    assert repr(Credential(b"abc", Carrier.COOKIE)) == "Credential(carrier=<Carrier.COOKIE: 'cookie'>)"
