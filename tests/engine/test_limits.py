"""How many live tokens of a kind a user may have, and what becomes of one more."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tessera import Ask, Issued, Kind, Limit, Policy, Purpose, issue, redeem, revoke
from tessera.engine.adoption.key import adopt
from tessera.errors import LimitReached, NotAllowed
from tessera.models import Grant
from tessera.signals import token_revoked
from tests.processes import PATIENCE
from tests.racing import at_once, wait_until_waited_for
from tests.recording import listening

EVICT, REFUSE = "evict", "refuse"
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def limit(settings):
    """The limit of the site for sign-ins."""

    def limit(count, when_full):
        settings.TESSERA = {**settings.TESSERA, "LIMITS": {"sign-in": (count, when_full)}}

    return limit


@pytest.fixture
def sign_in(user, clock):
    """A sign-in of ada's, a second after the one before."""

    def sign_in(**ask):
        clock.turn(SECOND)
        return issue(Ask(**{"subject": user, "kind": Kind.SIGN_IN, **ask}))

    return sign_in


def live(kind=Kind.SIGN_IN, subject=None):
    rows = Grant.objects.filter(kind=kind, revoked_at=None).order_by("pk")
    return list(rows if subject is None else rows.filter(subject=subject))


def statements(queries):
    """The first words of those that read or write."""
    words = [query["sql"].split()[0] for query in queries]
    return [word for word in words if word in {"SELECT", "INSERT", "UPDATE", "DELETE"}]


HOLDS = "UPDATE" if connection.vendor == "sqlite" else "SELECT"
"""How a user's row is held. On SQLite the UPDATE changes no row: it takes the lock."""


@pytest.mark.parametrize(
    ("site", "before", "costs"),
    [
        pytest.param(None, 7, ["INSERT"], id="no limit"),
        pytest.param((5, EVICT), 4, ["INSERT", "SELECT"], id="evict, with room"),
        pytest.param((5, EVICT), 5, ["INSERT", "SELECT", HOLDS, "SELECT", "UPDATE"], id="evict, full"),
        pytest.param((5, REFUSE), 4, [HOLDS, "SELECT", "INSERT"], id="refuse, with room"),
        pytest.param((5, REFUSE), 5, [HOLDS, "SELECT"], id="refuse, full"),
    ],
)
def test_a_log_in_costs_what_its_limit_must(limit, sign_in, site, before, costs):
    for _ in range(before):
        sign_in()
    if site is not None:
        limit(*site)

    with CaptureQueriesContext(connection) as queries, suppress(NotAllowed):
        sign_in()

    assert statements(queries) == costs


def test_one_too_many_ends_the_oldest_and_tells_of_it(limit, sign_in, user, caplog):
    limit(2, EVICT)
    first, second = sign_in(), sign_in()
    caplog.set_level("INFO", "tessera.audit")

    with listening(token_revoked) as heard:
        third = sign_in()

    assert live() == [second.grant, third.grant]
    told = {"ended": 1, "reason": "limit", "grant_ids": [first.grant.pk], "subject_id": user.pk}
    told |= {"client": None, "kept": None}
    assert heard == [(Grant, told)]
    assert f"revoked 1 reason='limit' {first.grant.hint}" in caplog.text


def test_a_limit_that_comes_late_ends_all_that_are_too_many(limit, sign_in):
    before = [sign_in() for _ in range(5)]
    limit(3, EVICT)

    last = sign_in()

    assert live() == [before[3].grant, before[4].grant, last.grant]


def test_one_too_many_is_refused_and_told_what_to_do(limit, sign_in):
    limit(2, REFUSE)
    first, second = sign_in(), sign_in()

    with pytest.raises(NotAllowed) as refused:
        sign_in()

    assert str(refused.value) == (
        "The limit of live tokens of the kind sign-in is 2, and is reached. End one of them, then try again."
    )
    assert live() == [first.grant, second.grant]
    revoke(first.grant)
    third = sign_in()
    assert live() == [second.grant, third.grant]


