"""redeem: a refresh token is traded for the next pair, once. Races and crashes have files of their own."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from tessera import Kind, Purpose, issue, redeem, replace, revoke, verify
from tessera.engine.keyring import keyring
from tessera.engine.policy import Ask, Policy
from tessera.engine.revocation import revoke_presented
from tessera.engine.rotation import Reuse
from tessera.errors import (
    Expired,
    InvalidAsk,
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
from tessera.format.opaque import LAST_GENERATION, mint
from tessera.models import Grant
from tessera.signals import reuse_detected, token_refreshed, token_refused, token_revoked
from tests.credentials import REFRESH, secrets_of, traded
from tests.recording import listening

ACCESS = frozenset({Purpose.ACCESS})
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)

# A refresh marks its pair as seen at a commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sign_in(hand_out, clock):
    """A sign-in of ada's that may be refreshed."""

    def sign_in(**ask):
        return hand_out(kind=Kind.SIGN_IN, may_refresh=True, **ask)

    return sign_in


def opens(issued):
    return verify(issued.secret, accept=ACCESS).grant_id == issued.grant.pk


def test_a_refresh_is_a_select_and_an_update(sign_in, django_assert_num_queries):
    first = sign_in()

    with django_assert_num_queries(2):
        second = traded(first)

    assert len({*secrets_of(first), *secrets_of(second)}) == 4
    assert (second.grant, second.grant.generation) == (first.grant, 1)
    assert vars_of(second.grant) == vars_of(Grant.objects.get())
    assert opens(second)


def vars_of(grant):
    told = {name: value for name, value in vars(grant).items() if name != "_state"}
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in told.items()}


def test_within_the_window_the_same_pair_is_told_again_and_nothing_written(sign_in, clock, django_assert_num_queries):
    first = sign_in()
    second = traded(first)
    clock.turn(10 * SECOND - timedelta(microseconds=1))
    assert opens(second)

    with django_assert_num_queries(1):
        again = traded(first)

    assert secrets_of(again) == secrets_of(second)


def test_the_access_token_before_is_good_for_the_window(sign_in, clock):
    first = sign_in()
    traded(first)

    clock.turn(10 * SECOND - timedelta(microseconds=1))
    assert opens(first)
    clock.turn(timedelta(microseconds=1))
    with pytest.raises(Unknown):
        opens(first)


def test_an_access_token_that_had_expired_is_not_revived_by_a_refresh(sign_in, clock):
    first = sign_in()
    clock.turn(15 * MINUTE)

    assert opens(traded(first))

    with pytest.raises(Unknown):
        opens(first)


def test_nor_is_it_by_a_retry_long_after(sign_in, clock):
    first = sign_in()
    traded(first)
    clock.turn(15 * MINUTE)

    traded(first)

    with pytest.raises(Unknown):
        opens(first)


@pytest.mark.parametrize("after", [10 * SECOND, DAY - timedelta(microseconds=1)])
def test_a_lost_answer_is_made_good_by_another_pair(sign_in, clock, caplog, after):
    caplog.set_level("INFO", "tessera.audit")
    first = sign_in()
    lost = traded(first)
    clock.turn(after)

    second = traded(first)

    assert set(secrets_of(second)).isdisjoint(secrets_of(lost))
    assert opens(second)
    assert f"forked {first.grant.hint}" in caplog.text
    with pytest.raises(Unknown):
        opens(lost)
    with pytest.raises(Reused):
        traded(lost)


def test_the_answer_may_be_lost_though_the_pair_before_was_used(sign_in, clock):
    second = traded(sign_in())
    assert opens(second)
    traded(second)
    clock.turn(MINUTE)

    assert opens(traded(second))


def test_a_lost_answer_is_made_good_again_and_again(sign_in, clock):
    first = sign_in()
    for _ in range(3):
        traded(first)
        clock.turn(MINUTE)

    assert opens(traded(first))
    assert Grant.objects.get().generation == 4


def later(clock, issued):
    clock.turn(10 * SECOND)


def never(clock, issued):
    clock.turn(DAY)


def seen(clock, issued):
    opens(issued)
    clock.turn(10 * SECOND)


def traded_on(clock, issued):
    traded(issued)


@pytest.mark.parametrize("meanwhile", [never, seen, traded_on])
def test_a_traded_token_that_comes_back_ends_its_grant(sign_in, clock, meanwhile, django_assert_num_queries):
    first = sign_in()
    second = traded(first)
    meanwhile(clock, second)

    with (
        listening(reuse_detected) as reuses,
        listening(token_revoked) as ends,
        django_assert_num_queries(2),
        pytest.raises(Reused),
    ):
        traded(first)

    grant = Grant.objects.get()
    assert (grant.revoked_reason, grant.revoked_at) == (Reuse.ANCESTOR, clock.time)
    named = {"grant_id": grant.pk, "subject_id": grant.subject_id, "reason": Reuse.ANCESTOR}
    assert reuses == [(Grant, named)]
    assert [(told["ended"], told["reason"], told["grant_ids"]) for _, told in ends] == [(1, "reuse", [grant.pk])]
    for each in (first, second):
        with pytest.raises(Revoked):
            traded(each)
        with pytest.raises((Revoked, Unknown)):
            opens(each)


