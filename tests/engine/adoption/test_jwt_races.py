"""A JWT of the former package that several present at once is taken over once."""

from threading import Event

import pytest
from django.db import connection, transaction

from tessera import Purpose, redeem, verify
from tessera.engine.adoption.jwt import admit
from tessera.engine.adoption.simplejwt import longest_life
from tessera.engine.adoption.trust import key_of_site, trust
from tessera.engine.holdings import end_all
from tessera.errors import Revoked, SubjectGone
from tessera.models import Grant
from tests.former_jwt import Peer
from tests.processes import PATIENCE
from tests.racing import at_once, wait_until_waited_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def jwt(user, clock):
    def jwt(kind):
        trust(key_of_site(), clock(), longest_life())
        return Peer().jwt(kind, user, clock())

    return jwt


def test_tabs_that_refresh_at_once_are_all_told_the_same_pair(jwt, user):
    refresh = jwt("refresh")

    pairs = at_once(*[lambda: redeem(admit(refresh), accept={Purpose.REFRESH}, client="simplejwt")] * 8)

    assert len({(pair.secret, pair.refresh_secret) for pair in pairs}) == 1
    assert verify(pairs[0].secret, accept={Purpose.ACCESS}).subject == user
    assert Grant.objects.get().generation == 1


@pytest.mark.parametrize("kind", ["access", "sliding"])
def test_requests_that_arrive_at_once_are_all_answered(jwt, user, kind):
    access = jwt(kind)

    principals = at_once(*[lambda: verify(admit(access), accept={Purpose.ADOPTED})] * 8)

    assert {principal.subject for principal in principals} == {user}
    assert Grant.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="It looks at PostgreSQL's locks; SQLite lets nobody in")
def test_it_is_not_taken_over_while_its_user_signs_out_everywhere(jwt, hand_out, clock):
    refresh, sign_in, looked, over = jwt("refresh"), hand_out().grant, Event(), Event()

    def before_the_insert(run, sql, *rest):
        if sql.startswith("INSERT"):
            looked.set()
            wait_until_waited_for(over.is_set)
        return run(sql, *rest)

    def come():
        with connection.execute_wrapper(before_the_insert):
            return admit(refresh)

    def sign_out():
        try:
            assert looked.wait(PATIENCE)
            return end_all(sign_in, clock())
        finally:
            over.set()

    _, ended = at_once(come, sign_out)

    assert ended == 2
    with pytest.raises(Revoked):
        redeem(admit(refresh), accept={Purpose.REFRESH}, client="simplejwt")


def test_a_view_whose_transaction_is_undone_leaves_it_to_the_next_request(jwt, user):
    access = jwt("access")

    with transaction.atomic():
        verify(admit(access), accept={Purpose.ADOPTED})
        transaction.set_rollback(True)

    assert Grant.objects.count() == 0
    assert verify(admit(access), accept={Purpose.ADOPTED}).subject == user


def test_a_name_that_the_database_cannot_look_for_leaves_the_transaction_usable(jwt, user, clock):
    jwt("access")
    nobody = Peer().jwt("access", user, clock(), user_id=str(10**200))

    with transaction.atomic():
        with pytest.raises(SubjectGone):
            admit(nobody)
        assert Grant.objects.count() == 0
