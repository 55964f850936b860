"""What stands in the `Authorization` header of a client, for every door that reads it: each row takes a live token."""

from base64 import b64encode

import pytest

NOT_PRESENTED = "Authentication credentials were not provided."
INVALID = "Invalid token."
NOTHING = "Invalid token header. No credentials provided."
SPACES = "Invalid token header. Token string should not contain spaces."
CHARACTERS = "Invalid token header. Token string should not contain invalid characters."

NOT_OURS = 'Bearer realm="api"'
REFUSED = 'Bearer realm="api", error="invalid_token"'


def latin(value: str) -> str:
    """The bytes that a browser would send, as WSGI hands them on."""
    return value.encode().decode("latin-1")


def basic(credentials: str) -> str:
    return f"Basic {b64encode(credentials.encode()).decode()}"


def one_letter_off(token: str) -> str:
    return token[:-1] + ("0" if token[-1] != "0" else "1")


def transposed(token: str) -> str:
    place = next(i for i in range(40, len(token) - 1) if token[i] != token[i + 1])
    return token[:place] + token[place + 1] + token[place] + token[place + 2 :]


def case_flipped(token: str) -> str:
    place = next(i for i in range(40, len(token)) if token[i].isalpha())
    return token[:place] + token[place].swapcase() + token[place + 1 :]


DRESSES = [
    pytest.param("Bearer {}", id="bearer"),
    pytest.param("Token {}", id="token"),
    pytest.param("bearer {}", id="lower case"),
    pytest.param("BEARER {}", id="upper case"),
    pytest.param("tOkEn {}", id="mixed case"),
    pytest.param("Bearer  {}", id="two spaces"),
    pytest.param("Bearer\t{}", id="a tab"),
    pytest.param(" Bearer {} ", id="white space around"),
]
"""How a live token is presented."""

OTHER_SCHEMES = [
    pytest.param(lambda token: "", id="empty"),
    pytest.param(lambda token: token, id="no scheme"),
    pytest.param(lambda token: f"Basic {token}", id="basic with a token for base64"),
    pytest.param(lambda token: "Basic YWRhOmxvdmVsYWNlLTE4NDM=", id="basic with the right password"),
    pytest.param(lambda token: basic(f"ada:{token}"), id="basic with the token for a password"),
    pytest.param(lambda token: basic(f"{token}:"), id="basic with the token for a name"),
    pytest.param(basic, id="basic without a colon"),
    pytest.param(lambda token: f"Basic !{token}!", id="basic with what is no base64"),
    pytest.param(lambda token: f"Digest {token}", id="digest"),
    pytest.param(lambda token: f"Negotiate {token}", id="negotiate"),
    pytest.param(lambda token: f"Foo {token}", id="unknown scheme"),
    pytest.param(lambda token: f"Bearer: {token}", id="scheme with a colon"),
    pytest.param(lambda token: f"Bearer{token}", id="no space"),
    pytest.param(lambda token: f"Bearer\xa0{token}", id="no-break space"),
    pytest.param(lambda token: latin(f"Bearer\u3000{token}"), id="ideographic space"),
    pytest.param(lambda token: latin(f"B\u0435\u0430rer {token}"), id="cyrillic look-alike"),
    pytest.param(lambda token: f"Bearer,{token}", id="comma for a space"),
    pytest.param(lambda token: "x" * 1_000_000, id="a million letters of another scheme"),
]
"""What is none of ours."""

UNREADABLE = [
    pytest.param(lambda token: "Bearer", NOTHING, id="bearer alone"),
    pytest.param(lambda token: "Token", NOTHING, id="token alone"),
    pytest.param(lambda token: "Bearer   ", NOTHING, id="bearer and spaces"),
    pytest.param(lambda token: "Bearer a b", SPACES, id="two words"),
    pytest.param(lambda token: f"Bearer {token} {token}", SPACES, id="the token twice"),
    pytest.param(lambda token: f"Bearer Bearer {token}", SPACES, id="the scheme twice"),
    pytest.param(lambda token: f"Bearer {token}, Bearer zzz", SPACES, id="two headers joined, valid first"),
    pytest.param(lambda token: f"Bearer zzz, Bearer {token}", SPACES, id="two headers joined, valid last"),
    pytest.param(lambda token: f"Bearer {token},Bearer {token}", SPACES, id="two headers joined, the same"),
    pytest.param(lambda token: f"Bearer\r\n {token}", CHARACTERS, id="folded line"),
    pytest.param(lambda token: f"Bearer {token}\n", CHARACTERS, id="a newline at the end"),
    pytest.param(lambda token: f"Bearer {token}\x00", CHARACTERS, id="nul at the end"),
    pytest.param(lambda token: f"Bearer {token}\x0b", CHARACTERS, id="vertical tab at the end"),
    pytest.param(lambda token: "Bearer \xff\xfe", CHARACTERS, id="no UTF-8"),
    pytest.param(lambda token: f"Bearer {token}\xe9", CHARACTERS, id="latin-1 letter"),
    pytest.param(lambda token: "Bearer " + "x" * 8_192, CHARACTERS, id="8 KiB"),
    pytest.param(lambda token: "Bearer " + "x" * 65_536, CHARACTERS, id="64 KiB"),
    pytest.param(lambda token: "Bearer " + "x" * 1_048_576, CHARACTERS, id="1 MiB"),
    pytest.param(lambda token: f"Bearer {token}" + " " * 8_192, CHARACTERS, id="a token and 8 KiB of spaces"),
]
"""What carries no single credential, and what is said of it."""

SPOILT = [
    pytest.param(lambda token: f'"{token}"', id="in quotes"),
    pytest.param(lambda token: f"<{token}>", id="in angle brackets"),
    pytest.param(lambda token: f"{token},", id="trailing comma"),
    pytest.param(lambda token: f"{token};", id="trailing semicolon"),
    pytest.param(lambda token: f"{token}=", id="padded"),
    pytest.param(lambda token: f"{token}%00", id="percent-encoded nul"),
    pytest.param(lambda token: f"{token}%0d%0a", id="percent-encoded line end"),
    pytest.param(lambda token: latin(f"{token}\U0001f511"), id="emoji"),
    pytest.param(
        lambda token: latin(token.translate({c: c + 0xFEE0 for c in range(0x30, 0x7B)})), id="full-width letters"
    ),
    pytest.param(lambda token: latin(token.replace("0", "\u0660")), id="arabic digits"),
    pytest.param(lambda token: latin(token + "\u0301"), id="combining mark"),
    pytest.param(lambda token: f"{token}\u0130", id="what is no latin-1 at all"),
    pytest.param(one_letter_off, id="one letter of the tag"),
    pytest.param(transposed, id="two letters transposed"),
    pytest.param(case_flipped, id="one letter in the other case"),
    pytest.param(str.upper, id="upper case"),
    pytest.param(str.lower, id="lower case"),
    pytest.param(lambda token: token.replace("tsrp", "tsra"), id="dressed as another purpose"),
    pytest.param(lambda token: token.replace("tsrp", "xyzp"), id="another site's prefix"),
    pytest.param(lambda token: token[5:], id="no prefix"),
    pytest.param(lambda token: token[:15], id="its first fifteen characters"),
    pytest.param(lambda token: token[:15] + "0" * (len(token) - 15), id="its first fifteen, then noughts"),
    pytest.param(lambda token: "0123456789abcdef0123456789abcdef01234567", id="a key of the peer"),
    pytest.param(lambda token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", id="a JWT without signature"),
    pytest.param(lambda token: "'OR(1=1)--", id="SQL"),
]
"""What was not minted here."""
