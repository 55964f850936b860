"""Whom a token speaks for, and each way in which it ceases to: found out at the next request, for one query."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import connection, transaction
from rest_framework.request import Request

from tessera import Ask, Kind, Purpose, issue, revoke, verify
from tessera.drf.authentication import TokenAuthentication
from tessera.errors import Expired, PasswordChanged, Revoked, SubjectGone, Unknown, WrongPurpose
from tessera.models import Grant
from tests.recording import audited

PERSONAL = frozenset({Purpose.PERSONAL})
ACCESS = frozenset({Purpose.ACCESS})

pytestmark = pytest.mark.django_db


def rows(issued):
    return Grant.objects.filter(pk=issued.grant.pk)


def test_a_token_speaks_for_its_user_through_its_client_within_its_scope(scopes, hand_out, user):
    issued = hand_out(client="web", scope=frozenset({"tracks:write", "tracks:read"}))

    principal = verify(issued.secret, accept=PERSONAL)

    assert (principal.subject, principal.client) == (user, "web")
    assert (principal.scope, principal.grant_id) == (frozenset({"tracks:read", "tracks:write"}), issued.grant.pk)


def test_a_live_token_costs_one_query_whatever_else_its_user_has(hand_out, user, django_assert_num_queries):
    for _ in range(100):
        hand_out()
    issued = hand_out()

    with django_assert_num_queries(1):
        principal = verify(issued.secret, accept=PERSONAL)
        told = (principal.subject, principal.client, principal.scope)

    assert told == (user, "", frozenset())


def test_the_row_behind_a_principal_is_read_when_it_is_asked_for(hand_out, django_assert_num_queries):
    issued = hand_out()
    principal = verify(issued.secret, accept=PERSONAL)

    with django_assert_num_queries(1):
        grant = principal.grant

    assert grant == issued.grant


def test_the_row_behind_a_principal_may_be_gone_by_then(hand_out):
    issued = hand_out()
    principal = verify(issued.secret, accept=PERSONAL)
    rows(issued).delete()

    assert principal.grant is None


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        pytest.param(lambda issued: revoke(issued.grant), Revoked, id="revoked"),
        pytest.param(lambda issued: rows(issued).delete(), Unknown, id="its row is gone"),
        pytest.param(lambda issued: set_active(issued.grant.subject, False), SubjectGone, id="user deactivated"),
        pytest.param(lambda issued: issued.grant.subject.delete(), Unknown, id="user deleted"),
        pytest.param(lambda issued: set_password(issued.grant.subject), PasswordChanged, id="password changed"),
    ],
)
def test_a_token_that_is_over_says_why_to_the_log_alone(client, hand_out, caplog, end, reason):
    caplog.set_level("INFO", logger="tessera.audit")
    issued = hand_out()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    before = client.get("/whoami/")
    end(issued)

    after = client.get("/whoami/")

    assert (before.status_code, after.status_code) == (200, 401)
    assert after.json() == {"detail": "Invalid token."}
    assert audited(caplog)[-1] == f"refused {issued.grant.hint}: {reason.__name__}"


def set_active(user, is_active):
    User.objects.filter(pk=user.pk).update(is_active=is_active)


def set_password(user):
    user.set_password("analytical-engine")
    user.save()


def test_a_user_who_is_activated_again_has_the_same_tokens(hand_out, user):
    issued = hand_out()
    set_active(user, False)
    with pytest.raises(SubjectGone):
        verify(issued.secret, accept=PERSONAL)

    set_active(user, True)

    assert verify(issued.secret, accept=PERSONAL).subject == user


def test_a_token_is_over_at_the_very_instant_of_its_end(clock, hand_out, user):
    issued = hand_out(lifetime=timedelta(hours=1))
    clock.turn(timedelta(hours=1, microseconds=-1))
    last = verify(issued.secret, accept=PERSONAL)

    clock.turn(timedelta(microseconds=1))

    assert last.subject == user
    assert clock.time == issued.ends_at
    with pytest.raises(Expired):
        verify(issued.secret, accept=PERSONAL)


def test_a_token_that_never_ends_is_alive_after_a_thousand_years(clock, hand_out, user):
    issued = hand_out(lifetime="never")

    clock.turn(timedelta(days=365_000))

    assert verify(issued.secret, accept=PERSONAL).subject == user


@pytest.mark.parametrize(
    "lifetime", [pytest.param(timedelta(days=1), id="ends"), pytest.param("never", id="never ends")]
)
@pytest.mark.parametrize(
    "back",
    [
        pytest.param(timedelta(0), id="to the revocation"),
        pytest.param(timedelta(minutes=5), id="to when it was made"),
        pytest.param(timedelta(hours=1), id="to before it was made"),
        pytest.param(timedelta(days=3_650), id="by ten years"),
    ],
)
def test_a_revoked_token_stays_dead_when_the_clock_steps_back(clock, hand_out, lifetime, back):
    issued = hand_out(lifetime=lifetime)
    clock.turn(timedelta(minutes=5))
    revoke(issued.grant)

    clock.turn(-back)

    with pytest.raises(Revoked):
        verify(issued.secret, accept=PERSONAL)


def test_a_password_set_back_to_the_same_hash_is_no_change(hand_out, user):
    issued = hand_out()
    old = user.password
    set_password(user)

    User.objects.filter(pk=user.pk).update(password=old)

    assert verify(issued.secret, accept=PERSONAL).subject == user


def test_a_renamed_user_keeps_his_tokens_and_the_name_takes_none_along(hand_out, user):
    issued = hand_out()
    User.objects.filter(pk=user.pk).update(username="countess")
    User.objects.create_user("ada", password="somebody-else")

    assert verify(issued.secret, accept=PERSONAL).subject == User.objects.get(username="countess")


def test_a_user_who_may_do_less_may_do_less_at_the_next_request(hand_out, user):
    issued, permission = hand_out(), Permission.objects.get(codename="delete_user")
    clerks = Group.objects.create(name="clerks")
    clerks.permissions.add(permission)
    user.groups.add(clerks)
    before = may_delete(issued)

    user.groups.clear()

    assert (before, may_delete(issued)) == (True, False)


def may_delete(issued):
    who = verify(issued.secret, accept=PERSONAL).subject
    return isinstance(who, User) and who.has_perm("auth.delete_user")


def test_a_new_user_with_the_key_of_a_deleted_one_gets_none_of_his_tokens(hand_out, user):
    issued, key = hand_out(), user.pk
    with dangling():
        delete_without_cascade(user)
        User.objects.create_user("eve", password="lovelace-1843", pk=key)

        with pytest.raises(PasswordChanged):
            verify(issued.secret, accept=PERSONAL)


def test_a_machine_without_a_user_is_nobody_at_the_door():
    issued = issue(Ask(subject=None, kind=Kind.MACHINE, client="sensor"))

    principal = verify(issued.secret, accept=ACCESS)

    assert (principal.subject, principal.client) == (None, "sensor")


def test_a_machine_is_anonymous_to_a_view_that_asks_who_is_there(rf):
    issued = issue(Ask(subject=None, kind=Kind.MACHINE))
    request = Request(rf.get("/", headers={"Authorization": f"Bearer {issued.secret}"}))

    answer = TokenAuthentication().authenticate(request)

    assert answer == (AnonymousUser(), verify(issued.secret, accept=ACCESS))


@pytest.mark.parametrize("kind", [Kind.PERSONAL, Kind.MACHINE])
@pytest.mark.parametrize("unbound", [pytest.param(("machine", "personal"), id="unbound"), pytest.param((), id="bound")])
def test_a_user_who_vanished_behind_the_foreign_key_is_no_machine(settings, hand_out, user, kind, unbound):
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": unbound}
    issued = hand_out(kind=kind)

    with dangling():
        delete_without_cascade(user)

        with pytest.raises(SubjectGone):
            verify(issued.secret, accept=PERSONAL | ACCESS)


@contextmanager
def dangling():
    """Foreign keys may point to nothing here: they are looked at when a transaction commits, and this one does not.

    MariaDB looks at once, if it looks at all.
    """
    with transaction.atomic(), connection.constraint_checks_disabled():
        yield
        transaction.set_rollback(True)


def delete_without_cascade(user):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE id = %s", [user.pk])


def test_a_token_of_one_purpose_opens_no_door_of_another(hand_out):
    issued = hand_out(kind=Kind.SIGN_IN)

    with pytest.raises(WrongPurpose):
        verify(issued.secret, accept=PERSONAL)


def moved_to_eve(mine, hers):
    return {"subject": hers.subject}


def made_nobodys(mine, hers):
    return {"subject": None, "kind": Kind.MACHINE}


def digest_of_eve(mine, hers):
    return {"access_digest": hers.access_digest}


def fingerprint_of_eve(mine, hers):
    return {"fingerprint": hers.fingerprint}


def moved_with_fingerprint(mine, hers):
    return {"subject": hers.subject, "fingerprint": hers.fingerprint}


def all_but_the_key(mine, hers):
    return {name: getattr(hers, name) for name in ("subject", "fingerprint", "access_digest", "pepper", "kind")}


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param(moved_to_eve, PasswordChanged, id="another subject"),
        pytest.param(made_nobodys, PasswordChanged, id="no subject"),
        pytest.param(fingerprint_of_eve, PasswordChanged, id="another row's fingerprint"),
        pytest.param(moved_with_fingerprint, PasswordChanged, id="another subject with its fingerprint"),
        pytest.param(digest_of_eve, Unknown, id="another row's digest"),
        pytest.param(all_but_the_key, Unknown, id="all of another row but its key"),
        pytest.param(lambda mine, hers: {"fingerprint": b""}, PasswordChanged, id="no fingerprint"),
        pytest.param(lambda mine, hers: {"access_digest": b""}, Unknown, id="no digest"),
        pytest.param(lambda mine, hers: {"access_digest": "é".encode() * 12}, Unknown, id="letters for a digest"),
    ],
)
@pytest.mark.parametrize("unbound", [pytest.param(("personal",), id="unbound"), pytest.param((), id="bound")])
def test_who_can_write_the_table_but_has_no_pepper_becomes_nobody_else(settings, hand_out, unbound, written, reason):
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": unbound}
    eve = User.objects.create_user("eve", password="lovelace-1843")
    mine, hers = hand_out(), hand_out(subject=eve)

    rows(mine).update(**written(mine.grant, hers.grant))

    with pytest.raises(reason):
        verify(mine.secret, accept=PERSONAL)


def test_a_machine_that_was_nobody_cannot_be_made_somebody(user):
    machine = issue(Ask(subject=None, kind=Kind.MACHINE))

    rows(machine).update(subject=user)

    with pytest.raises(PasswordChanged):
        verify(machine.secret, accept=ACCESS)
