"""An access token that is signed: what it says, that it opens what the opaque one does, and that it ends as that."""

import json
import re
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy

from tessera import Ask, Kind, Purpose, issue, revoke, sign, verify
from tessera.engine.revocation import revoke_presented
from tessera.engine.signing.access import OURS
from tessera.errors import (
    Expired,
    Malformed,
    PasswordChanged,
    Revoked,
    SubjectGone,
    Unknown,
    WrongPurpose,
)
from tessera.format import jws
from tessera.models import Grant
from tests.credentials import PAIR, REFRESH, traded
from tests.forging import payload
from tests.recording import audited
from tests.traces import report_of

ACCESS = frozenset({Purpose.ACCESS})

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings):
    """A site with these settings more."""

    def site(**told):
        settings.TESSERA = {**settings.TESSERA, **told}

    return site


def seconds(moment):
    return int(moment.timestamp())


def test_it_says_what_rfc_9068_wants_said(clock, scopes, hand_out, user, site):
    site(BASE_URL="https://shop.example")
    issued = hand_out(**PAIR, client="web", scope=frozenset({"tracks:read"}))
    clock.turn(timedelta(seconds=90))

    token = sign(issued.grant)

    header = jws.parts(token.encode())
    assert (header.algorithm, header.type) == ("EdDSA", "at+jwt")
    told = payload(token)
    assert len(told.pop("jti")) == 38
    assert told == {
        "iss": "https://shop.example",
        "aud": "https://shop.example",
        "sub": str(user.pk),
        "client_id": "web",
        "iat": seconds(clock.time),
        "exp": seconds(issued.grant.access_expires_at),
        "auth_time": seconds(issued.grant.created_at),
        "scope": "tracks:read",
        "sid": issued.grant.pk.hex,
    }


@pytest.mark.parametrize(
    ("told", "issuer", "audience"),
    [
        pytest.param({}, "api", "api", id="the realm"),
        pytest.param(
            {"BASE_URL": "https://shop.example"}, "https://shop.example", "https://shop.example", id="the site"
        ),
        pytest.param({"BASE_URL": "https://shop.example", "JWT_ISSUER": "shop"}, "shop", "shop", id="an issuer"),
        pytest.param({"JWT_AUDIENCE": "tracks"}, "api", "tracks", id="an audience"),
    ],
)
def test_who_issues_and_for_whom_is_what_the_settings_say(hand_out, site, told, issuer, audience):
    site(**told)

    token = sign(hand_out(**PAIR).grant)

    assert (payload(token)["iss"], payload(token)["aud"]) == (issuer, audience)
    assert opens(token)


def test_a_machine_is_named_so_that_nobody_takes_it_for_a_user(user):
    named, nameless = (issue(Ask(subject=None, kind=Kind.MACHINE, client=name)) for name in (str(user.pk), ""))

    told = [payload(sign(issued.grant)) for issued in (named, nameless)]

    assert [each["sub"] for each in told] == [f"client:{user.pk}", f"client:{nameless.grant.pk.hex}"]
    assert [each["client_id"] for each in told] == [str(user.pk), ""]
    assert not any("auth_time" in each for each in told)


def claims(grant):
    """What a site tells of a grant."""
    return {
        "name": grant.subject.get_username(),
        "id": uuid4(),
        "words": gettext_lazy("All"),
        "scope": "all",
        "sub": "0",
    }


def test_a_site_tells_more_and_nothing_in_the_place_of_ours(hand_out, site):
    site(JWT_CLAIMS="tests.engine.signing.test_access.claims")
    issued = hand_out(**PAIR)

    told = payload(sign(issued.grant, claims={"name": "countess", "sid": "0", "exp": 9**9, "nested": {"a": [1]}}))

    assert (told["name"], told["words"], told["nested"]) == ("countess", "All", {"a": [1]})
    assert told["sub"] == str(issued.grant.subject_id)
    assert told["exp"] == seconds(issued.grant.access_ends_at)
    assert "scope" not in told


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_claim_of_ours_is_written_by_anybody_else(hand_out, name):
    issued = hand_out(**PAIR)

    told = payload(sign(issued.grant, claims={name: "mine"}))

    assert told.get(name) != "mine"


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"a": object()}, id="an object"),
        pytest.param({"a": float("nan")}, id="NaN"),
        pytest.param({"a": "x" * 3000}, id="too long for a header"),
        pytest.param({"a": "x" * 9000}, id="too long for any"),
    ],
)
def test_a_claim_that_cannot_be_written_is_the_sites_error(hand_out, told):
    issued = hand_out(**PAIR)

    with pytest.raises((TypeError, ValueError)):
        sign(issued.grant, claims=told)