def test_a_reuse_costs_two_statements_however_long_the_chain(sign_in, clock, django_assert_num_queries):
    first = latest = sign_in()
    for _ in range(200):
        latest = traded(latest)

    with django_assert_num_queries(2), pytest.raises(Reused):
        traded(first)

    with django_assert_num_queries(1), pytest.raises(Revoked):
        traded(first)
    assert Grant.objects.count() == 1


@pytest.mark.parametrize(
    ("generation", "reason"),
    [pytest.param(5, Reuse.RESTORED, id="ahead of it"), pytest.param(1, Reuse.CLONE, id="beside it")],
)
def test_a_token_that_the_row_cannot_have_made_says_why(sign_in, generation, reason):
    latest = first = sign_in()
    before = Grant.objects.values().get()
    for _ in range(generation):
        latest = traded(latest)
    Grant.objects.update(**before)
    traded(first)

    with pytest.raises(Reused):
        traded(latest)

    assert Grant.objects.get().revoked_reason == reason


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda secret: secret[:-1] + ("0" if secret[-1] != "0" else "1"), id="another tag"),
        pytest.param(lambda secret: secret.replace("00000001", "00000000"), id="another generation"),
        pytest.param(lambda secret: secret.upper(), id="in capitals"),
        pytest.param(lambda secret: secret + "\n", id="with a line end"),
        pytest.param(lambda secret: secret[:-1], id="cut short"),
        pytest.param(lambda secret: secret.replace("tsrr_", "tsra_"), id="dressed as an access token"),
    ],
)
def test_what_a_stranger_makes_up_ends_nothing(sign_in, spoil, django_assert_num_queries):
    latest = traded(sign_in())

    with django_assert_num_queries(0), pytest.raises(Malformed):
        redeem(spoil(latest.refresh_secret), accept=REFRESH)

    assert opens(latest)


def test_only_a_refresh_token_is_traded(sign_in, hand_out):
    issued = sign_in()

    for secret in (issued.secret, hand_out().secret):
        with pytest.raises(WrongPurpose):
            redeem(secret, accept=frozenset(Purpose), client="", into=Kind.SIGN_IN)
    with pytest.raises(WrongPurpose):
        redeem(issued.refresh_secret, accept=ACCESS)
    with pytest.raises(WrongPurpose):
        verify(issued.refresh_secret, accept=ACCESS)


def test_a_token_of_another_client_ends_nothing(sign_in):
    first = sign_in(client="phone")
    second = traded(first, client="phone")
    traded(second)

    for each in (first, second):
        with pytest.raises(WrongClient):
            traded(each, client="tablet")

    assert Grant.objects.get().revoked_at is None


@pytest.mark.parametrize(
    ("which", "accept", "client", "error"),
    [
        pytest.param("refresh_secret", REFRESH, "tablet", WrongClient, id="by another client"),
        pytest.param("refresh_secret", ACCESS, "phone", WrongPurpose, id="at another door"),
        pytest.param("secret", REFRESH, "phone", WrongPurpose, id="an access token"),
    ],
)
def test_receivers_and_the_log_are_told_of_it(sign_in, caplog, which, accept, client, error):
    caplog.set_level("INFO", "tessera.audit")
    issued = sign_in(client="phone")

    with listening(token_refused) as told, pytest.raises(error):
        redeem(getattr(issued, which), accept=accept, client=client)

    assert [(what["grant_id"], type(what["error"])) for _, what in told] == [(issued.grant.pk, error)]
    assert caplog.messages[-1] == f"refused {issued.grant.hint}: {error.__name__}"


def deactivate(user):
    type(user).objects.filter(pk=user.pk).update(is_active=False)


def change_password(user):
    type(user).objects.filter(pk=user.pk).update(password="another")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(deactivate, SubjectGone, id="a deactivated user"),
        pytest.param(change_password, PasswordChanged, id="another password"),
    ],
)
@pytest.mark.parametrize("which", ["current", "parent"])
def test_the_user_is_looked_at_anew(sign_in, user, change, error, which):
    parent = sign_in()
    current = traded(parent)
    change(user)

    with pytest.raises(error):
        traded({"parent": parent, "current": current}[which])

    grant = Grant.objects.get()
    assert (grant.generation, grant.revoked_at) == (1, None)


