"""Whatever a forger makes of a signed token opens nothing, costs no query, writes nothing and learns nothing.

The numbers are those of RFC 8725 (best practice for JWTs) and RFC 9068 (JWTs as access tokens).
"""

import json
import socket
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tessera import Ask, issue, verify
from tessera.errors import InvalidCredential, Malformed
from tessera.format import jwk, jws
from tessera.models import Grant
from tests.credentials import DOORS, opens, traded
from tests.forging import by_secret, encoded, key_of, private, public_jwk, public_pem

INVALID = {"detail": "Invalid token.", "code": "invalid_token"}
REFUSED = 'Bearer realm="api", error="invalid_token"'
WEEK = timedelta(days=7)
P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_network(monkeypatch):
    """A machine that reaches nobody."""

    def refuse(*args, **kwargs):
        raise AssertionError("somebody was asked")

    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


def hs256(secret_of):
    return lambda forge: forge.token(header={"alg": "HS256"}, signature=by_secret(secret_of(forge)))


def no_algorithm(name, signature=b""):
    return lambda forge: forge.token(header={"alg": name}, signature=lambda _: signature)


def stranger(**header):
    """Signed by a key of the forger's own."""
    return lambda forge: forge.token(key=key_of(forge.key.algorithm, "a stranger's"), header=header)


def own_key_brought(forge):
    other = key_of(forge.key.algorithm, "a stranger's")
    return forge.token(key=other, header={"kid": other.id, "jwk": jwk.public(other)})


def header(**header):
    """Signed by us, under another header. Nobody can make that, and it is refused all the same."""
    return lambda forge: forge.token(header=header)


def claims(**claims):
    """Signed by us, with other claims."""
    return lambda forge: forge.token(claims=claims)


def written(pattern):
    """Signed by us, with a payload whose end is written by hand."""
    return lambda forge: forge.token(claims=json.dumps(dict(forge.claims)).encode()[:-1] + pattern + b"}")


def later(**span):
    return lambda forge: forge.claims["iat"] + int(timedelta(**span).total_seconds())


def moment(name, **span):
    return lambda forge: forge.token(claims={name: later(**span)(forge)})


def cut(token, start, change):
    parts = token.split(b".")
    parts[start] = change(parts[start])
    return b".".join(parts)


def reshaped(part, change):
    return lambda forge: cut(forge.token(), part, change)


def other_last_letter(text):
    """Spelt otherwise, and the same bytes to a lax decoder."""
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = {2: 16, 3: 4}[len(text) % 4]
    place = letters.index(text[-1:])
    return text[:-1] + letters[place ^ 1 : (place ^ 1) + 1] if spare else text


def put_together(forge):
    """The claims of one good token under the signature of another."""
    one, other = forge.token().split(b"."), forge.token(claims={"sub": "0"}).split(b".")
    return b".".join((one[0], other[1], one[2]))