def test_it_opens_what_the_opaque_one_opens_for_the_same_query(clock, hand_out, user, django_assert_num_queries):
    issued = hand_out(**PAIR, client="web")
    token = sign(issued.grant)
    verify(token, accept=ACCESS)

    with django_assert_num_queries(1):
        principal = verify(token, accept=ACCESS)

    assert principal == verify(issued.secret, accept=ACCESS)
    assert (principal.subject, principal.client, principal.grant) == (user, "web", issued.grant)


def test_nothing_is_stored_for_it(hand_out):
    issued = hand_out(**PAIR)
    before = Grant.objects.values().get()

    sign(issued.grant)

    assert Grant.objects.values().get() == before


def test_signing_costs_no_query(clock, hand_out, django_assert_num_queries):
    issued = hand_out(**PAIR)
    verify(sign(issued.grant), accept=ACCESS)

    with django_assert_num_queries(0):
        sign(issued.grant)


def test_its_use_is_written_down_as_that_of_the_opaque_one(clock, hand_out, django_capture_on_commit_callbacks):
    issued = traded(hand_out(**PAIR))
    token = sign(issued.grant)

    with django_capture_on_commit_callbacks(execute=True):
        verify(token, accept=ACCESS)

    grant = Grant.objects.get()
    assert (grant.last_used_at, grant.seen_at) == (clock.time, clock.time)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        pytest.param(lambda issued: revoke(issued.grant), Revoked, id="revoked"),
        pytest.param(lambda issued: revoke(subject=issued.grant.subject), Revoked, id="all revoked"),
        pytest.param(lambda issued: Grant.objects.all().delete(), Unknown, id="its row is gone"),
        pytest.param(lambda issued: User.objects.update(is_active=False), SubjectGone, id="user deactivated"),
        pytest.param(lambda issued: issued.grant.subject.delete(), Unknown, id="user deleted"),
        pytest.param(lambda issued: User.objects.update(password="!"), PasswordChanged, id="password changed"),
        pytest.param(lambda issued: traded(traded(issued)), Unknown, id="refreshed twice"),
    ],
)
def test_it_ends_as_the_opaque_one_does_and_says_why_to_the_log_alone(client, hand_out, caplog, end, reason):
    caplog.set_level("INFO", logger="tessera.audit")
    issued = hand_out(**PAIR)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {sign(issued.grant)}")
    before = client.get("/whoami/")
    end(issued)

    after = client.get("/whoami/")

    assert (before.status_code, after.status_code) == (200, 401)
    assert after.json() == {"detail": "Invalid token."}
    assert audited(caplog)[-1] == f"refused {issued.grant.hint}: {reason.__name__}"


def test_after_a_refresh_the_one_before_is_good_for_the_window(clock, hand_out, user):
    issued = hand_out(**PAIR)
    token = sign(issued.grant)
    traded(issued)
    clock.turn(timedelta(seconds=9))
    within = verify(token, accept=ACCESS)

    clock.turn(timedelta(seconds=1))

    assert within.subject == user
    with pytest.raises(Unknown):
        verify(token, accept=ACCESS)


def test_the_pair_that_another_tab_is_told_again_is_spelt_with_the_same_id(clock, hand_out):
    issued = hand_out(**PAIR)

    first, again = (sign(traded(issued).grant) for _ in range(2))

    assert payload(first)["jti"] == payload(again)["jti"]
    assert verify(first, accept=ACCESS) == verify(again, accept=ACCESS)


@pytest.mark.parametrize(
    ("lifetime", "lives"),
    [
        pytest.param(None, timedelta(minutes=15), id="as long as the access token"),
        pytest.param(timedelta(minutes=5), timedelta(minutes=5), id="for less"),
        pytest.param(timedelta(days=5), timedelta(minutes=15), id="never for more"),
    ],
)
def test_it_is_over_at_the_very_second_that_it_says(clock, hand_out, user, lifetime, lives):
    token = sign(hand_out(**PAIR).grant, lifetime=lifetime)
    clock.turn(lives - timedelta(microseconds=1))
    last = verify(token, accept=ACCESS)

    clock.turn(timedelta(microseconds=1))

    assert last.subject == user
    with pytest.raises(Expired):
        verify(token, accept=ACCESS)


def test_the_signed_token_of_a_grant_that_never_ends_ends_all_the_same(clock):
    issued = issue(Ask(subject=None, kind=Kind.MACHINE, lifetime="never"))

    token = sign(issued.grant)

    assert payload(token)["exp"] == seconds(clock.time + timedelta(minutes=15))


