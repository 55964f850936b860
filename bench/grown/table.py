"""A table of grants in a database of its own, beside tables of other sizes."""

import random
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.test import Client

from bench.grown import rows
from tessera import Ask, Purpose, issue
from tessera.engine.verification import read
from tessera.models import Grant

DOORS = frozenset({Purpose.ACCESS, Purpose.PERSONAL})
HEAVY = 10_000
"""The tokens of the one user who has very many."""


class Chosen:
    """A router that sends everything to the table that is asked at the moment."""

    database: ClassVar = "default"

    def db_for_read(self, model: type, **hints: object) -> str:
        return self.database

    db_for_write = db_for_read


@dataclass
class Table:
    """So many grants, and what is known of them."""

    rows: int
    secrets: list[str] = field(default_factory=list, repr=False)
    unused: list[str] = field(default_factory=list, repr=False)
    browser: Client = field(default_factory=Client, repr=False)

    @property
    def database(self) -> str:
        return f"rows_{self.rows}"

    def choose(self) -> None:
        Chosen.database = self.database

    def make(self) -> None:
        """The database and its rows, unless they are there."""
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {self.database}")
        self.choose()
        call_command("migrate", database=self.database, verbosity=0)
        if not Grant.objects.exists():
            rows.fill(self.database, self.rows)
            User.objects.create_superuser("root")
            User.objects.create_user("heavy")
        self.secrets = rows.known(self.database)
        self.browser.force_login(User.objects.get(username="root"))

    def secret(self) -> str:
        return random.choice(self.secrets)

    def row(self) -> UUID:
        return read(self.secret(), DOORS, None)[0].grant_id

    def user(self) -> User:
        return User.objects.get(pk=random.randint(1, rows.users_for(self.rows)))

    def leaver(self) -> User:
        """A user none of whose tokens is among the secrets."""
        return User.objects.get(pk=2 * random.randint(1, rows.users_for(self.rows) // 2))

    def heavy(self) -> User:
        """A user with very many tokens, all of them live."""
        user = User.objects.get(username="heavy")
        live = Grant.objects.filter(subject=user, revoked_at=None)
        if live.count() != HEAVY:
            Grant.objects.filter(subject=user).delete()
            rows.give(self.database, user, HEAVY)
        return user

    def fresh(self) -> str:
        """A token that was never used."""
        return self.unused.pop() if self.unused else issue(Ask(subject=self.user())).secret

    def page(self, **query: str) -> None:
        answer = self.browser.get("/admin/tessera/grant/", query)
        if answer.status_code != 200:
            raise AssertionError(answer.status_code)

    def weight(self) -> tuple[int, int]:
        """The bytes of a grant, in the table and in its indexes."""
        with connections[self.database].cursor() as cursor:
            cursor.execute(
                "SELECT pg_table_size('tessera_grant') / count(*), pg_indexes_size('tessera_grant') / count(*)"
                " FROM tessera_grant"
            )
            heap, indexes = cursor.fetchone()
        return heap, indexes