ANOTHERS = [
    *[pytest.param(no_algorithm(name), id=f"algorithm {name}, unsigned") for name in ("none", "None", "NONE", "nOnE")],
    *[pytest.param(no_algorithm(name, b"x" * 64), id=f"algorithm {name}") for name in ("none", "None", "NONE", "nOnE")],
    pytest.param(hs256(public_pem), id="our public key as a secret, in PEM"),
    pytest.param(hs256(lambda forge: public_pem(forge).strip()), id="in PEM without its last line end"),
    pytest.param(hs256(public_jwk), id="as JWK"),
    pytest.param(hs256(lambda forge: jwk.public(forge.key)["x"].encode()), id="its one number"),
    pytest.param(hs256(lambda _: b""), id="an empty secret"),
    pytest.param(lambda forge: forge.token(key=key_of("HS256")), id="another algorithm, and our key"),
    pytest.param(header(alg="ES256"), id="algorithm: that of another key"),
    pytest.param(header(alg="eddsa"), id="algorithm: another case"),
    pytest.param(header(alg="Ed25519"), id="algorithm: another name"),
    pytest.param(header(alg="EdDSA "), id="algorithm: a space"),
    pytest.param(header(alg=["EdDSA"]), id="algorithm: a list"),
    pytest.param(header(alg=""), id="algorithm: empty"),
    pytest.param(header(alg=...), id="algorithm: none told"),
    pytest.param(stranger(), id="a stranger's key under our name"),
    pytest.param(stranger(kid="a stranger's"), id="a stranger's key"),
    pytest.param(own_key_brought, id="a stranger's key, brought along"),
    pytest.param(header(kid=...), id="key: none named"),
    pytest.param(header(kid=""), id="key: empty"),
    pytest.param(header(kid="../../../../dev/null"), id="key: a path"),
    pytest.param(header(kid="' OR 1=1 --"), id="key: SQL"),
    pytest.param(header(kid="\x00"), id="key: NUL"),
    pytest.param(header(kid="\ud800"), id="key: half a letter"),
    pytest.param(header(kid="https://evil.example/key"), id="key: an address"),
    pytest.param(header(kid="k" * 300), id="key: long"),
    pytest.param(header(kid=1), id="key: a number"),
    pytest.param(header(kid=True), id="key: True"),
    pytest.param(header(kid=None), id="key: null"),
    pytest.param(lambda forge: header(kid=[forge.key.id])(forge), id="key: a list"),
    pytest.param(lambda forge: header(kid=forge.key.id.swapcase())(forge), id="key: another case"),
    pytest.param(header(jku="http://169.254.169.254/keys"), id="it says where its keys are"),
    pytest.param(header(x5u="file:///etc/passwd"), id="it says where its certificate is"),
    pytest.param(header(x5c=["MIIB"]), id="it brings a certificate"),
    pytest.param(lambda forge: header(jwk=jwk.public(forge.key))(forge), id="it brings our key"),
    pytest.param(header(crit=["exp"]), id="something is critical"),
    pytest.param(header(crit=["b64"], b64=False), id="its payload is not encoded"),
    pytest.param(header(zip="DEF"), id="compressed"),
    pytest.param(header(cty="JWT"), id="nested"),
    pytest.param(header(iss="https://shop.example"), id="a claim in the header"),
    pytest.param(put_together, id="of two good ones"),
    pytest.param(lambda forge: forge.token()[:-1], id="cut short"),
    pytest.param(lambda forge: forge.token() + b"A", id="a letter more"),
    pytest.param(lambda forge: forge.token().rsplit(b".", 1)[0], id="without its signature"),
    pytest.param(lambda forge: forge.token() + b"." + encoded(b"x"), id="a part more"),
    pytest.param(reshaped(0, lambda text: text + b"="), id="padding in the header"),
    pytest.param(reshaped(1, lambda text: text + b"="), id="padding in the claims"),
    pytest.param(reshaped(2, lambda text: text + b"=="), id="padding in the signature"),
    pytest.param(reshaped(2, other_last_letter), id="another last letter"),
    pytest.param(reshaped(2, lambda text: b"+" + text[1:]), id="a plus in the signature"),
    pytest.param(reshaped(2, lambda text: b"*" + text), id="junk in the signature"),
    pytest.param(lambda forge: b"." + forge.token(), id="a dot before"),
    pytest.param(lambda forge: b'"' + forge.token() + b'"', id="in quotation marks"),
    pytest.param(lambda forge: forge.token() + b"," + forge.token(), id="twice"),
    pytest.param(lambda forge: forge.token().lower(), id="in lower case"),
]
"""What was not signed by us as it stands."""

