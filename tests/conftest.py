"""The few fixtures that there are."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import hypothesis
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, connections
from rest_framework.test import APIClient

from tessera import Ask, Issued, Kind, issue, sign
from tessera.engine.adoption.key import adopt
from tessera.testing import Clock
from tests.credentials import PAIR, opens
from tests.example import serving
from tests.forging import Forge, key_of, payload, private
from tests.former import TABLES, drop_table
from tests.traces import Letters

T = TypeVar("T")

# A busy machine is slow now and then, which is no failure; a failure prints what brings it back.
hypothesis.settings.register_profile("tessera", deadline=None, print_blob=True)
hypothesis.settings.load_profile("tessera")

collect_ignore = ["browser"]  # Only `run.py test --browser` names it: it wants a Chromium.
SLOWEST = ("test_docs.py", "test_example.py", "test_fuzzed.py", "test_state_machine.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest goes first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: SLOWEST.index(item.path.name) if item.path.name in SLOWEST else len(SLOWEST))


@pytest.fixture(autouse=True)
def _forgotten_attempts() -> None:
    """Log-ins counted for one test are none of the next one's affair."""
    cache.clear()


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The time, standing still until it is turned."""
    with Clock(datetime(2026, 11, 23, 12, tzinfo=UTC)) as clock:
        yield clock


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """A database for a test that makes a table or renames one: MariaDB commits at that, and so rolls nothing back."""
    if not connection.features.can_rollback_ddl:
        request.applymarker(pytest.mark.django_db(transaction=True))
    request.getfixturevalue("db")
    yield
    if not connection.in_atomic_block:
        for table in TABLES:
            drop_table(table)


@pytest.fixture
def user(db: None) -> User:
    """ada, whose password is "lovelace-1843"."""
    return User.objects.create_user("ada", password="lovelace-1843")


@pytest.fixture
def client() -> APIClient:
    """A client that carries nothing yet."""
    return APIClient()


@pytest.fixture
def hand_out(user: User) -> Callable[..., Issued]:
    """A token of ada's, with whatever else `Ask` takes."""

    def hand_out(**ask: Any) -> Issued:
        if ask.get("kind") == Kind.ADOPTED:
            return adopt(secrets.token_hex(20), user)
        if ask.get("kind") == Kind.LETTER:
            ask = {"client": "claim", **ask}
        return issue(Ask(**{"subject": user, **ask}))

    return hand_out


@pytest.fixture
def forge(clock: Clock, hand_out: Callable[..., Issued], settings: Any) -> Callable[..., Forge]:
    """A site that signs with a key of an algorithm, and a good token of it, which it has just accepted."""

    def forge(algorithm: str = "EdDSA") -> Forge:
        key = key_of(algorithm)
        settings.TESSERA = {**settings.TESSERA, "JWT_KEYS": [private(key)], "BASE_URL": "https://shop.example"}
        issued = hand_out(**PAIR)
        token = sign(issued.grant)
        assert opens(token)
        return Forge(issued, key, payload(token))

    return forge


@pytest.fixture
def scopes(settings: Any) -> None:
    """A site whose tokens may be for reading tracks, for changing them, or for `tokens`, which is ours."""
    told = {"tracks:read": "See your tracks", "tracks:write": "Change your tracks"}
    settings.TESSERA = {**settings.TESSERA, "SCOPES": told}


@pytest.fixture
def letters() -> Iterator[list[str]]:
    """What Django wrote to the admins."""
    letters, logger = Letters(), logging.getLogger("django.request")
    logger.addHandler(letters)
    yield letters.sent
    logger.removeHandler(letters)


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, T]], T]:
    """Run a coroutine, and close the connection of the thread that it reached the database from."""

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        async def running() -> T:
            try:
                return await coroutine
            finally:
                await sync_to_async(connections.close_all)()

        return asyncio.run(running())

    return run


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the example, freshly seeded, behind gunicorn."""
    with serving(tmp_path_factory.mktemp("example")) as url:
        yield url
