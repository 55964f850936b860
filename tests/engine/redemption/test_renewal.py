"""renew: another span for the access token of a refresh token that is not traded for it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction

from tessera import Kind, Purpose, revoke
from tessera.engine.policy import Ask, Policy
from tessera.engine.renewal import prove_refresh, renew
from tessera.errors import (
    Expired,
    InvalidAsk,
    InvalidCredential,
    Malformed,
    NotAllowed,
    PasswordChanged,
    Reused,
    Revoked,
    StoreDown,
    SubjectGone,
    Unknown,
    WrongClient,
    WrongPurpose,
)
from tessera.models import Grant
from tessera.signals import reuse_detected, token_issued, token_refreshed
from tests.credentials import PAIR, REFRESH, opens, secrets_of, traded
from tests.recording import listening

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

# A refresh marks its pair as seen at a commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def first(hand_out, clock):
    """A sign-in of ada's, whose access token lives for five minutes."""
    return hand_out(**PAIR, client="shop", access_lifetime=5 * MINUTE)


def renewed(issued, lifetime=5 * MINUTE, client="shop"):
    return renew(issued.refresh_secret, accept=REFRESH, client=client, lifetime=lifetime)


def proven(issued, client="shop"):
    return prove_refresh(issued.refresh_secret, accept=REFRESH, client=client)


def test_an_ask_says_how_long_its_access_token_lives(first, clock):
    assert first.ends_at == NOW + 5 * MINUTE
    assert opens(first.secret)

    clock.turn(5 * MINUTE)

    assert not opens(first.secret)


def test_nothing_is_no_lifetime_of_an_access_token(hand_out):
    with pytest.raises(InvalidAsk, match="An access lifetime is a positive span"):
        hand_out(**PAIR, access_lifetime=timedelta(0))


def test_a_trade_says_how_long_the_next_access_token_lives(first):
    from tessera import redeem

    second = redeem(first.refresh_secret or "", accept=REFRESH, access_lifetime=7 * MINUTE)

    assert (second.ends_at, Grant.objects.get().access_expires_at) == (NOW + 7 * MINUTE, NOW + 7 * MINUTE)


def test_a_renewal_is_a_select_and_an_update_of_the_end_alone(first, clock, django_assert_num_queries):
    before = Grant.objects.values().get()
    clock.turn(6 * MINUTE)
    assert not opens(first.secret)

    with django_assert_num_queries(2), listening(token_issued) as issued, listening(token_refreshed) as refreshed:
        grant = renewed(first)

    assert Grant.objects.values().get() == {**before, "access_expires_at": NOW + 11 * MINUTE}
    assert (grant.pk, grant.access_ends_at, issued + refreshed) == (first.grant.pk, NOW + 11 * MINUTE, [])
    assert opens(first.secret)


def test_the_same_refresh_token_renews_as_often_as_it_is_asked(first, clock):
    for _ in range(3):
        clock.turn(HOUR)
        renewed(first)

    assert opens(first.secret)
    assert Grant.objects.get().generation == 0


def test_without_a_lifetime_it_is_that_of_the_site(first):
    assert renewed(first, None).access_ends_at == NOW + 15 * MINUTE


def test_no_renewal_takes_from_another_the_end_that_it_was_told(first, clock):
    renewed(first, HOUR)
    grant = renewed(first, MINUTE)

    assert grant.access_ends_at == NOW + MINUTE
    clock.turn(HOUR - SECOND)
    assert opens(first.secret)


def test_nor_does_it_go_beyond_the_end_of_the_sign_in(hand_out, clock):
    first = hand_out(**PAIR, lifetime=HOUR)

    grant = renewed(first, 2 * HOUR, client="")

    assert grant.access_ends_at == NOW + HOUR


def test_a_refresh_token_that_was_traded_ends_its_sign_in(first, clock):
    second = traded(first)
    clock.turn(MINUTE)

    with listening(reuse_detected) as told, pytest.raises(Reused):
        renewed(first)

    assert [each["reason"] for _, each in told] == ["reuse"]
    assert not opens(second.secret)
    with pytest.raises(Revoked):
        renewed(second)


def test_a_tab_that_has_just_missed_a_trade_is_believed_for_the_window(first, clock):
    second = traded(first)
    clock.turn(10 * SECOND - timedelta(microseconds=1))

    assert renewed(first).access_ends_at == clock() + 5 * MINUTE
    clock.turn(timedelta(microseconds=1))
    with pytest.raises(Reused):
        renewed(first)
    assert not opens(second.secret)


def of_another_client(first):
    return WrongClient, {"client": "another"}


def dead(first):
    revoke(first.grant)
    return Revoked, {}


