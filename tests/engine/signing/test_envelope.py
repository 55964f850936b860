"""A refresh token in its envelope: what that says, and that it is taken for nothing else."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from tessera import Purpose, redeem, sign, verify
from tessera.engine.revocation import revoke_presented
from tessera.engine.signing import entrance
from tessera.engine.signing.access import reading
from tessera.engine.signing.entrance import sealed_in
from tessera.engine.signing.envelope import TYPE, WITHIN, opened
from tessera.engine.signing.keys import signing_key
from tessera.errors import Expired, InvalidCredential, Malformed
from tessera.format import jws, jwt
from tests.credentials import PAIR, REFRESH, traded
from tests.forging import payload

HOUR = timedelta(hours=1)
EVERY = frozenset(Purpose)

pytestmark = pytest.mark.django_db(transaction=True)


def sealed(issued, ends_at, **claims):
    return sealed_in(issued.grant, issued.refresh_secret, claims, ends_at).encode()


def test_it_says_when_it_ends_and_whose_it_is(clock, hand_out):
    issued = hand_out(**PAIR)

    told = opened(sealed(issued, clock() + HOUR, name="Ada"), clock())

    row = issued.grant.pk.hex
    assert told == {
        "name": "Ada",
        "iss": "api",
        "aud": "api",
        "iat": int(clock().timestamp()),
        "exp": int((clock() + HOUR).timestamp()),
        "jti": f"{row}.0",
        "sid": row,
        "refresh_token": issued.refresh_secret,
    }


def test_the_next_one_is_another(clock, hand_out):
    issued = traded(hand_out(**PAIR))

    assert opened(sealed(issued, clock() + HOUR), clock())["jti"] == f"{issued.grant.pk.hex}.1"


@pytest.mark.parametrize("name", ["iss", "exp", "iat", "aud", "jti", "sid", "sub", "scope", WITHIN])
def test_no_claim_of_ours_is_written_by_anybody_else(clock, hand_out, name):
    issued = hand_out(**PAIR)

    told = opened(sealed(issued, clock() + HOUR, **{name: "theirs"}), clock())

    assert told.get(name) != "theirs"


def test_it_is_no_credential_of_the_engine(clock, hand_out):
    token = sealed(hand_out(**PAIR), clock() + HOUR)

    with pytest.raises(Malformed):
        reading(token, clock())
    for verb in (verify, redeem, revoke_presented):
        with pytest.raises(InvalidCredential):
            verb(token, accept=REFRESH if verb is redeem else EVERY - {Purpose.LETTER})


def test_nor_is_an_access_token_an_envelope(clock, hand_out):
    with pytest.raises(Malformed, match="typ"):
        opened(sign(hand_out(**PAIR).grant).encode(), clock())


def test_it_is_over_at_the_very_second_that_it_says(clock, hand_out):
    token = sealed(hand_out(**PAIR), clock() + HOUR)
    clock.turn(HOUR - timedelta(seconds=1))
    opened(token, clock())

    clock.turn(timedelta(seconds=1))

    with pytest.raises(Expired):
        opened(token, clock())
    assert opened(token, None)[WITHIN]


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda token: token[:-2], id="cut short"),
        pytest.param(lambda token: token + b".x", id="four parts"),
        pytest.param(lambda token: token.replace(b".", b".x", 1), id="another payload"),
        pytest.param(lambda token: b"eyJhbGciOiJub25lIn0." + token.split(b".")[1] + b".x", id="no algorithm"),
    ],
)
def test_a_spoilt_one_is_turned_down(clock, hand_out, spoilt):
    token = sealed(hand_out(**PAIR), clock() + HOUR)

    with pytest.raises(Malformed):
        opened(spoilt(token), clock())


@pytest.mark.parametrize("missing", ["jti", "sid", WITHIN, "exp", "iss", "aud"])
def test_one_of_our_key_that_lacks_a_claim_is_turned_down(clock, hand_out, missing):
    claims = payload(sealed(hand_out(**PAIR), clock() + HOUR))
    claims.pop(missing)
    token = jwt.sign(claims, signing_key(clock(), clock() + HOUR), TYPE)

    with pytest.raises(Malformed):
        opened(token.encode(), clock())


def test_without_the_package_that_signs_none_is_made(monkeypatch, clock, hand_out):
    monkeypatch.setattr(entrance, "signing", lambda: None)

    with pytest.raises(ImproperlyConfigured, match="joserfc"):
        sealed(hand_out(**PAIR), clock() + HOUR)


def test_who_issues_and_for_whom_is_what_simple_jwt_says_where_nothing_else_does(settings, clock, hand_out):
    settings.SIMPLE_JWT = {"ISSUER": "cinema.example", "AUDIENCE": ["films", "tickets"]}
    issued = hand_out(**PAIR)

    access, envelope = sign(issued.grant), sealed(issued, clock() + HOUR)

    for told in (payload(access), payload(envelope)):
        assert (told["iss"], told["aud"]) == ("cinema.example", ["films", "tickets"])
    assert verify(access, accept=EVERY).grant_id == issued.grant.pk
    settings.SIMPLE_JWT = {"ISSUER": "cinema.example", "AUDIENCE": "tickets"}
    assert verify(access, accept=EVERY).grant_id == issued.grant.pk
    for another in ({"AUDIENCE": ["film"]}, {"ISSUER": "cinema", "AUDIENCE": "films"}):
        settings.SIMPLE_JWT = another
        with pytest.raises(Malformed):
            verify(access, accept=EVERY)
        with pytest.raises(Malformed):
            opened(envelope, clock())


@pytest.mark.parametrize(
    ("leeway", "seconds"),
    [
        *[(30, 30), (timedelta(seconds=30), 30), (3600, 60), (1e300, 60), (timedelta(days=1), 60)],
        *[(None, 0), (-5, 0), (-1e300, 0), (timedelta(seconds=-5), 0), ("10", 0), (float("nan"), 0)],
    ],
)
def test_the_leeway_of_simple_jwt_counts_up_to_a_minute(settings, clock, hand_out, leeway, seconds):
    settings.SIMPLE_JWT = {"LEEWAY": leeway}
    token = sealed(hand_out(**PAIR), clock() + HOUR)
    clock.turn(HOUR + timedelta(seconds=seconds - 1))
    opened(token, clock())

    clock.turn(timedelta(seconds=1))

    with pytest.raises(Expired):
        opened(token, clock())


def test_no_secret_is_shown_by_an_error(clock, hand_out):
    issued = hand_out(**PAIR)
    token = sealed(issued, clock() - HOUR)

    with pytest.raises(Expired) as error:
        opened(token, clock())

    assert issued.refresh_secret not in repr(error.value)
    assert jws.looks_signed(token)
