"""A refresh and the transactions of others: a stricter isolation, a caller's own, one whose end nobody heard of."""

from contextlib import contextmanager
from threading import Barrier, Event

import pytest
from django.db import close_old_connections, connection, transaction
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from tessera import Issued, Purpose, redeem, replace, revoke
from tessera.drf.authentication import TokenAuthentication
from tessera.drf.endpoint import Endpoint
from tessera.errors import Reused, StoreDown, Unknown
from tessera.models import Grant
from tests.credentials import PAIR, opens, secrets_of, traded
from tests.processes import PATIENCE
from tests.racing import at_once, before_writing, meanwhile, wait_until_waited_for

# Each of them has a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="it asks PostgreSQL for its isolation")
on_a_server = pytest.mark.skipif(connection.vendor != "postgresql", reason="it asks PostgreSQL to cut a connection")


@pytest.fixture(params=["repeatable read", "serializable"])
def isolation(request, monkeypatch):
    """What a site asks of every transaction: in its settings for those of Django, and of the server for all others."""
    from psycopg import IsolationLevel

    name = request.param.replace(" ", r"\ ")
    stricter = {
        "isolation_level": IsolationLevel[request.param.replace(" ", "_").upper()],
        "options": f"-c default_transaction_isolation={name}",
    }
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {**connection.settings_dict["OPTIONS"], **stricter})
    assert asked("SHOW transaction_isolation") == request.param
    yield
    connection.close()


def asked(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]


@on_postgresql
def test_of_twenty_refreshes_under_a_stricter_isolation_none_fails(hand_out, isolation):
    first, all_have_read = hand_out(**PAIR), Barrier(20)

    def refresh():
        with before_writing(lambda: all_have_read.wait(PATIENCE)):
            return secrets_of(traded(first))

    ((access, _),) = set(at_once(*[refresh] * 20))

    assert opens(access)
    assert Grant.objects.get().generation == 1


@on_postgresql
def test_of_two_replacements_one_wins_and_the_other_is_refused_under_a_stricter_isolation_too(hand_out, isolation):
    issued, both_have_read = hand_out(), Barrier(2)

    def replaced():
        with before_writing(lambda: both_have_read.wait(PATIENCE)):
            return replace(issued.secret, accept={Purpose.PERSONAL})

    answers = at_once(replaced, replaced)

    assert {type(answer) for answer in answers} == {Issued, Unknown}


def end_by_reuse(first):
    with pytest.raises(Reused):
        traded(first)
    return 1


@on_postgresql
@pytest.mark.parametrize("end", [lambda first: revoke(first.grant), end_by_reuse], ids=["revoked", "reused"])
def test_an_end_that_was_overtaken_under_a_stricter_isolation_is_one_all_the_same(hand_out, isolation, end):
    first, is_held = hand_out(**PAIR), Event()
    traded(traded(first))

    def hold():
        with transaction.atomic():
            Grant.objects.update(label="renamed meanwhile")
            is_held.set()
            wait_until_waited_for()

    def end_it():
        assert is_held.wait(PATIENCE)
        return end(first)

    told = at_once(hold, end_it)

    assert told == [None, 1]
    grant = Grant.objects.get()
    assert (grant.label, grant.revoked_at is None) == ("renamed meanwhile", False)


def redeemed(request):
    issued = redeem(request.data["refresh"], accept={Purpose.REFRESH})
    return Response({"access": issued.secret, "refresh": issued.refresh_secret})


class Refresh(Endpoint):
    authentication_classes = (TokenAuthentication,)

    def post(self, request):
        return redeemed(request)


class OfTheSite(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request):
        return redeemed(request)


urlpatterns = [path("refresh/", Refresh.as_view()), path("site/", OfTheSite.as_view())]


@pytest.fixture
def atomic_requests(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


def test_under_atomic_requests_a_reuse_ends_the_grant_for_good(client, hand_out, atomic_requests):
    first = hand_out(**PAIR)
    second = client.post("/refresh/", {"refresh": first.refresh_secret}).json()
    client.post("/refresh/", {"refresh": second["refresh"]})

    answer = client.post("/refresh/", {"refresh": first.refresh_secret})

    assert answer.status_code == 401
    assert Grant.objects.get().revoked_reason == "reuse"


def test_under_atomic_requests_a_view_that_is_not_exempt_is_told_so_and_nothing_happens(
    client, hand_out, atomic_requests
):
    first = hand_out(**PAIR)

    with pytest.raises(RuntimeError, match="non_atomic_requests"):
        client.post("/site/", {"refresh": first.refresh_secret})

    assert Grant.objects.get().generation == 0


def test_a_site_that_commits_by_hand_is_told_so_before_anything_is_asked(hand_out, django_assert_num_queries):
    first = hand_out(**PAIR)

    transaction.set_autocommit(False)
    try:
        with django_assert_num_queries(0), pytest.raises(RuntimeError, match="transaction"):
            traded(first)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)

    assert Grant.objects.get().generation == 0


@contextmanager
def cut_after_writing():
    """The UPDATE is carried out, and its answer is lost with the connection."""
    ours = asked("SELECT pg_backend_pid()")

    def wrapper(execute, sql, *rest):
        result = execute(sql, *rest)
        if sql.startswith("UPDATE"):
            meanwhile(lambda: cut(ours))
            execute("SELECT 1", None, *rest[1:])
        return result

    with connection.execute_wrapper(wrapper):
        yield


@contextmanager
def cut_before_writing():
    ours = asked("SELECT pg_backend_pid()")
    with before_writing(lambda: meanwhile(lambda: cut(ours))):
        yield


def cut(backend):
    return asked("SELECT pg_terminate_backend(%s, 10000)", backend)


@on_a_server
@pytest.mark.parametrize(
    ("cutting", "generation"),
    [
        pytest.param(cut_before_writing, 0, id="before the UPDATE"),
        pytest.param(cut_after_writing, 1, id="after it, before its answer"),
    ],
)
def test_a_connection_that_is_cut_is_no_refusal_and_the_retry_gets_the_pair(hand_out, cutting, generation):
    first = hand_out(**PAIR)

    with cutting(), pytest.raises(StoreDown):
        traded(first)

    close_old_connections()  # As Django does between two requests.
    assert Grant.objects.get().generation == generation
    second = traded(first)
    assert opens(second.secret)
    assert traded(second).grant.generation == 2


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite locks the whole database")
def test_a_database_that_is_locked_for_too_long_is_no_refusal(hand_out):
    first = hand_out(**PAIR)

    def lock_and_refresh_elsewhere():
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                return meanwhile(refresh_without_patience)
            finally:
                cursor.execute("ROLLBACK")

    def refresh_without_patience():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
        return traded(first)

    told = lock_and_refresh_elsewhere()

    assert isinstance(told, StoreDown)
    assert traded(first).grant.generation == 1
