"""A JWT that djangorestframework-simplejwt signed goes on working here, and is a credential like another."""

import logging
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection

from tessera import Kind, Purpose, redeem, revoke, verify
from tessera.engine.adoption.jwt import admit
from tessera.engine.adoption.simplejwt import longest_life
from tessera.engine.adoption.trust import end_trust, key_of_site, trust
from tessera.engine.holdings import end_other_log_ins
from tessera.engine.pruning import prune
from tessera.engine.renewal import renew
from tessera.engine.revocation import revoke_presented
from tessera.errors import Expired, Malformed, PasswordChanged, Reused, Revoked, SubjectGone, WrongPurpose
from tessera.models import Grant
from tessera.signals import token_refused
from tests.former_jwt import Peer
from tests.traces import rows, traces

ADOPTED, REFRESH = frozenset({Purpose.ADOPTED}), frozenset({Purpose.REFRESH})
MINUTE = timedelta(minutes=1)


@pytest.fixture
def peer(user, clock):
    """The package under its own defaults, and its key trusted."""
    trust(key_of_site(), clock(), longest_life())
    return Peer()


def renewed(former):
    return renew(former, accept=REFRESH, client="simplejwt", lifetime=5 * MINUTE)


def redeemed(former):
    return redeem(former, accept=REFRESH, client="simplejwt")


@pytest.mark.parametrize("kind", ["access", "sliding"])
def test_an_access_or_a_sliding_token_speaks_for_its_user(peer, user, clock, kind):
    jwt = peer.jwt(kind, user, clock())
    clock.turn(MINUTE)

    principal = verify(admit(jwt), accept=ADOPTED)

    grant = Grant.objects.get()
    ends_in = {"access": timedelta(minutes=5), "sliding": timedelta(days=1)}[kind]
    assert (principal.subject, principal.client, principal.grant_id) == (user, "simplejwt", grant.pk)
    assert (grant.kind, grant.generation, grant.pk.version) == (Kind.ADOPTED, None, 8)
    assert (grant.created_at, grant.ends_at) == (clock() - MINUTE, clock() - MINUTE + ends_in)


