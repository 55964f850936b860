"""Every kind of site: other keys, other names, other time. Each has another user model, and so a process of its own."""

import re
from uuid import uuid4

import pytest
from django.db import connection

from tests.processes import python
from tests.sites.settings import SITES


@pytest.fixture
def database(tmp_path, django_db_blocker):
    """A fresh one, of whose tables none is there yet."""
    if connection.vendor == "sqlite":
        yield str(tmp_path / "site.sqlite3")
        return
    name = f"site_{uuid4().hex}"
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield name
        cursor.execute(f"DROP DATABASE {name} {'WITH (FORCE)' if connection.vendor == 'postgresql' else ''}")


@pytest.mark.parametrize("site", SITES)
def test_the_user_whom_verify_reads_is_the_one_that_the_orm_reads(site, database):
    done = python("-m", "tests.sites.standings", settings="tests.sites.settings", SITE=site, SITE_DATABASE=database)

    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("site", SITES)
def test_a_site_lives_from_its_first_migration_to_the_end_of_its_first_user(site, database):
    done = python("-m", "tests.sites.scenario", settings="tests.sites.settings", SITE=site, SITE_DATABASE=database)

    # No site of these configures a log, and yet each is told of a reuse.
    assert re.fullmatch(r"reuse tsr_[0-9a-f]{8}: reuse subject=.+ client=''\n", done.stderr), done.stderr
    assert done.returncode == 0


def test_a_site_that_has_django_axes_locks_people_out_of_our_sign_ins(database):
    done = python("-m", "tests.sites.lockout", settings="tests.sites.with_axes", SITE_DATABASE=database)

    assert done.stderr == ""
    assert done.returncode == 0
