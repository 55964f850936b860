"""What went wrong where JWTs are read, and is published: one test for each, named after it."""

import json
import logging
import tracemalloc
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.contrib.auth.models import User

from tessera import verify
from tessera.errors import InvalidCredential, Malformed
from tessera.format import jwk
from tests.browsing import REFRESH
from tests.credentials import DOORS, opens
from tests.forging import by_secret, encoded, key_of, private, public_jwk, public_pem

INVALID = {"detail": "Invalid token.", "code": "invalid_token"}

pytestmark = pytest.mark.django_db

signed_by_what_is_public = pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])


def ssh(key):
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


@signed_by_what_is_public
def test_pyjwt_cve_2017_11424_and_authlib_cve_2024_37568_a_public_key_as_a_secret(forge, algorithm):
    made = forge(algorithm)
    texts = [public_pem(made), public_pem(made).replace(b"PUBLIC KEY", b"RSA PUBLIC KEY"), public_jwk(made)]

    forged = [
        made.token(header={"alg": name}, signature=by_secret(text)) for text in texts for name in ("HS256", "HS512")
    ]

    assert not any(map(opens, forged))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ssh(ed25519.Ed25519PrivateKey.generate()), id="ssh-ed25519"),
        pytest.param(ssh(ec.generate_private_key(ec.SECP256R1())), id="ecdsa-sha2"),
        pytest.param(ssh(rsa.generate_private_key(65537, 2048)), id="ssh-rsa"),
        pytest.param(json.dumps({"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}).encode(), id="JWK"),
        pytest.param(
            ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            id="PEM",
        ),
        pytest.param(b"", id="nothing"),
        pytest.param(b"x" * 31, id="less than a digest"),
    ],
)
def test_pyjwt_cve_2022_29217_cve_2026_48526_cve_2026_102266_and_python_jose_cve_2024_33663_a_key_as_a_secret(text):
    with pytest.raises(ValueError, match="no key for HS256"):
        jwk.load(text, "HS256")


@pytest.mark.parametrize("issuer", ["https://shop", "shop.example", "", "h", "https://shop.example.evil.example"])
def test_pyjwt_cve_2024_53861_a_piece_of_the_issuer(forge, issuer):
    assert not opens(forge().token(claims={"iss": issuer}))


@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["x-policy"], [], "exp", None])
def test_pyjwt_cve_2026_32597_and_authlib_cve_2025_59420_what_is_critical_is_passed_over(forge, crit):
    assert not opens(forge().token(header={"crit": crit, "x-policy": "deny"}))
    assert not opens(forge().token(header={"crit": crit}))


def test_pyjwt_ghsa_jq35_7prp_9v3f_the_list_says_one_algorithm_and_the_key_does_another(forge):
    made = forge("ES256")

    forged = [made.token(header={"alg": name}) for name in ("EdDSA", "RS256", "HS256", "ES384", "es256", "ES256K")]

    assert not any(map(opens, forged))


def test_pyjwt_ghsa_w7vc_732c_9m39_and_authlib_cve_2025_61920_a_giant_that_is_read_before_it_is_refused(forge):
    made = forge()
    giants = [
        made.token(header={"b64": False, "crit": ["b64"]}).split(b".")[0] + b"." + b"A" * 5_000_000 + b".AA",
        encoded(b'{"alg":"EdDSA","kid":"' + b"k" * 5_000_000 + b'"}') + b".e30.AA",
    ]
    tracemalloc.start()

    for giant in giants:
        with pytest.raises(Malformed):
            verify(giant, accept=DOORS)

    assert tracemalloc.get_traced_memory()[1] < 200_000
    tracemalloc.stop()


@pytest.mark.parametrize("members", [{"enc": "A256GCM", "zip": "DEF"}, {"alg": "PBES2-HS256+A128KW", "p2c": 10**9}])
def test_python_jose_cve_2024_33664_and_jwcrypto_cve_2023_6681_something_encrypted_to_be_unpacked(forge, members):
    made = forge()

    with pytest.raises(Malformed):
        verify(b".".join([encoded({**made.header, **members}), b"AA", b"AA", b"AA", b"AA"]), accept=DOORS)
    assert not opens(made.token(header=members))


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
def test_python_jose_419_the_header_says_by_which_algorithm(forge, algorithm):
    made = forge()

    assert not opens(made.token(header={"alg": algorithm}, key=key_of(algorithm, "a stranger's")))


@signed_by_what_is_public
def test_authlib_cve_2026_27962_the_token_brings_its_key(forge, algorithm):
    made, other = forge(algorithm), key_of(algorithm, "a stranger's")

    forged = [
        made.token(header={"jwk": jwk.public(other), **named}, key=other)
        for named in ({}, {"kid": other.id}, {"kid": ...})
    ]

    assert not any(map(opens, forged))


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_authlib_and_many_an_algorithm_that_is_none(forge, name):
    made = forge()

    forged = [made.token(header={"alg": name}, signature=lambda _, told=told: told) for told in (b"", b"x", bytes(64))]

    assert not any(map(opens, forged))


def test_joserfc_an_error_that_holds_what_was_sent(forge, caplog, client):
    caplog.set_level(logging.DEBUG)
    forged = forge().token(header={"kid": "k" * 200, "secret": "hunter2"})

    with pytest.raises(InvalidCredential) as refused:
        verify(forged, accept=DOORS)
    client.get("/whoami/", headers={"Authorization": f"Bearer {forged.decode()}"})

    shown = "".join([repr(refused.value), repr(refused.value.__cause__), caplog.text])
    assert not [piece for piece in (*forged.decode().split("."), "hunter2") if piece in shown]


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
def test_rodauth_cve_2026_82469_a_signed_access_token_that_renews_itself(client, forge, method):
    made = forge()
    token = made.token().decode()

    answer = getattr(client, method)(
        REFRESH, {"refresh_token": token}, headers={"Authorization": f"Bearer {token}"}, format="json"
    )

    assert b"access_token" not in answer.content.replace(b'"refresh_token"', b"")
    assert answer.status_code in ({"post": {401}}.get(method, {405, 200}))
    made.issued.grant.refresh_from_db()
    assert made.issued.grant.generation == 0


def test_simplejwt_cve_2024_22513_a_signed_token_of_a_disabled_user(client, forge):
    token = forge().token().decode()
    User.objects.update(is_active=False)

    answer = client.post("/auth/verify/", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()) == (401, INVALID)


def test_keys_that_were_taken_away_and_still_open(forge, settings, clock):
    token = forge().token()

    settings.TESSERA = {**settings.TESSERA, "JWT_KEYS": [private(key_of("ES256"))]}
    clock.turn(timedelta(seconds=1))

    assert not opens(token)