def test_a_sign_in_that_lies_idle_ends(sign_in, clock):
    latest = sign_in()
    for _ in range(3):
        clock.turn(30 * DAY - SECOND)
        latest = traded(latest)
    clock.turn(30 * DAY)

    with pytest.raises(Expired):
        traded(latest)


def test_however_much_it_is_used_it_ends_in_time(sign_in, clock):
    latest = first = sign_in(lifetime=50 * DAY, idle_lifetime=20 * DAY)
    assert latest.grant.ends_at == clock.time + 20 * DAY
    for _ in range(3):
        clock.turn(16 * DAY)
        latest = traded(latest)
    assert latest.grant.ends_at == first.grant.created_at + 50 * DAY
    assert opens(latest)
    clock.turn(2 * DAY)

    with pytest.raises(Expired):
        traded(latest)
    with pytest.raises(Expired):
        opens(latest)


def test_no_access_token_outlives_its_sign_in(sign_in, clock):
    latest = traded(sign_in(lifetime=MINUTE))

    assert latest.ends_at == latest.grant.ends_at == clock.time + MINUTE


def test_the_policy_is_asked_again(sign_in, settings):
    class Stricter(Policy):
        def judge(self, ask, now):
            if ask.label == "stolen":
                raise NotAllowed("Not this one.")
            return super().judge(ask, now)

    globals()["Stricter"] = Stricter
    kept, stolen = sign_in(label="kept"), sign_in(label="stolen")
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.Stricter", "ACCESS_LIFETIME": MINUTE}

    renewed = traded(kept)
    with pytest.raises(NotAllowed):
        traded(stolen)

    assert renewed.ends_at == renewed.grant.rotated_at + MINUTE
    assert Grant.objects.get(pk=stolen.grant.pk).revoked_at is None


def test_a_rotation_moves_to_the_newest_pepper(sign_in, settings, clock):
    old, new = settings.TESSERA["PEPPERS"][0], "another pepper, and as long as it has to be"
    first = sign_in()
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": [new, old]}

    second = traded(first)

    assert opens(first)
    assert secrets_of(traded(first)) == secrets_of(second)
    clock.turn(MINUTE)
    third = traded(traded(first))
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": [new]}
    assert opens(third)
    assert opens(traded(third))


def test_a_server_without_the_newest_pepper_ends_nothing(sign_in, settings):
    old, new = settings.TESSERA["PEPPERS"][0], "another pepper, and as long as it has to be"
    first = sign_in()
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": [new, old]}
    second = traded(first)
    settings.TESSERA = {**settings.TESSERA, "PEPPERS": [old]}

    with pytest.raises(Unknown):
        traded(first)

    settings.TESSERA = {**settings.TESSERA, "PEPPERS": [new, old]}
    assert opens(second)


def test_another_prefix_makes_no_theft_of_a_second_tab(sign_in, settings):
    first = sign_in()
    second = traded(first)
    settings.TESSERA = {**settings.TESSERA, "PREFIX": ("shop", "tsr")}

    assert secrets_of(traded(first)) == secrets_of(second)


@pytest.mark.parametrize("step", [timedelta(0), -timedelta(hours=1)])
def test_by_a_clock_that_stands_still_or_steps_back_a_reuse_is_one(sign_in, clock, step):
    first = sign_in()
    second = traded(first)
    clock.turn(step)
    third = traded(second)
    clock.turn(step)

    with pytest.raises(Reused):
        traded(first)
    with pytest.raises(Revoked):
        opens(third)


YEARS = timedelta(days=3650)


@pytest.mark.parametrize("step", [-2 * SECOND, 2 * SECOND, timedelta(hours=-1), timedelta(hours=1), -YEARS, YEARS])
def test_whatever_the_clock_does_what_was_traded_or_revoked_opens_nothing(sign_in, clock, step):
    first, ended = sign_in(), sign_in()
    third = traded(traded(first))
    revoke(ended.grant)

    clock.turn(step)

    with pytest.raises((Reused, Expired)):
        traded(first)
    with pytest.raises(Revoked):
        traded(ended)
    with pytest.raises(Revoked):
        opens(ended)
    assert Grant.objects.get(pk=third.grant.pk).generation == 2


@pytest.mark.parametrize("skew", [-2 * SECOND, 2 * SECOND])
def test_servers_whose_clocks_differ_by_two_seconds_take_nobody_for_a_thief(sign_in, clock, skew):
    pairs = [sign_in()]

    for turn in range(6):
        clock.turn(skew * (-1) ** turn)
        pairs.append(traded(pairs[-1]))
        clock.turn(skew * (-1) ** (turn + 1))
        assert secrets_of(traded(pairs[-2])) == secrets_of(pairs[-1])
        assert opens(pairs[-2])
        assert opens(pairs[-1])

    assert Grant.objects.get().generation == 6