NOT_MEANT = [
    pytest.param(header(typ=...), id="type: none"),
    pytest.param(header(typ=""), id="type: empty"),
    pytest.param(header(typ="JWT"), id="type: any token"),
    pytest.param(header(typ="rt+jwt"), id="type: a refresh token"),
    pytest.param(header(typ="id+jwt"), id="type: an ID token"),
    pytest.param(header(typ="dpop+jwt"), id="type: a proof"),
    pytest.param(header(typ="at+jwt "), id="type: a space"),
    pytest.param(header(typ="text/at+jwt"), id="type: of another tree"),
    pytest.param(header(typ=["at+jwt"]), id="type: a list"),
    pytest.param(claims(iss=...), id="issuer: none"),
    pytest.param(claims(iss="https://evil.example"), id="issuer: another"),
    pytest.param(claims(iss="https://shop"), id="issuer: a piece of it"),
    pytest.param(claims(iss="https://shop.example.evil.example"), id="issuer: more than it"),
    pytest.param(claims(iss="https://shop.example/"), id="issuer: a slash more"),
    pytest.param(claims(iss="https://SHOP.example"), id="issuer: capitals"),
    pytest.param(claims(iss=["https://shop.example"]), id="issuer: a list"),
    pytest.param(claims(iss=None), id="issuer: null"),
    pytest.param(claims(aud=...), id="audience: none"),
    pytest.param(claims(aud="https://tracks.example"), id="audience: another"),
    pytest.param(claims(aud="https://shop.example https://tracks.example"), id="audience: two in a text"),
    pytest.param(claims(aud="https"), id="audience: a piece of it"),
    pytest.param(claims(aud=[]), id="audience: nobody"),
    pytest.param(claims(aud=["https://tracks.example"]), id="audience: others"),
    pytest.param(claims(aud=[["https://shop.example"]]), id="audience: a list in a list"),
    pytest.param(claims(aud={"https://shop.example": 1}), id="audience: a dict"),
    pytest.param(claims(aud=None), id="audience: null"),
    pytest.param(claims(aud=True), id="audience: True"),
    pytest.param(claims(exp=...), id="end: none"),
    pytest.param(claims(exp="9999999999"), id="end: a text"),
    pytest.param(claims(exp=9999999999.5), id="end: between two seconds"),
    pytest.param(claims(exp=True), id="end: True"),
    pytest.param(claims(exp=None), id="end: null"),
    pytest.param(claims(exp=[9999999999]), id="end: a list"),
    pytest.param(written(b',"exp":9999999999'), id="end: twice"),
    pytest.param(claims(exp=0), id="end: long ago"),
    pytest.param(claims(exp=-(10**400)), id="end: before all time"),
    pytest.param(moment("exp"), id="end: this very second"),
    pytest.param(lambda forge: forge.token(claims=b'{"exp":NaN}'), id="end: no number"),
    pytest.param(lambda forge: forge.token(claims=b'{"exp":1e400}'), id="end: beyond all numbers"),
    pytest.param(lambda forge: forge.token(claims=b'{"exp":-Infinity}'), id="end: Infinity"),
    pytest.param(moment("nbf", seconds=1), id="not before: the next second"),
    pytest.param(moment("nbf", days=1), id="not before: tomorrow"),
    pytest.param(claims(nbf="0"), id="not before: a text"),
    pytest.param(claims(nbf=True), id="not before: True"),
    pytest.param(claims(nbf=10**400), id="not before: beyond all time"),
    pytest.param(moment("iat", seconds=61), id="made in the next minute"),
    pytest.param(moment("iat", days=1), id="made tomorrow"),
    pytest.param(claims(iat=...), id="made: untold"),
    pytest.param(claims(iat=1.5), id="made between two seconds"),
    pytest.param(claims(iat=False), id="made: False"),
    pytest.param(claims(sub=...), id="subject: none"),
    pytest.param(claims(sub=""), id="subject: empty"),
    pytest.param(claims(sub=1), id="subject: a number"),
    pytest.param(claims(sub=None), id="subject: null"),
    pytest.param(claims(client_id=...), id="client: none"),
    pytest.param(claims(client_id=["web"]), id="client: a list"),
    pytest.param(claims(sid=...), id="row: none"),
    pytest.param(claims(sid=1), id="row: a number"),
    pytest.param(claims(sid=""), id="row: empty"),
    pytest.param(claims(sid="' OR 1=1 --"), id="row: SQL"),
    pytest.param(claims(sid=str(uuid4())), id="row: with dashes"),
    pytest.param(lambda forge: claims(sid=forge.claims["sid"].upper())(forge), id="row: in capitals"),
    pytest.param(lambda forge: claims(sid=forge.claims["sid"] + "\n")(forge), id="row: a line end"),
    pytest.param(claims(jti=...), id="id: none"),
    pytest.param(claims(jti=""), id="id: empty"),
    pytest.param(claims(jti=7), id="id: a number"),
    pytest.param(claims(jti="*" * 38), id="id: other letters"),
    pytest.param(lambda forge: claims(jti=forge.claims["jti"] + "=")(forge), id="id: padding"),
    pytest.param(
        lambda forge: claims(jti="AAAA" + forge.claims["jti"][4:])(forge), id="id: of a pepper that is not ours"
    ),
    pytest.param(written(b',"sub":"2"'), id="a claim twice"),
    pytest.param(written(b',"a":NaN'), id="no number among the claims"),
    pytest.param(written(b',"a":' + b"[" * 900 + b"]" * 900), id="900 brackets"),
    pytest.param(lambda forge: forge.token(claims=b"[]"), id="claims: a list"),
    pytest.param(lambda forge: forge.token(claims=b'"exp"'), id="claims: a text"),
    pytest.param(lambda forge: forge.token(claims=b"\xff"), id="claims: no text"),
]
"""What was signed by us, and not for this."""


