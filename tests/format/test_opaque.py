"""The token string: what is minted, what is read back, and what is not.

The tokens and digests below were computed by openssl and by an HMAC written out by hand, before they stood here.
"""

import re
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.errors import Malformed
from tessera.format.keys import derive
from tessera.format.opaque import LONGEST, MINTED, Opaque, Purpose, expression, mint, new_row, parse

PEPPER = bytes(range(32))
KEYS = derive(PEPPER, "example.org")
STAGING = derive(PEPPER, "staging.example.org")
ROW = UUID("0198f3b5-d9cc-7a1b-8c2d-3e4f50617283")
CHANCE = bytes(range(32, 64))

BODY = "0198f3b5d9cc7a1b8c2d3e4f506172837cMxemzhJjkW31yzTx5H07wJF2A2uBEOEec26ubYMsJ"
ACCESS = f"tsra_{BODY}e259acef52503e55"
PERSONAL = f"tsrp_{BODY}acacf80c056d4673"
STAGED = f"tsrp_{BODY}8b113ebc444f9f8d"
DIGEST = "cf4870c56530d327ff77224014a58738c4c4c9df1e500c43"

PREFIXES = st.from_regex(r"[a-z0-9]{2,10}", fullmatch=True)
CHANCES = st.binary(min_size=32, max_size=32)


@st.composite
def minted(draw):
    """A prefix, a purpose, a row, and the token of them."""
    prefix, purpose, row = draw(PREFIXES), draw(st.sampled_from(sorted(MINTED))), draw(st.uuids())
    return prefix, mint(prefix, purpose, row, draw(CHANCES), KEYS)


@pytest.mark.parametrize(
    ("purpose", "secret", "digest"),
    [
        pytest.param(Purpose.ACCESS, ACCESS, "4f217d07028f672310e0f4311ff79fdf7a08a612f15a5a9e", id="access"),
        pytest.param(Purpose.PERSONAL, PERSONAL, DIGEST, id="personal"),
        pytest.param(
            Purpose.CLIENT_SECRET,
            f"tsrs_{BODY}cb592c14676ebb69",
            "17ff1427e0327cce599fbbea95f8fdafefeb6844108fbb72",
            id="client secret",
        ),
    ],
)
def test_a_purpose_a_row_and_chance_always_give_the_same_token(purpose, secret, digest):
    opaque = Opaque(purpose, ROW.bytes, bytes.fromhex(digest), KEYS)

    assert mint("tsr", purpose, ROW, CHANCE, KEYS) == (secret, opaque)
    assert parse(secret.encode(), ("tsr",), [KEYS]) == opaque


@pytest.mark.parametrize(
    ("chance", "secret"),
    [
        pytest.param(
            bytes(32),
            "tsrp_0198f3b5d9cc7a1b8c2d3e4f50617283000000000000000000000000000000000000000000012d9bd0516378f89",
            id="all noughts",
        ),
        pytest.param(
            b"\xff" * 32,
            "tsrp_0198f3b5d9cc7a1b8c2d3e4f50617283yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp180447421a84148bf",
            id="all ones",
        ),
    ],
)
def test_the_width_of_a_token_does_not_depend_on_chance(chance, secret):
    assert mint("tsr", Purpose.PERSONAL, ROW, chance, KEYS)[0] == secret


@given(minted())
def test_every_minted_token_is_read_back(made):
    prefix, (secret, opaque) = made

    assert parse(secret.encode("ascii"), (prefix,), (STAGING, KEYS)) == opaque


@given(minted())
def test_no_minted_token_is_longer_than_what_is_looked_at(made):
    _, (secret, _) = made

    assert len(secret) <= LONGEST


@given(CHANCES, CHANCES)
def test_two_chances_never_give_one_token(one, other):
    same = mint("tsr", Purpose.PERSONAL, ROW, one, KEYS)[0] == mint("tsr", Purpose.PERSONAL, ROW, other, KEYS)[0]

    assert same is (one == other)


@given(st.binary(max_size=LONGEST * 2))
def test_arbitrary_bytes_are_malformed_and_nothing_else(junk):
    with pytest.raises(Malformed):
        parse(junk, ("tsr",), [KEYS])


@given(
    st.from_regex(re.compile(rb"[a-z0-9]{2,10}[apcrdsl]_[0-9a-f]{32}[0-9A-Za-z]{43}[0-9a-f]{16}"), fullmatch=True),
)
def test_bytes_of_the_right_shape_are_malformed_and_nothing_else(guess):
    with pytest.raises(Malformed):
        parse(guess, ("tsr", guess[: guess.index(b"_") - 1].decode()), [KEYS, STAGING])


@given(minted(), st.data())
def test_any_change_of_one_byte_is_refused(made, data):
    prefix, (secret, _) = made
    place = data.draw(st.integers(0, len(secret) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != ord(secret[place])))
    spoilt = bytearray(secret, "ascii")
    spoilt[place] = byte

    with pytest.raises(Malformed):
        parse(bytes(spoilt), (prefix, spoilt[: len(prefix)].decode("latin-1")), [KEYS])


