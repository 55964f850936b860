"""Only what the key of the package signed, as the package signs and for this site, is taken over."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tessera.engine.adoption.jwt import admit
from tessera.engine.adoption.simplejwt import longest_life
from tessera.engine.adoption.trust import key_of_site, trust
from tessera.errors import Expired, InvalidCredential, Malformed, SubjectGone
from tessera.models import Grant
from tests.former_jwt import Peer

SECRET = "the secret of the package, which is long enough for each of its algorithms"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


def pem(key, *, private=False):
    if private:
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def settings_for(algorithm):
    """What a site has in its settings that signs with `algorithm`."""
    if algorithm.startswith("HS"):
        return {"ALGORITHM": algorithm, "SIGNING_KEY": SECRET}
    key: Any
    if algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = ec.generate_private_key(CURVES[algorithm]) if algorithm in CURVES else RSA
    return {"ALGORITHM": algorithm, "SIGNING_KEY": pem(key, private=True), "VERIFYING_KEY": pem(key)}


@pytest.fixture
def at(settings, clock, user):
    """The package as the site had it, and its key trusted."""

    def at(**told):
        settings.SIMPLE_JWT = told
        trust(key_of_site(), clock(), longest_life())
        return Peer(**told)

    return at


def b64(told):
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def hs256(header, payload, secret=SECRET):
    """Signed with the right secret, whatever it says."""
    told = ".".join(b64(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload))
    return f"{told}.{b64(hmac.digest(secret.encode(), told.encode(), hashlib.sha256))}"


@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
@pytest.mark.parametrize(
    "algorithm",
    [
        *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA"),
    ],
)
def test_each_algorithm_of_the_package_is_understood(at, user, clock, algorithm, kind):
    peer = at(**settings_for(algorithm))

    assert admit(peer.jwt(kind, user, clock())).type == kind


HEADER = {"alg": "HS256", "typ": "JWT"}
HEADERS = {
    "none": {"alg": "none", "typ": "JWT"},
    "none in capitals": {"alg": "NONE", "typ": "JWT"},
    "no algorithm": {"typ": "JWT"},
    "another of its family": {"alg": "HS512", "typ": "JWT"},
    "another family": {"alg": "RS256", "typ": "JWT"},
    "an id of a key": {**HEADER, "kid": "1"},
    "an id that is a path": {**HEADER, "kid": "../../dev/null"},
    "a key of its own": {**HEADER, "jwk": {"kty": "oct", "k": "AAAA"}},
    "where its key is": {**HEADER, "jku": "https://evil.example/keys"},
    "a certificate": {**HEADER, "x5c": ["MII"]},
    "where its certificate is": {**HEADER, "x5u": "https://evil.example/x"},
    "what is critical": {**HEADER, "crit": ["exp"]},
    "a payload that is not encoded": {**HEADER, "b64": False, "crit": ["b64"]},
    "a payload that is zipped": {**HEADER, "zip": "DEF"},
    "the type of ours": {**HEADER, "typ": "at+jwt"},
    "the type of our refresh tokens": {**HEADER, "typ": "rt+jwt"},
    "another type": {**HEADER, "typ": "dpop+jwt"},
    "a type that is no text": {**HEADER, "typ": ["JWT"]},
    "an algorithm that is no text": {**HEADER, "alg": ["HS256"]},
    "two algorithms": b'{"alg":"none","alg":"HS256","typ":"JWT"}',
    "a list": [],
    "not JSON": b"{",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_the_package_never_wrote_is_refused(at, user, clock, header):
    payload = at(SIGNING_KEY=SECRET).token("access", user, clock()).payload

    with pytest.raises(Malformed):
        admit(hs256(header, payload))

    assert Grant.objects.count() == 0
    assert admit(hs256(HEADER, payload)).type == "access"  # With its own it is good.


def test_nothing_is_signed_by_what_is_public(at, user, clock):
    told = settings_for("RS256")
    payload = at(**told).token("access", user, clock()).payload

    for secret in (told["VERIFYING_KEY"], told["VERIFYING_KEY"].strip(), ""):
        with pytest.raises(Malformed):
            admit(hs256(HEADER, payload, secret))


SPOILT = {
    "no signature": lambda jwt: jwt.rpartition(".")[0] + ".",
    "no third part": lambda jwt: jwt.rpartition(".")[0],
    "a fourth part": lambda jwt: jwt + ".e30",
    "another letter in its signature": lambda jwt: jwt[:-2] + ("A" if jwt[-2] != "A" else "B") + jwt[-1],
    "the same bytes, spelt otherwise": lambda jwt: jwt[:-1] + chr(ord(jwt[-1]) + 1),
    "padding": lambda jwt: jwt + "=",
    "a line's end": lambda jwt: jwt + "\n",
    "a space before it": lambda jwt: " " + jwt,
    "another payload": lambda jwt: ".".join([jwt.split(".")[0], b64(b'{"user_id":"1"}'), jwt.split(".")[2]]),
    "letters that are none": lambda jwt: jwt.replace(".", ".é", 1),
    "half a letter": lambda jwt: jwt + "\ud800",
    "nothing": lambda jwt: "",
    "a megabyte": lambda jwt: jwt * 4000,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_a_spoilt_token_is_refused_before_any_query(at, user, clock, spoil, algorithm, django_assert_num_queries):
    jwt = at(**settings_for(algorithm)).jwt("access", user, clock())

    with django_assert_num_queries(0), pytest.raises(Malformed):
        admit(spoil(jwt))


def test_a_signature_in_der_is_refused(at, user, clock):
    told = settings_for("ES256")
    jwt = at(**told).jwt("access", user, clock())
    signed = jwt.rpartition(".")[0]
    key: Any = serialization.load_pem_private_key(told["SIGNING_KEY"].encode(), None)

    with pytest.raises(Malformed):
        admit(f"{signed}.{b64(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))}")


WRONG = {
    "no type": {"token_type": None},
    "a type that a site made": {"token_type": "letter"},
    "a type that is no text": {"token_type": ["access"]},
    "no id": {"jti": None},
    "an empty id": {"jti": ""},
    "an id that is a number": {"jti": 7},
    "an id that is a list": {"jti": ["7"]},
    "an endless id": {"jti": "7" * 256},
    "an id with NUL in it": {"jti": "7\x00"},
    "an id that is half a letter": {"jti": "\ud800"},
    "no user": {"user_id": None},
    "no user's name": {"user_id": ""},
    "a user that is true": {"user_id": True},
    "a user that is a fraction": {"user_id": 1.0},
    "a user that is a list": {"user_id": [1]},
    "a user that is an object": {"user_id": {"pk": 1}},
    "a user with NUL": {"user_id": "1\x00"},
    "a user that is half a letter": {"user_id": "\ud800"},
    "an endless user": {"user_id": "1" * 256},
    "an endless number": {"user_id": 10**300},
    "no end": {"exp": None},
    "an end in words": {"exp": "tomorrow"},
    "an end that is true": {"exp": True},
    "an end that is a list": {"exp": [2**31]},
    "an end after all years": {"exp": 10**15},
    "an end beyond numbers": {"exp": 10**300},
    "an end beyond fractions": {"exp": 1e300},
    "a beginning in words": {"nbf": "now"},
    "an issue before all years": {"iat": -(10**15)},
    "an issue in words": {"iat": "now"},
    "made in an hour": {"iat": 2**32},
    "good from an hour on": {"nbf": 2**32},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
def test_a_token_that_says_what_the_package_never_said_is_refused(at, user, clock, kind, claims):
    payload = at(SIGNING_KEY=SECRET).token(kind, user, clock()).payload
    spoilt = {name: value for name, value in (payload | claims).items() if value is not None}

    with pytest.raises(Malformed):
        admit(hs256(HEADER, spoilt))

    assert Grant.objects.count() == 0


NOBODY = {
    "another number": 2**31 - 1,
    "a number that no column holds": 2**70,
    "a negative one": -1,
    "in words": "ada",
    "in other digits": "\u0661",  # An Arabic one, which int() reads.
    "with an underscore": "1_0",
    "SQL": "1 OR 1=1",
    "an exponent": "1e400",
    "not a number": "nan",
}


@pytest.mark.parametrize("name", NOBODY.values(), ids=NOBODY)
@pytest.mark.parametrize("field", ["id", "username", "date_joined"])
def test_a_name_that_is_nobodys_is_refused(at, user, clock, name, field):
    type(user).objects.update(id=1000, username="grace")
    jwt = at(SIGNING_KEY=SECRET, USER_ID_FIELD=field).jwt("access", user, clock(), user_id=name)

    with pytest.raises(SubjectGone):
        admit(jwt)


TWICE = {
    "users": b'"user_id":"1","user_id":"2"',
    "types": b'"token_type":"refresh","token_type":"access"',
    "ends": b'"exp":1,"exp":4102444800',
}


@pytest.mark.parametrize("twice", TWICE.values(), ids=TWICE)
def test_a_payload_that_says_two_things_is_refused(at, user, clock, twice):
    payload = json.dumps(at(SIGNING_KEY=SECRET).token("access", user, clock()).payload).encode()

    with pytest.raises(Malformed):
        admit(hs256(HEADER, payload[:-1] + b"," + twice + b"}"))


@pytest.mark.parametrize("payload", [b"[]", b'"x"', b"null", b"{", b"", b'{"exp":NaN}', b"[" * 5000, b"\xff"])
def test_a_payload_that_is_no_object_is_refused(at, user, payload):
    at(SIGNING_KEY=SECRET)

    with pytest.raises(Malformed):
        admit(hs256(HEADER, payload))


@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
def test_the_names_and_words_of_the_site_are_those_of_its_settings(at, user, clock, kind):
    told = {
        "TOKEN_TYPE_CLAIM": "kind",
        "JTI_CLAIM": "tid",
        "USER_ID_CLAIM": "who",
        "USER_ID_FIELD": "username",
        "ISSUER": "https://shop.example",
        "AUDIENCE": ["shop", "till"],
        "SLIDING_TOKEN_REFRESH_EXP_CLAIM": "until",
    }

    former = admit(at(**told).jwt(kind, user, clock()))

    assert (former.type, former.claims["who"]) == (kind, "ada")
    with pytest.raises(InvalidCredential):
        admit(Peer().jwt(kind, user, clock()))


@pytest.mark.parametrize("missing", ["TOKEN_TYPE_CLAIM", "JTI_CLAIM"])
def test_a_site_whose_tokens_have_no_type_or_no_id_takes_none_over(at, user, clock, missing):
    jwt = at(**{missing: None}).jwt("access", user, clock())

    with pytest.raises(Malformed):
        admit(jwt)


AUDIENCES = {
    "its own": ("shop", "shop", True),
    "one of several": ("shop", ["till", "shop"], True),
    "one of the site's": (["shop", "till"], "till", True),
    "a part of it": ("shop", "workshop", False),
    "it is a part": ("workshop", "shop", False),
    "another": ("shop", ["till"], False),
    "none": ("shop", [], False),
    "none at all": ("shop", None, False),
    "a list in a list": ("shop", [["shop"]], False),
    "an object": ("shop", {"shop": 1}, False),
    "a number": ("shop", 7, False),
    "whatever, where the site has none": (None, "till", True),
}


@pytest.mark.parametrize(("ours", "told", "is_good"), AUDIENCES.values(), ids=AUDIENCES)
def test_it_is_for_the_audience_of_the_site(at, user, clock, ours, told, is_good):
    payload = at(SIGNING_KEY=SECRET, AUDIENCE=ours).token("access", user, clock()).payload
    jwt = hs256(HEADER, payload if told is None else {**payload, "aud": told})

    if is_good:
        assert admit(jwt).type == "access"
    else:
        with pytest.raises(Malformed):
            admit(jwt)


@pytest.mark.parametrize("issuer", ["https://shop.example/", "https://shop.exampl", "", None, ["https://shop.example"]])
def test_another_issuer_is_refused_however_alike(at, user, clock, issuer):
    payload = at(SIGNING_KEY=SECRET, ISSUER="https://shop.example").token("access", user, clock()).payload

    with pytest.raises(Malformed):
        admit(hs256(HEADER, {**payload, "iss": issuer}))


@pytest.mark.parametrize("leeway", [10, 10.0, timedelta(seconds=10)])
@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
def test_it_lives_as_much_longer_as_the_site_allows_for_its_clocks(at, user, clock, kind, leeway):
    peer = at(LEEWAY=leeway)
    jwt = peer.jwt(kind, user, clock())

    clock.turn(peer.lifetime(kind) + timedelta(seconds=9))
    assert admit(jwt).type == kind
    assert Grant.objects.get().is_live(clock())
    clock.turn(timedelta(seconds=1))
    with pytest.raises(Expired):
        admit(jwt)


@pytest.mark.parametrize("leeway", [3600, timedelta(hours=1), 1e300])
def test_no_site_allows_for_more_than_a_minute(at, user, clock, leeway):
    peer = at(LEEWAY=leeway)
    jwt = peer.jwt("access", user, clock())
    clock.turn(peer.lifetime("access") + timedelta(seconds=60))

    with pytest.raises(Expired):
        admit(jwt)


@pytest.mark.parametrize("leeway", [None, -5, "10", float("nan")])
def test_a_leeway_that_is_none_allows_for_nothing(at, user, clock, leeway):
    peer = at(LEEWAY=leeway)
    jwt = Peer().jwt("access", user, clock())
    clock.turn(peer.lifetime("access"))

    with pytest.raises(Expired):
        admit(jwt)


def test_the_key_of_another_algorithm_was_never_trusted(at, user, clock, settings):
    at(SIGNING_KEY=SECRET)
    settings.SIMPLE_JWT = {"SIGNING_KEY": SECRET, "ALGORITHM": "HS512"}

    with pytest.raises(Malformed):
        admit(Peer(**settings.SIMPLE_JWT).jwt("access", user, clock()))
