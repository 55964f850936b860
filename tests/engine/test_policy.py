"""What may be had, and on which terms."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils.timezone import localtime

from tessera import Ask, Kind, Policy, issue
from tessera.errors import InvalidAsk, NotAllowed
from tessera.models import Grant

NEVER = "never"


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param({"kind": "spaceship"}, id="a kind that there is not"),
        pytest.param({"kind": ""}, id="no kind"),
        pytest.param({"subject": None}, id="a personal token of nobody"),
        pytest.param({"subject": None, "kind": Kind.SIGN_IN}, id="a sign-in of nobody"),
        pytest.param({"kind": Kind.LETTER, "client": ""}, id="a letter that is redeemed nowhere"),
        pytest.param({"kind": Kind.LETTER, "lifetime": "never"}, id="a letter without an end"),
        pytest.param({"subject": User(username="new")}, id="a user who is not saved yet"),
        pytest.param({"subject": AnonymousUser()}, id="the anonymous user"),
        pytest.param({"label": "x" * 101}, id="a name that is too long"),
        pytest.param({"label": "lap\x00top"}, id="nul in the name"),
        pytest.param({"client": "x" * 65}, id="a client that is too long"),
        pytest.param({"client": "\x00"}, id="nul in the client"),
        pytest.param({"scope": frozenset({"read write"})}, id="two scopes in one"),
        pytest.param({"scope": frozenset({""})}, id="an empty scope"),
        pytest.param({"scope": "tracks:read"}, id="a text for a scope"),
        pytest.param({"scope": frozenset({"tracks:read"})}, id="a scope where the site has none"),
        pytest.param({"lifetime": timedelta(0)}, id="no lifetime at all"),
        pytest.param({"lifetime": timedelta(days=-1)}, id="a lifetime that is over"),
        pytest.param({"lifetime": timedelta.max}, id="a lifetime past the end of the calendar"),
        pytest.param({"lifetime": 3600}, id="a lifetime in no unit"),
        pytest.param({"lifetime": "forever"}, id="another word for never"),
    ],
)
def test_an_ask_that_makes_no_sense_is_turned_down_and_writes_nothing(user, ask):
    with pytest.raises(InvalidAsk):
        issue(Ask(**{"subject": user, **ask}))

    assert Grant.objects.count() == 0


def test_the_longest_words_are_taken_as_they_are(hand_out):
    grant = hand_out(label="\N{KEY}" * 100, client="x" * 64).grant

    grant.refresh_from_db()

    assert (grant.label, grant.client) == ("\N{KEY}" * 100, "x" * 64)


@pytest.mark.parametrize("kind", Kind)
def test_an_inactive_user_gets_none_of_any_kind(user, kind):
    user.is_active = False

    with pytest.raises(NotAllowed):
        issue(Ask(subject=user, kind=kind, client="claim"))

    assert Grant.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_user_who_was_deleted_meanwhile_gets_none(user):
    User.objects.filter(pk=user.pk).delete()

    with pytest.raises(NotAllowed, match=r"^The user is no longer there\.$"):
        issue(Ask(subject=user))

    assert Grant.objects.count() == 0


@pytest.mark.parametrize("hours", [1, 23])
def test_an_end_that_not_every_zone_has_a_date_for_is_refused(user, clock, hours):
    lifetime = datetime.max.replace(tzinfo=UTC) - clock() - timedelta(hours=hours)

    with pytest.raises(InvalidAsk):
        issue(Ask(subject=user, lifetime=lifetime))

    latest = issue(Ask(subject=user, lifetime=lifetime - timedelta(days=1)))
    assert localtime(latest.grant.ends_at, ZoneInfo("Pacific/Kiritimati")).year == 9999


@pytest.mark.parametrize(
    ("site", "lifetime", "span"),
    [
        pytest.param({}, None, timedelta(days=365), id="nobody chose"),
        pytest.param({"TOKEN_LIFETIME": timedelta(hours=1)}, None, timedelta(hours=1), id="the site chose"),
        pytest.param({"TOKEN_LIFETIME": NEVER}, None, None, id="the site spelt out never"),
        pytest.param({}, timedelta(days=7), timedelta(days=7), id="the ask chose"),
        pytest.param({}, NEVER, None, id="the ask spelt out never"),
        pytest.param({"TOKEN_LIFETIME": NEVER}, timedelta(days=7), timedelta(days=7), id="the ask outweighs the site"),
    ],
)
def test_a_lifetime_is_finite_unless_never_is_spelt_out(settings, hand_out, site, lifetime, span):
    settings.TESSERA = {**settings.TESSERA, **site}

    issued = hand_out(lifetime=lifetime)

    assert issued.ends_at == (None if span is None else issued.grant.created_at + span)


@pytest.mark.parametrize(
    ("site", "lifetime", "span"),
    [
        pytest.param({}, None, timedelta(days=1), id="nobody chose"),
        pytest.param({"LETTER_LIFETIME": timedelta(hours=1)}, None, timedelta(hours=1), id="the site chose"),
        pytest.param({"TOKEN_LIFETIME": NEVER}, None, timedelta(days=1), id="the site's tokens never end"),
        pytest.param({}, timedelta(days=7), timedelta(days=7), id="the ask chose"),
    ],
)
def test_a_letter_has_a_lifetime_of_its_own(settings, hand_out, site, lifetime, span):
    settings.TESSERA = {**settings.TESSERA, **site}

    letter = hand_out(kind=Kind.LETTER, lifetime=lifetime)

    assert letter.ends_at == letter.grant.created_at + span


class Stingy(Policy):
    """A site's own rules: personal tokens for staff alone, and for an hour."""

    asked = 0

    def judge(self, ask, now):
        type(self).asked += 1
        terms = super().judge(ask, now)
        if ask.kind == Kind.PERSONAL and not ask.subject.is_staff:
            raise NotAllowed("Personal tokens are for staff.")
        return replace(terms, ends_at=min(terms.ends_at, now + timedelta(hours=1)))


@pytest.fixture
def stingy(settings):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.Stingy"}
    Stingy.asked = 0


def test_a_sites_own_policy_shortens_a_life(stingy, clock, user):
    issued = issue(Ask(subject=user, kind=Kind.SIGN_IN))

    assert issued.ends_at == clock.time + timedelta(hours=1)


def test_a_sites_own_policy_says_no(stingy, user):
    with pytest.raises(NotAllowed, match="for staff"):
        issue(Ask(subject=user))

    assert Grant.objects.count() == 0


class Closed(Policy):
    """No token for anybody."""

    def judge(self, ask, now):
        raise NotAllowed("Closed.")


class Puzzled(Policy):
    """No sense in any ask."""

    def judge(self, ask, now):
        raise InvalidAsk("Which device?")


@pytest.mark.parametrize(("policy", "told"), [(Closed, (403, "Closed.")), (Puzzled, (400, "Which device?"))])
def test_what_a_sites_own_policy_says_is_answered_on_the_wire(settings, user, client, policy, told):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.{policy.__name__}"}

    answer = client.post("/api-token-auth/", {"username": "ada", "password": "lovelace-1843"})

    assert (answer.status_code, answer.json()) == (told[0], {"detail": told[1]})


def test_a_sites_own_policy_is_not_asked_about_nonsense(stingy, user):
    user.is_active = False

    with pytest.raises(NotAllowed):
        issue(Ask(subject=user, kind=Kind.SIGN_IN))

    assert Stingy.asked == 0


def test_a_user_in_place_of_an_ask_is_told_the_spelling(user):
    with pytest.raises(TypeError, match=r"issue\(Ask\(subject=user\)\)"):
        issue(user)