def of_a_user_who_is_not_active(first):
    first.grant.subject.is_active = False
    first.grant.subject.save()
    return SubjectGone, {}


def of_a_user_who_has_gone(first):
    first.grant.subject.delete()
    return Unknown, {}


def of_another_password(first):
    first.grant.subject.set_password("countess-1852")
    first.grant.subject.save()
    return PasswordChanged, {}


WORLDS = [of_another_client, dead, of_a_user_who_is_not_active, of_a_user_who_has_gone, of_another_password]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("verb", [renewed, proven])
def test_what_is_dead_is_neither_renewed_nor_proven_and_nothing_is_written(first, world, verb):
    error, client = world(first)
    before = list(Grant.objects.values())

    with pytest.raises(error):
        verb(first, **client)

    assert list(Grant.objects.values()) == before


@pytest.mark.parametrize("verb", [renewed, proven])
def test_one_that_has_expired_is_dead_too(hand_out, clock, verb):
    first = hand_out(**PAIR, client="shop", lifetime=HOUR)
    clock.turn(HOUR)

    with pytest.raises(Expired):
        verb(first)


@pytest.mark.parametrize("accept", [REFRESH, frozenset({Purpose.ACCESS, Purpose.PERSONAL}), frozenset()])
@pytest.mark.parametrize("verb", [lambda secret, **told: renew(secret, lifetime=None, **told), prove_refresh])
def test_no_other_token_is_taken(hand_out, accept, verb):
    others = [hand_out(**PAIR).secret, hand_out(kind=Kind.PERSONAL).secret, hand_out(kind=Kind.LETTER).secret]

    for secret in others:
        with pytest.raises(WrongPurpose):
            verb(secret, accept=accept, client=None)
    with pytest.raises(Malformed):
        verb("tsrr_nonsense", accept=accept, client=None)


def test_a_door_that_takes_no_refresh_tokens_renews_none(first):
    with pytest.raises(WrongPurpose):
        renew(first.refresh_secret, accept={Purpose.ACCESS}, client=None, lifetime=None)


def test_within_a_transaction_it_is_refused_loudly(first):
    with transaction.atomic(), pytest.raises(RuntimeError, match=r"renew\(\) commits what it does"):
        renewed(first)


def test_a_proof_is_one_query_and_writes_nothing_even_of_what_was_traded(first, clock, django_assert_num_queries):
    second = traded(first)
    clock.turn(MINUTE)

    with django_assert_num_queries(1), pytest.raises(Unknown):
        proven(first)
    with django_assert_num_queries(1):
        assert proven(second).pk == first.grant.pk

    assert opens(second.secret)


class Nobody(Policy):
    def judge(self, ask: Ask, now: datetime):
        raise NotAllowed("Not today.")


def test_the_policy_is_asked_before_each_renewal(settings, first):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.Nobody"}

    with pytest.raises(NotAllowed, match="Not today"):
        renewed(first)

    assert opens(first.secret)


class LessAndShort(Policy):
    def judge(self, ask: Ask, now: datetime):
        from dataclasses import replace

        terms = super().judge(ask, now)
        return replace(terms, scope=terms.scope - {"tracks:write"}, access_lifetime=2 * MINUTE)


def test_and_what_it_no_longer_grants_is_gone_for_good(settings, scopes, first):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.LessAndShort"}

    grant = renewed(first)

    kept = Grant.objects.get()
    assert (grant.scope, kept.scope, kept.refresh_scope) == ("tokens tracks:read", "tokens tracks:read", None)
    assert grant.access_ends_at == NOW + 2 * MINUTE


def test_nothing_makes_the_access_token_wider_than_it_was(scopes, first):
    narrow = traded(first, scope=frozenset({"tracks:read"}))

    grant = renewed(narrow)

    kept = Grant.objects.get()
    assert (grant.scope, kept.scope, kept.refresh_scope) == (
        "tracks:read",
        "tracks:read",
        "tokens tracks:read tracks:write",
    )


def test_a_renewal_makes_no_secret_and_shows_none(first, caplog):
    caplog.set_level("DEBUG", "tessera.audit")

    grant = renewed(first)

    shown = f"{grant!r} {vars(grant)!r} {caplog.text}"
    assert caplog.messages == [f"renewed {first.grant.hint}"]
    assert not any(str(secret) in shown for secret in secrets_of(first))
    with pytest.raises(InvalidCredential):  # Nothing of the row is a credential.
        renew(grant.pk.hex, accept=REFRESH, client=None, lifetime=None)


def test_a_database_that_does_not_answer_is_no_invalid_token(first):
    def down(execute, sql, *rest):
        raise OperationalError("gone")

    with connection.execute_wrapper(down), pytest.raises(StoreDown):
        renewed(first)
