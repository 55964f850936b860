"""A compact JWS as a stranger sends it: one spelling, a header of three names, JSON that is nothing else."""

import json
import tracemalloc
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.errors import Malformed
from tessera.format.jws import DEEPEST, LONGEST, claims_in, encoded, looks_signed, parts

HEADER = {"alg": "EdDSA", "kid": "k", "typ": "at+jwt"}
SIGNATURE = encoded(bytes(64))


def token(header, payload=b"{}", signature=SIGNATURE):
    head = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return b".".join((encoded(head), encoded(payload), signature))


def test_it_is_taken_apart_and_nothing_is_believed():
    secret = token(HEADER, b'{"sub":"1"}')

    signed = parts(secret)

    assert (signed.algorithm, signed.key_id, signed.type) == ("EdDSA", "k", "at+jwt")
    assert (signed.told + b"." + SIGNATURE, signed.signature) == (secret, bytes(64))
    assert claims_in(signed.payload) == {"sub": "1"}


def test_what_is_signed_stays_out_of_every_repr():
    signed = parts(token(HEADER, b'{"sub":"1"}'))

    assert repr(signed) == "Signed(algorithm='EdDSA', key_id='k', type='at+jwt')"


@pytest.mark.parametrize(
    ("typ", "read"),
    [
        ("at+jwt", "at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("application/at+jwt", "at+jwt"),
        ("Application/AT+jwt", "at+jwt"),
        ("application/application/at+jwt", "application/at+jwt"),
        ("JWT", "jwt"),
        (" at+jwt", " at+jwt"),
    ],
)
def test_a_type_is_compared_without_its_case_and_its_prefix(typ, read):
    assert parts(token({**HEADER, "typ": typ})).type == read


@pytest.mark.parametrize(
    ("secret", "may_be"),
    [
        (token(HEADER), True),
        (b"eyJ..", True),
        (b"eyJhbGciOiJub25lIn0.e30", False),
        (b"eyJ.a.b.c", False),
        (b"tsra_0198f3", False),
        (b"", False),
        (b"3eyJ.a.b", False),
    ],
)
def test_what_may_be_one_is_known_by_its_beginning_and_its_dots(secret, may_be):
    assert looks_signed(secret) is may_be


NAMED_TWICE = b'{"alg":"EdDSA","alg":"none","kid":"k"}'


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"..", id="two dots"),
        pytest.param(token(HEADER, signature=b""), id="no signature"),
        pytest.param(token(HEADER) + b".", id="a part more"),
        pytest.param(token(HEADER) + b"." + SIGNATURE, id="a fourth part"),
        pytest.param(token(HEADER) + b".a.b", id="five parts, as something encrypted has"),
        pytest.param(token(HEADER) + b"\n", id="a line end"),
        pytest.param(b" " + token(HEADER), id="a space before"),
        pytest.param(token(HEADER).replace(b".", b". ", 1), id="a space within"),
        pytest.param(token(HEADER) + b"=", id="padding"),
        pytest.param(token(HEADER, signature=b"+" + SIGNATURE[1:]), id="a plus"),
        pytest.param(token(HEADER, signature=b"/" + SIGNATURE[1:]), id="a slash"),
        pytest.param(token(HEADER, signature=SIGNATURE[:-1] + b"B"), id="another last letter for the same bytes"),
        pytest.param(token(HEADER, signature=SIGNATURE[:-1]), id="a letter less"),
        pytest.param(token(HEADER, signature=SIGNATURE + b"AAA"), id="a letter over"),
        pytest.param(token(HEADER, signature="\uff21".encode() + SIGNATURE), id="a letter of another width"),
        pytest.param(token(HEADER, signature=b"\xff" + SIGNATURE), id="no text"),
        pytest.param(token(HEADER, signature=b"\x00" + SIGNATURE), id="NUL"),
        pytest.param(token(b'{"alg":"EdDSA"'), id="half a header"),
        pytest.param(token(b'["alg"]'), id="a list for a header"),
        pytest.param(token(b'"alg"'), id="a text for a header"),
        pytest.param(token(b"null"), id="null for a header"),
        pytest.param(token(b'{"alg":"EdDSA"} {}'), id="two headers"),
        pytest.param(token(b'{"alg":"\xff"}'), id="a header that is no text"),
        pytest.param(token('{"alg":"EdDSA"}'.encode("utf-16")), id="a header in UTF-16"),
        pytest.param(token(b"\xef\xbb\xbf" + b'{"alg":"EdDSA"}'), id="a header with a mark of its byte order"),
        pytest.param(token(NAMED_TWICE), id="a name twice in the header"),
        pytest.param(token(b'{"alg":NaN}'), id="NaN in the header"),
        pytest.param(token(b'{"kid":' + b"[" * 300 + b"]" * 300 + b"}"), id="a deep header"),
        pytest.param(token({**HEADER, "kid": "k" * 500}), id="a long header"),
        pytest.param(token({**HEADER, "alg": None}), id="no text for an algorithm"),
        pytest.param(token({**HEADER, "alg": ["EdDSA"]}), id="a list of algorithms"),
        pytest.param(token({**HEADER, "kid": 1}), id="a number for a key"),
        pytest.param(token({**HEADER, "kid": ["k"]}), id="a list of keys"),
        pytest.param(token({**HEADER, "typ": ["at+jwt"]}), id="a list of types"),
        pytest.param(token({**HEADER, "jwk": {"kty": "oct", "k": ""}}), id="it brings its key"),
        pytest.param(token({**HEADER, "x5c": ["MII"]}), id="it brings its certificate"),
        pytest.param(token({**HEADER, "jku": "https://evil.example/"}), id="it says where its keys are"),
        pytest.param(token({**HEADER, "x5u": "file:///etc/passwd"}), id="it says where its certificate is"),
        pytest.param(token({**HEADER, "x5t": "AA"}), id="it names its certificate"),
        pytest.param(token({**HEADER, "crit": ["exp"]}), id="something is critical"),
        pytest.param(token({**HEADER, "crit": []}), id="nothing is critical, and it says so"),
        pytest.param(token({**HEADER, "b64": False}), id="a payload that is not encoded"),
        pytest.param(token({**HEADER, "zip": "DEF"}), id="compressed"),
        pytest.param(token({**HEADER, "enc": "A256GCM"}), id="encrypted"),
        pytest.param(token({**HEADER, "cty": "JWT"}), id="nested"),
        pytest.param(token({**HEADER, "p2c": 10**9}), id="a count of rounds"),
        pytest.param(token(HEADER, b"x" * LONGEST), id="too long"),
    ],
)
def test_what_is_spelt_otherwise_or_asks_for_something_is_none(secret):
    with pytest.raises(Malformed):
        parts(secret)