@pytest.mark.parametrize("made", [*ANOTHERS, *NOT_MEANT])
def test_what_is_forged_is_refused_without_a_query_like_any_token_that_opens_nothing(
    client, forge, no_network, made, django_assert_num_queries
):
    forged, before = made(forge()), Grant.objects.values().get()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {forged.decode()}")

    with django_assert_num_queries(0):
        answers = [client.get("/whoami/"), client.post("/auth/verify/"), client.get("/auth/tokens/")]
        with pytest.raises(InvalidCredential):
            verify(forged, accept=DOORS)

    assert [answer.status_code for answer in answers] == [401] * 3
    assert [answer.json() for answer in answers] == [{"detail": INVALID["detail"]}, INVALID, INVALID]
    assert {answer["WWW-Authenticate"] for answer in answers} == {REFUSED}
    assert Grant.objects.values().get() == before


@pytest.mark.parametrize("path", ["/auth/refresh/", "/auth/logout/"])
@pytest.mark.parametrize("made", [*ANOTHERS[:3], *NOT_MEANT[:3], lambda forge: forge.token()])
def test_no_signed_token_is_a_refresh_token(client, forge, path, made):
    forged, before = made(forge()).decode(), Grant.objects.values().get()

    answer = client.post(path, {"refresh_token": forged}, format="json")

    assert (answer.status_code, answer.json()) == (401, INVALID)
    assert Grant.objects.values().get() == before


def another_row(forge):
    return claims(sid=issue(Ask(subject=forge.issued.grant.subject)).grant.pk.hex)(forge)


def another_digest(digest_of):
    def made(forge):
        grant = Grant.objects.get(pk=forge.issued.grant.pk)
        told = bytes.fromhex(grant.pepper) + bytes(digest_of(grant))
        return claims(jti=urlsafe_b64encode(told).rstrip(b"=").decode())(forge)

    return made


