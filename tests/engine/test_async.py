"""Verbs called from asynchronous code: in a thread, or not at all; and a client that goes away in the middle of one."""

import asyncio
from functools import partial
from threading import Event

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient
from django.urls import path

from tessera import Ask, Kind, Purpose, issue, redeem, revoke, verify
from tessera.errors import Revoked
from tessera.models import Grant
from tests.credentials import opens
from tests.processes import PATIENCE
from tests.racing import before_writing

ACCESS, REFRESH = frozenset({Purpose.ACCESS}), frozenset({Purpose.REFRESH})

# Another thread has another connection, and sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


async def me(request: HttpRequest) -> JsonResponse:
    """A view of a site without REST framework."""
    secret = request.headers["Authorization"].removeprefix("Bearer ")
    principal = await sync_to_async(verify)(secret, accept=ACCESS)
    return JsonResponse({"user": principal.subject and principal.subject.get_username()})


urlpatterns = [path("me/", me)]


@pytest.fixture
def first(hand_out):
    return hand_out(kind=Kind.SIGN_IN, may_refresh=True)


@pytest.mark.urls(__name__)
def test_an_asynchronous_view_verifies_in_a_thread(first, run):
    answer = run(AsyncClient().get("/me/", headers={"Authorization": f"Bearer {first.secret}"}))

    assert (answer.status_code, answer.json()) == (200, {"user": "ada"})
    assert Grant.objects.get().seen_at is not None


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(lambda first: issue(Ask(subject=first.grant.subject)), id="issue"),
        pytest.param(lambda first: verify(first.secret, accept=ACCESS), id="verify"),
        pytest.param(lambda first: redeem(first.refresh_secret, accept=REFRESH), id="redeem"),
        pytest.param(lambda first: revoke(first.grant), id="revoke"),
    ],
)
def test_outside_a_thread_every_verb_refuses_loudly_and_changes_nothing(first, run, verb):
    before = Grant.objects.values().get()

    async def straight():
        return verb(first)

    with pytest.raises(SynchronousOnlyOperation):
        run(straight())

    assert Grant.objects.values().get() == before


def gone_before(do):
    """The client goes away before the verb has begun."""

    async def going():
        task = asyncio.create_task(sync_to_async(do)())
        task.cancel()
        await asyncio.wait([task])
        return task

    return going()


def gone_in_the_middle(do):
    """The client goes away between what the verb reads and what it writes."""
    reached, gone, done = Event(), Event(), Event()

    def wait():
        reached.set()
        assert gone.wait(PATIENCE)

    def held():
        try:
            with before_writing(wait):
                return do()
        finally:
            done.set()

    async def going():
        task = asyncio.create_task(sync_to_async(held)())
        await asyncio.to_thread(reached.wait, PATIENCE)
        task.cancel()
        gone.set()
        await asyncio.wait([task])
        await asyncio.to_thread(done.wait, PATIENCE)
        return task

    return going()


@pytest.mark.parametrize(
    ("going", "generation"),
    [pytest.param(gone_before, 0, id="before"), pytest.param(gone_in_the_middle, 1, id="in it")],
)
def test_a_client_that_goes_away_in_a_refresh_leaves_it_whole_or_undone_and_can_go_on(first, run, going, generation):
    task = run(going(partial(redeem, first.refresh_secret, accept=REFRESH)))

    assert task.cancelled()
    assert Grant.objects.get().generation == generation
    again = redeem(first.refresh_secret, accept=REFRESH)
    assert opens(again.secret)
    assert opens(redeem(again.refresh_secret or "", accept=REFRESH).secret)


def test_a_client_that_goes_away_in_a_reuse_does_not_save_its_grant(first, run):
    third = redeem(redeem(first.refresh_secret, accept=REFRESH).refresh_secret or "", accept=REFRESH)

    task = run(gone_in_the_middle(partial(redeem, first.refresh_secret, accept=REFRESH)))

    assert task.cancelled()
    with pytest.raises(Revoked):
        verify(third.secret, accept=ACCESS)
