"""The example as `run.py` serves it, on a database of the kind that the suite runs on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings

import run


@contextmanager
def serving(folder: Path, settings: str = "example.settings") -> Iterator[str]:
    """The URL of one that was just seeded."""
    with database(folder) as environ, this_python():
        environ |= {"DJANGO_SETTINGS_MODULE": settings}
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
    environ = run.example_environ(folder / "example.sqlite3")
    if os.environ["TEST_DB"] == "sqlite":
        yield environ
        return
    server, name = settings.DATABASES["default"], f"example_{uuid4().hex}"
    places = {f"PG{key}": str(server[key]) for key in ("HOST", "PORT", "USER") if server[key]}
    with psycopg.connect(os.environ["TEST_POSTGRES_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield environ | places | {"TESSERA_EXAMPLE_POSTGRES": name}
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