def earlier_generation(forge):
    token = forge.token()
    traded(traded(forge.issued))
    return token


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(another_row, id="another's row"),
        pytest.param(claims(sid=uuid4().hex), id="a row that there is not"),
        pytest.param(another_digest(lambda _: bytes(24)), id="no digest"),
        pytest.param(another_digest(lambda grant: grant.refresh_digest), id="the digest of the refresh token"),
        pytest.param(another_digest(lambda grant: grant.fingerprint + bytes(8)), id="the fingerprint"),
        pytest.param(earlier_generation, id="an earlier generation"),
    ],
)
def test_a_signing_key_alone_opens_nothing_here(client, forge, made):
    forged = made(forge())
    before = list(Grant.objects.order_by("pk").values())

    with CaptureQueriesContext(connection) as queries:
        answer = client.post("/auth/verify/", headers={"Authorization": f"Bearer {forged.decode()}"})

    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (401, INVALID, REFUSED)
    assert len(queries) <= 2
    assert list(Grant.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda forge: forge.token(), id="as it was"),
        pytest.param(header(typ="AT+JWT"), id="type: in capitals"),
        pytest.param(header(typ="application/at+jwt"), id="type: in full"),
        pytest.param(claims(aud=["https://tracks.example", "https://shop.example"]), id="audience: others too"),
        pytest.param(moment("nbf"), id="not before this second"),
        pytest.param(moment("iat", seconds=59), id="made by a clock that is ahead"),
        pytest.param(claims(exp=10**400), id="it says that it never ends, and the row knows better"),
        pytest.param(claims(more={"a": [1, None]}), id="more claims"),
    ],
)
def test_what_differs_and_is_right_opens(forge, made):
    good = made(forge())

    assert verify(good, accept=DOORS).grant_id == Grant.objects.get().pk


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
def test_no_bit_of_it_can_be_changed(forge, algorithm):
    token = forge(algorithm).token()
    opened = []

    for place in range(len(token)):
        for bit in (0x01, 0x04, 0x20):
            changed = token[:place] + bytes([token[place] ^ bit]) + token[place + 1 :]
            if opens(changed):
                opened.append((place, bit))

    assert opened == []


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
@pytest.mark.parametrize("other", jwk.ALGORITHMS)
def test_a_key_signs_by_its_own_algorithm_alone(forge, algorithm, other):
    forged = forge(algorithm).token(header={"alg": other}, key=key_of(other, "a stranger's"))

    assert not opens(forged)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
def test_what_is_public_of_a_key_is_no_secret_to_sign_with(forge, algorithm):
    made = forge(algorithm)
    public = jwk.public(made.key)
    texts = [public_pem(made), public_jwk(made), *(value.encode() for value in public.values())]

    forged = [made.token(header={"alg": "HS256"}, signature=by_secret(text)) for text in texts]

    assert [opens(each) for each in forged] == [False] * len(texts)


def test_a_secret_and_a_key_pair_at_one_site_never_stand_in_for_each_other(forge, settings):
    pair, secret = forge("EdDSA"), key_of("HS256")
    settings.TESSERA = {**settings.TESSERA, "JWT_KEYS": [private(pair.key), private(secret)]}
    forged = [
        pair.token(header={"alg": algorithm, "kid": kid}, signature=signature)
        for kid in (pair.key.id, secret.id)
        for algorithm, signature in [
            ("HS256", by_secret(public_pem(pair))),
            ("HS256", by_secret(public_jwk(pair))),
            ("EdDSA", by_secret(public_pem(pair))),
            ("EdDSA", pair.key.material.private_key.sign),
        ]
    ]

    opened = [opens(each) for each in forged]

    # The last of the first four is as we sign it ourselves.
    assert opened == [False, False, False, True, False, False, False, False]
    assert opens(pair.token(header={"alg": "HS256", "kid": secret.id}, key=secret))


def raw(change):
    """A signature of P-256 whose two numbers are changed."""

    def made(forge):
        by = forge.key.material.private_key
        return forge.token(signature=lambda told: change(*decode_dss_signature(by.sign(told, ECDSA(SHA256())))))

    return made


def bytes_of(r, s, width=32):
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(raw(encode_dss_signature), id="in DER"),
        pytest.param(raw(lambda r, s: bytes_of(r, s, 33)), id="66 bytes"),
        pytest.param(raw(lambda r, s: bytes_of(r, s)[:-1]), id="63 bytes"),
        pytest.param(raw(lambda r, s: bytes_of(0, s)), id="the first is 0"),
        pytest.param(raw(lambda r, s: bytes_of(r, 0)), id="the second is 0"),
        pytest.param(raw(lambda r, s: bytes(64)), id="both are 0"),
        pytest.param(raw(lambda r, s: bytes_of(P256, s)), id="the first is the order of the curve"),
        pytest.param(raw(lambda r, s: b"\xff" * 64), id="both are beyond it"),
        pytest.param(raw(lambda r, s: bytes_of(s, r)), id="in the other order"),
        pytest.param(raw(lambda r, s: b""), id="none"),
    ],
)
def test_a_signature_of_p256_has_one_form(forge, made, django_assert_num_queries):
    forged = made(forge("ES256"))

    with django_assert_num_queries(0), pytest.raises(Malformed):
        verify(forged, accept=DOORS)


