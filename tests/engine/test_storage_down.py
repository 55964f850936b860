"""A storage that does not answer says nothing of a token: neither that it opens nor that it does not."""

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection, transaction

from tessera import Ask, Kind, Purpose, issue, redeem, replace, revoke, verify
from tessera.engine.pruning import prune
from tessera.engine.rows.lookup import find
from tessera.errors import Reused, StoreDown
from tessera.models import Grant
from tests.credentials import DOORS, PAIR, opens, traded
from tests.former import execute
from tests.racing import meanwhile

VERBS = [
    pytest.param(lambda issued: issue(Ask(subject=issued.grant.subject)), id="issue"),
    pytest.param(lambda issued: verify(issued.secret, accept=DOORS), id="verify"),
    pytest.param(lambda issued: replace(issued.secret, accept=DOORS), id="replace"),
    pytest.param(lambda issued: revoke(issued.grant), id="revoke"),
    pytest.param(lambda issued: revoke(subject=issued.grant.subject), id="revoke all of a user"),
    pytest.param(lambda issued: find(issued.grant.pk), id="look up"),
    pytest.param(lambda issued: prune(), id="prune"),
]

TRY_AGAIN = {"detail": "The service is not available for the moment. Try again."}

ada = {"username": "ada", "password": "lovelace-1843"}

use = pytest.param(lambda client: client.get("/whoami/"), 200, id="use")
log_in = pytest.param(lambda client: client.post("/api-token-auth/", ada), 200, id="log in")
new = pytest.param(lambda client: client.post("/api-token-auth/new/"), 200, id="replace")
end = pytest.param(lambda client: client.post("/api-token-auth/revoke/"), 204, id="revoke")


@contextmanager
def failing(error, word=""):
    """A database that does not answer to statements which begin with `word`."""

    def wrapper(execute, sql, *rest):
        if sql.startswith(word):
            raise error("the server closed the connection unexpectedly")
        return execute(sql, *rest)

    # In a block of its own: what failed in it leaves the test's own transaction whole.
    with transaction.atomic(), connection.execute_wrapper(wrapper):
        yield


def assert_unavailable(answer):
    assert (answer.status_code, answer.json()) == (503, TRY_AGAIN)
    assert answer["Retry-After"] == "5"
    assert "WWW-Authenticate" not in answer


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_so_and_keeps_the_cause(hand_out, error, verb):
    issued = hand_out()

    with failing(error), pytest.raises(StoreDown) as caught:
        verb(issued)

    assert type(caught.value.__cause__) is error
    assert verify(issued.secret, accept=DOORS).grant_id == issued.grant.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", [*VERBS, pytest.param(traded, id="redeem")])
@pytest.mark.skipif(connection.vendor == "mysql", reason="PyMySQL leaves a socket open where it cannot connect")
def test_so_does_every_verb_that_cannot_even_connect(hand_out, monkeypatch, tmp_path, verb):
    issued = hand_out(**PAIR)
    connection.close()
    address = {"sqlite": "NAME"}.get(connection.vendor, "HOST")
    monkeypatch.setitem(connection.settings_dict, address, str(tmp_path / "no-such-folder" / "database"))

    with pytest.raises(StoreDown):
        verb(issued)

    monkeypatch.undo()
    assert opens(traded(issued).secret)


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(("ask", "usual"), [use, log_in, new, end])
def test_every_door_answers_503_and_the_usual_once_it_is_back(client, hand_out, error, ask, usual):
    client.credentials(HTTP_AUTHORIZATION=f"Token {hand_out().secret}")

    with failing(error):
        answer = ask(client)

    assert_unavailable(answer)
    assert ask(client).status_code == usual


@pytest.mark.django_db
@pytest.mark.parametrize(("ask", "usual"), [log_in, new, end])
def test_a_door_that_can_read_and_not_write_answers_503_and_changes_nothing(client, hand_out, ask, usual):
    issued = hand_out()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issued.secret}")

    with failing(OperationalError, "UPDATE"):
        answer = ask(client)

    assert_unavailable(answer)
    assert verify(issued.secret, accept=DOORS).grant_id == issued.grant.pk
    assert ask(client).status_code == usual


MISSING = "|".join(
    [
        r"no such table: tessera_grant|relation \"tessera_grant\" does not exist|tessera_grant' doesn't exist",
        r"no (such )?column.*access_digest|column .*access_digest\"? .*does not exist|Unknown column .*access_digest'",
    ]
)
"""What SQLite, PostgreSQL and MariaDB say of a table, and of a column."""


@pytest.mark.parametrize(
    ("away", "back"),
    [
        pytest.param(
            "ALTER TABLE tessera_grant RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO tessera_grant", id="table"
        ),
        pytest.param(
            "ALTER TABLE tessera_grant RENAME COLUMN access_digest TO elsewhere",
            "ALTER TABLE tessera_grant RENAME COLUMN elsewhere TO access_digest",
            id="column",
        ),
    ],
)
@pytest.mark.parametrize(("ask", "usual"), [use, log_in, new, end])
def test_what_was_not_migrated_is_the_sites_error(tables, client, hand_out, ask, usual, away, back):
    client.credentials(HTTP_AUTHORIZATION=f"Token {hand_out().secret}")
    execute(away)

    try:
        with pytest.raises(DatabaseError, match=MISSING):
            ask(client)
    finally:
        if not connection.in_atomic_block:
            execute(back)


