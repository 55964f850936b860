"""For a site's own tests: a client that carries a real token, and a clock to turn.

def test_my_tracks(django_user_model):
    user = django_user_model.objects.create_user("ada")

    assert client_of(user).get("/tracks/").status_code == 200
"""

from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.test import APIClient

from tessera import clock
from tessera.engine.issuance import issue
from tessera.engine.policy import Ask


def client_of(user: AbstractBaseUser, **ask: Any) -> APIClient:
    """A test client that signs every request with a token of `user`. `ask` is what else `tessera.Ask` takes."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(Ask(subject=user, **ask)).secret}")
    return client


class Clock:
    """The time that tessera sees, as a context manager. It stands still until it is turned."""

    def __init__(self, at: datetime | None = None) -> None:
        self.time = at or clock.now()

    def turn(self, by: timedelta) -> None:
        """Move the time forward, or back."""
        self.time += by

    def __call__(self) -> datetime:
        return self.time

    def __enter__(self) -> Self:
        clock.set_source(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        clock.set_source(None)
