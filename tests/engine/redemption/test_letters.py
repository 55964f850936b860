"""A letter: sent to somebody, and traded, once, for a sign-in or a personal token."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from tessera import Ask, Kind, Policy, Purpose, issue, redeem, replace, revoke, verify
from tessera.engine.revocation import revoke_presented
from tessera.errors import (
    Expired,
    InvalidCredential,
    InvalidScope,
    Malformed,
    NotAllowed,
    PasswordChanged,
    Revoked,
    SubjectGone,
    Unknown,
    WrongClient,
    WrongPurpose,
)
from tessera.models import Grant
from tessera.signals import token_issued, token_refused, token_revoked
from tests.credentials import DOORS, LETTER, REFRESH, opens, redeemed, traded
from tests.recording import listening

DAY = timedelta(days=1)


@pytest.fixture
def letter(hand_out):
    """A letter of ada's, with whatever else `Ask` takes."""
    return lambda **ask: hand_out(**{"kind": Kind.LETTER, "label": "first", **ask})


def test_a_letter_is_traded_for_a_personal_token_with_its_name(letter, user, clock):
    issued = redeemed(letter(label="backup"))

    grant = Grant.objects.get(kind=Kind.PERSONAL)
    assert verify(issued.secret, accept={Purpose.PERSONAL}).subject == user
    assert (grant.label, grant.client, issued.refresh_secret) == ("backup", "", None)
    assert issued.ends_at == clock() + timedelta(days=365)


def test_a_letter_is_traded_for_a_sign_in_that_lasts(letter, user):
    issued = redeemed(letter(), Kind.SIGN_IN)

    assert verify(issued.secret, accept={Purpose.ACCESS}).subject == user
    assert opens(traded(issued, client="").secret)


def test_a_letter_is_traded_once(letter):
    once = letter()
    first = redeemed(once)

    for into in (Kind.PERSONAL, Kind.SIGN_IN):
        with pytest.raises(Revoked, match=r"^redeemed$"):
            redeemed(once, into)

    assert opens(first.secret)
    assert Grant.objects.exclude(kind=Kind.LETTER).get() == first.grant


def test_a_letter_for_another_place_is_refused_and_stays_good(letter):
    once = letter()

    for client in ("", "reset", "claim "):
        with pytest.raises(WrongClient):
            redeemed(once, client=client)

    assert opens(redeemed(once).secret)


@pytest.mark.parametrize(
    ("purposes", "verb"),
    [
        pytest.param(DOORS, verify, id="a request"),
        pytest.param(DOORS, replace, id="a replacement"),
        pytest.param(REFRESH, redeem, id="a refresh"),
        pytest.param(DOORS | REFRESH, revoke_presented, id="a log-out"),
    ],
)
def test_at_every_other_door_it_is_refused_and_stays_good(letter, purposes, verb):
    once = letter()

    with pytest.raises(WrongPurpose):
        verb(once.secret, accept=purposes)

    assert opens(redeemed(once).secret)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.LETTER])
def test_nothing_else_is_redeemed_as_a_letter(hand_out, kind):
    other = hand_out(kind=kind)

    with pytest.raises((WrongPurpose, Malformed)):
        redeemed(other)

    assert opens(other.secret)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"client": "claim"}, id="into nothing"),
        pytest.param({"client": "claim", "into": Kind.MACHINE}, id="into a machine token"),
        pytest.param({"client": "claim", "into": Kind.LETTER}, id="into another letter"),
        pytest.param({"into": Kind.PERSONAL}, id="for anywhere"),
    ],
)
def test_a_door_that_accepts_letters_says_where_it_is_and_what_it_gives(letter, asked):
    once = letter()

    with pytest.raises(TypeError, match="into personal or sign-in"):
        redeem(once.secret, accept=LETTER, **asked)

    assert opens(redeemed(once).secret)


@pytest.mark.parametrize(
    ("end", "error"),
    [
        pytest.param(lambda user: revoke(subject=user), Revoked, id="all are revoked"),
        pytest.param(lambda user: User.objects.update(is_active=False), SubjectGone, id="deactivated"),
        pytest.param(lambda user: User.objects.update(password="another"), PasswordChanged, id="another password"),
        pytest.param(lambda user: user.delete(), Unknown, id="deleted"),
    ],
)
def test_what_ends_a_users_tokens_ends_the_letters_too(letter, user, end, error):
    once = letter()

    end(user)
    with pytest.raises(error):
        redeemed(once)

    assert not Grant.objects.exclude(kind=Kind.LETTER).exists()


def test_a_letter_is_good_until_its_end(letter, clock):
    in_time, late = letter(), letter()

    clock.turn(DAY - timedelta(seconds=1))
    issued = redeemed(in_time)
    clock.turn(timedelta(seconds=1))

    assert opens(issued.secret)
    with pytest.raises(Expired):
        redeemed(late)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda secret: secret[:-1], id="cut short"),
        pytest.param(lambda secret: secret[:-1] + ("0" if secret[-1] != "0" else "1"), id="its last letter another"),
        pytest.param(lambda secret: secret.replace("tsrl_", "tsrp_"), id="dressed as a personal token"),
        pytest.param(lambda secret: secret + "\n", id="with a line end"),
        pytest.param(lambda secret: "x" * 100_000, id="very long"),
        pytest.param(lambda secret: "", id="empty"),
        pytest.param(lambda secret: "\udcff", id="no text"),
    ],
)
def test_what_a_stranger_makes_up_costs_no_query(letter, spoil, django_assert_num_queries):
    once = letter()

    with django_assert_num_queries(0), pytest.raises(Malformed):
        redeem(spoil(once.secret), accept=LETTER, client="claim", into=Kind.PERSONAL)

    assert opens(redeemed(once).secret)


