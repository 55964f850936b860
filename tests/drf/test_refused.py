"""How often a dead token is refused before its client is told to wait; and what is not counted at all."""

import gc
import secrets
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import FrameType

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from rest_framework.exceptions import APIException, AuthenticationFailed, ErrorDetail
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from tessera import Kind, Purpose, revoke
from tessera.dialects.authtoken import TokenAuthentication
from tessera.dialects.knox import TokenAuthentication as KnoxAuthentication
from tessera.dialects.simplejwt import JWTAuthentication
from tessera.drf import TokenAuthentication as BearerAuthentication
from tessera.engine.keyring import keyring
from tessera.format.opaque import mint
from tessera.models import Grant
from tests.credentials import bearing
from tests.dialects import hostile

NEW = "/api-token-auth/new/"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"
TOO_MANY = {"detail": "Request was throttled. Expected available in 60 seconds."}
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _three(settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refused": "3/minute"}}


class Guarded(APIView):
    """A view that says who came in by it."""

    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return Response(request.user.get_username())


class OwnWords(TokenAuthentication):
    """As sites write it that refuse in words of their own."""

    def authenticate_credentials(self, key):
        try:
            return super().authenticate_credentials(key)
        except AuthenticationFailed as error:
            error.detail = ErrorDetail("No.")
            raise


VIEWS = {
    "REST": Guarded.as_view(authentication_classes=[BearerAuthentication]),
    "authtoken": Guarded.as_view(authentication_classes=[TokenAuthentication]),
    "own words": Guarded.as_view(authentication_classes=[OwnWords]),
}


def ask(secret, door="authtoken", address=HOME):
    """A request with that token: its answer."""
    return VIEWS[door](APIRequestFactory().get("/", headers=bearing(secret), REMOTE_ADDR=address))


def statuses(secret, times=5, **how):
    return [ask(secret, **how).status_code for _ in range(times)]


DEAD = [
    pytest.param(lambda issued, clock: clock.turn(366 * DAY), id="expired"),
    pytest.param(lambda issued, clock: revoke(issued.grant), id="revoked"),
    pytest.param(lambda issued, clock: Grant.objects.all().delete(), id="its row is gone"),
    pytest.param(lambda issued, clock: User.objects.update(is_active=False), id="its user is inactive"),
    pytest.param(lambda issued, clock: User.objects.update(password="!"), id="its user has another password"),
]


@pytest.mark.parametrize("door", VIEWS)
@pytest.mark.parametrize("end", DEAD)
def test_a_token_that_was_good_once_is_a_429_when_it_was_refused_too_often(hand_out, clock, end, door):
    issued = hand_out()
    end(issued, clock)

    answers = [ask(issued.secret, door) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert (answers[3].data, answers[3]["Retry-After"]) == (TOO_MANY, "60")
    assert "WWW-Authenticate" in answers[2]
    assert "WWW-Authenticate" not in answers[3]


def test_it_is_counted_by_its_grant_wherever_it_comes_from(hand_out):
    dead, another = hand_out(), hand_out()
    revoke(dead.grant, another.grant)

    seen = [ask(dead.secret, address=f"203.0.113.{n}").status_code for n in range(4)]

    assert seen == [401, 401, 401, 429]
    assert ask(another.secret, address="203.0.113.1").status_code == 401


def test_in_the_next_minute_it_is_a_401_again(hand_out, clock):
    issued = hand_out()
    revoke(issued.grant)
    statuses(issued.secret)

    clock.turn(timedelta(seconds=60))

    assert ask(issued.secret).status_code == 401


def test_what_looks_like_an_adopted_key_is_counted_by_its_address(user):
    seen = [ask(secrets.token_hex(20)).status_code for _ in range(5)]

    assert seen == [401, 401, 401, 429, 429]
    assert ask(secrets.token_hex(20), address=ELSEWHERE).status_code == 401


def test_a_dead_adopted_key_is_counted_by_its_grant(hand_out):
    issued = hand_out(kind=Kind.ADOPTED)
    revoke(issued.grant)

    seen = [ask(issued.secret, address=f"203.0.113.{n}").status_code for n in range(4)]

    assert seen == [401, 401, 401, 429]


def test_a_live_token_of_that_address_goes_on_opening(hand_out):
    live, adopted = hand_out(), hand_out(kind=Kind.ADOPTED)
    for _ in range(5):
        ask(secrets.token_hex(20))

    assert (ask(live.secret).status_code, ask(adopted.secret).status_code) == (200, 200)


def another_tag(issued):
    return issued.secret[:-1] + ("1" if issued.secret[-1] == "0" else "0")


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        pytest.param(lambda issued: issued.secret, 200, id="live"),
        pytest.param(another_tag, 401, id="not minted here"),
        pytest.param(lambda issued: "x" * 300, 401, id="too long"),
        pytest.param(lambda issued: "two words", 401, id="a header that cannot be read"),
        pytest.param(
            lambda issued: mint("tsr", Purpose.LETTER, issued.grant.pk, bytes(32), keyring()[0])[0],
            401,
            id="minted here for another door",
        ),
    ],
)
def test_what_costs_less_than_counting_it_never_touches_the_cache(hand_out, settings, spoil, status):
    settings.CACHES = {**settings.CACHES, "none": {"BACKEND": "tests.drf.test_refused.NoCache"}}
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "none"}

    assert statuses(spoil(hand_out())) == [status] * 5