@pytest.mark.parametrize("zone", ["America/Chicago", "Australia/Lord_Howe"])
@pytest.mark.parametrize("uses_zones", [True, False])
@pytest.mark.parametrize("night", [datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2026, 4, 4, 14, 30, tzinfo=UTC)])
def test_an_hour_that_comes_twice_or_not_at_all_is_an_hour(sign_in, settings, clock, zone, uses_zones, night):
    settings.USE_TZ, settings.TIME_ZONE = uses_zones, zone
    clock.time = night
    latest = first = sign_in(lifetime=timedelta(hours=1))

    for _ in range(5):
        clock.turn(10 * MINUTE)
        before, latest = latest, traded(latest)
        assert secrets_of(traded(before)) == secrets_of(latest)
        assert opens(latest)
        assert latest.ends_at == min(clock.time + 15 * MINUTE, night + timedelta(hours=1))

    clock.turn(10 * MINUTE)
    for verb in (traded, opens):
        with pytest.raises(Expired):
            verb(latest)
    assert first.grant.created_at == night


def test_a_new_user_with_the_key_of_a_deleted_one_gets_none_of_his_sign_ins(sign_in, user):
    first = sign_in()
    second = traded(first)

    with connection.constraint_checks_disabled(), transaction.atomic():
        type(user).objects.filter(pk=user.pk)._raw_delete("default")
        type(user).objects.create_user("eve", password="lovelace-1843", pk=user.pk)

    for pair in (first, second):
        with pytest.raises(PasswordChanged):
            traded(pair)


def test_there_is_no_generation_after_the_last(sign_in):
    secret, opaque = mint("tsr", Purpose.REFRESH, sign_in().grant.pk, bytes(32), keyring()[0], LAST_GENERATION)
    Grant.objects.update(generation=LAST_GENERATION, refresh_digest=opaque.digest)

    with pytest.raises(Expired):
        redeem(secret, accept=REFRESH)

    assert Grant.objects.get().generation == LAST_GENERATION


def test_within_a_transaction_it_refuses_before_it_looks(sign_in, django_assert_num_queries):
    issued = sign_in()

    with transaction.atomic(), django_assert_num_queries(0), pytest.raises(RuntimeError, match="transaction"):
        traded(issued)

    assert opens(traded(issued))


@pytest.mark.parametrize("word", ["SELECT", "UPDATE"])
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_does_not_answer_has_traded_nothing(sign_in, word, error):
    issued = sign_in()

    def silent(execute, sql, *rest):
        if sql.startswith(word):
            raise error("the server closed the connection unexpectedly")
        return execute(sql, *rest)

    with connection.execute_wrapper(silent), pytest.raises(StoreDown):
        traded(issued)

    assert opens(issued)
    assert traded(issued).grant.generation == 1


def test_each_rotation_is_told_once(sign_in):
    first = sign_in()

    with listening(token_refreshed) as heard:
        second = traded(first)
        traded(first)

    assert [told["grant"] for _, told in heard] == [second.grant]


@pytest.mark.parametrize("which", ["access", "access before", "access long before", "refresh", "traded refresh"])
def test_whoever_signs_out_does_so_with_any_token_of_the_sign_in(sign_in, which):
    zeroth = sign_in()
    first = traded(zeroth)
    second = traded(first)
    secret = {
        "access": second.secret,
        "access before": first.secret,
        "access long before": zeroth.secret,
        "refresh": second.refresh_secret,
        "traded refresh": first.refresh_secret,
    }[which]

    assert revoke_presented(secret, accept=ACCESS | REFRESH, reason="logout") == 1

    with pytest.raises(Revoked):
        opens(second)
    with pytest.raises(Revoked):
        traded(second)


def test_what_is_revoked_is_refused_at_once(sign_in):
    latest = traded(sign_in())

    revoke(latest.grant)

    with pytest.raises(Revoked):
        opens(latest)
    with pytest.raises(Revoked):
        traded(latest)


def test_a_token_that_comes_with_a_refresh_token_is_not_replaced(sign_in):
    issued = sign_in()

    with pytest.raises(NotAllowed):
        replace(issued.secret, accept=ACCESS)

    assert opens(issued)


@pytest.mark.parametrize("kind", [Kind.PERSONAL, Kind.MACHINE, Kind.ADOPTED, Kind.LETTER])
def test_only_a_sign_in_is_refreshed(user, kind):
    with pytest.raises(InvalidAsk):
        issue(Ask(subject=user, kind=kind, client="claim", may_refresh=True))


@pytest.mark.parametrize("span", [timedelta(0), -SECOND, 5])
def test_an_idle_lifetime_is_a_span(user, span):
    with pytest.raises(InvalidAsk):
        issue(Ask(subject=user, idle_lifetime=span))