@pytest.mark.parametrize(
    ("spoilt", "where"),
    [
        pytest.param(ACCESS.replace("tsra", "tsrp"), "tag", id="its purpose letter swapped"),
        pytest.param(STAGED, "tag", id="the tag of another realm"),
        pytest.param(PERSONAL.replace("0198f3b5", "0198f3b6"), "tag", id="its secret on another row"),
        pytest.param(PERSONAL[:-16] + DIGEST[:16], "tag", id="a piece of what the row keeps for a tag"),
        pytest.param(PERSONAL.replace("7cMx", "7CMx"), "tag", id="one letter of chance in the other case"),
        pytest.param(PERSONAL.replace("tsr", "xyz"), "head", id="the prefix of another site"),
        pytest.param(PERSONAL[:-16] + PERSONAL[-16:].upper(), "tag", id="its tag in upper case"),
        pytest.param(PERSONAL[:5] + PERSONAL[5:37].upper() + PERSONAL[37:], "tag", id="its row in upper case"),
        pytest.param(PERSONAL + "\n", "head", id="a newline at the end"),
        pytest.param("\n" + PERSONAL, "head", id="a newline before it"),
        pytest.param(PERSONAL + " ", "head", id="a space at the end"),
        pytest.param(PERSONAL + "\x00", "head", id="nul at the end"),
        pytest.param(PERSONAL + "=", "head", id="padded"),
        pytest.param(PERSONAL[:-1], "head", id="cut short"),
        pytest.param(PERSONAL.replace("tsrp", "tsrx"), "head", id="a letter that is no purpose"),
        pytest.param(PERSONAL.replace("tsrp", "p"), "head", id="no prefix"),
        pytest.param("", "head", id="empty"),
        pytest.param(PERSONAL * 2, "length", id="twice"),
        pytest.param("t" * 10_000_000, "length", id="ten million letters"),
    ],
)
def test_what_was_not_minted_here_is_malformed(spoilt, where):
    with pytest.raises(Malformed, match=f"^{where}$"):
        parse(spoilt.encode(), ("tsr",), [KEYS])


def test_a_digest_copied_to_another_row_proves_nothing_there():
    other = UUID(int=ROW.int ^ 1)

    _, there = mint("tsr", Purpose.PERSONAL, other, CHANCE, KEYS)

    assert there.digest.hex() != DIGEST


def test_the_tag_and_what_the_row_keeps_have_no_byte_in_common():
    secret, opaque = mint("tsr", Purpose.PERSONAL, ROW, CHANCE, KEYS)

    assert len(opaque.digest) == 24
    assert secret[-16:] not in opaque.digest.hex()


def test_of_several_peppers_the_one_that_minted_is_found():
    opaque = parse(STAGED.encode(), ("tsr",), [KEYS, STAGING])

    assert opaque.keys is STAGING


def test_of_several_prefixes_each_is_understood():
    secrets = [mint(prefix, Purpose.PERSONAL, ROW, CHANCE, KEYS)[0] for prefix in ("acme", "tsr")]

    assert [parse(secret.encode(), ("tsr", "acme"), [KEYS]).grant_id for secret in secrets] == [ROW, ROW]


def test_what_was_read_shows_neither_its_digest_nor_a_key():
    shown = repr(parse(PERSONAL.encode(), ("tsr",), [KEYS]))

    assert shown == f"Opaque(purpose=<Purpose.PERSONAL: 'p'>, row={ROW.bytes!r})"


@given(minted(), st.text(), st.text())
def test_the_scanners_expression_finds_every_minted_token_in_a_text(made, before, after):
    prefix, (secret, _) = made

    found = re.findall(expression(["tsr", prefix]), f"{before} {secret}.{after}")

    assert secret in found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PERSONAL[:-1], id="cut short"),
        pytest.param(PERSONAL + "0", id="a letter more"),
        pytest.param("x" + PERSONAL, id="a letter before"),
        pytest.param(PERSONAL.upper(), id="upper case"),
        pytest.param(PERSONAL.replace("tsrp", "tsrx"), id="a letter that is no purpose"),
        pytest.param(PERSONAL.replace("tsrp", "xyzp"), id="another site's prefix"),
        pytest.param(PERSONAL.replace("_", "-"), id="a hyphen"),
        pytest.param(PERSONAL[:40] + " " + PERSONAL[40:], id="broken in two"),
        pytest.param(str(ROW), id="a row alone"),
    ],
)
def test_the_scanners_expression_finds_nothing_of_another_shape(text):
    assert re.findall(expression(["tsr", "acme"]), text) == []


def test_a_row_is_a_uuid_of_version_seven():
    row = new_row(datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC), bytes.fromhex("0cc318c4dc0c0c07398f"))

    assert row == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")  # RFC 9562, appendix A.6


@given(st.integers(0, 253_402_300_799), st.binary(min_size=10, max_size=10))
def test_a_row_says_its_version_its_variant_and_its_age_whatever_chance_says(seconds, chance):
    row = new_row(datetime.fromtimestamp(seconds, UTC), chance)

    assert (row.version, row.variant) == (7, RFC_4122)
    assert row.int >> 80 == seconds * 1000


def test_a_row_made_later_sorts_later_whatever_chance_says():
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)

    earlier, later = new_row(noon, b"\xff" * 10), new_row(noon + timedelta(milliseconds=2), bytes(10))

    assert earlier < later