@pytest.mark.parametrize(
    ("authenticator", "scheme"),
    [
        pytest.param(BearerAuthentication(), "Bearer", id="REST"),
        pytest.param(TokenAuthentication(), "Token", id="authtoken"),
        pytest.param(KnoxAuthentication(), "Token", id="knox"),
        pytest.param(JWTAuthentication(), "Bearer", id="simplejwt"),
    ],
)
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(another_tag, id="not minted here"),
        pytest.param(lambda issued: "two words", id="a header that cannot be read"),
        pytest.param(lambda issued: revoke(issued.grant) and issued.secret, id="revoked"),
    ],
)
def test_a_refusal_leaves_no_frame_with_the_token_in_it_to_the_garbage_collector(
    hand_out, authenticator, scheme, spoil
):
    request = Request(APIRequestFactory().get("/", headers={"Authorization": f"{scheme} {spoil(hand_out())}"}))
    gc.collect()

    with collecting() as garbage:
        refuse(authenticator, request)

    assert [each for each in garbage if isinstance(each, FrameType)] == []


@contextmanager
def collecting():
    """A list that comes to hold what only the garbage collector frees of what was made meanwhile."""
    garbage: list[object] = []
    gc.disable()
    try:
        yield garbage
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        garbage += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def refuse(authenticator, request):
    with suppress(APIException):
        authenticator.authenticate(request)
        pytest.fail("It was not refused.")


class NoCache(LocMemCache):
    """A cache that must not be touched."""

    def touched(self, *_, **__):
        raise AssertionError("touched")

    add = get = set = incr = get_or_set = touched


def test_the_access_token_before_the_current_one_is_not_counted_while_it_is_good(hand_out, settings, client):
    settings.CACHES = {**settings.CACHES, "none": {"BACKEND": "tests.drf.test_refused.NoCache"}}
    issued = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    client.post("/auth/refresh/", {"refresh_token": issued.refresh_secret})
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "none"}

    assert statuses(issued.secret, door="REST") == [200] * 5


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_endpoint_that_acts_on_the_token_in_the_header_counts_as_well(client, hand_out, method):
    issued = hand_out()
    revoke(issued.grant)

    answers = [getattr(client, method)(NEW, headers=bearing(issued.secret)) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert (answers[-1].json(), answers[-1]["Retry-After"]) == (TOO_MANY, "60")
    assert answers[-1]["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in answers[-1]


def test_a_sites_own_handler_of_exceptions_does_not_forget_when_to_try_again(hand_out):
    issued = hand_out()
    revoke(issued.grant)

    with hostile.WORLDS["a forgetful exception handler"]() as client:
        answers = [client.post(NEW, headers=bearing(issued.secret)) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1]["Retry-After"] == "60"


def test_words_of_a_sites_own_stay_until_then(hand_out):
    issued = hand_out()
    revoke(issued.grant)

    assert [ask(issued.secret, "own words").data["detail"] for _ in range(3)] == ["No."] * 3


@pytest.mark.parametrize(
    "cache",
    [
        pytest.param(
            {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere/at/all"},
            id="does not answer",
        ),
        pytest.param({"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, id="forgets at once"),
    ],
)
def test_where_the_cache_cannot_count_a_dead_token_stays_a_401_and_a_live_one_opens(hand_out, settings, cache):
    settings.CACHES = {**settings.CACHES, "broken": cache}
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "broken"}
    live, dead = hand_out(), hand_out()
    revoke(dead.grant)

    assert (statuses(dead.secret), statuses(live.secret)) == ([401] * 5, [200] * 5)


def test_a_site_may_count_none(hand_out, settings):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"refused": None}}
    issued = hand_out()
    revoke(issued.grant)

    assert statuses(issued.secret, 70) == [401] * 70


def test_nobody_chose_and_it_is_sixty_a_minute(hand_out, settings):
    settings.TESSERA = {name: value for name, value in settings.TESSERA.items() if name != "RATES"}
    issued = hand_out()
    revoke(issued.grant)

    assert statuses(issued.secret, 62) == [401] * 60 + [429] * 2


def test_nobody_who_reads_the_cache_learns_whose_token_it_was(hand_out, settings):
    settings.TESSERA = {**settings.TESSERA, "THROTTLE_CACHE": "locmem"}
    cache = caches["locmem"]
    cache.clear()
    issued = hand_out()
    revoke(issued.grant)

    ask(issued.secret)

    [key] = vars(cache)["_cache"]
    assert issued.grant.pk.hex not in key
    assert str(issued.grant.pk) not in key


def test_a_client_that_says_of_its_address_what_it_likes_changes_no_counter(user):
    client = APIClient()

    answers = [
        client.post(NEW, headers={**bearing(secrets.token_hex(20)), "X-Forwarded-For": f"203.0.113.{n}"}).status_code
        for n in range(4)
    ]

    assert answers == [401, 401, 401, 429]


def test_an_endpoint_for_whoever_has_signed_in_counts_as_well(client, hand_out):
    issued = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    revoke(issued.grant)

    answers = [client.get("/auth/tokens/", headers=bearing(issued.secret)) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].json() == {**TOO_MANY, "code": "too_many_attempts"}
    assert (answers[-1]["Retry-After"], "WWW-Authenticate" in answers[-1]) == ("60", False)
