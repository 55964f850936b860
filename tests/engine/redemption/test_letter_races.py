"""One letter in many hands at once; and a trade in the middle of which something else happens, or its server dies."""

from threading import Barrier

import pytest
from django.contrib.auth.models import User

from tessera import Issued, Kind, revoke
from tessera.engine.bond import carry_over
from tessera.errors import Dead, Revoked
from tessera.models import Grant
from tests.credentials import opens, redeemed
from tests.processes import PATIENCE
from tests.racing import JOURNALS, at_once, before_writing, in_a_process, in_the_journal, meanwhile

# Each of them has a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def letter(hand_out):
    return lambda: hand_out(kind=Kind.LETTER)


def live(kind: Kind) -> int:
    return Grant.objects.filter(kind=kind, revoked_at=None).count()


@pytest.mark.parametrize("journal", JOURNALS)
@pytest.mark.parametrize("into", [Kind.PERSONAL, Kind.SIGN_IN])
def test_of_twenty_threads_one_gets_what_it_promises(letter, clock, journal, into):
    once, all_have_read = letter(), Barrier(20)

    def claim():
        with before_writing(lambda: all_have_read.wait(PATIENCE)):
            return redeemed(once, into)

    with in_the_journal(journal):
        told = at_once(*[claim] * 20)

    (issued,) = [each for each in told if isinstance(each, Issued)]
    assert {type(each) for each in told} == {Issued, Revoked}
    assert (opens(issued.secret), live(into), live(Kind.LETTER)) == (True, 1, 0)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(revoke, id="revoked"),
        pytest.param(lambda grant: revoke(subject=grant.subject), id="revoked with all of the user's"),
        pytest.param(lambda grant: grant.subject.delete(), id="deleted with its user"),
    ],
)
def test_what_ends_before_it_is_traded_is_not_traded(letter, end):
    once = letter()

    with before_writing(lambda: meanwhile(lambda: end(once.grant))), pytest.raises(Dead):
        redeemed(once)

    assert not Grant.objects.exclude(kind=Kind.LETTER).exists()


def test_a_password_that_is_hashed_anew_meanwhile_spoils_nothing(letter, user):
    once = letter()

    def rehash():
        user.set_password("lovelace-1843")
        hashed = user.password
        stored = User.objects.get().password
        User.objects.update(password=hashed)
        carry_over(user, stored)

    with before_writing(lambda: meanwhile(rehash), "tessera_grant"):
        issued = redeemed(once)

    assert opens(issued.secret)


SERVER = """
from tessera import Kind, Purpose, redeem
moment, secret = sys.argv[1:]

def killed(execute, sql, *rest):
    word = sql.split()[0]
    if moment == f"before {word}":
        os._exit(9)
    result = execute(sql, *rest)
    if moment == f"after {word}":
        os._exit(9)
    return result

with connection.execute_wrapper(killed):
    redeem(secret, accept={Purpose.LETTER}, client="claim", into=Kind.SIGN_IN)
os._exit(9)
"""


@pytest.mark.parametrize("journal", JOURNALS)
@pytest.mark.parametrize(
    ("moment", "is_spent"),
    [
        ("after SELECT", False),
        ("before UPDATE", False),
        ("after UPDATE", False),
        ("before INSERT", False),
        ("after INSERT", False),
        ("before the answer", True),
    ],
)
def test_a_server_that_dies_leaves_the_letter_or_one_grant(letter, moment, is_spent, journal):
    once = letter()

    with in_the_journal(journal):
        ended = in_a_process(SERVER, moment, once.secret)
        left = live(Kind.LETTER), live(Kind.SIGN_IN)
        (again,) = at_once(lambda: redeemed(once, Kind.SIGN_IN))

    assert (ended, left) == (9, (0, 1) if is_spent else (1, 0))
    assert isinstance(again, Revoked if is_spent else Issued)
    assert live(Kind.SIGN_IN) == 1
