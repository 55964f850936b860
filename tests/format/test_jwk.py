"""The keys that sign JWTs: of which algorithm a key is, what of it is shown, and what is no key.

The thumbprint is that of RFC 8037 §A.3, and what is sealed is opened by `cryptography` alone: neither is only our own
word.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tessera.format.jwk import ALGORITHMS, generate, load, opened, public, sealed, without_private

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
ASYMMETRIC = [name for name in ALGORITHMS if name != "HS256"]
SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))

# RFC 8037 §A.1 to §A.3.
OF_THE_RFC = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
ITS_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pem_of_public(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def ssh(key):
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def oct_key(secret: bytes) -> str:
    return json.dumps({"kty": "oct", "k": encoded(secret)})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_new_key_is_read_back_from_what_was_sealed(algorithm):
    key = generate(algorithm)

    again = opened(sealed(key, SECRET), SECRET)

    assert (again.id, again.algorithm, again.is_private) == (key.id, algorithm, True)
    assert again.material.as_dict(private=True) == key.material.as_dict(private=True)


def test_a_secret_that_begins_like_json_is_read_back_too():
    key = load(oct_key(b"{" + bytes(31)))

    assert opened(sealed(key, SECRET), SECRET).id == key.id


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_two_new_keys_are_the_same(algorithm):
    assert generate(algorithm).id != generate(algorithm).id


def test_its_name_is_its_thumbprint():
    assert load(json.dumps(OF_THE_RFC)).id == ITS_THUMBPRINT


def test_what_a_jwk_says_of_itself_changes_neither_its_name_nor_what_is_shown():
    key = load(json.dumps(OF_THE_RFC | {"kid": "../../etc/passwd", "x5u": "https://evil.example", "key_ops": ["sign"]}))

    assert public(key) == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": OF_THE_RFC["x"],
        "kid": ITS_THUMBPRINT,
        "alg": "EdDSA",
        "use": "sig",
    }


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_nothing_that_is_published_is_private(algorithm):
    key = generate(algorithm)

    told = public(key)

    assert told.keys().isdisjoint(PRIVATE)
    assert (told["kid"], told["alg"], told["use"]) == (key.id, algorithm, "sig")
    assert load(json.dumps(told)).is_private is False


def test_a_symmetric_key_is_not_published():
    with pytest.raises(ValueError, match="no public half"):
        public(generate("HS256"))


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_key_without_its_private_half_is_the_same_key(algorithm):
    key = generate(algorithm)

    left = without_private(key)

    assert (left.id, left.algorithm, left.is_private) == (key.id, algorithm, False)
    assert set(left.material.as_dict()).isdisjoint(PRIVATE)
    assert opened(sealed(left, SECRET), SECRET).is_private is False


@pytest.mark.parametrize(
    ("algorithm", "made"),
    [
        pytest.param("EdDSA", ed25519.Ed25519PrivateKey.generate, id="Ed25519"),
        pytest.param("ES256", lambda: ec.generate_private_key(ec.SECP256R1()), id="P-256"),
        pytest.param("RS256", lambda: rsa.generate_private_key(65537, 2048), id="RSA of 2048 bits"),
    ],
)
def test_the_algorithm_is_that_of_the_key(algorithm, made):
    key = made()

    loaded, of_others = load(pem(key)), load(b"\n" + pem_of_public(key).replace(b"\n", b"\r\n"))

    assert (loaded.algorithm, loaded.is_private) == (algorithm, True)
    assert (of_others.algorithm, of_others.is_private, of_others.id) == (algorithm, False, loaded.id)
    for other in set(ALGORITHMS) - {algorithm}:
        with pytest.raises(ValueError, match=f"no key for {other}"):
            load(pem(key), other)


def test_the_new_name_of_eddsa_is_understood():
    assert load(json.dumps(OF_THE_RFC | {"alg": "Ed25519"})).algorithm == "EdDSA"


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param("", "HS256", id="no secret"),
        pytest.param("s" * 31, "HS256", id="a secret that is a byte too short"),
        pytest.param("s" * 32, None, id="a secret where none was asked for"),
        pytest.param("s" * 32, "EdDSA", id="a secret for a key pair"),
        pytest.param(oct_key(b""), None, id="an empty secret, as JWK"),
        pytest.param(oct_key(bytes(31)), None, id="a short secret, as JWK"),
        pytest.param(oct_key(json.dumps(OF_THE_RFC).encode()), None, id="a JWK as the secret in a JWK"),
        pytest.param(
            oct_key(pem_of_public(ed25519.Ed25519PrivateKey.generate())), None, id="PEM as the secret in a JWK"
        ),
        pytest.param(json.dumps(OF_THE_RFC), "HS256", id="a JWK as a secret"),
        pytest.param(pem(ed25519.Ed25519PrivateKey.generate()), "HS256", id="a private PEM as a secret"),
        pytest.param(pem_of_public(ed25519.Ed25519PrivateKey.generate()), "HS256", id="a public PEM as a secret"),
        pytest.param(b"xx" + pem_of_public(ed25519.Ed25519PrivateKey.generate()), "HS256", id="PEM behind two letters"),
        pytest.param(ssh(ed25519.Ed25519PrivateKey.generate()), "HS256", id="an SSH key as a secret"),
        pytest.param(ssh(ec.generate_private_key(ec.SECP256R1())), "HS256", id="an SSH key of ECDSA as a secret"),
        pytest.param(pem(rsa.generate_private_key(65537, 1024)), None, id="RSA of 1024 bits"),
        pytest.param(pem(ec.generate_private_key(ec.SECP384R1())), None, id="P-384"),
        pytest.param(pem(ed448.Ed448PrivateKey.generate()), None, id="Ed448"),
        pytest.param(json.dumps({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}), None, id="no point of the curve"),
        pytest.param(json.dumps({"kty": "EC", "crv": "P-1", "x": "AA", "y": "AA"}), None, id="no curve"),
        pytest.param(json.dumps({"kty": "OKP", "crv": "Ed25519", "x": "AA"}), None, id="too few bytes"),
        pytest.param(json.dumps({"kty": ["OKP"]}), None, id="a list for a type"),
        pytest.param(json.dumps(OF_THE_RFC | {"alg": "ES256"}), None, id="a JWK that names another algorithm"),
        pytest.param(json.dumps(OF_THE_RFC | {"use": "enc"}), None, id="a JWK that is for encrypting"),
        pytest.param(json.dumps([OF_THE_RFC]), None, id="a list of JWKs"),
        pytest.param("{" * 100_000, None, id="what has no end"),
        pytest.param("-----BEGIN PRIVATE KEY-----", None, id="a PEM that has been cut off"),
        pytest.param(
            ed25519.Ed25519PrivateKey.generate().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"?")
            ),
            None,
            id="a PEM under a password",
        ),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(text, algorithm):
    with pytest.raises(ValueError, match="This is no key for") as refusal:
        load(text, algorithm)

    assert refusal.value.__cause__ is refusal.value.__context__ is None
    assert len(str(refusal.value)) < 90


def test_what_was_sealed_shows_nothing_of_the_key():
    key = load(json.dumps(OF_THE_RFC))

    header, empty, *rest = sealed(key, SECRET).split(".")

    assert json.loads(urlsafe_b64decode(header + "==")) == {"alg": "dir", "enc": "A256GCM", "cty": "jwk+json"}
    assert empty == ""
    assert OF_THE_RFC["d"] not in ".".join(rest)


def test_what_was_sealed_is_aes_gcm_over_its_header():
    key = load(json.dumps(OF_THE_RFC))

    header, _, nonce, text, tag = sealed(key, SECRET).split(".")

    once, box, rest = (urlsafe_b64decode(part + "==") for part in (nonce, text, tag))
    told = AESGCM(SECRET).decrypt(once, box + rest, header.encode())
    assert json.loads(told) == OF_THE_RFC | {"alg": "EdDSA"}


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda box: box[:-4] + "AAAA", id="another tag"),
        pytest.param(
            lambda box: "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0" + box[box.index(".") :], id="another header"
        ),
        pytest.param(lambda box: box.replace("..", ".AAAA."), id="a key in it"),
        pytest.param(lambda box: "", id="nothing"),
        pytest.param(lambda box: "a.b.c", id="three parts"),
        pytest.param(lambda box: "é" + box, id="letters of no box"),
    ],
)
def test_what_was_sealed_and_changed_is_refused(spoilt):
    box = sealed(generate("EdDSA"), SECRET)

    with pytest.raises(ValueError, match="not sealed under that secret"):
        opened(spoilt(box), SECRET)


def test_what_was_sealed_under_another_secret_is_refused():
    with pytest.raises(ValueError, match="not sealed under that secret"):
        opened(sealed(generate("EdDSA"), SECRET), OTHER)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_does_not_show_itself(algorithm):
    key = generate(algorithm)

    assert repr(key) == f"Key(id='{key.id}', algorithm='{algorithm}')"