class Never(Policy):
    """A site's rule: personal tokens for nobody."""

    def judge(self, ask, now):
        if ask.kind == Kind.PERSONAL:
            raise NotAllowed("Not here.")
        return super().judge(ask, now)


def test_where_the_policy_says_no_the_letter_stays_good(settings, letter):
    once, site = letter(), settings.TESSERA
    settings.TESSERA = {**site, "POLICY": f"{__name__}.Never"}

    with pytest.raises(NotAllowed, match=r"^Not here\.$"):
        redeemed(once)

    settings.TESSERA = site
    assert opens(redeemed(once).secret)


@pytest.mark.django_db(transaction=True)
def test_where_the_user_has_as_many_as_he_may_have_the_letter_stays_good(settings, hand_out, letter):
    settings.TESSERA = {**settings.TESSERA, "LIMITS": {"personal": (1, "refuse")}}
    first, once, spare = hand_out(), letter(), letter()

    with pytest.raises(NotAllowed):
        redeemed(once)

    revoke(first.grant)
    assert opens(redeemed(once).secret)
    with pytest.raises(NotAllowed):
        redeemed(spare)


@pytest.mark.django_db(transaction=True)
def test_where_the_oldest_has_to_go_it_does(settings, hand_out, letter):
    settings.TESSERA = {**settings.TESSERA, "LIMITS": {"personal": (1, "evict")}}
    once, first = letter(), hand_out()

    issued = redeemed(once)

    assert (opens(first.secret), opens(issued.secret)) == (False, True)


def test_receivers_and_the_log_are_told_what_became_of_it(letter, caplog):
    caplog.set_level("INFO", "tessera.audit")
    once, told = letter(), []
    caplog.clear()

    with listening(token_issued) as issues, listening(token_revoked) as ends, listening(token_refused) as refusals:
        issued = redeemed(once)
        with pytest.raises(Revoked):
            redeemed(once)
        told += [what["grant"] for _, what in issues]
        told += [(what["grant_ids"], what["reason"], what["subject_id"]) for _, what in ends]
        told += [what["grant_id"] for _, what in refusals]

    assert told == [issued.grant, ([once.grant.pk], "redeemed", once.grant.subject_id), once.grant.pk]
    assert caplog.messages == [
        f"issued {issued.grant.hint} kind=personal subject={once.grant.subject_id} client=''",
        f"redeemed {once.grant.hint} for {issued.grant.hint}",
        f"revoked 1 reason='redeemed' {once.grant.hint}",
        f"refused {once.grant.hint}: Revoked",
    ]


def test_a_refused_letter_writes_nothing(letter, user, clock):
    once, spent = letter(), letter()
    redeemed(spent)
    before = list(Grant.objects.order_by("pk").values())

    for each, client in ((once, "reset"), (spent, "claim")):
        with pytest.raises(InvalidCredential):
            redeemed(each, client=client)

    assert list(Grant.objects.order_by("pk").values()) == before


def test_a_letter_of_a_user_without_a_password_is_good(letter):
    grace = User.objects.create_user("grace")
    once = issue(Ask(subject=grace, kind=Kind.LETTER, client="claim"))
    grace.set_unusable_password()
    grace.save()

    assert verify(redeemed(once).secret, accept=DOORS).subject == grace


SITE = {"read": "See your tracks", "write": "Change your tracks"}
READ, WRITE = frozenset({"read"}), frozenset({"write"})


@pytest.mark.parametrize(
    ("promised", "asked", "given"),
    [
        pytest.param(READ, None, READ, id="what it promises"),
        pytest.param(READ | WRITE, READ, READ, id="less"),
        pytest.param(READ, frozenset(), frozenset(), id="nothing"),
        pytest.param(frozenset(), None, frozenset(), id="of nothing, nothing"),
    ],
)
def test_what_it_is_traded_for_has_its_scope_or_less(settings, letter, promised, asked, given):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": SITE}
    once = letter(scope=promised)

    issued = redeem(once.secret, accept=LETTER, client="claim", into=Kind.SIGN_IN, scope=asked)

    assert verify(issued.secret, accept=DOORS).scope == given
    assert verify(traded(issued).secret, accept=DOORS).scope == given


def test_and_never_more(settings, letter):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": SITE}
    once = letter(scope=READ)

    with pytest.raises(InvalidScope):
        redeem(once.secret, accept=LETTER, client="claim", into=Kind.SIGN_IN, scope=READ | WRITE)

    assert verify(redeemed(once).secret, accept=DOORS).scope == READ


def test_a_word_that_the_site_has_dropped_meanwhile_falls_away(settings, letter):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": SITE}
    once = letter(scope=READ | WRITE)

    settings.TESSERA = {**settings.TESSERA, "SCOPES": {"read": "See your tracks"}}

    assert verify(redeemed(once).secret, accept=DOORS).scope == READ
