"""However often a grant is refreshed, the table does not grow, and none of its indexes is written to."""

import pytest
from django.db import connection

from tessera.engine.rows.storage import execute
from tessera.models import Grant
from tests.credentials import PAIR, opens, traded

# PostgreSQL clears a page of versions only once they are committed.
pytestmark = pytest.mark.django_db(transaction=True)

REFRESHES = 2000

PAGES = {
    "sqlite": "SELECT page_count FROM pragma_page_count",
    "mysql": "SELECT (data_length + index_length) DIV @@innodb_page_size FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_name = 'tessera_grant'",
    "postgresql": "SELECT pg_total_relation_size('tessera_grant') / current_setting('block_size')::int",
}


def pages():
    """How many the table takes, with its indexes; on SQLite, the whole database."""
    return execute(PAGES[connection.vendor])[0][0]


def test_two_thousand_refreshes_leave_one_row_and_no_pages_behind(hand_out):
    latest = hand_out(**PAIR)
    for _ in range(100):  # By then PostgreSQL has made its maps of the table.
        latest = traded(latest)
    before = pages()

    for _ in range(REFRESHES):
        latest = traded(latest)

    assert (Grant.objects.count(), Grant.objects.get().generation) == (1, 100 + REFRESHES)
    # Were the versions kept, they would take eighty. While the server analyzes a table of its own, it keeps a few.
    assert pages() <= before + 20
    assert opens(latest.secret)


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="Only PostgreSQL writes to each index at an update, or to none"
)
def test_a_refresh_and_the_use_of_its_pair_write_to_no_index(hand_out):
    latest = hand_out(**PAIR)
    before = updates()

    for _ in range(REFRESHES // 10):
        latest = traded(latest)
        assert opens(latest.secret)

    every, hot = (after - earlier for after, earlier in zip(updates(), before, strict=True))
    assert every == 2 * REFRESHES // 10
    assert hot > 0.95 * every


def updates():
    """How many there were of the table, and how many of them were "heap-only": they touched no index."""
    execute("SELECT pg_stat_force_next_flush()")
    execute("SELECT pg_stat_clear_snapshot()")
    return execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'tessera_grant'")[0]
