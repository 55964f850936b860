"""Brings up the database and the Valkey that the suite runs on, before anything reads the settings.

Loaded with `-p`: a conftest is read too late, and the suite would then run on whatever the settings fall back to.
What a caller names in one of `URL_NAMES` is used as it is; what is missing is started, and its URL put there. So the
workers of xdist, and any process that a test starts, find servers already named and start none.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
URL_NAMES = {"postgres": "TEST_POSTGRES_URL", "mariadb": "TEST_MARIADB_URL", "valkey": "TEST_REDIS_URL"}
DATABASES = {"postgres": ["postgres"], "sqlite": [], "mariadb": ["mariadb"]}
"""The server that each needs."""


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    # A wrapper, because pytest-django reads the settings in this same hook and asks to be first.
    if "PYTEST_XDIST_WORKER" not in os.environ and (names := missing()):
        keeper = start(names)
        early_config.add_cleanup(lambda: stop(keeper))
    return (yield)


def pytest_report_header() -> list[str]:
    return [f"database: {database()}", f"cache: {cache()}"]


def missing() -> list[str]:
    """What this run needs and nobody has named."""
    asked = os.environ.setdefault("TEST_DB", "postgres")
    if asked not in DATABASES:
        raise pytest.UsageError(f"TEST_DB is one of: {', '.join(DATABASES)}.")
    wanted = list(DATABASES[asked])
    if sys.platform != "win32":  # No wheel brings Valkey there: the settings say what stands in for it.
        wanted.append("valkey")
    return [name for name in wanted if not os.environ.get(URL_NAMES[name])]


def start(names: list[str]) -> subprocess.Popen[str]:
    """Start a keeper: it starts the servers, and ends them when this process ends, however that comes about."""
    if sys.platform == "win32":
        raise pytest.UsageError(f"On Windows, set {URL_NAMES[names[0]]} to a running server, or TEST_DB=sqlite.")
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.services.keeper", *names],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C goes to a whole group; the servers must outlive the tests' last words.
    )
    assert keeper.stdout is not None
    assert keeper.stderr is not None
    line = keeper.stdout.readline()
    if not line:
        raise pytest.UsageError(f"The servers did not come up:\n{keeper.stderr.read()}")
    told: dict[str, str] = json.loads(line)
    if "error" in told:
        stop(keeper)
        raise pytest.UsageError(told["error"])
    os.environ["TEST_FOLDER"] = told.pop("folder")
    os.environ.update({URL_NAMES[name]: url for name, url in told.items()})
    return keeper


def stop(keeper: subprocess.Popen[str]) -> None:
    keeper.communicate()  # It closes the pipe that the keeper watches, and waits.


def database() -> str:
    return {"postgres": postgres, "sqlite": sqlite, "mariadb": mariadb}[os.environ["TEST_DB"]]()


def sqlite() -> str:
    return f"SQLite {sqlite3.sqlite_version}"


def mariadb() -> str:
    from django.db import connection

    # Not by a cursor: pytest-django lets nobody have one yet.
    with closing(connection.get_new_connection(connection.get_connection_params())) as server:
        return f"MariaDB {server.get_server_info()}"


def postgres() -> str:
    import psycopg

    with psycopg.connect(os.environ["TEST_POSTGRES_URL"]) as connection:
        major, minor = divmod(connection.info.server_version, 10_000)
    return f"PostgreSQL {major}.{minor}"


def cache() -> str:
    url = os.environ.get("TEST_REDIS_URL")
    if not url:
        return "none: TEST_REDIS_URL names no server, and the tests that need one are skipped"
    import redis

    with redis.Redis.from_url(url) as client:
        told = client.info("server")
    return f"Valkey {told['valkey_version']}" if "valkey_version" in told else f"Redis {told['redis_version']}"
