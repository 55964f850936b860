"""One grant, several, or all of a subject: ended in one statement, and for good."""

from secrets import token_bytes
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tessera import Ask, Issued, Kind, Purpose, clock, issue, redeem, revoke, verify
from tessera.drf.endpoint import Endpoint
from tessera.engine.issuance import columns_of, granted, take
from tessera.engine.keyring import keyring
from tessera.engine.policy import judge
from tessera.engine.rows.lookup import grants_of
from tessera.errors import Revoked
from tessera.format.opaque import new_row
from tessera.format.pair import mint_pair
from tessera.models import Grant
from tests.credentials import DOORS, opens
from tests.management.terminal import called
from tests.processes import PATIENCE
from tests.racing import at_once


def is_live(issued: Issued) -> bool:
    return opens(issued.secret)


@pytest.fixture
def six(hand_out) -> dict[str, Issued]:
    """Ada's on three devices, two of eve's, and a machine's."""
    eve = User.objects.create_user("eve")
    return {
        "web 1": hand_out(client="web"),
        "web 2": hand_out(client="web", lifetime="never"),
        "phone": hand_out(client="phone", kind=Kind.SIGN_IN),
        "eve web": hand_out(subject=eve, client="web"),
        "eve": hand_out(subject=eve),
        "machine": issue(Ask(subject=None, kind=Kind.MACHINE, client="web")),
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "over"),
    [
        pytest.param(lambda six: ([six["phone"].grant], {}), {"phone"}, id="one"),
        pytest.param(lambda six: ([six["web 2"].grant.pk], {}), {"web 2"}, id="one by its id"),
        pytest.param(lambda six: ([six["machine"].grant], {}), {"machine"}, id="a machine's"),
        pytest.param(lambda six: ([six["eve"].grant, six["phone"].grant.pk], {}), {"eve", "phone"}, id="several"),
        pytest.param(
            lambda six: ([six["eve"].grant, six["eve web"].grant], {"client": "web"}), {"eve web"}, id="client's"
        ),
        pytest.param(lambda six: ([], {"subject": ada(six)}), {"web 1", "web 2", "phone"}, id="all of a subject"),
        pytest.param(
            lambda six: ([], {"subject": ada(six), "client": "web"}), {"web 1", "web 2"}, id="through a client"
        ),
        pytest.param(lambda six: ([], {"subject": ada(six), "client": "WEB"}), set(), id="through one in capitals"),
        pytest.param(lambda six: ([], {"subject": ada(six), "client": ""}), set(), id="through no client"),
        pytest.param(
            lambda six: ([], {"subject": ada(six), "keep": six["phone"].grant}), {"web 1", "web 2"}, id="all but one"
        ),
        pytest.param(
            lambda six: ([], {"subject": ada(six), "keep": six["web 2"].grant.pk, "client": "web"}),
            {"web 1"},
            id="all but one, by its id, through a client",
        ),
        pytest.param(
            lambda six: ([], {"subject": ada(six), "keep": six["eve"].grant}),
            {"web 1", "web 2", "phone"},
            id="all but one of another subject",
        ),
        pytest.param(
            lambda six: ([], {"subject": ada(six), "keep": None}), {"web 1", "web 2", "phone"}, id="all but none"
        ),
    ],
)
def test_what_is_named_ends_in_one_statement_and_nothing_else_does(six, django_assert_num_queries, asked, over):
    grants, whose = asked(six)

    with django_assert_num_queries(1):
        ended = revoke(*grants, **whose)

    assert ended == len(over)
    assert {name for name, issued in six.items() if not is_live(issued)} == over


def ada(six):
    return six["phone"].grant.subject


@pytest.mark.django_db
@pytest.mark.parametrize(
    "nobody",
    [
        pytest.param(AnonymousUser, id="anonymous"),
        pytest.param(lambda: User(username="bob"), id="not saved"),
        pytest.param(lambda: deleted(User.objects.create_user("bob")), id="deleted"),
    ],
)
def test_nobodys_grants_are_not_the_machines(six, nobody):
    subject = nobody()

    ended = revoke(subject=subject)

    assert (ended, list(grants_of(subject))) == (0, [])
    assert all(map(is_live, six.values()))


