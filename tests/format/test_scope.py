"""A set of scope tokens, and how it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.errors import InvalidScope
from tessera.format.scope import join, part, split

# RFC 6749 §3.3: visible ASCII, without the quotation mark and the backslash.
TOKENS = st.text([chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\'], min_size=1)


@given(st.frozensets(TOKENS))
def test_a_scope_comes_back_as_it_was_written(scope):
    assert split(join(scope)) == scope


def test_one_scope_has_one_spelling():
    spellings = {join(["write", "read", "write"]), join(("read", "write")), join(frozenset({"write", "read"}))}

    assert spellings == {"read write"}


def test_no_scope_is_an_empty_text():
    assert (join([]), split("")) == ("", frozenset())


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("read write", id="two in one"),
        pytest.param("read\n", id="a newline at the end"),
        pytest.param("read\x00", id="nul"),
        pytest.param('"read"', id="in quotes"),
        pytest.param("re\\ad", id="a backslash"),
        pytest.param("r\N{LATIN SMALL LETTER E WITH ACUTE}ad", id="more than ASCII"),
        pytest.param("read\x7f", id="delete"),
    ],
)
def test_what_is_no_scope_token_is_no_scope(token):
    with pytest.raises(InvalidScope):
        join(["write", token])


def test_a_text_is_no_set_of_tokens():
    with pytest.raises(InvalidScope, match="'read'"):
        join("read")


WHOLE = frozenset({"read", "write"})


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        pytest.param(None, WHOLE, id="nothing said"),
        pytest.param(WHOLE, WHOLE, id="all"),
        pytest.param(frozenset({"read"}), frozenset({"read"}), id="less"),
        pytest.param(frozenset(), frozenset(), id="none at all"),
    ],
)
def test_a_part_of_a_scope_is_what_was_asked_for(asked, got):
    assert part(WHOLE, asked) == got


def test_no_part_of_a_scope_is_more_than_the_whole():
    with pytest.raises(InvalidScope, match="wider"):
        part(WHOLE, frozenset({"read", "delete"}))
