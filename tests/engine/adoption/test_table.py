"""A package may mark rows of its table as spent, in another: those open nothing, here as there."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tessera.engine.adoption.comparison import Verdict, compare_table
from tessera.engine.adoption.table import Outcome, adopt_table
from tessera.engine.pruning import prune
from tessera.engine.rows.foreign import TABLES, Marks, forget
from tessera.models import Grant
from tests.credentials import opens
from tests.former import drop_table, execute, keep, kept, make_table

TABLE = replace(TABLES["authtoken"], spent=Marks("spent_keys", "token", "key"))


@pytest.fixture
def keys(tables):
    """One that is good, and one that is marked."""
    make_table()
    execute("CREATE TABLE spent_keys (token varchar(40) NOT NULL)")
    for number, key in enumerate(("good", "spent")):
        keep(key, User.objects.create_user(f"user-{number}").pk)
    execute("INSERT INTO spent_keys VALUES (%s)", "spent")
    yield ("good", "spent")
    drop_table("spent_keys")


def became():
    return sum(adopt_table("authtoken", TABLE), Counter[Outcome]())


def compared():
    return Counter(each.verdict for _, page in compare_table("authtoken", TABLE) for each in page)


def test_what_is_spent_gets_a_row_that_keeps_it_so(keys):
    first, second = became(), became()

    assert (first[Outcome.ADOPTED], first[Outcome.SPENT], second[Outcome.HERE]) == (1, 1, 2)
    assert [opens(key) for key in keys] == [True, False]
    assert Grant.objects.exclude(revoked_at=None).get().revoked_reason == "spent"


def test_it_stays_so_whatever_prune_deletes(keys, clock):
    became()
    clock.turn(timedelta(days=300))
    prune()

    became()

    assert [opens(key) for key in keys] == [True, False]


def test_a_comparison_finds_it_right_until_it_lives(keys):
    unadopted = compared()
    became()
    adopted = compared()
    Grant.objects.update(revoked_at=None, ends_at=None)

    assert (unadopted, adopted) == ({Verdict.MISSING: 2}, {Verdict.SAME: 1, Verdict.OVER: 1})
    assert compared() == {Verdict.SAME: 1, Verdict.ALIVE: 1}


def test_with_its_user_the_mark_goes_too(keys):
    forget(TABLE, User.objects.get(username="user-1"), connection.alias)

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM spent_keys")
        assert (list(cursor.fetchall()), kept()) == ([], ["good"])
