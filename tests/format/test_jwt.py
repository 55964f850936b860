"""A token that is signed and read back, with nothing but the keys: what it says, for whom it is, until when."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from joserfc import jwt as reference

from tessera.errors import Expired, Malformed
from tessera.format.jwk import ALGORITHMS
from tessera.format.jws import parts
from tessera.format.jwt import AHEAD, proved, refuse_foreign, refuse_untimely, sign
from tests.forging import key_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
CLAIMS = {"iss": "shop", "aud": ["shop", "tracks"], "exp": SECONDS + 60, "iat": SECONDS, "sub": "1"}


def read(token, *keys, typ="at+jwt", issuer="shop", audience="shop", now=NOW, leeway=timedelta(0)):
    signed = parts(token.encode())
    claims = proved(signed, {key.id: key for key in keys}.get(signed.key_id or ""), typ)
    refuse_foreign(claims, issuer, audience)
    refuse_untimely(claims, now, leeway)
    return claims


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_is_read_by_its_key_among_others(algorithm):
    token = sign(CLAIMS, key_of(algorithm), "at+jwt")

    assert read(token, *map(key_of, ALGORITHMS)) == CLAIMS


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_others_read_it_too(algorithm):
    token = sign(CLAIMS, key_of(algorithm), "at+jwt")

    read = reference.decode(token, key_of(algorithm).material, algorithms=[algorithm])

    assert read.claims == CLAIMS
    assert read.header == {"alg": algorithm, "kid": key_of(algorithm).id, "typ": "at+jwt"}


def test_no_claim_of_it_is_looked_at_that_the_reader_does_not_expect():
    token = sign({"exp": SECONDS + 60}, key_of("EdDSA"), "rt+jwt")

    assert read(token, key_of("EdDSA"), typ="rt+jwt", issuer=None, audience=None) == {"exp": SECONDS + 60}


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param({"typ": "rt+jwt"}, id="another type"),
        pytest.param({"issuer": "sho"}, id="another issuer"),
        pytest.param({"audience": "track"}, id="another audience"),
        pytest.param({"now": NOW - AHEAD - timedelta(microseconds=1)}, id="before it was made"),
    ],
)
def test_what_is_not_what_the_reader_expects_is_refused(expected):
    token = sign(CLAIMS, key_of("EdDSA"), "at+jwt")

    with pytest.raises(Malformed):
        read(token, key_of("EdDSA"), **expected)


@pytest.mark.parametrize("keys", [[], ["ES256"], ["a stranger's"]])
def test_without_its_key_it_is_refused(keys):
    token = sign(CLAIMS, key_of("EdDSA"), "at+jwt")

    with pytest.raises(Malformed):
        read(token, *(key_of(name) if name in ALGORITHMS else key_of("EdDSA", name) for name in keys))


@pytest.mark.parametrize(
    ("late", "leeway", "is_over"), [(59, 0, False), (60, 0, True), (69, 10, False), (70, 10, True)]
)
def test_it_is_over_at_its_end_and_the_leeway(late, leeway, is_over):
    token, now = sign(CLAIMS, key_of("EdDSA"), "at+jwt"), NOW + timedelta(seconds=late)

    try:
        read(token, key_of("EdDSA"), now=now, leeway=timedelta(seconds=leeway))
    except Expired:
        assert is_over
    else:
        assert not is_over


def test_what_json_has_no_word_for_is_written_by_the_encoder_or_not_at_all():
    told = {**CLAIMS, "when": NOW}

    with pytest.raises(TypeError):
        sign(told, key_of("EdDSA"), "at+jwt")
    token = sign(told, key_of("EdDSA"), "at+jwt", encoder=DjangoJSONEncoder)

    assert read(token, key_of("EdDSA"))["when"] == json.loads(json.dumps(NOW, cls=DjangoJSONEncoder))


@pytest.mark.parametrize("told", [{"a": float("inf")}, {"a": "x" * 8192}])
def test_what_could_not_be_read_back_is_not_signed(told):
    with pytest.raises(ValueError, match=r"JSON|too long"):
        sign({**CLAIMS, **told}, key_of("EdDSA"), "at+jwt")
