"""What ends a token: each cell of the tables in docs/explanation/what-ends-it.md is let happen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, connection, transaction
from django.test import Client

from tessera import Ask, Issued, Kind, Purpose, issue, redeem, verify
from tessera.errors import InvalidCredential
from tessera.models import Grant
from tests.credentials import DOORS, bearing
from tests.life import PASSWORD, World, passwords, revocations, users

EVENTS = MappingProxyType({**users.EVENTS, **passwords.EVENTS, **revocations.EVENTS})
TOKENS = MappingProxyType[str, dict[str, Any]](
    {
        "sign-in": {"kind": Kind.SIGN_IN},
        "access": {"kind": Kind.SIGN_IN, "may_refresh": True},
        "refresh": {"kind": Kind.SIGN_IN, "may_refresh": True},
        "personal": {"kind": Kind.PERSONAL},
        "unbound": {"kind": Kind.MACHINE},
        "adopted": {"kind": Kind.ADOPTED},
    }
)
"""What is asked for, for each column of the tables."""

UNDONE = MappingProxyType(
    {
        "The user is deactivated": lambda world: users.update(world, is_active=True),
        "The password is changed": lambda world: passwords.set_and_save(world, PASSWORD),
        "The password is reset by mail": lambda world: passwords.set_and_save(world, PASSWORD),
        "The password is made unusable": lambda world: passwords.set_and_save(world, PASSWORD),
    }
)
"""How an event is undone. The others are for good."""

OUTCOMES = MappingProxyType({(True, True): "lives", (False, False): "ends", (False, True): "sleeps"})
"""What it is called, when a token is admitted or not after an event, and after that is undone."""

PAGE = Path(__file__).parents[1] / "docs/explanation/what-ends-it.md"
TABLE = re.compile(r"^\| What happens \| By \| (?P<columns>.*) \|\n\|[-| ]+\|\n(?P<rows>(?:\|.*\n)+)", re.MULTILINE)
WAY = re.compile(r"(?:`[^`]*`|[^,`])+")


def rows() -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """What happens, the ways, and what the page says of each token."""
    for table in TABLE.finditer(PAGE.read_text()):
        columns = table["columns"].split(" | ")
        for row in table["rows"].splitlines():
            event, ways, *said = row.strip("| ").split(" | ")
            yield event, [way.strip() for way in WAY.findall(ways)], dict(zip(columns, said, strict=True))


CELLS = [(event, way, column, said[column]) for event, ways, said in rows() for way in ways for column in said]


@pytest.fixture(autouse=True)
def _site(settings, db):
    settings.ROOT_URLCONF = "tests.life.site"
    settings.TESSERA = {**settings.TESSERA, "UNBOUND_KINDS": ("machine",)}
    yield
    # What points to nothing goes: foreign keys are looked at when a transaction commits, and at the end of a test.
    Grant.objects.all().delete()


@pytest.fixture
def world_of(user, hand_out):
    """Ada, with whatever rights and ways to lose them there are, and a token of that column."""

    def world_of(event: str, column: str) -> World:
        user.email, user.is_staff, user.is_superuser = "ada@example.org", True, True
        if event.startswith("An unusable password"):
            user.set_unusable_password()
        user.save()
        return World(user, hand_out(**TOKENS[column]), hand_out())

    return world_of


def is_admitted(token: Issued) -> bool:
    """Whether a request with it is answered, and not by 401."""
    answer = Client().get("/whoami/", headers=bearing(token.secret))
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def is_traded(token: Issued) -> bool:
    """Whether its refresh token gets another pair."""
    assert token.refresh_secret
    try:
        redeem(token.refresh_secret, accept={Purpose.REFRESH})
    except InvalidCredential:
        return False
    return True


@pytest.mark.parametrize(
    ("event", "way", "column", "said"), [pytest.param(*cell, id=f"{cell[0]}, {cell[1]}: {cell[2]}") for cell in CELLS]
)
def test_what_becomes_of_a_token_is_what_the_page_says(world_of, event, way, column, said):
    world, is_alive = world_of(event, column), is_traded if column == "refresh" else is_admitted
    assert is_admitted(world.it)

    EVENTS[event][way](world)

    at_first = is_alive(world.it)
    UNDONE.get(event, id)(world)
    assert OUTCOMES[at_first, is_alive(world.it)] == said


WAYS = [(event, way) for event, ways in EVENTS.items() for way in ways]


@pytest.mark.parametrize(("event", "way"), [pytest.param(*each, id=", ".join(each)) for each in WAYS])
def test_it_is_nobody_elses_affair(world_of, event, way):
    of_charles = issue(Ask(subject=User.objects.create_user("charles", password=PASSWORD)))

    EVENTS[event][way](world_of(event, "personal"))

    assert is_admitted(of_charles)


def test_the_page_has_a_row_for_every_event_and_names_every_way():
    assert [(event, ways) for event, ways, _ in rows()] == [(event, list(ways)) for event, ways in EVENTS.items()]
    assert {column for _, _, said in rows() for column in said} == TOKENS.keys()


RIGHTS = [way for event, way in WAYS if event == "Rights are withdrawn"]


@pytest.mark.parametrize("way", RIGHTS)
def test_rights_are_read_anew_at_each_request(world_of, way):
    world = world_of("Rights are withdrawn", "personal")
    before = Client().get("/for-staff/", headers=bearing(world.it.secret))

    EVENTS["Rights are withdrawn"][way](world)

    after = Client().get("/for-staff/", headers=bearing(world.it.secret))
    assert (before.status_code, after.status_code) == (200, 403)


def test_so_are_those_of_a_group(user, hand_out):
    readers, secret = Group.objects.create(name="readers"), hand_out().secret
    readers.permissions.add(Permission.objects.get(codename="view_user"))
    user.groups.add(readers)
    before = has_perm(secret, "auth.view_user")

    readers.permissions.clear()

    assert (before, has_perm(secret, "auth.view_user")) == (True, False)


def has_perm(secret: str, permission: str) -> bool:
    subject: Any = verify(secret, accept=DOORS).subject
    return bool(subject.has_perm(permission))


def test_past_the_tokens_no_user_is_deleted_by_sql(world_of):
    world = world_of("The user is deleted", "personal")

    with pytest.raises(IntegrityError), transaction.atomic(), at_its_commit():
        users.leave_the_tokens_behind(world)

    assert is_admitted(world.it)


@contextmanager
def at_its_commit() -> Iterator[None]:
    """What a commit looks at is looked at when this ends."""
    yield
    connection.check_constraints()