def deleted(user):
    user.delete()
    return user


def many_of(user, count):
    """So many pairs of one user, written at once. The last one has a client of its own."""
    many, now = [], clock.now()
    for client in [*["web"] * (count - 1), "phone"]:
        ask = Ask(subject=user, kind=Kind.SIGN_IN, client=client, may_refresh=True)
        pair = mint_pair("tsr", new_row(now, token_bytes(10)), 0, token_bytes(64), keyring()[0])
        grant = granted(ask, judge(ask, now), pair.access, now)
        take(grant, columns_of(pair, None))
        many.append(Issued(pair.access_secret, grant, pair.refresh_secret))
    Grant.objects.bulk_create([each.grant for each in many], batch_size=1000)
    return many


def is_traded(issued: Issued) -> bool:
    assert issued.refresh_secret
    try:
        redeem(issued.refresh_secret, accept={Purpose.REFRESH})
    except Revoked:
        return False
    return True


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("end", "statements", "lives"),
    [
        pytest.param(lambda user, last: revoke(subject=user), 1, False, id="all"),
        pytest.param(lambda user, last: revoke(subject=user, keep=last), 1, True, id="all but one"),
        pytest.param(lambda user, last: revoke(subject=user, client="web"), 1, True, id="all of a client"),
        pytest.param(lambda user, last: called("tessera", "revoke", "--user", "ada"), 2, False, id="all by command"),
    ],
)
def test_ten_thousand_end_in_as_few_statements_as_one(django_assert_num_queries, user, end, statements, lives):
    *others, last = many_of(user, 10_000)
    assert is_live(others[0])
    assert is_traded(others[-1])

    with django_assert_num_queries(statements):
        end(user, last.grant)

    assert Grant.objects.filter(revoked_at=None).count() == lives
    for is_usable in (is_live, is_traded):
        assert [is_usable(each) for each in (*others[::100], last)] == [False] * 100 + [lives]


@pytest.mark.django_db(transaction=True)
def test_of_tokens_that_are_made_meanwhile_none_that_was_handed_out_before_lives_on(user):
    made: list[Issued] = []
    handed_out_before: list[Issued] = []
    some_are_made = Event()

    def sign_in():
        for _ in range(20):
            made.append(issue(Ask(subject=user)))
            if len(made) > 10:
                some_are_made.set()

    def end_all():
        some_are_made.wait(PATIENCE)
        handed_out_before.extend(made)
        return revoke(subject=user)

    _, _, ended = at_once(sign_in, sign_in, end_all)

    assert len(handed_out_before) > 10
    assert not any(map(is_live, handed_out_before))
    assert sum(map(is_live, made)) == 40 - ended


@pytest.mark.django_db
def test_a_second_revocation_ends_nothing_and_rewrites_no_history(clock, hand_out):
    grant = hand_out().grant
    first = revoke(grant, reason="lost laptop")
    when = clock.time

    clock.turn(when - when.replace(year=2025))
    second = revoke(grant, reason="spring cleaning")

    grant.refresh_from_db()
    assert (first, second) == (1, 0)
    assert (grant.revoked_at, grant.revoked_reason) == (when, "lost laptop")


@pytest.mark.django_db
def test_a_grant_that_ran_out_can_still_be_revoked(clock, hand_out):
    issued = hand_out()
    clock.turn(issued.ends_at - clock.time)

    assert revoke(issued.grant) == 1
    with pytest.raises(Revoked):
        verify(issued.secret, accept=DOORS)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(lambda grant: ((), {}), id="nothing"),
        pytest.param(lambda grant: ((), {"client": "web"}), id="a client of nobody"),
        pytest.param(lambda grant: ((grant,), {"subject": grant.subject}), id="grants and a subject"),
        pytest.param(lambda grant: ((grant,), {"keep": grant}), id="grants and one to keep"),
        pytest.param(lambda grant: ((), {"keep": grant}), id="one to keep of nobody"),
    ],
)
def test_a_revocation_that_does_not_say_of_what_is_a_mistake(hand_out, asked):
    issued = hand_out(client="web")
    grants, whose = asked(issued.grant)

    with pytest.raises(TypeError):
        revoke(*grants, **whose)

    assert is_live(issued)


