"""The secrets that key everything: several at once, changed, taken away, or derived from Django's own."""

from datetime import timedelta

import pytest

from tessera import Kind, Purpose, redeem, replace, verify
from tessera.conf import peppers, secret_key_pepper
from tessera.engine.keyring import keyring
from tessera.errors import Malformed, Reused
from tessera.models import Grant

OLD, NEW = "old-" + "0" * 32, "new-" + "1" * 32
ACCEPT = frozenset({Purpose.PERSONAL})


@pytest.fixture
def site(settings):
    """Change the settings of the site: `TESSERA`'s own, or Django's."""

    def site(*, secret_key=None, fallbacks=(), **tessera):
        settings.TESSERA = tessera
        if secret_key is not None:
            settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = secret_key, list(fallbacks)

    return site


@pytest.fixture
def status(client):
    """The answer that a secret gets over HTTP."""
    return lambda secret: client.get("/whoami/", headers={"Authorization": f"Bearer {secret}"}).status_code


def test_a_token_lives_on_when_a_new_pepper_is_put_first(site, hand_out, status):
    site(PEPPERS=[OLD])
    issued = hand_out()

    site(PEPPERS=[NEW, OLD])

    assert status(issued.secret) == 200


def test_the_first_pepper_mints(site, hand_out):
    site(PEPPERS=[NEW, OLD])
    issued = hand_out()

    site(PEPPERS=[NEW])

    assert verify(issued.secret, accept=ACCEPT).grant_id == issued.grant.pk
    assert issued.grant.pepper == keyring()[0].id


def test_workers_with_the_peppers_in_two_orders_agree(site, hand_out, status):
    orders = [[OLD, NEW], [NEW, OLD]]
    secrets = []
    for order in orders:
        site(PEPPERS=order)
        secrets.append(hand_out().secret)

    answers = []
    for order in orders:
        site(PEPPERS=order)
        answers.append([status(secret) for secret in secrets])

    assert answers == [[200, 200], [200, 200]]


def test_a_token_dies_with_its_pepper_and_without_a_query(site, client, hand_out, django_assert_num_queries):
    site(PEPPERS=[OLD])
    issued = hand_out()
    site(PEPPERS=[NEW])

    with django_assert_num_queries(0):
        answer = client.get("/whoami/", headers={"Authorization": f"Bearer {issued.secret}"})

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})


def test_a_replaced_token_stands_on_the_newest_pepper(site, hand_out, status):
    site(PEPPERS=[OLD])
    issued = hand_out()
    site(PEPPERS=[NEW, OLD])

    fresh = replace(issued.secret, accept=ACCEPT)
    site(PEPPERS=[NEW])

    assert (status(fresh.secret), status(issued.secret)) == (200, 401)
    assert Grant.objects.get(pk=issued.grant.pk).pepper == keyring()[0].id


def test_a_changed_password_ends_a_token_of_an_older_pepper_too(site, user, hand_out, status):
    site(PEPPERS=[OLD])
    issued = hand_out()
    site(PEPPERS=[NEW, OLD])

    user.set_password("difference-engine")
    user.save()

    assert status(issued.secret) == 401


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("p" * 32, b"p" * 32, id="text, then bytes"),
        pytest.param("\N{KEY}" * 8, ("\N{KEY}" * 8).encode(), id="text of more than ASCII is UTF-8"),
        pytest.param("p" * 32, lambda: "p" * 32, id="text, then a key service that answers text"),
        pytest.param(b"\x00\xff" * 16, lambda: b"\x00\xff" * 16, id="bytes, then a key service that answers bytes"),
    ],
)
def test_a_pepper_is_the_same_however_it_is_told(site, hand_out, status, before, after):
    site(PEPPERS=[before])
    issued = hand_out()

    site(PEPPERS=[after])

    assert status(issued.secret) == 200


def test_a_key_service_is_asked_once(site, hand_out):
    answers = iter(["p" * 32])
    site(PEPPERS=[lambda: next(answers)])

    for _ in range(3):
        verify(hand_out().secret, accept=ACCEPT)

    assert list(answers) == []


def test_without_a_pepper_the_secret_key_stands_in_for_it(site, hand_out, status):
    site(secret_key="first")
    issued = hand_out()

    site(secret_key="second", fallbacks=["first"])

    assert status(issued.secret) == 200


def test_a_secret_key_without_a_fallback_ends_what_the_former_one_minted(site, hand_out, status):
    site(secret_key="first")
    issued = hand_out()

    site(secret_key="second")

    assert status(issued.secret) == 401