def test_the_twin_of_a_signature_of_p256_is_the_same_token(forge):
    made = forge("ES256")
    twin = raw(lambda r, s: bytes_of(r, P256 - s))(made)
    assert opens(twin)

    traded(traded(made.issued))

    assert not opens(twin)


@pytest.mark.parametrize(
    "spelt",
    [
        pytest.param(lambda token: token + b"\n", id="a line end"),
        pytest.param(lambda token: b" " + token, id="a space before"),
        pytest.param(lambda token: token.replace(b".", b" .", 1), id="a space within"),
        pytest.param(lambda token: token + b"\x00", id="NUL"),
        pytest.param(lambda token: token.decode() + "\ud800", id="half a letter"),
        pytest.param(lambda token: token.decode().replace("e", "\u0435"), id="letters of another script"),
        pytest.param(lambda token: token + b"A" * jws.LONGEST, id="longer than any"),
        pytest.param(lambda token: b"eyJ" + b"A" * 5_000_000 + b"..", id="five million letters"),
    ],
)
def test_what_no_header_carries_is_refused_by_the_engine(forge, spelt, django_assert_num_queries):
    forged = spelt(forge().token())

    with django_assert_num_queries(0), pytest.raises(Malformed):
        verify(forged, accept=DOORS)


def test_the_tokens_of_a_key_that_was_taken_away_are_dead(forge, settings):
    made = forge()
    token = made.token()

    settings.TESSERA = {**settings.TESSERA, "JWT_KEYS": [private(key_of("EdDSA", "the next"))]}

    assert not opens(token)
    assert verify(made.issued.secret, accept=DOORS).grant_id == made.issued.grant.pk


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"REALM": "staging"}, id="realm"),
        pytest.param({"PEPPERS": ["0" * 64]}, id="pepper"),
        pytest.param({"JWT_ISSUER": "https://staging.example"}, id="issuer"),
        pytest.param({"JWT_AUDIENCE": "https://tracks.example"}, id="audience"),
    ],
)
def test_the_token_of_one_site_opens_nothing_at_another_with_the_same_key(forge, settings, other):
    token = forge().token()

    settings.TESSERA = {**settings.TESSERA, **other}

    assert not opens(token)


def test_ten_thousand_names_of_keys_have_the_table_of_keys_read_once(forge, django_assert_max_num_queries, clock):
    made = forge()
    clock.turn(timedelta(seconds=10))

    with django_assert_max_num_queries(1):
        opened = [opens(made.token(header={"kid": f"k{number}"}, signature=lambda _: b"x")) for number in range(10_000)]

    assert not any(opened)


@pytest.mark.parametrize("named", [{"kid": ...}, {"kid": ""}, {"kid": "k", "typ": "JWT"}, {"kid": "k", "typ": ...}])
def test_what_names_no_key_or_is_no_access_token_has_that_table_read_never(
    forge, clock, named, django_assert_num_queries
):
    forged = forge().token(header=named)
    clock.turn(timedelta(seconds=10))

    with django_assert_num_queries(0), pytest.raises(Malformed):
        verify(forged, accept=DOORS)


def test_the_worker_goes_on_after_all_of_them(client, forge):
    made = forge()
    for case in [*ANOTHERS, *NOT_MEANT]:
        forging: Any = case.values[0]
        client.get("/whoami/", headers={"Authorization": f"Bearer {forging(made).decode()}"})

    answer = client.get("/whoami/", headers={"Authorization": f"Bearer {made.token().decode()}"})

    assert (answer.status_code, answer.json()) == (200, {"username": "ada"})