@pytest.mark.django_db
def test_who_has_a_secret_in_hand_is_told_how_to_come_by_its_grant(hand_out):
    issued: Any = hand_out()

    with pytest.raises(TypeError, match="such as issued") as refused:
        revoke(issued.secret)

    assert issued.secret not in str(refused.value)
    assert is_live(issued)


@pytest.mark.django_db
def test_the_log_says_which_and_why_and_holds_no_secret(hand_out, caplog):
    caplog.set_level("INFO", logger="tessera.audit")
    issued = hand_out()
    caplog.clear()

    revoke(issued.grant, reason="lost laptop")

    assert f"revoked 1 reason='lost laptop' {issued.grant.hint}" in caplog.text
    assert issued.secret not in caplog.text


@pytest.mark.django_db
def test_the_log_says_whose_ended_and_which_did_not(hand_out, user, caplog):
    caplog.set_level("INFO", logger="tessera.audit")
    kept = hand_out().grant
    caplog.clear()

    revoke(subject=user, keep=kept, reason="others")

    assert caplog.messages == [f"revoked 0 reason='others' subject={user.pk} client=None kept={kept.hint}"]


@pytest.mark.django_db
def test_a_long_reason_is_cut_and_ends_it_all_the_same(hand_out):
    issued = hand_out()

    ended = revoke(issued.grant, reason="stolen, " * 10)

    issued.grant.refresh_from_db()
    assert (ended, issued.grant.revoked_reason) == (1, "stolen, stolen, stolen, stolen, ")


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_it_holds_from_the_commit_on(hand_out):
    issued = hand_out()

    with transaction.atomic():
        revoke(issued.grant)

    assert not is_live(issued)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_rolled_back_takes_the_revocation_along(hand_out):
    issued = hand_out()

    with transaction.atomic():
        revoke(issued.grant)
        transaction.set_rollback(True)

    assert is_live(issued)


class EndsAndRefuses:
    """Ends all that the user has, and answers 403."""

    def post(self, request: Request) -> Response:
        revoke(subject=User.objects.get(username="ada"))
        raise PermissionDenied


class OfOurs(EndsAndRefuses, Endpoint): ...


class OfTheSite(EndsAndRefuses, APIView):
    authentication_classes = ()
    permission_classes = ()


urlpatterns = [
    path("ours/", OfOurs.as_view()),
    path("site/", OfTheSite.as_view()),
    path("api-token-auth/", include("tessera.dialects.authtoken.urls")),
]


@pytest.fixture
def atomic_requests(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("url", "is_over"), [pytest.param("/ours/", True, id="ours"), pytest.param("/site/", False, id="the site's")]
)
def test_under_atomic_requests_a_refusal_undoes_no_revocation_of_ours(client, hand_out, atomic_requests, url, is_over):
    issued = hand_out()

    answer = client.post(url)

    assert answer.status_code == 403
    assert is_live(issued) != is_over


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", ["/api-token-auth/", "/api-token-auth/new/", "/api-token-auth/revoke/"])
def test_under_atomic_requests_every_endpoint_owns_its_writes(client, hand_out, atomic_requests, url):
    client.credentials(HTTP_AUTHORIZATION=f"Token {hand_out().secret}")

    with CaptureQueriesContext(connection) as queries:
        answer = client.post(url, {"username": "ada", "password": "lovelace-1843"})

    assert answer.status_code < 300
    words = {query["sql"].split()[0] for query in queries}
    assert words & {"INSERT", "UPDATE"}
    assert not words & {"BEGIN", "SAVEPOINT"}
