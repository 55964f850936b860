"""What a user holds, looked after by several of his devices at once."""

from functools import partial
from threading import Thread

import pytest
from django.db import connection

from tessera import Ask, Issued, Kind, clock, issue, revoke, verify
from tessera.engine.holdings import (
    end_all,
    end_held,
    end_other_log_ins,
    held_by,
    issue_from,
    rename,
    sign_in_of,
)
from tessera.errors import InvalidAsk, LoginRequired, Revoked, Unknown
from tessera.models import Grant
from tessera.signals import token_revoked
from tests.credentials import DOORS, PAIR, opens
from tests.processes import PATIENCE
from tests.racing import at_once, before_writing, meanwhile
from tests.recording import listening

at_once_tests = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sign_in(hand_out):
    """A sign-in of ada's."""
    return lambda **ask: hand_out(**PAIR, **ask)


def others_of(issued):
    return partial(end_other_log_ins, issued.grant, clock.now())


def all_of(issued):
    return partial(end_all, issued.grant, clock.now())


def made_from(issued):
    ask = Ask(subject=issued.grant.subject, kind=Kind.PERSONAL, label="script")
    return partial(issue_from, issued.grant, ask, frozenset(), clock.now())


def personal():
    return Grant.objects.filter(kind=Kind.PERSONAL, revoked_at=None).count()


@at_once_tests
def test_of_two_devices_that_sign_each_other_out_at_once_one_stays(sign_in):
    for _ in range(10):
        phone, laptop = sign_in(), sign_in()

        answers = at_once(others_of(phone), others_of(laptop))

        assert sorted(map(opens, (phone.secret, laptop.secret))) == [False, True]
        winner, loser = answers if opens(phone.secret) else reversed(answers)
        assert (winner, type(loser)) == (1, Revoked)
        Grant.objects.all().delete()


@at_once_tests
@pytest.mark.parametrize("end", [others_of, all_of])
def test_a_personal_token_is_not_made_by_who_is_signed_out_meanwhile(sign_in, end):
    for _ in range(10):
        phone, laptop = sign_in(), sign_in()

        ended, made = at_once(end(phone), made_from(laptop))

        # Whoever came first: what he made before is his, unless all are ended.
        assert ended >= 1
        if isinstance(made, Issued):
            assert personal() == (end is others_of)
        else:
            assert (type(made), personal()) == (Revoked, 0)
        Grant.objects.all().delete()


@at_once_tests
@pytest.mark.parametrize("end", [others_of, all_of])
def test_who_would_sign_others_out_waits_for_what_they_are_making(sign_in, end):
    phone, laptop = sign_in(), sign_in()
    answers = []
    rival = Thread(target=lambda: answers.append(meanwhile(end(phone))), daemon=True)

    def rivalled(execute, sql, *rest):
        if sql.startswith("INSERT"):
            rival.start()
            rival.join(0.3)  # Who does not wait for us has long been done by then.
            assert answers == []
        return execute(sql, *rest)

    with connection.execute_wrapper(rivalled):
        made = made_from(laptop)()
    rival.join(PATIENCE)

    assert answers == [1 if end is others_of else 3]
    assert (opens(laptop.secret), opens(made.secret)) == (False, end is others_of)


@at_once_tests
def test_of_two_who_end_one_token_one_is_told_that_it_was_there(sign_in):
    for _ in range(10):
        laptop = sign_in()

        answers = at_once(*[partial(end_held, laptop.grant.pk, laptop.grant.subject)] * 2)

        assert sorted(answers) == [False, True]


@at_once_tests
@pytest.mark.parametrize("revoked", [True, False])
def test_what_is_revoked_while_it_is_named_stays_revoked_and_without_that_name(sign_in, revoked):
    laptop = sign_in(label="laptop")

    with before_writing(lambda: meanwhile(lambda: revoke(laptop.grant)) if revoked else None):
        named = rename(laptop.grant.pk, laptop.grant.subject, "grandma's", clock.now())

    grant = Grant.objects.get()
    assert (named is None, grant.label) == ((True, "laptop") if revoked else (False, "grandma's"))
    assert opens(laptop.secret) == (not revoked)


@pytest.mark.django_db
def test_what_a_changed_password_has_shut_out_gets_no_name_but_can_be_ended(sign_in):
    laptop = sign_in(label="laptop")
    Grant.objects.update(fingerprint=b"of another password")

    named = rename(laptop.grant.pk, laptop.grant.subject, "grandma's", clock.now())
    ended = end_held(laptop.grant.pk, laptop.grant.subject)

    assert (named, Grant.objects.get().label, ended) == (None, "laptop", True)


@pytest.mark.django_db
def test_a_row_that_is_gone_by_now_manages_nothing(sign_in):
    phone = sign_in()
    principal = verify(phone.secret, accept=DOORS)
    grant = phone.grant
    Grant.objects.all().delete()

    with pytest.raises(Unknown):
        sign_in_of(principal)
    for verb in (others_of(phone), all_of(phone), made_from(phone)):
        with pytest.raises(Unknown):
            verb()
    assert (end_held(grant.pk, grant.subject), rename(grant.pk, grant.subject, "x", clock.now())) == (False, None)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [Kind.PERSONAL, Kind.MACHINE])
def test_only_a_sign_in_looks_after_tokens(hand_out, kind):
    principal = verify(hand_out(kind=kind).secret, accept=DOORS)

    with pytest.raises(LoginRequired):
        sign_in_of(principal)


@pytest.mark.django_db
def test_nobodys_holdings_are_not_the_machines(user):
    issue(Ask(subject=None, kind=Kind.MACHINE))
    user.delete()

    assert [list(held_by(nobody, clock.now())) for nobody in (None, user)] == [[], []]


@pytest.mark.django_db
@pytest.mark.parametrize("label", ["x" * 101, "\x00"])
def test_a_name_that_no_column_holds_is_refused(sign_in, label):
    laptop = sign_in()

    with pytest.raises(InvalidAsk):
        rename(laptop.grant.pk, laptop.grant.subject, label, clock.now())


@pytest.mark.django_db
def test_receivers_are_told_what_ended_and_why(sign_in, hand_out, user):
    phone, laptop, tablet = sign_in(), sign_in(), sign_in()
    hand_out()

    with listening(token_revoked) as heard:
        end_held(tablet.grant.pk, user)
        others_of(phone)()
        others_of(phone)()
        all_of(phone)()

    names = ("ended", "reason", "grant_ids", "subject_id", "client", "kept")
    assert [tuple(told[name] for name in names) for _, told in heard] == [
        (1, "revoked", [tablet.grant.pk], user.pk, None, None),
        (1, "others", [laptop.grant.pk], user.pk, None, None),
        (2, "all", [], user.pk, None, None),
    ]


@pytest.mark.django_db
def test_ten_thousand_tokens_cost_no_more_statements_than_one(user, sign_in, django_assert_max_num_queries):
    phone = sign_in()
    row = Grant.objects.values().get()
    Grant.objects.bulk_create(
        Grant(**{**row, "id": f"01930000-0000-7000-8000-{number:012x}", "label": "old"}) for number in range(10_000)
    )

    # Those of a transaction among them, and how the user's row is held.
    with django_assert_max_num_queries(7):
        ended = others_of(phone)()

    assert (ended, opens(phone.secret)) == (10_000, True)