def test_the_sign_in_endpoint_answers_403(limit, user, client):
    limit(1, REFUSE)
    credentials = {"username": "ada", "password": "lovelace-1843"}

    answers = [client.post("/api-token-auth/", credentials) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert "End one of them" in answers[1].json()["detail"]


def revoked(sign_in, user):
    revoke(sign_in().grant)


def expired(sign_in, user):
    sign_in(lifetime=SECOND)


def idle(sign_in, user):
    sign_in(idle_lifetime=SECOND)


def of_another_kind(sign_in, user):
    sign_in(kind=Kind.PERSONAL)


def of_somebody_else(sign_in, user):
    sign_in(subject=User.objects.create_user("grace"))


def adopted(sign_in, user):
    adopt("a-key-of-another-package", user)


def of_a_machine(sign_in, user):
    sign_in(kind=Kind.MACHINE, subject=None)


@pytest.mark.parametrize("when_full", [EVICT, REFUSE])
@pytest.mark.parametrize("other", [revoked, expired, idle, of_another_kind, of_somebody_else, adopted, of_a_machine])
def test_what_does_not_count_takes_no_place_and_is_not_ended(limit, sign_in, user, clock, when_full, other):
    limit(2, when_full)
    first = sign_in()
    other(sign_in, user)
    ended = Grant.objects.exclude(revoked_at=None).count()
    clock.turn(HOUR)

    last = sign_in()

    assert [first.grant, last.grant] == [each for each in live() if each.pk in {first.grant.pk, last.grant.pk}]
    assert Grant.objects.exclude(revoked_at=None).count() == ended


@pytest.mark.parametrize("when_full", [EVICT, REFUSE])
def test_a_pair_counts_as_one_however_often_it_is_refreshed(limit, sign_in, when_full):
    limit(2, when_full)
    pair = sign_in(may_refresh=True)
    for _ in range(3):
        pair = redeem(pair.refresh_secret, accept={Purpose.REFRESH})

    last = sign_in()

    assert live() == [pair.grant, last.grant]


def test_a_changed_password_makes_room(limit, sign_in, user):
    limit(1, REFUSE)
    sign_in()
    user.set_password("byron-1815")
    user.save()

    sign_in()

    with pytest.raises(NotAllowed):
        sign_in()


def test_tokens_that_outlive_a_changed_password_keep_their_place(limit, settings, sign_in, user):
    limit(1, REFUSE)
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": ("sign-in",)}
    sign_in()
    user.set_password("byron-1815")
    user.save()

    with pytest.raises(NotAllowed):
        sign_in()


def test_a_server_whose_clock_is_behind_does_not_end_what_it_has_just_issued(limit, sign_in, clock):
    limit(2, EVICT)
    ahead = [sign_in(), sign_in()]
    clock.turn(-HOUR)

    behind = sign_in()

    assert live() == [behind.grant, ahead[1].grant]


class ByRank(Policy):
    """Staff may have two sign-ins, others one, and adopted tokens are counted in vain."""

    def judge(self, ask, now):
        return replace(super().judge(ask, now), limit=Limit(2 if ask.subject.is_staff else 1, "refuse"))


@pytest.mark.parametrize(("is_staff", "granted"), [(True, 2), (False, 1)], ids=["staff", "others"])
def test_a_sites_own_policy_limits_each_user(settings, sign_in, user, is_staff, granted):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.ByRank"}
    user.is_staff = is_staff

    for _ in range(granted):
        sign_in()

    with pytest.raises(NotAllowed):
        sign_in()


def test_an_adopted_token_is_never_refused_for_its_number(settings, user):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.ByRank"}

    for number in range(3):
        adopt(f"key-{number}", user)

    assert len(live(Kind.ADOPTED)) == 3


class OfOneClient(Policy):
    """Two tokens through the till, of whatever kind."""

    when_full: Any = REFUSE

    def judge(self, ask, now):
        return replace(super().judge(ask, now), limit=Limit(2, self.when_full, client="till"))


class OfOneClientEvicting(OfOneClient):
    when_full = EVICT


@pytest.fixture
def at_the_till(sign_in, user):
    """One is adopted, one is personal; and two that do not count are of other clients."""
    key = adopt("a-key-of-another-package", user)
    Grant.objects.update(client="till")
    others = [sign_in(), sign_in(client="shop")]
    return [key.grant, sign_in(kind=Kind.PERSONAL, client="till").grant], [each.grant for each in others]


def test_a_limit_of_one_client_counts_its_tokens_of_every_kind(settings, sign_in, user, at_the_till):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.OfOneClient"}

    with pytest.raises(LimitReached) as refused:
        sign_in(client="till")

    assert "of the kind till is 2" in str(refused.value)
    revoke(at_the_till[0][0])
    assert sign_in(client="till").grant in live()


def test_a_limit_of_one_client_ends_the_oldest_of_that_client(settings, sign_in, at_the_till):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.OfOneClientEvicting"}
    (first, second), others = at_the_till

    last = sign_in(client="till").grant

    # An adopted id begins with chance and not with the time, so it may count as the younger.
    left = set(Grant.objects.filter(revoked_at=None)) - {last, *others}
    assert len(left) == 1
    assert left < {first, second}


def test_a_limit_of_none_at_all_is_no_limit():
    with pytest.raises(ValueError, match="raise NotAllowed"):
        Limit(0, "evict")


@pytest.mark.django_db(transaction=True)
def test_of_fifty_log_ins_at_once_no_more_stay_than_may_be(limit, user):
    limit(5, EVICT)
    phone = issue(Ask(subject=user, kind=Kind.PERSONAL))
    grace = User.objects.create_user("grace")
    hers = issue(Ask(subject=grace, kind=Kind.SIGN_IN))

    answers = at_once(*[lambda: issue(Ask(subject=user, kind=Kind.SIGN_IN))] * 50)

    assert [answer for answer in answers if not isinstance(answer, Issued)] == []
    assert 0 < len(live(subject=user)) <= 5
    assert (live(Kind.PERSONAL), live(subject=grace)) == ([phone.grant], [hers.grant])


@pytest.mark.django_db(transaction=True)
def test_of_those_that_come_together_as_many_stay_as_may_be_and_not_fewer(limit, user):
    limit(1, EVICT)

    for _ in range(10):
        at_once(*[lambda: issue(Ask(subject=user, kind=Kind.SIGN_IN))] * 4)

        assert len(live()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="its isolation and its locks are PostgreSQL's")
def test_a_statement_that_fails_for_coming_second_is_tried_again(limit, sign_in):
    limit(1, EVICT)
    first, second = sign_in(kind=Kind.PERSONAL), sign_in()
    Grant.objects.filter(pk=first.grant.pk).update(kind=Kind.SIGN_IN)
    is_held = Event()

    def hold():
        with transaction.atomic():
            revoke(first.grant, reason="logout")
            is_held.set()
            wait_until_waited_for()

    def log_in():
        is_held.wait(PATIENCE)
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_isolation = 'repeatable read'")
        return sign_in()

    answers = at_once(hold, log_in)

    assert live() == [answers[1].grant]
    reasons = Grant.objects.in_bulk([first.grant.pk, second.grant.pk])
    assert [reasons[each.grant.pk].revoked_reason for each in (first, second)] == ["logout", "limit"]


@pytest.mark.django_db(transaction=True)
def test_of_fifty_log_ins_at_once_exactly_as_many_are_granted_as_may_be(limit, user):
    limit(5, REFUSE)

    answers = at_once(*[lambda: issue(Ask(subject=user, kind=Kind.SIGN_IN))] * 50)

    granted = [answer for answer in answers if isinstance(answer, Issued)]
    refused = [answer for answer in answers if isinstance(answer, NotAllowed)]
    assert (len(granted), len(refused)) == (5, 45)
    assert {each.pk for each in live()} == {each.grant.pk for each in granted}


@pytest.mark.django_db(transaction=True)
def test_who_comes_before_another_is_counted_waits_for_him(limit, user):
    limit(1, REFUSE)
    answers = []
    rival = Thread(target=lambda: answers.append(log_in()), daemon=True)

    def log_in():
        (answer,) = at_once(lambda: issue(Ask(subject=user, kind=Kind.SIGN_IN)))
        return answer

    def rivalled(execute, sql, *rest):
        if sql.startswith("INSERT"):
            rival.start()
            rival.join(0.3)  # Who does not wait for us has long been let in by then.
        return execute(sql, *rest)

    with connection.execute_wrapper(rivalled):
        first = issue(Ask(subject=user, kind=Kind.SIGN_IN))
    rival.join(PATIENCE)

    assert [type(answer) for answer in answers] == [LimitReached]
    assert live() == [first.grant]


@pytest.mark.django_db(transaction=True)
def test_within_a_block_the_oldest_ends_when_it_commits_and_not_if_it_is_undone(limit, sign_in):
    limit(1, EVICT)
    first = sign_in()

    with transaction.atomic():
        sign_in()
        transaction.set_rollback(True)
    undone = live()
    with transaction.atomic():
        second = sign_in()
        within = live()

    assert (undone, within, live()) == ([first.grant], [first.grant, second.grant], [second.grant])


@pytest.mark.django_db(transaction=True)
def test_a_refusal_undoes_nothing_of_the_block_that_it_is_in(limit, sign_in):
    limit(1, REFUSE)
    first = sign_in()

    with transaction.atomic():
        Group.objects.create(name="before")
        with pytest.raises(NotAllowed):
            sign_in()
        Group.objects.create(name="after")

    assert set(Group.objects.values_list("name", flat=True)) == {"before", "after"}
    assert live() == [first.grant]