REFRESH = frozenset({Purpose.REFRESH})


@pytest.fixture
def pairs(hand_out, clock):
    """A sign-in that was refreshed once."""
    first = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    return [first, redeem(first.refresh_secret, accept=REFRESH)]


def refresh(issued):
    return redeem(issued.refresh_secret, accept=REFRESH)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("word", [pytest.param("", id="at once"), pytest.param("UPDATE", id="when it writes")])
def test_a_refresh_that_the_storage_does_not_answer_says_so_and_the_token_is_good_later(pairs, error, word):
    def fail(execute, sql, *rest):
        if sql.startswith(word):
            raise error("the server closed the connection unexpectedly")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail), pytest.raises(StoreDown) as caught:
        refresh(pairs[-1])

    assert type(caught.value.__cause__) is error
    assert verify(refresh(pairs[-1]).secret, accept=DOORS).grant_id == pairs[0].grant.pk


READ_ONLY = {
    "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
    "postgresql": ("SET default_transaction_read_only = ON", "SET default_transaction_read_only = OFF"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION TRANSACTION READ WRITE"),
}


@contextmanager
def read_only():
    """The database as it is while one server hands over to another."""
    begin, end = READ_ONLY[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(begin)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(end)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_read_only_opens_the_door_and_notes_no_use(client, hand_out):
    issued = hand_out()

    with read_only():
        answer = client.get("/whoami/", headers={"Authorization": f"Bearer {issued.secret}"})

    assert (answer.status_code, answer.json()) == (200, {"username": "ada"})
    assert Grant.objects.get().last_used_at is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("ask", "usual"), [log_in, new, end])
def test_a_database_that_is_read_only_makes_trades_and_ends_nothing(client, hand_out, ask, usual):
    issued = hand_out()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issued.secret}")

    with read_only():
        answer = ask(client)

    assert_unavailable(answer)
    assert ask(client).status_code == usual


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_read_only_opens_for_a_pair_tells_it_again_and_refreshes_nothing(pairs):
    parent, current = pairs

    with read_only():
        assert verify(current.secret, accept=DOORS).grant_id == current.grant.pk
        told = refresh(parent)
        with pytest.raises(StoreDown):
            refresh(current)

    grant = Grant.objects.get()
    assert (told.secret, told.refresh_secret) == (current.secret, current.refresh_secret)
    assert (grant.generation, grant.seen_at) == (1, None)
    assert verify(refresh(current).secret, accept=DOORS).grant_id == grant.pk


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_read_only_ends_no_grant_and_hears_of_the_reuse_later(pairs):
    latest = refresh(pairs[-1])

    with read_only(), pytest.raises(StoreDown):
        refresh(pairs[0])

    assert verify(latest.secret, accept=DOORS).grant_id == latest.grant.pk
    with pytest.raises(Reused):
        refresh(pairs[0])


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no connection that could be cut")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_cut_refreshes_nothing(pairs):
    ours = this_connection()

    assert meanwhile(lambda: cut(ours)) is None
    with pytest.raises(StoreDown):
        refresh(pairs[-1])

    close_old_connections()
    assert refresh(pairs[-1]).grant.generation == 2


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no connection that could be cut")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("ask", "usual"), [use, log_in, new, end])
def test_a_connection_that_is_cut_answers_503_once(client, hand_out, ask, usual):
    client.credentials(HTTP_AUTHORIZATION=f"Token {hand_out().secret}")
    ours = this_connection()

    assert meanwhile(lambda: cut(ours)) is None
    answer = ask(client)

    assert_unavailable(answer)
    close_old_connections()  # As Django does between two requests.
    assert ask(client).status_code == usual


CUT = {
    "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend(%s, 10000)"),
    "mysql": ("SELECT connection_id()", "KILL %s"),
}
"""What says which connection this is, and what cuts it."""


def this_connection():
    which, _ = CUT[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(which)
        return cursor.fetchone()[0]


def cut(ours):
    _, end = CUT[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(end, [ours])


@pytest.fixture
def cache_down(settings, tmp_path):
    """A Valkey where nothing listens."""
    url = f"unix://{tmp_path / 'nothing-listens-here'}"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}}


@pytest.mark.django_db
@pytest.mark.parametrize("password", [pytest.param("lovelace-1843", id="right"), pytest.param("wrong", id="wrong")])
def test_without_its_cache_no_log_in_is_let_through(client, user, cache_down, password):
    answer = client.post("/api-token-auth/", {"username": "ada", "password": password})

    assert_unavailable(answer)
    assert Grant.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("ask", "usual"), [use, new, end])
def test_the_cache_of_the_log_ins_is_nothing_to_a_token(client, hand_out, cache_down, ask, usual):
    client.credentials(HTTP_AUTHORIZATION=f"Token {hand_out().secret}")

    assert ask(client).status_code == usual