def test_what_stood_in_for_a_pepper_is_kept_beside_the_first_one(site, hand_out, status):
    site(secret_key=OLD)
    issued = hand_out()

    site(PEPPERS=[NEW, secret_key_pepper])

    assert status(issued.secret) == 200
    assert hand_out().grant.pepper == keyring()[0].id != issued.grant.pepper


def test_the_secret_key_itself_is_no_pepper(site):
    site(secret_key="first", fallbacks=["older"])

    assert not {b"first", b"older"} & set(peppers())
    assert len(peppers()) == 2


def test_a_secret_key_that_changes_is_nothing_to_a_site_with_peppers(site, hand_out, status):
    site(PEPPERS=[NEW], secret_key="first")
    issued = hand_out()

    site(PEPPERS=[NEW], secret_key="second")

    assert status(issued.secret) == 200


def test_a_token_of_one_realm_is_dead_in_another(site, hand_out):
    site(PEPPERS=[NEW], REALM="staging")
    issued = hand_out()

    site(PEPPERS=[NEW], REALM="production")

    with pytest.raises(Malformed):
        verify(issued.secret, accept=ACCEPT)


def test_a_token_lives_on_under_a_new_prefix_while_the_old_one_is_named(site, hand_out, status):
    site(PEPPERS=[NEW], PREFIX="old")
    issued = hand_out()

    site(PEPPERS=[NEW], PREFIX=("acme", "old"))
    newer = hand_out()

    assert (newer.secret[:6], issued.secret[:5]) == ("acmep_", "oldp_")
    assert (status(newer.secret), status(issued.secret)) == (200, 200)


def test_a_prefix_that_is_named_no_more_is_refused(site, hand_out, status):
    site(PEPPERS=[NEW], PREFIX="old")
    issued = hand_out()

    site(PEPPERS=[NEW], PREFIX="acme")

    assert status(issued.secret) == 401


REFRESH = frozenset({Purpose.REFRESH})


def refreshed(pair):
    return redeem(pair.refresh_secret, accept=REFRESH)


@pytest.mark.parametrize("orders", [([OLD, NEW], [NEW, OLD]), ([NEW, OLD], [OLD, NEW])])
def test_a_pair_is_refreshed_by_workers_with_the_peppers_in_two_orders(site, hand_out, status, clock, orders):
    site(PEPPERS=orders[0])
    pairs = [hand_out(kind=Kind.SIGN_IN, may_refresh=True)]

    for turn in range(1, 5):
        site(PEPPERS=orders[turn % 2])
        pairs.append(refreshed(pairs[-1]))
        site(PEPPERS=orders[(turn + 1) % 2])
        again = refreshed(pairs[-2])
        assert (again.secret, again.refresh_secret) == (pairs[-1].secret, pairs[-1].refresh_secret)
        assert [status(pair.secret) for pair in pairs[-2:]] == [200, 200]

    with pytest.raises(Reused):
        refreshed(pairs[0])


def test_a_lost_answer_is_made_good_by_a_worker_with_the_peppers_in_another_order(site, hand_out, status, clock):
    site(PEPPERS=[OLD, NEW])
    first = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    refreshed(first)
    clock.turn(timedelta(minutes=1))

    site(PEPPERS=[NEW, OLD])
    second = refreshed(first)

    site(PEPPERS=[OLD, NEW])
    assert status(refreshed(second).secret) == 200


@pytest.mark.parametrize("turns", [0, 1])
def test_a_pair_whose_pepper_is_taken_away_too_early_is_dead_ends_nothing_and_costs_no_query(
    site, hand_out, status, django_assert_num_queries, turns
):
    site(PEPPERS=[OLD])
    latest = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    for _ in range(turns):
        latest = refreshed(latest)
    site(PEPPERS=[NEW])

    with django_assert_num_queries(0):
        assert status(latest.secret) == 401
        with pytest.raises(Malformed):
            refreshed(latest)

    site(PEPPERS=[NEW, OLD])
    assert status(refreshed(latest).secret) == 200


def test_a_pair_lives_on_when_the_secret_key_has_a_fallback_and_needs_it_until_it_is_refreshed(
    site, hand_out, status, clock
):
    site(secret_key="first")
    latest = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    site(secret_key="second", fallbacks=["first"])
    assert status(latest.secret) == 200

    latest = refreshed(latest)

    site(secret_key="second")
    assert status(refreshed(latest).secret) == 200


def test_a_secret_key_without_a_fallback_ends_what_the_former_one_paired(site, hand_out, status):
    site(secret_key="first")
    pair = hand_out(kind=Kind.SIGN_IN, may_refresh=True)

    site(secret_key="second")

    assert status(pair.secret) == 401
    with pytest.raises(Malformed):
        refreshed(pair)
