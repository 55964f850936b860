"""The scope of a pair: a refresh may ask for less of it and have the whole again later, and never for more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tessera import Policy, verify
from tessera.errors import InvalidScope, NotAllowed, Reused, SubjectGone, Unknown
from tessera.models import Grant
from tests.credentials import DOORS, PAIR, secrets_of, traded

READ, WRITE, TOKENS = (frozenset({word}) for word in ("tracks:read", "tracks:write", "tokens"))
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)

# A refresh marks its pair as seen at a commit.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scopes")]


@pytest.fixture
def sign_in(hand_out, clock):
    """A sign-in of ada's that may read and write."""
    return hand_out(**PAIR, scope=READ | WRITE)


def scope_of(issued):
    return verify(issued.secret, accept=DOORS).scope


def columns():
    return Grant.objects.values("generation", "scope", "refresh_scope", "seen_at", "rotated_at", "revoked_at").get()


def test_less_is_given_and_the_whole_again_later(sign_in):
    less = traded(sign_in, scope=READ)
    assert (scope_of(less), less.grant.scope, less.grant.refresh_scope) == (
        READ,
        "tracks:read",
        "tracks:read tracks:write",
    )

    other = traded(less, scope=WRITE)
    assert scope_of(other) == WRITE

    whole = traded(other)
    assert (scope_of(whole), whole.grant.refresh_scope) == (READ | WRITE, None)


def test_nothing_may_be_asked_for_too(sign_in):
    nothing = traded(sign_in, scope=frozenset())

    assert scope_of(nothing) == frozenset()
    assert scope_of(traded(nothing)) == READ | WRITE


def current(sign_in, clock):
    return sign_in


def narrowed(sign_in, clock):
    return traded(sign_in, scope=READ)


def parent_within_the_window(sign_in, clock):
    traded(sign_in)
    return sign_in


def parent_whose_answer_was_lost(sign_in, clock):
    traded(sign_in)
    clock.turn(MINUTE)
    return sign_in


@pytest.mark.parametrize("held", [current, narrowed, parent_within_the_window, parent_whose_answer_was_lost])
@pytest.mark.parametrize("more", [TOKENS, READ | TOKENS, frozenset({"*"}), frozenset({"tracks:read tracks:write"})])
def test_more_than_was_granted_is_refused_and_changes_nothing(sign_in, clock, held, more):
    presented = held(sign_in, clock)
    before = columns()

    with pytest.raises(InvalidScope):
        traded(presented, scope=more)

    assert columns() == before
    assert scope_of(traded(presented)) == READ | WRITE


def test_a_spent_token_ends_its_grant_whatever_it_asks_for(sign_in):
    traded(traded(sign_in))

    with pytest.raises(Reused):
        traded(sign_in, scope=TOKENS)


def test_the_access_token_before_does_not_grow_with_its_successor(sign_in):
    narrow = traded(sign_in, scope=READ)

    traded(narrow)

    with pytest.raises(Unknown):
        scope_of(narrow)


def test_and_is_good_for_the_window_where_it_has_no_less(sign_in):
    traded(sign_in, scope=READ)

    assert scope_of(sign_in) == READ


def test_two_tabs_that_ask_for_the_same_get_the_same(sign_in):
    first = traded(sign_in, scope=READ)

    second = traded(sign_in, scope=READ)

    assert secrets_of(second) == secrets_of(first)


@pytest.mark.parametrize("asked", [None, READ | WRITE])
def test_the_other_tab_is_content_with_less_than_it_asked_for(sign_in, asked):
    first = traded(sign_in, scope=READ)

    second = traded(sign_in, scope=asked)

    assert (secrets_of(second), scope_of(second)) == (secrets_of(first), READ)


@pytest.mark.parametrize(("first", "asked"), [(None, READ), (READ, WRITE), (READ, frozenset())])
def test_but_is_told_nothing_of_a_pair_that_may_do_more(sign_in, first, asked):
    pair = traded(sign_in, scope=first)
    before = columns()

    with pytest.raises(InvalidScope):
        traded(sign_in, scope=asked)

    assert columns() == before
    assert scope_of(pair) == (READ | WRITE if first is None else first)


def test_after_a_lost_answer_another_scope_may_be_asked_for(sign_in, clock):
    lost = traded(sign_in, scope=READ)
    clock.turn(MINUTE)

    found = traded(sign_in, scope=WRITE)

    assert scope_of(found) == WRITE
    with pytest.raises(Unknown):
        scope_of(lost)
    assert scope_of(traded(found)) == READ | WRITE


@pytest.mark.parametrize("held", [current, narrowed])
def test_a_word_that_the_site_gave_up_falls_away_for_good(settings, sign_in, clock, held):
    latest, registered = held(sign_in, clock), settings.TESSERA
    settings.TESSERA = {**registered, "SCOPES": {"tracks:read": "See your tracks"}}
    with pytest.raises(InvalidScope):
        traded(latest, scope=READ | WRITE)

    latest = traded(latest)

    settings.TESSERA = registered
    assert scope_of(latest) == READ
    assert scope_of(traded(latest)) == READ


def test_where_the_site_gave_up_scopes_a_sign_in_goes_on_without(settings, sign_in):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {}}

    assert scope_of(traded(sign_in)) == frozenset()


class NobodyWrites(Policy):
    """What was granted before the site made up its mind."""

    def judge(self, ask, now):
        terms = super().judge(ask, now)
        return replace(terms, scope=terms.scope - WRITE)


class NobodyDoes(Policy):
    """The same, said by a refusal."""

    def judge(self, ask, now):
        if ask.scope & WRITE:
            raise NotAllowed("Nobody writes.")
        return super().judge(ask, now)


@pytest.mark.parametrize("held", [current, narrowed])
def test_what_the_policy_takes_back_is_gone_for_good(settings, sign_in, clock, held):
    latest, granted_by_all = held(sign_in, clock), settings.TESSERA
    settings.TESSERA = {**granted_by_all, "POLICY": f"{__name__}.NobodyWrites"}
    with pytest.raises(InvalidScope):
        traded(latest, scope=WRITE)

    latest = traded(latest)

    settings.TESSERA = granted_by_all
    assert scope_of(latest) == READ
    assert scope_of(traded(latest)) == READ


def test_the_policy_is_asked_for_all_that_the_sign_in_may_have(settings, sign_in):
    less = traded(sign_in, scope=READ)
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.NobodyDoes"}

    with pytest.raises(NotAllowed, match=r"^Nobody writes\.$"):
        traded(less, scope=READ)

    assert Grant.objects.get().revoked_at is None


@pytest.mark.parametrize("held", [current, parent_within_the_window])
def test_who_is_not_let_in_hears_nothing_of_scopes(sign_in, user, clock, held):
    presented = held(sign_in, clock)
    type(user).objects.update(is_active=False)

    with pytest.raises(SubjectGone):
        traded(presented, scope=TOKENS)
