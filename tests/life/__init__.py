"""What can happen to users and their tokens, and the ways in which it comes about.

The tables of docs/explanation/what-ends-it.md say what becomes of each token then. `tests/test_life_cycle.py` reads
them there, and lets it happen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tessera import Issued

PASSWORD = "lovelace-1843"
ANOTHER = "analytical-engine"


@dataclass(frozen=True)
class World:
    """Ada, a token of hers, and another one that she has."""

    user: User
    it: Issued
    other: Issued

    def ada(self) -> User:
        """She as she is stored now, read by somebody who knows nothing of the test's own object."""
        return User.objects.get(pk=self.user.pk)


Way = Callable[[World], Any]
"""A way in which something comes about."""


def execute(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def post(client: Client, path: str, **form: Any) -> None:
    """Send a form. It is accepted, and so answered by another page."""
    answer = client.post(path, form)
    assert answer.status_code == 302, answer.content
