"""No token makes a stronger one, and only one with the scope `tokens` looks after others."""

from itertools import chain, combinations, product

import pytest

from tessera import Ask, Kind, issue, redeem
from tessera.engine.holdings import issue_from
from tessera.errors import InvalidScope
from tessera.format import scope
from tessera.models import Grant
from tests.credentials import PAIR, REFRESH, bearing

TOKENS, PERSONAL = "/auth/tokens/", "/auth/personal/"
WORDS = ("tokens", "tracks:read", "tracks:write")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _scopes(settings):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {"tracks:read": "See tracks", "tracks:write": "Change tracks"}}


def subsets(words):
    return [frozenset(each) for each in chain.from_iterable(combinations(words, count) for count in range(4))]


def asked(client, issued, **sent):
    return client.post(PERSONAL, {"label": "x", **sent}, headers=bearing(issued.secret))


def narrowed(issued, *words):
    return redeem(issued.refresh_secret, accept=REFRESH, scope=frozenset(words))


def test_a_personal_token_has_the_scope_of_the_sign_in_unless_less_is_asked_for(client, hand_out, clock):
    phone = hand_out(**PAIR)

    answers = [asked(client, phone, **sent).json() for sent in ({}, {"scope": ""}, {"scope": "tracks:read"})]

    assert [answer["scope"] for answer in answers] == [" ".join(WORDS), " ".join(WORDS), "tracks:read"]
    assert [answer["scope"] for answer in answers] == [Grant.objects.get(pk=answer["id"]).scope for answer in answers]


def test_it_has_no_more_than_the_access_token_that_asks(client, hand_out, clock):
    phone = narrowed(hand_out(**PAIR), "tokens", "tracks:read")

    default, wider = asked(client, phone), asked(client, phone, scope="tracks:write")

    assert default.json()["scope"] == "tokens tracks:read"
    assert (wider.status_code, wider.json()) == (
        400,
        {"detail": "The scope is wider than that of the token that asks.", "code": "invalid_scope"},
    )


@pytest.mark.parametrize(
    "words", ["no-such-scope", "TRACKS:READ", '"', "tracks:read,tracks:write", "\u00e9", "x" * 4_000]
)
def test_a_word_that_is_none_of_the_sites_is_a_400(client, hand_out, clock, words):
    answer = asked(client, hand_out(**PAIR), scope=words)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_scope")
    assert not Grant.objects.filter(kind=Kind.PERSONAL).exists()


def test_where_the_site_has_no_scopes_an_ask_for_one_is_refused(client, hand_out, clock, settings):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {}}

    answer = asked(client, hand_out(**PAIR), scope="tracks:read")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_scope")


def test_a_word_that_the_site_no_longer_has_falls_away(client, hand_out, clock, settings):
    phone = hand_out(**PAIR)
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {"tracks:read": "See tracks"}}

    assert asked(client, phone).json()["scope"] == "tokens tracks:read"


def test_of_all_sets_none_makes_a_wider_one(user, clock):
    for granted, held, wanted in product(subsets(WORDS), subsets(WORDS), [None, *subsets(WORDS)]):
        if not held <= granted:
            continue
        sign_in = issue(Ask(subject=user, kind=Kind.SIGN_IN, scope=granted))
        ask = Ask(subject=user, label="x", scope=wanted)
        try:
            made = scope.split(issue_from(sign_in.grant, ask, held, clock.time).grant.scope)
        except InvalidScope:
            assert not (wanted or frozenset()) <= held
        else:
            assert made == (held if wanted is None else wanted) <= held


def test_the_list_tells_all_that_a_token_can_be_refreshed_to(client, hand_out, clock):
    script, phone = hand_out(scope=frozenset({"tracks:read"})), narrowed(hand_out(**PAIR), "tokens")

    listed = client.get(TOKENS, headers=bearing(phone.secret)).json()["results"]

    told = {each["kind"]: each["scope"] for each in listed}
    assert told == {"personal": "tracks:read", "sign-in": "tokens tracks:read tracks:write"}
    assert script.grant.scope == "tracks:read"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "tokens/"),
        ("PATCH", "tokens/{}/"),
        ("DELETE", "tokens/{}/"),
        ("POST", "tokens/revoke-others/"),
        ("POST", "tokens/revoke-all/"),
        ("POST", "personal/"),
    ],
)
def test_who_is_narrowed_to_less_than_that_looks_after_nothing(client, hand_out, clock, method, path):
    phone = narrowed(hand_out(**PAIR), "tracks:read", "tracks:write")
    before = list(Grant.objects.values())

    answer = client.generic(method, f"/auth/{path.format(phone.grant.pk)}", headers=bearing(phone.secret))

    told = {"detail": "This takes a token with the scope tokens.", "code": "insufficient_scope"}
    asked = 'Bearer realm="api", error="insufficient_scope", scope="tokens"'
    assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (403, told, asked)
    assert answer["Cache-Control"] == "no-store"
    assert list(Grant.objects.values()) == before
