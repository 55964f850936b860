"""Very many grants, made by the database itself: a million in a few seconds.

They look as grown: ids in the order of their making over the last 300 days, five to a user, used today. A few of them,
spread evenly, are real: their tokens are known, and accepted.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.db import connections, transaction

from tessera import clock
from tessera.engine.bond import bond
from tessera.engine.keyring import keyring
from tessera.format.opaque import Purpose, mint, new_row
from tessera.models import Grant

SPAN = timedelta(days=300)
TOKENS_OF_A_USER = 5
KNOWN = 100_000
"""How many tokens are real, at most. Their users have odd keys: the others may lose their tokens meanwhile."""

PASSWORD = UNUSABLE_PASSWORD_PREFIX + "x" * 40

UUID7 = "(lpad(to_hex({milliseconds}), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"
COLUMNS = (
    "id, subject_id, client, kind, label, scope, address, agent, created_at, last_used_at, use_due_at, ends_at, "
    "access_digest, fingerprint, pepper, revoked_at, revoked_reason"
)

USERS = """
INSERT INTO auth_user
    (id, username, password, first_name, last_name, email, is_staff, is_active, is_superuser, date_joined)
SELECT n, 'user' || n, %(password)s, 'Ada', 'Lovelace', 'user' || n || '@example.org', false, true, false, now()
FROM generate_series(%(first)s::int, %(last)s::int) n
"""

GRANTS = f"""
INSERT INTO tessera_grant ({COLUMNS})
SELECT coalesce(known.id, {UUID7.format(milliseconds="(%(start)s + n * %(step)s)::bigint")}),
       coalesce(known.subject_id, n %% %(users)s + 1),
       '', 'personal', CASE WHEN known.id IS NULL THEN 'laptop' ELSE 'known' END, '', '', '',
       made.at, now(), now() + interval '1 day', made.at + interval '365 days',
       coalesce(known.access_digest, substr(sha256(n::text::bytea), 1, 24)),
       coalesce(known.fingerprint, substr(sha256(n::text::bytea), 1, 16)), %(pepper)s, NULL, ''
FROM generate_series(0, %(rows)s::int - 1) n
LEFT JOIN known USING (n)
CROSS JOIN LATERAL (SELECT to_timestamp((%(start)s + n * %(step)s) / 1000) AS at) made
ORDER BY n
"""

OF_ONE_USER = f"""
INSERT INTO tessera_grant ({COLUMNS})
SELECT {UUID7.format(milliseconds="(%(start)s + n * %(step)s)::bigint")}, %(subject)s, '', 'personal', 'laptop', '',
       '', '', now(), now(), now() + interval '1 day', now() + interval '365 days',
       substr(sha256(n::text::bytea), 1, 24), substr(sha256(n::text::bytea), 1, 16), %(pepper)s, NULL, ''
FROM generate_series(0, %(rows)s::int - 1) n
"""

DEAD = f"""
INSERT INTO tessera_grant ({COLUMNS})
SELECT {UUID7.format(milliseconds="(%(start)s + n * %(step)s)::bigint")}, n %% %(users)s + 1,
       '', 'personal', 'phone', '', '', '', now() - interval '90 days', NULL, NULL, '1970-01-01T00:00:00Z',
       substr(sha256(n::text::bytea), 1, 24), substr(sha256(n::text::bytea), 1, 16), %(pepper)s,
       now() - interval '60 days', 'logged out'
FROM generate_series(0, %(rows)s::int - 1) n
"""


def users_for(rows: int) -> int:
    return max(1, rows // TOKENS_OF_A_USER)


def fill(database: str, rows: int) -> None:
    """Users and their live grants."""
    start = clock.now() - SPAN
    step = SPAN / rows
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        _trust(cursor)
        cursor.execute(USERS, {"first": 1, "last": users_for(rows), "password": PASSWORD})
        cursor.execute("SELECT setval('auth_user_id_seq', %s)", [users_for(rows)])
        cursor.execute(
            "CREATE TEMPORARY TABLE known (n int, id uuid, subject_id int, access_digest bytea, fingerprint bytea)"
            " ON COMMIT DROP"
        )
        with cursor.copy("COPY known FROM STDIN") as copy:
            for n in range(0, rows, max(2, rows // KNOWN)):
                copy.write_row(_known(n, start + n * step, n % users_for(rows) + 1))
        cursor.execute("ANALYZE known")
        cursor.execute(
            GRANTS,
            {
                "rows": rows,
                "users": users_for(rows),
                "start": start.timestamp() * 1000,
                "step": step.total_seconds() * 1000,
                "pepper": keyring()[0].id,
            },
        )
    with connections[database].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) tessera_grant, auth_user")


def give(database: str, subject: User, rows: int) -> None:
    """So many grants to one user."""
    _more(database, OF_ONE_USER, rows, subject=subject.pk)


def bury(database: str, rows: int, among: int) -> None:
    """So many grants that ended long ago, between the others of a table of `among`."""
    _more(database, DEAD, rows, users=users_for(among))


def known(database: str) -> list[str]:
    """The tokens that are accepted. Where a token's row has been made, its chance is made of the row."""
    return [_secret(row) for row in Grant.objects.using(database).filter(label="known").values_list("pk", flat=True)]


def _more(database: str, statement: str, rows: int, **given: int) -> None:
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        _trust(cursor)
        start, step = (clock.now() - SPAN).timestamp() * 1000, SPAN.total_seconds() * 1000 / rows
        cursor.execute(statement, {"rows": rows, "start": start, "step": step, "pepper": keyring()[0].id, **given})
    with connections[database].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) tessera_grant")


def _trust(cursor: Any) -> None:
    # Ten million foreign keys, looked up one by one, would take longer than all else.
    cursor.execute("SET LOCAL session_replication_role = replica")


def _known(n: int, made_at: datetime, subject: int) -> tuple[int, UUID, int, bytes, bytes]:
    row = new_row(made_at, hashlib.sha256(str(n).encode()).digest()[:10])
    keys = keyring()[0]
    _, opaque = mint("tsr", Purpose.PERSONAL, row, _chance(row), keys)
    print_ = bond(keys, row, User(pk=subject, password=PASSWORD), to_password=True)
    return n, row, subject, opaque.digest, print_


def _secret(row: UUID) -> str:
    return mint("tsr", Purpose.PERSONAL, row, _chance(row), keyring()[0])[0]


def _chance(row: UUID) -> bytes:
    return hashlib.sha256(row.bytes).digest()