def test_a_refresh_token_is_traded_for_a_pair_of_ours(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    clock.turn(MINUTE)

    pair = redeemed(admit(jwt))

    grant = Grant.objects.get()
    assert verify(pair.secret, accept={Purpose.ACCESS}).subject == user
    assert (grant.kind, grant.client, grant.generation) == (Kind.SIGN_IN, "simplejwt", 1)
    assert (grant.created_at, grant.ends_at) == (clock() - MINUTE, clock() + timedelta(days=1))
    assert verify(redeemed(pair.refresh_secret).secret, accept={Purpose.ACCESS}).grant_id == grant.pk


def test_a_refresh_token_that_is_not_traded_stays_good_to_its_own_end(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())

    grant = renewed(admit(jwt))

    assert grant.access_ends_at == clock() + 5 * MINUTE
    clock.turn(timedelta(days=1) - MINUTE)
    assert renewed(admit(jwt)).access_ends_at == clock() + MINUTE
    clock.turn(MINUTE)
    with pytest.raises(Expired):
        admit(jwt)


def test_what_it_says_is_handed_on(peer, user, clock):
    former = admit(peer.jwt("refresh", user, clock(), color="green"))

    assert (former.type, former.claims["color"], former.claims["user_id"]) == ("refresh", "green", str(user.pk))
    assert "green" not in repr(former)


def test_one_that_is_here_costs_two_queries_and_the_verb(peer, user, clock, settings, django_assert_num_queries):
    settings.TESSERA = {**settings.TESSERA, "LAST_USED_INTERVAL": None}
    jwt = peer.jwt("access", user, clock())
    admit(jwt)

    with django_assert_num_queries(3):
        verify(admit(jwt), accept=ADOPTED)


def test_a_sliding_token_that_was_told_again_is_the_same_grant(peer, user, clock):
    first = peer.token("sliding", user, clock())
    clock.turn(MINUTE)
    again = peer.signed({**first.payload, "exp": first.payload["exp"] + 60})

    grants = {verify(admit(jwt), accept=ADOPTED).grant_id for jwt in (peer.signed(first.payload), again)}

    assert len(grants) == 1
    clock.turn(4 * MINUTE)
    with pytest.raises(Expired):
        admit(peer.signed(first.payload))
    assert verify(admit(again), accept=ADOPTED).grant_id in grants


def test_the_tokens_of_one_log_in_may_share_an_id(peer, user, clock):
    refresh = peer.token("refresh", user, clock())
    access = peer.jwt("access", user, clock(), jti=refresh["jti"])

    assert verify(admit(access), accept=ADOPTED).subject == user
    assert redeemed(admit(peer.signed(refresh.payload))).grant.subject == user


def test_no_two_users_share_a_row_though_all_tokens_have_one_id(peer, user, clock):
    grace = User.objects.create_user("grace")
    jwts = [peer.jwt("access", each, clock(), jti="the same") for each in (user, grace)]

    speaks_for = [verify(admit(jwt), accept=ADOPTED).subject for jwt in jwts]

    assert speaks_for == [user, grace]


def test_a_door_admits_it_by_its_purpose(peer, user, clock):
    refresh, access = (admit(peer.jwt(kind, user, clock())) for kind in ("refresh", "access"))

    with pytest.raises(WrongPurpose):
        verify(refresh, accept=ADOPTED)
    with pytest.raises(WrongPurpose):
        redeemed(access)


@pytest.mark.parametrize("kind", ["access", "sliding"])
def test_other_doors_do_not_know_it_though_it_is_here(peer, user, clock, kind):
    jwt = peer.jwt(kind, user, clock())
    admit(jwt)

    with pytest.raises(Malformed):
        verify(jwt, accept=frozenset(Purpose))


def test_its_id_opens_nothing(peer, user, clock):
    token = peer.token("sliding", user, clock())
    admit(peer.signed(token.payload))

    with pytest.raises(Malformed):
        verify(token["jti"], accept=frozenset(Purpose))


def test_two_tabs_get_the_same_pair(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())

    pairs = {(pair.secret, pair.refresh_secret) for pair in (redeemed(admit(jwt)), redeemed(admit(jwt)))}

    assert len(pairs) == 1


def test_one_that_comes_back_after_it_was_traded_ends_its_grant(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    pair = redeemed(redeemed(admit(jwt)).refresh_secret)

    with pytest.raises(Reused):
        redeemed(admit(jwt))

    with pytest.raises(Revoked):
        verify(pair.secret, accept={Purpose.ACCESS})


def test_a_lost_answer_is_no_theft(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    redeemed(admit(jwt))
    clock.turn(MINUTE)

    pair = redeemed(admit(jwt))

    assert verify(pair.secret, accept={Purpose.ACCESS}).subject == user


def test_renewing_with_one_that_was_traded_ends_its_grant(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    redeemed(admit(jwt))
    clock.turn(MINUTE)

    with pytest.raises(Reused):
        renewed(admit(jwt))


@pytest.mark.parametrize(("kind", "accept"), [("access", ADOPTED), ("sliding", ADOPTED), ("refresh", REFRESH)])
def test_one_that_was_revoked_stays_so(peer, user, clock, kind, accept):
    jwt = peer.jwt(kind, user, clock())

    ended = revoke_presented(admit(jwt, to_end=True), accept=accept)

    use = redeemed if kind == "refresh" else lambda former: verify(former, accept=accept)
    assert ended == 1
    with pytest.raises(Revoked):
        use(admit(jwt))


def test_it_can_be_ended_while_its_user_is_inactive(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    User.objects.update(is_active=False)

    ended = revoke_presented(admit(jwt, to_end=True), accept=REFRESH)

    User.objects.update(is_active=True)
    assert ended == 1
    with pytest.raises(Revoked):
        redeemed(admit(jwt))


def test_all_that_its_user_had_ended_ends_with_the_rest(peer, user, clock):
    jwt = peer.jwt("access", user, clock())
    admit(jwt)

    revoke(subject=user)

    with pytest.raises(Revoked):
        verify(admit(jwt), accept=ADOPTED)


@pytest.mark.parametrize("reason", ["revoked", "all", "others", "command line"])
def test_one_that_nobody_has_used_yet_stays_out_once_its_user_had_all_ended(peer, user, clock, hand_out, reason):
    jwt = peer.jwt("refresh", user, clock())
    hand_out()
    clock.turn(MINUTE)
    revoke(subject=user, reason=reason)
    clock.turn(MINUTE)

    with pytest.raises(Revoked):
        admit(jwt)
    assert redeemed(admit(peer.jwt("refresh", user, clock()))).grant.subject == user


@pytest.mark.parametrize("spelling", [" {}", "{} ", "0{}", "+{}", "{}\n", "{}.0"])
def test_a_user_is_named_by_one_spelling(peer, user, clock, spelling):
    jwt = peer.jwt("refresh", user, clock(), user_id=spelling.format(user.pk))

    with pytest.raises((SubjectGone, Malformed)):
        admit(jwt)
    assert not Grant.objects.exists()


def test_it_stays_out_though_nothing_was_here_when_its_user_had_all_ended(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    clock.turn(MINUTE)

    assert revoke(subject=user, reason="logout") == 0

    with pytest.raises(Revoked):
        admit(jwt)
    clock.turn(MINUTE)
    assert redeemed(admit(peer.jwt("refresh", user, clock()))).grant.subject == user


def test_it_stays_out_though_its_user_had_nothing_else_when_signing_out_everywhere_else(peer, user, clock, hand_out):
    jwt = peer.jwt("refresh", user, clock())
    clock.turn(MINUTE)
    sign_in = hand_out(kind=Kind.SIGN_IN).grant

    assert end_other_log_ins(sign_in, clock()) == 0

    with pytest.raises(Revoked):
        admit(jwt)
    assert sorted(grant.revoked_reason for grant in Grant.objects.all()) == ["", "all"]


def test_however_often_nothing_ends_one_row_says_so_and_when_that_was_last(peer, user, clock):
    revoke(subject=user)
    clock.turn(MINUTE)
    jwt = peer.jwt("refresh", user, clock())
    clock.turn(MINUTE)

    revoke(subject=user)

    assert Grant.objects.get().revoked_at == clock()
    with pytest.raises(Revoked):
        admit(jwt)


def test_no_row_says_that_nothing_has_ended_where_no_former_key_is_trusted(user, hand_out):
    sign_in = hand_out(kind=Kind.SIGN_IN).grant

    revoke(subject=user, keep=sign_in)

    assert Grant.objects.get() == sign_in


@pytest.mark.parametrize("reason", ["logout", "replaced", "limit", "reuse", "spent"])
def test_the_end_of_another_token_is_none_of_its_affair(peer, user, clock, hand_out, reason):
    jwt = peer.jwt("refresh", user, clock())
    issued = hand_out()
    clock.turn(MINUTE)
    revoke(issued.grant, reason=reason)

    assert redeemed(admit(jwt)).grant.subject == user


def test_one_that_nobody_has_used_yet_stays_out_once_its_user_has_another_password(peer, user, clock, hand_out):
    jwt = peer.jwt("refresh", user, clock())
    clock.turn(MINUTE)
    hand_out()
    user.set_password("analytical-engine")
    user.save()

    with pytest.raises(PasswordChanged):
        admit(jwt)


@pytest.mark.parametrize("kind", ["refresh", "sliding"])
def test_it_stays_out_though_what_shows_the_other_password_was_made_before_it(peer, user, clock, kind):
    before = peer.jwt(kind, user, clock())
    clock.turn(MINUTE)
    stolen = peer.jwt("refresh", user, clock())
    admit(before)
    user.set_password("analytical-engine")
    user.save()

    with pytest.raises(PasswordChanged):
        admit(stolen)


def test_what_shows_that_all_was_ended_is_kept_as_long_as_it_may_come(user, clock, settings, hand_out):
    settings.SIMPLE_JWT = {"REFRESH_TOKEN_LIFETIME": timedelta(days=90)}
    trust(key_of_site(), clock(), longest_life())
    jwt = Peer(**settings.SIMPLE_JWT).jwt("refresh", user, clock())
    hand_out()
    clock.turn(MINUTE)
    revoke(subject=user, reason="all")
    clock.turn(timedelta(days=89))

    assert prune() == 0
    with pytest.raises(Revoked):
        admit(jwt)
    clock.turn(timedelta(days=2))
    assert prune() == 1
    with pytest.raises(Expired):
        admit(jwt)


def test_it_ends_with_the_password_as_all_do(peer, user, clock):
    jwt = peer.jwt("refresh", user, clock())
    admit(jwt)
    user.set_password("analytical-engine")
    user.save()

    with pytest.raises(PasswordChanged):
        redeemed(admit(jwt))


@pytest.mark.parametrize("kind", ["access", "sliding", "refresh"])
def test_the_hash_of_the_password_is_compared_where_the_package_wrote_it(user, clock, settings, kind):
    settings.SIMPLE_JWT = {"CHECK_REVOKE_TOKEN": True}
    trust(key_of_site(), clock(), longest_life())
    peer, without = Peer(CHECK_REVOKE_TOKEN=True), Peer()
    good, old, bare = (each.jwt(kind, user, clock()) for each in (peer, peer, without))

    assert admit(good).type == kind
    with pytest.raises(PasswordChanged):  # As the package: it cannot be compared.
        admit(bare)
    user.set_password("analytical-engine")
    user.save()
    with pytest.raises(PasswordChanged):
        admit(old)


GONE = {
    "deleted": lambda user: user.delete(),
    "inactive": lambda user: User.objects.update(is_active=False),
}


@pytest.mark.parametrize("kind", ["access", "sliding", "refresh"])
@pytest.mark.parametrize("gone", GONE)
def test_that_of_a_user_who_is_gone_is_refused_and_nothing_is_written(peer, user, clock, kind, gone):
    jwt = peer.jwt(kind, user, clock())
    GONE[gone](user)

    with pytest.raises(SubjectGone):
        admit(jwt)

    assert Grant.objects.count() == 0


def test_a_refusal_is_told_as_any_other(peer, user, clock, caplog):
    jwt, told = peer.jwt("access", user, clock()), []
    user.delete()
    token_refused.connect(receiver := lambda sender, error, grant_id, **_: told.append((type(error), grant_id)))

    with caplog.at_level(logging.INFO, "tessera.audit"), pytest.raises(SubjectGone) as refused:
        admit(jwt)

    token_refused.disconnect(receiver)
    assert told == [(SubjectGone, refused.value.grant_id)]
    assert "SubjectGone" in caplog.text
    assert not traces(caplog.text, jwt)


def test_the_database_holds_neither_it_nor_its_id(peer, user, clock):
    tokens = [peer.token(kind, user, clock()) for kind in ("access", "sliding", "refresh")]
    secrets = [peer.signed(token.payload) for token in tokens]
    for jwt in secrets:
        admit(jwt)

    stored = [(place, value if isinstance(value, bytes) else str(value)) for place, value in rows(connection)]

    told = [*secrets, *(token["jti"] for token in tokens), settings.SECRET_KEY]
    assert [place for place, value in stored for secret in told for _ in traces(value, secret)] == []


@pytest.mark.parametrize("kind", ["access", "sliding", "refresh"])
def test_without_trust_it_is_nothing(user, clock, kind):
    jwt = Peer().jwt(kind, user, clock())

    with pytest.raises(Malformed):
        admit(jwt)


def test_once_the_trust_has_ended_nothing_that_its_key_signed_opens_anything(peer, user, clock):
    used, unused = (peer.jwt("refresh", user, clock()) for _ in range(2))
    pair = redeemed(admit(used))

    assert end_trust() == 1

    for jwt in (used, unused, peer.jwt("access", user, clock())):
        with pytest.raises(Malformed):
            admit(jwt)
    # What it was traded for is ours.
    assert verify(pair.secret, accept={Purpose.ACCESS}).subject == user
    assert trust(key_of_site(), clock(), longest_life()) is None
    with pytest.raises(Malformed):
        admit(unused)


def test_the_trust_ends_with_the_last_token_that_there_may_be(peer, user, clock):
    clock.turn(timedelta(days=1, minutes=6))
    jwt = peer.jwt("refresh", user, clock())

    with pytest.raises(Malformed):
        admit(jwt)

    trust(key_of_site(), clock(), longest_life())
    assert redeemed(admit(jwt)).grant.subject == user


def test_with_another_secret_key_neither_the_old_tokens_nor_the_trust_are_good(peer, user, clock, settings):
    jwt = peer.jwt("refresh", user, clock())
    settings.SECRET_KEY = "another key of the site, which is as long as they have to be"

    with pytest.raises(Malformed):
        admit(jwt)
    with pytest.raises(Malformed):  # The trust was in the key of before.
        admit(Peer().jwt("refresh", user, clock()))


def test_a_site_that_keeps_the_old_key_for_this_may_change_its_secret_key(peer, user, clock, settings):
    jwt = peer.jwt("refresh", user, clock())
    settings.SIMPLE_JWT = {"SIGNING_KEY": settings.SECRET_KEY}
    settings.SECRET_KEY = "another key of the site, which is as long as they have to be"

    assert redeemed(admit(jwt)).grant.subject == user


def test_after_another_pepper_it_is_known_by_the_one_of_before(peer, user, clock, settings):
    jwt = peer.jwt("access", user, clock())
    before = verify(admit(jwt), accept=ADOPTED)
    settings.TESSERA = {"PEPPERS": ["another pepper, which is thirty-two long", *settings.TESSERA["PEPPERS"]]}

    assert verify(admit(jwt), accept=ADOPTED).grant_id == before.grant_id
    assert Grant.objects.count() == 1


def test_it_has_the_scope_that_the_site_grants(peer, user, clock, scopes):
    principal = verify(admit(peer.jwt("access", user, clock())), accept=ADOPTED)

    assert principal.scope == {"tracks:read", "tracks:write", "tokens"}