def test_an_expired_one_is_refused_without_a_query_and_told_to_the_log(
    clock, hand_out, caplog, django_assert_num_queries
):
    caplog.set_level("INFO", logger="tessera.audit")
    issued = hand_out(**PAIR)
    token = sign(issued.grant)
    clock.turn(timedelta(minutes=14, seconds=59))
    verify(token, accept=ACCESS)
    clock.turn(timedelta(seconds=1))

    with django_assert_num_queries(0), pytest.raises(Expired):
        verify(token, accept=ACCESS)

    assert audited(caplog)[-1] == f"refused {issued.grant.hint}: Expired"


@pytest.mark.parametrize(
    ("leeway", "late", "is_good"),
    [
        pytest.param(0, 0, False, id="without leeway"),
        pytest.param(10, 9, True, id="within it"),
        pytest.param(10, 10, False, id="past it"),
    ],
)
def test_a_leeway_puts_off_what_the_token_says_and_not_what_the_row_says(clock, hand_out, site, leeway, late, is_good):
    site(JWT_LEEWAY=timedelta(seconds=leeway))
    short, whole = (sign(hand_out(**PAIR).grant, lifetime=each) for each in (timedelta(minutes=1), None))
    clock.turn(timedelta(minutes=1, seconds=late))
    assert opens(short) is is_good

    clock.turn(timedelta(minutes=14))

    assert not opens(whole)


def opens(token):
    try:
        return bool(verify(token, accept=ACCESS))
    except Expired:
        return False


def test_what_signs_a_user_out_takes_one_that_has_expired(clock, hand_out):
    issued = hand_out(**PAIR)
    token = sign(issued.grant)
    clock.turn(timedelta(hours=1))

    ended = revoke_presented(token, accept=ACCESS)

    assert (ended, Grant.objects.get().revoked_reason) == (1, "revoked")


@pytest.mark.parametrize("kind", [Kind.PERSONAL, Kind.LETTER])
def test_what_is_no_access_token_is_not_signed(hand_out, kind):
    issued = hand_out(kind=kind)

    with pytest.raises(ValueError, match=kind):
        sign(issued.grant)


def test_the_key_of_another_package_is_spelt_anew_once_it_is_adopted(hand_out, user):
    issued = hand_out(kind=Kind.ADOPTED)

    principal = verify(sign(issued.grant), accept=ACCESS)

    assert (principal.subject, principal.grant_id) == (user, issued.grant.pk)


@pytest.mark.parametrize(
    ("accept", "error"),
    [
        pytest.param(REFRESH, Malformed, id="for the next pair"),
        pytest.param(frozenset({Purpose.PERSONAL}), Malformed, id="as a personal token"),
        pytest.param(frozenset({Purpose.LETTER}), Malformed, id="as a letter"),
        pytest.param(frozenset({Purpose.ADOPTED}), Malformed, id="as an adopted key"),
        pytest.param(frozenset(), Malformed, id="for nothing"),
    ],
)
def test_it_is_good_for_nothing_but_access(hand_out, accept, error, django_assert_num_queries):
    token = sign(hand_out(**PAIR).grant)

    with django_assert_num_queries(0), pytest.raises(error):
        verify(token, accept=accept)


def test_a_refresh_token_is_no_access_token_all_the_same(hand_out):
    with pytest.raises(WrongPurpose):
        verify(hand_out(**PAIR).refresh_secret, accept=ACCESS)


def test_it_is_read_by_whoever_has_the_key_and_json(hand_out):
    token = sign(hand_out(**PAIR).grant)

    assert json.loads(jws._decoded(token.split(".")[1].encode())) == payload(token)


@pytest.mark.parametrize(
    "breaks",
    [
        pytest.param("tessera.engine.verification.standing_of", id="before the database is asked"),
        pytest.param("tessera.engine.signing.access.accepted", id="before the key is looked for"),
        pytest.param("tessera.format.jwt.claims_in", id="before the claims are read"),
        pytest.param("tessera.format.jwt.refuse_untimely", id="before its end is looked at"),
        pytest.param("tessera.format.jwt.prove", id="before the signature is compared"),
    ],
)
def test_a_report_of_a_crash_shows_nothing_of_it(clock, hand_out, breaks):
    issued = hand_out(**PAIR)
    token = sign(issued.grant)

    with patch(breaks, side_effect=RuntimeError("broken")):
        report = report_of(lambda: verify(sign(issued.grant), accept=ACCESS))

    assert "broken" in report
    assert [part for part in (token, *token.split("."), payload(token)["jti"]) if part in report] == []


def raises(grant):
    """What a site has got wrong."""
    raise RuntimeError("broken")


def test_a_report_of_a_crash_in_the_sites_claims_shows_no_token(client, user, site):
    site(ACCESS_FORMAT="jwt", JWT_CLAIMS="tests.engine.signing.test_access.raises")

    report = report_of(lambda: client.post("/auth/login/", {"username": "ada", "password": "lovelace-1843"}))

    assert "broken" in report
    assert not re.search("tsr[ar]_", report)