def deep(brackets, inside=b"1"):
    return b'{"a":' + b"[" * brackets + inside + b"]" * brackets + b"}"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"1", id="a number"),
        pytest.param(b"{}{}", id="two objects"),
        pytest.param(b'{"sub":"1","sub":"2"}', id="a name twice"),
        pytest.param(b'{"sub":"1","s\\u0075b":"2"}', id="a name twice, spelt in two ways"),
        pytest.param(b'{"a":{"b":1,"b":2}}', id="a name twice further down"),
        pytest.param(b'{"exp":NaN}', id="NaN"),
        pytest.param(b'{"exp":Infinity}', id="Infinity"),
        pytest.param(b'{"exp":-Infinity}', id="minus Infinity"),
        pytest.param(b'{"exp":1e999}', id="a number beyond all"),
        pytest.param(b'{"exp":' + b"9" * 5000 + b"}", id="a number of 5000 digits"),
        pytest.param(b'{"a":"\xff"}', id="no text"),
        pytest.param(b'{"a":"\x00"}', id="NUL"),
        pytest.param(deep(DEEPEST), id="a bracket too many"),
        pytest.param(deep(2500), id="2500 brackets"),
        pytest.param(b'{"a":' * 900 + b"1" + b"}" * 900, id="900 objects"),
        pytest.param(b"[" * 6000, id="6000 brackets that nobody closes"),
        pytest.param(b'{"a":"' + b"[" * 6000, id="a text that nobody closes"),
    ],
)
def test_a_payload_that_is_not_one_object_of_json_is_refused(payload):
    with pytest.raises(Malformed):
        claims_in(encoded(payload))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(deep(DEEPEST - 1), id="as deep as may be"),
        pytest.param(b'{"a":"' + b"[{" * 100 + b'\\""}', id="brackets in a text"),
        pytest.param(b'{"a":[' + b"{}," * 100 + b"{}]}", id="many brackets, and none deep"),
    ],
)
def test_a_payload_with_brackets_is_read_as_long_as_they_are_not_deep(payload):
    assert claims_in(encoded(payload)) == json.loads(payload)


def test_a_giant_costs_no_memory():
    giant = b"eyJ" + b"A" * 5_000_000 + b".e30.AA"
    tracemalloc.start()

    with pytest.raises(Malformed):
        parts(giant)

    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


@given(st.binary(max_size=200))
def test_whatever_is_sent_is_read_or_refused(sent):
    for secret in (sent, urlsafe_b64encode(sent) + b"." + urlsafe_b64encode(sent) + b".AA", token(sent, sent)):
        try:
            claims_in(parts(secret).payload)
        except Malformed:
            continue
