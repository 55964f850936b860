"""The example as `run.py` serves it, on a database of the kind that the suite runs on."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection

import run


@contextmanager
def serving(folder: Path, settings: str = "example.settings") -> Iterator[str]:
    """The URL of one that was just seeded."""
    with database(folder) as environ, this_python():
        environ |= {"EXAMPLE_SETTINGS" if "EXAMPLE_DATABASE" in environ else "DJANGO_SETTINGS_MODULE": settings}
        run.fill(environ)
        with run.served(environ, run.free_port()) as url:
            yield url


@contextmanager
def this_python() -> Iterator[None]:
    """`run.py` makes a virtual environment; the one that runs the tests will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "PYTHON", Path(sys.executable))
        patch.setattr(run, "install", lambda group: None)
        yield


@contextmanager
def database(folder: Path) -> Iterator[dict[str, str]]:
    """The environment that names it."""
    with WAYS[os.environ["TEST_DB"]](f"example_{uuid4().hex}") as places:
        yield run.example_environ(folder / "example.sqlite3") | places


@contextmanager
def postgres(name: str) -> Iterator[dict[str, str]]:
    server = settings.DATABASES["default"]
    places = {f"PG{key}": str(server[key]) for key in ("HOST", "PORT", "USER") if server[key]}
    with psycopg.connect(os.environ["TEST_POSTGRES_URL"], autocommit=True) as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield places | {"TESSERA_EXAMPLE_POSTGRES": name}
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def mariadb(name: str) -> Iterator[dict[str, str]]:
    with closing(connection.get_new_connection(connection.get_connection_params())) as server:
        server.query(f"CREATE DATABASE {name}")
        try:
            yield {"DJANGO_SETTINGS_MODULE": "tests.example_on_mariadb", "EXAMPLE_DATABASE": name}
        finally:
            server.query(f"DROP DATABASE {name}")


WAYS: dict[str, Callable[[str], AbstractContextManager[dict[str, str]]]] = {
    "sqlite": lambda _: nullcontext({}),
    "postgres": postgres,
    "mariadb": mariadb,
}
"""How each makes a database of that name, and what tells a process of it."""
